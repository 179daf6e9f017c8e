"""WS002: somebody who could not log on switched the server off at the logon screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import issue
from aumdoctor.guest.issues.event_facts import (
    Clock,
    how_often,
    is_naive,
    number_of,
    squeezed,
    texts_of,
    times,
    value_of,
)
from aumdoctor.guest.issues.shutdowns import Shutdown, Sorted, cuts, shutdowns, sort_nameless
from aumdoctor.model.guest import (
    Differential,
    Event,
    EventLog,
    Likelihood,
    Missing,
    OperatingSystem,
    Quote,
    RegistryValue,
    Verdict,
)

_ID = "WS002"
_NAME = "power-off-at-logon-screen"
_TITLE = "The server is switched off at its logon screen, by somebody who has not logged on"

_POLICIES = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
_RDP = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
_RDP_POLICY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"

_BEFORE = timedelta(minutes=10)
"""How long before the shutdown the failed logon may be."""

_BESIDE = timedelta(minutes=10)

_AT_SCREEN = frozenset({2, 7, 10})
"""Logon types of the logon screen: at the console, unlocking, Remote Desktop. With Network Level Authentication a
failed logon has type 3 and never sees the screen."""

_NO_SUCH_USER = 0xC0000064

_CHANCE = 0.5
"""Where failed logons fill more than this share of the time, one in front of a shutdown says nothing."""

_READ_SHUTDOWN = r'reg query "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System" /v ShutdownWithoutLogon'
_READ_NLA = (
    r'reg query "HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp" /v UserAuthentication'
)
_READ_SECURITY = r'wevtutil epl Security C:\Windows\Temp\Security.evtx "/q:*[System[(EventID=4625)]]"'
_READ_SYSTEM = r"wevtutil epl System C:\Windows\Temp\System.evtx"
_READ_AZURE = (
    "az monitor activity-log list --resource-id <id of the machine> --offset 90d --query "
    "\"[?contains(operationName.value, 'virtualMachines')].[eventTimestamp, operationName.value, caller]\" -o table"
)


class _Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What lets a stranger switch the machine off: None where it is not known. The records are what says so."""

    shutdown_without_logon: bool | None = None
    network_level_authentication: bool | None = None
    records: tuple[RegistryValue, ...] = ()


class _Logons(msgspec.Struct, frozen=True, kw_only=True):
    """The failed logons in front of the shutdowns: `matched` of `total` have one, of `unseen` the Security log says
    nothing. `in_front` are these logons. `is_chance` where failed logons are so frequent that it means nothing."""

    total: int
    matched: int
    unseen: int
    in_front: tuple[Event, ...] = ()
    is_chance: bool = False
    is_whole: bool = False


_EXPLAINS = ("AUM011", "AUM012")
"""What Azure shows of a machine that was switched off: a run that found it off, or that it is off."""


