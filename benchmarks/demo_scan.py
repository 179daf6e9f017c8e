"""What a newcomer waits for: `aumdoctor scan --demo`, which makes, serves, reads and judges 500 machines."""

from __future__ import annotations

from statistics import median

from benchmarks.client import COMMAND, Cost, cost_of
from benchmarks.tables import Table


def measure(*, repeats: int = 3) -> Cost:
    """The medians; server and client are one process here, so its CPU and memory are those of both."""
    costs = [cost_of([*COMMAND, "scan", "--demo", "--fail-on", "never", "--quiet"]) for _ in range(repeats)]
    return Cost(*(median(values) for values in zip(*costs, strict=True)))


def table(cost: Cost) -> Table:
    return Table(
        "The demo",
        ("command", "wall s", "CPU s", "peak MiB"),
        [("aumdoctor scan --demo", f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.peak_mib:.0f}")],
        (
            "500 machines; the embedded Azure runs in the same process, and making its estate is included. "
            "Target: under 5 s.",
        ),
    )
