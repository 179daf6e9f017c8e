from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.conflicts import BACK_TO_BACK, ConflictKind, Schedule, conflicts, split_sets
from aumdoctor.schedule.timetable import timetable
from tests.builders import SUBSCRIPTION, azure_vm, configuration

SINCE = datetime(2026, 6, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=28)


def schedule(
    name: str,
    start: str = "22:00",
    recur_every: str = "Week Saturday",
    duration: str = "02:00",
    zone: str = "UTC",
    scope: str = "InGuestPatch",
) -> Schedule:
    window = MaintenanceWindow(
        start_date_time=f"2026-01-03 {start}", recur_every=recur_every, duration=duration, time_zone=zone
    )
    return configuration(name, window=window, maintenance_scope=scope), timetable(window)


def told(schedules: Iterable[Schedule]) -> list[tuple[str, str, str, int, timedelta]]:
    return [
        (found.kind.value, found.first.name, found.second.name, found.clashes, found.overlap)
        for found in conflicts(list(schedules), SINCE, UNTIL)
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (schedule("b"), [("same-start", "a", "b", 4, timedelta(hours=2))]),
        (schedule("b", "23:30"), [("overlap", "a", "b", 4, timedelta(minutes=30))]),
        (schedule("b", "21:00"), [("overlap", "b", "a", 4, timedelta(hours=1))]),
        (schedule("b", "00:00", "Week Sunday"), [("back-to-back", "a", "b", 4, timedelta())]),
        (schedule("b", "00:15", "Week Sunday"), [("back-to-back", "a", "b", 4, timedelta())]),
        (schedule("b", "00:16", "Week Sunday"), []),
        (schedule("b", "20:00"), [("back-to-back", "b", "a", 4, timedelta())]),
        (schedule("b", "22:00", "Week Sunday"), []),
        # Midnight in Berlin, in summer, is 22:00 UTC.
        (
            schedule("b", "00:00", "Week Sunday", zone="W. Europe Standard Time"),
            [("same-start", "a", "b", 4, timedelta(hours=2))],
        ),
        (schedule("b", "22:30", "Month Second Saturday"), [("overlap", "a", "b", 1, timedelta(hours=1, minutes=30))]),
        (schedule("b", "22:30", duration="01:00"), [("overlap", "a", "b", 4, timedelta(hours=1))]),
    ],
)
def test_two_schedules_of_a_machine(other: Schedule, expected: list[tuple[str, str, str, int, timedelta]]) -> None:
    assert told([schedule("a"), other]) == expected
    assert told([other, schedule("a")]) == expected


def test_each_kind_is_told_once_with_its_earliest_clash() -> None:
    hourly = schedule("hourly", "16:00", "6Hours", "06:00")
    found = conflicts([schedule("weekly"), hourly], SINCE, UNTIL)
    assert [(conflict.kind, conflict.clashes) for conflict in found] == [
        (ConflictKind.BACK_TO_BACK, 4),
        (ConflictKind.SAME_START, 4),
    ]
    assert found[1].first_occurrence.starts_at == datetime(2026, 6, 6, 22, tzinfo=UTC)
    assert found[1].second_occurrence.starts_at == datetime(2026, 6, 6, 22, tzinfo=UTC)


def test_a_window_that_began_before_the_range_clashes_with_one_in_it() -> None:
    early, late = schedule("early", "23:00", "Day"), schedule("late", "00:30", "Day")
    midnight = datetime(2026, 6, 6, tzinfo=UTC)
    (found,) = conflicts([early, late], midnight, midnight + timedelta(hours=12))
    assert (found.first.name, found.clashes, found.overlap) == ("early", 1, timedelta(minutes=30))
    assert conflicts([early, late], midnight + timedelta(hours=1), midnight + timedelta(hours=20)) == ()