@issue(
    id=_ID,
    name=_NAME,
    title=_TITLE,
    source="TechNet forum thread on power-offs by winlogon.exe with 0x500ff; KB 2001061; security setting reference: "
    "Shutdown: Allow system to be shut down without having to log on",
    seed="001: power off by itself (0x500ff)",
    explains=_EXPLAINS,
)
def power_off_at_logon_screen(evidence: Evidence, all_hosts: Sequence[Evidence]) -> Verdict | None:
    r"""Event 1074: winlogon.exe switches the machine off for SYSTEM with reason 0x500ff, and nobody ordered it before.

    ## Why it matters
    The server goes off "by itself", at any time, without a blue screen. In truth somebody sits before its logon screen,
    at a console or through Remote Desktop without Network Level Authentication, and presses the power button there: the
    setting *Shutdown: Allow system to be shut down without having to log on* is on. On servers it is off by default; a
    host or a template may have changed it. Often it is a user whose logon has just failed.

    Load, drivers and hardware were suspected in the case that this is taken from, and were not it: it also happened
    with no session open and after the hardware had been replaced. A reason given with `shutdown /r /d P:4:2` changes
    nothing.

    ## What to do
    Set `ShutdownWithoutLogon` to 0, or the policy of that name to Disabled. Then turn Network Level Authentication on
    (`UserAuthentication` 1), once expired passwords and clients without the CredSSP update of May 2018 have been taken
    care of: both cannot log on with it. Let only those reach Remote Desktop who need it (NSG, just-in-time access,
    Bastion); another port is no protection, it is found by a scan. To prove the cause, count how often it happens while
    the setting is on, and again when it is off.

    ## When it is wrong
    One 0x500ff decides nothing: every ordinary shutdown is followed within seconds by a second event 1074 of
    winlogon.exe with that code. So only those count that have no other 1074 in the two minutes before. Without times
    (pasted text) this can only be guessed from what stands beside it. The probe shows only the newest events: where it
    left some out, nothing is ruled out by what is not among them. With the setting at 0 the console's own power
    button, the hypervisor, or a change of the setting since then are what is left. A failed logon in front counts only
    where it was made at the screen; guessing from the Internet (logon type 3, users that do not exist) does not.
    """
    every = shutdowns(evidence)
    kinds = sort_nameless(evidence, every)
    unexpected = (*evidence.events("Kernel-Power", 41), *evidence.events("EventLog", 6008))
    exposure = _exposure(evidence)
    if not every and not unexpected:
        return _exposed_only(evidence, exposure)
    found = kinds.alone
    logons = _logons(evidence, found)
    is_cut = bool(cuts(evidence))
    likelihood, said = _judged(every, kinds, unexpected, exposure, logons, is_cut=is_cut)
    is_ours = likelihood is not Likelihood.RULED_OUT
    return Verdict(
        issue=_ID,
        name=_NAME,
        title=_TITLE,
        likelihood=likelihood,
        said=said,
        hosts=(evidence.name,),
        evidence=tuple(_evidence(evidence, every, kinds, unexpected, exposure, logons)),
        missing=tuple(_missing(evidence, kinds, exposure, logons, is_cut=is_cut)) if is_ours else (),
        differentials=tuple(
            _unless_cut(each, evidence) if is_cut and not found else each
            for each in _differentials(evidence, every, kinds, unexpected, exposure)
        ),
        remedies=_remedies(exposure, likelihood),
        explains=_EXPLAINS if is_ours and (found or not is_cut) else (),
        verification=_verification(found) if is_ours else (),
        details={
            "occurrences": str(len(found)),
            "logon_failures_in_front": f"{logons.matched}/{logons.total - logons.unseen}",
        }
        if found
        else {},
    )


def _judged(
    every: Sequence[Shutdown],
    kinds: Sorted,
    unexpected: Sequence[Event],
    exposure: _Exposure,
    logons: _Logons,
    *,
    is_cut: bool,
) -> tuple[Likelihood, str]:
    found = kinds.alone
    if not found:
        return _judged_without(every, kinds, unexpected, is_cut=is_cut)
    seen = (
        "winlogon.exe began a shutdown for SYSTEM with reason 0x500ff that nothing had asked for, "
        f"{how_often([each.at for each in found])}"
    )
    is_weak = all(each.at is None or each.is_system is None for each in found)
    if all(each.at is None for each in found):
        seen = (
            f"winlogon.exe began a shutdown for SYSTEM with reason 0x500ff {times(len(found))}; the text has no times, "
            "so that it is only by what stands beside it that nothing had asked for it"
        )
    if exposure.shutdown_without_logon is False:
        return Likelihood.INSUFFICIENT, (
            f"{seen}; but ShutdownWithoutLogon is off, which contradicts it: a console's or the hypervisor's power "
            "button, or the setting was changed since"
        )
    front = _front(logons)
    if exposure.shutdown_without_logon is None:
        return Likelihood.POSSIBLE, f"{seen}{front}; whether it can be switched off without a logon is not known"
    seen = f"{seen}{front}; ShutdownWithoutLogon is on, so that everybody before the logon screen can do it"
    if is_weak:
        return Likelihood.POSSIBLE, seen
    if logons.is_whole and not logons.is_chance:
        return Likelihood.CONFIRMED, seen
    return Likelihood.LIKELY, seen


