r"""WindowsUpdate.log: what the Windows Update agent did.

Up to Windows Server 2012 R2 the agent writes `C:\Windows\WindowsUpdate.log` itself; later, Get-WindowsUpdateLog makes
one of traces, and the file at that place only says so. A line is date, time, process, thread, component, text. Times
are local; "Logging initialized (build: …, tz: +0900)" tells the zone. Source: Windows Update documentation, "Windows
Update log files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.reporting_events import update_event
from aumdoctor.guest.readers.windows_update_extension_log import failures_in
from aumdoctor.guest.signs import Found, Tally
from aumdoctor.guest.text import decode, lines, quoted
from aumdoctor.model.guest import Damage, LogSign, Origin, Proxy, Record
from aumdoctor.model.redaction import redact

LONGEST_LINE = 8192

_LINE = re.compile(
    r"(\d{4})[-/.](\d{2})[-/.](\d{2})[ \t]+(\d{2}:\d{2}:\d{2})[:.,](\d{3,7})[ \t]+"
    r"[0-9a-fA-F]{1,8}[ \t]+[0-9a-fA-F]{1,8}[ \t]+([A-Za-z][\w.-]{0,40})[ \t]+(.*)"
)
_IN_HEAD = re.compile(_LINE.pattern.removesuffix("(.*)").join((r"(?m)^\ufeff?", "")))
_POINTER = re.compile(r"Get-WindowsUpdateLog|LinkI[dD]=518345")
_ZONE = re.compile(r"\btz:\s*([+-])(\d{2})(\d{2})\)")
_HEADER = re.compile(
    r"\s*\*\s(?P<name>WSUS server|WSUS status server|Windows Update access disabled|Default proxy|"
    r"Do not connect to Windows Update Internet locations): (?P<value>\S.{0,400})"
)
_BARE = re.compile(r"(?i)(?:\*FAILED\*|\bfailed\b|\berror\b|\bhr\b|\bresult\b)[^0-9a-f]{0,20}\[?([89a-f][0-9a-f]{7})\b")
_LEVEL = re.compile(r"\b(WARNING|FATAL|ERROR)\b|\*(FAILED)\*")
_KB = re.compile(r"\bKB\d{6,8}\b", re.IGNORECASE)

_MEMBERS = {
    "WSUS server": "wsus_server",
    "WSUS status server": "wsus_status_server",
    "Windows Update access disabled": "access_disabled",
    "Do not connect to Windows Update Internet locations": "internet_forbidden",
}


def _recognises(artefact: Artefact) -> bool:
    head = decode(artefact.head)
    if _IN_HEAD.search(head) is not None:
        return True
    return _POINTER.search(head) is not None and len(head) < 2000 and "WindowsUpdate" in artefact.name


@reader(name="windows-update-log", title="WindowsUpdate.log", recognises=_recognises)
def WINDOWS_UPDATE_LOG(artefact: Artefact) -> Iterator[Record]:  # noqa: N802
    """Failure codes with their component, the agent's settings, and the events that it reports."""
    log = _Log(artefact.path)
    for number, line in lines(artefact):
        yield from log.read(number, line[:LONGEST_LINE])
    yield from log.end()
    yield from log.tally.rest()


class _Log:
    def __init__(self, file: str) -> None:
        self._file = file
        self.tally = Tally(file)
        self._zone: timezone | None = None
        self._settings: dict[str, str] = {}
        self._settings_at: tuple[Origin, datetime | None] | None = None
        self._told: dict[str, str] = {}
        self._proxy = ""
        self._undecoded: Origin | None = None
        self._pointed = False

    def read(self, number: int, line: str) -> Iterator[Record]:
        origin = Origin(file=self._file, line=number)
        found = _LINE.match(line.lstrip("\ufeff"))
        if found is None:
            if not self._pointed and _POINTER.search(line):
                self._pointed = True
                yield LogSign(origin=origin, text=quoted(line), sign="windows-log-is-pointer")
            return
        if (zone := _ZONE.search(line)) is not None:
            offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
            self._zone = timezone(-offset if zone[1] == "-" else offset) if offset < timedelta(hours=24) else None
        at, component, text = self._when(found), found[6], found[7]
        if text.startswith("Unknown(") and self._undecoded is None:
            self._undecoded = origin
            yield Damage(
                origin=origin,
                text=quoted(line),
                why="Get-WindowsUpdateLog could not decode these lines: it needs the symbols from Microsoft's server",
            )
        report = text.find("REPORT EVENT: ")
        if report >= 0:
            event = update_event(text[report + len("REPORT EVENT: ") :], origin)
            if event is not None:
                yield event
                return
        if (header := _HEADER.match(text)) is not None:
            yield from self._setting(header["name"], header["value"].strip(), origin, at, line)
        elif self._settings:
            yield from self.end()
        yield from self.tally.signs(_failures(component, text), line=number, at=at, text=line)

    def end(self) -> Iterator[Record]:
        """The settings that were printed together. The agent prints them at every start: only changes are told."""
        settings, place = self._settings, self._settings_at
        self._settings = {}
        if place is not None and settings and settings != self._told:
            self._told = settings
            shown = ", ".join(f"{name} {value}" for name, value in settings.items())
            yield LogSign(
                origin=place[0], at=place[1], text=quoted(shown), sign="windows-agent-settings", values=settings
            )

    def _setting(self, name: str, value: str, origin: Origin, at: datetime | None, line: str) -> Iterator[Record]:
        is_null = value.startswith("<NULL>")
        if name == "Default proxy" and not is_null:
            address = redact(value)
            if address != self._proxy:
                self._proxy = address
                yield Proxy(origin=origin, at=at, text=quoted(line), where="windows-update-agent", address=address)
        member = _MEMBERS.get(name)
        if member is None:
            return
        if not self._settings:
            self._settings_at = (origin, at)
        is_switch = value.lower() in ("yes", "no")
        self._settings[member] = "" if is_null else value.lower() if is_switch else quoted(value)

    def _when(self, found: re.Match[str]) -> datetime | None:
        # Lines that could not be decoded are of the year 1601.
        if found[1] < "1990":
            return None
        try:
            at = datetime.fromisoformat(f"{found[1]}-{found[2]}-{found[3]}T{found[4]}.{found[5][:6]:0<6}")
        except ValueError:
            return None
        return at.replace(tzinfo=self._zone) if self._zone else at


def _failures(component: str, text: str) -> Iterator[Found]:
    codes = dict.fromkeys(failures_in(text))
    for bare in _BARE.finditer(text):
        codes[f"0x{bare[1].upper()}"] = None
    if not codes:
        return
    level, kb = _LEVEL.search(text), _KB.search(text)
    values = {
        "log": "windows-update",
        "component": component,
        "level": (level[1] or level[2]).lower() if level else "",
        "kb": kb[0].upper() if kb else "",
    }
    for code in codes:
        yield Found("windows-hresult", {"hresult": code, **{name: value for name, value in values.items() if value}})
