"""Runs a command as a user does, in a process of its own, and says what that process took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

COMMAND = (sys.executable, "-m", "aumdoctor")
_KIB_PER_UNIT = 1 / 1024 if sys.platform == "darwin" else 1.0
"""ru_maxrss is in bytes on macOS, in KiB elsewhere."""


class Cost(NamedTuple):
    """Seconds from start to end, seconds of CPU of the process alone, and its peak resident memory in MiB."""

    wall: float
    cpu: float
    peak_mib: float


def cost_of(command: Sequence[str], environment: Mapping[str, str] | None = None, *, ends_with: int = 0) -> Cost:
    """Run a command in an empty folder, without the caller's AUMDOCTOR_* variables, and measure it.

    Raises RuntimeError with what it said where it ends with another code than `ends_with`.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("AUMDOCTOR_")}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env={**own, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != ends_with:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said.read()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _KIB_PER_UNIT / 1024)
