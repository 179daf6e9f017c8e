from datetime import timedelta
from typing import Any

import pytest

from aumdoctor.checks.start_near_midnight import start_near_midnight as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import NOW, azure_vm, change, configuration, estate, examine, finding, findings, unknowns

VM = azure_vm()
WEEKLY = configuration()


def starting(at: str, *, new: bool = False, parts: dict[str, Any] | None = None, **window: Any) -> Estate:
    day = "2026-06-13" if new else "2026-01-03"
    schedule = change(
        WEEKLY,
        window=change(WEEKLY.window, start_date_time=f"{day} {at}", **window),
        created_at=NOW - timedelta(days=1 if new else 200),
    )
    return estate(VM, **{"configurations": [schedule], "scheduled": True, **(parts or {})})


@pytest.mark.parametrize("at", ["23:57", "23:58", "23:59"])
def test_azure_may_look_at_it_on_the_next_day(at: str) -> None:
    seen = finding(starting(at), check)
    assert (seen.check, seen.severity, seen.machines) == ("AUM061", Severity.MEDIUM, (VM.id,))
    assert f"(Sat 2026-06-13 {at}, UTC)" in seen.message
    assert "3 min late" in seen.message


@pytest.mark.parametrize("at", ["23:45", "23:50", "23:56"])
def test_a_new_schedule_needs_a_quarter_of_an_hour(at: str) -> None:
    assert "15 min late" in finding(starting(at, new=True), check).message
    assert findings(starting(at), check) == ()


def test_once_its_first_run_has_begun_a_schedule_is_not_new() -> None:
    seen = starting("23:50", new=True)
    assert findings(seen, check, now=NOW + timedelta(days=5)) == ()


def test_where_azure_does_not_tell_its_creation_the_first_run_decides() -> None:
    for new in (True, False):
        seen = starting("23:50", new=new)
        unsaid = change(seen, configurations=tuple(change(each, created_at=None) for each in seen.configurations))
        assert bool(findings(unsaid, check)) is new


@pytest.mark.parametrize("at", ["23:44", "23:30", "00:00", "00:01", "22:00"])
def test_earlier_or_after_midnight_is_healthy(at: str) -> None:
    assert findings(starting(at), check) == ()
    assert findings(starting(at, new=True), check) == ()


def test_midnight_is_that_of_the_schedule() -> None:
    assert findings(starting("23:58", time_zone="Tokyo Standard Time"), check)
    assert findings(starting("14:58", time_zone="Tokyo Standard Time"), check) == ()


def test_an_hourly_schedule_counts_where_one_of_its_starts_falls_there() -> None:
    assert findings(starting("05:58", recur_every="6Hours"), check)
    assert findings(starting("05:30", recur_every="6Hours"), check) == ()


def test_without_machines_it_is_low_and_what_is_not_for_guests_or_unreadable_is_not_judged() -> None:
    assert finding(starting("23:58", parts={"scheduled": False}), check).severity is Severity.LOW
    (schedule,) = starting("23:58").configurations
    odd = change(schedule, window=change(schedule.window, recur_every="now and then"))
    for other in (change(schedule, maintenance_scope="Host"), change(schedule, exists=False), odd):
        assert findings(starting("23:58", parts={"configurations": [other]}), check) == ()
    alone = starting("23:58", parts={"scheduled": False})
    assert findings(change(alone, scope=change(alone.scope, locations=("westeurope",))), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(starting("23:58", parts={"denied": [Fact.CONFIGURATIONS]}), check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_the_cure_keeps_the_day_and_is_one() -> None:
    ((remedy,),) = examine(starting("23:58"), check).remedies
    assert remedy.name == "move-start-from-midnight"
    assert remedy.calls[0].body is not None
    window = remedy.calls[0].body["properties"]["maintenanceWindow"]
    assert window["startDateTime"] == "2026-01-03 23:30"
    assert findings(starting(window["startDateTime"][-5:]), check) == ()
