"""The verdict on the coming windows, the JSON contract of `aumdoctor gate`; every other format is made from it.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis import gate
from aumdoctor.model.estate import Estate
from aumdoctor.report.result import (
    LABELS,
    CheckId,
    Gap,
    Remedy,
    Scope,
    SeverityLabel,
    Time,
    Tool,
    gap_of,
    remedy_of,
)
from aumdoctor.report.window import Schedule, Subject, Window, schedule_of, subject_of, window_of

GATE_SCHEMA_VERSION: Final = "1.0"


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Why one machine is not ready."""

    machine: Subject
    check: Annotated[CheckId, Meta(description="The root cause, or the check that could not be answered.")]
    name: str
    message: str
    missing_permission: str | None
    counts: Annotated[bool, Meta(description="false: it is below fail_on, and is only told.")]


class WindowVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One window and the machines in its scope."""

    window: Window
    verdict: Literal["go", "no-go", "unknown"]
    phase: Annotated[
        Literal["far", "near", "due", "open"],
        Meta(
            description="far: obstacles are news. near: they are warnings. due: they count. open: the window has begun."
        ),
    ]
    machines: int
    ready: int
    blocked: tuple[Obstacle, ...]
    unknown: tuple[Obstacle, ...]
    off: Annotated[tuple[Obstacle, ...], Meta(description="Only switched off, and it is too early for that to count.")]
    change_until: Annotated[Time, Meta(description="Changes of schedule, scope and machines count until then.")]
    start_until: Annotated[Time, Meta(description="A machine must be on by then.")]
    cancel_until: Annotated[Time, Meta(description="A run with a pre-event can be cancelled until then.")]
    pre_event: Annotated[
        bool | None, Meta(description="Somebody is told before the run begins; null where that is not known.")
    ]
    notes: tuple[str, ...]


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One cause to remove."""

    check: CheckId
    name: str
    severity: SeverityLabel
    message: str
    machines: tuple[str, ...]
    until: Annotated[Time | None, Meta(description="When it must be done at the latest; null: too late for the run.")]
    cure: Annotated[tuple[Remedy, ...], Meta(description="Best first, made out for one of the machines.")]


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule whose windows cannot be told."""

    schedule: Schedule
    reason: str


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate went by."""

    fail_on: Literal["info", "low", "medium", "high", "critical", "never"]
    max_unknown: Annotated[str, Meta(description="The same of machines of which something is not known.")]
    max_blocked: Annotated[str, Meta(description="Blocked machines of a window that are passed over: 5, or 10 %.")]
    warn_from_minutes: Annotated[int, Meta(description="Before the window's start; so the following two.")]
    fail_from_minutes: int
    power_from_minutes: int


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the wish to cancel a run."""

    window: Window
    done: bool
    said: str


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """May the coming patch windows go ahead?"""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    judged_at: Annotated[Time, Meta(description="The time that the windows were judged at.")]
    collected_at: Annotated[Time, Meta(description="When the estate was read.")]
    scope: Scope
    rules: Rules
    verdict: Literal["go", "no-go", "unknown"]
    said: Annotated[str, Meta(description="The verdict in one sentence.")]
    windows: tuple[WindowVerdict, ...]
    fixes: Annotated[tuple[Fix, ...], Meta(description="In the order in which to remove them.")]
    without_window: Annotated[tuple[Schedule, ...], Meta(description="Asked about, and without any window to come.")]
    unscheduled: Annotated[tuple[Subject, ...], Meta(description="Machines asked about that no schedule reaches.")]
    unreadable: tuple[Unreadable, ...]
    blind: Annotated[tuple[str, ...], Meta(description="What of the scope could not be seen.")]
    missing_permissions: tuple[str, ...]
    cancelled: tuple[Cancelled, ...]
    gaps: tuple[Gap, ...]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 1, 3, 130], Meta(description="0 go; 1 no-go; 3 unknown; 130 interrupted before it was known.")
    ]


def gate_of(
    verdict: gate.GateVerdict,
    estate: Estate,
    *,
    generated_at: datetime,
    exit_code: int,
    cancelled: tuple[Cancelled, ...] = (),
) -> Gate:
    """Project a verdict."""
    return Gate(
        schema_version=GATE_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        judged_at=verdict.now,
        collected_at=estate.collected_at,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        rules=Rules(
            fail_on="never" if verdict.rules.fail_on is None else LABELS[verdict.rules.fail_on],
            max_unknown=str(verdict.rules.unknown_tolerance),
            max_blocked=str(verdict.rules.tolerance),
            warn_from_minutes=_minutes(verdict.rules.warn_from),
            fail_from_minutes=_minutes(verdict.rules.fail_from),
            power_from_minutes=_minutes(verdict.rules.power_from),
        ),
        verdict=verdict.verdict.value,
        said=verdict.said,
        windows=tuple(map(_window, verdict.windows)),
        fixes=tuple(map(_fix, verdict.fixes)),
        without_window=tuple(map(schedule_of, verdict.without_window)),
        unscheduled=tuple(map(subject_of, verdict.unscheduled)),
        unreadable=tuple(
            Unreadable(schedule=schedule_of(configuration), reason=reason)
            for configuration, reason in verdict.unreadable
        ),
        blind=verdict.blind,
        missing_permissions=verdict.missing_permissions,
        cancelled=cancelled,
        gaps=tuple(map(gap_of, estate.gaps)),
        interrupted=estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def _minutes(span: timedelta) -> int:
    return span // timedelta(minutes=1)


def _window(judged: gate.WindowVerdict) -> WindowVerdict:
    return WindowVerdict(
        window=window_of(judged.window.configuration, judged.window.occurrence),
        verdict=judged.verdict.value,
        phase=judged.phase.value,
        machines=len(judged.window.machines),
        ready=judged.ready,
        blocked=tuple(map(_obstacle, judged.blocked)),
        unknown=tuple(map(_obstacle, judged.unknown)),
        off=tuple(map(_obstacle, judged.off)),
        change_until=judged.change_until,
        start_until=judged.start_until,
        cancel_until=judged.cancel_until,
        pre_event=judged.pre_event,
        notes=judged.notes,
    )


def _obstacle(found: gate.Obstacle) -> Obstacle:
    return Obstacle(
        machine=subject_of(found.machine),
        check=found.check,
        name=found.name,
        message=found.message,
        missing_permission=found.permission,
        counts=found.counts,
    )


def _fix(found: gate.Fix) -> Fix:
    return Fix(
        check=found.check,
        name=found.name,
        severity=LABELS[found.severity],
        message=found.message,
        machines=found.machines,
        until=found.until,
        cure=tuple(map(remedy_of, found.cure)),
    )
