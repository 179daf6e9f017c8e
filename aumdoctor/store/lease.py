"""The lease: what keeps two unattended runs from acting at once.

A file of one JSON object `{"format": "aumdoctor-lease", "version": 1, …}` with the members of `Holder`. It is made with
O_EXCL, says until when it holds, and is renewed from a thread while the run goes on. One whose time is over, or whose
process on this host is gone, is taken over. Whoever reads and rewrites the file holds a lock of the operating system on
it meanwhile, so that two runs cannot both take over the same lease; on a share that does not pass such locks on, what
was written is read again before it is believed.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.errors import AumDoctorError, UsageError

FORMAT: Final = "aumdoctor-lease"
VERSION: Final = 1
DEFAULT_NAME: Final = "aumdoctor-lease.json"
DURATION: Final = timedelta(minutes=10)
"""How long a lease holds without being renewed. The clocks of the hosts that share one may differ by half of it."""

_RENEWALS = 10
"""How often a lease is renewed in the time that it holds."""
_UNWRITTEN = timedelta(seconds=30)
"""How long an empty file may be one that somebody is about to write into."""
_LARGEST = 64 * 1024
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


_OF_THIS_PROCESS: set[str] = set()
"""The tokens of the leases that this very process holds."""


class HeldError(AumDoctorError):
    """Another run holds the lease."""

    exit_code = 3


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lease: `token` is of this one run, `pid` is a process of `host`. `processes` names the table of
    processes that `pid` is from (two containers may bear one host name), None where that cannot be told."""

    format: str = FORMAT
    version: int = VERSION
    tool: str = ""
    host: str
    pid: int
    processes: str | None = None
    token: str
    started_at: Annotated[datetime, Meta(tz=True)]
    expires_at: Annotated[datetime, Meta(tz=True)]


class Lease:
    """A lease on a file, held from entering the context to leaving it, also by an error or Ctrl-C.

    Entering raises HeldError where another run has it, and UsageError where the file cannot be written or is something
    else. `taken_over` then says in a sentence whose lease it was, where it was anybody's. `on_lost` is called once,
    from a thread, where the lease could not be renewed in time or somebody else has it: the run must end.
    """

    def __init__(
        self,
        path: Path,
        now: Callable[[], datetime],
        on_lost: Callable[[str], None],
        *,
        duration: timedelta = DURATION,
    ) -> None:
        self.path = path
        self.taken_over = ""
        self._now = now
        self._on_lost = on_lost
        self._duration = duration
        self._ended = threading.Event()
        self._renewer: threading.Thread | None = None
        self._holder: Holder | None = None

    @property
    def place(self) -> str:
        """Where it is kept."""
        return self.path.absolute().as_posix()

    @property
    def token(self) -> str:
        """What names this one holding of the lease; empty before it was entered."""
        return self._holder.token if self._holder is not None else ""

    def __enter__(self) -> Lease:
        began = self._now()
        self._holder = Holder(
            tool=f"aumdoctor {__version__}",
            host=socket.gethostname(),
            pid=os.getpid(),
            processes=_processes(),
            token=secrets.token_hex(16),
            started_at=began,
            expires_at=began + self._duration,
        )
        _OF_THIS_PROCESS.add(self._holder.token)
        try:
            self._acquire(self._holder)
        except OSError as error:
            raise UsageError(
                f"the lease {self.path} cannot be written: {error.strerror or error}",
                advice="name a file that can be written with --lease: nothing is changed without one",
            ) from error
        self._renewer = threading.Thread(target=self._keep, name="aumdoctor-lease", daemon=True)
        self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._renewer is not None:
            self._renewer.join()
        with suppress(OSError):
            self._release()
        _OF_THIS_PROCESS.discard(self.token)

    def _acquire(self, mine: Holder) -> None:
        with _opened(self.path, make=True) as (file, is_new):
            content = b"" if is_new else _content(file)
            if not is_new:
                self.taken_over = self._judge(content, datetime.fromtimestamp(os.fstat(file).st_mtime, UTC))
            _write(file, mine)
        if self._read() != mine:
            raise HeldError(
                "another run took the lease at the same moment", advice="it does what this one would have done"
            )

    def _judge(self, content: bytes, written_at: datetime) -> str:
        """What to say about a lease that may be taken over. Raises HeldError for one that may not, and UsageError."""
        now = self._now()
        if not content.strip():
            if now - written_at < _UNWRITTEN:
                raise HeldError(f"another run is just taking the lease {self.path}", advice="try again in a minute")
            return ""
        other = _decoded(content)
        if other is None:
            if FORMAT.encode() not in content:
                raise UsageError(f"{self.path} is no lease", advice="name another file with --lease")
            if now - written_at < self._duration:
                raise HeldError(f"the lease {self.path} is held, and is damaged", advice="try again in some minutes")
            return f"the lease {self.path} was damaged and is older than a lease lasts"
        since = f"{other.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        who = f"process {other.pid} on {other.host}"
        if other.expires_at <= now:
            until = f"{other.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            return f"the lease of {who}, which began at {since}, was not renewed and ended at {until}"
        if _is_gone(other):
            return f"the lease of {who}, which began at {since}, was left behind: the process is gone"
        raise HeldError(
            f"another run holds the lease {self.path} since {since}: {who}",
            advice="let it end; where that host is gone, the lease ends by itself at "
            f"{other.expires_at.astimezone(UTC):%H:%M} UTC",
        )

    def _keep(self) -> None:
        """Renew until the run ends. A renewal that fails is tried again as long as the lease still holds."""
        pause = self._duration.total_seconds() / _RENEWALS
        while not self._ended.wait(pause):
            try:
                reason = self._renew()
            except OSError as error:
                mine = self._holder
                overdue = mine is None or self._now() >= mine.expires_at - self._duration / _RENEWALS
                reason = f"the lease could not be renewed: {error.strerror or error}" if overdue else ""
            if reason:
                self._on_lost(reason)
                return

    def _renew(self) -> str:
        """Why the lease is not this run's any more; empty where it was renewed."""
        mine = self._holder
        if mine is None:
            return "there is no lease"
        with _opened(self.path) as (file, _):
            if _decoded(_content(file)) != mine:
                return f"somebody else has taken the lease {self.path}"
            self._holder = msgspec.structs.replace(mine, expires_at=self._now() + self._duration)
            _write(file, self._holder)
        return ""

    def _release(self) -> None:
        with _opened(self.path) as (file, _):
            other = _decoded(_content(file))
            if other is None or self._holder is None or other.token != self._holder.token:
                return
            os.ftruncate(file, 0)
            with suppress(OSError):  # Windows does not delete a file that is open
                self.path.unlink()
                return
            os.utime(self.path, (0, 0))

    def _read(self) -> Holder | None:
        with _opened(self.path) as (file, _):
            return _decoded(_content(file))


