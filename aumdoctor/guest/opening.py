"""Files, folders and archives opened as artefacts.

Nothing of an archive is written under its own name, so that no name in it can do harm. How much is unpacked is limited
by the size of the archive that lies on the disk; what is left out is told.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import posixpath
import re
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from itertools import pairwise
from pathlib import Path, PurePath
from typing import BinaryIO, cast

import msgspec

from aumdoctor.guest.artefact import Artefact
from aumdoctor.model.guest import Reading, Source

HEAD = 4096

_PIECE = 1 << 16
_IN_MEMORY = 4 << 20
_LARGEST_DIRECTORY = 16 << 20
_LARGEST_HEADER = 1 << 20
_LOCAL_HEADER = 30
"""The bytes of a zip before each entry's name, at least."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is looked at.

    Of an archive on the disk no more is unpacked, nested archives included, than `ratio` times its size, at least
    `unpacked_anyway` and at most `unpacked` bytes. `entries` counts the files of one folder or archive that was given,
    `depth` archives inside archives. `records` is how many records one artefact may give.
    """

    unpacked: int = 16 << 30
    unpacked_anyway: int = 1 << 30
    ratio: int = 200
    entries: int = 100_000
    depth: int = 3
    records: int = 200_000


class _Allowance:
    """What may still be unpacked, and how many files may still be looked at."""

    def __init__(self, limits: Limits, size: int) -> None:
        self.depth = limits.depth
        self.entries = limits.entries
        self.most = min(limits.unpacked, max(limits.unpacked_anyway, limits.ratio * size))
        self.left = self.most

    @property
    def why_no_more(self) -> str:
        return f"it unpacks to more than {self.most:,} bytes; the rest is not looked at"


class _Meter:
    """What was unpacked of one entry, by all streams of it, and why one of them ended early."""

    def __init__(self, allowance: _Allowance) -> None:
        self.allowance = allowance
        self.furthest = 0
        self.why = ""


class _Unpacking(io.RawIOBase):
    """A stream that ends where unpacking fails or the allowance does: what came before stands, the meter says why."""

    def __init__(self, source: BinaryIO, meter: _Meter) -> None:
        super().__init__()
        self._source = source
        self._meter = meter
        self._position = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._ended:
            return 0
        meter = self._meter
        wanted = min(len(buffer), meter.furthest + meter.allowance.left - self._position)
        try:
            # One step of the decompressor at a time: an error in the next one does not take this one's bytes along.
            data: bytes = self._source.read1(max(wanted, 1))  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - decompressors raise what they like on damaged bytes
            meter.why = f"it is damaged: {_reason(error)}"
            data = b""
        if data and wanted <= 0:
            meter.why = meter.allowance.why_no_more
            data = b""
        self._ended = not data
        buffer[: len(data)] = data
        self._position += len(data)
        if self._position > meter.furthest:
            meter.allowance.left -= self._position - meter.furthest
            meter.furthest = self._position
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def artefacts(
    paths: Iterable[Path], *, limits: Limits | None = None, seen: set[tuple[int, int]] | None = None
) -> Iterator[Artefact | Source]:
    """The artefacts in files, folders and archives (zip, tar, gzip, bzip2, xz; each inside the other), in the order of
    their names.

    An artefact can be opened until the next one is asked for. A `Source` tells of what is no artefact: it could not be
    opened, or is left out. Where it has the path of the artefact before it, that one's bytes ended early. Links are not
    followed. `seen` holds the device and inode of each file on the disk, so that none is given twice.

    Raises nothing: what cannot be opened is told.
    """
    limits = limits or Limits()
    seen = set() if seen is None else seen
    for path in paths:
        if path.is_dir():
            yield from _folder(path, limits, seen)
        else:
            yield from _file(path, shown(path.as_posix()), (path.name,), limits, seen)


def shown(name: str) -> str:
    """A name of a file without what a terminal would obey or cannot show."""
    return "".join(
        each if each.isprintable() or unicodedata.category(each) == "Zs" else each.encode("unicode_escape").decode()
        for each in name
    )


def _folder(folder: Path, limits: Limits, seen: set[tuple[int, int]]) -> Iterator[Artefact | Source]:
    troubles: list[OSError] = []
    left = limits.entries
    for root, below, names in os.walk(folder, onerror=troubles.append):
        below.sort()
        names.sort()
        siblings = tuple(shown(name) for name in names)
        for name in (*(each for each in below if (Path(root) / each).is_symlink()), *names):
            path = Path(root) / name
            said = shown(path.as_posix())
            if path.is_symlink():
                # A link to what lies inside is read where it lies.
                if not _is_inside(path, folder):
                    yield _left_out(said, "it is a link that leads out of the folder")
                continue
            if left == 0:
                why = f"it holds more than {limits.entries:,} files; the rest is not looked at"
                yield Source(file=shown(folder.as_posix()), reading=Reading.PARTLY, why=why)
                return
            left -= 1
            yield from _file(path, said, siblings, limits, seen)
    for trouble in troubles:
        where = str(trouble.filename or folder)
        yield _left_out(shown(PurePath(where).as_posix()), f"the folder cannot be read: {_reason(trouble)}")


def _is_inside(link: Path, folder: Path) -> bool:
    try:
        return link.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def _file(
    path: Path, said: str, siblings: tuple[str, ...], limits: Limits, seen: set[tuple[int, int]]
) -> Iterator[Artefact | Source]:
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            yield _left_out(said, "it is neither a file nor a folder")
            return
        if (state.st_dev, state.st_ino) in seen:
            return
        if state.st_ino:
            seen.add((state.st_dev, state.st_ino))
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except (OSError, ValueError) as error:
        yield _left_out(said, f"it cannot be read: {_reason(error)}")
        return

    def opened() -> BinaryIO:
        return path.open("rb")

    artefact = Artefact(path=said, head=head, size=state.st_size, open=opened, siblings=siblings)
    yield from _expanded(artefact, _Allowance(limits, state.st_size), 0)


def _left_out(file: str, why: str) -> Source:
    return Source(file=file, reading=Reading.UNREADABLE, why=why)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


_SINGLE: dict[str, Callable[[BinaryIO], BinaryIO]] = {
    "gzip": lambda stream: cast(BinaryIO, gzip.GzipFile(fileobj=stream)),
    "bzip2": lambda stream: cast(BinaryIO, bz2.BZ2File(stream)),
    "xz": lambda stream: cast(BinaryIO, lzma.LZMAFile(stream)),  # noqa: SIM115 - whoever opens the artefact closes it
}
_SUFFIXES = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".gz": "", ".bz2": "", ".xz": ""}
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"MSCF\0\0\0\0", "cabinet"),
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")


def _kind(head: bytes) -> str:
    for mark, kind in _MAGIC:
        if head.startswith(mark):
            return kind
    if _BZIP2.match(head):
        return "bzip2"
    return "tar" if _is_tar(head) else ""


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True


def _expanded(artefact: Artefact, allowance: _Allowance, depth: int) -> Iterator[Artefact | Source]:
    kind = _kind(artefact.head)
    if not kind:
        yield artefact
    elif kind not in ("zip", "tar", *_SINGLE):
        yield _left_out(artefact.path, f"{kind} archives are not opened here: unpack it and give the folder")
    elif depth >= allowance.depth:
        yield _left_out(artefact.path, f"an archive inside {depth} others is not opened")
    else:
        inside = _zip if kind == "zip" else _tar if kind == "tar" else _single
        try:
            yield from inside(artefact, allowance, depth + 1)
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - archive libraries raise what they like on damaged bytes
            yield _left_out(artefact.path, f"the archive cannot be read: {_reason(error)}")


def _entry(artefact: Artefact, meter: _Meter, depth: int) -> Iterator[Artefact | Source]:
    yield from _expanded(artefact, meter.allowance, depth)
    if meter.why:
        yield Source(file=artefact.path, reading=Reading.PARTLY, why=meter.why)


def _metered(unpack: Callable[[], BinaryIO], meter: _Meter) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        try:
            source = unpack()
        except Exception as error:  # noqa: BLE001 - as above
            meter.why = f"it cannot be unpacked: {_reason(error)}"
            source = io.BytesIO()
        return cast(BinaryIO, io.BufferedReader(_Unpacking(source, meter), _PIECE))

    return opened


def _head(opened: Callable[[], BinaryIO]) -> bytes:
    with opened() as stream:
        return stream.read(HEAD)


def _inner_name(name: str) -> str:
    """A name inside an archive: relative, with slashes, without steps upwards, a drive being a folder."""
    parts = re.sub(r"^([A-Za-z]):(?=[\\/])", r"\1", name).replace("\\", "/").split("/")
    return shown("/".join(part for part in parts if part not in ("", ".", ".."))) or "unnamed"


def _families(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folder, last = posixpath.split(name)
        found[folder].append(last)
    return {folder: tuple(sorted(lasts)) for folder, lasts in found.items()}


# -- one compressed file -----------------------------------------------------------------------------------------------


def _single(artefact: Artefact, allowance: _Allowance, depth: int) -> Iterator[Artefact | Source]:
    unpack = _SINGLE[_kind(artefact.head)]
    meter = _Meter(allowance)
    opened = _metered(lambda: _closing_both(unpack, artefact.open()), meter)
    head = _head(opened)
    if _is_tar(head):
        tar = msgspec.structs.replace(artefact, head=head, size=None, open=opened)
        yield from _tar(tar, allowance, depth)
        if meter.why:
            yield Source(file=artefact.path, reading=Reading.PARTLY, why=meter.why)
        return
    stem, suffix = posixpath.splitext(artefact.name)
    name = stem + _SUFFIXES[suffix.lower()] if suffix.lower() in _SUFFIXES else artefact.name
    path = f"{artefact.path}!/{name}"
    yield from _entry(Artefact(path=path, head=head, size=None, open=opened, siblings=(name,)), meter, depth)


def _closing_both(unpack: Callable[[BinaryIO], BinaryIO], packed: BinaryIO) -> BinaryIO:
    source = unpack(packed)
    close = source.close

    def close_both() -> None:
        close()
        packed.close()

    source.close = close_both  # type: ignore[method-assign]
    return source


# -- tar ---------------------------------------------------------------------------------------------------------------


def _tar(artefact: Artefact, allowance: _Allowance, depth: int) -> Iterator[Artefact | Source]:
    families = _families(_inner_name(member.name) for member, _ in _members(artefact, [], allowance.entries + 1))
    skipped: list[str] = []
    troubles: list[str] = []
    count = 0
    for member, stream in _members(artefact, troubles, allowance.entries + 1):
        name = _inner_name(member.name)
        path = f"{artefact.path}!/{name}"
        if member.isdir():
            continue
        if not member.isreg():
            skipped.append(name)
            continue
        if allowance.entries == 0:
            troubles.append("it holds too many files; the rest is not looked at")
            break
        allowance.entries -= 1
        count += 1
        meter = _Meter(allowance)
        if member.issparse():
            # It may stand for far more bytes than the archive holds.
            stream = _metered(lambda source=stream: source, meter)()  # type: ignore[misc]
        with ExitStack() as stack:
            try:
                opened, length = _kept(stream, stack)
            except OSError as error:
                yield _left_out(path, f"it cannot be unpacked: {_reason(error)}")
                break
            if length < member.size and not meter.why:
                meter.why = f"only {length:,} of its {member.size:,} bytes are there"
            siblings = families.get(posixpath.dirname(name), ())
            inner = Artefact(path=path, head=_head(opened), size=length, open=opened, siblings=siblings)
            yield from _entry(inner, meter, depth)
    if skipped:
        some = ", ".join(skipped[:5]) + (", …" if len(skipped) > 5 else "")
        troubles.append(f"links and devices are not read ({len(skipped)}: {some})")
    if troubles:
        yield Source(file=artefact.path, reading=Reading.PARTLY, why="; ".join(troubles))
    elif not count:
        yield _left_out(artefact.path, "it holds no files")


def _members(artefact: Artefact, troubles: list[str], most: int) -> Iterator[tuple[tarfile.TarInfo, BinaryIO]]:
    """The members of a tar in the order in which they come, each with its stream, which is gone at the next one."""

    class Member(tarfile.TarInfo):
        """A header that tells where it is damaged, where tarfile takes that for the end, and that is not endless."""

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Member:
            try:
                member = super().frombuf(buf, encoding, errors)
            except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
                raise
            except tarfile.HeaderError as error:
                troubles.append(f"it is damaged or cut off: {_reason(error)}")
                raise
            is_entry = member.isreg() or member.isdir() or member.islnk() or member.issym() or member.isdev()
            if not is_entry and member.size > _LARGEST_HEADER:
                raise tarfile.ReadError("a header that is too large")
            return member

    with closing(artefact.open()) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|", tarinfo=Member, errors="surrogateescape") as archive:
                for _ in range(most):
                    member = archive.next()
                    if member is None:
                        return
                    # Members that were passed are of no more use, and there may be many.
                    archive.members = []  # type: ignore[attr-defined]
                    yield member, cast(BinaryIO, archive.extractfile(member) if member.isreg() else io.BytesIO())
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - tarfile raises what it likes on damaged bytes
            troubles.append(f"it is damaged or cut off: {_reason(error)}")


def _kept(stream: BinaryIO, stack: ExitStack) -> tuple[Callable[[], BinaryIO], int]:
    """Bytes that come once, kept until the stack is closed: small ones in memory, else in a temporary file.

    Returns how to open them and how many there are. What cannot be read ends them.
    """
    data = _read(stream, _IN_MEMORY)
    if len(data) < _IN_MEMORY:
        return (lambda: io.BytesIO(data)), len(data)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aumdoctor-", ignore_cleanup_errors=True))
    path = Path(folder) / "entry"
    length = 0
    with path.open("wb") as file:
        while data:
            file.write(data)
            length += len(data)
            data = _read(stream, _PIECE)
    return (lambda: path.open("rb")), length


def _read(stream: BinaryIO, most: int) -> bytes:
    pieces: list[bytes] = []
    with suppress(tarfile.TarError, OSError, EOFError, zlib.error):
        while most and (piece := stream.read(min(most, _PIECE))):
            pieces.append(piece)
            most -= len(piece)
    return b"".join(pieces)


# -- zip ---------------------------------------------------------------------------------------------------------------


def _zip(artefact: Artefact, allowance: _Allowance, depth: int) -> Iterator[Artefact | Source]:
    with ExitStack() as stack:
        stream = stack.enter_context(artefact.open())
        if not stream.seekable():
            opened, _ = _kept(stream, stack)
            stream = stack.enter_context(opened())
        try:
            size = _directory_size(stream)
            if size > _LARGEST_DIRECTORY:
                yield _left_out(artefact.path, f"its list of files has {size:,} bytes: too many")
                return
            archive = stack.enter_context(zipfile.ZipFile(stream))
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
            yield from _salvaged(artefact, stream, _reason(error), allowance, depth)
            return
        yield from _zip_entries(artefact, archive, allowance, depth)


def _zip_entries(
    artefact: Artefact, archive: zipfile.ZipFile, allowance: _Allowance, depth: int
) -> Iterator[Artefact | Source]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    names = _named_apart([_inner_name(_zip_name(info)) for info in infos])
    entries = sorted(zip(names, infos, strict=True), key=lambda entry: entry[0])
    families = _families(names)
    overlapping = _overlapping(infos)
    if not entries:
        yield _left_out(artefact.path, "it holds no files")
    for name, info in entries:
        path = f"{artefact.path}!/{name}"
        if allowance.entries == 0 or allowance.left <= 0:
            why = "it holds too many files; the rest is not looked at" if allowance.left > 0 else allowance.why_no_more
            yield Source(file=artefact.path, reading=Reading.PARTLY, why=why)
            return
        allowance.entries -= 1
        if stat.S_ISLNK(info.external_attr >> 16):
            yield _left_out(path, "it is a link")
            continue
        if id(info) in overlapping:
            yield _left_out(path, "its bytes overlap those of another file, as in an archive that unpacks to far more")
            continue
        if info.flag_bits & 0x1:
            yield _left_out(path, "it is encrypted: unpack the archive and give the folder")
            continue
        meter = _Meter(allowance)
        opened = _metered(lambda info=info: cast(BinaryIO, archive.open(info)), meter)  # type: ignore[misc]
        head = _head(opened)
        siblings = families.get(posixpath.dirname(name), ())
        inner = Artefact(path=path, head=head, size=info.file_size, open=opened, siblings=siblings)
        if meter.why and not head:
            yield _left_out(path, meter.why)
            continue
        yield from _entry(inner, meter, depth)


def _named_apart(names: list[str]) -> list[str]:
    """The names, each once: a name that comes again is put into a folder (2), (3) and so on."""
    taken = set(names)
    times: dict[str, int] = {}
    apart: list[str] = []
    for name in names:
        number = times.get(name, 0) + 1
        while number > 1 and f"({number})/{name}" in taken:
            number += 1
        times[name] = number
        apart.append(name if number == 1 else f"({number})/{name}")
        taken.add(apart[-1])
    return apart


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """The ids of entries that reach into the next one. Of some at one place the last is not among them."""
    placed = sorted(infos, key=lambda info: info.header_offset)
    return {
        id(info)
        for info, after in pairwise(placed)
        if info.header_offset + _LOCAL_HEADER + info.compress_size > after.header_offset
    }


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry. Windows writes names in the machine's code page without saying so."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    with suppress(UnicodeError):
        written = info.filename.encode("cp437")
        for encoding in ("utf-8", "cp932"):
            with suppress(UnicodeError):
                return written.decode(encoding)
    return info.filename


def _directory_size(stream: BinaryIO) -> int:
    """The size of a zip's list of files, as its end says. zipfile holds that list in memory."""
    end = stream.seek(0, io.SEEK_END)
    start = stream.seek(max(0, end - (1 << 16) - 22))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("its end is missing")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if size == 0xFFFFFFFF and tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        stream.seek(int.from_bytes(tail[at - 12 : at - 4], "little"))
        size = int.from_bytes(stream.read(48)[40:48], "little")
    return min(size, start + len(tail))


