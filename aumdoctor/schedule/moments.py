"""Moments of a maintenance window: local times in a Windows time zone, as Microsoft.Maintenance writes them.

Windows' names ("W. Europe Standard Time") are mapped to the zones of the tz database as the Unicode CLDR has it,
through tzlocal's table; summer time is reckoned by the tz database.
"""

from __future__ import annotations

import difflib
from datetime import MAXYEAR, UTC, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

NEVER = datetime.max.replace(tzinfo=UTC)
"""What Azure writes as the year 9999: no end."""


@lru_cache(maxsize=256)
def time_zone(name: str) -> ZoneInfo | None:
    """The zone of a Windows time zone id, compared without regard to case; None for one that is not known. A name of
    the tz database ("Europe/Berlin") is not one: Microsoft.Maintenance refuses it."""
    zone = _zones().get(name.strip().lower())
    return ZoneInfo(zone) if zone is not None else None


def windows_time_zone(zone: str) -> str | None:
    """The Windows id for a name of the tz database ("Europe/Berlin" is "W. Europe Standard Time"), compared without
    regard to case; None where there is none."""
    return _windows_names().get(zone.strip().lower())


def nearest_time_zone(name: str) -> str | None:
    """The Windows time zone id that is spelled most like a name that is none; None where nothing is like it."""
    ids = _windows_ids()
    near = difflib.get_close_matches(name.strip().lower(), ids, n=1, cutoff=0.75)
    return ids[near[0]] if near else None


def local_moment(text: str | None, zone: str | None) -> datetime | None:
    """A `startDateTime` or `expirationDateTime` (`2026-01-03 22:00`, seconds or not) in a Windows time zone.

    None where it is absent or not written so, or its time zone is not known. In the hour that the clock repeats the
    first counts.
    """
    if text is None or zone is None:
        return None
    known = time_zone(zone)
    if known is None:
        return None
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if written.year == MAXYEAR:
        return NEVER
    try:
        return (written if written.tzinfo is not None else written.replace(tzinfo=known)).astimezone(UTC)
    except OverflowError:
        return None


def moment_in_any_zone(text: str | None) -> tuple[datetime, datetime] | None:
    """The earliest and the latest moment that a local time can mean where its time zone is not known: zones reach from
    UTC-12 to UTC+14. None where it is absent or not written as a time."""
    earliest, latest = local_moment(text, "Line Islands Standard Time"), local_moment(text, "Dateline Standard Time")
    return (earliest, latest) if earliest is not None and latest is not None else None


@cache
def _zones() -> dict[str, str]:
    from tzlocal.windows_tz import win_tz  # takes some milliseconds that a scan without schedules need not pay

    return {name.lower(): zone for name, zone in win_tz.items()}


@cache
def _windows_ids() -> dict[str, str]:
    from tzlocal.windows_tz import win_tz

    return {name.lower(): name for name in win_tz}


@cache
def _windows_names() -> dict[str, str]:
    from tzlocal.windows_tz import tz_win

    return {zone.lower(): name for zone, name in tz_win.items()}
