"""AUM082: a schedule or its scope was changed shortly before a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import (
    changes_by_schedule,
    first_run,
    had_a_run,
    has_pre_event,
    in_minutes,
    is_out_of_scope,
    lead_of,
    runs_that_matter,
    utc,
    with_details,
)
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.timetable import Occurrence

_SAME_WRITE = timedelta(minutes=2)
"""The activity log and `systemData` stamp one write at times that differ a little."""


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """A write to a schedule or to an assignment of it. `machines` are those that it concerns."""

    what: str
    path: str
    resource_id: str
    at: datetime
    machines: tuple[Machine, ...]
    fact: Fact
    of_one_machine: bool = False


@check(
    id="AUM082",
    name="late-scope-change",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.MAINTENANCE_CHANGES),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE, Fact.RUNS, Fact.EVENT_SUBSCRIPTIONS),
    remedies=("await-next-run",),
    causes=("AUM134",),
    source="azure-compute-docs: maintenance-configurations.md, troubleshoot-maintenance-configurations.md; "
    "azure-docs: update-manager/pre-post-scripts-overview.md, Timeline of schedules for pre and post events",
)
def late_scope_change(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule for guests, one of its assignments or one of its dynamic scopes was written less than 15 minutes
    before a window, or 40 minutes where the schedule has a pre-event.

    ## Why it matters
    The service fixes what a run does some time before it begins. A later change does not count for that run: a machine
    that was added is not patched, one that was taken out is. With a pre-event the whole run can be cancelled by the
    service. Where a start is moved to an earlier time, even an hour may be needed.

    ## What to do
    Look what the run did. If the change matters, wait for the next window, or install once on demand.

    ## When it is wrong
    Which write it was, the activity log does not tell: another tag on the configuration looks the same. Of a window
    that has begun it is low, unless the schedule has a pre-event, and a machine that has a run in that window is not
    counted for its own assignment. The activity log is read for two days; where the configuration was read from ARM,
    its `systemData` tells the last write beyond that. Assignments that were deleted are not noticed, for nobody can
    tell any more which schedule they were of. Writes before the very first run of a schedule are AUM060's.
    """
    changes = changes_by_schedule(context)
    for configuration in context.guest_configurations:
        times = context.timetable(configuration)
        if times is None or is_out_of_scope(configuration, context):
            continue
        lead = lead_of(configuration, context)
        first = first_run(configuration, times)
        written = _written(configuration, changes.get(ids.key(configuration.id), []), context)
        for run in runs_that_matter(times, context.now):
            late = [change for change in written if run.starts_at - lead < change.at <= run.starts_at]
            late = [change for change in late if run != first or change.resource_id != configuration.id]
            late = [change for change in late if not _took_effect(change, configuration, run, context)]
            if late:
                yield _told(configuration, run, times.next(run.ends_at), late, context)
                break


def _written(
    configuration: MaintenanceConfiguration, events: Sequence[ActivityEvent], context: Context
) -> list[_Change]:
    """What is known to have been written of a schedule, the newest first."""
    everyone = tuple(context.machines_by_configuration.get(configuration.id, ()))
    assignments = {ids.key(each.id): each for each in context.assignments_of_configuration[ids.key(configuration.id)]}
    found = []
    for event in events:
        if event.at is None:
            continue
        assignment = assignments.get(ids.key(event.resource_id))
        static = assignment is not None and not assignment.is_dynamic
        reached = context.machines_by_assignment.get(assignment.id, ()) if assignment is not None else everyone
        what = "the schedule" if assignment is None else f"the {'assignment' if static else 'dynamic scope'}"
        found.append(
            _Change(
                what=what if assignment is None else f"{what} {assignment.name}",
                path="eventTimestamp",
                resource_id=configuration.id if assignment is None else assignment.id,
                at=event.at,
                machines=tuple(reached),
                fact=Fact.MAINTENANCE_CHANGES,
                of_one_machine=static,
            )
        )
    modified = configuration.last_modified_at
    of_schedule = [change.at for change in found if change.resource_id == configuration.id]
    if modified is not None and not any(abs(modified - at) <= _SAME_WRITE for at in of_schedule):
        found.append(
            _Change(
                what="the schedule",
                path="systemData.lastModifiedAt",
                resource_id=configuration.id,
                at=modified,
                machines=everyone,
                fact=Fact.CONFIGURATIONS,
            )
        )
    return sorted(found, key=lambda change: change.at, reverse=True)


def _took_effect(change: _Change, configuration: MaintenanceConfiguration, run: Occurrence, context: Context) -> bool:
    """Whether a machine that was put on the schedule late was patched all the same."""
    return change.of_one_machine and had_a_run(change.machines, configuration, run, context)


def _told(
    configuration: MaintenanceConfiguration,
    run: Occurrence,
    following: Occurrence | None,
    late: list[_Change],
    context: Context,
) -> Observation:
    newest = late[0]
    announced = has_pre_event(configuration, context)
    has_begun = run.starts_at <= context.now
    machines = tuple(dict.fromkeys(machine.id for change in late for machine in change.machines))
    more = f" (and {len(late) - 1} more change(s))" if len(late) > 1 else ""
    effect = "the service may cancel it because it has a pre-event" if announced else "the change may not count for it"
    earlier = (
        f". Where its start was moved to an earlier time, {in_minutes(rule('earlier-start-lead').span)} min are needed"
        if newest.resource_id == configuration.id
        else ""
    )
    severity = Severity.LOW if (has_begun and not announced) or not machines else None
    return with_details(
        observe(
            f"{newest.what}{more} was written {in_minutes(run.starts_at - newest.at)} min before the window of "
            f"{configuration.name} that {'began' if has_begun else 'begins'} at {utc(run.starts_at)}, where "
            f"{in_minutes(lead_of(configuration, context))} are needed: {effect}{earlier}",
            *(
                sign(
                    change.path,
                    change.at.isoformat(),
                    f"before {utc(run.starts_at - lead_of(configuration, context))}",
                    fact=change.fact,
                    resource_id=change.resource_id,
                )
                for change in late
            ),
            severity=severity,
            resource_id=configuration.id,
            machines=machines,
            maintenanceConfigurationId=configuration.id,
        ),
        {"nextRun": utc(following.starts_at)} if following is not None else {},
    )
