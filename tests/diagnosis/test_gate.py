"""The gate: what counts, from when on, until when it can be mended, and that unknown is never a go.

The weekly schedule runs on Saturdays 22:00 UTC; each test says how long before a window it asks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.gate import GateRules, GateVerdict, Go, Phase, Tolerance, judge_windows
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ApplyUpdate, EventSubscription
from aumdoctor.schedule.calendar import next_window, windows_between
from tests.builders import (
    SUBSCRIPTION,
    assessment,
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    installation,
    patch_settings,
    static_assignment,
)

SATURDAY = datetime(2026, 6, 13, 22, 0, tzinfo=UTC)
PERMISSION = "Microsoft.Compute/virtualMachines/instanceView/read"


def gate(seen: Estate, before: timedelta, **rules: Any) -> GateVerdict:
    """The verdict on the Saturday window, so long before it."""
    now = SATURDAY - before
    chains = Chains(examine(seen, now=now), CHECKS)
    machines = chains.context.machines_by_configuration
    windows = windows_between(chains.context.guest_configurations, machines, now, SATURDAY + timedelta(seconds=1))
    assert len(windows) == 1
    return judge_windows(chains, windows, GateRules(**rules))


def healthy(name: str = "vm-1", **overrides: Any) -> Machine:
    recent = assessment(started_at=SATURDAY - timedelta(hours=12), last_modified=SATURDAY - timedelta(hours=12))
    return azure_vm(name, **{"assessment": recent, **overrides})


def manual(name: str = "vm-bad") -> Machine:
    return healthy(name, patch_settings=patch_settings(patch_mode="Manual"))


def test_healthy_machines_are_a_go() -> None:
    verdict = gate(estate(healthy(), scheduled=True), timedelta(hours=1))
    assert verdict.verdict is Go.GO
    assert verdict.windows[0].ready == 1
    assert verdict.fixes == ()
    assert "nothing stands in the way" in verdict.said


@pytest.mark.parametrize(
    ("before", "phase", "verdict"),
    [
        (timedelta(hours=72, minutes=1), Phase.FAR, Go.GO),
        (timedelta(hours=72), Phase.NEAR, Go.GO),
        (timedelta(hours=4, minutes=1), Phase.NEAR, Go.GO),
        (timedelta(hours=4), Phase.DUE, Go.NO_GO),
        (timedelta(minutes=1), Phase.DUE, Go.NO_GO),
        (timedelta(minutes=-1), Phase.OPEN, Go.NO_GO),
    ],
)
def test_the_gate_tightens_as_the_window_nears(before: timedelta, phase: Phase, verdict: Go) -> None:
    found = gate(estate(manual(), scheduled=True), before)
    assert found.windows[0].phase is phase
    assert found.verdict is verdict
    assert [obstacle.check for obstacle in found.windows[0].blocked] == ["AUM030"], "it is told in every phase"


@pytest.mark.parametrize(
    ("before", "verdict"),
    [(timedelta(minutes=61), Go.GO), (timedelta(minutes=60), Go.NO_GO), (timedelta(minutes=5), Go.NO_GO)],
)
def test_a_machine_that_is_off_counts_from_an_hour_before(before: timedelta, verdict: Go) -> None:
    found = gate(estate(healthy(power_state="deallocated"), scheduled=True), before)
    assert found.verdict is verdict
    (window,) = found.windows
    told = window.off if verdict is Go.GO else window.blocked
    assert [obstacle.check for obstacle in told] == ["AUM012"]
    assert window.ready == 0, "off is not ready"
    assert found.fixes[0].check == "AUM012"
    in_time = before > timedelta(minutes=15)
    assert found.fixes[0].until == (SATURDAY - timedelta(minutes=15) if in_time else None)


def test_what_else_is_wrong_with_a_machine_that_is_off_counts_all_the_same() -> None:
    machine = healthy(power_state="deallocated", patch_settings=patch_settings(patch_mode="Manual"))
    found = gate(estate(machine, scheduled=True), timedelta(hours=3))
    assert found.verdict is Go.NO_GO
    assert [obstacle.check for obstacle in found.windows[0].blocked] == ["AUM030"]


@pytest.mark.parametrize(
    ("tolerance", "verdict"),
    [
        (Tolerance(count=0), Go.NO_GO),
        (Tolerance(count=1), Go.GO),
        (Tolerance(percent=24.9), Go.NO_GO),
        (Tolerance(percent=25.0), Go.GO),
    ],
)
def test_some_blocked_machines_may_be_passed_over(tolerance: Tolerance, verdict: Go) -> None:
    seen = estate(manual(), *(healthy(f"vm-{number}") for number in range(3)), scheduled=True)
    assert gate(seen, timedelta(hours=1), tolerance=tolerance).verdict is verdict


@pytest.mark.parametrize(
    ("fail_on", "verdict"),
    [(Severity.CRITICAL, Go.GO), (Severity.HIGH, Go.NO_GO), (Severity.MEDIUM, Go.NO_GO), (None, Go.GO)],
)
def test_from_which_severity_on_a_finding_counts(fail_on: Severity | None, verdict: Go) -> None:
    off = healthy(power_state="deallocated")  # a finding of high severity
    assert gate(estate(off, scheduled=True), timedelta(minutes=30), fail_on=fail_on).verdict is verdict


def test_a_lower_threshold_takes_findings_that_do_not_stop_patching() -> None:
    without_assessment = healthy(patch_settings=patch_settings(assessment_mode="ImageDefault"))
    seen = estate(without_assessment, scheduled=True)
    assert gate(seen, timedelta(hours=1)).verdict is Go.GO
    found = gate(seen, timedelta(hours=1), fail_on=Severity.MEDIUM)
    assert found.verdict is Go.NO_GO
    assert found.windows[0].blocked[0].check == "AUM039"


def test_a_missing_right_is_unknown_and_named() -> None:
    found = gate(estate(healthy(), scheduled=True, denied=[Fact.INSTANCE_VIEW]), timedelta(hours=1))
    assert found.verdict is Go.UNKNOWN
    assert PERMISSION in found.missing_permissions
    assert len(found.windows[0].unknown) == 1


def test_unknown_is_no_go_ahead_even_far_from_the_window() -> None:
    found = gate(estate(healthy(), scheduled=True, denied=[Fact.INSTANCE_VIEW]), timedelta(days=5))
    assert found.verdict is Go.UNKNOWN


def test_what_is_wrong_outweighs_what_is_not_known() -> None:
    seen = estate(manual(), healthy(), scheduled=True, denied=[Fact.INSTANCE_VIEW])
    assert gate(seen, timedelta(hours=1)).verdict is Go.NO_GO


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_a_scope_that_was_not_seen_whole_is_unknown(fact: Fact) -> None:
    gap = Gap(
        scope=ids.subscription_scope("33333333-3333-3333-3333-333333333333"),
        operation="list",
        status=403,
        code="AuthorizationFailed",
        message="no right",
        missing_permission="Microsoft.Some/thing/read",
        fact=fact,
    )
    found = gate(estate(healthy(), scheduled=True, gaps=(gap,)), timedelta(hours=1))
    assert found.verdict is Go.UNKNOWN
    assert "Microsoft.Some/thing/read" in found.missing_permissions
    assert "AuthorizationFailed" in found.blind[0]


def test_how_the_last_run_ended_does_not_close_the_gate() -> None:
    ended = installation(
        "Maintenance window exceeded",
        maintenance_window_exceeded=True,
        started_at=SATURDAY - timedelta(days=7),
        last_modified=SATURDAY - timedelta(days=7) + timedelta(minutes=200),
    )
    assert gate(estate(healthy(installation=ended), scheduled=True), timedelta(hours=1)).verdict is Go.GO


def test_one_cause_is_one_thing_to_do_with_all_its_machines() -> None:
    seen = estate(manual("vm-a"), manual("vm-b"), healthy("vm-c", power_state="deallocated"), scheduled=True)
    found = gate(seen, timedelta(minutes=30))
    assert [(fix.check, len(fix.machines)) for fix in found.fixes] == [("AUM030", 2), ("AUM012", 1)]
    assert all(fix.cure for fix in found.fixes)


def test_with_a_pre_event_the_schedule_must_be_changed_earlier() -> None:
    listener = EventSubscription(
        id="/topic/eventSubscriptions/gate",
        name="gate",
        topic_id="/topic",
        maintenance_configuration_id=configuration().id.upper(),
        provisioning_state="Succeeded",
        event_types=("Microsoft.Maintenance.PreMaintenanceEvent",),
    )
    plain = gate(estate(healthy(), scheduled=True), timedelta(hours=1)).windows[0]
    told = gate(estate(healthy(), scheduled=True, event_subscriptions=(listener,)), timedelta(hours=1)).windows[0]
    assert (plain.pre_event, told.pre_event) == (False, True)
    assert plain.change_until == SATURDAY - timedelta(minutes=15)
    assert told.change_until == SATURDAY - timedelta(minutes=40)
    assert told.cancel_until == SATURDAY - timedelta(minutes=10)


def test_whether_there_is_a_pre_event_may_not_be_known() -> None:
    seen = estate(healthy(), scheduled=True, missing=[Fact.EVENT_SUBSCRIPTIONS])
    assert gate(seen, timedelta(hours=1)).windows[0].pre_event is None


def test_after_the_start_it_is_too_late_for_a_cure() -> None:
    found = gate(estate(manual(), scheduled=True), timedelta(minutes=-10))
    assert found.fixes[0].until is None
    assert any("too late" in note for note in found.windows[0].notes)


def test_a_window_in_which_no_machine_was_seen_is_no_go_ahead() -> None:
    found = gate(estate(healthy()), timedelta(hours=1))
    assert found.verdict is Go.UNKNOWN
    assert any("no machine" in note for note in found.windows[0].notes)
    assert "no machine was seen" in found.said


def test_a_run_that_was_cancelled_does_not_take_place() -> None:
    schedule = configuration()
    run = ApplyUpdate(
        id=f"{schedule.id.lower()}/providers/microsoft.maintenance/applyupdates/20260613220000", status="Cancelled"
    )
    found = gate(estate(healthy(), scheduled=True, configuration_runs=(run,)), timedelta(hours=5))
    assert found.verdict is Go.NO_GO
    assert "cancelled" in found.said
    other = change(run, id=run.id.replace("20260613", "20260606"))
    assert gate(estate(healthy(), scheduled=True, configuration_runs=(other,)), timedelta(hours=5)).verdict is Go.GO


def test_a_fault_of_another_schedule_of_the_machine_does_not_close_this_window() -> None:
    machine = healthy()
    monday = configuration("monday", window=change(configuration().window, recur_every="Week Monday", duration="00:30"))
    seen = estate(
        machine,
        configurations=[configuration(), monday],
        assignments=[static_assignment(machine), static_assignment(machine, monday, name="other")],
    )
    assert gate(seen, timedelta(hours=1)).verdict is Go.GO


def test_a_run_that_began_before_its_schedule_ended_goes_on() -> None:
    ended = configuration(window=change(configuration().window, expiration_date_time="2026-06-13 22:15"))
    seen = estate(healthy(), scheduled=True, configurations=[ended])
    assert gate(seen, timedelta(minutes=-30)).verdict is Go.GO


def test_what_is_below_the_threshold_is_told_and_nobody_calls_it_ready() -> None:
    off = healthy(power_state="deallocated")
    found = gate(estate(off, scheduled=True), timedelta(minutes=30), fail_on=Severity.CRITICAL).windows[0]
    assert found.verdict is Go.GO
    assert found.ready == 0
    assert [(obstacle.check, obstacle.counts) for obstacle in found.blocked] == [("AUM012", False)]


def test_unknown_machines_can_be_tolerated_by_their_number() -> None:
    seen = estate(healthy("vm-1"), healthy("vm-2"), scheduled=True, denied=[Fact.INSTANCE_VIEW])
    assert gate(seen, timedelta(hours=1), unknown_tolerance=Tolerance(count=1)).verdict is Go.UNKNOWN
    assert gate(seen, timedelta(hours=1), unknown_tolerance=Tolerance(count=2)).verdict is Go.GO


def test_a_time_that_has_passed_is_too_late() -> None:
    found = gate(estate(manual(), scheduled=True), timedelta(minutes=10))
    assert [fix.until for fix in found.fixes] == [None]


def test_machines_that_two_schedules_reach_at_once_are_told() -> None:
    machine, twin = healthy(), configuration("twin")
    seen = estate(
        machine,
        configurations=[configuration(), twin],
        assignments=[static_assignment(machine), static_assignment(machine, twin, name="other")],
    )
    now = SATURDAY - timedelta(hours=1)
    chains = Chains(examine(seen, now=now), CHECKS)
    windows = windows_between(
        chains.context.guest_configurations, chains.context.machines_by_configuration, now, SATURDAY + timedelta(1)
    )
    found = judge_windows(chains, windows, GateRules())
    assert len(found.windows) == 2
    assert all(any("AUM009" in note for note in each.notes) for each in found.windows)


def test_a_machine_without_a_schedule_that_was_asked_about_is_a_no() -> None:
    chains = Chains(examine(estate(healthy())), CHECKS)
    assert judge_windows(chains, (), GateRules(), unscheduled=[healthy()]).verdict is Go.NO_GO


def test_a_gap_of_one_foreign_schedule_counts_only_where_everything_was_asked_about() -> None:
    gap = Gap(scope=configuration("foreign").id, operation="read", status=403, fact=Fact.CONFIGURATIONS)
    seen = estate(healthy(), scheduled=True, gaps=(gap,))
    chains = Chains(examine(seen, now=SATURDAY - timedelta(hours=1)), CHECKS)
    windows = windows_between(
        [configuration()], chains.context.machines_by_configuration, chains.context.now, SATURDAY + timedelta(minutes=1)
    )
    assert judge_windows(chains, windows, GateRules(), of_everything=False).verdict is Go.GO
    assert judge_windows(chains, windows, GateRules()).verdict is Go.UNKNOWN


def test_a_schedule_without_any_window_is_a_no() -> None:
    seen = estate(healthy(), scheduled=True)
    chains = Chains(examine(seen), CHECKS)
    assert judge_windows(chains, (), GateRules(), without_window=[configuration()]).verdict is Go.NO_GO


def test_a_schedule_whose_windows_cannot_be_told_is_unknown() -> None:
    chains = Chains(examine(estate(healthy(), scheduled=True)), CHECKS)
    found = judge_windows(chains, (), GateRules(), unreadable=[(configuration(), "recurEvery '1Weak'")])
    assert found.verdict is Go.UNKNOWN
    assert "1Weak" in found.said


def test_without_a_window_in_that_time_nothing_stands_in_the_way() -> None:
    chains = Chains(examine(estate(healthy(), scheduled=True)), CHECKS)
    assert judge_windows(chains, (), GateRules()).verdict is Go.GO


def test_the_next_window_is_found_for_the_gate() -> None:
    window = next_window([configuration()], SATURDAY - timedelta(hours=1))
    assert window is not None
    assert window.occurrence.starts_at == SATURDAY
    assert ids.subscription_of(window.configuration.id) == SUBSCRIPTION