def _front(logons: _Logons) -> str:
    seen = logons.total - logons.unseen
    if not seen:
        return ""
    if logons.is_chance:
        return f"; failed logons are too frequent on this machine for the {logons.matched} in front of them to count"
    support = ""
    if logons.is_whole:
        support = " (a strong sign)" if logons.matched > 1 else " (with one occurrence a moderate sign)"
    return f"; a logon had failed at the screen within 10 minutes before {logons.matched} of {seen}{support}"


def _judged_without(
    every: Sequence[Shutdown], kinds: Sorted, unexpected: Sequence[Event], *, is_cut: bool
) -> tuple[Likelihood, str]:
    """Where no shutdown began at the logon screen, as far as can be told."""
    if kinds.unordered:
        return Likelihood.INSUFFICIENT, (
            "winlogon.exe began a shutdown with reason 0x500ff, beside other shutdowns and without times: whether it "
            "is the echo of one of them cannot be told"
        )
    if kinds.cut_off:
        return Likelihood.INSUFFICIENT, (
            "winlogon.exe began a shutdown with reason 0x500ff, the oldest that is shown: whether it is the echo of "
            "another cannot be told, for only the newest events were shown"
        )
    unread = [each for each in every if each.program in ("", "winlogon.exe") and each.code is None]
    if unread:
        return Likelihood.INSUFFICIENT, "an event 1074 was logged, but its program or reason code could not be read"
    if kinds.echoes:
        why = "0x500ff is the echo of an ordinary shutdown, which was logged within two minutes before it"
    elif kinds.for_people:
        why = "0x500ff was logged for somebody who was logged on and chose to shut down"
    elif kinds.asleep:
        why = "0x500ff was logged while the machine went to sleep"
    elif every:
        why = "the shutdowns that were logged have another program or reason"
    else:
        # A start after a loss of power writes both.
        count = max(sum(event.event_id == each for event in unexpected) for each in (41, 6008))
        why = f"the machine went down {times(count)} without event 1074: nobody had asked it to"
    if is_cut:
        return Likelihood.INSUFFICIENT, (
            f"no shutdown that is shown began at the logon screen: {why}; but only the newest events were shown, and "
            "one before them may have"
        )
    return Likelihood.RULED_OUT, f"no shutdown began at the logon screen: {why}"


def _exposed_only(evidence: Evidence, exposure: _Exposure) -> Verdict | None:
    """The setting is on, and no shutdown was found: nothing happened that anybody knows of, but it can."""
    if exposure.shutdown_without_logon is not True or _is_client(evidence):
        return None
    return Verdict(
        issue=_ID,
        name=_NAME,
        title=_TITLE,
        likelihood=Likelihood.INSUFFICIENT,
        said="ShutdownWithoutLogon is on, against the default of servers; no power-off was found in what was given",
        hosts=(evidence.name,),
        evidence=evidence.quotes(exposure.records, "lets people switch the machine off without logging on"),
        missing=(
            Missing(what="whether it was switched off that way (event 1074)", command=_READ_SYSTEM, on=evidence.name),
        ),
        remedies=_remedies(exposure, Likelihood.INSUFFICIENT),
        verification=_verification(()),
    )


def _exposure(evidence: Evidence) -> _Exposure:
    shutdown = evidence.registry(_POLICIES, "ShutdownWithoutLogon")
    allowed = _switch(shutdown)
    if shutdown is not None and not shutdown.exists:
        # Where the value is not there a server has it off, and a client on.
        allowed = _is_client(evidence)
    policy = evidence.registry(_RDP_POLICY, "UserAuthentication")
    own = evidence.registry(_RDP, "UserAuthentication")
    nla = policy if _switch(policy) is not None else own
    return _Exposure(
        shutdown_without_logon=allowed,
        network_level_authentication=_switch(nla),
        records=tuple(each for each in (shutdown, nla) if each is not None),
    )


