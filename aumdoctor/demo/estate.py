"""Estates for the embedded Azure: a large one from a seed, and small ones by hand.

`generate` makes an estate whose ground truth is known: at least 60 % of its machines are healthy, each of the others
has one planted issue. Same arguments, same estate.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from aumdoctor.demo.machines import add_arc, add_vm, image_for, os_configuration, system_for
from aumdoctor.demo.plants import PLANTS, SUBSCRIPTION_WIDE, plant
from aumdoctor.demo.plants.recipe import (
    LINUX_ARC,
    LINUX_VM,
    SCHEDULE_TAG,
    WINDOWS_ARC,
    WINDOWS_VM,
    attach_as_policy_does,
    default_configuration,
    found_too,
    record_earlier_runs,
    record_last_run,
)
from aumdoctor.demo.policies import SCHEDULE_MACHINES, add_policy_assignment, set_compliance
from aumdoctor.demo.schedules import (
    SCHEDULES,
    Schedule,
    add_configuration,
    add_dynamic_scope,
    assign,
    configuration_id_of,
    last_start,
    record_run,
)
from aumdoctor.demo.state import DemoEstate, Wire, add_subscription, key, stable_guid

__all__ = ["DemoEstate", "add_arc", "add_vm", "empty_estate", "generate", "plant"]

UNHEALTHY_SHARE = 0.28
MOST_UNHEALTHY_SHARE = 0.4
SUBSCRIPTION_NAMES = ("contoso-prod-weu", "contoso-prod-jpe", "contoso-nonprod")
REGIONS = (("westeurope", "weu"), ("japaneast", "jpe"), ("northeurope", "neu"))
WORKLOADS = ("web", "app", "sql", "erp", "api", "build", "file", "mon", "etl", "crm")
SHAPES = (
    WINDOWS_VM,
    LINUX_VM,
    WINDOWS_VM,
    LINUX_VM,
    WINDOWS_VM,
    LINUX_VM,
    WINDOWS_VM,
    LINUX_ARC,
    LINUX_VM,
    WINDOWS_ARC,
)
RING_SCHEDULES = {"ring-1": SCHEDULES[0], "ring-2": SCHEDULES[1], "test": SCHEDULES[2]}
"""The dynamic scopes of every subscription: machines whose tag has this value, under that schedule."""
WITH_HISTORY_UP_TO = 2_000
"""In larger estates a machine has but its last run: what came before would be most of them."""
DYNAMICALLY_SCHEDULED = ("AUM012", "AUM030", "AUM031", "AUM117")
"""Issues that are planted on machines of dynamic scopes too, so that matching the scope is part of finding them."""


def empty_estate(now: datetime, *, subscriptions: int = 1, seed: int = 1) -> DemoEstate:
    """Subscriptions with all providers registered and nothing in them."""
    state = DemoEstate(now, seed)
    for index in range(subscriptions):
        name = SUBSCRIPTION_NAMES[index] if index < len(SUBSCRIPTION_NAMES) else f"contoso-team-{index:02d}"
        add_subscription(state, stable_guid("subscription", seed, index), name)
    return state


def generate(machines: int, seed: int, subscriptions: int = 3, *, now: datetime) -> DemoEstate:
    """An estate of `machines` machines over `subscriptions` subscriptions, and a small one each for the issues that
    concern a whole subscription.

    Every recipe of `PLANTS` is used at least once where 40 % of the machines are enough for that. Raises ValueError
    for fewer than one machine or subscription, and for a `now` without a time zone.
    """
    if machines < 1 or subscriptions < 1:
        raise ValueError("an estate needs at least one machine and one subscription")
    if now.tzinfo is None:
        raise ValueError("`now` must be an aware datetime")
    now = now.replace(microsecond=0)
    state = empty_estate(now, subscriptions=subscriptions, seed=seed)
    maker = _Maker(state, random.Random(seed))
    checks = list(_issues(machines, random.Random(seed + 1)))
    with _no_garbage_collection():
        for check in checks:
            maker.unhealthy(check)
        for _ in range(machines - len(state.vms) - len(state.arc)):
            maker.healthy()
        if machines <= WITH_HISTORY_UP_TO:
            record_earlier_runs(state, timedelta(days=8))
    for arc in state.arc.values():
        found_too(state, "AUM127", "/".join(arc["id"].split("/")[:3]))
    return state


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of dicts are made and none is dropped: looking through them again and again is most of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _issues(machines: int, rng: random.Random) -> Iterator[str]:
    """The check ids to plant, one a machine: each once, then by weight until the share of sick machines is reached."""
    once = list(PLANTS)[: int(machines * MOST_UNHEALTHY_SHARE)]
    yield from once
    more = max(0, int(machines * UNHEALTHY_SHARE) - len(once))
    repeatable = [check for check in PLANTS if check not in SUBSCRIPTION_WIDE]
    yield from rng.choices(repeatable, weights=[PLANTS[check].weight for check in repeatable], k=more)


class _Maker:
    """Makes machines one after the other and keeps what they share: numbers, configurations, scopes."""

    def __init__(self, state: DemoEstate, rng: random.Random) -> None:
        self.state = state
        self.rng = rng
        self.subscriptions = [subscription["subscriptionId"] for subscription in state.subscriptions.values()]
        self.locations = {
            subscription: REGIONS[index % len(REGIONS)][0] for index, subscription in enumerate(self.subscriptions)
        }
        self.rings: set[tuple[str, str]] = set()
        self.count = 0
        self.last_starts = {schedule.name: last_start(schedule, state.now) for schedule in SCHEDULES}

    def _configuration(self, subscription: str, schedule: Schedule) -> str:
        """A schedule's configuration in a subscription, made on first use: none stands there without a machine."""
        known = self.state.configurations.get(key(configuration_id_of(subscription, "rg-patching", schedule)))
        if known is not None:
            return str(known["id"])
        location = self.locations[subscription]
        return add_configuration(self.state, subscription=subscription, schedule=schedule, location=location)

    def _join_ring(self, subscription: str, machine_id: str, ring: str) -> str:
        """Tag a machine for a ring's dynamic scope, which is made on first use. Returns the configuration's id."""
        self.state.machine(machine_id)["tags"][SCHEDULE_TAG] = ring
        configuration_id = self._configuration(subscription, RING_SCHEDULES[ring])
        if (subscription, ring) not in self.rings:
            self.rings.add((subscription, ring))
            scope_filter: Wire = {
                "resourceTypes": ["Microsoft.Compute/virtualMachines", "Microsoft.HybridCompute/machines"],
                "resourceGroups": [],
                "osTypes": ["Windows", "Linux"],
                "locations": [],
                "tagSettings": {"tags": {SCHEDULE_TAG: [ring]}, "filterOperator": "All"},
            }
            scope = f"/subscriptions/{subscription}"
            add_dynamic_scope(self.state, scope, configuration_id, f"scope-{ring}", scope_filter)
        return configuration_id

    def _machine(
        self, shape: str, subscription: str | None = None, resource_group: str | None = None
    ) -> tuple[str, str]:
        """A healthy machine without a schedule. Returns its subscription and its id."""
        number = self.count
        self.count += 1
        place = number % len(self.subscriptions)
        location, region = REGIONS[place % len(REGIONS)]
        subscription = subscription or self.subscriptions[place]
        workload = WORKLOADS[self.rng.randrange(len(WORKLOADS))]
        stage = ("prod", "prod", "test")[self.rng.randrange(3)]
        os_type = "Windows" if shape in (WINDOWS_VM, WINDOWS_ARC) else "Linux"
        variety = self.rng.randrange(4)
        tags = {
            "env": stage,
            "workload": workload,
            "costCenter": f"CC-{4100 + self.rng.randrange(12)}",
            "owner": f"team-{workload}@contoso.com",
        }
        assessed = self.state.now - timedelta(minutes=self.rng.randrange(30, 22 * 60))
        if shape in (WINDOWS_VM, LINUX_VM):
            # Groups stay small enough to be looked at, and their names mix case as people do.
            group = resource_group or f"rg-{workload}-{stage}-{region}-{number // 400:02d}"
            machine_id = add_vm(
                self.state,
                subscription=subscription,
                resource_group=group,
                name=f"vm-{workload}-{region}-{number:05d}",
                os_type=os_type,
                location=location,
                tags=tags,
                image=image_for(os_type, variety),
                created=self.state.now - timedelta(days=60 + self.rng.randrange(800), minutes=self.rng.randrange(1440)),
                assessed=assessed,
            )
        else:
            machine_id = add_arc(
                self.state,
                subscription=subscription,
                resource_group=resource_group or f"RG-OnPrem-{region.upper()}-{number // 400:02d}",
                name=f"srv-{workload}-{number:05d}",
                os_type=os_type,
                location=location,
                tags=tags,
                system=system_for(os_type, variety),
                assessed=assessed,
            )
        return subscription, machine_id

    def healthy(self) -> str:
        """A machine with a schedule (by a dynamic scope or an assignment of its own) that ran when it last should."""
        shape = SHAPES[self.rng.randrange(len(SHAPES))]
        choice = self.rng.random()
        if choice < 0.06 and shape in (WINDOWS_VM, LINUX_VM):
            return self._healthy_by_policy(shape)
        subscription, machine_id = self._machine(shape)
        if choice < 0.5:
            ring, schedule = list(RING_SCHEDULES.items())[self.rng.randrange(3)]
            configuration_id = self._join_ring(subscription, machine_id, ring)
        else:
            schedule = SCHEDULES[self.rng.randrange(3)]
            configuration_id = self._configuration(subscription, schedule)
            assign(self.state, machine_id, configuration_id)
        start = self.last_starts[schedule.name]
        record_run(self.state, machine_id, configuration_id, start, minutes=20 + self.rng.randrange(60))
        self._vary(machine_id)
        return machine_id

    def _vary(self, machine_id: str) -> None:
        """What healthy machines differ in, and what must not be taken for an issue: updates that wait for the next
        window, an error that is null instead of code 0, settings that are absent where the default is right."""
        assessment = self.state.assessments[key(machine_id)]["properties"]
        if self.rng.random() < 0.3:
            counts = assessment["availablePatchCountByClassification"]
            counts["security"] = self.rng.randrange(4)
            counts["updates" if assessment["osType"] == "Windows" else "other"] = self.rng.randrange(3)
            assessment["rebootPending"] = self.rng.random() < 0.1
        if self.rng.random() < 0.3:
            assessment["errorDetails"] = None
        machine = self.state.machine(machine_id)
        if self.rng.random() < 0.2:
            machine["properties"]["osProfile"].pop("allowExtensionOperations", None)
            os_configuration(machine).pop("provisionVMAgent", None)

    def _healthy_by_policy(self, shape: str) -> str:
        """One of the machines that the scheduling policy did attach, in the group where it missed others."""
        _, machine_id = self._machine(shape, resource_group="rg-restored")
        configuration_id = default_configuration(self.state, machine_id)
        assignment_id = add_policy_assignment(
            self.state,
            "/".join(machine_id.split("/")[:5]),
            "aum-schedule-machines",
            SCHEDULE_MACHINES,
            configuration_id=configuration_id,
        )
        attach_as_policy_does(self.state, machine_id, configuration_id)
        set_compliance(self.state, machine_id, assignment_id, "Compliant")
        start = self.last_starts[SCHEDULES[0].name]
        record_run(self.state, machine_id, configuration_id, start, minutes=20 + self.rng.randrange(60))
        return machine_id

    def unhealthy(self, check: str) -> str:
        """A machine of a shape that suits the check, with its issue."""
        chosen = PLANTS[check]
        shape = chosen.shapes[self.rng.randrange(len(chosen.shapes))]
        own = self._subscription(chosen.subscription) if chosen.subscription is not None else None
        in_subscription, machine_id = self._machine(shape, own, chosen.resource_group)
        if chosen.scheduled and check in DYNAMICALLY_SCHEDULED and self.rng.random() < 0.5:
            configuration_id = self._join_ring(in_subscription, machine_id, "ring-1")
            record_last_run(self.state, machine_id, configuration_id)
        elif not chosen.scheduled:
            # Tag values are compared exactly, so this is not in ring-1, whatever people believe.
            self.state.machine(machine_id)["tags"]["patch-group"] = "Ring-1"
        plant(self.state, check, machine_id)
        return machine_id

    def _subscription(self, name: str) -> str:
        return add_subscription(self.state, stable_guid("subscription", self.state.seed, name), name)
