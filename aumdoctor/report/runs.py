"""What became of the windows of the past, the JSON contract of `aumdoctor runs`; the table is made from it.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis import machine_runs, postmortem
from aumdoctor.diagnosis.machine_runs import Ended
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.report.result import (
    CheckId,
    Evidence,
    Gap,
    Remedy,
    ResourceId,
    Scope,
    Time,
    Tool,
    evidence_of,
    gap_of,
    remedy_of,
)
from aumdoctor.report.window import Schedule, Subject, Window, schedule_of, subject_of, window_of

RUNS_SCHEMA_VERSION: Final = "1.0"

Ending = Annotated[
    Literal[
        "succeeded", "succeeded-with-warnings", "no-op", "failed", "cancelled", "no-record", "in-progress", "unknown"
    ],
    Meta(
        description="succeeded-with-warnings: patched, and something is left to do. no-op: the run succeeded and "
        "installed nothing. no-record: the machine is in scope and there is no trace of a run. unknown: it cannot be "
        "told."
    ),
]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How windows ended for machines; a machine counts once for each of its windows."""

    machines: int
    succeeded: int
    with_warnings: int
    no_op: int
    failed: int
    cancelled: int
    no_record: int
    in_progress: int
    unknown: int


class Likely(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of today that may be why there is no record."""

    check: CheckId
    name: str
    message: str


class MachineRun(msgspec.Struct, frozen=True, kw_only=True):
    """One machine in one window."""

    machine: Subject
    in_estate: Annotated[bool, Meta(description="False: there are only records of it.")]
    in_scope: Annotated[bool, Meta(description="Whether it is in the scope of the schedule now.")]
    ended: Ending
    check: Annotated[CheckId | None, Meta(description="The check that knows of the cause; null where all went well.")]
    said: Annotated[str, Meta(description="The cause in one sentence; empty where all went well.")]
    started_at: Time | None
    ended_at: Time | None
    installed: Annotated[int | None, Meta(description="Updates; null where no installation is recorded.")]
    failed: int | None
    pending: int | None
    failed_patches: Annotated[tuple[str, ...], Meta(description="Updates that failed: KB numbers, names of packages.")]
    likely: Annotated[tuple[Likely, ...], Meta(description="Without a record: what may be why, the likeliest first.")]
    evidence: tuple[Evidence, ...]


class RunCause(msgspec.Struct, frozen=True, kw_only=True):
    """Machines of one window that share an ending and a cause."""

    ended: Ending
    check: CheckId
    name: str
    said: Annotated[str, Meta(description="What is true of all of them; of one machine its own sentence.")]
    machines: tuple[ResourceId, ...]
    advice: Annotated[tuple[str, ...], Meta(description="What to do before the next window, in sentences.")]
    cure: Annotated[tuple[Remedy, ...], Meta(description="Best first, made out for one of the machines.")]


class WindowRuns(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one schedule, and what became of it."""

    window: Window
    planned: Annotated[
        bool,
        Meta(description="The schedule as it stands now had this window. False: there are only the records of a run."),
    ]
    counts: Counts
    causes: Annotated[tuple[RunCause, ...], Meta(description="Worst first.")]
    machines: tuple[MachineRun, ...]
    notes: tuple[str, ...]
    next_start: Annotated[Time | None, Meta(description="When the schedule's next window begins; null: never.")]
    next_local_start: Annotated[str | None, Meta(description="The same in the schedule's time zone.")]
    change_until: Annotated[Time | None, Meta(description="Changes count for the next window until then.")]


class ApartInstallation(msgspec.Struct, frozen=True, kw_only=True):
    """An installation that belongs to no window."""

    machine: Subject
    status: str | None
    started_by: str | None
    started_at: Time | None
    ended_at: Time | None
    installed: int | None
    failed: int | None
    pending: int | None
    failed_patches: tuple[str, ...]
    errors: Annotated[tuple[str, ...], Meta(description="The texts of its errors.")]


class UnreadableSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule of which nothing can be told, and why."""

    schedule: Schedule
    reason: str


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the answer rests on and that is not known."""

    scope: ResourceId
    said: str
    missing_permission: str | None
    by_choice: Annotated[bool, Meta(description="The options said not to read it; then the exit code stays.")]


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the patch windows of the past."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time, Meta(description="When the estate was read, and the time it was judged at.")]
    scope: Scope
    since: Annotated[Time, Meta(description="Windows that began before it are left out.")]
    verdict: Annotated[
        Literal["patched", "failed", "unknown"],
        Meta(
            description="patched: every machine was patched or had nothing to do. failed: something failed or is "
            "missing. unknown: nothing that was seen did, and not all could be seen, or not all is over."
        ),
    ]
    said: Annotated[str, Meta(description="The answer in one sentence.")]
    failed_only: Annotated[bool, Meta(description="Machines and windows that went well are left out.")]
    counts: Annotated[Counts, Meta(description="Over all windows, whatever is left out.")]
    windows: Annotated[tuple[WindowRuns, ...], Meta(description="Newest first.")]
    on_demand: Annotated[tuple[ApartInstallation, ...], Meta(description="Installations that somebody started.")]
    outside_windows: Annotated[
        tuple[ApartInstallation, ...],
        Meta(description="Installations by the platform that fit no window of a schedule as it stands now."),
    ]
    unreadable: Annotated[tuple[UnreadableSchedule, ...], Meta(description="Schedules whose times cannot be read.")]
    without_window: Annotated[
        tuple[UnreadableSchedule, ...], Meta(description="Schedules asked about that had no window in that time.")
    ]
    blind: tuple[Blind, ...]
    gaps: tuple[Gap, ...]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 patched; 1 something failed or is missing; 3 not known; 130 interrupted."),
    ]


