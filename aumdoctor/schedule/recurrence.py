"""The grammar of `maintenanceWindow.recurEvery`: how often a maintenance configuration runs, and on which days.

The forms are those that azure-mgmt-maintenance documents for the property, and what is seen in use:

    [n]Hour[s]                                     6Hours
    [n]Day[s]                                      Day, 3Days
    [n]Week[s] [weekday,...]                       Week Saturday,Sunday, 1Week Monday, 3Weeks
    [n]Month[s] [dayD,...]                         Month day23,day24, 2Months
    [n]Month[s] First|...|Last weekday [OffsetN]   Month Third Sunday Offset6, Month Last Sunday Offset-3

Case does not count, and neither do blanks between the parts; a weekday is its whole name or the first three letters.
What can be read but is not documented, or not allowed, is no error here: `objections` lists it.
"""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, NoReturn

import msgspec

LARGEST_COUNT = 35
"""The most hours, days, weeks or months between two runs (azure-mgmt-maintenance: `recur_every`)."""
SHORTEST_REPEAT_HOURS = 6
"""A schedule repeats every six hours at most (azure-compute-docs: maintenance-configurations.md)."""
LARGEST_OFFSET = 6
"""The most days by which `Offset` moves a run, either way (azure-mgmt-maintenance: `recur_every`)."""
LAST = -1
"""The `ordinal` of `Last`."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": LAST}
_DAYS_OF_WEEK = {name.lower()[:length]: day for day, name in enumerate(WEEKDAYS) for length in (3, 9)}
_MOST_DIGITS = 4
_TOKEN = re.compile(r"[A-Za-z]+|[0-9]+|\S")


class Unit(StrEnum):
    """What a recurrence counts in."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_UNITS = {spelling: unit for unit in Unit for spelling in (unit.value, f"{unit.value}s")}


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """A `recurEvery` that could be read: every `count` units, from the start of the schedule.

    `weekdays` (0 is Monday) and `month_days` are as written, in their order and with repetitions; where both and
    `ordinal` are absent the start of the schedule gives the day. `ordinal` is 1 to 4 or `LAST`, and comes with
    `weekday`; `offset` moves that day by whole days. `text` is the expression itself.
    """

    unit: Unit
    count: int
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    ordinal: int | None = None
    weekday: int | None = None
    offset: int = 0
    text: str


class RecurrenceError(ValueError):
    """A `recurEvery` that cannot be read.

    `token` is the first part that does not fit, `position` its place in `text` counted from 0; at the end of the
    text the token is empty. `reason` says what is wrong and what would be right.
    """

    def __init__(self, text: str, position: int, token: str, reason: str) -> None:
        super().__init__(text, position, token, reason)
        self.text, self.position, self.token, self.reason = text, position, token, reason

    def __str__(self) -> str:
        return f'The recurrence "{self.text}" cannot be read: {self.reason}'

    @property
    def pointer(self) -> str:
        """Two lines: the expression, and carets below the part that does not fit."""
        return point_at(self.text, self.position, len(self.token))


