"""What checks about the starts of schedules share: how far they look, the leads before a start, times in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from msgspec import structs

from aumdoctor.checks.check import Observation
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.conflicts import Conflict, conflicts
from aumdoctor.schedule.timetable import Occurrence, Timetable

WINDOW = "properties.maintenanceWindow"
AHEAD = timedelta(days=35)
"""How far ahead the windows of schedules are compared: a monthly schedule has one of them in it at least."""

_WRITTEN = ("microsoft.maintenance/maintenanceconfigurations/", "microsoft.maintenance/configurationassignments/")
_NOTED_LATE = timedelta(minutes=5)
"""A run is written down with its window's start; some minutes of either clock are forgiven."""
_APART = timedelta(minutes=30)
"""Between two windows, so that a machine is back from its last reboot: more than what counts as back to back."""
_LAST_QUARTER = timedelta(hours=23, minutes=45)
_DAY = timedelta(days=1)
_CONFLICTS: WeakKeyDictionary[Context, dict[tuple[str, ...], tuple[Conflict, ...]]] = WeakKeyDictionary()


def utc(moment: datetime) -> str:
    """A moment for a message: `2026-06-13 22:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def local(occurrence: Occurrence, times: Timetable) -> str:
    """The start of a window on its schedule's own clock, for a message: `Mon 2026-06-15 22:00, UTC`."""
    return f"{occurrence.local_start:%a %Y-%m-%d %H:%M}, {times.zone_name}"


def in_minutes(span: timedelta) -> int:
    """A span of time in whole minutes."""
    return int(span / timedelta(minutes=1))


def with_details(seen: Observation, details: Mapping[str, str]) -> Observation:
    """The same observation with more details for its remedies."""
    return structs.replace(seen, details={**seen.details, **details})


def has_pre_event(configuration: MaintenanceConfiguration, context: Context) -> bool:
    """Whether somebody is told before the configuration's runs. False too where that could not be read."""
    return ids.key(configuration.id) in context.told_before_runs


def lead_of(configuration: MaintenanceConfiguration, context: Context) -> timedelta:
    """How long before a start a schedule has to stand as it is meant: 15 minutes, or 40 with a pre-event."""
    return rule("change-lead-with-pre-event" if has_pre_event(configuration, context) else "change-lead").span


def runs_that_matter(times: Timetable, now: datetime) -> tuple[Occurrence, ...]:
    """The next window of a schedule and the newest that has begun, in that order; what was before is history."""
    begun, coming = times.previous(now), times.next(now)
    return tuple(each for each in (coming, begun) if each is not None)


def first_run(configuration: MaintenanceConfiguration, times: Timetable) -> Occurrence | None:
    """The first run that a schedule can have had: the first after it was created, where that is known."""
    return times.next(configuration.created_at) if configuration.created_at is not None else times.first()


def changes_by_schedule(context: Context) -> dict[str, list[ActivityEvent]]:
    """What the activity log holds of schedules and their assignments, by the key of the schedule that it is about."""
    schedule_of = {
        ids.key(assignment.id): ids.key(assignment.maintenance_configuration_id)
        for assignment in context.estate.assignments
    }
    found: dict[str, list[ActivityEvent]] = {}
    for event in context.estate.maintenance_changes:
        if event.at is not None and event.at <= context.now and event.operation.lower().startswith(_WRITTEN):
            about = ids.key(event.resource_id)
            found.setdefault(schedule_of.get(about, about), []).append(event)
    return found


def had_a_run(
    machines: Iterable[Machine], configuration: MaintenanceConfiguration, window: Occurrence, context: Context
) -> bool:
    """Whether one of the machines has a run of the configuration that began in a window. The runs that are known are
    the newest ones."""
    wanted = ids.key(configuration.id)
    return any(
        ids.key(run.maintenance_configuration_id) == wanted
        and run.started_at is not None
        and window.starts_at - _NOTED_LATE <= run.started_at < window.ends_at
        for machine in machines
        for run in context.runs_by_machine.get(machine.key, ())
    )


def is_out_of_scope(configuration: MaintenanceConfiguration, context: Context) -> bool:
    """Whether a configuration that no machine is on should not be spoken of: after a narrowed scan that proves nothing,
    for its machines may have been left out."""
    return configuration.id not in context.machines_by_configuration and context.estate.scope.is_narrowed


def conflicts_of(machine: Machine, context: Context) -> tuple[Conflict, ...]:
    """What the schedules of a machine, those for its host and OS image too, do to each other in the next 35 days.

    Reckoned once for every set of schedules, of which many machines have the same.
    """
    found = {
        tie.configuration.id: tie.configuration
        for tie in context.attachments.get(machine.key, ())
        if tie.configuration is not None and tie.configuration.exists
    }
    if len(found) < 2:
        return ()
    known = _CONFLICTS.setdefault(context, {})
    schedules = tuple(sorted(found))
    if schedules not in known:
        readable = [(each, times) for each in found.values() if (times := context.timetable(each)) is not None]
        known[schedules] = conflicts(readable, context.now, context.now + AHEAD)
    return known[schedules]


def staggered(
    schedule: MaintenanceConfiguration, window: Occurrence, other: Occurrence, context: Context
) -> dict[str, str]:
    """The details that the remedy needs to move a schedule out of the way of another's window."""
    times = context.timetable(schedule)
    start = staggered_start(times, window, other) if times is not None else None
    return {"maintenanceConfigurationId": schedule.id, **({"startDateTime": start} if start is not None else {})}


def staggered_start(times: Timetable, window: Occurrence, other: Occurrence) -> str | None:
    """The `startDateTime` by which a schedule's windows no longer touch another's, its date as it is.

    `window` and `other` are windows of the two that meet. The start moves to half an hour after the other's end, or,
    where that would be another day, so that the window ends half an hour before the other begins. None where neither
    stays within the day.
    """
    written = timedelta(hours=times.start.hour, minutes=times.start.minute)
    for shift in (other.ends_at + _APART - window.starts_at, other.starts_at - _APART - window.ends_at):
        moved = written + shift
        if timedelta(0) <= moved < _LAST_QUARTER:
            return f"{times.start.replace(hour=0, minute=0, second=0) + moved:%Y-%m-%d %H:%M}"
    return None


def last_minutes_of_day(occurrence: Occurrence) -> timedelta:
    """How long before local midnight a window begins: more than none, up to a day."""
    start = occurrence.local_start
    return _DAY - timedelta(hours=start.hour, minutes=start.minute, seconds=start.second)
