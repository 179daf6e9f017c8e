from datetime import UTC, datetime
from typing import Any

import pytest

from aumdoctor.checks.timezone_unexpected import timezone_unexpected as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import azure_vm, change, configuration, estate, examine, finding, findings, unknowns

VM = azure_vm()
WEEKLY = configuration()
MARCH, OCTOBER = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 10, 10, tzinfo=UTC)
NIGHT: dict[str, Any] = {
    "zone": "W. Europe Standard Time",
    "start_date_time": "2026-01-04 02:30",
    "recur_every": "Week Sunday",
}


def within(zone: str | None, *, parts: dict[str, Any] | None = None, **window: Any) -> Estate:
    schedule = change(WEEKLY, window=change(WEEKLY.window, time_zone=zone, **window))
    return estate(VM, **{"configurations": [schedule], "scheduled": True, **(parts or {})})


@pytest.mark.parametrize("zone", ["Europe/Berlin", "europe/berlin "])
def test_a_name_of_the_tz_database_has_its_windows_id(zone: str) -> None:
    seen = finding(within(zone), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM064", Severity.LOW, Confidence.HIGH)
    assert (seen.resource_id, seen.machines, seen.blocks) == (WEEKLY.id, (VM.id,), ())
    assert 'the Windows id is "W. Europe Standard Time"' in seen.message
    assert unknowns(within(zone), check) == ()


def test_an_id_that_nobody_knows_may_be_a_slip_or_newer() -> None:
    seen = finding(within("W Europe Standard Time"), check)
    assert seen.confidence is Confidence.MEDIUM
    assert 'perhaps "W. Europe Standard Time" is meant' in seen.message
    assert "perhaps" not in finding(within("Mars"), check).message


@pytest.mark.parametrize("zone", ["UTC", "utc", "W. Europe Standard Time", "Cen. Australia Standard Time"])
def test_windows_ids_in_whatever_case_are_healthy(zone: str) -> None:
    assert findings(within(zone), check) == ()


@pytest.mark.parametrize("zone", [None, "", "  "])
def test_without_a_time_zone_it_is_unknown_where_machines_are_on_it(zone: str | None) -> None:
    (unknown,) = unknowns(within(zone), check)
    assert (unknown.resource_id, unknown.fact) == (WEEKLY.id, Fact.CONFIGURATIONS)
    assert unknowns(within(zone, parts={"scheduled": False}), check) == ()


def test_a_start_that_the_clock_skips() -> None:
    seen = finding(within(**NIGHT), check, now=MARCH)
    assert (seen.severity, seen.confidence) == (Severity.LOW, Confidence.LOW)
    assert "skips its start of 02:30" in seen.message
    assert "Sun 2026-03-29 03:30" in seen.message
    assert "2026-03-29 01:30 UTC" in seen.message


def test_a_start_that_comes_twice() -> None:
    seen = finding(within(**NIGHT), check, now=OCTOBER)
    assert "comes twice" in seen.message
    assert "2026-10-25 00:30 UTC" in seen.message


def test_changes_of_the_clock_far_off_or_in_the_middle_of_a_window_are_not_mentioned() -> None:
    assert findings(within(**NIGHT), check) == ()
    assert findings(within(**{**NIGHT, "start_date_time": "2026-01-04 01:00"}), check, now=MARCH) == ()
    assert findings(within(**{**NIGHT, "zone": "UTC"}), check, now=MARCH) == ()


def test_hosts_deleted_schedules_and_narrowed_scans_say_nothing() -> None:
    (schedule,) = within("Europe/Berlin").configurations
    for other in (change(schedule, maintenance_scope="Host"), change(schedule, exists=False)):
        assert findings(within("UTC", parts={"configurations": [other]}), check) == ()
    alone = within("Europe/Berlin", parts={"scheduled": False})
    assert finding(alone, check).machines == ()
    assert findings(change(alone, scope=change(alone.scope, machines=("vm-9",))), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(within("UTC", parts={"denied": [Fact.CONFIGURATIONS]}), check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_the_cure_is_only_made_out_where_there_is_no_doubt() -> None:
    ((remedy,),) = examine(within("Europe/Berlin"), check).remedies
    assert remedy.name == "set-time-zone"
    assert remedy.calls[0].body is not None
    window = remedy.calls[0].body["properties"]["maintenanceWindow"]
    assert window["timeZone"] == "W. Europe Standard Time"
    assert window["startDateTime"] == WEEKLY.window.start_date_time
    for seen in (examine(within("W Europe Standard Time"), check), examine(within("Mars"), check)):
        assert seen.remedies == ((),)
