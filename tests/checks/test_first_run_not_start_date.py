from typing import Any

import pytest

from aumdoctor.checks.first_run_not_start_date import first_run_not_start_date as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import azure_vm, change, configuration, estate, finding, findings, unknowns

VM = azure_vm()
WEEKLY = configuration()


def starting(start: str, recur_every: str | None, *, parts: dict[str, Any] | None = None, **window: Any) -> Estate:
    window = {"start_date_time": start, "recur_every": recur_every, **window}
    schedule = change(WEEKLY, window=change(WEEKLY.window, **window))
    return estate(VM, **{"configurations": [schedule], "scheduled": True, **(parts or {})})


def test_a_start_on_a_wednesday_of_a_schedule_for_mondays() -> None:
    seen = finding(starting("2026-06-17 22:00", "Week Monday", time_zone="W. Europe Standard Time"), check)
    assert (seen.check, seen.severity, seen.blocks) == ("AUM063", Severity.INFO, ())
    assert (seen.resource_id, seen.machines) == (WEEKLY.id, (VM.id,))
    assert "Wed 2026-06-17 22:00" in seen.message
    assert "at Mon 2026-06-22 22:00, W. Europe Standard Time, which is 2026-06-22 20:00 UTC" in seen.message
    assert "every week on Monday" in seen.message


@pytest.mark.parametrize(
    ("start", "recur_every"),
    [
        ("2026-06-17 22:00", "Week Wednesday"),
        ("2026-06-17 22:00", "2Weeks"),
        ("2026-06-17 22:00", "Month"),
        ("2026-06-17 22:00", "6Hours"),
        ("2026-06-17 22:00", None),
        ("2026-06-03 22:00", "Week Monday"),
    ],
)
def test_a_first_run_at_the_start_or_behind_us_is_not_announced(start: str, recur_every: str | None) -> None:
    assert findings(starting(start, recur_every), check) == ()


def test_a_start_behind_us_with_its_first_run_ahead_is_announced() -> None:
    assert "Sat 2026-06-13 22:00" in finding(starting("2026-06-09 22:00", "Week Saturday"), check).message


def test_a_schedule_that_ends_before_its_first_run_is_another_matter() -> None:
    assert findings(starting("2026-06-17 22:00", "Week Monday", expiration_date_time="2026-06-18 00:00"), check) == ()


def test_hosts_unreadable_schedules_and_narrowed_scans_say_nothing() -> None:
    (schedule,) = starting("2026-06-17 22:00", "Week Monday").configurations
    odd = change(schedule, window=change(schedule.window, time_zone="Mars"))
    for other in (change(schedule, maintenance_scope="Host"), change(schedule, exists=False), odd):
        assert findings(starting("", "", parts={"configurations": [other]}), check) == ()
    alone = starting("2026-06-17 22:00", "Week Monday", parts={"scheduled": False})
    assert finding(alone, check).machines == ()
    assert findings(change(alone, scope=change(alone.scope, machines=("vm-9",))), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(starting("2026-06-17 22:00", "Day", parts={"denied": [Fact.CONFIGURATIONS]}), check)
    assert unknown.fact is Fact.CONFIGURATIONS
