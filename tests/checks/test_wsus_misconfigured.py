import pytest

from aumdoctor.checks.not_assessed import not_assessed
from aumdoctor.checks.windows_update_unreachable import windows_update_unreachable
from aumdoctor.checks.wsus_misconfigured import wsus_misconfigured as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import azure_vm, estate, examine, failed_assessment, finding, findings, unknowns


@pytest.mark.parametrize("service", ["WU_WSUS", "WU-WSUS", "wu_wsus"])
def test_a_machine_that_uses_wsus_and_does_not_reach_it(service: str) -> None:
    vm = azure_vm(assessment=failed_assessment("HRESULT: 0x8024402C", patch_service_used=service))
    seen = finding(estate(vm), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM027", Severity.MEDIUM, Confidence.HIGH)
    assert "WSUS" in seen.message
    error, used = seen.evidence
    assert error.observed == "HRESULT: 0x8024402C"
    assert (used.path, used.observed) == ("properties.patchStatus.availablePatchSummary.patchServiceUsed", service)


@pytest.mark.parametrize("code", ["0x80072EE6", "0x80244011"])
def test_codes_that_only_a_wrong_pointer_gives_need_no_other_sign(code: str) -> None:
    vm = azure_vm(assessment=failed_assessment(code, patch_service_used=None))
    assert code in finding(estate(vm), check).message


@pytest.mark.parametrize("service", ["WU", None])
def test_a_network_error_without_wsus_is_of_the_network(service: str | None) -> None:
    vm = azure_vm(assessment=failed_assessment("0x8024402C", patch_service_used=service))
    assert findings(estate(vm), check) == ()


def test_wsus_that_works_is_no_issue() -> None:
    vm = azure_vm(assessment=failed_assessment("0x80240016", patch_service_used="WU_WSUS"))
    assert findings(estate(vm), check) == ()
    linux = azure_vm(os_type="Linux", assessment=failed_assessment("0x80244011"))
    assert findings(estate(linux), check) == ()


def test_it_is_the_root_of_the_network_error_and_of_the_failed_assessment() -> None:
    vm = azure_vm(assessment=failed_assessment("0x8024402C", patch_service_used="WU_WSUS"))
    seen = examine(estate(vm), check, windows_update_unreachable, not_assessed)
    assert {found.check: found.explained_by for found in seen.findings} == {
        "AUM008": "AUM027",
        "AUM025": "AUM027",
        "AUM027": None,
    }


def test_without_assessments_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[Fact.ASSESSMENT]), check)
    assert unknown.fact is Fact.ASSESSMENT
