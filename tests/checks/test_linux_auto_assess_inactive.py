from datetime import timedelta

import pytest

from aumdoctor.checks.linux_auto_assess_inactive import linux_auto_assess_inactive as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    NOW,
    arc_agent,
    arc_machine,
    assessment,
    azure_vm,
    estate,
    finding,
    findings,
    patch_settings,
    unknowns,
)

STALE = assessment(last_modified=NOW - timedelta(days=4, hours=5))


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
def test_a_running_linux_machine_whose_last_assessment_is_old(machine) -> None:
    seen = finding(estate(machine(os_type="Linux", assessment=STALE)), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM023", Severity.MEDIUM, Confidence.LOW)
    assert "4.2 days ago" in seen.message
    age, mode = seen.evidence
    assert age.observed == "2026-06-06T07:00:00+00:00"
    assert age.expected == "within the last 48 hours"
    assert age.path.endswith("availablePatchSummary.lastModifiedTime")
    assert mode.path == "properties.osProfile.linuxConfiguration.patchSettings.assessmentMode"


def test_a_row_of_resource_graph_is_named_as_such() -> None:
    stale_row = assessment(last_modified=NOW - timedelta(days=3), path="properties")
    seen = finding(estate(azure_vm(os_type="Linux", assessment=stale_row)), check)
    assert seen.evidence[0].path == "patchassessmentresources.properties.lastModifiedDateTime"


def test_no_assessment_at_all_on_an_old_machine() -> None:
    seen = finding(estate(azure_vm(os_type="Linux", assessment=None)), check)
    assert seen.severity is Severity.MEDIUM
    assert seen.evidence[0].observed is None
    young = azure_vm(os_type="Linux", assessment=None, time_created=NOW - timedelta(hours=20))
    assert findings(estate(young), check) == ()


@pytest.mark.parametrize(
    "near_miss",
    [
        azure_vm(os_type="Linux", assessment=assessment(last_modified=NOW - timedelta(hours=47))),
        azure_vm(os_type="Linux", assessment=assessment(last_modified=NOW + timedelta(days=3))),
        azure_vm(os_type="Linux", assessment=assessment(last_modified=None, started_at=None)),
        azure_vm(os_type="Linux", assessment=STALE, power_state="deallocated"),
        azure_vm(os_type="Linux", assessment=STALE, power_state=None),
        azure_vm(os_type="Linux", assessment=STALE, patch_settings=patch_settings(assessment_mode="ImageDefault")),
        azure_vm(os_type="Linux", assessment=STALE, patch_settings=patch_settings(assessment_mode=None)),
        arc_machine(os_type="Linux", assessment=STALE, arc=arc_agent(status="Disconnected")),
        azure_vm(assessment=STALE),
    ],
    ids=[
        "two days not over",
        "clock ahead",
        "no times",
        "off",
        "power unknown",
        "not wanted",
        "default",
        "arc",
        "windows",
    ],
)
def test_near_misses(near_miss) -> None:
    assert findings(estate(near_miss), check) == ()


def test_a_power_state_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(os_type="Linux", assessment=STALE), missing=[Fact.POWER_STATE]), check)
    assert unknown.fact is Fact.POWER_STATE
