"""The coming windows of patch schedules, with the machines that are in their scope as things stand now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import EventSubscription, MaintenanceConfiguration
from aumdoctor.schedule.conflicts import Conflict, conflicts
from aumdoctor.schedule.scope import Attachment
from aumdoctor.schedule.timetable import Occurrence, Timetable, TimetableError, timetable


class PatchWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one configuration. `machines` are those in scope now: a dynamic scope is resolved anew when the
    window begins."""

    configuration: MaintenanceConfiguration
    occurrence: Occurrence
    machines: tuple[Machine, ...] = ()

    def has_begun(self, now: datetime) -> bool:
        return self.occurrence.starts_at <= now

    def is_over(self, now: datetime) -> bool:
        return self.occurrence.ends_at <= now


def readable_timetable(configuration: MaintenanceConfiguration) -> Timetable | None:
    """When a configuration's windows are, None where that cannot be read (`unreadable` then says why)."""
    try:
        return timetable(configuration.window)
    except TimetableError:
        return None


def unreadable(configuration: MaintenanceConfiguration) -> TimetableError | None:
    """Why the windows of a configuration cannot be told, None where they can."""
    try:
        timetable(configuration.window)
    except TimetableError as error:
        return error
    return None


def windows_between(
    configurations: Iterable[MaintenanceConfiguration],
    machines: Mapping[str, Sequence[Machine]],
    since: datetime,
    until: datetime,
) -> tuple[PatchWindow, ...]:
    """The windows of guest-patching configurations that begin in [since, until), and those open at `since`; by their
    start.

    `machines` are by the configuration's id as it is spelled. Configurations whose times cannot be read have none here:
    ask `unreadable` about them, for no window is not what that means.
    """
    found = []
    for configuration in configurations:
        times = readable_timetable(configuration)
        if times is None or not configuration.exists or not configuration.is_guest_patching:
            continue
        reached = tuple(machines.get(configuration.id, ()))
        now_open = times.open_at(since)
        occurrences = [] if now_open is None or now_open.starts_at >= since else [now_open]
        occurrences += times.between(since, until)
        found += [
            PatchWindow(configuration=configuration, occurrence=occurrence, machines=reached)
            for occurrence in occurrences
        ]
    return tuple(sorted(found, key=lambda window: (window.occurrence.starts_at, window.configuration.id.lower())))


def next_window(
    configurations: Iterable[MaintenanceConfiguration], at: datetime, machines: Sequence[Machine] = ()
) -> PatchWindow | None:
    """The first window of some guest-patching configurations that begins at or after a time."""
    coming = [
        PatchWindow(configuration=configuration, occurrence=occurrence, machines=tuple(machines))
        for configuration in configurations
        if configuration.exists and configuration.is_guest_patching
        if (times := readable_timetable(configuration)) is not None and (occurrence := times.next(at)) is not None
    ]
    return min(coming, key=lambda window: (window.occurrence.starts_at, window.configuration.id.lower()), default=None)


def told_before_runs(
    subscriptions: Iterable[EventSubscription],
) -> dict[str, tuple[EventSubscription, ...]]:
    """Who is told before runs begin, by the configuration's key. Such a run can be cancelled, and changes must be made
    earlier."""
    by_configuration: dict[str, list[EventSubscription]] = {}
    for subscription in subscriptions:
        if subscription.is_before_runs:
            by_configuration.setdefault(ids.key(subscription.maintenance_configuration_id), []).append(subscription)
    return {key: tuple(found) for key, found in by_configuration.items()}


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """Two schedules that get into each other's way, and the keys of the machines on which they do."""

    conflict: Conflict
    machines: tuple[str, ...]


def meetings(attachments: Mapping[str, Sequence[Attachment]], since: datetime, until: datetime) -> tuple[Meeting, ...]:
    """Where schedules of the same machines meet, the earliest first. `attachments` are by the machine's key; machines
    under the same schedules are looked at together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    configurations: dict[str, MaintenanceConfiguration] = {}
    for key, ties in attachments.items():
        there = {ids.key(tie.configuration.id): tie.configuration for tie in ties if tie.configuration is not None}
        if len(there) > 1:
            configurations |= there
            alike.setdefault(tuple(sorted(there)), []).append(key)
    found: dict[tuple[str, str, str], tuple[Conflict, list[str]]] = {}
    for together, keys in alike.items():
        schedules = [
            (configurations[each], times)
            for each in together
            if configurations[each].exists and (times := readable_timetable(configurations[each])) is not None
        ]
        for conflict in conflicts(schedules, since, until):
            pair = conflict.kind.value, ids.key(conflict.first.id), ids.key(conflict.second.id)
            found.setdefault(pair, (conflict, []))[1].extend(keys)
    return tuple(
        Meeting(conflict=conflict, machines=tuple(sorted(keys)))
        for conflict, keys in sorted(found.values(), key=lambda each: each[0].second_occurrence.starts_at)
    )
