from datetime import datetime, timedelta
from typing import Any

import pytest

from aumdoctor.checks.late_scope_change import late_scope_change as check
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.maintenance import EventSubscription
from tests.builders import (
    NOW,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    run,
    static_assignment,
    unknowns,
)

VM, OTHER = azure_vm("vm-1"), azure_vm("vm-2")
WEEKLY = change(
    configuration(),
    window=change(configuration().window, start_date_time="2026-01-07 12:00", recur_every="Week Wednesday"),
)
STATIC, SCOPE = static_assignment(VM, WEEKLY), dynamic_scope(WEEKLY)
BEFORE, AFTER = NOW - timedelta(minutes=2), NOW + timedelta(hours=1)
PRE_EVENT = EventSubscription(id="/e", name="e", topic_id="/t", maintenance_configuration_id=WEEKLY.id.upper())
WRITES = {
    WEEKLY.id: "Microsoft.Maintenance/maintenanceConfigurations/write",
    STATIC.id: "Microsoft.Maintenance/configurationAssignments/write",
    SCOPE.id: "MICROSOFT.MAINTENANCE/CONFIGURATIONASSIGNMENTS/WRITE",
}


def written(resource_id: str, minutes: float, operation: str | None = None) -> ActivityEvent:
    at = NOW - timedelta(minutes=minutes)
    return ActivityEvent(resource_id=resource_id.upper(), operation=operation or WRITES[resource_id], at=at)


def changed(*events: ActivityEvent, **parts: Any) -> Estate:
    given = {"configurations": [WEEKLY], "assignments": [STATIC, SCOPE], "maintenance_changes": events, **parts}
    return estate(VM, OTHER, **given)


@pytest.mark.parametrize(
    ("resource_id", "what", "machines"),
    [
        (WEEKLY.id, "the schedule", {VM.id, OTHER.id}),
        (STATIC.id, "the assignment assign-1", {VM.id}),
        (SCOPE.id, "the dynamic scope scope-1", {VM.id, OTHER.id}),
    ],
)
def test_a_change_shortly_before_a_window(resource_id: str, what: str, machines: set[str]) -> None:
    seen = finding(changed(written(resource_id, 10)), check, now=BEFORE)
    assert (seen.check, seen.severity, seen.resource_id) == ("AUM082", Severity.MEDIUM, WEEKLY.id)
    assert set(seen.machines) == machines
    assert seen.message.startswith(
        f"{what} was written 10 min before the window of weekly that begins at 2026-06-10 12"
    )
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.resource_id) == ("eventTimestamp", resource_id)


def test_once_the_window_has_begun_it_is_low_until_the_next_begins() -> None:
    seen = changed(written(WEEKLY.id, 10))
    assert finding(seen, check, now=AFTER).severity is Severity.LOW
    assert findings(seen, check, now=NOW + timedelta(days=7, minutes=1)) == ()


@pytest.mark.parametrize("minutes", [15, 16, 60, -1])
def test_a_quarter_of_an_hour_is_enough(minutes: int) -> None:
    assert findings(changed(written(WEEKLY.id, minutes)), check, now=AFTER) == ()


def test_with_a_pre_event_it_takes_forty_minutes_and_the_run_may_be_cancelled() -> None:
    seen = finding(changed(written(SCOPE.id, 39), event_subscriptions=(PRE_EVENT,)), check, now=AFTER)
    assert seen.severity is Severity.MEDIUM
    assert "the service may cancel it because it has a pre-event" in seen.message
    assert findings(changed(written(SCOPE.id, 40), event_subscriptions=(PRE_EVENT,)), check, now=AFTER) == ()
    after = change(PRE_EVENT, event_types=("Microsoft.Maintenance.PostMaintenanceEvent",))
    assert findings(changed(written(SCOPE.id, 39), event_subscriptions=(after,)), check, now=AFTER) == ()


def test_what_arm_tells_of_the_schedule_itself_counts_once() -> None:
    late = change(WEEKLY, last_modified_at=NOW - timedelta(minutes=10))
    seen = finding(changed(configurations=[late]), check, now=BEFORE)
    assert seen.evidence[0].path == "systemData.lastModifiedAt"
    both = finding(changed(written(WEEKLY.id, 10.5), configurations=[late]), check, now=BEFORE)
    assert [evidence.path for evidence in both.evidence] == ["eventTimestamp"]


def test_several_changes_are_one_finding() -> None:
    seen = finding(changed(written(WEEKLY.id, 12), written(STATIC.id, 5)), check, now=BEFORE)
    assert seen.message.startswith("the assignment assign-1 (and 1 more change(s)) was written 5 min before")
    assert len(seen.evidence) == 2


def test_a_machine_that_was_patched_all_the_same_was_added_in_time() -> None:
    seen = changed(written(STATIC.id, 10), runs=(run(VM, started_at=NOW),))
    assert findings(seen, check, now=AFTER) == ()
    assert finding(change(seen, runs=(run(OTHER, started_at=NOW),)), check, now=AFTER)


@pytest.mark.parametrize(
    "event",
    [
        written(configuration("other").id, 10, "Microsoft.Maintenance/maintenanceConfigurations/write"),
        written(static_assignment(VM, name="gone").id, 10, "Microsoft.Maintenance/configurationAssignments/delete"),
        written(WEEKLY.id, 10, "Microsoft.Insights/diagnosticSettings/write"),
        ActivityEvent(resource_id=WEEKLY.id, operation=WRITES[WEEKLY.id]),
    ],
)
def test_other_events_do_not_count(event: ActivityEvent) -> None:
    assert findings(changed(event), check, now=BEFORE) == ()


def test_what_is_yet_to_come_is_not_known() -> None:
    event = ActivityEvent(
        resource_id=WEEKLY.id, operation=WRITES[WEEKLY.id], at=datetime.max.replace(tzinfo=NOW.tzinfo)
    )
    assert findings(changed(event), check, now=BEFORE) == ()


def test_the_first_run_of_a_new_schedule_is_another_matter_but_not_its_assignments() -> None:
    new = change(WEEKLY, window=change(WEEKLY.window, start_date_time="2026-06-10 12:00"), created_at=None)
    assert findings(changed(written(WEEKLY.id, 10), configurations=[new]), check, now=BEFORE) == ()
    assert finding(changed(written(STATIC.id, 10), configurations=[new]), check, now=BEFORE)


def test_without_machines_it_is_low_and_what_is_not_for_guests_or_unreadable_is_not_judged() -> None:
    event = written(WEEKLY.id, 10)
    alone = changed(event, assignments=[])
    assert finding(alone, check, now=BEFORE).severity is Severity.LOW
    assert findings(change(alone, scope=change(alone.scope, tags=("a",))), check, now=BEFORE) == ()
    odd = change(WEEKLY, window=change(WEEKLY.window, time_zone="Mars"))
    for other in (change(WEEKLY, maintenance_scope="Host"), change(WEEKLY, exists=False), odd):
        assert findings(changed(event, configurations=[other]), check, now=BEFORE) == ()


@pytest.mark.parametrize("fact", [Fact.CONFIGURATIONS, Fact.MAINTENANCE_CHANGES])
def test_what_may_not_be_read_is_unknown(fact: Fact) -> None:
    assert [each.fact for each in unknowns(changed(written(WEEKLY.id, 10), denied=[fact]), check)] == [fact]


def test_the_advice_names_the_next_run() -> None:
    ((remedy,),) = examine(changed(written(WEEKLY.id, 0)), check).remedies
    assert remedy.name == "await-next-run"
    assert any("2026-06-17 12:00 UTC" in step for step in remedy.steps)
