from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.duration import LONGEST_WINDOW
from aumdoctor.schedule.moments import time_zone
from aumdoctor.schedule.recurrence import WEEKDAYS
from aumdoctor.schedule.timetable import ClockChange, Occurrence, Timetable, TimetableError, timetable


def schedule(
    recur_every: str | None,
    start: str | None = "2026-01-03 22:00",
    zone: str | None = "UTC",
    duration: str | None = "03:30",
    expires: str | None = None,
) -> Timetable:
    return timetable(
        MaintenanceWindow(
            start_date_time=start,
            recur_every=recur_every,
            time_zone=zone,
            duration=duration,
            expiration_date_time=expires,
        )
    )


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def local_starts(table: Timetable, since: datetime, until: datetime) -> list[str]:
    return [f"{run.local_start:%Y-%m-%d %H:%M}" for run in table.between(since, until)]


def first_days(recur_every: str, start: str, how_many: int) -> list[str]:
    runs = islice(schedule(recur_every, start).between(utc(2000, 1, 1), utc(9999, 1, 1)), how_many)
    return [f"{run.starts_at:%Y-%m-%d}" for run in runs]


@pytest.mark.parametrize(
    ("recur_every", "start", "days"),
    [
        # The documented example: a start on a Wednesday, recurring on Mondays.
        ("Week Monday", "2024-01-17 10:00", ["2024-01-22", "2024-01-29"]),
        ("2Weeks Monday", "2024-01-17 10:00", ["2024-01-29", "2024-02-12"]),
        ("2Weeks Sunday,Wednesday", "2024-01-18 10:00", ["2024-01-21", "2024-01-31", "2024-02-04"]),
        ("3Weeks", "2026-01-03 22:00", ["2026-01-03", "2026-01-24"]),
        # A week ends with its Sunday.
        ("Week", "2026-01-04 22:00", ["2026-01-04", "2026-01-11"]),
        ("2Weeks", "2026-01-04 22:00", ["2026-01-04", "2026-01-18"]),
        ("2Weeks Monday,Sunday", "2026-01-04 22:00", ["2026-01-04", "2026-01-12", "2026-01-18"]),
        ("3Days", "2026-02-27 22:00", ["2026-02-27", "2026-03-02", "2026-03-05"]),
        # Four days after Patch Tuesday, beginning after that of January.
        ("Month Second Tuesday Offset4", "2026-01-18 22:00", ["2026-02-14", "2026-03-14", "2026-04-18"]),
        # Six days after the last Wednesday of the month before the start is the first run.
        ("Month Last Wednesday Offset6", "2026-01-03 22:00", ["2026-01-06", "2026-02-03", "2026-03-03"]),
        ("Month First Thursday Offset-3", "2025-12-01 22:00", ["2025-12-01", "2025-12-29", "2026-02-02"]),
        ("2Months First Monday", "2026-01-20 22:00", ["2026-03-02", "2026-05-04"]),
        ("Month day31", "2026-01-31 22:00", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("2Months", "2026-01-31 22:00", ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31", "2027-01-31"]),
        ("Month", "2026-01-30 22:00", ["2026-01-30", "2026-03-30"]),
        ("Month day29", "2027-02-01 22:00", ["2027-03-29", "2027-04-29"]),
        ("12Months day29", "2027-02-01 22:00", ["2028-02-29", "2032-02-29"]),
        ("Month day24,day23,day23", "2026-01-24 22:00", ["2026-01-24", "2026-02-23", "2026-02-24"]),
    ],
)
def test_the_days_of_a_schedule(recur_every: str, start: str, days: list[str]) -> None:
    assert first_days(recur_every, start, len(days)) == days


def test_the_first_run_may_be_the_start_itself() -> None:
    first = schedule("Week Saturday").first()
    assert first is not None
    assert (first.starts_at, first.ends_at) == (utc(2026, 1, 3, 22), utc(2026, 1, 4, 1, 30))


def test_without_recurrence_there_is_one_run() -> None:
    table = schedule(None)
    assert [run.starts_at for run in table.between(utc(2000, 1, 1), utc(2100, 1, 1))] == [utc(2026, 1, 3, 22)]
    assert table.next(utc(2026, 1, 3, 22, 0, 1)) is None
    previous = table.previous(utc(2030, 1, 1))
    assert previous is not None
    assert previous.starts_at == utc(2026, 1, 3, 22)


def test_hours_are_elapsed_time_from_the_start() -> None:
    table = schedule("6Hours", "2026-03-28 20:00", "W. Europe Standard Time")
    runs = local_starts(table, utc(2026, 3, 1), utc(2026, 3, 29, 14))
    assert runs == ["2026-03-28 20:00", "2026-03-29 03:00", "2026-03-29 09:00", "2026-03-29 15:00"]


def test_a_schedule_that_never_fires_again_is_answered_at_once() -> None:
    for recur_every in ("12Months day30", "24Months day29"):
        table = schedule(recur_every, "2015-02-01 22:00")
        assert table.first() is None
        assert table.next(utc(2026, 1, 1)) is None
        assert table.previous(utc(2026, 1, 1)) is None
        assert list(table.between(utc(2026, 1, 1), utc(2400, 1, 1))) == []


def test_the_ends_of_the_calendar() -> None:
    for recur_every in (None, "Day", "6Hours", "9999Weeks Monday", "Month Last Sunday Offset-3", "Month day31"):
        for start in ("0001-01-01 00:00", "9999-12-31 23:59"):
            table = schedule(recur_every, start, "Tokyo Standard Time", "99:59")
            for at in (datetime.min.replace(tzinfo=UTC), utc(2026, 1, 1), datetime.max.replace(tzinfo=UTC)):
                table.next(at)
                table.previous(at)
                table.open_at(at)
            table.first()
    late = schedule("Day", "2026-01-01 00:00").previous(datetime.max.replace(tzinfo=UTC))
    assert late is not None
    assert late.starts_at.year == 9999


def test_no_run_starts_at_or_after_the_expiration() -> None:
    table = schedule("Day", "2026-01-03 22:00", "Tokyo Standard Time", expires="2026-01-05 22:00")
    assert table.expires_at == utc(2026, 1, 5, 13)
    assert local_starts(table, utc(2026, 1, 1), utc(2027, 1, 1)) == ["2026-01-03 22:00", "2026-01-04 22:00"]
    assert table.next(utc(2026, 1, 4, 14)) is None
    previous = table.previous(utc(2027, 1, 1))
    assert previous is not None
    assert previous.starts_at == utc(2026, 1, 4, 13)
    assert schedule("Day", expires="2026-01-03 21:00").first() is None
    assert schedule("Day", expires="9999-12-31 23:59:59").expires_at is None


def test_a_window_is_open_from_its_start_until_just_before_its_end() -> None:
    table = schedule("Day", duration="02:00")
    for at, is_open in [
        (utc(2026, 1, 3, 21, 59, 59), False),
        (utc(2026, 1, 3, 22), True),
        (utc(2026, 1, 3, 23, 59, 59, 999999), True),
        (utc(2026, 1, 4), False),
    ]:
        assert (table.open_at(at) is not None) is is_open
    across = schedule("Day", duration="24:00").open_at(utc(2026, 1, 5, 22))
    assert across is not None
    assert across.starts_at == utc(2026, 1, 5, 22)


def test_without_a_duration_the_longest_is_assumed_and_said() -> None:
    assert (schedule("Day", duration=None).length, schedule("Day", duration=None).length_is_assumed) == (
        LONGEST_WINDOW,
        True,
    )
    assert not schedule("Day").length_is_assumed


# Zone, start, the UTC day around which is looked, the local start that comes of it, UTC start, mark.
CLOCKS = [
    ("W. Europe Standard Time", "02:30", (2026, 3, 29), "03:30", (1, 30), ClockChange.START_SKIPPED),
    ("W. Europe Standard Time", "03:00", (2026, 3, 29), "03:00", (1, 0), None),
    ("W. Europe Standard Time", "01:59", (2026, 3, 29), "01:59", (0, 59), ClockChange.WITHIN_WINDOW),
    ("W. Europe Standard Time", "02:30", (2026, 10, 25), "02:30", (0, 30), ClockChange.START_REPEATED),
    ("W. Europe Standard Time", "03:00", (2026, 10, 25), "03:00", (2, 0), None),
    ("W. Europe Standard Time", "01:30", (2026, 10, 24), "01:30", (23, 30), ClockChange.WITHIN_WINDOW),
    ("W. Europe Standard Time", "02:30", (2026, 3, 28), "02:30", (1, 30), None),
    ("W. Europe Standard Time", "23:00", (2026, 3, 28), "23:00", (22, 0), None),
    ("W. Europe Standard Time", "23:01", (2026, 3, 28), "23:01", (22, 1), ClockChange.WITHIN_WINDOW),
    # Lord Howe's clock changes by half an hour, at two o'clock.
    ("Lord Howe Standard Time", "02:15", (2026, 10, 3), "02:45", (15, 45), ClockChange.START_SKIPPED),
    ("Lord Howe Standard Time", "01:45", (2026, 4, 4), "01:45", (14, 45), ClockChange.START_REPEATED),
    # The south begins its summer time in October.
    ("AUS Eastern Standard Time", "02:30", (2026, 10, 3), "03:30", (16, 30), ClockChange.START_SKIPPED),
    ("AUS Eastern Standard Time", "02:30", (2026, 4, 4), "02:30", (15, 30), ClockChange.START_REPEATED),
    ("Tokyo Standard Time", "02:30", (2026, 3, 28), "02:30", (17, 30), None),
    ("UTC", "02:30", (2026, 3, 29), "02:30", (2, 30), None),
]


@pytest.mark.parametrize(("zone", "start", "day", "local", "starts", "mark"), CLOCKS)
def test_a_change_of_the_clock_is_marked(
    zone: str, start: str, day: tuple[int, int, int], local: str, starts: tuple[int, int], mark: ClockChange | None
) -> None:
    run = schedule("Day", f"2026-01-01 {start}", zone, "03:00").next(utc(*day))
    assert run is not None
    assert run.starts_at == utc(*day, *starts)
    assert f"{run.local_start:%H:%M}" == local
    assert run.clock is mark
    assert run.ends_at - run.starts_at == timedelta(hours=3)


def test_an_hourly_schedule_is_marked_too() -> None:
    def marks(start: str) -> list[ClockChange | None]:
        table = schedule("12Hours", start, "W. Europe Standard Time")
        return [run.clock for run in islice(table.between(utc(2026, 1, 1), utc(2027, 1, 1)), 3)]

    assert marks("2026-03-29 02:30") == [ClockChange.START_SKIPPED, None, None]
    assert marks("2026-10-25 02:30") == [ClockChange.START_REPEATED, None, None]
    assert marks("2026-10-24 12:30") == [None, ClockChange.WITHIN_WINDOW, None]
    assert marks("2025-12-31 22:00") == [None, None, None]
    over_new_year = schedule("12Hours", "2025-12-01 12:30", "W. Europe Standard Time")
    touched = [run.starts_at for run in over_new_year.between(utc(2025, 12, 1), utc(2026, 12, 1)) if run.clock]
    assert touched == [utc(2026, 3, 28, 23, 30), utc(2026, 10, 24, 23, 30)]


def test_the_day_that_samoa_skipped_has_one_run_with_the_next() -> None:
    table = schedule("Day", "2011-12-20 10:00", "Samoa Standard Time")
    runs = list(table.between(utc(2011, 12, 29), utc(2012, 1, 1)))
    assert [f"{run.local_start:%d %H}" for run in runs] == ["29 10", "31 10", "01 10"]
    assert [run.clock for run in runs] == [None, ClockChange.START_SKIPPED, None]
    assert table.previous(utc(2011, 12, 31)) == runs[1] == table.next(utc(2011, 12, 30))


def test_windows_names_reach_the_right_zone() -> None:
    assert schedule("Day", zone="UTC").zone.key == "Etc/UTC"
    assert schedule("Day", zone="Line Islands Standard Time").zone.key == "Pacific/Kiritimati"
    morocco = schedule("Day", "2026-01-01 02:30", "Morocco Standard Time")
    assert (morocco.zone.key, morocco.zone_name) == ("Africa/Casablanca", "Morocco Standard Time")


@pytest.mark.parametrize(
    ("broken", "member", "reason"),
    [
        ({"recur_every": "Weak Monday"}, "recurEvery", "Perhaps Week is meant"),
        ({"start": None}, "startDateTime", "absent"),
        ({"start": "next Saturday"}, "startDateTime", "YYYY-MM-DD HH:mm"),
        ({"start": "2026-01-03"}, "startDateTime", "YYYY-MM-DD HH:mm"),
        ({"start": "2026-02-30 22:00"}, "startDateTime", "no such day"),
        ({"zone": None}, "timeZone", "absent"),
        ({"zone": "Europe/Berlin"}, "timeZone", 'write "W. Europe Standard Time"'),
        ({"zone": "W Europe Standard Time"}, "timeZone", 'perhaps "W. Europe Standard Time"'),
        ({"zone": "Middle-earth"}, "timeZone", "not a Windows time zone id"),
        ({"duration": "3.5"}, "duration", "HH:mm"),
        ({"expires": "soon"}, "expirationDateTime", "YYYY-MM-DD HH:mm"),
        ({"expires": "0001-01-01 00:00", "zone": "Tokyo Standard Time"}, "expirationDateTime", "no such time"),
    ],
)
def test_what_cannot_be_reckoned_names_the_member(broken: dict[str, str | None], member: str, reason: str) -> None:
    with pytest.raises(TimetableError) as caught:
        schedule(**{"recur_every": "Day", **broken})
    error = caught.value
    assert error.member == member
    assert reason in error.reason
    assert member in str(error)
    assert error.text in str(error)
    assert error.pointer.splitlines()[0] == error.text


def test_the_pointer_of_a_recurrence_is_the_parsers() -> None:
    with pytest.raises(TimetableError) as caught:
        schedule("Week Mondey")
    assert caught.value.pointer == "Week Mondey\n     ^^^^^^"


@pytest.mark.parametrize(
    "start",
    ["2026-01-03 22:00", "2026-01-03T22:00", "2026-01-03 22:00:00", "2026-01-03T22:00:00Z", " 2026-01-03 22:00 "],
)
def test_the_forms_of_a_start(start: str) -> None:
    assert schedule("Day", start).start == datetime(2026, 1, 3, 22)


_starts = st.datetimes(datetime(2014, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0))
_counts = st.integers(1, 13)
_DAYS = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU)
_ORDINALS = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}


