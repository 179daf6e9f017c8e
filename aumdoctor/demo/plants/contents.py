"""Recipes about what schedules and assignments say: scope, classifications, lists, restarts, filters, locations, names.
Each has a configuration of its own, so that no other machine is drawn in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.plants.recipe import LINUX_VM, VMS, WINDOWS_VM, Plant, found_too, group_of
from aumdoctor.demo.policies import subscription_of
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
from aumdoctor.demo.state import COMPUTE, DemoEstate, Wire, add_subscription, key, stable_guid

_HOSTS = SCHEDULES[0]._replace(name="mc-dedicated-hosts", duration="05:00", recur_every="2Weeks Saturday")
_DEFINITIONS = SCHEDULES[0]._replace(name="mc-definitions-only")
_COMBINATION = SCHEDULES[0]._replace(name="mc-linux-critical-other")
_NOTHING = SCHEDULES[0]._replace(name="mc-windows-team")
_FILTERS = SCHEDULES[0]._replace(name="mc-held-back-kbs")
_NEVER = SCHEDULES[0]._replace(name="mc-no-restarts")
_BY_GROUP = SCHEDULES[0]._replace(name="mc-by-resource-group")
_NOT_READY = SCHEDULES[0]._replace(name="mc-franchise")
_ELSEWHERE = SCHEDULES[0]._replace(name="mc-copied-from-template")
_MANY_TAGS = SCHEDULES[0]._replace(name="mc-many-tags")
_LONG = SCHEDULES[0]._replace(name="mc-weekly-saturday-night-for-the-line-of-business-applications-of-logistics")
_LONG_GROUP = "rg-patching-of-the-line-of-business-applications-of-the-logistics-division"
_HUB = SCHEDULES[0]._replace(name="mc-central")
_HUB_SUBSCRIPTION = "contoso-patching-hub"
_SCOPE_TAG = "PatchScope"


def _configuration(
    state: DemoEstate,
    machine_id: str,
    schedule: Schedule,
    *,
    subscription: str | None = None,
    resource_group: str = "rg-patching",
    maintenance_scope: str = "InGuestPatch",
    install_patches: Mapping[str, Any] | None = None,
) -> str:
    """A configuration in the machine's subscription, made on first use."""
    subscription = subscription or subscription_of(machine_id)
    found = state.configurations.get(key(configuration_id_of(subscription, resource_group, schedule)))
    if found is not None:
        return str(found["id"])
    return add_configuration(
        state,
        subscription=subscription,
        resource_group=resource_group,
        schedule=schedule,
        location=str(state.machine(machine_id)["location"]),
        maintenance_scope=maintenance_scope,
        install_patches=install_patches,
    )


def _begin_next_week(state: DemoEstate, configuration_id: str) -> None:
    """A schedule that has not run yet, so that no run can tell whether it works."""
    window = state.configurations[key(configuration_id)]["properties"]["maintenanceWindow"]
    window["startDateTime"] = f"{state.now + timedelta(days=7):%Y-%m-%d} {window['startDateTime'][-5:]}"
    state.touch(configuration_id)


def _ran(state: DemoEstate, machine_id: str, configuration_id: str) -> Wire:
    """The schedule's last run on a machine. Returns the properties of its installation."""
    record_run(state, machine_id, configuration_id, last_start(SCHEDULES[0], state.now))
    properties: Wire = state.installations[key(machine_id)][-1]["properties"]
    return properties


def _scope(tag: str, **members: Any) -> Wire:
    tags = {"tags": {_SCOPE_TAG: [tag]}, "filterOperator": "All"}
    return {
        "resourceTypes": [COMPUTE],
        "resourceGroups": [],
        "osTypes": [],
        "locations": [],
        "tagSettings": tags,
        **members,
    }


def _for_hosts(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _HOSTS, maintenance_scope="Host")
    assign(state, machine_id, configuration_id)
    return configuration_id


def _nothing_of_what_waits(state: DemoEstate, machine_id: str) -> str:
    """The last run succeeded and installed nothing, and security updates wait."""
    chosen = {
        "windowsParameters": {"classificationsToInclude": ["Definition"]},
        "linuxParameters": {"classificationsToInclude": ["Other"]},
    }
    configuration_id = _configuration(state, machine_id, _DEFINITIONS, install_patches=chosen)
    assign(state, machine_id, configuration_id)
    _ran(state, machine_id, configuration_id).update(installedPatchCount=0, notSelectedPatchCount=4)
    record_assessment(state, machine_id, state.now - timedelta(hours=5), security=4)
    return machine_id


