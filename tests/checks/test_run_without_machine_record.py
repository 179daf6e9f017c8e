from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.run_without_machine_record import run_without_machine_record as check
from aumdoctor.model.estate import ActivityEvent
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.timetable import timetable
from tests.builders import (
    LAST_WINDOW,
    NOW,
    arc_agent,
    arc_machine,
    assessment,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    installation,
    judgement,
    patch_settings,
    run,
    static_assignment,
    unknowns,
)

WINDOW_ENDS = LAST_WINDOW + timedelta(hours=3, minutes=30)


def recurring(recur_every, start="2026-01-03 22:00", zone="UTC", duration="03:30", expires=None):
    return configuration(
        window=MaintenanceWindow(
            start_date_time=start,
            duration=duration,
            time_zone=zone,
            recur_every=recur_every,
            expiration_date_time=expires,
        )
    )


def passed_by(vm, **overrides):
    return estate(vm, **{"scheduled": True, "runs": (), **overrides})


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_machine_that_its_schedule_passed_by(os_type) -> None:
    vm = azure_vm(os_type=os_type)
    built = examine(passed_by(vm), check)
    (seen,) = built.findings
    assert (seen.check, seen.severity, seen.confidence) == ("AUM134", Severity.MEDIUM, Confidence.MEDIUM)
    assert seen.blocks == ()
    assert "weekly on 2026-06-06 22:00 UTC" in seen.message
    assert "up 15 minutes before" in seen.message
    assert seen.evidence[0].observed is None
    assert seen.evidence[0].expected == "2026-06-06T22:00:00+00:00 or later"
    assert [each.name for each in built.remedies[0]] == ["find-missed-run", "install-on-demand"]
    assert "--start-time 2026-06-06T21:00:00+00:00" in built.remedies[0][0].steps[0]


def test_an_older_run_is_no_record_of_it() -> None:
    vm = azure_vm()
    older = run(vm, started_at=LAST_WINDOW - timedelta(days=7))
    seen = finding(passed_by(vm, runs=(older,)), check)
    assert seen.evidence[0].observed == "2026-05-30T22:00:00+00:00"


@pytest.mark.parametrize("late", [timedelta(minutes=-14), timedelta(0), timedelta(minutes=50), timedelta(days=3)])
@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Cancelled", "InProgress", "Pending"])
def test_any_run_since_the_window_began_is_a_record(late, status) -> None:
    vm = azure_vm()
    assert findings(passed_by(vm, runs=(run(vm, started_at=LAST_WINDOW + late, status=status),)), check) == ()


def test_a_run_without_a_start_is_dated_by_its_name_or_proves_nothing() -> None:
    vm = azure_vm()
    name = f"{configuration().id.lower()}/providers/microsoft.maintenance/applyupdates/20260606220000"
    named = change(run(vm), started_at=None, correlation_id=name)
    undated = change(run(vm), started_at=None, id=f"{vm.id}/providers/Microsoft.Maintenance/applyUpdates/guid")
    assert findings(passed_by(vm, runs=(named,)), check) == ()
    assert findings(passed_by(vm, runs=(undated,)), check) == ()


def test_a_run_of_another_schedule_is_none_of_this_one_and_is_told_where_they_overlap() -> None:
    vm = azure_vm()
    other = configuration("monthly").id
    meanwhile = run(vm, started_at=LAST_WINDOW + timedelta(hours=1), maintenance_configuration_id=other)
    long_after = run(vm, started_at=LAST_WINDOW + timedelta(days=2), maintenance_configuration_id=other)
    assert "schedule monthly was at work" in finding(passed_by(vm, runs=(meanwhile,)), check).message
    assert "monthly" not in finding(passed_by(vm, runs=(long_after,)), check).message


@pytest.mark.parametrize(
    ("begun", "counts"),
    [
        (LAST_WINDOW + timedelta(minutes=20), True),
        (WINDOW_ENDS + timedelta(minutes=50), True),
        (LAST_WINDOW - timedelta(hours=2), False),
        (WINDOW_ENDS + timedelta(hours=5), False),
    ],
)
def test_an_installation_in_the_window_is_a_record_too(begun, counts) -> None:
    vm = azure_vm(installation=installation(started_at=begun, last_modified=begun + timedelta(minutes=30)))
    assert bool(findings(passed_by(vm), check)) is not counts


def test_an_installation_on_demand_is_none() -> None:
    begun = LAST_WINDOW + timedelta(minutes=20)
    on_demand = installation(started_at=begun, started_by="User", maintenance_run_id=None)
    assert findings(passed_by(azure_vm(installation=on_demand)), check)


@pytest.mark.parametrize(("after", "said"), [(timedelta(hours=2, minutes=50), False), (timedelta(hours=3), True)])
def test_resource_graph_has_three_hours_to_catch_up(after, said) -> None:
    vm = azure_vm()
    before = run(vm, started_at=LAST_WINDOW - timedelta(days=7))
    assert bool(findings(passed_by(vm, runs=(before,)), check, now=WINDOW_ENDS + after)) is said


def test_runs_that_azure_no_longer_keeps_prove_nothing() -> None:
    monthly = recurring("Month Second Tuesday", start="2026-01-13 22:00")
    last = datetime(2026, 6, 9, 22, tzinfo=UTC)
    before_next = datetime(2026, 7, 14, 20, tzinfo=UTC)
    seen = passed_by(azure_vm(), configurations=[monthly])
    assert findings(seen, check, now=last + timedelta(days=20))
    assert findings(seen, check, now=before_next) == ()
    assert judgement(seen, check, now=before_next).not_applicable == 1


def test_a_machine_younger_than_the_window_was_not_meant() -> None:
    young = azure_vm(time_created=LAST_WINDOW - timedelta(minutes=10))
    assert findings(passed_by(young), check) == ()


def test_an_arc_server_must_have_left_a_trace_before_the_window() -> None:
    undated = static_assignment(arc_machine(), created_at=None)
    fresh = arc_machine(arc=arc_agent(last_status_change=NOW - timedelta(minutes=5)))
    known = arc_machine(arc=arc_agent(last_status_change=LAST_WINDOW - timedelta(days=2)))
    assessed = arc_machine(
        arc=arc_agent(last_status_change=None), assessment=assessment(started_at=LAST_WINDOW - timedelta(days=1))
    )
    assert findings(passed_by(fresh, scheduled=False, assignments=[undated]), check) == ()
    assert findings(passed_by(known, scheduled=False, assignments=[undated]), check)
    assert findings(passed_by(assessed, scheduled=False, assignments=[undated]), check)
    assert findings(passed_by(fresh), check), "its dated assignment was there"


@pytest.mark.parametrize(
    "schedule",
    [
        configuration(created_at=LAST_WINDOW + timedelta(hours=9)),
        configuration(last_modified_at=LAST_WINDOW + timedelta(hours=9)),
        configuration(last_modified_at=LAST_WINDOW - timedelta(minutes=20)),
        configuration(maintenance_scope="Host"),
        configuration(exists=False),
        recurring("1Week Saturday", start="2026-06-13 22:00"),
        recurring("1Week Saturday", expires="2026-06-08 00:00"),
        recurring("every now and then"),
        recurring("1Week Saturday", zone="Nowhere Standard Time"),
        recurring("1Week Saturday", duration="long"),
    ],
)
def test_schedules_of_which_nothing_had_to_be_recorded(schedule) -> None:
    assert findings(passed_by(azure_vm(), configurations=[schedule]), check) == ()


def test_a_machine_attached_after_the_window_was_not_meant() -> None:
    vm = azure_vm()
    later = static_assignment(vm, created_at=LAST_WINDOW + timedelta(days=1))
    assert findings(passed_by(vm, scheduled=False, assignments=[later]), check) == ()


@pytest.mark.parametrize("what", ["assignment", "schedule"])
def test_what_was_written_since_the_window_was_another_then(what) -> None:
    vm = azure_vm()
    tie = static_assignment(vm, created_at=None)
    about = tie.id if what == "assignment" else configuration().id
    kind = "configurationAssignments" if what == "assignment" else "maintenanceConfigurations"
    event = ActivityEvent(
        resource_id=about.upper(),
        operation=f"Microsoft.Maintenance/{kind}/write",
        status="Succeeded",
        at=LAST_WINDOW + timedelta(days=2),
    )
    seen = passed_by(vm, scheduled=False, assignments=[tie], maintenance_changes=(event,))
    assert findings(seen, check) == ()
    earlier = change(event, at=LAST_WINDOW - timedelta(days=2))
    assert findings(passed_by(vm, scheduled=False, assignments=[tie], maintenance_changes=(earlier,)), check)


def test_how_sure_it_is_that_the_machine_belonged_to_the_schedule() -> None:
    vm = azure_vm()
    undated = static_assignment(vm, created_at=None)
    scope = dynamic_scope(os_types=("Windows",))
    older = run(vm, started_at=LAST_WINDOW - timedelta(days=7))
    for assignments, runs, confidence in (
        ([undated], (), Confidence.LOW),
        ([scope], (), Confidence.LOW),
        ([scope], (older,), Confidence.MEDIUM),
        ([undated], (older,), Confidence.MEDIUM),
        ([static_assignment(vm)], (), Confidence.MEDIUM),
    ):
        seen = passed_by(vm, scheduled=False, assignments=assignments, runs=runs)
        assert finding(seen, check).confidence is confidence


def test_a_machine_that_no_schedule_reaches_is_not_asked_about() -> None:
    seen = judgement(passed_by(azure_vm(), scheduled=False), check)
    assert (seen.findings, seen.not_applicable) == ((), 1)


def test_a_window_whose_start_the_clock_change_moves_is_taken_with_an_hour_of_tolerance() -> None:
    # 02:30 on 29 March 2026 does not exist in Central Europe: the window is reckoned to begin at 01:30 UTC.
    weekly = recurring("1Week Sunday", start="2026-01-04 02:30", zone="W. Europe Standard Time")
    vm = azure_vm()
    early = run(vm, started_at=datetime(2026, 3, 29, 0, 31, tzinfo=UTC))
    now = datetime(2026, 3, 30, 12, tzinfo=UTC)
    ordinary = run(vm, started_at=datetime(2026, 3, 22, 0, 31, tzinfo=UTC))
    assert findings(passed_by(vm, configurations=[weekly], runs=(early,)), check, now=now) == ()
    week_before = datetime(2026, 3, 24, 12, tzinfo=UTC)
    assert findings(passed_by(vm, configurations=[weekly], runs=(ordinary,)), check, now=week_before)


@pytest.mark.parametrize(
    ("cause", "vm"),
    [
        (
            bypass_flag_missing,
            azure_vm(patch_settings=patch_settings(bypass_platform_safety_checks_on_user_schedule=False)),
        ),
        (machine_not_running, azure_vm(power_state="deallocated")),
    ],
    ids=["AUM031", "AUM012"],
)
def test_what_explains_it_is_its_cause(cause, vm) -> None:
    explained = {each.check: each.explained_by for each in examine(passed_by(vm), check, cause).findings}
    assert explained == {cause.id: None, "AUM134": cause.id}


@pytest.mark.parametrize("fact", [Fact.RUNS, Fact.INSTALLATION, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_without_what_it_rests_on_it_is_not_known(fact) -> None:
    (unknown,) = unknowns(passed_by(azure_vm(), missing=[fact]), check)
    assert unknown.fact is fact


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["1Week Saturday", "1Day", "Month Second Tuesday Offset4", "6Hours", "2Weeks Monday,Friday"]),
    st.sampled_from(["UTC", "W. Europe Standard Time", "Tokyo Standard Time", "Pacific Standard Time"]),
    st.datetimes(min_value=datetime(2026, 3, 1), max_value=datetime(2026, 12, 1)),
)
def test_a_machine_that_ran_in_every_window_is_never_accused(recur_every: str, zone: str, moment: datetime) -> None:
    """Whatever the schedule, the zone and the time of the scan."""
    now = moment.replace(tzinfo=UTC)
    schedule = recurring(recur_every, zone=zone)
    vm = azure_vm()
    newest = timetable(schedule.window).previous(now)
    assert newest is not None
    seen = passed_by(vm, configurations=[schedule], runs=(run(vm, started_at=newest.starts_at),))
    assert findings(seen, check, now=now) == ()
