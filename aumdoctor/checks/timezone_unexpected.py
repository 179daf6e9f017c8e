"""AUM064: a schedule's time zone is not a Windows id, or changes its clock at one of the coming starts."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import AHEAD, WINDOW, is_out_of_scope, local, utc, with_details
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.moments import nearest_time_zone, time_zone, windows_time_zone
from aumdoctor.schedule.timetable import ClockChange, Occurrence, Timetable


@check(
    id="AUM064",
    name="timezone-unexpected",
    severity=Severity.LOW,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("set-time-zone",),
    source="azure-mgmt-maintenance: MaintenanceConfiguration.time_zone",
)
def timezone_unexpected(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """The time zone of a schedule for guests is not a Windows time zone id, or the clock changes as one of its windows
    begins.

    ## Why it matters
    Microsoft.Maintenance takes Windows ids (`W. Europe Standard Time`); what it makes of a name of the tz database
    (`Europe/Berlin`) it does not document. And a start in the hour that is left out when clocks go forward, or that
    comes twice when they go back, is at a time of which Azure does not say when that is.

    ## What to do
    Set the Windows id. Move a start out of the hours in which clocks change, mostly 01:00 to 03:00 on Sundays in March
    and autumn, if it has to be exact.

    ## When it is wrong
    The list of Windows ids is that of the Unicode CLDR: an id that it does not know (confidence medium) may be newer.
    Of a start that a change of the clock touches, within the next 35 days, it is told how it is reckoned here, and the
    confidence is low: a skipped start begins later by the length of the gap, of a repeated one the first counts.
    Windows during which the clock changes are not mentioned, for their length stays. A schedule without a time zone is
    unknown where machines are on it.
    """
    for configuration in context.guest_configurations:
        if is_out_of_scope(configuration, context):
            continue
        name = (configuration.window.time_zone or "").strip()
        attached = configuration.id in context.machines_by_configuration
        if not name:
            if attached:
                reason = f"Azure sent no time zone of the schedule {configuration.name}, so its times are not known"
                yield Undetermined(fact=Fact.CONFIGURATIONS, reason=reason, resource_id=configuration.id)
        elif time_zone(name) is None:
            yield _not_a_windows_id(configuration, name, context)
        elif (times := context.timetable(configuration)) is not None:
            touched = (ClockChange.START_SKIPPED, ClockChange.START_REPEATED)
            coming = times.between(context.now, context.now + AHEAD)
            run = next((run for run in coming if run.clock in touched), None)
            if run is not None:
                yield _in_a_clock_change(configuration, times, run, context)


def _machines(configuration: MaintenanceConfiguration, context: Context) -> tuple[str, ...]:
    return tuple(machine.id for machine in context.machines_by_configuration.get(configuration.id, ()))


def _not_a_windows_id(configuration: MaintenanceConfiguration, name: str, context: Context) -> Observation:
    meant = windows_time_zone(name)
    near = nearest_time_zone(name) if meant is None else None
    if meant is not None:
        what = f'is a name of the tz database; the Windows id is "{meant}"'
    else:
        what = "is not a Windows time zone id" + (f'; perhaps "{near}" is meant' if near else "")
    return with_details(
        observe(
            f'the time zone "{name}" of the schedule {configuration.name} {what}: when it runs is not certain',
            sign(f"{WINDOW}.timeZone", name, meant or near or 'a Windows time zone id such as "UTC"'),
            confidence=None if meant is not None else Confidence.MEDIUM,
            resource_id=configuration.id,
            machines=_machines(configuration, context),
            maintenanceConfigurationId=configuration.id,
        ),
        {"timeZone": meant} if meant is not None else {},
    )


def _in_a_clock_change(
    configuration: MaintenanceConfiguration, times: Timetable, run: Occurrence, context: Context
) -> Observation:
    written = f"{times.start:%H:%M}"
    if run.clock is ClockChange.START_SKIPPED:
        what = f"the clock skips its start of {written}; it is reckoned to begin at {local(run, times)}"
    else:
        what = f"its start of {written} comes twice on that night; the first is reckoned with: {local(run, times)}"
    return observe(
        f"the schedule {configuration.name} has a start in a change of the clock: {what}, which is "
        f"{utc(run.starts_at)}. Azure does not document what it does then",
        sign(
            f"{WINDOW}.startDateTime", configuration.window.start_date_time, "a start outside of the hours that change"
        ),
        sign(f"{WINDOW}.timeZone", configuration.window.time_zone),
        confidence=Confidence.LOW,
        resource_id=configuration.id,
        machines=_machines(configuration, context),
        maintenanceConfigurationId=configuration.id,
    )
