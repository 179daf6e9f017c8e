"""The checks that read one HRESULT or a few have one shape, and so have their stories (AUM025, 026, 028, 029)."""

from datetime import timedelta

import pytest

from aumdoctor.checks.check import Check
from aumdoctor.checks.not_assessed import not_assessed
from aumdoctor.checks.windows_update_access_denied import windows_update_access_denied
from aumdoctor.checks.windows_update_disabled import windows_update_disabled
from aumdoctor.checks.windows_update_shutting_down import windows_update_shutting_down
from aumdoctor.checks.windows_update_unreachable import windows_update_unreachable
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
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
    installation,
    unknowns,
)

CASES = [
    (windows_update_unreachable, "0x8024402C", "AUM025", Severity.HIGH),
    (windows_update_unreachable, "0x8024401C", "AUM025", Severity.HIGH),
    (windows_update_unreachable, "0x8024402F", "AUM025", Severity.HIGH),
    (windows_update_unreachable, "0x80072EE2", "AUM025", Severity.HIGH),
    (windows_update_disabled, "0x8024002E", "AUM026", Severity.HIGH),
    (windows_update_disabled, "0x80070422", "AUM026", Severity.HIGH),
    (windows_update_access_denied, "0x80070005", "AUM028", Severity.MEDIUM),
    (windows_update_shutting_down, "0x8024001E", "AUM029", Severity.LOW),
]
CHECKS = list(dict.fromkeys(case[2] for case in CASES))
each_check = pytest.mark.parametrize(
    ("check", "code"), [next((case[0], case[1]) for case in CASES if case[2] == check_id) for check_id in CHECKS]
)


def text_of(code: str) -> str:
    return f"Error:Exception from HRESULT: {code}, Hresult:0"


@pytest.mark.parametrize(("check", "code", "check_id", "severity"), CASES)
def test_its_code_in_a_failed_assessment(check: Check, code: str, check_id: str, severity: Severity) -> None:
    seen = finding(estate(azure_vm(assessment=failed_assessment("first", text_of(code)))), check)
    assert (seen.check, seen.severity, seen.confidence) == (check_id, severity, Confidence.HIGH)
    assert code in seen.message
    (evidence,) = seen.evidence
    assert evidence.observed == text_of(code)
    assert evidence.path.endswith("error.details[1].message")


@each_check
def test_in_small_letters_as_a_signed_number_and_on_arc(check: Check, code: str) -> None:
    signed = str(int(code, 16) - 2**32)
    assert finding(estate(arc_machine(assessment=failed_assessment(code.lower()))), check).message.startswith(code)
    assert finding(estate(azure_vm(assessment=failed_assessment(f"Hresult:{signed}"))), check).message.startswith(code)


@each_check
def test_in_the_code_of_an_error_rather_than_its_text(check: Check, code: str) -> None:
    coded = error_details("no updates")[0]
    coded = type(coded)(path=coded.path, message=coded.message, code=code)
    assert finding(estate(azure_vm(assessment=assessment(status="Failed", errors=(coded,)))), check).check == check.id


@each_check
def test_another_code_a_success_and_linux_are_near_misses(check: Check, code: str) -> None:
    assert findings(estate(azure_vm(assessment=failed_assessment("0x80240016"))), check) == ()
    recovered = assessment(errors=error_details(text_of(code)))
    assert findings(estate(azure_vm(assessment=recovered)), check) == ()
    assert findings(estate(azure_vm(os_type="Linux", assessment=failed_assessment(text_of(code)))), check) == ()
    assert findings(estate(azure_vm(assessment=None)), check) == ()


@each_check
def test_in_a_failed_installation_it_counts_until_an_assessment_succeeds(check: Check, code: str) -> None:
    failing = installation(text_of(code))
    stale = assessment(last_modified=NOW - timedelta(days=6))
    now_blocking = finding(estate(azure_vm(installation=failing, assessment=stale)), check)
    assert now_blocking.severity is check.severity
    assert "lastPatchInstallationSummary" in now_blocking.evidence[0].path
    history = finding(estate(azure_vm(installation=failing, assessment=assessment())), check)
    assert (history.severity, history.confidence) == (Severity.LOW, Confidence.MEDIUM)
    assert "has succeeded since" in history.message


@each_check
def test_it_explains_why_the_assessment_failed(check: Check, code: str) -> None:
    vm = azure_vm(assessment=failed_assessment(text_of(code)))
    folded = {found.check: found.explained_by for found in examine(estate(vm), check, not_assessed).findings}
    assert folded == {check.id: None, "AUM008": check.id}


@each_check
def test_what_may_not_be_read_is_unknown(check: Check, code: str) -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION


def test_a_service_that_cannot_be_started_says_so_in_words() -> None:
    words = "The service cannot be started, either because it is disabled or because it has no enabled devices"
    seen = finding(estate(azure_vm(assessment=failed_assessment(words))), windows_update_disabled)
    assert seen.evidence[0].observed == words
    assert "switched off" in seen.message


def test_without_times_an_installation_s_error_is_not_taken_for_history() -> None:
    timeless = installation("0x80070005", last_modified=None)
    seen = finding(estate(azure_vm(installation=timeless)), windows_update_access_denied)
    assert seen.severity is Severity.MEDIUM
    nothing_else = azure_vm(installation=installation("0x80070005"), assessment=None)
    assert finding(estate(nothing_else), windows_update_access_denied).confidence is Confidence.HIGH


def test_a_row_of_resource_graph_is_named_as_such() -> None:
    row = failed_assessment("0x80070422", path="properties")
    seen = finding(estate(azure_vm(assessment=row)), windows_update_disabled)
    assert seen.evidence[0].path == "patchassessmentresources.properties.error.details[0].message"


@each_check
@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
def test_an_operation_with_warnings_tells_it_as_well(machine, check: Check, code: str) -> None:
    warned = failed_assessment(text_of(code), status="CompletedWithWarnings")
    assert finding(estate(machine(assessment=warned)), check).confidence is Confidence.HIGH
    old = assessment(last_modified=NOW - timedelta(days=6))
    of_installation = installation(text_of(code), status="CompletedWithWarnings")
    assert finding(estate(machine(installation=of_installation, assessment=old)), check).confidence is Confidence.HIGH
