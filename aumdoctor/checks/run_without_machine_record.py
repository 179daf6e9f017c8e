"""AUM134: a window is over, and no run is recorded for a machine that was in its scope."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.runs import began, runs_of
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    MaintenanceConfiguration,
    MaintenanceWindow,
)
from aumdoctor.schedule.timetable import Occurrence, TimetableError, timetable

_LAG = timedelta(hours=3)
_KEPT = timedelta(days=29)
"""Azure keeps runs for 30 days; a day less, so that a row that has just gone is not missed."""
_EARLY = timedelta(minutes=15)
_CLOCK_CHANGE = timedelta(hours=1)
_LATE = timedelta(hours=1)
_CHANGE_AHEAD = "change-lead-with-pre-event"
"""How long before a window the schedule and its machines have to stand at the longest: where it has a pre-event."""


@check(
    id="AUM134",
    name="run-without-machine-record",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.RUNS, Fact.INSTALLATION, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    uses=(Fact.MACHINE, Fact.ASSESSMENT, Fact.MAINTENANCE_CHANGES),
    remedies=("find-missed-run", "install-on-demand"),
    source="azure-docs: update-manager/query-logs.md, scheduled-patching.md; "
    "azure-compute-docs: troubleshoot-maintenance-configurations.md",
)
def run_without_machine_record(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """The last window of the machine's schedule is over, and there is no record of a run on the machine.

    ## Why it matters
    A schedule that passes a machine by reports no failure, for there is nothing that could have failed. It is only seen
    by reckoning when the window was and looking for what should be there: a run of that schedule on the machine, or an
    installation in that window.

    ## What to do
    Where another finding explains it, cure that one: the patch mode or the safety flag, a machine that is off, an
    assignment or a dynamic scope that does not reach it, a change too shortly before the window, a cancelled run,
    windows that overlap, a schedule that has ended. Otherwise see in the activity logs of machine and schedule what
    happened around the window, and catch up with an installation on demand.

    ## When it is wrong
    That a run was due is an inference, so this blocks nothing and is medium at most. A dynamic scope chooses its
    machines when the window begins: that the machine was in it then as it is now is an assumption, and the confidence
    is low unless an older run or a dated assignment shows that the machine belonged to the schedule before. Nothing is
    said where the machine, its assignment or the schedule is younger than the window or was changed since, in the three
    hours after a window (Resource Graph lags), of windows more than 29 days ago (runs are kept for 30), and of a
    schedule that has ended (AUM062).
    """
    ties: dict[str, list[ConfigurationAssignment]] = {}
    for tie in context.schedules(machine):
        if tie.configuration is not None:
            ties.setdefault(tie.configuration.id, []).append(tie.assignment)
    if not ties:
        yield NotApplicable(reason="no schedule is attached that could be read")
        return
    judged = False
    for configuration in context.configurations_of(machine):
        due = _due(configuration.window, context.now)
        if due is None or _was_changed_since(configuration, due):
            continue
        runs = runs_of(machine, configuration, context)
        earliest = _earliest(due)
        # Most machines have their record, so it is looked for before anything else.
        if any((moment := began(run)) is None or moment >= earliest for run in runs) or _installed(machine, due):
            judged = True
            continue
        confidence = _belonged(machine, configuration, ties[configuration.id], due, context)
        if confidence is None:
            continue
        judged = True
        yield _seen(machine, configuration, due, runs, confidence, context)
    if not judged:
        yield NotApplicable(reason="no window of its schedules is over of which a record would have to be there")


@lru_cache(maxsize=4096)
def _due(window: MaintenanceWindow, now: datetime) -> Occurrence | None:
    """The newest occurrence of which there has to be a record by now; None where there is none, or the schedule has
    ended or cannot be read."""
    try:
        times = timetable(window)
    except TimetableError:
        return None
    if times.expires_at is not None and times.expires_at <= now:
        return None
    last = times.previous(now)
    while last is not None and last.ends_at + _LAG > now:
        last = times.previous(last.starts_at)
    return last if last is not None and last.starts_at >= now - _KEPT else None


def _earliest(due: Occurrence) -> datetime:
    """From when on a run counts as the one of this occurrence, or a later one."""
    # How Azure takes a start that the change of the clock skips or repeats is not documented.
    return due.starts_at - _EARLY - (_CLOCK_CHANGE if due.clock is not None else timedelta(0))


def _was_changed_since(configuration: MaintenanceConfiguration, due: Occurrence) -> bool:
    """Whether the schedule may have been another one when the window began."""
    changes = (configuration.created_at, configuration.last_modified_at)
    return any(moment is not None and moment > due.starts_at - rule(_CHANGE_AHEAD).span for moment in changes)


def _belonged(
    machine: Machine,
    configuration: MaintenanceConfiguration,
    assignments: list[ConfigurationAssignment],
    due: Occurrence,
    context: Context,
) -> Confidence | None:
    """How sure it is that the machine was in scope when the window began; None where it was not, or nothing tells that
    it was there at all."""
    before = due.starts_at - rule(_CHANGE_AHEAD).span
    if not _was_there(machine, assignments, before):
        return None
    if _was_written_since(configuration.id, before, context):
        return None
    standing = [
        assignment
        for assignment in assignments
        if not _was_written_since(assignment.id, before, context)
        and (assignment.created_at is None or assignment.created_at <= before)
    ]
    if not standing:
        return None
    dated = any(assignment.created_at is not None and not assignment.is_dynamic for assignment in standing)
    older_run = any(
        (moment := began(run)) is not None and moment < before for run in runs_of(machine, configuration, context)
    )
    return Confidence.MEDIUM if dated or older_run else Confidence.LOW


def _was_written_since(resource_id: str, moment: datetime, context: Context) -> bool:
    """Whether the activity log, as far as it was read, has a write to a schedule or an assignment after a time."""
    written = context.last_change_by_resource.get(ids.key(resource_id))
    return written is not None and written > moment


def _was_there(machine: Machine, assignments: list[ConfigurationAssignment], before: datetime) -> bool:
    """Whether the machine existed at a time: by its creation, else by what was done to it."""
    if machine.time_created is not None:
        return machine.time_created <= before
    traces = [assignment.created_at for assignment in assignments if not assignment.is_dynamic]
    traces += [machine.installation.started_at] if machine.installation is not None else []
    traces += [machine.assessment.started_at] if machine.assessment is not None else []
    traces += [machine.arc.last_status_change] if machine.arc is not None else []
    return any(moment is not None and moment <= before for moment in traces)


def _installed(machine: Machine, due: Occurrence) -> bool:
    """Whether the newest installation began in the window, other than on demand."""
    installation = machine.installation
    if installation is None or installation.started_at is None:
        return False
    if not installation.maintenance_run_id and (installation.started_by or "").lower() == "user":
        return False
    return _earliest(due) <= installation.started_at <= due.ends_at + _LATE


def _seen(
    machine: Machine,
    configuration: MaintenanceConfiguration,
    due: Occurrence,
    runs: list[ApplyUpdate],
    confidence: Confidence,
    context: Context,
) -> Observation:
    newest = max((moment for run in runs if (moment := began(run)) is not None), default=None)
    other = _other_run_meanwhile(machine, configuration, due, context)
    meanwhile = f"; schedule {other} was at work on it meanwhile, and only one runs at a time" if other else ""
    unexplained = (
        ""
        if other
        else (
            "; unless something else that was found explains it, see whether it was up 15 minutes before, and who "
            "changed or cancelled what around then"
        )
    )
    return observe(
        f"the window of schedule {configuration.name} on {due.starts_at:%Y-%m-%d %H:%M} UTC is over, and there is no "
        f"record of a run on the machine{meanwhile}{unexplained}",
        sign(
            "properties.startDateTime of its newest run",
            newest.isoformat() if newest is not None else None,
            f"{due.starts_at.isoformat()} or later",
            fact=Fact.RUNS,
        ),
        sign(
            "properties.maintenanceWindow.recurEvery",
            configuration.window.recur_every,
            fact=Fact.CONFIGURATIONS,
            resource_id=configuration.id,
        ),
        confidence=confidence,
        maintenanceConfigurationId=configuration.id,
        since=(due.starts_at - timedelta(hours=1)).isoformat(),
        until=(due.ends_at + timedelta(hours=1)).isoformat(),
    )


def _other_run_meanwhile(
    machine: Machine, configuration: MaintenanceConfiguration, due: Occurrence, context: Context
) -> str | None:
    """The schedule of a run on the machine that overlaps with the window."""
    own = ids.key(configuration.id)
    for run in context.runs_by_machine.get(machine.key, ()):
        began_at = began(run)
        if began_at is None or ids.key(run.maintenance_configuration_id) in ("", own):
            continue
        if began_at < due.ends_at and (run.ended_at or began_at) > due.starts_at - _EARLY:
            return ids.name_of(run.maintenance_configuration_id)
    return None
