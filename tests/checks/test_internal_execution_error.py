from datetime import timedelta

import pytest

from aumdoctor.checks.assessment_failed import assessment_failed
from aumdoctor.checks.internal_execution_error import internal_execution_error as check
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Status, VmAgent
from tests.builders import (
    NOW,
    arc_machine,
    assessment,
    azure_vm,
    estate,
    examine,
    failed_assessment,
    finding,
    findings,
    installation,
    run,
    unknowns,
)

TEXT = "Operation failed with an Internal Execution Error. Please retry."


@pytest.mark.parametrize("build", [azure_vm, arc_machine])
def test_an_assessment_that_broke_off(build) -> None:
    seen = finding(estate(build(assessment=failed_assessment(TEXT))), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM136", Severity.MEDIUM, Confidence.HIGH)
    assert "assessment broke off" in seen.message
    assert seen.evidence[0].observed == TEXT


def test_it_explains_the_failure_and_is_explained_by_an_agent_that_does_not_answer() -> None:
    mute = VmAgent(version="Unknown", status=Status(code="ProvisioningState/Unavailable", display_status="Not Ready"))
    vm = azure_vm(assessment=failed_assessment(TEXT), vm_agent=mute)
    explained = {each.check: each.explained_by for each in examine(estate(vm), check, assessment_failed).findings}
    assert explained == {"AUM130": "AUM136", "AUM136": None}
    with_agent = examine(estate(vm), check, assessment_failed, vm_agent_not_ready).findings
    assert {each.check: each.explained_by for each in with_agent} == {
        "AUM042": None,
        "AUM130": "AUM042",
        "AUM136": "AUM042",
    }


def test_an_installation_and_its_run_are_one_finding() -> None:
    vm = azure_vm(installation=installation(TEXT), assessment=None)
    row = run(vm, status="Failed", error_message=TEXT)
    seen = finding(estate(vm, runs=(row,)), check)
    assert "installation and run of a schedule" in seen.message
    assert [each.resource_id for each in seen.evidence] == [None, row.id]


def test_what_was_assessed_well_since_was_passing() -> None:
    vm = azure_vm(installation=installation(TEXT))
    seen = finding(estate(vm, runs=(run(vm, status="Failed", error_message=TEXT),)), check)
    assert (seen.severity, seen.confidence) == (Severity.LOW, Confidence.MEDIUM)
    assert "has succeeded since" in seen.message
    not_since = azure_vm(assessment=assessment(last_modified=NOW - timedelta(days=9)))
    seen = finding(estate(not_since, runs=(run(not_since, status="Failed", error_message=TEXT),)), check)
    assert seen.severity is Severity.MEDIUM


def test_only_the_newest_run_that_ended_counts() -> None:
    vm = azure_vm()
    broken = run(vm, status="Failed", error_message=TEXT, started_at=NOW - timedelta(days=8))
    going_on = run(vm, status="InProgress", ended_at=None)
    assert findings(estate(vm, runs=(broken, run(vm))), check) == ()
    assert finding(estate(vm, runs=(broken, going_on)), check)


@pytest.mark.parametrize(
    "vm",
    [
        azure_vm(assessment=failed_assessment("something else failed")),
        azure_vm(assessment=failed_assessment(TEXT, status="Succeeded")),
        azure_vm(),
        azure_vm(assessment=None),
    ],
)
def test_other_texts_and_other_results(vm) -> None:
    assert findings(estate(vm), check) == ()


@pytest.mark.parametrize("fact", [Fact.ASSESSMENT, Fact.INSTALLATION])
def test_without_results_it_is_not_known(fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[fact]), check)
    assert unknown.fact is fact


def test_without_the_runs_the_results_still_tell() -> None:
    vm = azure_vm(assessment=failed_assessment(TEXT))
    assert finding(estate(vm, missing=[Fact.RUNS]), check)
