from datetime import timedelta

import pytest

from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.not_assessed import not_assessed as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from tests.builders import (
    NOW,
    arc_machine,
    assessment,
    azure_vm,
    error_details,
    estate,
    examine,
    failed_assessment,
    finding,
    findings,
    patch_settings,
    unknowns,
)

NAME_NOT_RESOLVED = "Windows update API failed. Error:Exception from HRESULT: 0x8024402C, Hresult:0"


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
def test_a_failed_assessment_names_its_codes(machine) -> None:
    seen = finding(estate(machine(assessment=failed_assessment(NAME_NOT_RESOLVED))), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM008", Severity.HIGH, Confidence.HIGH)
    assert "0x8024402C (WU_E_PT_WINHTTP_NAME_NOT_RESOLVED)" in seen.message
    status, error = seen.evidence
    assert (status.observed, status.expected) == ("Failed", "Succeeded")
    assert status.path.endswith(".status")
    assert error.path.endswith("error.details[0].message")
    assert error.observed == NAME_NOT_RESOLVED
    assert Operation.ASSESS in seen.blocks


def test_a_code_that_nobody_knows_is_named_all_the_same() -> None:
    seen = finding(estate(azure_vm(assessment=failed_assessment("Exception from HRESULT: 0x8FFF1234"))), check)
    assert "0x8FFF1234" in seen.message


def test_a_failed_assessment_without_a_code_is_less_sure() -> None:
    seen = finding(estate(azure_vm(assessment=failed_assessment("internal execution error"))), check)
    assert (seen.severity, seen.confidence) == (Severity.HIGH, Confidence.MEDIUM)
    assert any(evidence.observed == "internal execution error" for evidence in seen.evidence)


def test_success_with_an_error_object_is_success() -> None:
    healthy = assessment(errors=error_details("0 error/s reported.", "0x8024402C was overcome"))
    assert findings(estate(azure_vm(assessment=healthy)), check) == ()


def test_an_assessment_under_way_is_none_of_its_business() -> None:
    assert findings(estate(azure_vm(assessment=assessment(status="InProgress"))), check) == ()


def test_a_machine_that_was_never_assessed_though_it_should_be() -> None:
    seen = finding(estate(azure_vm(assessment=None)), check)
    assert (seen.severity, seen.confidence) == (Severity.HIGH, Confidence.MEDIUM)
    assert seen.evidence[0].observed is None
    assert seen.evidence[1].observed == "AutomaticByPlatform"


def test_a_machine_without_a_time_of_creation_counts_as_old() -> None:
    assert finding(estate(arc_machine(assessment=None)), check).check == "AUM008"


def test_a_new_machine_is_given_a_day() -> None:
    young = azure_vm(assessment=None, time_created=NOW - timedelta(hours=23))
    assert findings(estate(young), check) == ()


def test_without_periodic_assessment_nobody_promised_one() -> None:
    vm = azure_vm(assessment=None, patch_settings=patch_settings(assessment_mode=None))
    assert findings(estate(vm), check) == ()


def test_linux_has_other_checks() -> None:
    vm = azure_vm(os_type="Linux", assessment=failed_assessment("0x8024402C"))
    assert findings(estate(vm), check) == ()


def test_a_machine_that_is_off_explains_it_and_is_not_blocked_by_it() -> None:
    vm = azure_vm(assessment=None, power_state="deallocated", vm_agent=None)
    seen = finding(estate(vm), check)
    assert seen.severity is Severity.MEDIUM
    folded = {found.check: found.explained_by for found in examine(estate(vm), check, machine_not_running).findings}
    assert folded["AUM008"] == "AUM012"


def test_assessments_that_may_not_be_read_are_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(assessment=None), denied=[Fact.ASSESSMENT]), check)
    assert unknown.fact is Fact.ASSESSMENT
    assert unknown.permission == "Microsoft.Compute/virtualMachines/patchAssessmentResults/read"