@st.composite
def _with_rule(draw: st.DrawFn) -> tuple[str, datetime, rrule.rrule]:
    """A recurrence, a start, and the same as a rule of dateutil."""
    start, every = draw(_starts), draw(_counts)
    kind = draw(st.sampled_from(["day", "week", "weekdays", "month", "month days", "weekday of the month", "hour"]))
    if kind == "hour":
        return f"{every}Hours", start, rrule.rrule(rrule.HOURLY, start, every)
    if kind == "day":
        return f"{every}Days", start, rrule.rrule(rrule.DAILY, start, every)
    if kind == "week":
        return f"{every}Weeks", start, rrule.rrule(rrule.WEEKLY, start, every)
    if kind == "weekdays":
        days = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
        rule = rrule.rrule(rrule.WEEKLY, start, every, byweekday=[_DAYS[day] for day in days])
        return f"{every}Weeks {','.join(WEEKDAYS[day] for day in days)}", start, rule
    if kind == "month":
        return f"{every}Months", start, rrule.rrule(rrule.MONTHLY, start, every)
    if kind == "month days":
        # A day that every month has, because dateutil searches long for one that never comes.
        days = [*draw(st.lists(st.integers(1, 31), max_size=3)), draw(st.integers(1, 28))]
        rule = rrule.rrule(rrule.MONTHLY, start, every, bymonthday=days)
        return f"{every}Months {','.join(f'day{day}' for day in days)}", start, rule
    ordinal, day = draw(st.sampled_from(list(_ORDINALS))), draw(st.integers(0, 6))
    rule = rrule.rrule(rrule.MONTHLY, start, every, byweekday=_DAYS[day](_ORDINALS[ordinal]))
    return f"{every}Months {ordinal} {WEEKDAYS[day]}", start, rule


