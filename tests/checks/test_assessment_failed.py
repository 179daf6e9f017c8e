import pytest

from aumdoctor.checks.assessment_failed import assessment_failed as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ErrorDetail, Machine
from tests.builders import (
    arc_machine,
    assessment,
    azure_vm,
    estate,
    examine,
    failed_assessment,
    finding,
    findings,
    installation,
    unknowns,
)


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_failed_assessment_is_told_with_what_azure_said(machine, os_type: str) -> None:  # type: ignore[no-untyped-def]
    seen = machine(os_type=os_type, assessment=failed_assessment("something new went wrong"))
    found = finding(estate(seen), check)
    assert (found.check, found.severity, found.confidence) == ("AUM130", Severity.HIGH, Confidence.HIGH)
    assert found.message == "the last assessment failed: something new went wrong"
    status, error = found.evidence
    assert (status.observed, status.expected) == ("Failed", "Succeeded")
    assert status.path.endswith("availablePatchSummary.status")
    assert error.observed == "something new went wrong"


def test_a_detail_is_quoted_rather_than_the_summary_that_counts_them() -> None:
    errors = (
        ErrorDetail(path="error.message", message="1 error/s reported.", code="1"),
        ErrorDetail(path="error.details[0].message", message="disk full"),
    )
    found = finding(estate(azure_vm(assessment=assessment(status="Failed", errors=errors))), check)
    assert found.message == "the last assessment failed: disk full"
    assert [evidence.observed for evidence in found.evidence[1:]] == ["1 error/s reported.", "disk full"]


def test_a_failure_without_a_reason_is_a_failure() -> None:
    found = finding(estate(azure_vm(assessment=assessment(status="failed"))), check)
    assert "no reason" in found.message


def test_a_row_of_resource_graph_is_named_as_such() -> None:
    row = failed_assessment("broken", path="properties")
    found = finding(estate(azure_vm(assessment=row)), check)
    assert found.evidence[0].path == "patchassessmentresources.properties.status"


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(),
        azure_vm(assessment=None),
        azure_vm(assessment=assessment(status=None)),
        azure_vm(assessment=assessment(status="InProgress")),
        azure_vm(assessment=assessment(status="CompletedWithWarnings")),
        azure_vm(
            assessment=assessment(errors=(ErrorDetail(path="error", message="0 error/s reported.", code="0"),)),
        ),
        azure_vm(installation=installation("0x80070005")),
    ],
    ids=["succeeded", "never", "no status", "under way", "warnings", "error code 0", "an installation failed"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_an_assessment_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.ASSESSMENT]), check)
    assert unknown.fact is Fact.ASSESSMENT


@pytest.mark.parametrize(
    ("machine", "cause"),
    [
        (azure_vm(os_type="Linux", assessment=failed_assessment("Temporary failure resolving 'archive'")), "AUM024"),
        (azure_vm(assessment=failed_assessment("Exception from HRESULT: 0x80070005")), "AUM028"),
        (azure_vm(assessment=failed_assessment("Exception from HRESULT: 0x8024ABCD")), "AUM008"),
        (azure_vm(os_type="Linux", assessment=failed_assessment("something new")), None),
    ],
    ids=["repositories", "access denied", "an unheard-of code", "nothing known"],
)
def test_a_known_error_explains_it_and_on_windows_so_does_the_named_code(machine: Machine, cause: str | None) -> None:
    folded = {each.check: each.explained_by for each in examine(estate(machine)).findings}
    assert folded["AUM130"] == cause
