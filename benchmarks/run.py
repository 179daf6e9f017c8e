"""`python -m benchmarks.run`: measure what aumdoctor costs and print it as tables (docs/performance.md holds a run).

With --only NAME one table; with --quick small sizes and few repeats, to see that it works.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from aumdoctor import __version__
from benchmarks import (
    apply_plan,
    demo_scan,
    dynamic_scopes,
    each_check,
    full_scan,
    gate_requests,
    graph_requests,
    guest_readers,
    judging,
    occurrences,
    start_up,
)
from benchmarks.tables import Table, markdown


def _start_up(quick: bool) -> Table:
    return start_up.table(start_up.measure(repeats=1 if quick else 7))


def _demo(quick: bool) -> Table:
    return demo_scan.table(demo_scan.measure(repeats=1 if quick else 3))


def _full_scan(quick: bool) -> Table:
    return full_scan.table(full_scan.measure(vms=40, loop_over=10) if quick else full_scan.measure())


def _requests(quick: bool) -> Table:
    return graph_requests.table(graph_requests.measure(sizes=(50,)) if quick else graph_requests.measure())


def _judging(quick: bool) -> Table:
    return judging.table(judging.measure(machines=50, repeats=1) if quick else judging.measure())


def _each_check(quick: bool) -> Table:
    return each_check.table(each_check.measure(machines=50) if quick else each_check.measure())


def _guest_readers(quick: bool) -> Table:
    some = guest_readers.measure(megabytes=1, kinds=["core-log"]) if quick else guest_readers.measure(megabytes=32)
    return guest_readers.table(some)


def _dynamic_scopes(quick: bool) -> Table:
    sizes = dynamic_scopes.measure(machines=500, scopes=20, repeats=1) if quick else dynamic_scopes.measure()
    return dynamic_scopes.table(sizes)


def _occurrences(quick: bool) -> Table:
    return occurrences.table(occurrences.measure(schedules=50, repeats=1) if quick else occurrences.measure())


def _gate(quick: bool) -> Table:
    return gate_requests.table(gate_requests.measure(sizes=(5, 10)) if quick else gate_requests.measure())


def _apply(quick: bool) -> Table:
    return apply_plan.table(apply_plan.measure(machines=3) if quick else apply_plan.measure())


TABLES: dict[str, Callable[[bool], Table]] = {
    "start-up": _start_up,
    "demo": _demo,
    "full-scan": _full_scan,
    "requests": _requests,
    "judging": _judging,
    "checks": _each_check,
    "dynamic-scopes": _dynamic_scopes,
    "occurrences": _occurrences,
    "gate": _gate,
    "apply": _apply,
    "guest-readers": _guest_readers,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure what aumdoctor costs.")
    parser.add_argument("--only", choices=TABLES, action="append", help="this table; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options = parser.parse_args(arguments)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"aumdoctor {__version__}, {datetime.now(UTC):%Y-%m-%d}, {machine}\n", flush=True)
    for name in options.only or TABLES:
        started = time.perf_counter()
        print(markdown(TABLES[name](options.quick)), flush=True)
        print(f"{name}: measured in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