@given(_with_rule(), st.timedeltas(timedelta(days=-40), timedelta(days=900)))
@settings(max_examples=150, deadline=None)
def test_the_runs_are_those_of_dateutil(rule: tuple[str, datetime, rrule.rrule], later: timedelta) -> None:
    recur_every, start, expected = rule
    table = schedule(recur_every, f"{start:%Y-%m-%d %H:%M}")
    since = start + later
    until = since + timedelta(days=3 if "Hour" in recur_every else 400)
    found = [
        run.starts_at.replace(tzinfo=None)
        for run in table.between(since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
    ]
    assert found == list(takewhile(lambda at: at < until, expected.xafter(since, inc=True)))
    previous = table.previous(since.replace(tzinfo=UTC))
    assert (previous.starts_at.replace(tzinfo=None) if previous else None) == expected.before(since)


_ZONES = (
    "UTC",
    "W. Europe Standard Time",
    "Pacific Standard Time",
    "Lord Howe Standard Time",
    "Morocco Standard Time",
    "Samoa Standard Time",
    "Line Islands Standard Time",
    "Dateline Standard Time",
    "E. South America Standard Time",
    "Nepal Standard Time",
    "Tokyo Standard Time",
)
_expressions = st.one_of(
    st.sampled_from([None, "6Hours", "7Hours", "Day", "3Days", "Week Saturday,Sunday", "3Weeks Monday"]),
    st.sampled_from(["2Months", "Month day31,day1", "Month Last Sunday Offset-6", "2Months First Monday Offset6"]),
)


@given(_expressions, _starts, st.sampled_from(_ZONES), st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1)))
@settings(max_examples=150, deadline=None)
def test_between_next_and_previous_agree(recur_every: str | None, start: datetime, zone: str, at: datetime) -> None:
    table = schedule(recur_every, f"{start:%Y-%m-%d %H:%M}", zone)
    since = at.replace(tzinfo=UTC)
    until = since + timedelta(days=70)
    runs = list(table.between(since, until))
    starts = [run.starts_at for run in runs]
    assert starts == sorted(set(starts))
    assert all(since <= run.starts_at < until and run.ends_at - run.starts_at == table.length for run in runs)
    first = table.first()
    assert first is None or all(first.starts_at <= moment for moment in starts)
    assert list(_chained(table, since, until)) == runs
    assert list(_chained_back(table, since, until)) == runs[::-1]
    for run in runs:
        assert table.open_at(run.starts_at) == run
        # The zone's own reckoning, written down apart from the engine's: fold 0 is the rule of both.
        if table.recurrence is None or table.recurrence.unit.value != "hour":
            local = run.local_start.replace(tzinfo=None)
            skipped = run.clock is ClockChange.START_SKIPPED
            assert skipped == (local.time() != start.time() or _is_skipped_day(table, local))
            if not skipped:
                assert local.replace(tzinfo=time_zone(zone)).astimezone(UTC) == run.starts_at
            repeated = (
                local.replace(tzinfo=time_zone(zone)).utcoffset()
                != local.replace(tzinfo=time_zone(zone), fold=1).utcoffset()
            )
            assert skipped or repeated == (run.clock is ClockChange.START_REPEATED)
        # A change at the very end is outside: the window is closed then.
        last = (run.ends_at - timedelta(seconds=1)).astimezone(run.zone)
        changes = run.local_start.utcoffset() != last.utcoffset()
        assert not changes or run.clock is not None
        assert changes or run.clock is not ClockChange.WITHIN_WINDOW


def _is_skipped_day(table: Timetable, local: datetime) -> bool:
    """Whether the zone skipped the whole day before: Samoa did so once."""
    return table.zone.key == "Pacific/Apia" and local.date() == datetime(2011, 12, 31).date()


def _chained(table: Timetable, since: datetime, until: datetime) -> Iterator[Occurrence]:
    run = table.next(since)
    while run is not None and run.starts_at < until:
        yield run
        run = table.next(run.starts_at + timedelta(microseconds=1))


def _chained_back(table: Timetable, since: datetime, until: datetime) -> Iterator[Occurrence]:
    run = table.previous(until)
    while run is not None and run.starts_at >= since:
        yield run
        run = table.previous(run.starts_at)
