import pytest

from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import (
    arc_machine,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    static_assignment,
    unknowns,
)

MANUAL = patch_settings(patch_mode="Manual", bypass_platform_safety_checks_on_user_schedule=None)


def test_a_schedule_on_a_vm_that_is_patched_by_hand_never_patches_it() -> None:
    vm = azure_vm(patch_settings=MANUAL)
    seen = estate(vm, scheduled=True)
    found = finding(seen, check)
    assert (found.check, found.severity, found.confidence) == ("AUM030", Severity.CRITICAL, Confidence.HIGH)
    assert found.blocks == (Operation.SCHEDULE,)
    assert "Manual" in found.message
    assert "weekly" in found.message
    mode, schedule = found.evidence
    assert mode.path == "properties.osProfile.windowsConfiguration.patchSettings.patchMode"
    assert (mode.observed, mode.expected) == ("Manual", "AutomaticByPlatform")
    assert schedule.resource_id == static_assignment(vm).id
    assert examine(seen, check).machines[0].verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("os_type", "default"), [("Windows", "AutomaticByOS"), ("Linux", "ImageDefault")], ids=["windows", "linux"]
)
def test_an_absent_patch_mode_is_the_platforms_default(os_type: str, default: str) -> None:
    found = finding(estate(azure_vm(os_type=os_type, patch_settings=PatchSettings()), scheduled=True), check)
    assert found.evidence[0].observed is None
    assert f"{default} by default" in found.message
    assert "updates itself outside the window" in found.message


def test_a_vm_with_the_bypass_flag_and_the_wrong_mode_is_found_too() -> None:
    assert finding(estate(azure_vm(patch_settings=patch_settings(patch_mode="Manual")), scheduled=True), check)


def test_a_dynamic_scope_counts_as_a_schedule() -> None:
    vm = azure_vm(patch_settings=MANUAL, location="westeurope")
    assert finding(estate(vm, assignments=[dynamic_scope(locations=("West Europe",))]), check)
    assert findings(estate(vm, assignments=[dynamic_scope(locations=("eastus",))]), check) == ()


@pytest.mark.parametrize("mode", ["AutomaticByPlatform", "automaticbyplatform"])
def test_customer_managed_schedules_are_fine_in_any_casing(mode: str) -> None:
    assert findings(estate(azure_vm(patch_settings=patch_settings(patch_mode=mode)), scheduled=True), check) == ()


def test_without_a_schedule_the_patch_mode_is_the_owners_affair() -> None:
    assert findings(estate(azure_vm(patch_settings=MANUAL)), check) == ()


def test_a_schedule_for_hosts_is_no_reason() -> None:
    vm, hosts = azure_vm(patch_settings=MANUAL), configuration(maintenance_scope="Host")
    assert findings(estate(vm, configurations=[hosts], assignments=[static_assignment(vm, hosts)]), check) == ()


def test_a_schedule_that_could_not_be_read_makes_it_less_sure() -> None:
    found = finding(estate(azure_vm(patch_settings=MANUAL), scheduled=True, configurations=[]), check)
    assert found.confidence is Confidence.MEDIUM


def test_arc_machines_need_no_patch_mode() -> None:
    assert findings(estate(arc_machine(patch_settings=MANUAL), scheduled=True), check) == ()


def test_assignments_that_may_not_be_read_leave_it_unknown() -> None:
    seen = estate(azure_vm(patch_settings=MANUAL), denied=[Fact.ASSIGNMENTS])
    (unknown,) = unknowns(seen, check)
    assert unknown.permission == "Microsoft.Maintenance/configurationAssignments/read"
    assert examine(seen, check).machines[0].verdict is Verdict.UNKNOWN
