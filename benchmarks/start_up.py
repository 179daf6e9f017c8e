"""How long a command takes that reads nothing, and what it does not import."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import NamedTuple

from benchmarks.client import COMMAND, cost_of
from benchmarks.tables import Table

COMMANDS = (("--help",), ("scan", "--help"), ("explain", "AUM018"), ("explain", "0x8024402C"))
HEAVY = ("azure", "aiohttp", "rich", "duckdb")
_IMPORTED = """\
import contextlib, io, sys
from aumdoctor.cli.app import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(sys.argv[2:])
assert code == 0, code
print(" ".join(name for name in sys.argv[1].split(",") if name in sys.modules))
"""


class StartUp(NamedTuple):
    """A command, the median of the whole process's seconds, and which of `HEAVY` it imported."""

    command: str
    wall: float
    imported: tuple[str, ...]


def measure(*, repeats: int = 7) -> list[StartUp]:
    """Each command, and first an interpreter that does nothing, which no command can undercut."""
    bare = median(cost_of([sys.executable, "-c", "pass"]).wall for _ in range(repeats))
    measured = [StartUp("(python -c pass)", bare, ())]
    for words in COMMANDS:
        wall = median(cost_of([*COMMAND, *words]).wall for _ in range(repeats))
        measured.append(StartUp(f"aumdoctor {' '.join(words)}", wall, _imported(words)))
    return measured


def _imported(words: tuple[str, ...]) -> tuple[str, ...]:
    ended = subprocess.run(
        [sys.executable, "-c", _IMPORTED, ",".join(HEAVY), *words], capture_output=True, text=True, check=True
    )
    return tuple(ended.stdout.split())


def table(measured: list[StartUp]) -> Table:
    return Table(
        "Start-up",
        ("command", "wall s", f"imports of {', '.join(HEAVY)}"),
        [(each.command, f"{each.wall:.3f}", ", ".join(each.imported) or "none") for each in measured],
        ("Median of the whole process, start to end. Target: under 0.3 s, without the Azure SDK and aiohttp.",),
    )
