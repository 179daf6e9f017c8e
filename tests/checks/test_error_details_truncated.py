import pytest

from aumdoctor.checks.error_details_truncated import error_details_truncated as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import ErrorDetail
from tests.builders import (
    arc_machine,
    assessment,
    azure_vm,
    error_details,
    estate,
    examine,
    failed_assessment,
    finding,
    findings,
    installation,
    unknowns,
)

FIVE = tuple(f"error {number}" for number in range(5))
CUT = "Package lists were truncated to limit reporting data volume."


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
@pytest.mark.parametrize("build", [azure_vm, arc_machine])
def test_five_errors_are_all_that_azure_keeps(build, os_type) -> None:
    built = examine(estate(build(os_type=os_type, assessment=failed_assessment(*FIVE))), check)
    (seen,) = built.findings
    assert (seen.check, seen.severity, seen.blocks) == ("AUM137", Severity.INFO, ())
    assert seen.evidence[0].observed == 5
    assert seen.evidence[0].path.endswith("error.details")
    (remedy,) = built.remedies[0]
    place = (
        "GuestConfig" if build is arc_machine else "WindowsPatchExtension" if os_type == "Windows" else "/var/log/azure"
    )
    assert place in remedy.steps[0]


def test_a_list_of_packages_that_was_cut_off_even_where_all_went_well() -> None:
    by_text = azure_vm("vm-1", assessment=assessment(errors=error_details(CUT)))
    code = (ErrorDetail(path="error.details[0].code", message="PACKAGE_LIST_TRUNCATED", code="PACKAGE_LIST_TRUNCATED"),)
    by_code = azure_vm("vm-2", installation=installation(errors=code))
    messages = [each.message for each in findings(estate(by_text, by_code), check)]
    assert messages == [
        "the list of packages of the last assessment is cut off",
        "the list of packages of the last installation is cut off",
    ]


def test_both_results_are_one_finding() -> None:
    vm = azure_vm(assessment=failed_assessment(*FIVE), installation=installation(*FIVE, "one more"))
    seen = finding(estate(vm), check)
    assert "assessment shows 5" in seen.message
    assert "installation shows 6" in seen.message
    assert {each.observed for each in seen.evidence} == {5, 6}


@pytest.mark.parametrize(
    "vm",
    [
        azure_vm(),
        azure_vm(assessment=None),
        azure_vm(assessment=failed_assessment(*FIVE[:4])),
        azure_vm(
            assessment=assessment(
                errors=(*error_details(*FIVE[:4]), ErrorDetail(path="error.message", message="4 error/s reported"))
            )
        ),
    ],
)
def test_fewer_errors_are_all_there_were(vm) -> None:
    assert findings(estate(vm), check) == ()


@pytest.mark.parametrize("fact", [Fact.ASSESSMENT, Fact.INSTALLATION])
def test_without_results_it_is_not_known(fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[fact]), check)
    assert unknown.fact is fact
