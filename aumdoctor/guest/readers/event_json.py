"""Events as JSON: what `evtx_dump` and EvtxECmd write (a list, an object a line, or with `Record 1` between), and
PowerShell's `Get-WinEvent | ConvertTo-Json`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.event_messages import told_by
from aumdoctor.guest.events import MOST_LOGON_FAILURES, Newest, Seen, flood, provider_key, records_of
from aumdoctor.guest.events_json import seen_in
from aumdoctor.guest.events_xml import LONGEST_EVENT
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, lines
from aumdoctor.model.guest import Damage, Origin, Record

_MOST_DAMAGE = 50
# Braces outside of strings; a string may span no lines, and a cut-off one ends with its line.
_TOKEN = re.compile(r'[{}]|"(?:[^"\\]++|\\.)*+"?')
_EVTX_DUMP = re.compile(r'"Event"\s*:\s*\{')
_EVTXECMD = re.compile(r'"EventId"\s*:\s*\d')
_POWERSHELL = re.compile(r'"ProviderName"\s*:\s*"')


def _is_json(artefact: Artefact) -> bool:
    head = decode(artefact.head).lstrip("\ufeff \t\r\n")
    if head[:1] not in ("{", "[") and not re.match(r"Record \d+\s*\{", head):
        return False
    if _EVTX_DUMP.search(head) and ('"System"' in head or "win/2004/08/events" in head):
        return True
    if _EVTXECMD.search(head) and '"Provider"' in head:
        return True
    return bool(_POWERSHELL.search(head) and re.search(r'"Id"\s*:\s*\d', head))


@reader(name="event-json", title="events exported as JSON", recognises=_is_json)
def event_json(artefact: Artefact) -> Iterator[Record]:
    """The events of an export that are of interest, in its order, then the failed logons."""
    logons: Newest[tuple[Seen, Origin]] = Newest(MOST_LOGON_FAILURES)
    damaged = 0
    for line, text in _objects(artefact):
        origin = Origin(artefact.path, line=line)
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            damaged += 1
            if damaged <= _MOST_DAMAGE:
                yield Damage(origin=origin, why="what begins here is cut off, too long or no valid JSON")
            continue
        seen = seen_in(document)
        if seen is None:
            continue
        if seen.message and not seen.pairs:
            seen = replace(seen, pairs=told_by(provider_key(seen.provider), seen.event_id, seen.message))
        if seen.event_id == 4625:
            logons.add(seen.at.isoformat() if seen.at else "", (seen, origin))
        else:
            yield from records_of(seen, origin)
    for seen, origin in logons.items():
        yield from records_of(seen, origin)
    yield from flood(artefact.path, logons.dropped)
    if damaged > _MOST_DAMAGE:
        yield Damage(origin=Origin(artefact.path), why=f"{damaged} parts are no valid JSON")


def _objects(artefact: Artefact) -> Iterator[tuple[int, str]]:
    """The outermost objects of a text, each with the line at which it begins. One that is cut off or too long comes as
    far as it was held."""
    depth, size, begun = 0, 0, 0
    parts: list[str] = []
    for number, line in lines(artefact):
        start = 0 if depth else None
        if depth and _begins_anew(line):
            # The object before was cut off: a new one begins at the margin.
            yield begun, "".join(parts)
            parts, depth, size, start = [], 0, 0, None
        for token in _TOKEN.finditer(line):
            if token[0] == "{":
                if depth == 0:
                    start, begun = token.start(), number
                depth += 1
            elif token[0] == "}" and depth:
                depth -= 1
                if depth == 0:
                    yield begun, "".join([*parts, line[start : token.end()]])
                    parts, size, start = [], 0, None
        if depth and start is not None and size < LONGEST_EVENT:
            parts.append(line[start:] + "\n")
            size += len(line)
    if depth:
        yield begun, "".join(parts)


def _begins_anew(line: str) -> bool:
    return line.startswith(('{"Event":', '{"PayloadData', '{"RecordNumber"', "Record "))
