from datetime import timedelta

import pytest

from aumdoctor.checks.assessment_stale import assessment_stale as check
from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from tests.builders import (
    NOW,
    PROVIDERS,
    arc_agent,
    arc_machine,
    assessment,
    azure_vm,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    subscription,
    unknowns,
)

STALE = assessment(last_modified=NOW - timedelta(days=4, hours=5))
STALE_ROW = assessment(last_modified=NOW - timedelta(days=3), path="properties")


def explained(seen: Estate) -> dict[str, str | None]:
    return {each.check: each.explained_by for each in examine(seen).findings}


@pytest.mark.parametrize(
    "machine",
    [azure_vm(assessment=STALE), azure_vm(os_type="Linux", assessment=STALE), arc_machine(assessment=STALE)],
    ids=["windows", "linux", "arc"],
)
def test_a_machine_that_is_up_and_was_last_assessed_days_ago(machine: Machine) -> None:
    found = finding(estate(machine), check)
    assert (found.check, found.severity, found.confidence) == ("AUM129", Severity.MEDIUM, Confidence.MEDIUM)
    assert "4.2 days old" in found.message
    age, mode = found.evidence
    assert (age.observed, age.expected) == ("2026-06-06T07:00:00+00:00", "within the last 48 hours")
    assert age.path == "properties.patchStatus.availablePatchSummary.lastModifiedTime"
    assert mode.path.endswith("patchSettings.assessmentMode")


def test_a_row_of_resource_graph_is_named_as_such() -> None:
    found = finding(estate(azure_vm(assessment=STALE_ROW)), check)
    assert found.evidence[0].path == "patchassessmentresources.properties.lastModifiedDateTime"


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(assessment=assessment(last_modified=NOW - timedelta(hours=48))),
        azure_vm(assessment=assessment(last_modified=NOW + timedelta(days=9))),
        azure_vm(assessment=assessment(last_modified=None, started_at=None)),
        azure_vm(assessment=None),
        azure_vm(assessment=STALE, power_state="deallocated"),
        azure_vm(assessment=STALE, power_state=None),
        azure_vm(assessment=STALE, patch_settings=patch_settings(assessment_mode=None)),
        arc_machine(assessment=STALE, arc=arc_agent(status="Disconnected")),
    ],
    ids=["just fresh", "clock ahead", "no times", "never", "off", "power unknown", "default mode", "disconnected"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_of_a_machine_that_is_off_it_says_that_the_question_does_not_arise() -> None:
    off = azure_vm(assessment=STALE, power_state="deallocated")
    (answer,) = answers(estate(off), [check], off, NOW)
    assert answer.state is AnswerState.NOT_APPLICABLE


@pytest.mark.parametrize("fact", [Fact.ASSESSMENT, Fact.POWER_STATE])
def test_what_was_not_read_leaves_it_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(assessment=STALE), missing=[fact]), check)
    assert unknown.fact is fact


def test_on_linux_the_timer_explains_it_and_is_told_once() -> None:
    folded = explained(estate(azure_vm(os_type="Linux", assessment=STALE)))
    assert (folded["AUM023"], folded["AUM129"]) == (None, "AUM023")


def test_what_keeps_the_extension_from_running_explains_it() -> None:
    assert explained(estate(azure_vm(assessment=STALE, allow_extension_operations=False)))["AUM129"] == "AUM018"
    lacking = subscription(providers=PROVIDERS | {"microsoft.compute": "NotRegistered"})
    assert explained(estate(arc_machine(assessment=STALE), subscriptions=[lacking]))["AUM129"] == "AUM005"
    refused = arc_machine(assessment=STALE, arc=arc_agent(extensions_enabled=False))
    assert explained(estate(refused))["AUM129"] == "AUM120"


def test_the_cure_is_an_assessment() -> None:
    ((remedy,),) = examine(estate(azure_vm(assessment=STALE)), check).remedies
    assert [call.path.rpartition("/")[2] for call in remedy.calls] == ["assessPatches"]
