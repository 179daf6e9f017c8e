"""The journal: what was about to be written to Azure, and what became of it, one line of JSON for each step.

Lines are only ever added, each with one write that is on the disk before the next step is taken: so after a crash the
journal still tells what may have been done. A line is an object

    {"format": "aumdoctor-journal", "version": 1, "at": "2026-06-12T22:40:00Z", "event": "intent", …}

whose members are those of `Entry`. All text in it is ASCII: what came from Azure is escaped as JSON escapes it, so that
a name cannot break a line or steer a terminal. It holds names and settings, but no token and no password.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

import msgspec

from aumdoctor import __version__
from aumdoctor.errors import UsageError

FORMAT: Final = "aumdoctor-journal"
VERSION: Final = 1
DEFAULT_NAME: Final = "aumdoctor-journal.jsonl"

_FOR_ADDING = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_SPECIAL_FILE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EROFS})
"""What fsync answers for a file that is not on a disk, such as a pipe."""


class RecordedAction(msgspec.Struct, frozen=True, kw_only=True):
    """A request: `path` begins with a slash and has no query."""

    name: str
    method: str
    path: str
    api_version: str
    body: Any = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal, but for its head.

    `event` is `intent` before a request, `result` after it, and `outcome` at the end of an action, which has one `id`
    over all its lines. `target` is the id of the resource, `why` what led to the action, `principal` who acted (by the
    claims of the token), `before` and `after` the resource as Azure showed it (null: it did not exist, or was not
    read), `status` the HTTP status (null: no answer came), `error` what Azure or the network said.
    """

    at: datetime
    event: Literal["intent", "result", "outcome"]
    id: str
    action: RecordedAction
    target: str
    attempt: int = 1
    client_request_id: str | None = None
    why: Any = None
    principal: Any = None
    before: Any = None
    status: int | None = None
    request_id: str | None = None
    error: Any = None
    after: Any = None
    said: str | None = None


class Journal:
    """A journal that is open for adding lines. Use it as a context manager.

    Opening it makes the file, readable by its owner only, where there is none. Raises UsageError where that cannot be
    done, and for a line that cannot be written; after such a line it takes no more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._failed = False
        try:
            self._descriptor = os.open(path, _FOR_ADDING, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            os.close(self._descriptor)

    def add(self, entry: Entry) -> None:
        """Write one line, and come back when it is on the disk. Raises UsageError."""
        if self._failed:
            raise UsageError(f"the journal {self.path} takes no more since a line of it could not be written")
        head = {"format": FORMAT, "version": VERSION, "tool": f"aumdoctor {__version__}"}
        line = json.dumps(head | msgspec.to_builtins(entry), ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        try:
            # What follows a line that was cut off by a crash or a full disk begins a new one.
            line = b"\n" + line if self._ends_within_a_line() else line
            self._write(line)
        except OSError as error:
            self._failed = True
            raise self._unwritable(error) from error

    def _write(self, line: bytes) -> None:
        if os.write(self._descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in _SPECIAL_FILE:
                raise

    def _ends_within_a_line(self) -> bool:
        if os.fstat(self._descriptor).st_size == 0:
            return False
        os.lseek(self._descriptor, -1, os.SEEK_END)
        return os.read(self._descriptor, 1) != b"\n"

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"the journal {self.path} cannot be written: {error.strerror or error}",
            advice="name a file that can be written with --journal: nothing is changed without one",
        )


def entries(path: Path) -> tuple[Entry, ...]:
    """The lines of a journal in their order. One that was cut off by a crash is passed over, and so are lines that are
    not of a journal: `unreadable_lines` has their numbers.

    Raises UsageError where the file cannot be read, or was written by a later version.
    """
    return tuple(entry for _, entry in _lines(path) if entry is not None)


def unreadable_lines(path: Path) -> tuple[int, ...]:
    """The numbers of the lines, from 1, that are no lines of a journal; without a last one that has no end, which is
    what a crash leaves of a line that was never acted on. Raises UsageError as `entries` does."""
    return tuple(number for number, entry in _lines(path) if entry is None)


def _lines(path: Path) -> Iterator[tuple[int, Entry | None]]:
    if path.exists() and not path.is_file():
        # A device may have no end.
        raise UsageError(f"the journal {path} cannot be read: it is no file", advice="name the file that apply wrote")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the journal {path} cannot be read: {error.strerror or error}", advice="name the file that apply wrote"
        ) from error
    *whole, last = content.split(b"\n")
    for number, line in enumerate((*whole, last), 1):
        if not line.strip():
            continue
        try:
            head = msgspec.json.decode(line, type=_Head)
            if head.format == FORMAT and head.version > VERSION:
                raise UsageError(
                    f"the journal {path} was written by a later version ({head.tool})", advice="use that one"
                )
            yield number, msgspec.json.decode(line, type=Entry) if head.format == FORMAT else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            if number <= len(whole):
                yield number, None


class _Head(msgspec.Struct, frozen=True):
    format: str = ""
    version: int = 0
    tool: str = ""