def _refused_combination(state: DemoEstate, machine_id: str) -> str:
    chosen = {"linuxParameters": {"classificationsToInclude": ["Critical", "Other"]}}
    configuration_id = _configuration(state, machine_id, _COMBINATION, install_patches=chosen)
    _begin_next_week(state, configuration_id)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _nothing_for_linux(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _NOTHING, install_patches={"linuxParameters": None})
    assign(state, machine_id, configuration_id)
    _ran(state, machine_id, configuration_id)
    return configuration_id


def _included_and_excluded(state: DemoEstate, machine_id: str) -> str:
    lists = {"windowsParameters": {"kbNumbersToInclude": ["5066835"], "kbNumbersToExclude": ["KB5066835", "5065426"]}}
    configuration_id = _configuration(state, machine_id, _FILTERS, install_patches=lists)
    assign(state, machine_id, configuration_id)
    _ran(state, machine_id, configuration_id)
    return configuration_id


def _never_restarted(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _NEVER, install_patches={"rebootSetting": "Never"})
    assign(state, machine_id, configuration_id)
    _ran(state, machine_id, configuration_id).update(rebootStatus="Required")
    record_assessment(state, machine_id, state.now - timedelta(hours=5), reboot_pending=True)
    return machine_id


def _group_without_locations(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _BY_GROUP)
    _begin_next_week(state, configuration_id)
    state.machine(machine_id)["tags"][_SCOPE_TAG] = "group"
    return add_dynamic_scope(state, group_of(machine_id), configuration_id, "scope-group", _scope("group"))


def _scope_into_unready_subscription(state: DemoEstate, machine_id: str) -> str:
    """The subscription's own issue (AUM045) is behind it."""
    subscription = subscription_of(machine_id)
    configuration_id = _configuration(state, machine_id, _NOT_READY)
    _begin_next_week(state, configuration_id)
    state.machine(machine_id)["tags"][_SCOPE_TAG] = "franchise"
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    found_too(state, "AUM045", f"/subscriptions/{subscription}/providers/Microsoft.Maintenance")
    scope = f"/subscriptions/{subscription}"
    return add_dynamic_scope(state, scope, configuration_id, "scope-franchise", _scope("franchise"))


def _assigned_elsewhere(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _ELSEWHERE)
    _begin_next_week(state, configuration_id)
    return assign(state, machine_id, configuration_id, location="eastus2")


def _too_many_tags(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _MANY_TAGS)
    _begin_next_week(state, configuration_id)
    state.machine(machine_id)["tags"]["Wave-07"] = "yes"
    tags = {f"Wave-{number:02d}": ["yes"] for number in range(60)}
    scope_filter = _scope("", tagSettings={"tags": tags, "filterOperator": "Any"})
    scope = f"/subscriptions/{subscription_of(machine_id)}"
    return add_dynamic_scope(state, scope, configuration_id, "scope-waves", scope_filter)


def _name_too_long(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _LONG, resource_group=_LONG_GROUP)
    assign(state, machine_id, configuration_id)
    _ran(state, machine_id, configuration_id)
    return configuration_id


def _from_another_subscription(state: DemoEstate, machine_id: str) -> str:
    """The schedule stands in a subscription of its own, as where one team patches for all."""
    hub = stable_guid("subscription", state.seed, _HUB_SUBSCRIPTION)
    if hub not in state.subscriptions:
        add_subscription(state, hub, _HUB_SUBSCRIPTION)
    configuration_id = _configuration(state, machine_id, _HUB, subscription=hub)
    assign(state, machine_id, configuration_id)
    _ran(state, machine_id, configuration_id)
    return configuration_id


PLANTS = {
    "AUM056": Plant(_for_hosts, VMS, scheduled=False),
    "AUM065": Plant(_nothing_of_what_waits, VMS, scheduled=False),
    "AUM066": Plant(_refused_combination, (LINUX_VM,), scheduled=False),
    "AUM067": Plant(_nothing_for_linux, (LINUX_VM,), scheduled=False),
    "AUM068": Plant(_included_and_excluded, (WINDOWS_VM,), scheduled=False),
    "AUM069": Plant(_never_restarted, VMS, scheduled=False),
    "AUM073": Plant(_group_without_locations, VMS, scheduled=False, resource_group="rg-scoped-by-group"),
    "AUM074": Plant(_scope_into_unready_subscription, VMS, scheduled=False, subscription="contoso-franchise"),
    "AUM075": Plant(_assigned_elsewhere, VMS, scheduled=False),
    "AUM077": Plant(_too_many_tags, VMS, scheduled=False),
    "AUM078": Plant(_name_too_long, VMS, scheduled=False),
    "AUM089": Plant(_from_another_subscription, VMS, scheduled=False),
}
