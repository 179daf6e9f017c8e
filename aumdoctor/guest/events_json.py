"""Events as JSON: what the `evtx` package and `evtx_dump` write, EvtxECmd, and PowerShell's `ConvertTo-Json`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aumdoctor.guest.event_labels import level_of
from aumdoctor.guest.events import Seen, level_name, utc_time

_ROOT_VALUES = ("EventData", "UserData", "ProcessingErrorData", "DebugData")
_DEEPEST = 8
_MILLISECONDS = re.compile(r"/Date\((-?[0-9]{1,16})\)/")


def seen_in(document: object) -> Seen | None:
    """The event in a decoded JSON object, whichever of the forms it has; None where it is none."""
    if not isinstance(document, dict):
        return None
    if isinstance(event := document.get("Event"), dict):
        return _of_evtx(event)
    if "EventId" in document and "Provider" in document:
        return _of_evtxecmd(document)
    if "ProviderName" in document and "Id" in document:
        return _of_powershell(document)
    return None


def _of_evtx(event: dict[str, Any]) -> Seen | None:
    system = event.get("System")
    if not isinstance(system, dict):
        return None
    provider = _attribute(system, "Provider", "Name") or _attribute(system, "Provider", "EventSourceName")
    event_id = _whole(_text(system.get("EventID")))
    if not provider or event_id is None:
        return None
    pairs: list[tuple[str, str]] = []
    binary = ""
    for root in _ROOT_VALUES:
        values = event.get(root)
        if isinstance(values, dict):
            binary = binary or _text(values.get("Binary"))
            pairs.extend(_leaves({name: value for name, value in values.items() if name != "Binary"}))
    return Seen(
        provider=provider,
        event_id=event_id,
        channel=_text(system.get("Channel")),
        computer=_text(system.get("Computer")),
        level=level_name(_text(system.get("Level"))),
        user=_attribute(system, "Security", "UserID"),
        at=utc_time(_attribute(system, "TimeCreated", "SystemTime")),
        pairs=tuple(pairs),
        binary=binary,
    )


def _of_evtxecmd(row: dict[str, Any]) -> Seen | None:
    provider, event_id = _text(row.get("Provider")), _whole(_text(row.get("EventId")))
    if not provider or event_id is None:
        return None
    return Seen(
        provider=provider,
        event_id=event_id,
        channel=_text(row.get("Channel")),
        computer=_text(row.get("Computer")),
        level=level_name(row.get("Level")) or level_of(_text(row.get("Level"))),
        user=_text(row.get("UserId")),
        at=utc_time(_text(row.get("TimeCreated"))),
        pairs=payload(_text(row.get("Payload"))),
    )


def payload(text: str) -> tuple[tuple[str, str], ...]:
    """The values in EvtxECmd's column `Payload`: JSON in a string, with `@Name` and `#text`."""
    try:
        document = msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, RecursionError):
        return ()
    found: list[tuple[str, str]] = []
    for root in document.values() if isinstance(document, dict) else ():
        if not isinstance(root, dict):
            continue
        data = root.get("Data", root)
        for item in data if isinstance(data, list) else (data,):
            if isinstance(item, dict) and "#text" in item:
                found.append((_text(item.get("@Name")), _text(item)))
            elif isinstance(item, dict) and "@Name" in item:
                found.append((_text(item["@Name"]), ""))
            elif isinstance(item, dict):
                found.extend(_leaves(item))
            else:
                # Values without names stand in one text, parted by commas.
                found.extend(("", part.strip()) for part in _text(item).split(","))
    return tuple(found)


def _of_powershell(row: dict[str, Any]) -> Seen | None:
    provider, event_id = _text(row.get("ProviderName")), _whole(_text(row.get("Id")))
    if not provider or event_id is None:
        return None
    values = row.get("Properties")
    pairs = tuple(
        ("", _text(item.get("Value")))
        for item in (values if isinstance(values, list) else ())
        if isinstance(item, dict)
    )
    user = row.get("UserId")
    return Seen(
        provider=provider,
        event_id=event_id,
        channel=_text(row.get("LogName")),
        computer=_text(row.get("MachineName")),
        level=level_name(row.get("Level")),
        user=_text(user.get("Value")) if isinstance(user, dict) else _text(user),
        at=_powershell_time(row.get("TimeCreated")),
        pairs=pairs,
        message=_text(row.get("Message")),
    )


def _powershell_time(value: object) -> datetime | None:
    """`/Date(1530691512000)/` (PowerShell 5.1: UTC), or ISO with an offset (7)."""
    if isinstance(value, dict):
        value = value.get("value") or value.get("DateTime")
    text = _text(value)
    if found := _MILLISECONDS.search(text):
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))
        except OverflowError:
            return None
    return utc_time(text)


def _leaves(node: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The values below a node in their order, each with the name of its element; unnamed `Data` has ""."""
    if depth > _DEEPEST:
        return
    if isinstance(node, dict):
        if "#text" in node:
            yield from _leaves(node["#text"], name, depth + 1)
            return
        for key, value in node.items():
            if key != "#attributes":
                yield from _leaves(value, "" if key == "Data" else key, depth + 1)
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item, name, depth + 1)
    elif name or node is not None:
        yield name, _text(node)


def _attribute(system: dict[str, Any], element: str, name: str) -> str:
    node = system.get(element)
    attributes = node.get("#attributes") if isinstance(node, dict) else None
    return _text(attributes.get(name)) if isinstance(attributes, dict) else ""


def _text(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
