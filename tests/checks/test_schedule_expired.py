from datetime import UTC, datetime

import pytest

from aumdoctor.checks.schedule_expired import schedule_expired as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
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


def ending(text: str | None, zone: str | None = "UTC", **parts: object) -> Estate:
    schedule = change(WEEKLY, window=change(WEEKLY.window, expiration_date_time=text, time_zone=zone))
    return estate(VM, **{"configurations": [schedule], "scheduled": True, **parts})  # type: ignore[arg-type]


def test_a_schedule_that_has_ended_patches_nobody() -> None:
    seen = finding(ending("2026-05-31 00:00"), check)
    assert (seen.check, seen.severity) == ("AUM062", Severity.HIGH)
    assert (seen.resource_id, seen.machines) == (WEEKLY.id, (VM.id,))
    assert [(evidence.path, evidence.observed) for evidence in seen.evidence] == [
        ("properties.maintenanceWindow.expirationDateTime", "2026-05-31 00:00"),
        ("properties.maintenanceWindow.timeZone", "UTC"),
    ]
    assert examine(ending("2026-05-31 00:00"), check).machines[0].verdict is Verdict.BLOCKED


def test_the_end_is_a_local_time() -> None:
    noon_in_berlin = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)
    seen = ending("2026-06-10 12:00", "W. Europe Standard Time")
    assert len(findings(seen, check, now=noon_in_berlin)) == 1
    assert findings(seen, check, now=noon_in_berlin.replace(hour=9, minute=59)) == ()


@pytest.mark.parametrize("text", [None, "2026-06-11 00:00", "9999-12-31 23:59:59", "9999-12-31 00:00"])
def test_no_end_or_one_to_come_is_healthy(text: str | None) -> None:
    assert findings(ending(text), check) == ()
    assert unknowns(ending(text), check) == ()


def test_without_an_end_the_time_zone_does_not_matter() -> None:
    assert unknowns(ending("9999-12-31 23:59:59", "Middle-earth"), check) == ()


@pytest.mark.parametrize(
    ("text", "zone"), [("2026-06-10 09:00", "Europe/Berlin"), ("2026-06-10 09:00", None), ("soon", "UTC")]
)
def test_an_end_that_cannot_be_read_is_unknown(text: str, zone: str | None) -> None:
    seen = ending(text, zone)
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert (unknown.resource_id, unknown.fact) == (WEEKLY.id, Fact.CONFIGURATIONS)
    assert text in unknown.reason


def test_a_machine_with_another_schedule_does_not_suffer() -> None:
    ended = change(WEEKLY, window=change(WEEKLY.window, expiration_date_time="2026-05-31 00:00"))
    monthly = configuration("monthly")
    assignments = [static_assignment(VM, ended), static_assignment(VM, monthly, name="assign-2")]
    seen = finding(estate(VM, configurations=[ended, monthly], assignments=assignments), check)
    assert (seen.severity, seen.machines) == (Severity.LOW, ())
    also_ended = change(monthly, window=ended.window)
    both = findings(estate(VM, configurations=[ended, also_ended], assignments=assignments), check)
    assert [each.severity for each in both] == [Severity.HIGH, Severity.HIGH]


def test_one_that_could_not_be_read_counts_as_another_schedule() -> None:
    ended = change(WEEKLY, window=change(WEEKLY.window, expiration_date_time="2026-05-31 00:00"))
    unread = [static_assignment(VM, ended), static_assignment(VM, configuration("unread"), name="assign-2")]
    assert finding(estate(VM, configurations=[ended], assignments=unread), check).severity is Severity.LOW


def test_without_machines_it_is_low() -> None:
    assert finding(ending("2026-05-31 00:00", scheduled=False), check).severity is Severity.LOW


def test_members_of_a_dynamic_scope_suffer_too() -> None:
    seen = ending("2026-05-31 00:00", scheduled=False, assignments=[dynamic_scope()])
    assert finding(seen, check).machines == (VM.id,)


def test_hosts_and_deleted_schedules_are_not_judged() -> None:
    ended = change(WEEKLY, window=change(WEEKLY.window, expiration_date_time="2026-05-31 00:00"))
    for other in (change(ended, maintenance_scope="Host"), change(ended, exists=False)):
        assert findings(ending(None, configurations=[other]), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(ending("2026-05-31 00:00", denied=[Fact.CONFIGURATIONS]), check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_the_cure_takes_the_end_off() -> None:
    ((remedy,),) = examine(ending("2026-05-31 00:00"), check).remedies
    (call,) = remedy.calls
    assert (call.method, call.path) == ("PATCH", WEEKLY.id)
    assert call.body is not None
    window = call.body["properties"]["maintenanceWindow"]
    assert window["expirationDateTime"] == "9999-12-31 23:59:59"
    assert window["startDateTime"] == WEEKLY.window.start_date_time
    assert "expirationDateTime: '9999-12-31 23:59:59'" in remedy.bicep
    assert 'expiration_date_time = "9999-12-31 23:59:59"' in remedy.terraform


def test_an_empty_end_is_none() -> None:
    assert findings(ending(""), check) == ()
    assert unknowns(ending(""), check) == ()


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_an_end_that_is_long_past_or_far_off_needs_no_time_zone(zone: str | None) -> None:
    assert finding(ending("2026-05-01 00:00", zone), check).severity is Severity.HIGH
    assert findings(ending("2030-05-01 00:00", zone), check) == ()
    assert unknowns(ending("2030-05-01 00:00", zone), check) == ()
    assert len(unknowns(ending("2026-06-10 12:00", zone), check)) == 1
