"""What it takes to reckon the coming windows of many schedules, without any network."""

from __future__ import annotations

import gc
import random
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.timetable import timetable
from benchmarks.tables import Table

_SINCE = datetime(2026, 9, 1, tzinfo=UTC)
_ZONES = (
    *("UTC", "W. Europe Standard Time", "GMT Standard Time", "Pacific Standard Time", "Eastern Standard Time"),
    *("Tokyo Standard Time", "India Standard Time", "AUS Eastern Standard Time", "Lord Howe Standard Time"),
    *("E. South America Standard Time", "South Africa Standard Time", "New Zealand Standard Time"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ORDINALS = ("First", "Second", "Third", "Fourth", "Last")


class Reckoned(NamedTuple):
    """`seconds`: median of the CPU time for all windows of all schedules, from their texts on."""

    schedules: int
    days: int
    windows: int
    seconds: float


def measure(*, schedules: int = 5_000, days: int = 90, repeats: int = 3) -> Reckoned:
    """Distinct schedules over twelve time zones: 10 % every six hours, 30 % daily, 40 % weekly, 20 % monthly."""
    chance = random.Random(1)
    windows = [_window(number, chance) for number in range(schedules)]
    taken, count = [], 0
    for _ in range(repeats):
        timetable.cache_clear()
        gc.collect()
        started = time.process_time()
        count = sum(1 for window in windows for _ in timetable(window).between(_SINCE, _SINCE + timedelta(days=days)))
        taken.append(time.process_time() - started)
    return Reckoned(schedules, days, count, median(taken))


def _window(number: int, chance: random.Random) -> MaintenanceWindow:
    share = number % 10
    if share == 0:
        recurrence = "6Hours"
    elif share <= 3:
        recurrence = "Day"
    elif share <= 7:
        recurrence = f"{chance.choice((1, 1, 2))}Week {chance.choice(_DAYS)}"
    else:
        recurrence = f"Month {chance.choice(_ORDINALS)} {chance.choice(_DAYS)} Offset{chance.randrange(-3, 5)}"
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(700), minutes=15 * chance.randrange(96))
    return MaintenanceWindow(
        start_date_time=f"{start:%Y-%m-%d %H:%M}",
        duration="03:00",
        time_zone=_ZONES[number % len(_ZONES)],
        recur_every=recurrence,
    )


def table(reckoned: Reckoned) -> Table:
    return Table(
        "The windows of many schedules",
        ("schedules", "days", "windows", "CPU s"),
        [(f"{reckoned.schedules:,}", str(reckoned.days), f"{reckoned.windows:,}", f"{reckoned.seconds:.2f}")],
        ("Median of three. Target: 90 days of 5,000 schedules in under 1 s.",),
    )
