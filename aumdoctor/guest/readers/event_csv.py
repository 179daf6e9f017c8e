"""Events as tables: Event Viewer's "Save as CSV" and "Text", PowerShell's `Export-Csv`, EvtxECmd's CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.event_labels import channel_of, field_of, level_of
from aumdoctor.guest.event_messages import told_by
from aumdoctor.guest.event_times import day_first, text_time, without_marks
from aumdoctor.guest.events import (
    MOST_LOGON_FAILURES,
    Newest,
    Seen,
    canonical_provider,
    flood,
    level_name,
    provider_key,
    records_of,
)
from aumdoctor.guest.events_json import payload
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, lines
from aumdoctor.model.guest import Damage, Origin, Record

_SAMPLE = 1 << 20
_DELIMITERS = (",", "\t", ";")
_MOST_DAMAGE = 50
_PAYLOAD = "payload"


def _is_table(artefact: Artefact) -> bool:
    return table_columns(decode(artefact.head)) is not None


def table_columns(head: str) -> tuple[str, list[str]] | None:
    """The delimiter of a table of events, and what its columns hold; None where it is none."""
    first = next((line for line in head.splitlines()[:5] if line.strip() and not line.startswith("#TYPE")), "")
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([without_marks(first)], delimiter=delimiter), [])
        except csv.Error:
            continue
        fields = [_PAYLOAD if cell.strip() == "Payload" else field_of(cell.strip()) for cell in cells]
        if "ProviderName" in cells:
            # PowerShell's columns; elsewhere an `id` may be of anything.
            fields = ["event_id" if field == "id" else field for field in fields]
        if len(fields) >= 4 and "event_id" in fields and "provider" in fields and "at" in fields:
            return delimiter, fields
    return None


@reader(name="event-table", title="events as a table (CSV)", recognises=_is_table)
def event_csv(artefact: Artefact) -> Iterator[Record]:
    """The events of a table that are of interest, in its order, then the failed logons."""
    with artefact.open() as stream:
        sample = decode(stream.read(_SAMPLE))
    known = table_columns(sample)
    if known is None:
        yield Damage(origin=Origin(artefact.path), why="the table has no columns of events")
        return
    delimiter, fields = known
    days = day_first(sample)
    is_utc = _PAYLOAD in fields
    logons: Newest[tuple[Seen, Origin]] = Newest(MOST_LOGON_FAILURES)
    damaged = 0
    for line, cells in _rows(artefact, delimiter):
        origin = Origin(artefact.path, line=line)
        if cells is None:
            damaged += 1
            if damaged <= _MOST_DAMAGE:
                yield Damage(origin=origin, why="a row is too long or not closed")
            continue
        seen = _seen(fields, cells, days, is_utc=is_utc)
        if seen is None:
            continue
        if seen.event_id == 4625:
            logons.add(seen.at.isoformat() if seen.at else "", (seen, origin))
        else:
            yield from records_of(seen, origin)
    for seen, origin in logons.items():
        yield from records_of(seen, origin)
    yield from flood(artefact.path, logons.dropped)


def _rows(artefact: Artefact, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """The rows, each with the line at which it begins; None for one that cannot be read."""
    at = 0

    def counted() -> Iterator[str]:
        nonlocal at
        for number, line in lines(artefact):
            at = number
            yield line.replace("\0", "") + "\n"

    source = counted()
    while True:
        rows = csv.reader(source, delimiter=delimiter)
        try:
            begun = at + 1
            for cells in rows:
                yield begun, cells
                begun = at + 1
        except csv.Error:
            yield at, None
            continue
        return


def _seen(fields: list[str], cells: list[str], days: bool | None, *, is_utc: bool) -> Seen | None:
    row: dict[str, str] = {}
    for field, cell in zip(fields, cells, strict=False):
        if field and cell and field != "other":
            row.setdefault(field, cell)
    if len(cells) > len(fields):
        # Event Viewer has no heading over the message.
        row.setdefault("message", cells[len(fields)])
    event_id = row.get("event_id", "").strip()
    provider = canonical_provider(row.get("provider", ""))
    if not provider or not (event_id.isascii() and event_id.isdigit() and len(event_id) < 10):
        return None
    message = row.get("message", "")
    at = text_time(row.get("at", ""), days)
    if is_utc and at is not None and at.tzinfo is None:
        # EvtxECmd counts in UTC.
        at = text_time(f"{at.isoformat()}Z")
    level = row.get("level", "")
    return Seen(
        provider=provider,
        event_id=int(event_id) & 0xFFFF,
        channel=channel_of(row.get("channel", "")),
        computer=row.get("computer", "").strip(),
        level=level_of(level) or level_name(level),
        user=row.get("user", "") or row.get("user_name", ""),
        at=at,
        pairs=payload(row.get(_PAYLOAD, "")) or told_by(provider_key(provider), int(event_id) & 0xFFFF, message),
        message=message,
    )
