"""How many requests a gate over one schedule takes: one to ARM for each machine of the window, and a constant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from aumdoctor.demo.estate import DemoEstate, add_vm, empty_estate
from aumdoctor.demo.schedules import Schedule, add_configuration, assign
from benchmarks.azure import Requests, embedded_azure
from benchmarks.client import COMMAND, Cost, cost_of
from benchmarks.tables import Table

SIZES = (10, 100, 1_000)


class Gate(NamedTuple):
    """A gate over a schedule with so many VMs."""

    machines: int
    requests: Requests
    cost: Cost


def measure(*, sizes: tuple[int, ...] = SIZES) -> list[Gate]:
    return [_gate(size) for size in sizes]


def _gate(machines: int) -> Gate:
    options = ("--all-subscriptions", "--schedule", "mc-tonight", "--quiet", "--output", "json")
    with embedded_azure(build=partial(_estate, machines)) as azure:
        cost = cost_of([*COMMAND, "gate", *options], azure.environment)
        return Gate(machines, azure.requests(), cost)


def _estate(machines: int) -> DemoEstate:
    now = datetime.now(UTC).replace(microsecond=0)
    state = empty_estate(now)
    start = now + timedelta(hours=2)
    schedule = Schedule("mc-tonight", "UTC", "1Day", f"{start:%H:%M}", "02:00")
    configuration = add_configuration(state, schedule=schedule)
    for number in range(machines):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group=f"rg-{number // 400:02d}",
            name=f"vm-{number:05d}",
            os_type="Windows" if number % 2 else "Linux",
        )
        assign(state, vm, configuration)
    return state


def table(gates: list[Gate]) -> Table:
    return Table(
        "Requests of gate --schedule",
        ("machines", "Resource Graph", "per machine to ARM", "other ARM", "wall s", "client CPU s"),
        [
            (
                f"{each.machines:,}",
                f"{each.requests.graph:,}",
                f"{each.requests.instance_views:,}",
                f"{each.requests.other:,}",
                f"{each.cost.wall:.1f}",
                f"{each.cost.cpu:.1f}",
            )
            for each in gates
        ],
        ("One subscription; the embedded Azure answers at once. What is not per machine stays the same.",),
    )
