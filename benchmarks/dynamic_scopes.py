"""What it takes to find out which machines dynamic scopes reach, without any network."""

from __future__ import annotations

import gc
import random
import time
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from aumdoctor.model.estate import Estate
from aumdoctor.model.machine import Machine, MachineKind
from aumdoctor.model.maintenance import ConfigurationAssignment, DynamicScopeFilter, MaintenanceConfiguration
from aumdoctor.schedule.scope import attachments
from benchmarks.tables import Table

_LOCATIONS = tuple(f"region{number}" for number in range(24))
_MACHINES_PER_GROUP = 50


class Resolved(NamedTuple):
    """`seconds`: median of the CPU time for all scopes together. `reached`: machines, each once for every scope."""

    case: str
    machines: int
    scopes: int
    reached: int
    seconds: float


def measure(*, machines: int = 100_000, scopes: int = 1_000, repeats: int = 3) -> list[Resolved]:
    """Machines spread over a hundred subscriptions; all in one, which is harder; and there filters that take in far
    more than the thousand machines to which Azure limits a dynamic scope."""
    return [
        _resolved("spread over 100 subscriptions", estate(machines, scopes, 100), repeats),
        _resolved("in one subscription", estate(machines, scopes, 1), repeats),
        _resolved("in one, broad filters", estate(machines, scopes, 1, broad=True), repeats),
    ]


def _resolved(case: str, seen: Estate, repeats: int) -> Resolved:
    taken = []
    for _ in range(repeats):
        gc.collect()
        started = time.process_time()
        found = attachments(seen)
        taken.append(time.process_time() - started)
    reached = sum(map(len, found.values()))
    return Resolved(case, len(seen.machines), len(seen.assignments), reached, median(taken))


def estate(machines: int, scopes: int, subscriptions: int, *, broad: bool = False) -> Estate:
    """Machines with tags as people have them, and scopes of the kinds that people make of them, by a fixed seed."""
    chance = random.Random(1)
    owners = [f"00000000-0000-0000-0000-{number:012}" for number in range(subscriptions)]
    there = tuple(_machine(number, owners[number % subscriptions], chance) for number in range(machines))
    schedules = tuple(_configuration(number, owners[number % subscriptions]) for number in range(max(1, scopes // 5)))
    groups = max(1, machines // subscriptions // _MACHINES_PER_GROUP)
    put = tuple(
        _assignment(
            number,
            owners[number % subscriptions],
            schedules[number % len(schedules)],
            _filters(groups, broad, chance)[number % 5],
        )
        for number in range(scopes)
    )
    return Estate(
        collected_at=datetime(2026, 6, 10, 12, 0, tzinfo=UTC), machines=there, configurations=schedules, assignments=put
    )


def _machine(number: int, subscription: str, chance: random.Random) -> Machine:
    arc = chance.random() < 0.2
    group = f"/subscriptions/{subscription}/resourceGroups/rg-{number // _MACHINES_PER_GROUP}"
    provider = "Microsoft.HybridCompute/machines" if arc else "Microsoft.Compute/virtualMachines"
    tags = {
        "PatchGroup": f"ring-{chance.randrange(300)}",
        "Environment": chance.choice(("prod", "prod", "test", "dev")),
        "Owner": f"team-{chance.randrange(80)}",
        "CostCenter": str(chance.randrange(1000, 2000)),
        "Name": f"server {number}",
    }
    return Machine(
        id=f"{group}/providers/{provider}/vm-{number}",
        name=f"vm-{number}",
        kind=MachineKind.ARC if arc else MachineKind.AZURE_VM,
        location=chance.choice(_LOCATIONS),
        os_type=chance.choice(("Windows", "Linux")),
        tags={name: value for name, value in tags.items() if chance.random() < 0.8},
    )


def _configuration(number: int, subscription: str) -> MaintenanceConfiguration:
    prefix = f"/subscriptions/{subscription}/resourceGroups/rg-patching/providers/Microsoft.Maintenance"
    return MaintenanceConfiguration(
        id=f"{prefix}/maintenanceConfigurations/mc-{number}", name=f"mc-{number}", maintenance_scope="InGuestPatch"
    )


def _filters(groups: int, broad: bool, chance: random.Random) -> tuple[DynamicScopeFilter, ...]:
    rings = (f"ring-{chance.randrange(300)}", f"ring-{chance.randrange(300)}")
    system, team = chance.choice(("Windows", "Linux")), f"team-{chance.randrange(80)}"
    locations = chance.sample(_LOCATIONS, 4 if broad else 1)
    return (
        DynamicScopeFilter(
            resource_types=("Microsoft.Compute/virtualMachines", "Microsoft.HybridCompute/machines"),
            tags={"PatchGroup": rings, "Environment": ("prod",)},
        ),
        DynamicScopeFilter(tags={"Owner": (team,), "PatchGroup": rings}, tag_operator="Any"),
        DynamicScopeFilter(locations=tuple(locations), os_types=(system,)),
        DynamicScopeFilter(resource_groups=tuple(f"rg-{chance.randrange(groups)}" for _ in range(20))),
        DynamicScopeFilter(
            os_types=(system,),
            tags={"Environment": ("test", "dev"), "Name": (), **({} if broad else {"Owner": (team,)})},
        ),
    )


def _assignment(
    number: int, subscription: str, schedule: MaintenanceConfiguration, asked: DynamicScopeFilter
) -> ConfigurationAssignment:
    scope = f"/subscriptions/{subscription}"
    return ConfigurationAssignment(
        id=f"{scope}/providers/Microsoft.Maintenance/configurationAssignments/scope-{number}",
        name=f"scope-{number}",
        maintenance_configuration_id=schedule.id,
        resource_id=scope,
        filter=asked,
    )


def table(measured: list[Resolved]) -> Table:
    return Table(
        "Dynamic scopes",
        ("machines", "how many", "dynamic scopes", "machines reached", "CPU s"),
        [
            (row.case, f"{row.machines:,}", f"{row.scopes:,}", f"{row.reached:,}", f"{row.seconds:.2f}")
            for row in measured
        ],
        (
            "In process, no network; medians of the CPU time of all scopes together. Filters by tags (All, Any), by\n"
            "location and operating system, by resource groups, by a tag of any value. A machine counts as reached\n"
            "once for each scope. Target: 5 s.",
        ),
    )
