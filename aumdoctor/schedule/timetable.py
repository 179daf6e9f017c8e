"""When a maintenance configuration runs: the occurrences of its window, in UTC and in the schedule's own time zone.

The rules, and where they are from:

- The first run is the first recurrence on or after the start (azure-compute-docs:
  troubleshoot-maintenance-configurations.md). Every n-th day, week or month is counted from the day, week (beginning on
  Monday) or month of the start. Azure does not document how it counts; this is what iCalendar's recurrence rules do.
- A month without the day of the schedule has no run. Azure does not document this either; again iCalendar's rule.
- `Offset` moves the chosen weekday by days, into another month or year if need be.
- Hours are elapsed time from the start; everything else keeps its local time when the clock changes. Where the local
  start does not exist, the run begins later by the length of the gap, as if the clock had not been changed yet. Where
  it exists twice, the first counts. Azure does not say what it does then: `Occurrence.clock` marks these runs.
- The length of a window is elapsed time. No run starts at or after the expiration.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import count
from math import gcd
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.duration import LONGEST_WINDOW, parse_duration
from aumdoctor.schedule.moments import NEVER, local_moment, nearest_time_zone, time_zone, windows_time_zone
from aumdoctor.schedule.recurrence import LAST, Recurrence, RecurrenceError, Unit, parse_recurrence, point_at

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400
# Days and seconds are counted from 1970-01-01. The bounds leave room for the time zone and for the length of a window.
_FIRST_DAY = date(1, 1, 5).toordinal() - _EPOCH_DAY
_LAST_DAY = date(MAXYEAR, 12, 20).toordinal() - _EPOCH_DAY
_FIRST_MONTH, _LAST_MONTH = 12, MAXYEAR * 12 + 10
_NEVER = 1 << 62
_LONGEST_WRITTEN = 100 * 3600
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE)


class ClockChange(StrEnum):
    """What a change of the clock does to an occurrence."""

    START_SKIPPED = "start-skipped"
    """The local start does not exist on that day; the run begins later by the length of the gap."""
    START_REPEATED = "start-repeated"
    """The local start exists twice on that day; the first is taken."""
    WITHIN_WINDOW = "within-window"
    """The clock changes while the window is open: the local end is not the local start plus the length."""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One window of a schedule: open from `starts_at` until just before `ends_at`, both UTC."""

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    clock: ClockChange | None = None

    @property
    def local_start(self) -> datetime:
        """The start on the clock of the schedule's zone. For a start that is skipped: the time to which it is moved."""
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        """The end on the clock of the schedule's zone."""
        return self.ends_at.astimezone(self.zone)


