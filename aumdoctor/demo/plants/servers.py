"""Recipes about Arc-enabled servers: the Arc agent, its configuration, licences and systems."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import (
    System,
    os_type_of,
    patch_settings_of,
    set_extension_status,
    set_system,
)
from aumdoctor.demo.plants.recipe import ARC, LINUX_ARC, WINDOWS_ARC, Plant, group_of
from aumdoctor.demo.state import DemoEstate, key, timestamp

_SERVER_2012_R2 = System("Windows", "Windows Server 2012 R2 Standard", "6.3.9600.22523")
_SERVER_2025 = System("Windows", "Windows Server 2025 Datacenter", "10.0.26100.6584")
_RHEL_10 = System("Linux", "Red Hat Enterprise Linux 10.0 (Coughlan)", "6.12.0-55.9.1.el10_0.x86_64")


def _arc_disconnected(state: DemoEstate, machine_id: str) -> str:
    properties = state.machine(machine_id)["properties"]
    properties["status"] = "Disconnected"
    properties["lastStatusChange"] = timestamp(state.now - timedelta(hours=4))
    return machine_id


def _cloned(state: DemoEstate, machine_id: str) -> str:
    state.machine(machine_id)["properties"]["statusReason"] = "Cloned"
    return machine_id


def _agent_outdated(state: DemoEstate, machine_id: str) -> str:
    state.machine(machine_id)["properties"]["agentVersion"] = "1.31.02356.1069"
    return machine_id


def _extensions_disabled(state: DemoEstate, machine_id: str) -> str:
    state.machine(machine_id)["properties"]["agentConfiguration"]["extensionsEnabled"] = "false"
    return machine_id


def _region_not_supported(state: DemoEstate, machine_id: str) -> str:
    state.machine(machine_id)["location"] = "qatarcentral"
    return machine_id


def _extension_stuck_deleting(state: DemoEstate, machine_id: str) -> str:
    name = f"{os_type_of(state.machine(machine_id))}OsUpdateExtension"
    message = f"Uninstall of {name} cannot begin: HandlerManifest.json was not found."
    set_extension_status(state.extensions[key(machine_id)][name.lower()], "Deleting", "delete", message)
    return machine_id


def _behind_private_link(state: DemoEstate, machine_id: str) -> str:
    scope = f"{group_of(machine_id)}/providers/Microsoft.HybridCompute/privateLinkScopes/pls-contoso"
    state.machine(machine_id)["properties"]["privateLinkScopeResourceId"] = scope
    return machine_id


def _esu_not_licensed(state: DemoEstate, machine_id: str) -> str:
    set_system(state, machine_id, _SERVER_2012_R2)
    state.machine(machine_id)["properties"]["licenseProfile"] = {
        "licenseStatus": "Licensed",
        "licenseChannel": "Volume:GVLK",
        "esuProfile": {
            "serverType": "Standard",
            "esuEligibility": "Eligible",
            "esuKeyState": "Inactive",
            "licenseAssignmentState": "NotAssigned",
            "esuKeys": [],
        },
    }
    return machine_id


def _hotpatching_needs_action(state: DemoEstate, machine_id: str) -> str:
    set_system(state, machine_id, _SERVER_2025)
    settings = patch_settings_of(state.machine(machine_id))
    settings["enableHotpatching"] = True
    settings["status"] = {"hotpatchEnablementStatus": "ActionRequired"}
    return machine_id


def _system_not_supported(state: DemoEstate, machine_id: str) -> str:
    set_system(state, machine_id, _RHEL_10)
    return machine_id


PLANTS = {
    "AUM117": Plant(_arc_disconnected, ARC, weight=2),
    "AUM118": Plant(_cloned, ARC),
    "AUM119": Plant(_agent_outdated, ARC),
    "AUM120": Plant(_extensions_disabled, ARC),
    "AUM122": Plant(_region_not_supported, ARC),
    "AUM123": Plant(_extension_stuck_deleting, ARC),
    "AUM124": Plant(_behind_private_link, ARC),
    "AUM125": Plant(_esu_not_licensed, (WINDOWS_ARC,)),
    "AUM126": Plant(_hotpatching_needs_action, (WINDOWS_ARC,)),
    "AUM128": Plant(_system_not_supported, (LINUX_ARC,)),
}