def point_at(text: str, position: int, length: int) -> str:
    """A text and, below it, carets under a part of it. Characters that would break the line are shown as blanks."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"{line}\n{' ' * position}{'^' * max(length, 1)}"


@lru_cache(maxsize=4096)
def parse_recurrence(text: str) -> Recurrence:
    """Read a `recurEvery`.

    Raises RecurrenceError for what is not in the grammar; never anything else, whatever the text.

    >>> parse_recurrence("2Weeks Sat,Sun").weekdays
    (5, 6)
    """
    parts = _Parts(text)
    at_count = parts.at
    count = parts.number("a count") if parts.is_number else 1
    if count < 1:
        parts.fail(f'"{count}" is no count; it is 1 to {LARGEST_COUNT}.', at=at_count)
    unit = _UNITS[parts.word(_UNITS, "a unit", "Hour, Day, Week or Month")]
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    ordinal = weekday = None
    offset = 0
    if unit is Unit.WEEK and not parts.at_end:
        weekdays = _weekdays(parts)
    elif unit is Unit.MONTH and not parts.at_end:
        if parts.lowered == "fifth":
            parts.fail('"Fifth" is not possible, as not every month has one: First, Second, Third, Fourth or Last.')
        followers = {"day": 0, **_ORDINALS}
        if parts.lowered in _DAYS_OF_WEEK:
            parts.fail(f"{parts.quoted} needs First, Second, Third, Fourth or Last before it.")
        if (
            parts.word(followers, "a day of the month", "day1 to day31, or First, Second, Third, Fourth or Last")
            == "day"
        ):
            month_days = _month_days(parts)
        else:
            ordinal = _ORDINALS[parts.previous]
            weekday = _DAYS_OF_WEEK[parts.word(_DAYS_OF_WEEK, "a weekday", "Monday to Sunday")]
            offset = _offset(parts)
    if not parts.at_end:
        parts.fail(_superfluous(parts, unit, month_days=month_days, ordinal=ordinal))
    return Recurrence(
        unit=unit,
        count=count,
        weekdays=weekdays,
        month_days=month_days,
        ordinal=ordinal,
        weekday=weekday,
        offset=offset,
        text=text,
    )


def describe(recurrence: Recurrence) -> str:
    """A recurrence in words.

    >>> describe(parse_recurrence("2Weeks Saturday,Sunday"))
    'every 2 weeks on Saturday and Sunday'
    >>> describe(parse_recurrence("Month Second Tuesday Offset4"))
    'on the 2nd Tuesday of every month, moved by +4 days'
    """
    count, unit = recurrence.count, recurrence.unit
    if recurrence.ordinal is not None and recurrence.weekday is not None:
        which = "last" if recurrence.ordinal == LAST else _nth(recurrence.ordinal)
        months = "every month" if count == 1 else f"every {_nth(count)} month"
        days = f"{recurrence.offset:+} day{'' if abs(recurrence.offset) == 1 else 's'}"
        moved = f", moved by {days}" if recurrence.offset else ""
        return f"on the {which} {WEEKDAYS[recurrence.weekday]} of {months}{moved}"
    every = f"every {unit}" if count == 1 else f"every {count} {unit}s"
    if recurrence.weekdays:
        return f"{every} on {_listed([WEEKDAYS[day] for day in sorted(set(recurrence.weekdays))])}"
    if recurrence.month_days:
        return f"{every} on the {_listed([_nth(day) for day in sorted(set(recurrence.month_days))])}"
    if unit is Unit.WEEK:
        return f"{every} on the weekday of the start"
    if unit is Unit.MONTH:
        return f"{every} on the day of the month of the start"
    return every


def objections(recurrence: Recurrence) -> tuple[str, ...]:
    """What is written in a recurrence that Azure does not document or not allow, a sentence each.

    Also days that not every month has: such a month has no run.
    """
    found = []
    if recurrence.count > LARGEST_COUNT:
        found.append(f"The count {recurrence.count} is outside 1 to {LARGEST_COUNT}.")
    if recurrence.unit is Unit.HOUR and recurrence.count < SHORTEST_REPEAT_HOURS:
        found.append(f"A schedule may repeat every {SHORTEST_REPEAT_HOURS} hours at the most often.")
    if abs(recurrence.offset) > LARGEST_OFFSET:
        found.append(f"The offset {recurrence.offset} is outside -{LARGEST_OFFSET} to {LARGEST_OFFSET}.")
    found += [
        f"Months without a {_nth(day)} have no run on that day."
        for day in sorted(set(recurrence.month_days))
        if day > 28
    ]
    found += [f"{WEEKDAYS[day]} is written more than once." for day in _repeated(recurrence.weekdays)]
    found += [f"day{day} is written more than once." for day in _repeated(recurrence.month_days)]
    return tuple(found)


class _Token(NamedTuple):
    text: str
    position: int


class _Parts:
    """The words, numbers and signs of an expression, and how far they have been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [_Token(match[0], match.start()) for match in _TOKEN.finditer(text)]
        self.tokens.append(_Token("", len(text.rstrip())))
        self.at = 0
        self.previous = ""

    @property
    def token(self) -> str:
        return self.tokens[self.at].text

    @property
    def lowered(self) -> str:
        return self.token.lower()

    @property
    def quoted(self) -> str:
        return f'"{self.token}"'

    @property
    def at_end(self) -> bool:
        return not self.token

    @property
    def is_number(self) -> bool:
        return self.token.isascii() and self.token.isdigit()

    def advance(self) -> None:
        self.previous = self.lowered
        self.at += 1

    def take(self, sign: str) -> bool:
        """Step over a sign where it comes next."""
        found = self.token == sign
        if found:
            self.advance()
        return found

    def word(self, known: dict[str, Unit] | dict[str, int], what: str, choice: str) -> str:
        """Step over one of the known words and answer it in lower case; otherwise fail, naming the choice."""
        if self.lowered not in known:
            if self.at_end:
                self.fail(f"{what} is missing at the end: {choice}." if self.text.strip() else "it is empty.")
            near = difflib.get_close_matches(self.lowered, known, n=1)
            meant = f" Perhaps {near[0].capitalize()} is meant." if near else ""
            self.fail(f"{self.quoted} stands where {what} is expected ({choice}).{meant}")
        self.advance()
        return self.previous

    def number(self, what: str) -> int:
        """Step over a number of at most four digits."""
        if not self.is_number:
            self.fail(f"{what} is missing at the end." if self.at_end else f"{self.quoted} is not {what}.")
        if len(self.token) > _MOST_DIGITS:
            self.fail(f"{self.quoted} is too large for {what}.")
        self.advance()
        return int(self.previous)

    def fail(self, reason: str, *, at: int | None = None) -> NoReturn:
        token = self.tokens[self.at if at is None else at]
        raise RecurrenceError(self.text, token.position, token.text, reason)


