"""AUM062: a schedule has expired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.moments import local_moment, moment_in_any_zone

_PATH = "properties.maintenanceWindow"
_NEVER = "9999-"


@check(
    id="AUM062",
    name="schedule-expired",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    blocks=(Operation.SCHEDULE,),
    remedies=("renew-schedule",),
    source="azure-mgmt-maintenance: MaintenanceConfiguration.expirationDateTime; "
    "azure-docs: update-manager/scheduled-patching.md",
)
def schedule_expired(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """The end date of a schedule for guests has passed, so it never runs again.

    ## Why it matters
    An expired schedule looks like any other: the machines are attached, their settings are right, and no run fails, for
    there is none.

    ## What to do
    Take the end date off the schedule, or attach its machines to one that goes on.

    ## When it is wrong
    Where the schedule was meant to end: without machines, or where every one of them has another schedule, it is low.
    The date is a local time in the schedule's Windows time zone; where that is not known and matters, within a day, the
    answer is unknown. Whether another run comes before an end that lies ahead is not judged here.
    """
    for configuration in estate.configurations:
        text = configuration.window.expiration_date_time
        if not text or text.startswith(_NEVER) or not configuration.is_guest_patching or not configuration.exists:
            continue
        ended = local_moment(text, configuration.window.time_zone)
        if ended is None:
            ended = _in_every_zone(text, context.now)
        if ended is None:
            zone = configuration.window.time_zone or "no time zone"
            reason = f"the end of the schedule {configuration.name} cannot be read: {text} in {zone}"
            yield Undetermined(fact=Fact.CONFIGURATIONS, reason=reason, resource_id=configuration.id)
            continue
        if ended > context.now:
            continue
        attached = context.machines_by_configuration.get(configuration.id, [])
        if not attached and estate.scope.is_narrowed:
            continue
        stranded = [machine for machine in attached if not _has_another(machine, configuration, context)]
        yield observe(
            f"the schedule {configuration.name} ended on {text}: "
            + (f"{len(stranded)} machine(s) have no other" if stranded else "no machine of this scan depends on it"),
            sign(f"{_PATH}.expirationDateTime", text, "a date to come, or none"),
            sign(f"{_PATH}.timeZone", configuration.window.time_zone),
            severity=None if stranded else Severity.LOW,
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in stranded),
            maintenanceConfigurationId=configuration.id,
        )


def _in_every_zone(text: str, now: datetime) -> datetime | None:
    """An end whose time zone is not known, where it is over, or to come, in whatever zone; None where that differs."""
    span = moment_in_any_zone(text)
    if span is None or span[0] <= now < span[1]:
        return None
    return span[1]


def _has_another(machine: Machine, expired: MaintenanceConfiguration, context: Context) -> bool:
    """Whether a schedule that has not ended patches the machine too; one that could not be read counts."""
    for tie in context.schedules(machine):
        other = tie.configuration
        if other is None:
            return True
        if other.id == expired.id:
            continue
        ended = local_moment(other.window.expiration_date_time, other.window.time_zone)
        if ended is None or ended > context.now:
            return True
    return False
