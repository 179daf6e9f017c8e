"""Recipes about a machine's patch settings: patch mode, safety flag, assessment mode and what goes with them."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import (
    Image,
    is_arc,
    os_configuration,
    os_type_of,
    patch_settings_of,
    record_assessment,
    set_image,
)
from aumdoctor.demo.plants.recipe import ARC, LINUX_VM, VMS, WINDOWS_VM, Plant, found_too
from aumdoctor.demo.plants.systems import EXCLUDED_IMAGE
from aumdoctor.demo.policies import PERIODIC_ASSESSMENT_AUDIT, add_policy_assignment, set_compliance, subscription_of
from aumdoctor.demo.state import DemoEstate, key

_HOTPATCHABLE = Image(
    "Windows",
    "MicrosoftWindowsServer",
    "WindowsServer",
    "2022-datacenter-azure-edition-hotpatch",
    "20348.4171.250903",
    "Windows Server 2022 Datacenter Azure Edition",
    "10.0.20348.4171",
)


def _automatic_by_os(state: DemoEstate, machine_id: str) -> str:
    settings = patch_settings_of(state.machine(machine_id))
    settings["patchMode"] = "AutomaticByOS"
    settings.pop("automaticByPlatformSettings", None)
    return machine_id


def _not_schedulable(state: DemoEstate, machine_id: str) -> str:
    machine = state.machine(machine_id)
    settings = patch_settings_of(machine)
    settings.pop("automaticByPlatformSettings", None)
    if os_type_of(machine) == "Windows":
        settings["patchMode"] = "Manual"
        os_configuration(machine)["enableAutomaticUpdates"] = False
        found_too(state, "AUM037", machine_id)
    else:
        # Nobody ever set it: the platform's default is ImageDefault.
        settings.pop("patchMode")
    return machine_id


def _bypass_flag_missing(state: DemoEstate, machine_id: str) -> str:
    settings = patch_settings_of(state.machine(machine_id))
    if os_type_of(state.machine(machine_id)) == "Windows":
        settings["automaticByPlatformSettings"]["bypassPlatformSafetyChecksOnUserSchedule"] = False
    else:
        settings.pop("automaticByPlatformSettings")
    return machine_id


def _extension_operations_disabled(state: DemoEstate, machine_id: str) -> str:
    state.machine(machine_id)["properties"]["osProfile"]["allowExtensionOperations"] = False
    state.extensions.pop(key(machine_id), None)
    state.assessments.pop(key(machine_id), None)
    return machine_id


def stop_periodic_assessment(state: DemoEstate, machine_id: str) -> None:
    """Set the assessment mode back to the default; the last assessment was asked for three days ago."""
    settings = patch_settings_of(state.machine(machine_id))
    if os_type_of(state.machine(machine_id)) == "Windows":
        settings["assessmentMode"] = "ImageDefault"
    else:
        settings.pop("assessmentMode", None)
    record_assessment(state, machine_id, state.now - timedelta(days=3), started_by="User", security=2)


def _periodic_assessment_off(state: DemoEstate, machine_id: str) -> str:
    stop_periodic_assessment(state, machine_id)
    if not is_arc(state.machine(machine_id)):
        scope = f"/subscriptions/{subscription_of(machine_id)}"
        audit = add_policy_assignment(
            state, scope, "aum-audit-periodic-assessment", PERIODIC_ASSESSMENT_AUDIT, role=None
        )
        # Not true, and the service does say so for machines that the audit policy does not match.
        set_compliance(state, machine_id, audit, "Compliant")
    return machine_id


def _bypass_without_platform_mode(state: DemoEstate, machine_id: str) -> str:
    patch_settings_of(state.machine(machine_id))["patchMode"] = "ImageDefault"
    return machine_id


def _customer_managed_without_schedule(_state: DemoEstate, machine_id: str) -> str:
    return machine_id


def leave_to_the_platform(state: DemoEstate, machine_id: str) -> str:
    """Take the flag for schedules away, so that Azure patches the VM at times of its own choosing."""
    settings = patch_settings_of(state.machine(machine_id))
    settings["automaticByPlatformSettings"]["bypassPlatformSafetyChecksOnUserSchedule"] = False
    return machine_id


def _image_not_patched_by_the_platform(state: DemoEstate, machine_id: str) -> str:
    """What Azure Update Manager excludes altogether, Azure does not patch by itself either."""
    set_image(state, machine_id, EXCLUDED_IMAGE)
    leave_to_the_platform(state, machine_id)
    found_too(state, "AUM049", machine_id)
    return machine_id


def _hotpatching_under_schedule(state: DemoEstate, machine_id: str) -> str:
    """The demo's Azure refuses hotpatching beside the flag for schedules, so the schedule cannot work either."""
    set_image(state, machine_id, _HOTPATCHABLE)
    _bypass_flag_missing(state, machine_id)
    patch_settings_of(state.machine(machine_id))["enableHotpatching"] = True
    found_too(state, "AUM031", machine_id)
    return machine_id


