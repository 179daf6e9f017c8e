"""Recipes about the VM agent, the extensions, and the state of a VM as a resource."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import (
    Image,
    os_configuration,
    os_type_of,
    patch_extension,
    patch_settings_of,
    set_extension_status,
    set_image,
    set_power,
)
from aumdoctor.demo.plants.recipe import ARC, LINUX_VM, VMS, WINDOWS_VM, Plant, found_too
from aumdoctor.demo.state import DemoEstate, Wire, key, timestamp

_BEFORE_THE_FIX = Image(
    "Windows",
    "MicrosoftWindowsServer",
    "WindowsServer",
    "2022-datacenter-g2",
    "20348.2322.240217",
    "Windows Server 2022 Datacenter",
    "10.0.20348.2322",
)
"""The last build of Windows Server 2022 before the fix of March 2024."""

_OUTDATED_AGENT = {"Windows": "2.7.41491.949", "Linux": "2.2.46"}


def _deallocated(state: DemoEstate, machine_id: str) -> str:
    set_power(state, machine_id, "deallocated")
    return machine_id


def _cluster_build(state: DemoEstate, machine_id: str) -> str:
    set_image(state, machine_id, _BEFORE_THE_FIX)
    return machine_id


def _agent_not_ready(state: DemoEstate, machine_id: str) -> str:
    vm = state.machine(machine_id)
    vm["properties"]["instanceView"]["vmAgent"] = {
        "vmAgentVersion": "Unknown",
        "statuses": [
            {
                "code": "ProvisioningState/Unavailable",
                "level": "Warning",
                "displayStatus": "Not Ready",
                "message": "VM status blob is found but not yet populated.",
                "time": timestamp(state.now - timedelta(hours=7)),
            }
        ],
    }
    return machine_id


def _os_update_extension_name(machine: Wire) -> str:
    return f"{os_type_of(machine)}OsUpdateExtension".lower()


def _os_update_extension_missing(state: DemoEstate, machine_id: str) -> str:
    del state.extensions[key(machine_id)][_os_update_extension_name(state.machine(machine_id))]
    return machine_id


def _os_update_extension_failed(state: DemoEstate, machine_id: str) -> str:
    extension = state.extensions[key(machine_id)][_os_update_extension_name(state.machine(machine_id))]
    set_extension_status(
        extension,
        "Failed",
        "61",
        "Extension Message: Extension Enable command timed out. Extension enable did not finish within 30 minutes.",
    )
    return machine_id


def _patch_extension_missing(state: DemoEstate, machine_id: str) -> str:
    name = f"{os_type_of(state.machine(machine_id))}PatchExtension".lower()
    del state.extensions[key(machine_id)][name]
    return machine_id


def _patch_extension_failed(state: DemoEstate, machine_id: str) -> str:
    extension = patch_extension(state, machine_id)
    set_extension_status(
        extension,
        "Failed",
        "ProvisioningState/failed/3",
        f"Plugin ({extension['properties']['publisher']}.{extension['name']}) returned non-zero exit code for "
        "Install: 3. Extension install failed.",
    )
    return machine_id


def _agent_not_provisioned(state: DemoEstate, machine_id: str) -> str:
    """Created without the VM agent: no extension, no assessment, and only the patch settings that need no agent."""
    vm = state.machine(machine_id)
    os_configuration(vm)["provisionVMAgent"] = False
    patch_settings_of(vm).clear()
    found_too(state, "AUM039", machine_id)
    state.extensions.pop(key(machine_id), None)
    state.assessments.pop(key(machine_id), None)
    vm["properties"]["instanceView"].pop("vmAgent")
    return machine_id


def _agent_outdated(state: DemoEstate, machine_id: str) -> str:
    vm = state.machine(machine_id)
    vm["properties"]["instanceView"]["vmAgent"]["vmAgentVersion"] = _OUTDATED_AGENT[os_type_of(vm)]
    return machine_id


def _provisioning_failed(state: DemoEstate, machine_id: str) -> str:
    properties = state.machine(machine_id)["properties"]
    properties["provisioningState"] = "Failed"
    statuses = properties["instanceView"]["statuses"]
    statuses[0] = {
        "code": "ProvisioningState/failed/AllocationFailed",
        "level": "Error",
        "displayStatus": "Provisioning failed",
        "message": "Allocation failed. There was not enough capacity for the requested size in this region.",
        "time": timestamp(state.now - timedelta(days=1)),
    }
    return machine_id


PLANTS = {
    "AUM012": Plant(_deallocated, VMS, weight=3),
    "AUM014": Plant(_os_update_extension_missing, ARC),
    "AUM015": Plant(_os_update_extension_failed, ARC),
    "AUM016": Plant(_patch_extension_missing, VMS),
    "AUM017": Plant(_patch_extension_failed, VMS),
    "AUM038": Plant(_agent_not_provisioned, (LINUX_VM,), scheduled=False),
    "AUM042": Plant(_agent_not_ready, VMS, weight=2),
    "AUM043": Plant(_agent_outdated, VMS),
    "WS001": Plant(_cluster_build, (WINDOWS_VM,)),
    "AUM044": Plant(_provisioning_failed, VMS),
}
