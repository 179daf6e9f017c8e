"""Who switched a Windows machine off: what the events of shutdowns say, in whatever form they came. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.event_facts import Clock, gap, is_naive, number_of, squeezed, texts_of, value_of
from aumdoctor.model.guest import Event, EventLog, LogSign

NO_REASON = 0x500FF
"""The reason code "system, none": what winlogon.exe writes where nobody gave a reason."""

ECHO = timedelta(seconds=120)
"""An ordinary shutdown is written twice: who asked for it, and within this time winlogon.exe with 0x500ff."""

_PROGRAM = re.compile(r"[^\\/\s\"'()\u3001]{1,80}\.exe", re.IGNORECASE)
_REASON = re.compile(r"0x([0-9a-fA-F]{1,8})(?![0-9a-zA-Z])")
_ACCOUNT = re.compile(r"[^\\\s、。:]{1,64}(?: [^\\\s、。:]{1,32})?\\[^\\\s、。:,]{1,104}")
_MASK = 0x00FFFFFF
"""The upper eight bits are flags: planned, user-defined, asked in a dialogue."""

_SYSTEM = "S-1-5-18"
_SYSTEM_NAMES = frozenset(
    squeezed(name) for name in ("SYSTEM", "Système", "Sistema", "СИСТЕМА", "Rendszer", "시스템", "系统", "系統")
)
_UPDATERS = frozenset(
    (
        "svchost.exe", "trustedinstaller.exe", "tiworker.exe", "musnotification.exe", "musnotificationux.exe",
        "musnotifyicon.exe", "mousocoreworker.exe", "usoclient.exe", "usoworker.exe", "wuauclt.exe", "updateagent.exe",
        "msiexec.exe", "wusa.exe", "ccmexec.exe",
    )
)  # fmt: skip
_UPDATING = frozenset({0x20003, 0x20002, 0x20010, 0x20011, 0x20012, 0x30002, 0x20018, 0x20004})
"""Operating system or application: upgrade, installation, service pack, hotfix, security fix, uninstallation."""


class Shutdown(msgspec.Struct, frozen=True, kw_only=True):
    """An event 1074: the program that began a shutdown, for whom, and with which reason code (None: not readable).

    `is_system` is None where the event does not tell the user.
    """

    event: Event
    program: str
    code: int | None
    user: str
    is_system: bool | None
    kind: str = ""

    @property
    def at(self) -> datetime | None:
        return self.event.at

    @property
    def is_nameless(self) -> bool:
        """Begun by winlogon.exe without a reason: at the logon screen, or the echo of another shutdown."""
        return self.program == "winlogon.exe" and self.code == NO_REASON

    @property
    def is_update(self) -> bool:
        return self.program in _UPDATERS and self.code in _UPDATING


def shutdowns(evidence: Evidence) -> tuple[Shutdown, ...]:
    """The events 1074 in the order of their time, each once however many artefacts show it."""
    found: dict[tuple[object, ...], Shutdown] = {}
    for number, event in enumerate(evidence.events("User32", 1074)):
        shutdown = _shutdown(event)
        if event.at is None:
            own: object = (event.origin.file, number)
        else:
            own = (event.at.replace(microsecond=0), is_naive(event.at))
        found.setdefault((own, shutdown.program, shutdown.code, shutdown.user.casefold()), shutdown)
    return tuple(found.values())


class Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """The nameless shutdowns by what they are. `alone` have nothing before them; `echoes` follow another shutdown;
    `for_people` were asked for by somebody logged on; `asleep` stand beside an event of going to sleep; `unordered`
    have no time, and other shutdowns beside them, so that nobody can say; `cut_off` stand so near to the end of a list
    that was cut that what was before them may be missing."""

    alone: tuple[Shutdown, ...] = ()
    echoes: tuple[Shutdown, ...] = ()
    for_people: tuple[Shutdown, ...] = ()
    asleep: tuple[Shutdown, ...] = ()
    unordered: tuple[Shutdown, ...] = ()
    cut_off: tuple[Shutdown, ...] = ()


def cuts(evidence: Evidence) -> tuple[LogSign, ...]:
    """The lists that show only the newest events, where no System log that was read goes on where they end."""
    logs = [log for log in evidence.of(EventLog) if log.channel.casefold() == "system"]
    return tuple(cut for cut in evidence.signs("events-cut") if not any(_goes_on(log, cut.at) for log in logs))


def _goes_on(log: EventLog, oldest: datetime | None) -> bool:
    before, after = gap(log.first, oldest), gap(oldest, log.last)
    return before is not None and before >= ECHO and after is not None and after >= timedelta(0)


def _is_cut_off(shutdown: Shutdown, cut: LogSign) -> bool:
    if shutdown.event.origin != cut.origin:
        return False
    seen = gap(cut.at, shutdown.at)
    return seen is None or seen <= ECHO


def sort_nameless(evidence: Evidence, every: Sequence[Shutdown]) -> Sorted:
    """Tell the shutdowns that began at the logon screen from those that only look like it."""
    sleeping = Clock(event.at for event in evidence.events("Kernel-Power", 42, 187))
    found: dict[str, list[Shutdown]] = {name: [] for name in Sorted.__struct_fields__}
    previous = _previous(every)
    ends = cuts(evidence)
    crowded = {each.event.origin.file for each in every if each.at is None and not each.is_nameless}
    for number, shutdown in enumerate(every):
        if not shutdown.is_nameless:
            continue
        before = previous.get(number)
        if before is not None:
            name = "echoes"
        elif shutdown.is_system is False:
            name = "for_people"
        elif shutdown.at is None and shutdown.event.origin.file in crowded:
            name = "unordered"
        elif sleeping.has(shutdown.at, before=ECHO, after=ECHO):
            name = "asleep"
        elif any(_is_cut_off(shutdown, cut) for cut in ends):
            name = "cut_off"
        else:
            name = "alone"
        found[name].append(shutdown)
    return Sorted(**{name: tuple(each) for name, each in found.items()})


def _previous(every: Sequence[Shutdown]) -> dict[int, Shutdown]:
    """For each shutdown, by its number, one that was within two minutes before it."""
    found: dict[int, Shutdown] = {}
    for naive in (False, True):
        timed = [
            (shutdown.at, number)
            for number, shutdown in enumerate(every)
            if shutdown.at is not None and is_naive(shutdown.at) is naive
        ]
        timed.sort(key=lambda each: each[0])
        for (earlier, one), (later, other) in pairwise(timed):
            if later - earlier <= ECHO:
                found[other] = every[one]
                # Times in texts end at the second: of two at once, the one without a reason is the echo.
                if later == earlier and every[one].is_nameless and not every[other].is_nameless:
                    found[one] = every[other]
                    del found[other]
    return found


def _shutdown(event: Event) -> Shutdown:
    user = value_of(event, ("param7",), 6)
    message = " ".join(texts_of(event))
    process = value_of(event, ("param1",), 0) or message
    told = value_of(event, ("param4",), 3)
    code = number_of(told) if told else _reason_in(message)
    if not user:
        account = _ACCOUNT.search(_without_path(event.message))
        user = account[0] if account else ""
    program = _PROGRAM.search(process)
    return Shutdown(
        event=event,
        program=program[0].casefold() if program else "",
        code=None if code is None else code & _MASK,
        user=user,
        is_system=_is_system(user, event.user),
        kind=value_of(event, ("param5",), 4),
    )


def _reason_in(message: str) -> int | None:
    found = _REASON.search(message)
    return int(found[1], 16) if found is not None else None


def _without_path(message: str) -> str:
    r"""The message without the path of the program, whose folders look like accounts (`Windows\system32`)."""
    path = message.casefold().find(".exe")
    return message if path < 0 else message[path + 4 :]


def _is_system(user: str, sid: str) -> bool | None:
    name = user.rpartition("\\")[2] if user else ""
    if squeezed(name) in _SYSTEM_NAMES or name.upper() == _SYSTEM or user.upper() == _SYSTEM:
        return True
    if name:
        return False
    if sid.upper() == _SYSTEM or squeezed(sid.rpartition("\\")[2]) in _SYSTEM_NAMES:
        return True
    return False if sid.upper().startswith("S-1-5-21-") else None
