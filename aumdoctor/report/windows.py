"""The coming windows, the JSON contract of `aumdoctor windows`; the calendar file is made from it too.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis.forecast import Forecast, Outlook
from aumdoctor.model.estate import Estate
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.report.result import Gap, Scope, Time, Tool, gap_of
from aumdoctor.report.window import Schedule, Subject, Window, schedule_of, subject_of, window_of
from aumdoctor.schedule.calendar import Meeting, PatchWindow

WINDOWS_SCHEMA_VERSION: Final = "1.0"


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """One coming window and the machines in its scope, judged by how they stand now."""

    window: Window
    is_open: bool
    machines: int
    ready: int
    blocked: tuple[Subject, ...]
    unknown: tuple[Subject, ...]


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Two schedules that meet on machines. Only one of two windows that overlap takes place at its time."""

    kind: Literal["same-start", "overlap", "back-to-back", "host-overlap"]
    first: Window
    second: Window
    times: Annotated[int, Meta(description="How often they meet in the time looked at.")]
    machines: tuple[Subject, ...]


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule whose windows cannot be told."""

    schedule: Schedule
    reason: str


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """The coming windows of patch schedules."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time, Meta(description="When the estate was read.")]
    until: Annotated[Time, Meta(description="Windows that begin before then are listed.")]
    scope: Scope
    windows: Annotated[tuple[Coming, ...], Meta(description="By their start.")]
    conflicts: tuple[Conflict, ...]
    unreadable: tuple[Unreadable, ...]
    without_window: Annotated[tuple[Schedule, ...], Meta(description="Schedules without any window to come.")]
    gaps: tuple[Gap, ...]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 3, 130], Meta(description="0 all was seen; 3 something could not be read; 130 interrupted.")
    ]


def windows_of(
    windows: Sequence[PatchWindow],
    forecasts: Mapping[str, Forecast],
    meetings: Sequence[Meeting],
    unreadable: Sequence[tuple[MaintenanceConfiguration, str]],
    without_window: Sequence[MaintenanceConfiguration],
    estate: Estate,
    *,
    until: datetime,
    generated_at: datetime,
    exit_code: int,
) -> Windows:
    """Project windows; `forecasts` are by the machine's key."""
    return Windows(
        schema_version=WINDOWS_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at,
        until=until,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        windows=tuple(_coming(window, forecasts, estate.collected_at) for window in windows),
        conflicts=tuple(_conflict(meeting, estate) for meeting in meetings),
        unreadable=tuple(
            Unreadable(schedule=schedule_of(configuration), reason=reason) for configuration, reason in unreadable
        ),
        without_window=tuple(map(schedule_of, without_window)),
        gaps=tuple(map(gap_of, estate.gaps)),
        interrupted=estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 3, 130]),
    )


def _coming(window: PatchWindow, forecasts: Mapping[str, Forecast], now: datetime) -> Coming:
    outlooks = Counter(forecasts[machine.key].outlook for machine in window.machines)

    def with_outlook(outlook: Outlook) -> tuple[Subject, ...]:
        return tuple(subject_of(machine) for machine in window.machines if forecasts[machine.key].outlook is outlook)

    return Coming(
        window=window_of(window.configuration, window.occurrence),
        is_open=window.has_begun(now),
        machines=len(window.machines),
        ready=outlooks[Outlook.WILL],
        blocked=with_outlook(Outlook.WILL_NOT),
        unknown=with_outlook(Outlook.UNKNOWN),
    )


def _conflict(meeting: Meeting, estate: Estate) -> Conflict:
    found = meeting.conflict
    return Conflict(
        kind=found.kind.value,
        first=window_of(found.first, found.first_occurrence),
        second=window_of(found.second, found.second_occurrence),
        times=found.clashes,
        machines=tuple(subject_of(estate.machines_by_key[key]) for key in meeting.machines),
    )
