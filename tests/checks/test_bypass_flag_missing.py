import pytest

from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from tests.builders import (
    arc_machine,
    azure_vm,
    dynamic_scope,
    estate,
    finding,
    findings,
    patch_settings,
    unknowns,
)

NO_BYPASS = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
ABSENT = patch_settings(bypass_platform_safety_checks_on_user_schedule=None)


@pytest.mark.parametrize("settings", [NO_BYPASS, ABSENT], ids=["false", "absent"])
@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_schedule_on_a_vm_that_azure_orchestrates_patches_nothing(settings: object, os_type: str) -> None:
    vm = azure_vm(os_type=os_type, patch_settings=settings)
    found = finding(estate(vm, scheduled=True), check)
    assert (found.check, found.severity, found.confidence) == ("AUM031", Severity.CRITICAL, Confidence.HIGH)
    assert found.blocks == (Operation.SCHEDULE,)
    flag = found.evidence[0]
    assert flag.path == (
        f"properties.osProfile.{os_type.lower()}Configuration.patchSettings"
        ".automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"
    )
    assert flag.observed is vm.patch_settings.bypass_platform_safety_checks_on_user_schedule
    assert flag.expected is True
    assert "weekly" in found.message


def test_a_dynamic_scope_counts_as_a_schedule() -> None:
    vm = azure_vm(patch_settings=NO_BYPASS)
    assert finding(estate(vm, assignments=[dynamic_scope(os_types=("windows",))]), check)


def test_with_the_flag_or_without_a_schedule_all_is_well() -> None:
    assert findings(estate(azure_vm(), scheduled=True), check) == ()
    assert findings(estate(azure_vm(patch_settings=NO_BYPASS)), check) == ()


def test_another_patch_mode_is_another_issue() -> None:
    manual = patch_settings(patch_mode="Manual", bypass_platform_safety_checks_on_user_schedule=False)
    assert findings(estate(azure_vm(patch_settings=manual), scheduled=True), check) == ()


def test_a_schedule_that_could_not_be_read_makes_it_less_sure() -> None:
    found = finding(estate(azure_vm(patch_settings=NO_BYPASS), scheduled=True, configurations=[]), check)
    assert found.confidence is Confidence.MEDIUM


def test_arc_machines_need_no_flag() -> None:
    assert findings(estate(arc_machine(patch_settings=NO_BYPASS), scheduled=True), check) == ()


def test_assignments_that_were_not_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(patch_settings=NO_BYPASS), missing=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS
