"""Coming windows with their machines, and where schedules of the same machines meet. NOW is a Wednesday noon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aumdoctor.model import ids
from aumdoctor.model.maintenance import EventSubscription, MaintenanceConfiguration, MaintenanceWindow
from aumdoctor.schedule.calendar import (
    meetings,
    next_window,
    readable_timetable,
    told_before_runs,
    unreadable,
    windows_between,
)
from aumdoctor.schedule.conflicts import ConflictKind
from aumdoctor.schedule.scope import attachments
from tests.builders import NOW, azure_vm, change, configuration, estate, static_assignment

SATURDAY = datetime(2026, 6, 13, 22, 0, tzinfo=UTC)


def named(name: str, **members: Any) -> MaintenanceConfiguration:
    schedule = configuration(name)
    return change(schedule, window=change(schedule.window, **members))


def test_windows_are_listed_by_their_start_with_their_machines() -> None:
    weekly, daily = configuration(), named("daily", recur_every="Day", start_date_time="2026-01-01 03:00")
    machine = azure_vm()
    found = windows_between([weekly, daily], {weekly.id: [machine]}, NOW, NOW + timedelta(days=4))
    assert [window.configuration.name for window in found] == ["daily", "daily", "daily", "weekly", "daily"]
    assert [window.machines for window in found if window.configuration is weekly] == [(machine,)]


def test_a_window_that_is_open_is_among_them_and_one_that_has_ended_is_not() -> None:
    weekly = configuration()
    inside, after = SATURDAY + timedelta(minutes=209), SATURDAY + timedelta(minutes=210)
    (found,) = windows_between([weekly], {}, inside, inside + timedelta(minutes=1))
    assert found.has_begun(inside)
    assert not found.is_over(inside)
    assert found.is_over(after)
    assert windows_between([weekly], {}, after, after + timedelta(minutes=1)) == ()


def test_schedules_that_patch_no_guest_or_are_gone_have_no_windows() -> None:
    gone, host = configuration("gone", exists=False), configuration("host", maintenance_scope="Host")
    assert windows_between([gone, host], {}, NOW, NOW + timedelta(days=30)) == ()
    assert next_window([gone, host], NOW) is None


def test_times_that_cannot_be_read_are_told_and_not_just_without_windows() -> None:
    bad = named("bad", time_zone="Europe/Berlin")
    assert readable_timetable(bad) is None
    fault = unreadable(bad)
    assert fault is not None
    assert "Europe/Berlin" in str(fault)
    assert unreadable(configuration()) is None


def test_of_several_schedules_the_earliest_window_is_next() -> None:
    found = next_window([configuration(), named("daily", recur_every="Day")], NOW)
    assert found is not None
    assert found.configuration.name == "daily"


def test_schedules_meet_on_the_machines_that_both_reach() -> None:
    weekly, same = configuration(), configuration("same")
    later = named("later", start_date_time="2026-01-03 23:00")
    one, two, alone = azure_vm("vm-1"), azure_vm("vm-2"), azure_vm("vm-3")
    seen = estate(
        one,
        two,
        alone,
        configurations=[weekly, same, later],
        assignments=[
            *(static_assignment(each, weekly) for each in (one, two, alone)),
            static_assignment(one, same, name="b"),
            static_assignment(two, same, name="b"),
            static_assignment(two, later, name="c"),
        ],
    )
    found = meetings(attachments(seen), NOW, NOW + timedelta(days=14))
    told = {
        (
            meeting.conflict.kind,
            frozenset((meeting.conflict.first.name, meeting.conflict.second.name)),
        ): meeting.machines
        for meeting in found
    }
    assert told == {
        (ConflictKind.SAME_START, frozenset(("weekly", "same"))): (one.key, two.key),
        (ConflictKind.OVERLAP, frozenset(("weekly", "later"))): (two.key,),
        (ConflictKind.OVERLAP, frozenset(("same", "later"))): (two.key,),
    }


def test_a_schedule_attached_twice_does_not_meet_itself() -> None:
    machine = azure_vm()
    seen = estate(machine, assignments=[static_assignment(machine), static_assignment(machine, name="again")])
    assert meetings(attachments(seen), NOW, NOW + timedelta(days=14)) == ()


def test_only_who_hears_before_a_run_makes_it_one_that_can_be_cancelled() -> None:
    schedule = configuration()

    def listener(name: str, *kinds: str) -> EventSubscription:
        return EventSubscription(
            id=f"/t/{name}", name=name, topic_id="/t", maintenance_configuration_id=schedule.id, event_types=kinds
        )

    before = listener("before", "Microsoft.Maintenance.PreMaintenanceEvent")
    after = listener("after", "Microsoft.Maintenance.PostMaintenanceEvent")
    assert told_before_runs([before, after]) == {ids.key(schedule.id): (before,)}
    assert told_before_runs([after]) == {}


def test_a_schedule_without_recurrence_has_one_window() -> None:
    once = configuration(
        window=MaintenanceWindow(start_date_time="2026-06-11 22:00", duration="02:00", time_zone="UTC")
    )
    assert len(windows_between([once], {}, NOW, NOW + timedelta(days=90))) == 1
