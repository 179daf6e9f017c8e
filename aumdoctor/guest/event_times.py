"""Dates as event viewers and consoles of different languages write them."""

from __future__ import annotations

import re
from datetime import datetime

_MARKS = str.maketrans("", "", "\u200e\u200f\u202a\u202c\ufeff")
_WIDE_SPACES = re.compile("[\u00a0\u202f\u3000]")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s?(?:Z|[+-]\d{2}:?\d{2}))?")
_NUMBERS = re.compile(r"(\d{1,4})\s?([./\-年])\s?(\d{1,2})\s?([./\-月])\s?(\d{1,4})日?")
_CLOCK = re.compile(r"(\d{1,2})[:.時时](\d{2})(?:[:.分](\d{2}))?")
_AFTERNOON = re.compile(r"\bp\.?\s?m\b|午後|下午|오후|晚上", re.IGNORECASE)
_MORNING = re.compile(r"\ba\.?\s?m\b|午前|上午|오전|凌晨|早上", re.IGNORECASE)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    r"(?:\b([A-Za-z]{3})[a-z]{0,6}\.?\s+(\d{1,2}),?|\b(\d{1,2})[ -]([A-Za-z]{3})[a-z]{0,6}\.?,?)[ -]+(\d{4})"
)


def without_marks(text: str) -> str:
    """A text without the marks of direction that Windows puts around the parts of a date, and with plain spaces."""
    return _WIDE_SPACES.sub(" ", text.translate(_MARKS))


def day_first(sample: str) -> bool | None:
    """Whether dates with strokes (`04/07/2018`) have the day in front, as far as the dates in a text show: one with a
    number above 12 does. None where none does."""
    for found in _NUMBERS.finditer(without_marks(sample)):
        if found[2] != "/" or len(found[1]) > 2 or len(found[5]) != 4:
            continue
        if 12 < int(found[1]) <= 31:
            return True
        if 12 < int(found[3]) <= 31:
            return False
    return None


def text_time(text: str, day_comes_first: bool | None = None) -> datetime | None:
    """A date with its time, or None where the text has none.

    Local and so naive, unless it has an offset. Where the order of day and month is open (`04/07/2018`) it is that of
    `day_comes_first`; else a time with AM or PM is American, and one of 24 hours has the day in front.
    """
    text = without_marks(text)[:200]
    if found := _ISO.search(text):
        try:
            return datetime.fromisoformat(found[0].replace(",", ".").replace(" ", "T", 1).replace(" ", ""))
        except ValueError:
            return None
    if named := _NAMED.search(text):
        return _combined(text, named.end(), *_of_names(named))
    found = _NUMBERS.search(text)
    if found is None:
        return None
    first, second, third = int(found[1]), int(found[3]), int(found[5])
    if len(found[1]) == 4:
        return _combined(text, found.end(), first, second, third)
    if len(found[5]) != 4:
        return None
    if found[2] != "/":
        is_day_first = True
    elif day_comes_first is not None:
        is_day_first = day_comes_first
    else:
        is_day_first = not (_AFTERNOON.search(text) or _MORNING.search(text))
    # A number that can be no month is the day, whatever the others in the text are.
    if first > 12 or second > 12:
        is_day_first = first > 12
    day, month = (first, second) if is_day_first else (second, first)
    return _combined(text, found.end(), third, month, day)


def _of_names(found: re.Match[str]) -> tuple[int, int, int]:
    name, day = (found[1], found[2]) if found[1] else (found[4], found[3])
    month = _MONTH_NAMES.index(name.lower()) + 1 if name.lower() in _MONTH_NAMES else 0
    return int(found[5]), month, int(day)


def _combined(text: str, start: int, year: int, month: int, day: int) -> datetime | None:
    clock = _CLOCK.search(text, start)
    if clock is None:
        return None
    hour = int(clock[1])
    if _AFTERNOON.search(text) and hour < 12:
        hour += 12
    elif _MORNING.search(text) and hour == 12:
        hour = 0
    try:
        # Local: nobody says where.
        return datetime(year, month, day, hour, int(clock[2]), int(clock[3] or 0))  # noqa: DTZ001
    except ValueError:
        return None
