"""Recipes about what stands beside schedules: who may do what, scale sets, other installers, systems unlike their
image, and more updates than a window holds."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import Image, record_assessment, set_image
from aumdoctor.demo.plants.recipe import VMS, WINDOWS_ARC, WINDOWS_VM, Plant, group_of
from aumdoctor.demo.plants.settings import leave_to_the_platform
from aumdoctor.demo.policies import subscription_of
from aumdoctor.demo.sql import add_sql_vm
from aumdoctor.demo.state import DemoEstate

_UPGRADED = Image(
    "Windows",
    "MicrosoftWindowsServer",
    "WindowsServer",
    "2016-datacenter-gensecond",
    "14393.8422.250905",
    "Windows Server 2022 Datacenter",
    "10.0.20348.4171",
)


def _only_to_look(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    reader = {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    state.caller_permissions[subscription.lower()] = [reader]
    return f"/subscriptions/{subscription}"


def _member_without_application_health(state: DemoEstate, machine_id: str) -> str:
    scale_set = f"{group_of(machine_id)}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-api"
    state.machine(machine_id)["properties"]["virtualMachineScaleSet"] = {"id": scale_set}
    return leave_to_the_platform(state, machine_id)


def _upgraded_in_place(state: DemoEstate, machine_id: str) -> str:
    set_image(state, machine_id, _UPGRADED)
    return machine_id


def _more_than_the_window_holds(state: DemoEstate, machine_id: str) -> str:
    record_assessment(state, machine_id, state.now - timedelta(hours=5), security=24)
    return machine_id


def _patched_by_sql_too(state: DemoEstate, machine_id: str) -> str:
    add_sql_vm(state, machine_id, automated_patching=True)
    return machine_id


def _custom_image_left_to_the_platform(state: DemoEstate, machine_id: str) -> str:
    image_id = (
        f"/subscriptions/{subscription_of(machine_id)}/resourceGroups/rg-images/providers/Microsoft.Compute"
        "/galleries/gal_contoso/images/hardened/versions/2.1.0"
    )
    state.machine(machine_id)["properties"]["storageProfile"]["imageReference"] = {
        "id": image_id,
        "exactVersion": "2.1.0",
    }
    return leave_to_the_platform(state, machine_id)


PLANTS = {
    "AUM047": Plant(_only_to_look, VMS, subscription="contoso-audited"),
    "AUM052": Plant(_member_without_application_health, VMS, scheduled=False),
    "AUM053": Plant(_upgraded_in_place, (WINDOWS_VM,)),
    "AUM058": Plant(_more_than_the_window_holds, (WINDOWS_VM, WINDOWS_ARC)),
    "AUM141b": Plant(_patched_by_sql_too, (WINDOWS_VM,)),
    "AUM141c": Plant(_custom_image_left_to_the_platform, VMS, scheduled=False),
}
