"""AUM061: a schedule starts in the last minutes of the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import AHEAD, WINDOW, in_minutes, is_out_of_scope, last_minutes_of_day, local
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.timetable import Occurrence, Timetable


@check(
    id="AUM061",
    name="start-near-midnight",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("move-start-from-midnight",),
    causes=("AUM134",),
    source="azure-compute-docs: maintenance-configurations.md, Guest (note)",
)
def start_near_midnight(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule for guests starts in the last minutes before local midnight, when the service may come a day too late.

    ## Why it matters
    Azure looks at a schedule up to 3 minutes after its start, at a new one up to 15. If midnight lies in between, the
    day on which the schedule runs is over by then, and the run may be left out.

    ## What to do
    Start at 23:30 or earlier, or after midnight with the weekday moved on as well.

    ## When it is wrong
    From 23:57 it is said of every schedule, from 23:45 only of one whose first run has not begun. The clock is that of
    the schedule's time zone; its windows of the next 35 days are looked at, so that an hourly schedule counts too where
    one of its starts falls there. A schedule without machines is low.
    """
    for configuration in context.guest_configurations:
        times = context.timetable(configuration)
        if times is None or is_out_of_scope(configuration, context):
            continue
        is_new = _is_new(configuration, times, context)
        late, delay = _late_start(times, context.now, is_new=is_new)
        if late is None:
            continue
        machines = context.machines_by_configuration.get(configuration.id, [])
        yield observe(
            f"the {'new ' if is_new else ''}schedule {configuration.name} starts "
            f"{in_minutes(last_minutes_of_day(late))} min before midnight ({local(late, times)}); Azure may look at it "
            f"{in_minutes(delay)} min late, which is the next day, and leave the run out",
            sign(
                f"{WINDOW}.startDateTime", configuration.window.start_date_time, "23:30 or earlier, or after midnight"
            ),
            sign(f"{WINDOW}.timeZone", configuration.window.time_zone),
            severity=None if machines else Severity.LOW,
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in machines),
            maintenanceConfigurationId=configuration.id,
        )


def _late_start(times: Timetable, now: datetime, *, is_new: bool) -> tuple[Occurrence | None, timedelta]:
    """The first coming start that lies too near before midnight, and by how much Azure may be late with it."""
    delay_of_new = rule("evaluation-delay-new").span
    first = times.next(now)
    if is_new and first is not None and last_minutes_of_day(first) <= delay_of_new:
        return first, delay_of_new
    delay = rule("evaluation-delay-existing").span
    coming = times.between(now, now + AHEAD)
    return next((run for run in coming if last_minutes_of_day(run) <= delay), None), delay


def _is_new(configuration: MaintenanceConfiguration, times: Timetable, context: Context) -> bool:
    """Whether no run of it has begun since it was created. One whose creation Azure does not tell is not new, unless
    its very first run lies ahead."""
    since = configuration.created_at
    first = times.next(since) if since is not None else times.first()
    return first is not None and first.starts_at > context.now