def _salvaged(
    artefact: Artefact, stream: BinaryIO, why: str, allowance: _Allowance, depth: int
) -> Iterator[Artefact | Source]:
    """The entries of a zip without its end (a download that broke off), one after the other from its start."""
    at = 0
    found: list[str] = []
    while allowance.entries > 0 and allowance.left > 0:
        stream.seek(at)
        header = stream.read(30)
        if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
            break
        flags, method = (int.from_bytes(header[place : place + 2], "little") for place in (6, 8))
        packed = int.from_bytes(header[18:22], "little")
        name_length, extra = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
        written = stream.read(name_length)
        start = at + 30 + name_length + extra
        name = _inner_name(written.decode("utf-8" if flags & 0x800 else "cp437", errors="replace"))
        size_is_known = not flags & 0x8
        path = f"{artefact.path}!/{name}"
        stream.seek(start)
        allowance.entries -= 1
        with ExitStack() as stack:
            if flags & 0x1 or method not in (0, 8) or (method == 0 and not size_is_known):
                yield _left_out(path, "it is encrypted, or packed in a way that cannot be read without the list")
                if not size_is_known:
                    break
                at = start + packed
                continue
            source = _Inflating(stream) if method == 8 else _Part(stream, packed)
            meter = _Meter(allowance)
            opened, length = _kept(_metered(lambda source=source: source, meter)(), stack)  # type: ignore[misc]
            at = start + packed if size_is_known else _next_header(stream, start + source.consumed)
            if not source.whole and not meter.why:
                meter.why = "it is cut off"
            if not name.endswith("/") and (length or written[-1:] not in (b"/", b"\\")):
                found.append(name)
                siblings = tuple(posixpath.basename(each) for each in found)
                inner = Artefact(path=path, head=_head(opened), size=length, open=opened, siblings=siblings)
                yield from _entry(inner, meter, depth)
    if found:
        why = f"it is damaged ({why}); {len(found)} of its files could be read"
        yield Source(file=artefact.path, reading=Reading.PARTLY, why=why)
    else:
        yield _left_out(artefact.path, f"the archive cannot be read: {why}")


def _next_header(stream: BinaryIO, at: int) -> int:
    """Where the next entry begins, behind the sizes that may follow the bytes of the one before."""
    stream.seek(at)
    return at + max(stream.read(64).find(b"PK\x03\x04"), 0)


class _Inflating(io.BytesIO):
    """Deflated bytes in the middle of a stream. `consumed` is how many packed bytes they were, `whole` whether their
    end came."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self.consumed = 0

    @property
    def whole(self) -> bool:
        return self._inflater.eof

    def read1(self, size: int | None = -1, /) -> bytes:
        most = max(size or 0, 1)
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._stream.read(_PIECE)
            if not packed:
                break
            data = self._inflater.decompress(packed, most)
            self.consumed += len(packed) - len(self._inflater.unconsumed_tail) - len(self._inflater.unused_data)
            if data:
                return data
        return b""


class _Part(io.BytesIO):
    """So many bytes of a stream."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = length
        self.consumed = 0

    @property
    def whole(self) -> bool:
        return self._left == 0

    def read1(self, size: int | None = -1, /) -> bytes:
        data = self._stream.read(min(max(size or 0, 0), self._left))
        self._left -= len(data)
        self.consumed += len(data)
        return data
