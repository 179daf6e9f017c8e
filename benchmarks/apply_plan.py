"""How long a large plan takes within Azure's limits, and whether Azure has to refuse anything on the way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from aumdoctor.demo.estate import DemoEstate, add_vm, empty_estate
from aumdoctor.demo.machines import patch_settings_of
from benchmarks.azure import EmbeddedAzure, Requests, embedded_azure
from benchmarks.client import COMMAND, Cost, cost_of
from benchmarks.tables import Table

SIZE = 1_000
_REMEDY = "enable-periodic-assessment"


class Step(NamedTuple):
    """A command on so many VMs of one subscription: what was asked of Azure, and how often it refused (429)."""

    command: str
    machines: int
    done: int
    requests: Requests
    refused: int
    cost: Cost


def measure(*, machines: int = SIZE) -> list[Step]:
    """Plan and apply at default settings, with Azure's limits enforced."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_azure(build=partial(_estate, machines), throttle=True) as azure,
    ):
        plan, report = Path(folder, "plan.json"), Path(folder, "report.json")
        planning = ("plan", "--all-subscriptions", "--remedy", _REMEDY, "-o", str(plan))
        applying = ("apply", str(plan), "--yes", "-o", f"json={report}")
        steps = [_step(azure, planning, machines)]
        applied = _step(azure, applying, machines)
        done = json.loads(report.read_bytes())["counts"]["done"]
        return [*steps, applied._replace(done=done)]


def _step(azure: EmbeddedAzure, options: Sequence[str], machines: int) -> Step:
    cost = cost_of([*COMMAND, *options, "--quiet"], azure.environment)
    refused = azure.refused()
    return Step(options[0], machines, 0, azure.requests(), refused, cost)


def _estate(machines: int) -> DemoEstate:
    """VMs of one subscription that are not assessed periodically, under no schedule."""
    state = empty_estate(datetime.now(UTC).replace(microsecond=0))
    for number in range(machines):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group=f"rg-{number // 400:02d}",
            name=f"vm-{number:05d}",
            os_type="Windows" if number % 2 else "Linux",
        )
        patch_settings_of(state.machine(vm))["assessmentMode"] = "ImageDefault"
    return state


def table(steps: list[Step]) -> Table:
    return Table(
        "A plan for many machines",
        ("command", "machines", "done", "requests", "refused (429)", "wall s", "client CPU s"),
        [
            (
                each.command,
                f"{each.machines:,}",
                f"{each.done:,}",
                f"{each.requests.total:,}",
                f"{each.refused:,}",
                f"{each.cost.wall:.0f}",
                f"{each.cost.cpu:.1f}",
            )
            for each in steps
        ],
        (
            "One subscription, default settings. The embedded Azure enforces the limits of ARM and of Compute, and "
            "refused (429) counts what these refused. Most of the time goes into reads, of which ARM grants 25 a "
            "second: each machine is read before the plan is applied, right before and after its action, while the "
            "action goes on, and when the check runs again.",
        ),
    )
