"""Windows event logs in their own format (`.evtx`), read by the `evtx` package.

A log is a header and chunks of 64 KiB, each readable alone. A log that was copied from a running machine has a header
that counts too few chunks, and perhaps a last chunk that counts too few records; so neither count is believed: every
chunk and every record that is there is read (Microsoft, MS-EVEN6 and the format's description by Joachim Metz).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO, cast

import msgspec

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.events import (
    INTERESTING_IDS,
    MOST_LOGON_FAILURES,
    Newest,
    flood,
    records_of,
    utc_time,
)
from aumdoctor.guest.events_json import seen_in
from aumdoctor.guest.reader import reader
from aumdoctor.model.guest import Damage, EventLog, Origin, Record

_MAGIC = b"ElfFile\0"
_CHUNK_MAGIC = b"ElfChnk\0"
_RECORD_MAGIC = b"**\0\0"
_HEADER = 4096
_CHUNK = 65536
_FIRST_RECORD = 512
_SMALLEST_RECORD = 28
_MOST_DAMAGE = 50

# The id stands in front of all that a user could have written, and quotes in values are escaped.
_EVENT_ID = re.compile(r'"EventID":(?:\{"#attributes":\{[^{}]*\},"#text":)?"?([0-9]{1,9})')
_OPERATIONS_MANAGER = '"Channel":"Operations Manager"'


def _is_log(artefact: Artefact) -> bool:
    return artefact.head.startswith(_MAGIC)


@reader(name="evtx", title="Windows event log", recognises=_is_log)
def evtx(artefact: Artefact) -> Iterator[Record]:
    """The events that are of interest, oldest chunk first, then the failed logons, then what the log covers.

    Raises:
        UnreadableError: the package `evtx` is not installed, or the file ends within its header.
    """
    parse = _parser()
    log = _Log(artefact.path)
    logons: Newest[tuple[int, str]] = Newest(MOST_LOGON_FAILURES)
    with artefact.open() as stream:
        counted = _header(stream)
        for number, chunk in enumerate(_chunks(stream)):
            for found in log.records_in(number, chunk, parse, is_counted=number < counted):
                if isinstance(found, Damage):
                    yield from log.limited(found)
                    continue
                record, json = found
                if log.is_passed_over(record, json):
                    continue
                if '"EventID":4625' in json or '"EventID":"4625"' in json:
                    logons.add(record["timestamp"], (record["event_record_id"], json))
                else:
                    yield from log.events(record["event_record_id"], json)
    for record_id, json in logons.items():
        yield from log.events(record_id, json)
    yield from flood(artefact.path, logons.dropped)
    yield from log.summary()


Parse = Callable[[bytes], Iterator[dict[str, Any]]]


def _parser() -> Parse:
    try:
        from evtx import PyEvtxParser  # an optional extra
    except ImportError:
        raise UnreadableError(
            'event logs (.evtx) need the package evtx: pip install "aumdoctor[guest]". '
            "Or export the log as XML and read that"
        ) from None

    def parse(chunk: bytes) -> Iterator[dict[str, Any]]:
        # One thread: chunks are small, and the machine may be a build agent.
        parser = PyEvtxParser(BytesIO(_ALONE + chunk), number_of_threads=1, indent=False)
        return cast("Iterator[dict[str, Any]]", parser.records_json())

    return parse


def _header_of_one_chunk() -> bytes:
    header = bytearray(_HEADER)
    struct.pack_into("<8sQQQIHHHH", header, 0, _MAGIC, 0, 0, 1, 128, 1, 3, _HEADER, 1)
    struct.pack_into("<I", header, 124, zlib.crc32(bytes(header[:120])))
    return bytes(header)


_ALONE = _header_of_one_chunk()
"""The header of a log with one chunk: chunks are read one by one, so that a damaged one harms no other."""


def _header(stream: BinaryIO) -> int:
    """The number of chunks that the header counts."""
    header = _read(stream, _HEADER)
    if len(header) < _HEADER:
        raise UnreadableError("the event log ends within its header: it is empty or cut off")
    return int(struct.unpack_from("<H", header, 42)[0])


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := _read(stream, _CHUNK):
        yield chunk


def _read(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes, fewer only at the end: a stream out of an archive may give less at a time."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class _Log:
    """What is known of a log while it is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._damages = 0
        self._events = 0
        self._first = self._last = ""
        self._channel = self._computer = ""

    def limited(self, damage: Damage) -> Iterator[Damage]:
        """Each of the first damages, then one that there are more."""
        self._damages += 1
        if self._damages <= _MOST_DAMAGE:
            yield damage
        elif self._damages == _MOST_DAMAGE + 1:
            yield Damage(origin=damage.origin, why="more of the log is damaged than is told here")

    def records_in(
        self, number: int, chunk: bytes, parse: Parse, *, is_counted: bool
    ) -> Iterator[Damage | tuple[dict[str, Any], str]]:
        """The records of a chunk, and what is damaged in it."""
        origin = Origin(self.file)
        if not chunk.strip(b"\0"):
            return  # room that the log has not used yet
        whole, found, wounds = _mended(chunk)
        if found == 0 and not (is_counted or chunk.startswith(_CHUNK_MAGIC)):
            return  # what lay on the disk before
        for wound in wounds:
            yield Damage(origin=origin, why=f"chunk {number + 1}: {wound}")
        if found == 0:
            return
        try:
            records = parse(whole)
        except (RuntimeError, OSError, ValueError) as error:
            yield Damage(origin=origin, why=f"chunk {number + 1} cannot be read: {_first_line(error)}")
            return
        # More answers than records would be a parser that does not come on.
        for _ in range(2 * found + 8):
            try:
                record = next(records)
            except StopIteration:
                return
            except (RuntimeError, OSError, ValueError) as error:
                yield Damage(origin=origin, why=f"chunk {number + 1}: a record cannot be read: {_first_line(error)}")
                continue
            except BaseException as error:
                # A panic of the Rust code is no Exception.
                if type(error).__name__ != "PanicException":
                    raise
                yield Damage(origin=origin, why=f"chunk {number + 1}: the parser gave up")
                return
            json = record.get("data")
            if isinstance(json, str) and '"Event":{' in json[:200]:
                yield record, json

    def is_passed_over(self, record: dict[str, Any], json: str) -> bool:
        """Count a record, and say whether it is of no interest by its id."""
        self._events += 1
        at = record["timestamp"]
        self._first = min(self._first or at, at)
        self._last = max(self._last, at)
        if self._events == 1:
            self._name_from(json)
        found = _EVENT_ID.search(json)
        return found is not None and int(found[1]) not in INTERESTING_IDS and _OPERATIONS_MANAGER not in json

    def _name_from(self, json: str) -> None:
        seen = seen_in(_decoded(json))
        if seen is not None:
            self._channel, self._computer = seen.channel, seen.computer

    def events(self, record_id: int, json: str) -> Iterator[Record]:
        """The records of an event."""
        origin = Origin(self.file, record=record_id)
        seen = seen_in(_decoded(json))
        if seen is None:
            yield from self.limited(Damage(origin=origin, why="the event has no provider or no id"))
            return
        self._channel = seen.channel or self._channel
        self._computer = seen.computer or self._computer
        yield from records_of(seen, origin)

    def summary(self) -> Iterator[EventLog]:
        """What the log covers."""
        first, last = _time(self._first), _time(self._last)
        yield EventLog(
            origin=Origin(self.file),
            at=last,
            computer=self._computer,
            text=f"{self._channel or 'event log'}: {self._events} events"
            + (f" from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC" if first and last else ""),
            channel=self._channel,
            events=self._events,
            first=first,
            last=last,
        )


