"""The length of a maintenance window, as `maintenanceWindow.duration` writes it: `HH:mm`."""

from __future__ import annotations

import re
from datetime import timedelta

SHORTEST_WINDOW = timedelta(hours=1, minutes=30)
LONGEST_WINDOW = timedelta(hours=3, minutes=55)
"""What a schedule for guests may have (azure-compute-docs: maintenance-configurations.md)."""

_DURATION = re.compile(r"(\d{1,2}):([0-5]\d)(?::\d\d)?")


def parse_duration(text: str | None) -> timedelta | None:
    """The length of a window, None where there is none or it is not written as hours and minutes.

    >>> parse_duration("03:55")
    datetime.timedelta(seconds=14100)
    """
    match = _DURATION.fullmatch((text or "").strip())
    return timedelta(hours=int(match[1]), minutes=int(match[2])) if match else None


def format_duration(length: timedelta) -> str:
    """The length of a window as Azure writes it."""
    hours, minutes = divmod(length // timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"