@contextmanager
def _opened(path: Path, *, make: bool = False) -> Iterator[tuple[int, bool]]:
    """The file's descriptor under a lock, and whether it is new. Raises OSError."""
    while True:
        file, is_new = _open(path, make=make)
        try:
            _lock(file)
            # Whoever had it before may have deleted it meanwhile; a lock on a file without a name keeps nobody out.
            if _is_same(file, path):
                yield file, is_new
                return
        finally:
            with suppress(OSError):
                _unlock(file)
            os.close(file)


def _open(path: Path, *, make: bool) -> tuple[int, bool]:
    if make:
        with suppress(FileExistsError):
            return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o644), True
    return os.open(path, _FLAGS | (os.O_CREAT if make else 0), 0o644), False


def _is_same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _content(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    return os.read(file, _LARGEST)


def _write(file: int, holder: Holder) -> None:
    content = msgspec.json.format(msgspec.json.encode(holder), indent=2) + b"\n"
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, content)
    os.ftruncate(file, len(content))
    with suppress(OSError):  # not every share can
        os.fsync(file)


def _decoded(content: bytes) -> Holder | None:
    try:
        holder = msgspec.json.decode(content, type=Holder)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return holder if (holder.format, holder.version) == (FORMAT, VERSION) else None


def _processes() -> str | None:
    """What names the table of processes that this one is in: on Linux the boot and the namespace of process ids."""
    if sys.platform == "win32":
        return None  # there is no harmless way to ask whether a process is there
    if sys.platform != "linux":
        return socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _is_gone(holder: Holder) -> bool:
    """Whether the process of a holder is surely not there any more. One number names one process at a time, so that a
    holder with the number of this process is this one or an earlier one."""
    if holder.processes is None or holder.processes != _processes():
        return False
    if holder.pid == os.getpid() or holder.pid <= 0:
        return holder.token not in _OF_THIS_PROCESS
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30

    def _lock(file: int) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)

    def _unlock(file: int) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        # A share without locks: O_EXCL and reading again are left.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