def _automatic_updates_immutable(state: DemoEstate, machine_id: str) -> str:
    machine = state.machine(machine_id)
    os_configuration(machine)["enableAutomaticUpdates"] = False
    settings = patch_settings_of(machine)
    settings["automaticByPlatformSettings"]["bypassPlatformSafetyChecksOnUserSchedule"] = False
    found_too(state, "AUM031", machine_id)
    return machine_id


def _reboots_otherwise_than_its_schedule(state: DemoEstate, machine_id: str) -> str:
    patch_settings_of(state.machine(machine_id))["automaticByPlatformSettings"]["rebootSetting"] = "Never"
    return machine_id


def _without_os_profile(state: DemoEstate, machine_id: str) -> str:
    """As Azure Migrate leaves a VM: no OS profile, no image, and so every default of the platform."""
    properties = state.machine(machine_id)["properties"]
    properties["storageProfile"]["osDisk"]["createOption"] = "Attach"
    properties["storageProfile"].pop("imageReference", None)
    properties.pop("osProfile")
    record_assessment(state, machine_id, state.now - timedelta(days=3), started_by="User", security=2)
    found_too(state, "AUM039", machine_id)
    return machine_id


def _never_onboarded(state: DemoEstate, machine_id: str) -> str:
    settings = patch_settings_of(state.machine(machine_id))
    settings.clear()
    state.assessments.pop(key(machine_id), None)
    state.extensions[key(machine_id)].pop(f"{os_type_of(state.machine(machine_id))}PatchExtension".lower(), None)
    found_too(state, "AUM039", machine_id)
    return machine_id


PLANTS = {
    "AUM007": Plant(_automatic_by_os, (WINDOWS_VM,), scheduled=False),
    "AUM018": Plant(_extension_operations_disabled, VMS),
    "AUM030": Plant(_not_schedulable, VMS, weight=3),
    "AUM031": Plant(_bypass_flag_missing, VMS, weight=3),
    "AUM032": Plant(_bypass_without_platform_mode, (LINUX_VM,), scheduled=False),
    "AUM033": Plant(_customer_managed_without_schedule, VMS, scheduled=False, weight=2),
    "AUM034": Plant(leave_to_the_platform, VMS, scheduled=False),
    "AUM035": Plant(_image_not_patched_by_the_platform, (WINDOWS_VM,), scheduled=False),
    "AUM036": Plant(_hotpatching_under_schedule, (WINDOWS_VM,)),
    "AUM037": Plant(_automatic_updates_immutable, (WINDOWS_VM,)),
    "AUM039": Plant(_periodic_assessment_off, (*VMS, *ARC), weight=2),
    "AUM040": Plant(_reboots_otherwise_than_its_schedule, VMS),
    "AUM055": Plant(_without_os_profile, (LINUX_VM,), scheduled=False),
    "AUM142": Plant(_never_onboarded, (LINUX_VM,), scheduled=False),
}
