"""Recipes about schedules themselves: configurations, assignments and dynamic scopes. Each has a configuration of its
own, so that no other machine is drawn in."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.plants.recipe import VMS, Plant, default_configuration, log_event
from aumdoctor.demo.policies import subscription_of
from aumdoctor.demo.schedules import (
    SCHEDULES,
    Schedule,
    add_configuration,
    add_dynamic_scope,
    assign,
    configuration_id_of,
)
from aumdoctor.demo.state import COMPUTE, DemoEstate, key

_LONG_WINDOW = SCHEDULES[0]._replace(name="mc-weekly-long-window", duration="04:30")
_LAST_YEAR = SCHEDULES[0]._replace(name="mc-migration-project")
_NOBODYS = SCHEDULES[0]._replace(name="mc-retired-cluster")
_WAVE = SCHEDULES[0]._replace(name="mc-patch-wave-a")
_DELETED = SCHEDULES[0]._replace(name="mc-deleted")
_WAVE_TAG = "PatchWave"


def _configuration(state: DemoEstate, machine_id: str, schedule: Schedule) -> str:
    """A configuration in the machine's subscription, made on first use."""
    subscription = subscription_of(machine_id)
    found = state.configurations.get(key(configuration_id_of(subscription, "rg-patching", schedule)))
    if found is not None:
        return str(found["id"])
    location = str(state.machine(machine_id)["location"])
    return add_configuration(state, subscription=subscription, schedule=schedule, location=location)


def _assignment_left_behind(state: DemoEstate, machine_id: str) -> str:
    """The machine came from another resource group, where its assignment still stands."""
    subscription = subscription_of(machine_id)
    machine = state.machine(machine_id)
    old_group = f"/subscriptions/{subscription}/resourceGroups/rg-before-move"
    old_id = f"{old_group}/providers/{machine['type']}/{machine['name']}"
    assignment_id = assign(state, old_id, default_configuration(state, machine_id), location=machine["location"])
    moved_at = state.now - timedelta(days=12)
    log_event(
        state,
        old_group,
        "Microsoft.Resources/subscriptions/resourceGroups/moveResources/action",
        moved_at,
    )
    return assignment_id


def _window_too_long(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _LONG_WINDOW)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _expired(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _LAST_YEAR)
    window = state.configurations[key(configuration_id)]["properties"]["maintenanceWindow"]
    window["expirationDateTime"] = f"{state.now - timedelta(days=20):%Y-%m-%d} 00:00"
    state.touch(configuration_id)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _configuration_deleted(state: DemoEstate, machine_id: str) -> str:
    gone = configuration_id_of(subscription_of(machine_id), "rg-patching", _DELETED)
    return assign(state, machine_id, gone)


def _without_machines(state: DemoEstate, machine_id: str) -> str:
    return _configuration(state, machine_id, _NOBODYS)


def _scope_misses_by_case(state: DemoEstate, machine_id: str) -> str:
    """Tag values are compared exactly, so the scope matches nothing, and nearly the machine."""
    configuration_id = _configuration(state, machine_id, _WAVE)
    state.machine(machine_id)["tags"][_WAVE_TAG] = "Wave-A"
    scope_filter = {
        "resourceTypes": [COMPUTE],
        "resourceGroups": [],
        "osTypes": [],
        "locations": [],
        "tagSettings": {"tags": {_WAVE_TAG: ["wave-a"]}, "filterOperator": "All"},
    }
    scope = f"/subscriptions/{subscription_of(machine_id)}"
    return add_dynamic_scope(state, scope, configuration_id, "scope-wave-a", scope_filter)


PLANTS = {
    "AUM006": Plant(_assignment_left_behind, VMS, scheduled=False, resource_group="rg-after-move"),
    "AUM057": Plant(_window_too_long, VMS, scheduled=False),
    "AUM062": Plant(_expired, VMS, scheduled=False),
    "AUM070": Plant(_configuration_deleted, VMS, scheduled=False),
    "AUM071": Plant(_without_machines, VMS),
    "AUM072": Plant(_scope_misses_by_case, VMS, scheduled=False),
}
