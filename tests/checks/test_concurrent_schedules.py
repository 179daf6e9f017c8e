import pytest

from aumdoctor.checks.concurrent_schedules import concurrent_schedules as check
from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    unknowns,
)

VM = azure_vm()
WEEKLY = configuration()


def second(**window: str) -> MaintenanceConfiguration:
    return configuration("security", window=change(WEEKLY.window, **window))


def both(other: MaintenanceConfiguration, machine: Machine = VM, **parts: object) -> Estate:
    assignments = [static_assignment(machine, WEEKLY), static_assignment(machine, other, name="assign-2")]
    given: dict[str, object] = {"configurations": [WEEKLY, other], "assignments": assignments, **parts}
    return estate(machine, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("machine", [VM, azure_vm(os_type="Linux", power_state="deallocated"), arc_machine()])
def test_of_two_windows_that_overlap_the_second_has_to_wait(machine: Machine) -> None:
    seen = finding(both(second(start_date_time="2026-01-03 23:00"), machine), check)
    assert (seen.check, seen.severity, seen.resource_id) == ("AUM009", Severity.MEDIUM, machine.id)
    assert "the second begins at 2026-06-13 23:00 UTC, the first is open until 2026-06-14 01:30 UTC" in seen.message
    assert "5 times in 35 days" in seen.message
    assert {evidence.resource_id for evidence in seen.evidence} == {WEEKLY.id, second().id}
    assert seen.blocks == ()


def test_of_two_that_start_together_perhaps_only_one_is_triggered() -> None:
    seen = finding(both(second(recur_every="Month Second Saturday")), check)
    assert "start at the same time (2026-06-13 22:00 UTC)" in seen.message
    assert seen.details["kind"] == "same-start"


def test_zones_are_compared_in_utc() -> None:
    tokyo = second(start_date_time="2026-01-04 07:00", time_zone="Tokyo Standard Time", recur_every="Week Sunday")
    assert finding(both(tokyo), check).details["kind"] == "same-start"
    assert findings(both(change(tokyo, window=change(tokyo.window, time_zone="UTC"))), check) == ()


def test_windows_that_follow_each_other_closely_are_an_info() -> None:
    seen = finding(both(second(start_date_time="2026-01-04 01:40", recur_every="Week Sunday")), check)
    assert (seen.severity, seen.details["kind"]) == (Severity.INFO, "back-to-back")


@pytest.mark.parametrize(
    "window",
    [
        {"start_date_time": "2026-01-04 02:00", "recur_every": "Week Sunday"},
        {"start_date_time": "2026-01-04 22:00", "recur_every": "Week Sunday"},
        {"expiration_date_time": "2026-06-01 00:00"},
        {"start_date_time": "2026-09-05 22:00"},
    ],
)
def test_windows_that_do_not_meet_in_the_coming_weeks_are_healthy(window: dict[str, str]) -> None:
    assert findings(both(second(**window)), check) == ()
    assert unknowns(both(second(**window)), check) == ()


def test_one_schedule_by_two_ways_is_one() -> None:
    seen = estate(VM, assignments=[static_assignment(VM, WEEKLY), dynamic_scope(WEEKLY)])
    assert findings(seen, check) == ()
    (answer,) = answers(seen, [check], VM, NOW)
    assert answer.state is AnswerState.NOT_APPLICABLE


@pytest.mark.parametrize("other", [{"maintenance_scope": "Host"}, {"exists": False}])
def test_hosts_and_deleted_schedules_do_not_conflict(other: dict[str, object]) -> None:
    assert findings(both(change(second(), **other)), check) == ()


def test_a_dynamic_scope_counts_as_well() -> None:
    other = second(start_date_time="2026-01-03 23:00")
    assert finding(both(other, assignments=[static_assignment(VM), dynamic_scope(other)]), check)


def test_a_schedule_that_cannot_be_read_leaves_it_unknown() -> None:
    seen = both(second(recur_every="now and then"))
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert (unknown.resource_id, unknown.fact) == (VM.id, Fact.CONFIGURATIONS)
    assert "security" in unknown.reason


@pytest.mark.parametrize("fact", [Fact.CONFIGURATIONS, Fact.ASSIGNMENTS])
def test_without_schedules_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(both(second(), denied=[fact]), check)
    assert unknown.fact is fact


def test_the_cure_moves_the_later_one_to_after_the_other() -> None:
    tuesdays = second(start_date_time="2026-01-06 05:00", recur_every="Week Tuesday")
    earlier = change(WEEKLY, window=change(tuesdays.window, start_date_time="2026-01-06 03:00"))
    seen = both(tuesdays, configurations=[earlier, tuesdays])
    ((remedy,),) = examine(seen, check).remedies
    (call,) = remedy.calls
    assert (remedy.name, call.method, call.path) == ("stagger-schedules", "PATCH", tuesdays.id)
    assert call.body is not None
    window = call.body["properties"]["maintenanceWindow"]
    assert window == {
        "startDateTime": "2026-01-06 07:00",
        "duration": "03:30",
        "timeZone": "UTC",
        "recurEvery": "Week Tuesday",
    }
    moved = change(tuesdays, window=change(tuesdays.window, start_date_time=window["startDateTime"]))
    assert findings(both(moved, configurations=[earlier, moved]), check) == ()


def test_a_start_is_not_moved_to_another_day() -> None:
    late = both(second(start_date_time="2026-01-03 23:00"))
    ((remedy,),) = examine(late, check).remedies
    assert remedy.calls[0].body is not None
    assert remedy.calls[0].body["properties"]["maintenanceWindow"]["startDateTime"] == "2026-01-03 18:00"
    all_day = change(WEEKLY, window=change(WEEKLY.window, start_date_time="2026-01-03 03:00", duration="23:00"))
    assert examine(both(second(), configurations=[all_day, second()]), check).remedies == ((),)
