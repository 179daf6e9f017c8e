import pytest

from aumdoctor.checks.periodic_assessment_off import periodic_assessment_off as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_vm_that_nobody_assesses_periodically_is_found(os_type: str) -> None:
    vm = azure_vm(os_type=os_type, patch_settings=patch_settings(assessment_mode="ImageDefault"))
    found = finding(estate(vm), check)
    assert (found.check, found.severity) == ("AUM039", Severity.MEDIUM)
    assert found.blocks == (Operation.PERIODIC_ASSESSMENT,)
    (evidence,) = found.evidence
    assert evidence.path == f"properties.osProfile.{os_type.lower()}Configuration.patchSettings.assessmentMode"
    assert (evidence.observed, evidence.expected) == ("ImageDefault", "AutomaticByPlatform")


def test_it_counts_on_arc_as_well() -> None:
    arc = arc_machine(patch_settings=PatchSettings())
    assert finding(estate(arc), check).resource_id == arc.id


def test_an_absent_assessment_mode_is_the_platforms_default() -> None:
    found = finding(estate(azure_vm(patch_settings=patch_settings(assessment_mode=None))), check)
    assert found.evidence[0].observed is None
    assert "ImageDefault by default" in found.message


@pytest.mark.parametrize("mode", ["AutomaticByPlatform", "AUTOMATICBYPLATFORM"])
def test_periodic_assessment_is_fine_in_any_casing(mode: str) -> None:
    settings = patch_settings(assessment_mode=mode)
    assert findings(estate(azure_vm(patch_settings=settings), arc_machine(patch_settings=settings)), check) == ()


def test_it_matters_for_a_vm_that_is_off_and_does_not_stop_its_patching() -> None:
    seen = estate(azure_vm(power_state="deallocated", patch_settings=patch_settings(assessment_mode=None)))
    assert finding(seen, check)
    assert examine(seen, check).machines[0].verdict is Verdict.PATCHABLE


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE
