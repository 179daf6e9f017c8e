"""An event as XML, as Windows writes it.

Each event is parsed alone, from its `<Event` on. So there is no place for a document type definition: entities of its
own or of other files are errors.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from aumdoctor.guest.event_labels import level_of
from aumdoctor.guest.events import Seen, level_name, utc_time

LONGEST_EVENT = 1 << 20
"""Characters of an event that are read."""

_DEEPEST = 32
_MOST_ELEMENTS = 5_000
_ROOT_VALUES = frozenset({"EventData", "UserData", "ProcessingErrorData", "DebugData"})
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,7})|([0-9]{1,8}));")
_NODE_MARK = re.compile(r"^[-+] (?=<)", re.MULTILINE)


class _RefusedError(Exception):
    """The event is nested too deep, or has too many elements."""


def seen_in_xml(text: str) -> Seen | None:
    """The event in a text that begins with its `<Event`; None where it is none or cannot be read."""
    text = text[:LONGEST_EVENT]
    seen = _parsed(text)
    return seen if seen is not None else _parsed(_repaired(text))


def _repaired(text: str) -> str:
    """Without characters that XML forbids and old providers write, and without the marks of a tree in a browser."""
    text = _NODE_MARK.sub("", text)
    text = _FORBIDDEN.sub("", text)
    return _REFERENCE.sub(lambda found: found[0] if _is_allowed(found) else "", text)


def _is_allowed(found: re.Match[str]) -> bool:
    number = int(found[1], 16) if found[1] else int(found[2])
    return (
        number in (9, 10, 13) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number <= 0x10FFFF
    )


class _Reader:
    """Collects the parts of one event."""

    def __init__(self) -> None:
        self.system: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        self.pairs: list[tuple[str, str]] = []
        self.rendered: dict[str, str] = {}
        self.binary = ""
        self.ended = False
        self._path: list[str] = []
        self._names: list[str] = []
        self._texts: list[list[str]] = []
        self._has_children: list[bool] = []
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise _RefusedError
        name = tag.rpartition(":")[2]
        if self._has_children:
            self._has_children[-1] = True
        self._path.append(name)
        self._names.append(attributes.get("Name", "") if name == "Data" else name)
        self._texts.append([])
        self._has_children.append(False)
        if len(self._path) == 3 and self._path[1] == "System":
            self.attributes.setdefault(name, attributes)

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)

    def end(self, _: str) -> None:
        path, name = tuple(self._path), self._names.pop()
        text = "".join(self._texts.pop()).strip()
        is_leaf = not self._has_children.pop()
        self._path.pop()
        if len(path) == 3 and path[1] == "System":
            self.system.setdefault(path[2], text)
        elif len(path) >= 3 and path[1] in _ROOT_VALUES and is_leaf:
            if path[1:] == ("EventData", "Binary"):
                self.binary = text
            elif path[1] != "UserData" or len(path) > 3:
                self.pairs.append((name, text))
        elif len(path) == 3 and path[1] == "RenderingInfo" and is_leaf:
            self.rendered.setdefault(path[2], text)
        if len(path) == 1:
            self.ended = True


def _parsed(text: str) -> Seen | None:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, _RefusedError, UnicodeError, ValueError):
        # What follows the event's end is no part of it.
        if not reader.ended:
            return None
    return _seen(reader)


def _seen(reader: _Reader) -> Seen | None:
    attributes = reader.attributes
    about = attributes.get("Provider", {})
    provider = about.get("Name", "") or about.get("EventSourceName", "")
    event_id = reader.system.get("EventID", "")
    if not provider or not (event_id.isascii() and event_id.isdigit() and len(event_id) < 10):
        return None
    return Seen(
        provider=provider,
        event_id=int(event_id),
        channel=reader.system.get("Channel", ""),
        computer=reader.system.get("Computer", ""),
        level=level_name(reader.system.get("Level", "")) or level_of(reader.rendered.get("Level", "")),
        user=attributes.get("Security", {}).get("UserID", ""),
        at=utc_time(attributes.get("TimeCreated", {}).get("SystemTime", "")),
        pairs=tuple(reader.pairs),
        message=reader.rendered.get("Message", ""),
        binary=reader.binary,
    )
