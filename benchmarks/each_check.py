"""What each check costs by itself, on the machines that it is asked about."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

from benchmarks.judging import collected
from benchmarks.tables import Table

SHOWN = 12


class CheckCost(NamedTuple):
    """CPU microseconds for each machine asked; of a check over a subscription or the estate, for each machine there."""

    check: str
    name: str
    asked: int
    microseconds: float


def measure(*, machines: int = 20_000) -> list[CheckCost]:
    """In a process of its own; dearest first."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, machines))
    process.start()
    theirs.close()
    try:
        costs = [CheckCost(*row) for row in ours.recv()]
    finally:
        process.join()
    return sorted(costs, key=lambda cost: -cost.microseconds * cost.asked)


def _work(connection: Connection, machines: int) -> None:
    from aumdoctor.checks.check import Subject
    from aumdoctor.checks.context import Context
    from aumdoctor.checks.engine import asked_of
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.demo.server import run_in_thread

    with run_in_thread(machines=machines) as server:
        estate = collected(server)
    context = Context(estate, estate.collected_at)
    costs = []
    for _ in range(2):  # the first round makes the indexes and loads the tables of knowledge
        costs = []
        for check in CHECKS:
            if check.applies_to is Subject.ESTATE:
                subjects, count = [estate], len(estate.machines)
            elif check.applies_to is Subject.SUBSCRIPTION:
                subjects, count = list(estate.subscriptions), len(estate.machines)
            else:
                subjects = [machine for machine in estate.machines if asked_of(check, machine)]
                count = len(subjects)
            started = time.process_time()
            for subject in subjects:
                for _seen in check.function(subject, context):
                    pass
            taken = time.process_time() - started
            costs.append((check.id, check.name, count, taken / max(1, count) * 1e6))
    connection.send(costs)


def table(costs: list[CheckCost]) -> Table:
    total = sum(cost.microseconds * cost.asked for cost in costs) / max(cost.asked for cost in costs)
    rest = costs[SHOWN:]
    return Table(
        "Each check by itself",
        ("check", "name", "machines asked", "CPU µs each"),
        [
            *((cost.check, cost.name, f"{cost.asked:,}", f"{cost.microseconds:.2f}") for cost in costs[:SHOWN]),
            ("", f"the other {len(rest)}, at most", "", f"{max((cost.microseconds for cost in rest), default=0):.2f}"),
        ],
        (
            f"The {SHOWN} that take most altogether, of {len(costs)}; all checks: {total:.0f} µs a machine. Without "
            "what the engine,\nthe shared indexes (who is in scope of which schedule) and the diagnosis add.",
        ),
    )
