"""The remedies that change patch settings: periodic assessment, customer managed schedules, and no schedule at all."""

import shlex

import pytest

from aumdoctor.checks.automatic_by_os_not_manual import automatic_by_os_not_manual
from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.periodic_assessment_off import periodic_assessment_off
from aumdoctor.model.estate import Estate
from aumdoctor.model.machine import Machine, PatchSettings
from aumdoctor.remedies.remedy import Remedy, Risk
from tests.builders import arc_machine, azure_vm, estate, examine, patch_settings

CUSTOMER_MANAGED = {
    "patchMode": "AutomaticByPlatform",
    "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True},
}
MANUAL = patch_settings(patch_mode="Manual")
BY_OS = patch_settings(patch_mode="AutomaticByOS", bypass_platform_safety_checks_on_user_schedule=None)


def cures(seen: Estate, check: object) -> tuple[Remedy, ...]:
    (remedies,) = examine(seen, check).remedies  # type: ignore[arg-type]
    return remedies


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_customer_managed_schedules_are_one_patch_of_mode_and_flag(os_type: str) -> None:
    vm = azure_vm(os_type=os_type, patch_settings=MANUAL)
    (remedy,) = cures(estate(vm, scheduled=True), patch_mode_not_schedulable)
    (call,) = remedy.calls
    assert (call.method, call.path, call.api_version) == ("PATCH", vm.id, "2024-07-01")
    system = f"{os_type.lower()}Configuration"
    assert call.body == {"properties": {"osProfile": {system: {"patchSettings": CUSTOMER_MANAGED}}}}
    assert (remedy.name, remedy.risk, remedy.reversible) == ("customer-managed-schedule", Risk.SAFE, True)
    settings = f"osProfile.{system}.patchSettings"
    assert shlex.split(remedy.az[0]) == [
        *["az", "vm", "update", "--ids", vm.id, "--set", f"{settings}.patchMode=AutomaticByPlatform"],
        f"{settings}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule=true",
    ]


def test_the_missing_flag_is_cured_the_same_way() -> None:
    settings = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
    (remedy,) = cures(estate(azure_vm(patch_settings=settings), scheduled=True), bypass_flag_missing)
    assert remedy.name == "customer-managed-schedule"


def test_a_vm_without_patch_settings_is_patched_by_az_rest() -> None:
    vm = azure_vm(patch_settings=PatchSettings())
    (remedy,) = cures(estate(vm, scheduled=True), patch_mode_not_schedulable)
    assert shlex.split(remedy.az[0])[:6] == [
        *["az", "rest", "--method", "patch", "--url", f"{vm.id}?api-version=2024-07-01"]
    ]


def test_hotpatching_is_warned_of() -> None:
    settings = patch_settings(patch_mode="Manual", enable_hotpatching=True)
    (remedy,) = cures(estate(azure_vm(patch_settings=settings), scheduled=True), patch_mode_not_schedulable)
    assert "Hotpatching" in remedy.steps[0]


def test_a_machine_of_an_unknown_system_gets_no_call_that_could_be_wrong() -> None:
    assert (
        cures(estate(azure_vm(os_type=None, patch_settings=MANUAL), scheduled=True), patch_mode_not_schedulable) == ()
    )


def test_patching_is_stopped_only_with_consent_and_says_what_it_means() -> None:
    (remedy,) = cures(estate(azure_vm(patch_settings=BY_OS)), automatic_by_os_not_manual)
    assert (remedy.name, remedy.risk) == ("stop-patching-without-schedule", Risk.CONSENT)
    assert remedy.calls[0].body == {
        "properties": {"osProfile": {"windowsConfiguration": {"patchSettings": CUSTOMER_MANAGED}}}
    }
    assert "neither Windows nor Azure" in remedy.steps[0]


@pytest.mark.parametrize(
    ("machine", "api_version", "system"),
    [
        (azure_vm(patch_settings=MANUAL), "2024-07-01", "windowsConfiguration"),
        (azure_vm(os_type="Linux", patch_settings=PatchSettings()), "2024-07-01", "linuxConfiguration"),
        (arc_machine(patch_settings=PatchSettings()), "2026-07-15", "windowsConfiguration"),
        (arc_machine(os_type="linux", patch_settings=PatchSettings()), "2026-07-15", "linuxConfiguration"),
    ],
    ids=["windows vm", "linux vm", "windows arc", "linux arc"],
)
def test_periodic_assessment_is_one_setting(machine: Machine, api_version: str, system: str) -> None:
    off = azure_vm if machine.is_azure_vm else arc_machine
    settings = PatchSettings(patch_mode=machine.patch_settings.patch_mode)
    seen = estate(off(os_type=machine.os_type, patch_settings=settings))
    (remedy,) = cures(seen, periodic_assessment_off)
    (call,) = remedy.calls
    assert (call.method, call.api_version) == ("PATCH", api_version)
    body = {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}}
    assert call.body == {"properties": {"osProfile": {system: body}}}
    assert remedy.reversible
    friendly = machine.is_azure_vm and settings.patch_mode is not None
    assert shlex.split(remedy.az[0])[1] == ("vm" if friendly else "rest")
