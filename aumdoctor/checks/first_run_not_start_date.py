"""AUM063: the first run of a new schedule is not at its start."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import WINDOW, is_out_of_scope, local, utc
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.schedule.recurrence import describe


@check(
    id="AUM063",
    name="first-run-not-start-date",
    severity=Severity.INFO,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    source="azure-compute-docs: troubleshoot-maintenance-configurations.md",
)
def first_run_not_start_date(estate: Estate, context: Context) -> Iterator[Observation]:
    """The first run of a schedule that has not run yet comes on another day than its start.

    ## Why it matters
    The start only says from when on the recurrence counts. A schedule that starts on a Wednesday and repeats on Mondays
    first runs on the Monday after, and until then its machines look forgotten.

    ## What to do
    Nothing, if that is meant. To patch on the day of the start, choose a start that the recurrence falls on, or install
    once on demand.

    ## When it is wrong
    It is an announcement, not an issue, and is only made while the first run lies ahead. How Azure counts every second
    week or month from the start it does not document; here weeks begin on Monday.
    """
    for configuration in context.guest_configurations:
        times = context.timetable(configuration)
        if times is None or times.recurrence is None or is_out_of_scope(configuration, context):
            continue
        first = times.first()
        if first is None or first.starts_at <= context.now or first.local_start.date() == times.start.date():
            continue
        written = configuration.window.start_date_time
        yield observe(
            f"the first run of the schedule {configuration.name} is not at its start ({times.start:%a %Y-%m-%d %H:%M}) "
            f"but at {local(first, times)}, which is {utc(first.starts_at)}: it runs {describe(times.recurrence)}",
            sign(f"{WINDOW}.startDateTime", written),
            sign(f"{WINDOW}.recurEvery", configuration.window.recur_every),
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in context.machines_by_configuration.get(configuration.id, ())),
            maintenanceConfigurationId=configuration.id,
            firstRun=first.starts_at.isoformat(),
        )
