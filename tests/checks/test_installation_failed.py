from datetime import timedelta

import pytest

from aumdoctor.checks.installation_failed import installation_failed as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
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
    unknowns,
)

BEFORE = assessment(last_modified=NOW - timedelta(days=5))
"""Older than the installation of four days ago, so that nothing has succeeded since."""


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_failed_installation(machine, os_type: str) -> None:  # type: ignore[no-untyped-def]
    failed = installation("disk quota exceeded", failed_count=2)
    found = finding(estate(machine(os_type=os_type, installation=failed, assessment=BEFORE)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM131", Severity.HIGH, Confidence.HIGH)
    assert found.message == ("the last installation of 2026-06-06 failed: 2 update(s) failed: disk quota exceeded")
    status, count, error = found.evidence
    assert status.path == "properties.patchStatus.lastPatchInstallationSummary.status"
    assert (status.observed, status.expected) == ("Failed", "Succeeded")
    assert (count.path.rpartition(".")[2], count.observed, count.expected) == ("failedPatchCount", 2, 0)
    assert error.observed == "disk quota exceeded"


def test_an_assessment_that_succeeded_since_makes_it_weigh_less_and_does_not_clear_it() -> None:
    found = finding(estate(azure_vm(installation=installation("broken"), assessment=assessment())), check)
    assert found.severity is Severity.MEDIUM
    assert "has succeeded since" in found.message
    again = failed_assessment("broken")
    assert (
        finding(estate(azure_vm(installation=installation("broken"), assessment=again)), check).severity
        is Severity.HIGH
    )


def test_updates_that_failed_in_a_run_that_did_not() -> None:
    partly = installation(status="CompletedWithWarnings", failed_count=1)
    found = finding(estate(azure_vm(installation=partly, assessment=BEFORE)), check)
    assert found.severity is Severity.MEDIUM
    assert "CompletedWithWarnings" in found.message
    assert "1 update(s) failed" in found.message


def test_a_row_without_times_or_counts_is_enough() -> None:
    bare = installation(
        status="FAILED",
        started_at=None,
        last_modified=None,
        failed_count=None,
        path="properties",
        maintenance_run_id=None,
    )
    found = finding(estate(azure_vm(installation=bare, assessment=None)), check)
    assert found.message == "the last installation failed"
    assert found.evidence[0].path == "patchinstallationresources.properties.status"


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(),
        azure_vm(installation=installation()),
        azure_vm(installation=installation(failed_count=None)),
        azure_vm(installation=installation(status="InProgress")),
        azure_vm(installation=installation(status="CompletedWithWarnings")),
        azure_vm(installation=installation(status=None)),
        azure_vm(assessment=failed_assessment("0x80070005")),
    ],
    ids=["none", "succeeded", "no count", "under way", "warnings", "no status", "an assessment failed"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_an_installation_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION


@pytest.mark.parametrize(
    ("machine", "cause"),
    [
        (azure_vm(installation=installation(status="Failed", maintenance_window_exceeded=True)), "AUM013"),
        (azure_vm(installation=installation("Operation ended with ShutdownOrUnresponsive")), "AUM011"),
        (azure_vm(installation=installation("HRESULT: 0x80070005")), "AUM028"),
        (azure_vm(os_type="Linux", installation=installation("Could not resolve 'archive.ubuntu.com'")), "AUM024"),
    ],
    ids=["window", "shutdown", "access denied", "repositories"],
)
def test_what_the_error_says_explains_it(machine: Machine, cause: str) -> None:
    folded = {each.check: each.explained_by for each in examine(estate(machine, scheduled=True)).findings}
    assert folded["AUM131"] == cause
