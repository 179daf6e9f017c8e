"""`/var/log/waagent.log`: what the VM agent did with extensions, and whether it heard of requests at all.

A line has a time in UTC, a level, the name of a thread, and for an extension its name and version in brackets:
`2021-01-20T16:57:00.607529Z INFO ExtHandler [Name-1.6.71] …`; agents before 2.3 write `2021/01/20 16:57:00.607529 INFO
…`. Outputs of an extension's command span lines. Source: Azure/WALinuxAgent, azurelinuxagent/ga/exthandlers.py and
update.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.envelope import when
from aumdoctor.guest.reader import reader
from aumdoctor.guest.signs import Found, Tally, Values, interesting_lines, line_text, signs_in, value_of
from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import ExtensionHandler, Origin, Record

_NAME = re.compile(r"^waagent\.log(?:\.\d+)?(?:\.gz)?$", re.IGNORECASE)
_MARKS = (
    b"Azure Linux Agent Version",
    b"ExtHandler ExtHandler",
    b" ExtHandler [",
    b"Goal State Agent version",
    b"WALinuxAgent-",
)
_TIME = re.compile(r"^(?P<day>\d{4}[-/]\d\d[-/]\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:\.\d{1,7})?Z? ")
_TIME_IN_BYTES = re.compile(
    rb"(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d{1,7})?Z? (?:VERBOSE|INFO|WARNING|WARN|ERROR)"
)

_VERSIONS = ("Goal State Agent version ", "Azure Linux Agent Version: ", "is running as the goal state agent")
_SETTINGS = "Update settings file: "
_EXIT_CODE = "Non-zero exit code: "
_TIMEOUT = "Timeout("
_DOWNLOAD = ("Failed to download ", "ExtensionDownloadError", "Failed to initialize extension")
_TERMINAL = "have reached a terminal state: "
_EVENT = "Event: name="
_ALSO = (*_VERSIONS, _SETTINGS, _EXIT_CODE, _TIMEOUT, *_DOWNLOAD, _TERMINAL)

_VERSION = re.compile(
    r"(?:Goal State Agent version |Agent Version: |Agent WALinuxAgent-)(?P<version>\d+(?:\.\d+){1,4})"
)
_EXTENSION = re.compile(r"\[(?P<name>[A-Za-z][\w.]{3,120})-(?P<version>\d+(?:\.\d+){1,4})\]")
_EVENT_NAME = re.compile(
    r"Event: name=(?P<name>[\w.]{3,120})(?:-(?P<version>\d[\d.]*))?, op=(?P<operation>\w*), message=(?P<message>[^\n]*)"
)
_SEQUENCE = re.compile(r"Update settings file: (?P<sequence>\d{1,9})\.settings")
_CODE = re.compile(r"Non-zero exit code: (?P<exit_code>-?\d{1,6}),? ?(?P<command>[^\n]{0,200})")
_SECONDS = re.compile(r"Timeout\((?P<seconds>\d{1,6})\)")
_STATES = re.compile(r"\('(?P<name>[\w.]{3,120})', '(?P<status>\w+)'\)")
_FAILED = {"error", "failed", "notready"}


def _recognises(artefact: Artefact) -> bool:
    return bool(_NAME.match(artefact.name)) or any(mark in artefact.head for mark in _MARKS)


@reader(name="waagent-log", title="log of the Linux VM agent", recognises=_recognises)
def waagent_log(artefact: Artefact) -> Iterator[Record]:
    """The version of the agent (`ExtensionHandler` named `GuestAgent`, each version once), and the signs of the log.

    Beside the signs of the table it works out: `agent-version`, `extension-enabled` with the number of the request,
    `extension-command-failed`, `extension-timeout`, `extension-download-failed`, and `extension-reported`, for any
    extension.
    """
    tally = Tally(artefact.path)
    at: datetime | None = None
    versions: set[str] = set()
    for number, data in interesting_lines(artefact, _ALSO):
        if not number:
            at = _last_time(data) or at
            continue
        text = line_text(data)
        stated = _TIME.match(text)
        if stated is not None:
            at = _time(stated["day"], stated["time"]) or at
        found = [*signs_in(text), *_own(text)]
        yield from tally.signs(found, line=number, at=at, text=text)
        for each in found:
            version = each.values.get("version", "")
            if each.sign == "agent-version" and version not in versions and len(versions) < 100:
                versions.add(version)
                origin = Origin(artefact.path, line=number)
                yield ExtensionHandler(origin=origin, at=at, text=quoted(text), name="GuestAgent", version=version)
    yield from tally.rest()


def _own(text: str) -> Iterator[Found]:
    text = text[:8000]
    version = _VERSION.search(text)
    if version is not None and any(mark in text for mark in _VERSIONS):
        yield Found("agent-version", {"version": version["version"]})
    about = _about(text)
    sequence = _SEQUENCE.search(text)
    if sequence is not None:
        yield Found("extension-enabled", about | {"sequence": sequence["sequence"]})
    code = _CODE.search(text)
    if code is not None:
        command = value_of(code["command"])
        yield Found("extension-command-failed", about | {"exit_code": code["exit_code"], "error": command})
    seconds = _SECONDS.search(text)
    if seconds is not None:
        yield Found("extension-timeout", about | {"seconds": seconds["seconds"]})
    if any(mark in text for mark in _DOWNLOAD):
        yield Found("extension-download-failed", about | {"error": value_of(_message(text))})
    if _TERMINAL in text:
        for match in _STATES.finditer(text.partition(_TERMINAL)[2]):
            yield Found("extension-reported", {"extension": match["name"], "status": match["status"].lower()})


def _about(text: str) -> Values:
    """Which extension a line is about, and which operation."""
    event = _EVENT_NAME.search(text)
    if event is not None and event["name"] not in ("WALinuxAgent", "Agent"):
        values = {
            "extension": event["name"],
            "version": event["version"] or "",
            "operation": event["operation"].lower(),
        }
    else:
        match = _EXTENSION.search(text)
        values = {"extension": match["name"], "version": match["version"]} if match else {}
    return {name: value for name, value in values.items() if value}


def _message(text: str) -> str:
    event = _EVENT_NAME.search(text)
    if event is not None:
        return event["message"]
    at = min(found for mark in _DOWNLOAD if (found := text.find(mark)) >= 0)
    return text[at:]


def _time(day: str, time: str) -> datetime | None:
    found = when(f"{day.replace('/', '-')}T{time}")
    return found.replace(tzinfo=UTC) if found is not None else None


def _last_time(data: bytes) -> datetime | None:
    """The time of the last line that has one."""
    end = len(data)
    for _ in range(200):
        start = data.rfind(b"\n", 0, end) + 1
        match = _TIME_IN_BYTES.match(data, start)
        if match is not None:
            day, _, time = match[1].decode().replace("T", " ").partition(" ")
            return _time(day, time)
        if start == 0:
            return None
        end = start - 1
    return None
