from datetime import timedelta

import pytest

from aumdoctor.checks.install_completed_with_warnings import install_completed_with_warnings as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    NOW,
    arc_machine,
    assessment,
    azure_vm,
    error_details,
    estate,
    finding,
    findings,
    installation,
    unknowns,
)

STILL_PENDING = assessment(reboot_pending=True)
NEVER_SINCE = assessment(started_at=NOW - timedelta(days=5), last_modified=NOW - timedelta(days=5))


def warned(**overrides):
    return installation(**{"status": "CompletedWithWarnings", **overrides})


@pytest.mark.parametrize("build", [azure_vm, arc_machine])
@pytest.mark.parametrize("later", [STILL_PENDING, NEVER_SINCE, None])
def test_a_restart_that_was_not_made(build, later) -> None:
    machine = build(installation=warned(reboot_status="Required"), assessment=later)
    seen = finding(estate(machine), check)
    assert (seen.check, seen.severity, seen.blocks) == ("AUM132", Severity.MEDIUM, ())
    assert "restart is required" in seen.message
    assert [each.observed for each in seen.evidence] == ["CompletedWithWarnings", "Required"]


def test_who_was_restarted_since_is_done() -> None:
    vm = azure_vm(installation=warned(reboot_status="Required"), assessment=assessment(reboot_pending=False))
    assert findings(estate(vm), check) == ()


def test_packages_that_need_ubuntu_pro() -> None:
    texts = error_details("2 package(s) requires Ubuntu Pro for Infrastructure with Extended Security Maintenance")
    vm = azure_vm(os_type="Linux", installation=warned(errors=texts))
    seen = finding(estate(vm), check)
    assert "Ubuntu Pro" in seen.message
    assert seen.evidence[1].observed == texts[0].message


def test_any_other_text_is_quoted_and_none_is_said_to_be_none() -> None:
    quoted = azure_vm("vm-1", installation=warned(errors=error_details("something was odd")))
    mute = azure_vm("vm-2", installation=warned())
    messages = [each.message for each in findings(estate(quoted, mute), check)]
    assert "something was odd" in messages[0]
    assert "no reason was given" in messages[1]


@pytest.mark.parametrize(
    "other",
    [
        None,
        installation(),
        installation(status="Failed", reboot_status="Required"),
        installation(status="InProgress"),
        installation(status=None),
        warned(failed_count=2),
        warned(maintenance_window_exceeded=True),
    ],
)
def test_these_are_left_to_others(other) -> None:
    assert findings(estate(azure_vm(installation=other)), check) == ()


def test_the_casing_of_the_status_does_not_matter() -> None:
    assert finding(estate(azure_vm(installation=warned(status="completedwithwarnings"))), check)


def test_without_installations_it_is_not_known() -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION
