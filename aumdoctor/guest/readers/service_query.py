"""Services of Windows: `sc qc`, `sc query`, `sc queryex`, Get-Service, Win32_Service (Get-CimInstance, wmic).

The fields of `sc` and the numbers in them are not translated, nor are the enumerations of PowerShell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aumdoctor.guest.command_output import Line, Parser, Row, Section, objects
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Record, Service

_STATES = {1: "stopped", 2: "start-pending", 3: "stop-pending", 4: "running", 7: "paused"}
_STARTS = {0: "boot", 1: "system", 2: "automatic", 3: "manual", 4: "disabled"}
_STATE_WORDS = {
    "running": "running",
    "stopped": "stopped",
    "paused": "paused",
    "startpending": "start-pending",
    "start pending": "start-pending",
    "stoppending": "stop-pending",
    "stop pending": "stop-pending",
}
_START_WORDS = {
    "auto": "automatic",
    "automatic": "automatic",
    "automaticdelayedstart": "automatic",
    "manual": "manual",
    "disabled": "disabled",
    "boot": "boot",
    "system": "system",
}
_KNOWN = (
    "wuauserv",
    "bits",
    "cryptsvc",
    "trustedinstaller",
    "UsoSvc",
    "WaaSMedicSvc",
    "WindowsAzureGuestAgent",
    "WindowsAzureTelemetryService",
    "RdAgent",
    "himds",
    "GCArcService",
    "ExtensionService",
    "ArcProxy",
    "vmms",
    "ClusSvc",
    "Netlogon",
    "W32Time",
    "HealthService",
)
"""Names that known issues ask for: Get-Service cuts a long name off with dots."""

_NAME = re.compile(r"\s*SERVICE_NAME\s*:\s*(\S.{0,255})")
_FIELD = re.compile(r"\s*(STATE|START_TYPE)\s*:\s*(\d)\b")
_FAILED = re.compile(r"\[SC\].{0,80}?\b1060\b")
_ASKED = re.compile(r"(?i)\bsc(?:\.exe)?\s+(?:\\\\\S+\s+)?(?:qc|query|queryex)\s+\"?([^\s\"]{1,255})")
_NO_SERVICE = re.compile(r"ObjectNotFound: \(([^):\r\n]{1,255}):String\) \[Get-Service\]")


def _read(section: Section) -> Iterator[Record]:
    yield from _of_sc(section)
    for row in objects(section.lines, "Name"):
        service = _printed(section, row)
        if service is not None:
            yield service
    for line in section.lines:
        if (missing := _NO_SERVICE.search(line.text)) is not None:
            yield Service(origin=section.origin(line), text=quoted(line.text), name=missing[1], exists=False)


def _of_sc(section: Section) -> Iterator[Record]:
    name, first, state, start = "", None, "", ""
    told: list[str] = []
    for line in section.lines:
        if (begin := _NAME.match(line.text)) is not None:
            if first is not None:
                yield _service(section, first, told, name, state, start)
            name, first, state, start, told = begin[1].strip(), line, "", "", []
        elif first is not None and (field := _FIELD.match(line.text)) is not None:
            told.append(line.text.strip())
            if field[1] == "STATE":
                state = _STATES.get(int(field[2]), "")
            else:
                start = _STARTS.get(int(field[2]), "")
        elif _FAILED.search(line.text) and (asked := _ASKED.search(section.command)) is not None:
            yield Service(origin=section.origin(line), text=quoted(line.text), name=asked[1], exists=False)
    if first is not None:
        yield _service(section, first, told, name, state, start)


def _service(section: Section, line: Line, told: list[str], name: str, state: str, start: str) -> Service:
    text = quoted(" ".join([line.text.strip(), *told]))
    return Service(origin=section.origin(line), text=text, name=name, state=state, start=start)


def _printed(section: Section, row: Row) -> Service | None:
    if not any(name in row for name in ("StartType", "StartMode", "DisplayName", "ServiceType", "State")):
        return None
    state = _STATE_WORDS.get((row["State"] or row["Status"]).lower(), "")
    start = _START_WORDS.get((row["StartType"] or row["StartMode"]).lower(), "")
    name = _whole(row["Name"])
    if not name or not (state or start):
        return None
    return Service(origin=section.origin(row.line("Name")), text=row.text(), name=name, state=state, start=start)


def _whole(name: str) -> str:
    """The name, completed where it is cut off and only one known service begins so; "" where that cannot be told."""
    cut = name.rstrip(".…")
    if cut == name:
        return name
    found = [each for each in _KNOWN if each.lower().startswith(cut.lower())]
    return found[0] if len(found) == 1 else ""


SERVICES = Parser(
    name="services",
    form=re.compile(
        r"(?m)^[ \t]*SERVICE_NAME[ \t]*:|^Status[ \t]+Name[ \t]+DisplayName|"
        r"^(?:.{0,300}[ \t])?(?:StartMode|StartType)\b|"
        r"\[Get-Service\]|^DisplayName[ \t]{1,40}: "
    ),
    commands=re.compile(
        r"(?i)\bsc(?:\.exe)?\s+(?:\\\\\S+\s+)?(?:qc|query|queryex)\b|get-service|win32_service|wmic\s+service"
    ),
    read=_read,
)
