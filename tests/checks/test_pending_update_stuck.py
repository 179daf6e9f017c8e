from datetime import timedelta

import pytest

from aumdoctor.checks.pending_update_stuck import pending_update_stuck as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    LAST_WINDOW,
    NOW,
    arc_machine,
    azure_vm,
    change,
    configuration,
    estate,
    finding,
    findings,
    run,
    unknowns,
)

LONG_AGO = LAST_WINDOW - timedelta(days=7)


def waiting(machine, at=LONG_AGO, status="RetryLater", **overrides):
    return run(machine, started_at=at, status=status, ended_at=None, **overrides)


@pytest.mark.parametrize(
    "machine", [azure_vm(), azure_vm(os_type="Linux"), arc_machine()], ids=["windows", "linux", "arc"]
)
@pytest.mark.parametrize("status", ["Pending", "RetryNow", "RetryLater", "NotStarted", "retrylater"])
def test_a_run_that_waits_longer_than_azure_says(machine, status) -> None:
    seen = finding(estate(machine, runs=(waiting(machine, status=status),)), check)
    assert (seen.check, seen.severity, seen.blocks) == ("AUM087", Severity.MEDIUM, ())
    assert "2026-05-30 22:00 UTC" in seen.message
    assert "weekly" in seen.message
    assert "120 hours" in seen.message
    assert seen.evidence[0].observed == status


def test_within_the_120_hours_it_is_low() -> None:
    vm = azure_vm()
    assert finding(estate(vm, runs=(waiting(vm, LAST_WINDOW),)), check).severity is Severity.LOW


def test_the_window_of_the_schedule_decides_when_it_is_over() -> None:
    vm = azure_vm()
    just_over = waiting(vm, NOW - timedelta(hours=6))  # 3 h 30 min of window, and 3 h for the lag of Resource Graph
    long_over = waiting(vm, NOW - timedelta(hours=7))
    unknown_schedule = waiting(vm, NOW - timedelta(hours=6, minutes=50), maintenance_configuration_id="/gone")
    assert findings(estate(vm, runs=(just_over,)), check) == ()
    assert finding(estate(vm, runs=(long_over,)), check)
    assert findings(estate(vm, runs=(unknown_schedule,)), check) == ()


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "InProgress", "Cancelled"])
def test_a_later_run_clears_it(status) -> None:
    vm = azure_vm()
    other = configuration("monthly").id
    later = run(vm, started_at=LAST_WINDOW, status=status, maintenance_configuration_id=other)
    assert findings(estate(vm, runs=(waiting(vm), later)), check) == ()


def test_an_earlier_run_does_not() -> None:
    vm = azure_vm()
    earlier = run(vm, started_at=LONG_AGO - timedelta(days=7))
    assert finding(estate(vm, runs=(waiting(vm), earlier)), check)


@pytest.mark.parametrize("status", ["Succeeded", "InProgress", None, ""])
def test_what_does_not_wait(status) -> None:
    vm = azure_vm()
    assert findings(estate(vm, runs=(waiting(vm, status=status),)), check) == ()


def test_a_run_of_which_nobody_knows_when_it_began() -> None:
    vm = azure_vm()
    undated = waiting(vm, id=f"{vm.id}/providers/Microsoft.Maintenance/applyUpdates/some-guid")
    assert findings(estate(vm, runs=(change(undated, started_at=None),)), check) == ()


def test_without_the_runs_it_is_not_known() -> None:
    (unknown,) = unknowns(estate(azure_vm(), missing=[Fact.RUNS]), check)
    assert unknown.fact is Fact.RUNS