def _switch(value: RegistryValue | None) -> bool | None:
    if value is None or not value.exists or value.value is None:
        return None
    number = value.value if isinstance(value.value, int) else number_of(value.value)
    return None if number is None else number != 0


def _is_client(evidence: Evidence) -> bool:
    names = [each.name.casefold() for each in evidence.of(OperatingSystem) if each.name]
    return any("windows" in name and "server" not in name for name in names)


def _logons(evidence: Evidence, found: Sequence[Shutdown]) -> _Logons:
    audits = evidence.events("Security-Auditing", 4625)
    failed = [event for event in audits if _is_at_screen(event)]
    clock = Clock(event.at for event in failed)
    seen = Clock(
        [
            *(event.at for event in audits),
            *(log.first for log in evidence.of(EventLog) if log.channel.casefold() == "security"),
        ]
    )
    matched = [each for each in found if clock.has(each.at, before=_BEFORE)]
    unseen = [each for each in found if not clock.has(each.at, before=_BEFORE) and not seen.reaches(each.at)]
    ends = Clock(each.at for each in matched)
    return _Logons(
        total=len(found),
        matched=len(matched),
        unseen=len(unseen),
        in_front=tuple(event for event in failed if ends.has(event.at, before=timedelta(0), after=_BEFORE)),
        is_chance=clock.share(_BEFORE) > _CHANCE,
        is_whole=_is_whole(found, matched, unseen),
    )


def _is_whole(found: Sequence[Shutdown], matched: Sequence[Shutdown], unseen: Sequence[Shutdown]) -> bool:
    """Whether every shutdown has a failed logon in front of it. Those in times of the other kind (with a zone, without)
    may be the same once more, told by another artefact: where the Security log has no such times and there are not more
    of them, they do not count."""
    if not matched or len(matched) + len(unseen) < len(found):
        return False
    kinds = {is_naive(each.at) for each in matched if each.at is not None}
    apart = [each for each in unseen if each.at is not None and is_naive(each.at) not in kinds]
    return len(apart) == len(unseen) and len(apart) <= len(matched)


def _is_at_screen(event: Event) -> bool:
    """A failed logon of a user who exists, at the logon screen itself."""
    user = value_of(event, ("TargetUserName",))
    if not user or user == "-" or user.endswith("$"):
        return False
    if _NO_SUCH_USER in (number_of(value_of(event, (name,))) for name in ("Status", "SubStatus")):
        return False
    kind = number_of(value_of(event, ("LogonType",)))
    if kind is not None:
        return kind in _AT_SCREEN
    process = value_of(event, ("ProcessName",)).casefold().replace("/", "\\").rpartition("\\")[2]
    return process == "winlogon.exe" or value_of(event, ("LogonProcessName",)).casefold() == "user32"


def _evidence(
    evidence: Evidence,
    every: Sequence[Shutdown],
    kinds: Sorted,
    unexpected: Sequence[Event],
    exposure: _Exposure,
    logons: _Logons,
) -> Iterator[Quote]:
    if kinds.alone:
        newest = [each.event for each in kinds.alone][-5:]
        yield from evidence.quotes(newest, "a shutdown that began at the logon screen")
        yield from evidence.quotes(logons.in_front[-5:], "a logon failed at the screen just before")
    else:
        others = (*kinds.unordered, *kinds.cut_off, *kinds.echoes, *kinds.for_people, *kinds.asleep) or every
        yield from evidence.quotes([each.event for each in others][-3:], "a shutdown of another kind")
        yield from evidence.quotes(unexpected[-2:], "the machine went down without having been asked to")
        yield from evidence.quotes(cuts(evidence)[:1], "the list of events was cut")
    for record in exposure.records:
        yield evidence.quote(record, "what a person who has not logged on may do")