def _weekdays(parts: _Parts) -> tuple[int, ...]:
    days = [_DAYS_OF_WEEK[parts.word(_DAYS_OF_WEEK, "a weekday", "Monday to Sunday")]]
    while parts.take(","):
        days.append(_DAYS_OF_WEEK[parts.word(_DAYS_OF_WEEK, "a weekday", "Monday to Sunday")])
    return tuple(days)


def _month_days(parts: _Parts) -> tuple[int, ...]:
    """The days of `dayD,dayD`, the first `day` being read already."""
    days = [_month_day(parts)]
    while parts.take(","):
        if parts.is_number:
            parts.fail(f"day is missing before {parts.quoted}: day{parts.token[:2]}.")
        parts.word({"day": 0}, "a day of the month", "day1 to day31")
        days.append(_month_day(parts))
    return tuple(days)


def _month_day(parts: _Parts) -> int:
    at = parts.at
    day = parts.number("the number of a day of the month")
    if not 1 <= day <= 31:
        parts.fail(f'"{parts.previous}" is no day of a month; day1 to day31 are possible.', at=at)
    return day


def _offset(parts: _Parts) -> int:
    if parts.at_end:
        return 0
    if parts.take(","):
        parts.fail('"," and what follows must go: after First to Last stands one weekday.', at=parts.at - 1)
    parts.word({"offset": 0}, "an offset in days", "Offset-6 to Offset6")
    sign = -1 if parts.take("-") else 1
    if sign == 1:
        parts.take("+")
    return sign * parts.number("the number of days of the offset")


def _superfluous(parts: _Parts, unit: Unit, *, month_days: tuple[int, ...], ordinal: int | None) -> str:
    """Why nothing may stand where the parser has come to."""
    if unit is Unit.WEEK and parts.lowered in _DAYS_OF_WEEK:
        return f"a comma is missing before {parts.quoted}."
    if month_days and parts.lowered == "day":
        return f"a comma is missing before {parts.quoted}."
    if unit is Unit.MONTH:
        after = "the days" if month_days else "the offset" if ordinal is not None else "Month"
        return f"{parts.quoted} is too much: nothing may follow {after}."
    if unit is Unit.WEEK:
        return f"{parts.quoted} is too much: after Week only weekdays follow, with commas between them."
    return f"{parts.quoted} is too much: nothing may follow {unit.capitalize()}."


def _repeated(days: tuple[int, ...]) -> list[int]:
    return sorted(day for day in set(days) if days.count(day) > 1)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _nth(number: int) -> str:
    teens = 10 <= number % 100 <= 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