class TimetableError(ValueError):
    """A maintenance window from which no occurrence can be reckoned.

    `member` is the property at fault (`recurEvery`, `startDateTime`, `timeZone`, `duration`, `expirationDateTime`),
    `text` its value ("" where it is absent), `reason` says what is wrong and what would be right. `pointer` is the
    value with carets below the part at fault.
    """

    def __init__(self, member: str, text: str, reason: str, pointer: str | None = None) -> None:
        super().__init__(member, text, reason)
        self.member, self.text, self.reason = member, text, reason
        self.pointer = pointer if pointer is not None else point_at(text, 0, len(text))

    def __str__(self) -> str:
        value = f' "{self.text}"' if self.text else ""
        return f"The maintenance window's {self.member}{value} cannot be used: {self.reason}"


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """The occurrences of a maintenance window.

    `start` is `startDateTime` as written: local, without a zone. `recurrence` is None where the window has no
    `recurEvery`. `length` is that of every window; `length_is_assumed` where the window does not give one.
    `expires_at` is UTC, None where the schedule does not end. Moments passed to its methods must have a time zone.
    """

    zone: ZoneInfo
    zone_name: str
    start: datetime
    recurrence: Recurrence | None
    length: timedelta
    length_is_assumed: bool = False
    expires_at: datetime | None = None

    def first(self) -> Occurrence | None:
        """The first recurrence on or after the start; None where the schedule expires before it."""
        return next(self._occurrences(_FIRST_DAY * _DAY, _LAST_DAY * _DAY), None)

    def between(self, since: datetime, until: datetime) -> Iterator[Occurrence]:
        """The occurrences that start at or after `since` and before `until`, in order."""
        return self._occurrences(_second(since), _second(until))

    def next(self, at: datetime) -> Occurrence | None:
        """The first occurrence that starts at or after a moment; None where the schedule does not run any more."""
        return next(self._occurrences(_second(at), _LAST_DAY * _DAY), None)

    def previous(self, at: datetime) -> Occurrence | None:
        """The last occurrence that started before a moment; None where there is none."""
        return self._latest(_second(at))

    def open_at(self, at: datetime) -> Occurrence | None:
        """The occurrence whose window is open at a moment, the latest to start where there are several."""
        latest = self._latest(_second(at.replace(microsecond=0)) + 1)
        return latest if latest is not None and at < latest.ends_at else None

    def _latest(self, until: int) -> Occurrence | None:
        """The last occurrence that starts before a second."""
        if self.expires_at is not None:
            until = min(until, _second(self.expires_at))
        started = self._start_before(until)
        # Two local days can begin at one moment where a zone has skipped a whole day: the first of them is answered.
        return next(self._occurrences(started, started + 1), None) if started is not None else None

    def _occurrences(self, since: int, until: int) -> Iterator[Occurrence]:
        """The occurrences whose start lies in a range of seconds."""
        if self.expires_at is not None:
            until = min(until, _second(self.expires_at))
        if self.recurrence is not None and self.recurrence.unit is Unit.HOUR:
            return self._hourly(since, until, self.recurrence.count * 3600)
        return self._daily(since, until)

    def _daily(self, since: int, until: int) -> Iterator[Occurrence]:
        """The occurrences that keep their local time: of days, weeks and months."""
        zone, length = self.zone, self.length
        time_of_day = _local_second(self.start) % _DAY
        latest = since - 1
        stretch = _NOWHERE
        shift = timedelta()
        # The local day of a moment is the day before or after its UTC day at the most.
        for day in self._days(since // _DAY - 2, until // _DAY + 2):
            local = day * _DAY + time_of_day
            if local >= stretch.local_end:
                stretch = _stretch(zone, local)
                shift = timedelta(0, time_of_day - stretch.offset)
            starts = local - stretch.offset
            # In a zone that skipped a whole day two local days begin at one moment: that is one run.
            if starts <= latest:
                continue
            if starts >= until:
                return
            starts_at = _midnight(day) + shift
            note = stretch.note(starts, local, length) if local >= stretch.local_doubt else None
            yield Occurrence(starts_at=starts_at, ends_at=starts_at + length, zone=zone, clock=note)
            latest = starts

    def _hourly(self, since: int, until: int, step: int) -> Iterator[Occurrence]:
        """The occurrences that follow each other by elapsed time."""
        start = self._start_second()
        if start is None:
            return
        zone, length = self.zone, self.length
        passed = timedelta(0, step)
        starts = start + step * max(0, -((start - since) // step))
        until = min(until, _LAST_DAY * _DAY)
        if starts >= until:
            return
        starts_at = _EPOCH + timedelta(0, starts)
        length_seconds = length // timedelta(seconds=1)
        change = answered_until = starts
        while starts < until:
            if starts >= answered_until:
                change, answered_until = _next_change(zone, starts)
            note = ClockChange.WITHIN_WINDOW if starts + length_seconds > change else None
            if starts == start:
                local = _local_second(self.start)
                note = _stretch(zone, local).note(starts, local, length)
            yield Occurrence(starts_at=starts_at, ends_at=starts_at + length, zone=zone, clock=note)
            starts += step
            starts_at += passed

    def _start_before(self, until: int) -> int | None:
        """The second of the last start before a second."""
        if self.recurrence is not None and self.recurrence.unit is Unit.HOUR:
            start = self._start_second()
            step = self.recurrence.count * 3600
            last = min(until, _LAST_DAY * _DAY) - 1
            return start + (last - start) // step * step if start is not None and start <= last else None
        time_of_day = _local_second(self.start) % _DAY
        for day in self._days_back(until // _DAY + 2):
            local = day * _DAY + time_of_day
            starts = local - _stretch(self.zone, local).offset
            if starts < until:
                return starts
        return None

    def _start_second(self) -> int | None:
        """The second of the start itself, None at the ends of the calendar."""
        local = _local_second(self.start)
        return local - _stretch(self.zone, local).offset if _FIRST_DAY <= local // _DAY <= _LAST_DAY else None

    def _days(self, first: int, end: int) -> Iterator[int]:
        """The local days with a run from a day on and before another, in order."""
        start_day = _local_second(self.start) // _DAY
        first, end = max(first, start_day, _FIRST_DAY), min(end, _LAST_DAY)
        recurrence = self.recurrence
        if recurrence is None:
            return iter(range(start_day, start_day + 1) if first <= start_day < end else ())
        if recurrence.unit is Unit.DAY:
            return iter(range(first + (start_day - first) % recurrence.count, end, recurrence.count))
        return _rhythm(recurrence, self.start).days_between(first, end)

    def _days_back(self, last: int) -> Iterator[int]:
        """The local days with a run up to a day, the latest first."""
        start_day = _local_second(self.start) // _DAY
        first, last = max(start_day, _FIRST_DAY), min(last, _LAST_DAY - 1)
        recurrence = self.recurrence
        if recurrence is None:
            return iter((start_day,) if first <= start_day <= last else ())
        if recurrence.unit is Unit.DAY:
            return iter(range(last - (last - start_day) % recurrence.count, first - 1, -recurrence.count))
        return _rhythm(recurrence, self.start).days_back(first, last)


@lru_cache(maxsize=8192)
def timetable(window: MaintenanceWindow) -> Timetable:
    """The timetable of a maintenance window.

    A window without `recurEvery` has a single occurrence, at its start. That is an inference: Azure documents the
    property as the rate at which the window is expected to recur, and not what its absence means. A window without
    `duration` is taken to be as long as Azure allows for guests.

    Raises TimetableError where a property that is needed is absent, or where one cannot be read.
    """
    zone, zone_name = _zone(window)
    start = _start(window, zone)
    recurrence = None
    if text := (window.recur_every or "").strip():
        try:
            recurrence = parse_recurrence(text)
        except RecurrenceError as error:
            raise TimetableError("recurEvery", text, error.reason, error.pointer) from error
    length = parse_duration(window.duration)
    if length is None and (window.duration or "").strip():
        raise TimetableError("duration", window.duration or "", "a duration is written as HH:mm, such as 03:30.")
    return Timetable(
        zone=zone,
        zone_name=zone_name,
        start=start,
        recurrence=recurrence,
        length=LONGEST_WINDOW if length is None else length,
        length_is_assumed=length is None,
        expires_at=_expiration(window),
    )


def _zone(window: MaintenanceWindow) -> tuple[ZoneInfo, str]:
    name = (window.time_zone or "").strip()
    if not name:
        raise TimetableError("timeZone", "", 'it is absent; a Windows time zone id such as "UTC" belongs there.')
    zone = time_zone(name)
    if zone is not None:
        return zone, name
    windows_name = windows_time_zone(name)
    if windows_name is not None:
        reason = f'it is a name of the tz database; Azure takes Windows time zone ids: write "{windows_name}".'
    else:
        near = nearest_time_zone(name)
        meant = f'; perhaps "{near}" is meant' if near else ', such as "UTC" or "W. Europe Standard Time"'
        reason = f"it is not a Windows time zone id{meant}."
    raise TimetableError("timeZone", name, reason)


def _start(window: MaintenanceWindow, zone: ZoneInfo) -> datetime:
    """The local start, without a zone."""
    text = (window.start_date_time or "").strip()
    if not text:
        raise TimetableError("startDateTime", "", "it is absent; without a start no run can be reckoned.")
    written = _written_moment("startDateTime", text)
    if written.tzinfo is not None:
        try:
            written = written.astimezone(zone)
        except OverflowError as error:
            raise TimetableError("startDateTime", text, "no such time exists in the schedule's time zone.") from error
    return written.replace(tzinfo=None, microsecond=0, fold=0)


def _expiration(window: MaintenanceWindow) -> datetime | None:
    """The expiration as UTC. Absent, or in the year 9999, there is none."""
    text = (window.expiration_date_time or "").strip()
    if not text:
        return None
    _written_moment("expirationDateTime", text)
    expires_at = local_moment(text, window.time_zone)
    if expires_at is None:
        raise TimetableError("expirationDateTime", text, "no such time exists in the schedule's time zone.")
    return expires_at if expires_at != NEVER else None


def _written_moment(member: str, text: str) -> datetime:
    if _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise TimetableError(member, text, f"there is no such day or time ({error}).") from error
    raise TimetableError(member, text, "a local time is written as YYYY-MM-DD HH:mm, such as 2026-01-03 22:00.")


class _Rhythm(NamedTuple):
    """The weeks or months in which a schedule runs, numbered through all time, and their days.

    `anchor` is the number of the week or month of the start; runs are in every `step`-th period from it, both ways.
    The days of a period are in order, and all before those of the next.
    """

    unit: Unit
    anchor: int
    step: int
    weekdays: tuple[int, ...]
    month_days: tuple[int, ...]
    ordinal: int | None
    offset: int

    def days_between(self, first: int, end: int) -> Iterator[int]:
        """The days with a run from a day on and before another, in order."""
        empty = 0
        for period in count(self._period_of(first)):
            days = self._days(period)
            empty = 0 if days else empty + 1
            if empty > self._cycle or self._begins(period) >= end:
                return
            for day in days:
                if day >= end:
                    return
                if day >= first:
                    yield day

    def days_back(self, first: int, last: int) -> Iterator[int]:
        """The days with a run from a day on and up to another, the latest first."""
        empty = 0
        for period in count(self._period_of(last), -1):
            days = self._days(period)
            empty = 0 if days else empty + 1
            if empty > self._cycle or self._begins(period + 1) <= first:
                return
            for day in reversed(days):
                if day < first:
                    return
                if day <= last:
                    yield day

    @property
    def _cycle(self) -> int:
        """After how many periods without a run there will never be one: the calendar repeats after 400 years."""
        return 4800 // gcd(self.step, 4800)

    def _period_of(self, day: int) -> int:
        """The nearest period at or before a day, counted in steps from the anchor."""
        return (self._number(day) - self.anchor) // self.step

    def _begins(self, period: int) -> int:
        """A day on or before every day of a period."""
        number = self.anchor + period * self.step
        if self.unit is Unit.WEEK:
            return _monday(number)
        return _first_of_month(number) + self.offset

    def _days(self, period: int) -> list[int]:
        """The days of a period on which the schedule runs."""
        number = self.anchor + period * self.step
        if self.unit is Unit.WEEK:
            monday = _monday(number)
            return [monday + weekday for weekday in self.weekdays]
        if not _FIRST_MONTH <= number <= _LAST_MONTH:
            return []
        first, following = _first_of_month(number), _first_of_month(number + 1)
        if self.ordinal is None:
            return [first + day - 1 for day in self.month_days if first + day - 1 < following]
        weekday = self.weekdays[0]
        if self.ordinal == LAST:
            return [following - 1 - (_weekday(following - 1) - weekday) % 7 + self.offset]
        return [first + (weekday - _weekday(first)) % 7 + 7 * (self.ordinal - 1) + self.offset]

    def _number(self, day: int) -> int:
        if self.unit is Unit.WEEK:
            return (day + 3) // 7
        that = _date(min(max(day - self.offset, _FIRST_DAY), _LAST_DAY))
        return that.year * 12 + that.month - 1


@lru_cache(maxsize=8192)
def _rhythm(recurrence: Recurrence, start: datetime) -> _Rhythm:
    """The rhythm of a schedule that recurs by weeks or months."""
    weekdays = (recurrence.weekday,) if recurrence.weekday is not None else tuple(sorted(set(recurrence.weekdays)))
    by_week = recurrence.unit is Unit.WEEK
    return _Rhythm(
        unit=recurrence.unit,
        anchor=(_local_second(start) // _DAY + 3) // 7 if by_week else start.year * 12 + start.month - 1,
        step=recurrence.count,
        weekdays=weekdays or (start.weekday(),),
        month_days=tuple(sorted(set(recurrence.month_days))) or (start.day,),
        ordinal=recurrence.ordinal,
        offset=recurrence.offset,
    )


class _Stretch(NamedTuple):
    """Local seconds, up to before `local_end`, that one offset (seconds east of UTC) turns into UTC.

    `change` is the UTC second of the next change of the clock and `following` the offset from then on. Before
    `local_doubt` no start is touched by that change, not even that of the longest window.
    """

    local_end: int
    offset: int
    change: int
    following: int
    local_doubt: int

    def note(self, starts: int, local: int, length: timedelta) -> ClockChange | None:
        """What the next change of the clock does to a window."""
        if starts >= self.change:
            return ClockChange.START_SKIPPED
        if local - self.following >= self.change:
            return ClockChange.START_REPEATED
        if starts + length // timedelta(seconds=1) > self.change:
            return ClockChange.WITHIN_WINDOW
        return None


class _Clock(NamedTuple):
    """The clock of a zone in one year.

    Each of `stretches` but the first counts from the local second of the same place in `bounds`. `changes` are UTC
    seconds, those of some days after the year too, because a window may reach into the next.
    """

    end: int
    changes: list[int]
    bounds: list[int]
    stretches: list[_Stretch]


_NOWHERE = _Stretch(-_NEVER, 0, 0, 0, 0)


def _stretch(zone: ZoneInfo, local: int) -> _Stretch:
    """The stretch of a local second. In a gap that is the one before it, and in a repeated hour too."""
    clock = _clock(zone, _date(local // _DAY).year)
    return clock.stretches[bisect_right(clock.bounds, local)]


def _next_change(zone: ZoneInfo, second: int) -> tuple[int, int]:
    """The next change of a zone's clock after a moment, and the second up to which that is the answer."""
    clock = _clock(zone, _date(second // _DAY).year)
    change = next((change for change in clock.changes if change > second), _NEVER)
    return change, min(change, clock.end)


@lru_cache(maxsize=4096)
def _clock(zone: ZoneInfo, year: int) -> _Clock:
    """The clock of a zone in a year. zoneinfo does not list the changes: they are looked for, day by day."""
    begin, end = _new_year(year), _new_year(year + 1)
    offset = _offset(zone, max(begin - 3, _FIRST_DAY - 3) * _DAY)
    changes, bounds, stretches = [], [], []
    for day in range(max(begin - 3, _FIRST_DAY - 3), min(end, _LAST_DAY) + 10):
        following = _offset(zone, (day + 1) * _DAY)
        if following == offset:
            continue
        change = _change_within(zone, day * _DAY, (day + 1) * _DAY)
        bound = change + max(offset, following)
        stretches.append(
            _Stretch(
                local_end=min(bound, end * _DAY),
                offset=offset,
                change=change,
                following=following,
                local_doubt=change + min(offset, following) - _LONGEST_WRITTEN,
            )
        )
        changes.append(change)
        bounds.append(bound)
        offset = following
    stretches.append(_Stretch(end * _DAY, offset, _NEVER, offset, _NEVER))
    return _Clock(end * _DAY, changes, bounds, stretches)


def _change_within(zone: ZoneInfo, low: int, high: int) -> int:
    """The second of the change of the clock between two moments with different offsets."""
    before = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: ZoneInfo, second: int) -> int:
    """Seconds east of UTC at a moment."""
    offset = (_EPOCH + timedelta(0, second)).astimezone(zone).utcoffset()
    return offset // timedelta(seconds=1) if offset is not None else 0


def _second(at: datetime) -> int:
    """Seconds since 1970, a broken second rounded up: no start lies within a second."""
    passed = at - _EPOCH
    return passed.days * _DAY + passed.seconds + (passed.microseconds > 0)


def _local_second(local: datetime) -> int:
    """The seconds of a local clock since its 1970."""
    return (local.toordinal() - _EPOCH_DAY) * _DAY + local.hour * 3600 + local.minute * 60 + local.second


def _date(day: int) -> date:
    return date.fromordinal(day + _EPOCH_DAY)


@lru_cache(maxsize=4096)
def _midnight(day: int) -> datetime:
    return _EPOCH + timedelta(day)


def _new_year(year: int) -> int:
    """The first day of a year."""
    return _first_of_month(year * 12)


def _weekday(day: int) -> int:
    return (day + 3) % 7


def _monday(week: int) -> int:
    return week * 7 - 3


@lru_cache(maxsize=8192)
def _first_of_month(number: int) -> int:
    """The first day of a month, given as year * 12 + month - 1; beyond the calendar its last month or its first."""
    year, month = divmod(min(max(number, _FIRST_MONTH), _LAST_MONTH + 1), 12)
    return date(year, month + 1, 1).toordinal() - _EPOCH_DAY
