"""Saved estates: what one scan saw, written so that it can be judged again, offline, with the same result.

A file is one JSON object `{"format": "aumdoctor-estate", "version": 1, "tool": …, "estate": {…}}`, compressed with
zstandard where its name ends in `.zst`. It holds names and settings of machines but no secret: an estate has no field
for a token or a password. The version counts up when an older program could no longer read what a newer one writes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import zstandard

from aumdoctor import __version__
from aumdoctor.errors import UsageError
from aumdoctor.model.estate import Estate

FORMAT: Final = "aumdoctor-estate"
VERSION = 1

_ROWS_A_PIECE = 1000
_ZSTANDARD_MAGIC = b"\x28\xb5\x2f\xfd"


class _Header(msgspec.Struct, frozen=True):
    format: str | None = None
    version: int | None = None
    tool: str = ""


class _SavedEstate(msgspec.Struct, frozen=True, kw_only=True):
    estate: Estate


def save(path: Path, estate: Estate) -> None:
    """Write an estate, readable by its owner only. The file is there whole or not at all.

    Raises UsageError where the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            _write(file, estate, compressed=path.suffix == ".zst")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}", advice="choose a folder that exists and can be written"
        ) from error


def _write(file: BinaryIO, estate: Estate, *, compressed: bool) -> None:
    """The document piece by piece: the whole of a large estate as one text would double what it takes in memory."""
    if compressed:
        with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as packed:
            for piece in _pieces(estate):
                packed.write(piece)
        return
    for piece in _pieces(estate):
        file.write(piece)


def _pieces(estate: Estate) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    yield encode(_Header(format=FORMAT, version=VERSION, tool=f"aumdoctor {__version__}"))[:-1] + b',"estate":{'
    for position, name in enumerate(estate.__struct_fields__):
        value = getattr(estate, name)
        yield (b"," if position else b"") + encode(name) + b":"
        if not isinstance(value, tuple):
            yield encode(value)
            continue
        yield b"["
        for start in range(0, len(value), _ROWS_A_PIECE):
            yield (b"," if start else b"") + encode(value[start : start + _ROWS_A_PIECE])[1:-1]
        yield b"]"
    yield b"}}"


def load(path: Path) -> Estate:
    """Read a saved estate, compressed or not, whatever its name.

    Raises UsageError where it is absent, no saved estate, damaged, or written by a newer version.
    """
    try:
        document = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}", advice="write one with: aumdoctor scan … --save FILE"
        ) from error
    if document.startswith(_ZSTANDARD_MAGIC):
        document = _unpack(path, document)
    header = _header(path, document)
    if header.version is not None and header.version > VERSION:
        raise UsageError(
            f"{path} was written by {header.tool or 'a newer aumdoctor'} in format version {header.version}; "
            f"this is aumdoctor {__version__}, which reads up to version {VERSION}",
            advice="update aumdoctor",
        )
    try:
        return msgspec.json.decode(document, type=_SavedEstate).estate
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{path} is a saved estate but its content does not fit: {error}",
            advice="scan again with --save; the file may have been edited",
        ) from error


def _unpack(path: Path, packed: bytes) -> bytes:
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    try:
        document = unpacker.decompress(packed)
    except zstandard.ZstdError as error:
        raise _damaged(path) from error
    # A stream that was cut off between two blocks unpacks without an error, only to less than it was.
    if not unpacker.eof:
        raise _damaged(path)
    return document


def _damaged(path: Path) -> UsageError:
    return UsageError(f"{path} is damaged or cut off", advice="copy it again, or scan again with --save")


def _header(path: Path, document: bytes) -> _Header:
    try:
        header = msgspec.json.decode(document, type=_Header)
    except msgspec.ValidationError:
        header = _Header()
    except msgspec.DecodeError as error:
        if document.lstrip()[:1] == b"{" and FORMAT.encode() in document[:200]:
            raise _damaged(path) from error
        header = _Header()
    if header.format != FORMAT or header.version is None:
        raise UsageError(f"{path} is no saved estate", advice="--from takes a file that aumdoctor scan --save wrote")
    return header
