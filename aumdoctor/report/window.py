"""What the reports on coming windows have in common: a window, and the machine whose window it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from aumdoctor.model import ids, machine, maintenance
from aumdoctor.report.result import ResourceId, Time
from aumdoctor.report.text import printable
from aumdoctor.schedule.timetable import Occurrence


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance configuration that patches guests, as it is written."""

    resource_id: ResourceId
    name: str
    recur_every: str | None
    time_zone: Annotated[str | None, Meta(description="A Windows time zone id.")]
    reboot_setting: str | None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One window of a schedule."""

    schedule: Schedule
    starts_at: Annotated[Time, Meta(description="In UTC.")]
    ends_at: Annotated[Time, Meta(description="In UTC.")]
    local_start: Annotated[str, Meta(description="In the schedule's time zone, with its offset from UTC.")]
    minutes: Annotated[int, Meta(description="How long it is.")]
    clock: Annotated[
        Literal["start-skipped", "start-repeated", "within-window"] | None,
        Meta(
            description="How the window meets a change of the clock: its local start does not exist that day, exists "
            "twice, or the clock changes while it is open. Usually null."
        ),
    ]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A machine."""

    resource_id: ResourceId
    name: str
    kind: Literal["azure-vm", "arc"]


def schedule_of(configuration: maintenance.MaintenanceConfiguration) -> Schedule:
    """Project a maintenance configuration."""
    patches = configuration.install_patches
    return Schedule(
        resource_id=configuration.id,
        name=configuration.name,
        recur_every=configuration.window.recur_every,
        time_zone=configuration.window.time_zone,
        reboot_setting=patches.reboot_setting if patches is not None else None,
    )


def window_of(configuration: maintenance.MaintenanceConfiguration, occurrence: Occurrence) -> Window:
    """Project one window of a configuration."""
    return Window(
        schedule=schedule_of(configuration),
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        local_start=occurrence.local_start.isoformat(timespec="minutes"),
        minutes=(occurrence.ends_at - occurrence.starts_at) // timedelta(minutes=1),
        clock=occurrence.clock.value if occurrence.clock is not None else None,
    )


def subject_of(found: machine.Machine) -> Subject:
    """Project a machine."""
    return Subject(resource_id=found.id, name=found.name, kind=found.kind.value)


def names_of(schedules: Iterable[Schedule]) -> dict[str, str]:
    """What to call schedules on a page, by resource id: the name, and where several bear it the end of the subscription
    id, or the resource group where that is the same too."""
    by_name: dict[str, dict[str, Schedule]] = {}
    for schedule in schedules:
        by_name.setdefault(schedule.name.lower(), {})[schedule.resource_id] = schedule
    names = {}
    for found in by_name.values():
        subscriptions = {ids.subscription_of(resource_id) for resource_id in found}
        for resource_id, schedule in found.items():
            told = f"…{ids.subscription_of(resource_id)[-4:]}"
            if len(subscriptions) < len(found):
                told += f"/{ids.resource_group_of(resource_id)}"
            names[resource_id] = printable(schedule.name) + (f" ({printable(told)})" if len(found) > 1 else "")
    return names
