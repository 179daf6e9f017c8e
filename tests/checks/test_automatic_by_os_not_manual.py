from aumdoctor.checks.automatic_by_os_not_manual import automatic_by_os_not_manual as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

BY_OS = patch_settings(patch_mode="AutomaticByOS", bypass_platform_safety_checks_on_user_schedule=None)


def test_a_windows_vm_that_updates_itself_is_remarked_on() -> None:
    found = finding(estate(azure_vm(patch_settings=BY_OS)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM007", Severity.LOW, Confidence.LOW)
    assert "cannot be switched to Manual" in found.message
    assert found.blocks == ()
    mode, updates = found.evidence
    assert (mode.path, mode.observed) == (
        "properties.osProfile.windowsConfiguration.patchSettings.patchMode",
        "AutomaticByOS",
    )
    assert (updates.path, updates.observed) == (
        "properties.osProfile.windowsConfiguration.enableAutomaticUpdates",
        True,
    )


def test_absent_properties_mean_that_windows_updates_itself() -> None:
    vm = azure_vm(patch_settings=PatchSettings(), enable_automatic_updates=None)
    assert finding(estate(vm), check).evidence[0].observed is None


def test_a_vm_created_without_automatic_updates_can_be_manual() -> None:
    assert findings(estate(azure_vm(patch_settings=BY_OS, enable_automatic_updates=False)), check) == ()


def test_other_modes_linux_and_arc_are_left_alone() -> None:
    manual = azure_vm(patch_settings=patch_settings(patch_mode="Manual"))
    linux = azure_vm("vm-2", os_type="Linux", patch_settings=PatchSettings())
    arc = arc_machine(patch_settings=BY_OS)
    assert findings(estate(manual, linux, arc, azure_vm("vm-3")), check) == ()


def test_patching_may_be_stopped_only_where_no_schedule_is_attached() -> None:
    vm = azure_vm(patch_settings=BY_OS)
    offered = {
        scheduled: [remedy.name for remedy in examine(estate(vm, scheduled=scheduled), check).remedies[0]]
        for scheduled in (False, True)
    }
    assert offered == {False: ["stop-patching-without-schedule"], True: ["customer-managed-schedule"]}


def test_without_the_assignments_it_is_unknown_which_cure_would_be_right() -> None:
    (unknown,) = unknowns(estate(azure_vm(patch_settings=BY_OS), denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS
