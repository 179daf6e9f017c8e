import pytest

from aumdoctor.checks.recurrence_invalid import recurrence_invalid_or_too_frequent as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
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


def repeating(text: str | None, start: str | None = "2026-01-03 22:00", **parts: object) -> Estate:
    schedule = change(WEEKLY, window=change(WEEKLY.window, recur_every=text, start_date_time=start))
    return estate(VM, **{"configurations": [schedule], "scheduled": True, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wrong"), [("Month Fifth Tuesday", "Fifth"), ("Fortnight", "Fortnight"), ("Week Samstag", "Samstag")]
)
def test_what_cannot_be_read_is_quoted_and_pointed_at(text: str, wrong: str) -> None:
    seen = finding(repeating(text), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM059", Severity.MEDIUM, Confidence.MEDIUM)
    assert (seen.resource_id, seen.machines) == (WEEKLY.id, (VM.id,))
    assert f'"{text}"' in seen.message
    expression, carets = seen.details["pointer"].splitlines()
    assert expression == text
    assert expression[carets.index("^") : carets.rindex("^") + 1] == wrong
    assert [(evidence.path, evidence.observed) for evidence in seen.evidence] == [
        ("properties.maintenanceWindow.recurEvery", text)
    ]


@pytest.mark.parametrize(("text", "start"), [("Fortnight", "2026-01-03 22:00"), ("Day", "on Monday"), ("Day", None)])
def test_a_machine_whose_windows_cannot_be_told_is_unknown_not_patchable(text: str, start: str | None) -> None:
    examination = examine(repeating(text, start), check)
    assert examination.machines[0].verdict is Verdict.UNKNOWN
    (unknown,) = examination.unknowns
    assert (unknown.resource_id, unknown.fact) == (VM.id, Fact.CONFIGURATIONS)
    assert WEEKLY.name in unknown.reason


def test_an_absent_start_is_unknown_and_no_finding() -> None:
    assert findings(repeating("Day", None), check) == ()


def test_a_start_that_is_no_time_is_quoted() -> None:
    seen = finding(repeating("Day", "2026-02-30 22:00"), check)
    assert '"2026-02-30 22:00"' in seen.message
    assert seen.evidence[0].path == "properties.maintenanceWindow.startDateTime"


def test_a_machine_with_another_schedule_is_still_patched() -> None:
    monthly = configuration("monthly")
    odd = change(WEEKLY, window=change(WEEKLY.window, recur_every="Fortnight"))
    assignments = [static_assignment(VM, odd), static_assignment(VM, monthly, name="assign-2")]
    seen = estate(VM, configurations=[odd, monthly], assignments=assignments)
    assert finding(seen, check).machines == (VM.id,)
    assert unknowns(seen, check) == ()
    ended = change(monthly, window=change(monthly.window, expiration_date_time="2026-06-01 00:00"))
    assert len(unknowns(estate(VM, configurations=[odd, ended], assignments=assignments), check)) == 1


@pytest.mark.parametrize("text", ["5Hours", "Hour", "36Days", "40 Months", "Month Second Tuesday Offset7"])
def test_what_azure_does_not_allow(text: str) -> None:
    seen = finding(repeating(text), check)
    assert (seen.severity, seen.machines) == (Severity.MEDIUM, (VM.id,))
    assert f'"{text}"' in seen.message
    assert unknowns(repeating(text), check) == ()
    assert examine(repeating(text), check).machines[0].verdict is Verdict.PATCHABLE


@pytest.mark.parametrize("text", ["Month day31", "Week Monday,Monday"])
def test_what_is_merely_odd_is_low(text: str) -> None:
    assert finding(repeating(text), check).severity is Severity.LOW


@pytest.mark.parametrize(
    "text",
    ["1Week Monday", "Day", "6Hours", "35Days", "2Months", "Month day23,day24", "Month Last Sunday Offset-3", None, ""],
)
def test_what_is_documented_or_seen_in_use_is_healthy(text: str | None) -> None:
    assert findings(repeating(text), check) == ()
    assert unknowns(repeating(text), check) == ()


def test_other_members_that_cannot_be_read_are_not_its_business() -> None:
    window = change(WEEKLY.window, time_zone="Europe/Berlin", duration="PT3H", expiration_date_time="soon")
    seen = repeating("Day", configurations=[change(WEEKLY, window=window)])
    assert findings(seen, check) == ()
    assert unknowns(seen, check) == ()


def test_without_machines_it_is_low_and_a_narrowed_scan_says_nothing() -> None:
    alone = repeating("Fortnight", scheduled=False)
    assert finding(alone, check).severity is Severity.LOW
    assert finding(repeating("5Hours", scheduled=False), check).severity is Severity.LOW
    assert findings(change(alone, scope=change(alone.scope, machines=("vm-9",))), check) == ()


def test_members_of_a_dynamic_scope_suffer_too() -> None:
    seen = repeating("Fortnight", scheduled=False, assignments=[dynamic_scope()])
    assert finding(seen, check).machines == (VM.id,)


def test_hosts_and_deleted_schedules_are_not_judged() -> None:
    odd = change(WEEKLY, window=change(WEEKLY.window, recur_every="Fortnight"))
    for other in (change(odd, maintenance_scope="Host"), change(odd, exists=False)):
        assert findings(repeating(None, configurations=[other]), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(repeating("Fortnight", denied=[Fact.CONFIGURATIONS]), check)
    assert unknown.permission == "Microsoft.Maintenance/maintenanceConfigurations/read"


def test_the_advice_shows_the_part_that_does_not_fit() -> None:
    ((remedy,),) = examine(repeating("Month Fifth Tuesday"), check).remedies
    assert (remedy.name, remedy.calls) == ("correct-recurrence", ())
    assert any("      ^^^^^" in step for step in remedy.steps)
