"""AUM060: a schedule was made shortly before its first run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import (
    WINDOW,
    changes_by_schedule,
    first_run,
    had_a_run,
    has_pre_event,
    in_minutes,
    is_out_of_scope,
    lead_of,
    local,
    runs_that_matter,
    utc,
    with_details,
)
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import MaintenanceConfiguration


@check(
    id="AUM060",
    name="start-too-soon",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.MAINTENANCE_CHANGES),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE, Fact.RUNS, Fact.EVENT_SUBSCRIPTIONS),
    remedies=("await-next-run",),
    causes=("AUM082",),
    source="azure-compute-docs: maintenance-configurations.md, Guest; "
    "azure-docs: update-manager/manage-pre-post-events.md",
)
def start_too_soon(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule for guests was created or changed less than 15 minutes before its first run.

    ## Why it matters
    A new schedule has to be there 15 minutes before it starts, 40 minutes where it has a pre-event. One that comes
    later may leave out its first run, and then nothing happens until the recurrence comes round again.

    ## What to do
    Look whether the run came. If not, wait for the next, move the start, or install once on demand.

    ## When it is wrong
    The service may have been in time: where a machine of the schedule has a run in that window nothing is said. Once
    the following window has begun it is history. Changes before any later run are AUM082's. When the schedule was
    written the activity log tells for two days, which does not tell a creation from a change, and `systemData` where
    the schedule was read from ARM. Whether there is a pre-event is only known where the Event Grid topics could be
    read; without it 15 minutes count.
    """
    changes = changes_by_schedule(context)
    for configuration in context.guest_configurations:
        times = context.timetable(configuration)
        run = first_run(configuration, times) if times is not None else None
        if times is None or run is None or run not in runs_that_matter(times, context.now):
            continue
        lead = lead_of(configuration, context)
        late = [
            each
            for each in _written(configuration, changes.get(ids.key(configuration.id), []))
            if run.starts_at - lead < each.at <= min(run.starts_at, context.now)
        ]
        machines = context.machines_by_configuration.get(configuration.id, [])
        if not late or is_out_of_scope(configuration, context) or had_a_run(machines, configuration, run, context):
            continue
        following = times.next(run.ends_at)
        newest = max(late, key=lambda each: each.at)
        seen = observe(
            f"the schedule {configuration.name} was written {in_minutes(run.starts_at - newest.at)} min before its "
            f"first run {'began' if run.starts_at <= context.now else 'begins'} ({local(run, times)}), where "
            f"{in_minutes(lead)} are needed{' with a pre-event' if has_pre_event(configuration, context) else ''}: "
            "that run may be left out"
            + (f"; the next is at {local(following, times)}" if following is not None else ""),
            sign(newest.path, newest.at.isoformat(), f"before {utc(run.starts_at - lead)}", fact=newest.fact),
            sign(f"{WINDOW}.startDateTime", configuration.window.start_date_time),
            severity=None if machines else Severity.LOW,
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in machines),
            maintenanceConfigurationId=configuration.id,
        )
        yield with_details(seen, {"nextRun": utc(following.starts_at)} if following is not None else {})


class _Write(NamedTuple):
    path: str
    at: datetime
    fact: Fact


def _written(configuration: MaintenanceConfiguration, events: Iterable[ActivityEvent]) -> list[_Write]:
    """When the schedule itself was created or changed, as far as that is known."""
    dated = (
        ("systemData.createdAt", configuration.created_at),
        ("systemData.lastModifiedAt", configuration.last_modified_at),
    )
    found = [_Write(path, at, Fact.CONFIGURATIONS) for path, at in dated if at is not None]
    of_schedule = ids.key(configuration.id)
    found += [
        _Write("eventTimestamp", event.at, Fact.MAINTENANCE_CHANGES)
        for event in events
        if event.at is not None and ids.key(event.resource_id) == of_schedule
    ]
    return found
