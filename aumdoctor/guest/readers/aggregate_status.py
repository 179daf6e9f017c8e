r"""aggregatestatus.json of the Azure VM agent: itself, its extensions, and the status that each of them wrote last.

`C:\WindowsAzure\Logs\AggregateStatus\aggregatestatus*.json`. It may be filled up with NULs. Source:
Azure/azure-support-scripts, vmassist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.envelope import document, member, number, patch_status, when, word
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, quoted, whole_text
from aumdoctor.model.guest import Damage, ExtensionHandler, OperatingSystem, Origin, PatchStatus, Record

_NAMES = re.compile(r'"(?:aggregateStatus|handlerAggregateStatus|guestAgentStatus|guestOSInfo)"', re.IGNORECASE)
_VERSION = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4,5})(?:\.(\d{1,5}))?")
_PATCH_EXTENSIONS = (
    "windowspatchextension",
    "windowsosupdateextension",
    "linuxpatchextension",
    "linuxosupdateextension",
)


def _recognises(artefact: Artefact) -> bool:
    head = decode(artefact.head).replace("\0", "")
    return head.lstrip()[:1] in ("{", "[") and _NAMES.search(head) is not None


@reader(name="aggregate-status", title="aggregatestatus.json of the Azure VM agent", recognises=_recognises)
def AGGREGATE_STATUS(artefact: Artefact) -> Iterator[Record]:  # noqa: N802
    """The agent (name `GuestAgent`), its extensions, the statuses of the patch extension, and the system.

    Raises:
        UnreadableError: nothing of it can be read.
    """
    text, cut = whole_text(artefact)
    origin = Origin(file=artefact.path)
    text = text.replace("\0", "")
    try:
        body = document(text)
        damage = None
    except ValueError as error:
        # A file that is cut off still holds whole entries.
        body, damage = _salvaged(text), Damage(origin=origin, why=f"it is no whole JSON: {quoted(str(error))}")
    if isinstance(body, list):
        body = next((each for each in body if isinstance(each, dict)), None)
    records = list(_records(body, origin)) if isinstance(body, dict) else []
    if damage is not None and not records:
        raise UnreadableError(damage.why)
    yield from records
    if damage is not None or cut:
        yield damage or Damage(origin=origin, why="it is longer than what is read")


def _records(body: dict[str, Any], origin: Origin) -> Iterator[Record]:
    at = when(member(body, "timestampUTC"))
    inner = member(body, "aggregateStatus")
    inner = inner if isinstance(inner, dict) else body
    system = member(body, "guestOSInfo") or member(inner, "guestOSInfo")
    computer = word(member(system, "computerName"))
    agent = member(inner, "guestAgentStatus")
    if isinstance(agent, dict):
        yield _handler(agent, "GuestAgent", word(member(agent, "version")), origin, at, computer)
    handlers = member(inner, "handlerAggregateStatus")
    for handler in handlers if isinstance(handlers, list) else []:
        if isinstance(handler, dict):
            name = word(member(handler, "handlerName"))
            yield _handler(handler, name, word(member(handler, "handlerVersion")), origin, at, computer)
            yield from _status(handler, name, origin, computer)
    if isinstance(system, dict):
        yield from _system(system, origin, at, computer)


def _handler(
    body: dict[str, Any], name: str, version: str, origin: Origin, at: datetime | None, computer: str
) -> ExtensionHandler:
    formatted = member(body, "formattedMessage")
    message = word(member(formatted, "message") if isinstance(formatted, dict) else formatted)
    status = word(member(body, "status"))
    code = number(member(body, "code"))
    return ExtensionHandler(
        origin=origin,
        at=at,
        text=quoted(
            f"{name} {version} {status}" + (f" ({code})" if code else "") + (f": {message}" if message else "")
        ),
        computer=computer,
        name=name,
        version=version,
        status=status,
        code=code,
        message=message,
    )


def _status(handler: dict[str, Any], name: str, origin: Origin, computer: str) -> Iterator[PatchStatus]:
    """What the patch extension wrote. The statuses of other extensions may hold anything, so they are left out."""
    if not name.lower().endswith(_PATCH_EXTENSIONS):
        return
    settings = member(handler, "runtimeSettingsStatus")
    for each in settings if isinstance(settings, list) else [settings]:
        envelope = member(each, "settingsStatus")
        if envelope is None:
            continue
        status = patch_status(envelope, origin=origin, extension=name, sequence=number(member(each, "sequenceNumber")))
        if status is not None:
            yield _named(status, computer)


def _named(status: PatchStatus, computer: str) -> PatchStatus:
    return msgspec.structs.replace(status, computer=computer) if computer else status


def _system(body: dict[str, Any], origin: Origin, at: datetime | None, computer: str) -> Iterator[Record]:
    shown = word(member(body, "osVersion")) or word(member(body, "version"))
    version = _VERSION.search(shown)
    name = word(member(body, "osName"))
    is_linux = "linux" in word(member(body, "osType")).lower()
    if is_linux or not (version or "windows" in name.lower()):
        if name or shown or computer:
            yield OperatingSystem(
                origin=origin, at=at, text=quoted(f"{name} {shown}"), computer=computer, family="linux", name=name
            )
        return
    ubr = int(version[4]) if version and version[4] else 0
    yield OperatingSystem(
        origin=origin,
        at=at,
        text=quoted(f"{name} {shown}"),
        computer=computer,
        family="windows",
        name=name,
        build=int(version[3]) if version else None,
        # ".0" stands where the revision is not known.
        ubr=ubr or None,
    )


_ENTRIES = re.compile(r'"(guestAgentStatus|guestOSInfo|handlerAggregateStatus)"\s{0,20}:\s{0,20}')


def _salvaged(text: str) -> dict[str, Any]:
    """The members of a document that is cut off, as far as they are whole; of its extensions those that are."""
    decoder = json.JSONDecoder()
    found: dict[str, Any] = {}
    for entry in list(_ENTRIES.finditer(text))[:8]:
        position = entry.end()
        try:
            if text[position : position + 1] == "[":
                found[entry[1]] = _whole_entries(decoder, text, position + 1)
            else:
                found[entry[1]] = decoder.raw_decode(text, position)[0]
        except (ValueError, RecursionError):
            continue
    return found


def _whole_entries(decoder: json.JSONDecoder, text: str, position: int) -> list[Any]:
    entries: list[Any] = []
    while position < len(text) and len(entries) < 1000:
        while text[position : position + 1] in (" ", "\r", "\n", "\t", ","):
            position += 1
        try:
            entry, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        entries.append(entry)
    return entries
