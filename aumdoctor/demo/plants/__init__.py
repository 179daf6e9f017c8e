"""How each known issue looks in Azure: one recipe a check, put on a healthy machine.

A recipe changes a machine so that it has one issue and whatever inevitably follows from it. `FOLLOWS` names what may be
found beside the planted issue; what no other finding explains is part of the truth.
"""

from __future__ import annotations

from aumdoctor.demo.plants import (
    agents,
    beside,
    contents,
    history,
    policies,
    runs,
    schedules,
    servers,
    settings,
    subscriptions,
    systems,
    times,
)
from aumdoctor.demo.plants.recipe import Plant, detach, ensure_scheduled, record_last_run
from aumdoctor.demo.state import DemoEstate, Wire, key

PLANTS: dict[str, Plant] = dict(
    sorted(
        (
            agents.PLANTS
            | beside.PLANTS
            | contents.PLANTS
            | history.PLANTS
            | policies.PLANTS
            | runs.PLANTS
            | schedules.PLANTS
            | servers.PLANTS
            | settings.PLANTS
            | subscriptions.PLANTS
            | systems.PLANTS
            | times.PLANTS
        ).items()
    )
)
"""Every issue that can be planted, by check id."""

OF_THE_SCAN = frozenset({"AUM139"})
"""The issues of a scan, which no estate has: faults and limits of the server bring them about."""

SUBSCRIPTION_WIDE = tuple(check for check, chosen in PLANTS.items() if chosen.subscription is not None)
"""The issues that concern a whole subscription, which has to be one of their own."""

FOLLOWS: dict[str, frozenset[str]] = {
    "AUM002": frozenset({"AUM039"}),
    "AUM003": frozenset({"AUM033", "AUM071"}),
    "AUM004": frozenset({"AUM003", "AUM033", "AUM071"}),
    "AUM006": frozenset({"AUM033", "AUM071"}),
    "AUM008": frozenset({"AUM130"}),
    "AUM013": frozenset({"AUM131"}),
    "AUM018": frozenset({"AUM008", "AUM016", "AUM017", "AUM023", "AUM129"}),
    "AUM023": frozenset({"AUM129"}),
    "AUM024": frozenset({"AUM130"}),
    "AUM025": frozenset({"AUM008", "AUM130"}),
    "AUM026": frozenset({"AUM008", "AUM130"}),
    "AUM027": frozenset({"AUM008", "AUM025", "AUM130"}),
    "AUM028": frozenset({"AUM008", "AUM130"}),
    "AUM029": frozenset({"AUM008", "AUM130"}),
    "AUM038": frozenset({"AUM016", "AUM042", "AUM142"}),
    "AUM041": frozenset({"AUM030"}),
    "AUM042": frozenset({"AUM016", "AUM017"}),
    "AUM045": frozenset({"AUM033"}),
    "AUM056": frozenset({"AUM033"}),
    "AUM065": frozenset({"AUM135"}),
    "AUM070": frozenset({"AUM033"}),
    "AUM072": frozenset({"AUM033", "AUM071"}),
    "AUM083": frozenset({"AUM134"}),
    "AUM084": frozenset({"AUM134"}),
    "AUM087": frozenset({"AUM134"}),
    "AUM117": frozenset({"AUM012"}),
    "AUM123": frozenset({"AUM015"}),
    "AUM136": frozenset({"AUM008", "AUM130"}),
    "AUM142": frozenset({"AUM016"}),
}
"""What may also be found beside a planted issue, because it follows from it. A schedule that its only machine missed
is one without machines (AUM071)."""


def plant(state: DemoEstate, check: str, machine_id: str) -> str:
    """Give a healthy machine a known issue. Returns the id of the resource that a doctor's finding is about.

    Raises KeyError for a check without a recipe or a machine that does not exist.
    """
    chosen = PLANTS[check]
    state.machine(machine_id)
    if chosen.scheduled:
        ensure_scheduled(state, machine_id)
    else:
        detach(state, machine_id)
    newest = next(reversed(state.assignments), None)
    about = chosen.recipe(state, machine_id)
    for assignment in _made_since(state, newest):
        if key(assignment["properties"]["resourceId"]) == key(machine_id):
            record_last_run(state, machine_id, assignment["properties"]["maintenanceConfigurationId"])
    state.planted.add((check, key(about)))
    state.affected.add(key(machine_id))
    state.touch(machine_id)
    return about


def _made_since(state: DemoEstate, newest: str | None) -> list[Wire]:
    """The assignments that were made after one; only the end of the list is looked at, which keeps estates linear."""
    made: list[Wire] = []
    for at in reversed(state.assignments):
        if at == newest:
            break
        made.append(state.assignments[at])
    return made
