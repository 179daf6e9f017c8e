from datetime import datetime, timedelta
from typing import Any

import pytest

from aumdoctor.checks.late_scope_change import late_scope_change
from aumdoctor.checks.start_too_soon import start_too_soon as check
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.maintenance import EventSubscription, MaintenanceConfiguration
from tests.builders import NOW, azure_vm, change, configuration, estate, examine, finding, findings, run, unknowns

VM = azure_vm()
WEEKLY = configuration()
STARTS_NOW = change(WEEKLY.window, start_date_time="2026-06-10 12:00", recur_every="Week Wednesday")
WRITE = "Microsoft.Maintenance/maintenanceConfigurations/write"


def written(at: datetime | None, resource_id: str = WEEKLY.id.upper(), operation: str = WRITE) -> ActivityEvent:
    return ActivityEvent(resource_id=resource_id, operation=operation, status="Succeeded", at=at)


def schedule(**members: Any) -> MaintenanceConfiguration:
    return configuration(**{"window": STARTS_NOW, "created_at": None, **members})


def seen_of(made: MaintenanceConfiguration, **parts: Any) -> Estate:
    return estate(VM, **{"configurations": [made], "scheduled": True, **parts})


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "seen",
    [
        seen_of(schedule(created_at=ago(10))),
        seen_of(schedule(created_at=ago(5000), last_modified_at=ago(10))),
        seen_of(schedule(), maintenance_changes=(written(ago(10)),)),
    ],
)
@pytest.mark.parametrize("later", [-5, 0, 60, 60 * 24 * 6])
def test_a_schedule_written_shortly_before_its_first_run(seen: Estate, later: int) -> None:
    told = finding(seen, check, now=ago(-later))
    assert (told.check, told.severity) == ("AUM060", Severity.MEDIUM)
    assert (told.resource_id, told.machines) == (WEEKLY.id, (VM.id,))
    assert f"10 min before its first run {'begins' if later < 0 else 'began'}" in told.message
    assert "Wed 2026-06-17 12:00, UTC" in told.message


@pytest.mark.parametrize("minutes", [15, 16, 39, -1])
def test_a_quarter_of_an_hour_is_enough(minutes: int) -> None:
    assert findings(seen_of(schedule(created_at=ago(minutes))), check) == ()
    assert findings(seen_of(schedule(), maintenance_changes=(written(ago(minutes)),)), check) == ()


def test_with_a_pre_event_it_takes_forty_minutes() -> None:
    before = EventSubscription(id="/e", name="e", topic_id="/t", maintenance_configuration_id=WEEKLY.id.upper())
    assert (
        "40 are needed with a pre-event"
        in finding(seen_of(schedule(created_at=ago(39)), event_subscriptions=(before,)), check).message
    )
    assert findings(seen_of(schedule(created_at=ago(40)), event_subscriptions=(before,)), check) == ()


def test_it_is_history_once_the_following_window_begins() -> None:
    seen = seen_of(schedule(created_at=ago(10)))
    assert findings(seen, check, now=NOW + timedelta(days=7, minutes=1)) == ()


def test_a_run_that_came_clears_it() -> None:
    seen = seen_of(schedule(created_at=ago(10)), runs=(run(VM, started_at=NOW),))
    assert findings(seen, check, now=NOW + timedelta(hours=1)) == ()


def test_changes_before_a_later_run_are_another_matter() -> None:
    old = schedule(created_at=ago(60 * 24 * 8), window=change(STARTS_NOW, start_date_time="2026-06-03 12:00"))
    seen = seen_of(old, maintenance_changes=(written(ago(10)),))
    assert findings(seen, check) == ()
    assert finding(seen, late_scope_change)


def test_only_writes_of_this_very_schedule_count() -> None:
    others = (written(ago(10), configuration("other").id), written(None), written(ago(10), operation="Other/x/write"))
    assert findings(seen_of(schedule(), maintenance_changes=others), check) == ()


def test_without_machines_it_is_low_and_hosts_are_not_judged() -> None:
    hasty = schedule(created_at=ago(10))
    assert finding(seen_of(hasty, scheduled=False), check).severity is Severity.LOW
    narrowed = seen_of(hasty, scheduled=False)
    assert findings(change(narrowed, scope=change(narrowed.scope, tags=("a",))), check) == ()
    for other in (change(hasty, maintenance_scope="Host"), change(hasty, window=change(STARTS_NOW, time_zone="Mars"))):
        assert findings(seen_of(other), check) == ()


@pytest.mark.parametrize("fact", [Fact.CONFIGURATIONS, Fact.MAINTENANCE_CHANGES])
def test_what_may_not_be_read_is_unknown(fact: Fact) -> None:
    assert [each.fact for each in unknowns(seen_of(schedule(created_at=ago(10)), denied=[fact]), check)] == [fact]


def test_the_advice_names_the_next_run() -> None:
    ((remedy,),) = examine(seen_of(schedule(created_at=ago(10))), check).remedies
    assert remedy.name == "await-next-run"
    assert any("2026-06-17 12:00 UTC" in step for step in remedy.steps)
