import pytest

from aumdoctor.checks.run_no_op import run_no_op as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import arc_machine, assessment, azure_vm, estate, finding, findings, installation, unknowns


def idle(**overrides):
    return installation(**{"installed_count": 0, "not_selected_count": 0, "excluded_count": 0, **overrides})


PENDING = assessment(critical_and_security_count=3)


@pytest.mark.parametrize("build", [azure_vm, arc_machine])
def test_a_schedule_that_selects_nothing_of_what_is_urgent(build) -> None:
    seen = finding(estate(build(installation=idle(not_selected_count=7), assessment=PENDING)), check)
    assert (seen.check, seen.severity, seen.blocks) == ("AUM135", Severity.MEDIUM, ())
    assert "7 update(s) are not selected" in seen.message
    assert "3 critical or security" in seen.message
    assert [each.observed for each in seen.evidence] == [0, 7, 0]


@pytest.mark.parametrize("count", ["not_selected_count", "excluded_count"])
def test_what_is_left_out_and_not_urgent_is_information(count) -> None:
    seen = finding(estate(azure_vm(installation=idle(**{count: 2}))), check)
    assert seen.severity is Severity.INFO


def test_what_wsus_does_not_offer() -> None:
    from_wsus = assessment(patch_service_used="WU-WSUS", critical_and_security_count=4)
    seen = finding(estate(azure_vm(installation=idle(), assessment=from_wsus)), check)
    assert seen.severity is Severity.MEDIUM
    assert "WSUS" in seen.message
    assert seen.evidence[-1].observed == "WU-WSUS"


@pytest.mark.parametrize(
    ("done", "now"),
    [
        (None, PENDING),
        (idle(), assessment()),
        (idle(), PENDING),  # published since: the next window is there for them
        (idle(), assessment(patch_service_used="WU_WSUS")),
        (idle(installed_count=1, not_selected_count=9), PENDING),
        (idle(installed_count=None, not_selected_count=9), PENDING),
        (idle(status="Failed", not_selected_count=9), PENDING),
        (idle(status="InProgress", not_selected_count=9), PENDING),
        (idle(failed_count=1, not_selected_count=9), PENDING),
        (idle(pending_count=1, not_selected_count=9), PENDING),
        (idle(not_selected_count=9, started_by="User", maintenance_run_id=None), PENDING),
        (idle(not_selected_count=None, excluded_count=None), None),
    ],
)
def test_nothing_is_said_of_these(done, now) -> None:
    assert findings(estate(azure_vm(installation=done, assessment=now)), check) == ()


def test_pending_updates_of_an_older_assessment_do_not_count() -> None:
    done = idle(not_selected_count=2)
    before = assessment(critical_and_security_count=3, last_modified=done.started_at)
    assert finding(estate(azure_vm(installation=done, assessment=before)), check).severity is Severity.INFO


def test_without_installations_it_is_not_known() -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION
