"""Logs fetched from a running machine in pieces: what there is, the calls that it takes, and the files made of them.

A Run Command answers with 4,096 bytes, so that a log comes packed, in base64, and in several answers. How many calls
are made is limited; what that leaves out is said.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from aumdoctor.guest.scripts import Part, is_plain
from aumdoctor.model.redaction import redact

MOST_CALLS = 24
"""Calls for one machine; each takes 20 s and more."""

LARGEST = 1 << 20
"""Bytes of one file that are taken at most, whatever the machine offers."""

MANIFEST = "collected.txt"

_ROOM = 3700
_OVERHEAD = 40
_PART = 2700
_UNSAFE = re.compile(r"[^A-Za-z0-9._@+ -]")


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a machine offers: `count` bytes from `start` on of `size`, which are `packed` bytes as gzip makes
    them, and their SHA-256."""

    path: str
    size: int
    start: int
    count: int
    packed: int
    digest: str


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file. `why` says what is wrong with it, "" where it is as it was offered."""

    offer: Offer
    content: bytes
    why: str = ""


def offers_of(output: str, *, windows: bool) -> tuple[tuple[Offer, ...], str]:
    """The files that a machine lists, and what is wrong with the list ("" where it is whole)."""
    found = []
    rows, why = _rows(output)
    for row in rows:
        if row.get("c") != "file":
            continue
        try:
            offer = Offer(
                path=str(row["p"]),
                size=int(row["s"]),
                start=int(row["o"]),
                count=int(row["n"]),
                packed=int(row["z"]),
                digest=str(row["h"]),
            )
        except (KeyError, TypeError, ValueError):
            why = why or "a file in it is not described as expected"
            continue
        is_sane = 0 < offer.count <= LARGEST and 0 < offer.packed <= LARGEST and offer.start >= 0
        if is_sane and is_plain(offer.path, windows=windows):
            found.append(offer)
    return tuple(found), why


def calls_for(offers: Sequence[Offer], most: int = MOST_CALLS) -> tuple[list[list[Part]], list[Offer]]:
    """The calls that fetch files, the first ones first, and the files for which there are too few calls."""
    calls: list[list[Part]] = []
    left_out = []
    room = 0
    for number, offer in enumerate(offers):
        trial, room_after = [list(call) for call in calls], room
        for offset in range(0, offer.packed, _PART):
            length = min(_PART, offer.packed - offset)
            weight = _OVERHEAD + (length + 2) // 3 * 4
            if not trial or weight > room_after:
                trial.append([])
                room_after = _ROOM
            trial[-1].append(
                Part(file=number, path=offer.path, start=offer.start, count=offer.count, offset=offset, length=length)
            )
            room_after -= weight
        if len(trial) > most:
            left_out.append(offer)
            continue
        calls, room = trial, room_after
    return calls, left_out


def parts_of(output: str) -> dict[tuple[int, int], bytes]:
    """The pieces in one answer, by the number of the file and the offset. What is not whole is left out."""
    found: dict[tuple[int, int], bytes] = {}
    for row in _rows(output)[0]:
        if row.get("c") != "part":
            continue
        try:
            found[int(row["f"]), int(row["o"])] = base64.b64decode(str(row["b"]), validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error):
            continue
    return found


def assembled(
    offers: Sequence[Offer], calls: Sequence[Sequence[Part]], pieces: Mapping[tuple[int, int], bytes]
) -> Iterator[Fetched]:
    """The files, as far as their pieces came."""
    wanted: dict[int, list[Part]] = {}
    for part in (part for call in calls for part in call):
        wanted.setdefault(part.file, []).append(part)
    for number, parts in wanted.items():
        packed = b""
        why = ""
        for part in parts:
            piece = pieces.get((part.file, part.offset), b"")
            packed += piece
            if len(piece) != part.length:
                why = "it did not come whole: what is missing is at its end"
                break
        content = _unpacked(packed, offers[number].count)
        if not why and hashlib.sha256(content).hexdigest() != offers[number].digest:
            why = "it was changed while it was fetched, or came damaged"
        yield Fetched(offer=offers[number], content=content, why=why)


def write(folder: Path, files: Iterable[Fetched], left_out: Sequence[Offer], notes: Sequence[str] = ()) -> list[Path]:
    """Write the files below a folder under the paths that they have on the machine, without secrets, and beside them
    what each of them is (`collected.txt`). The end of a log begins with a whole line. Raises OSError."""
    written = []
    told = list(notes)
    for file in files:
        offer = file.offer
        states = [file.why] if file.why else []
        if offer.start:
            states.append(f"its last {offer.count:,} of {offer.size:,} bytes")
        told.append(f"{offer.path}: {'; '.join(states) or 'whole'}; SHA-256 of these bytes {offer.digest}")
        if not file.content:
            continue
        target = folder.joinpath(*safe_parts(offer.path))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_without_secrets(_whole_lines(file.content) if offer.start else file.content))
        written.append(target)
    told += [f"{offer.path}: not fetched, it would take too many calls ({offer.packed:,} bytes)" for offer in left_out]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    return written


def safe_parts(path: str) -> tuple[str, ...]:
    """The folders and the name of a file of a machine, so that they lead nowhere else and can be made anywhere."""
    pieces = [_UNSAFE.sub("_", piece).strip(". ") for piece in re.split(r"[/\\]", path)]
    kept = [piece[:100] for piece in pieces if piece]
    if re.match(r"[A-Za-z]:", path):
        kept = kept[1:]
    return tuple(kept) or ("unnamed",)


def _rows(output: str) -> tuple[list[dict[str, Any]], str]:
    """The objects of an answer before its end, and what is wrong with it."""
    rows: list[dict[str, Any]] = []
    for line in output.splitlines():
        try:
            row = msgspec.json.decode(line.strip())
        except (msgspec.DecodeError, UnicodeError):
            continue
        if not isinstance(row, dict):
            continue
        if row.get("c") == "end":
            is_whole = row.get("n") == len(rows)
            return rows, "" if is_whole else f"{len(rows)} of {row.get('n')} lines came"
        rows.append(row)
    return rows, "its last line is missing"


def _unpacked(packed: bytes, most: int) -> bytes:
    """What gzip packed, as far as it goes, and no more of it than was offered."""
    try:
        return zlib.decompressobj(wbits=31).decompress(packed, most)
    except zlib.error:
        return b""


def _whole_lines(content: bytes) -> bytes:
    wide = content[:4096].count(0) > len(content[:4096]) // 4
    end = b"\n\0" if wide else b"\n"
    at = content.find(end)
    return content[at + len(end) :] if at >= 0 else content


def _without_secrets(content: bytes) -> bytes:
    wide = content[:4096].count(0) > len(content[:4096]) // 4
    encoding = "utf-16-le" if wide else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = "latin-1"
        text = content.decode(encoding)
    return "".join(map(redact, text.splitlines(keepends=True))).encode(encoding)