def runs_of(
    found: postmortem.PostMortem, estate: Estate, *, generated_at: datetime, exit_code: int, failed_only: bool = False
) -> Runs:
    """Project a post-mortem; with `failed_only` machines and windows that went well are left out."""
    shown = [each for each in found.windows if not failed_only or not all(map(_went_well, each.machines))]
    apart = [each for each in found.apart if not failed_only or _has_failed(each)]
    return Runs(
        schema_version=RUNS_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        since=found.since,
        verdict=found.verdict.value,
        said=found.said,
        failed_only=failed_only,
        counts=_counts(machine for window in found.windows for machine in window.machines),
        windows=tuple(_window(each, failed_only=failed_only) for each in shown),
        on_demand=tuple(_apart(each) for each in apart if each.on_demand),
        outside_windows=tuple(_apart(each) for each in apart if not each.on_demand),
        unreadable=tuple(
            UnreadableSchedule(schedule=schedule_of(schedule), reason=reason) for schedule, reason in found.unreadable
        ),
        without_window=tuple(
            UnreadableSchedule(schedule=schedule_of(schedule), reason=reason)
            for schedule, reason in found.without_window
        ),
        blind=tuple(
            Blind(scope=each.scope, said=each.said, missing_permission=each.permission, by_choice=each.by_choice)
            for each in found.blind
        ),
        gaps=tuple(map(gap_of, estate.gaps)),
        interrupted=estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def _went_well(run: machine_runs.MachineRun) -> bool:
    return run.went_well


def _has_failed(apart: postmortem.Apart) -> bool:
    made = apart.installation.installation
    return (made.status or "").lower() == "failed" or bool(made.failed_count)


def _counts(machines: Iterable[machine_runs.MachineRun]) -> Counts:
    number = dict.fromkeys(Ended, 0)
    for each in machines:
        number[each.ended] += 1
    return Counts(
        machines=sum(number.values()),
        succeeded=number[Ended.SUCCEEDED],
        with_warnings=number[Ended.WITH_WARNINGS],
        no_op=number[Ended.NO_OP],
        failed=number[Ended.FAILED],
        cancelled=number[Ended.CANCELLED],
        no_record=number[Ended.NO_RECORD],
        in_progress=number[Ended.IN_PROGRESS],
        unknown=number[Ended.UNKNOWN],
    )


def _window(found: postmortem.WindowRuns, *, failed_only: bool) -> WindowRuns:
    coming = found.next
    return WindowRuns(
        window=window_of(found.configuration, found.occurrence),
        planned=found.planned,
        counts=_counts(found.machines),
        causes=tuple(map(_cause, found.causes)),
        machines=tuple(_machine(each) for each in found.machines if not (failed_only and each.went_well)),
        notes=found.notes,
        next_start=coming.starts_at if coming is not None else None,
        next_local_start=coming.local_start.isoformat(timespec="minutes") if coming is not None else None,
        change_until=found.change_until,
    )


def _cause(found: postmortem.RunCause) -> RunCause:
    return RunCause(
        ended=found.ended.value,
        check=found.check,
        name=found.name,
        said=found.said,
        machines=tuple(each.machine_id for each in found.machines),
        advice=found.advice,
        cure=tuple(map(remedy_of, found.cure)),
    )


def _machine(found: machine_runs.MachineRun) -> MachineRun:
    return MachineRun(
        machine=subject_of(found.machine) if found.machine is not None else _gone(found.machine_id),
        in_estate=found.machine is not None,
        in_scope=found.in_scope,
        ended=found.ended.value,
        check=found.cause.check if found.cause is not None else None,
        said=found.said,
        started_at=found.started_at,
        ended_at=found.ended_at,
        installed=found.installed,
        failed=found.failed,
        pending=found.pending,
        failed_patches=found.failed_patches,
        likely=tuple(Likely(check=each.check, name=each.name, message=each.message) for each in found.likely),
        evidence=tuple(map(evidence_of, found.evidence)),
    )


def _gone(resource_id: str) -> Subject:
    """A machine of which there are only records."""
    is_arc = "/providers/microsoft.hybridcompute/" in resource_id.lower()
    return Subject(resource_id=resource_id, name=ids.name_of(resource_id), kind="arc" if is_arc else "azure-vm")


def _apart(found: postmortem.Apart) -> ApartInstallation:
    made = found.installation.installation
    return ApartInstallation(
        machine=subject_of(found.machine) if found.machine is not None else _gone(found.installation.machine_id),
        status=made.status,
        started_by=made.started_by,
        started_at=made.started_at,
        ended_at=made.last_modified,
        installed=made.installed_count,
        failed=made.failed_count,
        pending=made.pending_count,
        failed_patches=found.installation.failed_patches,
        errors=tuple(error.message for error in made.errors),
    )