def _missing(
    evidence: Evidence, kinds: Sorted, exposure: _Exposure, logons: _Logons, *, is_cut: bool
) -> Iterator[Missing]:
    on = evidence.name
    if exposure.shutdown_without_logon is None:
        yield Missing(what="whether the machine can be switched off without a logon", command=_READ_SHUTDOWN, on=on)
    if exposure.network_level_authentication is None:
        yield Missing(what="whether Remote Desktop shows the logon screen to everybody", command=_READ_NLA, on=on)
    if any(each.at is None for each in (*kinds.alone, *kinds.unordered)):
        yield Missing(
            what="the times of the shutdowns, and what was logged in the two minutes before",
            command=_READ_SYSTEM,
            on=on,
        )
    if not kinds.alone and is_cut:
        yield Missing(what="the events before the newest, which alone were shown", command=_READ_SYSTEM, on=on)
    elif not kinds.alone and not kinds.unordered:
        yield Missing(what="the whole text of event 1074", command=_READ_SYSTEM, on=on)
    if kinds.alone and logons.unseen:
        yield Missing(
            what="whether a logon failed just before each of them (in the Security log, with times of the same kind)",
            command=_READ_SECURITY,
            on=on,
        )


def _differentials(
    evidence: Evidence, every: Sequence[Shutdown], kinds: Sorted, unexpected: Sequence[Event], exposure: _Exposure
) -> Iterator[Differential]:
    found = kinds.alone
    clock = Clock(each.at for each in found)
    updates = [each.event for each in every if each.is_update]
    yield _other(
        evidence,
        "windows-update-restart",
        updates,
        bool(found),
        "an update restarted the machine: event 1074 names its program and reason",
        "a restart by Windows Update has an event 1074 of its own in front, which is not there",
    )
    echoes = [each.event for each in every if not each.is_nameless and not each.is_update and each.program]
    yield _other(
        evidence,
        "ordinary-shutdown",
        echoes or [each.event for each in kinds.echoes],
        bool(found),
        "a person, a script or a service shut the machine down: an event 1074 names it, and 0x500ff is only its echo",
        "an ordinary shutdown has an event 1074 of its own in front, which is not there",
    )
    yield _other(
        evidence,
        "user-who-is-logged-on",
        [each.event for each in kinds.for_people],
        bool(found),
        "somebody who was logged on chose to shut down: event 1074 names the user",
        "the events name SYSTEM, not a user",
    )
    yield _other(
        evidence,
        "sleep",
        [each.event for each in kinds.asleep] or list(evidence.events("Kernel-Power", 42, 187)),
        bool(found),
        "the machine went to sleep",
        "no event of going to sleep stands beside them",
    )
    stops = [
        *evidence.events("BugCheck", 1001),
        *evidence.events("WER-SystemErrorReporting", 1001),
        *(event for event in unexpected if _bugcheck(event)),
    ]
    yield _beside(
        evidence,
        "stop-error",
        stops,
        clock,
        found,
        "a stop error (blue screen) restarted the machine",
        "a stop error writes no event 1074",
    )
    losses = [event for event in unexpected if not _bugcheck(event)] if not stops else []
    yield _beside(
        evidence,
        "power-loss",
        losses,
        clock,
        found,
        "the machine lost its power or was reset: it came up without having been shut down (41, 6008)",
        "a loss of power writes no event 1074",
    )
    yield _power_button(evidence, found, clock, exposure)
    if found:
        yield Differential(
            name="driver-load-or-hardware",
            state=Likelihood.RULED_OUT,
            said="a faulty driver, load or hardware does not make winlogon.exe shut down in order and write why; in "
            "the case that this is taken from it went on without any session and on new hardware",
        )


def _other(
    evidence: Evidence, name: str, events: Sequence[Event], have_ours: bool, said: str, otherwise: str
) -> Differential:
    """A cause with events of its own. Beside shutdowns that began at the logon screen it explains only others: what it
    would explain of them has been taken out before."""
    if events and not have_ours:
        quotes = evidence.quotes(events[-3:], said)
        return Differential(name=name, state=Likelihood.CONFIRMED, said=said, evidence=quotes)
    more = f"; {times(len(events))} it explains another shutdown" if events else ""
    return Differential(name=name, state=Likelihood.RULED_OUT, said=f"{otherwise}{more}")


