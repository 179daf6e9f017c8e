"""Events exported as XML: Event Viewer's "Save as XML", `wevtutil qe /f:xml` (which has no root element), PowerShell's
`ToXml()`, `evtx_dump`.

An export of a log is one line of any length. So it is not parsed as a document: the events are cut out of the stream
one by one, each is parsed alone, and what is damaged is one event.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from msgspec.structs import replace

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.event_messages import told_by
from aumdoctor.guest.events import (
    INTERESTING_IDS,
    MOST_LOGON_FAILURES,
    Newest,
    Seen,
    flood,
    provider_key,
    records_of,
)
from aumdoctor.guest.events_xml import LONGEST_EVENT, seen_in_xml
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, encoding_of
from aumdoctor.model.guest import Damage, Origin, Record

_CHUNK = 1 << 16
_MOST_DAMAGE = 50
_KEPT = 4096
_START = re.compile(r"<Event[\s>]")
_END = "</Event>"
_EVENT_ID = re.compile(r"<EventID[^>]{0,200}>\s*([0-9]{1,9})")
_RECORD_ID = re.compile(r"<EventRecordID>\s*([0-9]{1,19})")
_TIME = re.compile(r"SystemTime\s?=\s?['\"]([^'\"]{1,40})")
_OPERATIONS_MANAGER = ">Operations Manager<"
_LOG_SCHEMA = "schemas.microsoft.com/win/2004/08/events"


def _is_export(artefact: Artefact) -> bool:
    head = decode(artefact.head).lstrip("\ufeff \t\r\n-")
    if not head.startswith("<") and not re.match(r"Record \d+\s", head):
        return False
    return _START.search(head) is not None and (_LOG_SCHEMA in head or "<System>" in head)


@reader(name="event-xml", title="events exported as XML", recognises=_is_export)
def event_xml(artefact: Artefact) -> Iterator[Record]:
    """The events of an export that are of interest, in its order, then the failed logons."""
    logons: Newest[tuple[Seen, Origin]] = Newest(MOST_LOGON_FAILURES)
    damaged = 0
    for number, text in enumerate(_events(artefact), start=1):
        record_id = _RECORD_ID.search(text)
        origin = Origin(artefact.path, record=int(record_id[1]) if record_id else number)
        found = _EVENT_ID.search(text)
        if found and int(found[1]) not in INTERESTING_IDS and _OPERATIONS_MANAGER not in text:
            continue
        seen = seen_in_xml(text) if text.endswith(_END) else None
        if seen is None:
            damaged += 1
            if damaged <= _MOST_DAMAGE:
                yield Damage(origin=origin, why="the event is cut off or is no valid XML")
            continue
        if seen.message and not seen.pairs:
            seen = _told(seen)
        if seen.event_id == 4625:
            at = _TIME.search(text)
            logons.add(at[1] if at else "", (seen, origin))
        else:
            yield from records_of(seen, origin)
    for seen, origin in logons.items():
        yield from records_of(seen, origin)
    yield from flood(artefact.path, logons.dropped)
    if damaged > _MOST_DAMAGE:
        yield Damage(origin=Origin(artefact.path), why=f"{damaged} events are cut off or are no valid XML")


def _told(seen: Seen) -> Seen:
    return replace(seen, pairs=told_by(provider_key(seen.provider), seen.event_id, seen.message))


def _events(artefact: Artefact) -> Iterator[str]:
    """The texts of the events, from `<Event` to `</Event>`; of one that is cut off or too long, what begins it."""
    held = ""
    for text in _texts(artefact):
        held += text
        at = 0
        while (end := held.find(_END, at)) >= 0:
            yield from _event_of(held[at : end + len(_END)])
            at = end + len(_END)
        held = held[at:]
        if len(held) > LONGEST_EVENT:
            # Not one of the events that begin in it ends; only the last one still can.
            starts = list(_START.finditer(held))
            if starts:
                yield held[starts[0].start() : starts[0].start() + _KEPT]
            last = starts[-1].start() if starts else 0
            held = held[last:] if last > 0 and len(held) - last < LONGEST_EVENT else held[-len("<Event ") :]
    if cut := _START.search(held):
        yield held[cut.start() : cut.start() + _KEPT]


def _event_of(text: str) -> Iterator[str]:
    """The event at the end of a text, after what is left of one that begins before it and was cut off."""
    starts = [found.start() for found in _START.finditer(text)]
    if len(starts) > 1:
        yield text[starts[0] : min(starts[1], starts[0] + _KEPT)]
    if starts:
        yield text[starts[-1] :]


def _texts(artefact: Artefact) -> Iterator[str]:
    encoding = encoding_of(artefact.head) or _declared(artefact.head)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with artefact.open() as stream:
        while chunk := stream.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _declared(head: bytes) -> str:
    """The encoding of an export without a byte order mark: UTF-8, or what Japanese consoles write."""
    for encoding in ("utf-8", "cp932"):
        try:
            # A character may be cut by the end of the head.
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"
