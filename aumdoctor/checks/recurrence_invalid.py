"""AUM059: a schedule's recurrence or start cannot be read, or is not what Azure allows."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import WINDOW, is_out_of_scope
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.recurrence import (
    LARGEST_COUNT,
    LARGEST_OFFSET,
    SHORTEST_REPEAT_HOURS,
    Recurrence,
    Unit,
    objections,
)
from aumdoctor.schedule.timetable import Timetable, TimetableError, timetable

_RIGHT = {
    "recurEvery": "such as Day, Week Saturday, Month Second Tuesday Offset4",
    "startDateTime": "YYYY-MM-DD HH:mm",
}


@check(
    id="AUM059",
    name="recurrence-invalid-or-too-frequent",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    blocks=(Operation.SCHEDULE,),
    remedies=("correct-recurrence",),
    causes=("AUM134",),
    source="azure-mgmt-maintenance: MaintenanceConfiguration.recur_every; "
    "azure-compute-docs: maintenance-configurations.md, Guest",
)
def recurrence_invalid_or_too_frequent(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """The recurrence or the start of a schedule for guests cannot be read, or repeats in a way that Azure does not
    allow.

    ## Why it matters
    The service accepts an expression and keeps it as text. A schedule that it does not understand, or that repeats more
    often than every six hours, may never run, and nothing fails, for there is no run.

    ## What to do
    Write the recurrence as the documentation does: `Day`, `3Days`, `Week Saturday,Sunday`, `Month day23`,
    `Month Second Tuesday Offset4`, `6Hours`. The finding points at the part that does not fit.

    ## When it is wrong
    Azure may understand what is not documented: the finding is therefore medium and blocks nothing. When such a
    schedule runs next cannot be told, though, so its machines without another schedule are unknown, not patchable. What
    can be read but is odd (a day that not every month has, a day written twice) is low, as is a schedule without
    machines.
    """
    for configuration in context.guest_configurations:
        if is_out_of_scope(configuration, context):
            continue
        machines = context.machines_by_configuration.get(configuration.id, [])
        read = _read(configuration)
        if isinstance(read, TimetableError):
            if read.text:
                yield _unreadable(configuration, read, machines)
            reason = f"when the schedule {configuration.name} runs cannot be told: {read}"
            for machine in machines:
                if not _has_another(machine, configuration, context):
                    yield Undetermined(fact=Fact.CONFIGURATIONS, reason=reason, resource_id=machine.id)
        elif read.recurrence is not None and (against := objections(read.recurrence)):
            yield _objectionable(configuration, read.recurrence, against, machines)


def _read(configuration: MaintenanceConfiguration) -> Timetable | TimetableError:
    """The times of a schedule by its start and recurrence alone: other checks look after the other members."""
    window = structs.replace(configuration.window, time_zone="UTC", duration=None, expiration_date_time=None)
    try:
        return timetable(window)
    except TimetableError as error:
        return error


def _unreadable(configuration: MaintenanceConfiguration, error: TimetableError, machines: list[Machine]) -> Observation:
    return observe(
        f'the {error.member} "{error.text}" of the schedule {configuration.name} cannot be read: {error.reason}',
        sign(f"{WINDOW}.{error.member}", error.text, _RIGHT.get(error.member)),
        severity=None if machines else Severity.LOW,
        resource_id=configuration.id,
        machines=tuple(machine.id for machine in machines),
        maintenanceConfigurationId=configuration.id,
        member=error.member,
        pointer=error.pointer,
    )


def _objectionable(
    configuration: MaintenanceConfiguration, recurrence: Recurrence, against: tuple[str, ...], machines: list[Machine]
) -> Observation:
    is_refused = (
        recurrence.count > LARGEST_COUNT
        or abs(recurrence.offset) > LARGEST_OFFSET
        or (recurrence.unit is Unit.HOUR and recurrence.count < SHORTEST_REPEAT_HOURS)
    )
    return observe(
        f'the schedule {configuration.name} repeats by "{recurrence.text}": {" ".join(against)}',
        sign(f"{WINDOW}.recurEvery", recurrence.text, _RIGHT["recurEvery"] if is_refused else None),
        severity=None if is_refused and machines else Severity.LOW,
        confidence=None if is_refused else Confidence.HIGH,
        resource_id=configuration.id,
        machines=tuple(machine.id for machine in machines),
        maintenanceConfigurationId=configuration.id,
        member="recurEvery",
    )


def _has_another(machine: Machine, unread: MaintenanceConfiguration, context: Context) -> bool:
    """Whether the machine has another schedule whose windows are to come."""
    return any(
        other.id != unread.id
        and (times := context.timetable(other)) is not None
        and times.next(context.now) is not None
        for other in context.configurations_of(machine)
    )