def _unless_cut(other: Differential, evidence: Evidence) -> Differential:
    """Where only the newest events were shown, that there is nothing of a kind among them rules no cause out."""
    if other.state is not Likelihood.RULED_OUT:
        return other
    return Differential(
        name=other.name,
        state=Likelihood.INSUFFICIENT,
        said="nothing of the kind is among the newest events, which alone were shown",
        missing=(Missing(what="the events before them", command=_READ_SYSTEM, on=evidence.name),),
    )


def _beside(
    evidence: Evidence,
    name: str,
    events: Sequence[Event],
    clock: Clock,
    found: Sequence[Shutdown],
    said: str,
    otherwise: str,
) -> Differential:
    if not found:
        return _other(evidence, name, events, False, said, "nothing of the kind is in what was given")
    near = [event for event in events if clock.has(event.at, before=_BESIDE, after=_BESIDE)]
    if near:
        more = f"{said}, within minutes of it"
        return Differential(name=name, state=Likelihood.POSSIBLE, said=more, evidence=evidence.quotes(near[-3:], more))
    return _other(evidence, name, events, True, said, otherwise)


def _bugcheck(event: Event) -> bool:
    return event.event_id == 41 and bool(number_of(value_of(event, ("BugcheckCode",), 0)))


def _power_button(evidence: Evidence, found: Sequence[Shutdown], clock: Clock, exposure: _Exposure) -> Differential:
    name = "power-button-or-hypervisor"
    pressed = [event for event in evidence.events("Kernel-Power", 109, 41) if _is_button(event)]
    near = [event for event in pressed if not found or clock.has(event.at, before=_BESIDE, after=_BESIDE)]
    missing = (
        Missing(
            what="whether somebody switched it off from outside (portal, hypervisor, management console)",
            command=_READ_AZURE,
            on=evidence.name,
        ),
    )
    if near:
        said = "the power button was pressed, at the machine or by its hypervisor"
        state = Likelihood.LIKELY if found else Likelihood.CONFIRMED
        quotes: tuple[Quote, ...] = evidence.quotes(near[-3:], said)
        return Differential(name=name, state=state, said=said, evidence=quotes, missing=missing if found else ())
    if found and exposure.shutdown_without_logon is False:
        said = "the logon screen has no power button, so that one outside the system is what is left"
        return Differential(name=name, state=Likelihood.POSSIBLE, said=said, missing=missing)
    said = "what was done to the machine from outside is not in its own logs"
    return Differential(name=name, state=Likelihood.INSUFFICIENT, said=said, missing=missing)


_BUTTON_WORDS = tuple(squeezed(word) for word in ("Power Button", "Button or Lid", "電源ボタン", "ボタンまたはカバー"))


def _is_button(event: Event) -> bool:
    if event.event_id == 41:
        return bool(number_of(value_of(event, ("PowerButtonTimestamp",))))
    return any(word in squeezed(text) for text in texts_of(event) for word in _BUTTON_WORDS)


def _remedies(exposure: _Exposure, likelihood: Likelihood) -> tuple[str, ...]:
    if likelihood is Likelihood.RULED_OUT:
        return ()
    found = []
    if exposure.shutdown_without_logon is not False:
        found.append("forbid-shutdown-without-logon")
    if exposure.network_level_authentication is not True:
        found.append("require-network-level-authentication")
    return tuple(found)


def _verification(found: Sequence[Shutdown]) -> tuple[str, ...]:
    timed = [each.at for each in found if each.at is not None]
    kinds = {is_naive(moment) for moment in timed}
    wait = "for as long as three times the mean interval between the earlier ones"
    if len(timed) > 1 and len(kinds) == 1:
        mean = (max(timed) - min(timed)) / (len(timed) - 1)
        wait = f"for {max(1, round(3 * mean / timedelta(days=1)))} days (three times the mean interval so far)"
    return (
        f"ShutdownWithoutLogon is 0: {_READ_SHUTDOWN}",
        f"UserAuthentication is 1: {_READ_NLA}",
        "The logon screen shows no power button, at the console and through Remote Desktop",
        f"No new event 1074 of winlogon.exe with 0x500ff that stands alone, {wait}",
    )
