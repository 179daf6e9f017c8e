"""Lines and texts of artefacts in whatever encoding they are, without holding them whole."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from aumdoctor.guest.artefact import Artefact
from aumdoctor.model.redaction import redact

LONGEST_LINE = 1 << 20
"""Bytes of a line that are kept; the rest of a longer line is passed over."""

LONGEST_QUOTE = 400

_CHUNK = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BLANKS = re.compile(r"\s+")


def encoding_of(head: bytes) -> str:
    """The encoding that the first bytes show: by their byte order mark, or for UTF-16 without one by its NULs.

    Where it is "" lines are decoded one by one: as UTF-8 where they are, else as cp932 (Japanese Windows) where they
    can be, else as Latin-1.
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    pairs = head[: len(head) // 2 * 2]
    # Eight bytes at least: a short text proves nothing.
    if len(pairs) >= 8:
        low, high = pairs[0::2].count(0), pairs[1::2].count(0)
        if high > len(pairs) // 3 and low < len(pairs) // 20 + 1:
            return "utf-16-le"
        if low > len(pairs) // 3 and high < len(pairs) // 20 + 1:
            return "utf-16-be"
    return ""


def decode(data: bytes) -> str:
    """Bytes of unknown encoding as text. Never fails; trailing NULs are dropped."""
    encoding = encoding_of(data[:4096])
    text = data.decode(encoding, errors="replace") if encoding else _decode(data)
    return text.removeprefix("\ufeff").rstrip("\0")


def _decode(data: bytes) -> str:
    for encoding in ("utf-8", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def whole_text(artefact: Artefact, most: int = 16 << 20) -> tuple[str, bool]:
    """The text of a small artefact, and whether there was more of it than `most` bytes."""
    with artefact.open() as stream:
        data = stream.read(most + 1)
    return decode(data[:most]), len(data) > most


def lines(artefact: Artefact) -> Iterator[tuple[int, str]]:
    """The lines of an artefact with their numbers from 1, without their ends. Streams: no more than a line is held."""
    encoding = encoding_of(artefact.head)
    with artefact.open() as stream:
        if encoding.startswith("utf-16"):
            yield from _wide_lines(stream, encoding)
        else:
            for number, line in enumerate(_byte_lines(stream), start=1):
                yield number, _decode(line).removeprefix("\ufeff").rstrip("\0")


def _byte_lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE):
        if not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        yield line.rstrip(b"\r\n")


def _wide_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    number, held, skipping, at_start = 0, "", False, True
    while chunk := stream.read(_CHUNK):
        text = decoder.decode(chunk)
        if at_start:
            text, at_start = text.removeprefix("\ufeff"), False
        *full, held = (held + text).split("\n")
        for line in full:
            number += 1
            if not skipping:
                yield number, _end_off(line)
            skipping = False
        if len(held) > LONGEST_LINE // 2:
            if not skipping:
                yield number + 1, held[: LONGEST_LINE // 2]
            held, skipping = "", True
    last = _end_off(held + decoder.decode(b"", final=True))
    if last and not skipping:
        yield number + 1, last


def _end_off(line: str) -> str:
    return line.rstrip("\r").rstrip("\0")


def quoted(text: str) -> str:
    """A text as it is quoted: on one line, without secrets, at most 400 characters."""
    # What is far longer than what is shown need not be looked at whole.
    short = _BLANKS.sub(" ", redact(text[: 8 * LONGEST_QUOTE])).strip()
    return short if len(short) <= LONGEST_QUOTE else short[: LONGEST_QUOTE - 1] + "…"
