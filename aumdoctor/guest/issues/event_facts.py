"""What issues of Windows Server read out of events, whichever form they came in: texts, codes, names, times. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from aumdoctor.guest.issues.weighing import time_of
from aumdoctor.model.guest import Event

_CODE = re.compile(r"0x([0-9a-fA-F]{1,8})(?![0-9a-zA-Z])")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_SAFE = re.compile(r"[\w.$-]{1,255}")
_LONGEST = 1 << 14
"""Characters of a text that are looked at: no event that counts here is longer."""


def texts_of(event: Event) -> tuple[str, ...]:
    """All that an event says, in the order of how exact it is: named values, values, the rendered message. The quoted
    text of the artefact only where there is nothing else."""
    found = tuple(text[:_LONGEST] for text in (*event.data.values(), *event.values, event.message) if text)
    return found or ((event.text[:_LONGEST],) if event.text else ())


def value_of(event: Event, names: Iterable[str], position: int | None = None) -> str:
    """A value by any of its names, whatever their case, else by its position among all values; "" where it is not
    there."""
    wanted = {name.lower() for name in names}
    for name, value in event.data.items():
        if name.lower() in wanted and value.strip():
            return value.strip()[:_LONGEST]
    if position is not None and position < len(event.values):
        return event.values[position].strip()[:_LONGEST]
    return ""


def codes_of(event: Event) -> frozenset[int]:
    """All 32-bit codes that an event names: hexadecimal anywhere in its texts, decimal where it is a value alone."""
    found: set[int] = set()
    for text in texts_of(event):
        found.update(int(match, 16) for match in _CODE.findall(text))
    for text in (*event.data.values(), *event.values):
        number = number_of(text)
        if number is not None:
            found.add(number)
    return frozenset(found)


def number_of(text: str) -> int | None:
    """A lone number as an unsigned 32-bit value: `0x500ff`, `327935`, `-2146893044`, `%%2148074252` (a reference to a
    message); None for anything else."""
    text = text.strip().removeprefix("%%")
    if _CODE.fullmatch(text):
        return int(text, 16)
    if _NUMBER.fullmatch(text) and -(2**31) <= int(text) < 2**32:
        return int(text) & 0xFFFFFFFF
    return None


def short_name(name: str) -> str:
    r"""A computer's name for comparing: `REPLICAHOST1` of `replicahost1.contoso.com`, `REPLICAHOST1$`,
    `CONTOSO\REPLICAHOST1$`."""
    return name.strip().rpartition("\\")[2].partition(".")[0].rstrip("$").strip().upper()


def in_command(name: str, otherwise: str) -> str:
    """A name as it may stand in a command that somebody pastes: names come from artefacts, and what could be more than
    a name is replaced by a placeholder."""
    return name if _SAFE.fullmatch(name) and not name.startswith("-") else otherwise


def gap(earlier: datetime | None, later: datetime | None) -> timedelta | None:
    """The time between; None where one is not known, or where only one tells its zone."""
    if earlier is None or later is None or is_naive(earlier) != is_naive(later):
        return None
    return later - earlier


def is_naive(moment: datetime) -> bool:
    """Whether a time does not tell its zone."""
    return moment.tzinfo is None or moment.utcoffset() is None


def squeezed(text: str) -> str:
    """A text for comparing: without blanks, which Japanese texts have or lack by chance, and without case."""
    return "".join(text.split()).casefold()


def when(moment: datetime | None) -> str:
    """A time in a sentence."""
    return "at a time that is not given" if moment is None else f"on {time_of(moment)}"


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def how_often(moments: Sequence[datetime | None]) -> str:
    """How often something happened, and when last: `once, on 2024-03-12 10:00 UTC`."""
    last = when(moments[-1])
    return f"{times(len(moments))}, {last if len(moments) == 1 else 'last ' + last}"


class Clock:
    """Times to look others up in, kept apart by whether they tell their zone: the two are not compared."""

    def __init__(self, moments: Iterable[datetime | None]) -> None:
        self._by_kind: dict[bool, list[datetime]] = {True: [], False: []}
        for moment in moments:
            if moment is not None:
                self._by_kind[is_naive(moment)].append(moment)
        for found in self._by_kind.values():
            found.sort()

    def has(self, moment: datetime | None, *, before: timedelta, after: timedelta = timedelta(0)) -> bool:
        """Whether one of the times is at most so long before a moment, or so long after it."""
        if moment is None:
            return False
        times = self._by_kind[is_naive(moment)]
        number = bisect_right(times, moment)
        earlier = number > 0 and moment - times[number - 1] <= before
        return earlier or (number < len(times) and times[number] - moment <= after)

    def reaches(self, moment: datetime | None) -> bool:
        """Whether the times reach back to a moment."""
        if moment is None:
            return False
        times = self._by_kind[is_naive(moment)]
        return bool(times) and times[0] <= moment

    def share(self, stretch: timedelta) -> float:
        """Which share of the span between the first and the last time lies within a stretch after one of them, in the
        fuller of the two kinds; 0 where the span is shorter than ten stretches."""
        times = max(self._by_kind.values(), key=len)
        if not times or times[-1] - times[0] < 10 * stretch:
            return 0.0
        covered = sum((min(stretch, later - earlier) for earlier, later in pairwise(times)), timedelta(0))
        return covered / (times[-1] - times[0])