def _time(text: str) -> datetime | None:
    return utc_time(text) if text else None


def _decoded(json: str) -> object:
    try:
        return msgspec.json.decode(json)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:200]


def _mended(chunk: bytes) -> tuple[bytes, int, list[str]]:
    """A chunk whose records can be read one after the other, how many there are, and what was wrong with it.

    The end of the records that a chunk names is moved behind the last one that is there; what is no record between two
    records is made into an empty one, so that reading goes on behind it.
    """
    wounds: list[str] = []
    if len(chunk) < _CHUNK:
        wounds.append("the log ends in the middle of it")
    data = bytearray(chunk.ljust(_CHUNK, b"\0"))
    if not data.startswith(_CHUNK_MAGIC):
        wounds.append("it does not begin as a chunk does")
        data[:8] = _CHUNK_MAGIC
    (free,) = struct.unpack_from("<I", data, 48)
    end = free if _FIRST_RECORD <= free <= _CHUNK else _CHUNK
    offset, found, last, last_id = _FIRST_RECORD, 0, _FIRST_RECORD, -1
    while offset + _SMALLEST_RECORD <= _CHUNK:
        size = _record_size(data, offset)
        (record_id,) = struct.unpack_from("<Q", data, offset + 8)
        # Behind the end only what goes on where the chunk ends: the rest is of an older use of the chunk.
        if size and (offset < end or record_id == last_id + 1):
            last, last_id, found, offset = offset, record_id, found + 1, offset + size
            continue
        if offset >= end:
            break
        after = _next_record(data, offset + _SMALLEST_RECORD, end)
        if after is None:
            if data[offset:end].strip(b"\0"):
                wounds.append(f"what follows its {found} records is none")
            break
        wounds.append(f"{after - offset} bytes in it are no record")
        size = after - offset
        empty = struct.pack("<4sIQQ", _RECORD_MAGIC, size, 0, 0)
        data[offset:after] = empty.ljust(size - 4, b"\0") + struct.pack("<I", size)
        offset = after
    struct.pack_into("<I", data, 44, last)
    struct.pack_into("<I", data, 48, offset)
    return bytes(data), found, wounds


def _record_size(data: bytearray, offset: int) -> int:
    """The size of the record that begins there, or 0 where none does."""
    if data[offset : offset + 4] != _RECORD_MAGIC:
        return 0
    (size,) = struct.unpack_from("<I", data, offset + 4)
    if not _SMALLEST_RECORD <= size <= _CHUNK - offset:
        return 0
    (again,) = struct.unpack_from("<I", data, offset + size - 4)
    return int(size) if again == size else 0


def _next_record(data: bytearray, start: int, end: int) -> int | None:
    offset = data.find(_RECORD_MAGIC, start, end)
    while offset >= 0:
        if offset + _SMALLEST_RECORD <= _CHUNK and _record_size(data, offset):
            return offset
        offset = data.find(_RECORD_MAGIC, offset + 1, end)
    return None
