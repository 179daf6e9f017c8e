"""All that a person gives, read: paths in, a case out."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from aumdoctor.errors import UsageError
from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.fetching import MANIFEST
from aumdoctor.guest.hosts import Read, by_machine
from aumdoctor.guest.opening import Limits, artefacts
from aumdoctor.guest.reader import Reader
from aumdoctor.guest.readers.registry import READERS, WINDOWS_TEXTS
from aumdoctor.guest.text import decode
from aumdoctor.model import ids
from aumdoctor.model.guest import (
    Case,
    Damage,
    Origin,
    PatchRequest,
    PatchStatus,
    Reading,
    Record,
    Source,
)

_KEPT = re.compile(rb'\s*\{\s*"machine"\s*:\s*"(/subscriptions/[^"\\\r\n]{1,1000})"')
_COLLECTED = re.compile(rb"machine: (/subscriptions/[^\r\n]{1,1000})")


def read_case(paths: Sequence[str], *, limits: Limits | None = None, readers: Sequence[Reader] | None = None) -> Case:
    """Read files, folders and archives, each the path alone or `NAME=PATH`, where NAME is the machine that it is of.

    Raises UsageError where there is no such path. All else that cannot be read is told in the sources of the case.
    """
    limits = limits or Limits()
    seen: set[tuple[int, int]] = set()
    reads: list[Read] = []
    for given, path in [_named(each) for each in paths]:
        for each in artefacts([path], limits=limits, seen=seen):
            if isinstance(each, Artefact):
                read = _read(each, READERS if readers is None else readers, limits.records)
                reads.append(msgspec.structs.replace(read, given=given))
            elif reads and reads[-1].source.file == each.file:
                reads[-1] = _ended_early(reads[-1], each.why)
            else:
                reads.append(Read(source=each, given=given))
    return by_machine(_with_their_machines(list(_orphans_marked(reads))))


def _named(argument: str) -> tuple[str, Path]:
    name, is_named, rest = argument.partition("=")
    candidates = [("", argument)]
    if is_named and name.strip() and rest:
        candidates.append((name.strip(), rest))
    for given, path in candidates:
        if _exists(path):
            return given, Path(path)
    raise UsageError(
        f"there is no file or folder {candidates[-1][1]}",
        advice="give files, folders or archives of a machine, or NAME=PATH to say which machine a path is of",
    )


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _read(artefact: Artefact, readers: Sequence[Reader], most: int) -> Read:
    """What the first reader that knows the artefact makes of it; of a text that people put together, two readers."""
    source = Source(file=artefact.path, reading=Reading.UNRECOGNISED, size=artefact.size)
    collected = _COLLECTED.match(artefact.head) if artefact.name == MANIFEST else None
    if collected is not None:
        source = msgspec.structs.replace(source, reading=Reading.READ, reader="collected")
        return Read(source=source, machine=collected[1].decode("utf-8", "replace"))
    kept = _KEPT.match(artefact.head)
    if kept is not None:
        read = _read_by_the_first(artefact, readers, most)
        return msgspec.structs.replace(read, machine=kept[1].decode("utf-8", "replace"))
    return _read_by_the_first(artefact, readers, most)


def _read_by_the_first(artefact: Artefact, readers: Sequence[Reader], most: int) -> Read:
    source = Source(file=artefact.path, reading=Reading.UNRECOGNISED, size=artefact.size)
    if not artefact.head:
        return Read(source=msgspec.structs.replace(source, why="it is empty"))
    reader = next((each for each in readers if _recognises(each, artefact)), None)
    if reader is not None and reader not in WINDOWS_TEXTS:
        return _read_by(reader, artefact, most)
    if reader is None and not _may_be_a_text(artefact):
        return Read(source=source)
    both = [_read_by(each, artefact, most) for each in readers if each in WINDOWS_TEXTS]
    telling = [read for read in both if any(not isinstance(record, Damage) for record in read.records)]
    if not telling:
        return next(
            (read for read in both if reader is not None and read.source.reader == reader.name), Read(source=source)
        )
    return _together(telling)


def _together(reads: Sequence[Read]) -> Read:
    first = reads[0].source
    records = tuple(record for read in reads for record in read.records)
    source = msgspec.structs.replace(
        first,
        reading=Reading.PARTLY if any(read.source.reading is not Reading.READ for read in reads) else Reading.READ,
        reader=", ".join(read.source.reader for read in reads),
        records=len(records),
        why=next((read.source.why for read in reads if read.source.why), ""),
    )
    return Read(source=source, records=records)


_LARGEST_UNKNOWN_TEXT = 16 << 20


def _may_be_a_text(artefact: Artefact) -> bool:
    if artefact.size is None or artefact.size > _LARGEST_UNKNOWN_TEXT:
        return False
    odd = sum(character < " " and character not in "\t\r\n\f" for character in decode(artefact.head[:2048]))
    return odd * 50 < len(artefact.head[:2048])


def _read_by(reader: Reader, artefact: Artefact, most: int) -> Read:
    source = Source(file=artefact.path, reading=Reading.UNRECOGNISED, size=artefact.size)
    records: list[Record] = []
    why = ""
    try:
        for record in reader.read(artefact):
            if len(records) >= most:
                why = f"more than {most:,} records; the rest is not looked at"
                records.append(Damage(origin=record.origin, why=why))
                break
            records.append(record)
    except UnreadableError as error:
        why = str(error) or "it cannot be read"
    except Exception as error:  # noqa: BLE001 - one artefact must not cost the others: it is told with its reason
        why = f"the reader {reader.name} failed: {type(error).__name__}: {error}"
    damages = [record for record in records if isinstance(record, Damage)]
    reading = Reading.PARTLY if why or damages else Reading.READ
    if why and not records:
        reading = Reading.UNREADABLE
    if not why and damages:
        why = damages[0].why
    return Read(
        source=msgspec.structs.replace(source, reading=reading, reader=reader.name, records=len(records), why=why),
        records=tuple(records),
    )


def _recognises(reader: Reader, artefact: Artefact) -> bool:
    try:
        return reader.recognises(artefact)
    except Exception:  # noqa: BLE001 - as above: another reader may know it
        return False


def _ended_early(read: Read, why: str) -> Read:
    """The bytes of the artefact ended before their time: said, and its records stand."""
    source = read.source
    said = f"{source.why}; {why}" if source.why and source.why != why else why
    if source.reading in (Reading.UNRECOGNISED, Reading.UNREADABLE):
        return msgspec.structs.replace(read, source=msgspec.structs.replace(source, why=said))
    records = (*read.records, Damage(origin=Origin(source.file), why=why))
    changed = msgspec.structs.replace(source, reading=Reading.PARTLY, why=said, records=len(records))
    return msgspec.structs.replace(read, source=changed, records=records)


def _with_their_machines(reads: list[Read]) -> list[Read]:
    """What the probe kept, each with the machine that it is of. The name that a person gave for it goes before.

    Raises UsageError where one name was given for several machines.
    """
    folders = {posixpath.dirname(read.source.file): read.machine for read in reads if read.source.reader == "collected"}
    found = [msgspec.structs.replace(read, machine=_machine_of(read, folders)) for read in reads]
    machines: dict[str, dict[str, str]] = defaultdict(dict)
    for read in found:
        if read.given and read.machine:
            machines[read.given.lower()][ids.key(read.machine)] = read.machine
    for read in found:
        several = machines[read.given.lower()]
        if len(several) > 1:
            raise UsageError(
                f"what was named {read.given!r} is of {len(several)} machines: {', '.join(several.values())}",
                advice="leave the name out: what aumdoctor probe kept says which machine it is of",
            )
    return [msgspec.structs.replace(read, machine="") if read.given else read for read in found]


def _machine_of(read: Read, folders: dict[str, str]) -> str:
    folder = posixpath.dirname(read.source.file)
    while not read.machine:
        if folder in folders:
            return folders[folder]
        above = posixpath.dirname(folder)
        if above == folder:
            break
        folder = above
    return read.machine


def _orphans_marked(reads: list[Read]) -> Iterator[Read]:
    """Statuses with a number above that of the newest request of the same extension folder (`config/5.settings` beside
    `status/7.status`), which came with a golden image. A reader sees one folder only."""
    newest: dict[str, int] = defaultdict(lambda: -1)
    for read in reads:
        if read.source.file.lower().endswith(".settings"):
            for record in read.records:
                if isinstance(record, PatchRequest) and record.sequence is not None:
                    folder = _extension_folder(read.source.file)
                    newest[folder] = max(newest[folder], record.sequence)
    for read in reads:
        folder = _extension_folder(read.source.file)
        if read.source.file.lower().endswith(".status") and folder in newest:
            records = tuple(_marked(record, newest[folder]) for record in read.records)
            read = msgspec.structs.replace(read, records=records)
        yield read


def _extension_folder(file: str) -> str:
    return posixpath.dirname(posixpath.dirname(file))


def _marked(record: Record, newest: int) -> Record:
    if isinstance(record, PatchStatus) and record.sequence is not None and record.sequence > newest:
        return msgspec.structs.replace(record, is_orphan=True)
    return record