def test_a_window_of_the_host_clashes_with_one_of_the_guest_only() -> None:
    guest, host = schedule("guest"), schedule("host", "21:00", duration="05:00", scope="Host")
    image = schedule("image", "23:00", duration="05:00", scope="OSImage")
    assert told([guest, host]) == [("host-overlap", "host", "guest", 4, timedelta(hours=2))]
    assert told([host, image]) == []
    assert told([guest, schedule("host", "20:00", scope="host")]) == []
    assert told([guest, schedule("sql", scope="SQLDB")]) == []


def test_a_configuration_does_not_clash_with_itself_however_it_is_spelled() -> None:
    one, table = schedule("weekly")
    shouted = configuration("weekly", resource_group="RG-PROD", window=one.window)
    assert one.id != shouted.id
    assert told([(one, table), (shouted, table)]) == []


_hours = st.integers(0, 23).map(lambda hour: f"{hour:02}:00")
_recurrences = st.sampled_from(["Day", "Week Saturday", "6Hours", "7Hours", "Week Saturday,Sunday"])


@given(
    _hours,
    _recurrences,
    st.sampled_from(["01:30", "03:55", "12:00"]),
    _hours,
    _recurrences,
    st.sampled_from(["01:30", "03:55", "12:00"]),
)
def test_the_clashes_are_those_of_every_window_with_every_other(
    start: str, recur_every: str, duration: str, other_start: str, other_recur_every: str, other_duration: str
) -> None:
    one = schedule("a", start, recur_every, duration)
    other = schedule("b", other_start, other_recur_every, other_duration)
    until = SINCE + timedelta(days=8)
    before = SINCE - timedelta(days=1)
    expected = 0
    for run in one[1].between(before, until):
        for met in other[1].between(before, until):
            later = max(run.starts_at, met.starts_at)
            apart = later - (run if run.starts_at < met.starts_at else met).ends_at
            expected += later >= SINCE and apart <= BACK_TO_BACK
    assert sum(found.clashes for found in conflicts([one, other], SINCE, until)) == expected


SET = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-prod/providers/Microsoft.Compute/availabilitySets/web"


def test_a_set_is_split_where_members_are_patched_by_different_schedules_at_once() -> None:
    first, second = azure_vm("vm-1", availability_set_id=SET), azure_vm("vm-2", availability_set_id=SET.upper())
    under = {first.key: [schedule("a")], second.key: [schedule("b", "21:00")]}
    (split,) = split_sets(under, [first, second], SINCE, UNTIL)
    assert split.availability_set_id.lower() == SET.lower()
    assert (split.first.name, split.second.name) == ("b", "a")
    assert (split.first_machines, split.second_machines) == ((second,), (first,))
    assert (split.clashes, split.overlap) == (4, timedelta(hours=1))


def test_a_set_is_not_split_by_one_schedule_by_other_times_or_by_another_set() -> None:
    first, second = azure_vm("vm-1", availability_set_id=SET), azure_vm("vm-2", availability_set_id=SET)
    alone = azure_vm("vm-3")
    elsewhere = azure_vm("vm-4", availability_set_id=f"{SET}-2")

    def splits(*under: list[Schedule]) -> int:
        machines = [first, second, alone, elsewhere]
        return len(
            split_sets(
                {machine.key: one for machine, one in zip(machines, under, strict=False)}, machines, SINCE, UNTIL
            )
        )

    weekly, other = schedule("a"), schedule("b", "23:00")
    assert splits([weekly], [weekly]) == 0
    assert splits([weekly], [schedule("b", "00:00", "Week Sunday")]) == 0
    assert splits([weekly], [schedule("host", scope="Host")]) == 0
    assert splits([weekly], [], [other], [other]) == 0
    assert splits([weekly, other], [weekly, other]) == 0
    assert splits([weekly, other], [other]) == 1


def test_every_split_set_is_told_for_a_pair_of_schedules() -> None:
    machines = [azure_vm(f"vm-{at}", availability_set_id=f"{SET}-{at // 2}") for at in range(6)]
    under = {machine.key: [schedule("ab"[at % 2])] for at, machine in enumerate(machines)}
    splits = split_sets(under, machines, SINCE, UNTIL)
    assert [split.availability_set_id for split in splits] == [f"{SET}-{at}" for at in range(3)]
