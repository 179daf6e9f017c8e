"""AUM078: the names of a schedule and its resource group, or the id of a machine, are too long for the service."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine

_NAMES_BELOW = 128
"""Resource group and configuration together have to be shorter (azure-compute-docs, maintenance-configurations.md)."""
_LONGEST_ID = 256
"""Beyond about this users report failures of Microsoft.Maintenance."""


@check(
    id="AUM078",
    name="name-too-long",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("shorten-schedule-name",),
    source="azure-compute-docs: maintenance-configurations.md; reports of users",
)
def name_too_long(estate: Estate, context: Context) -> Iterator[Observation]:
    """The names of a schedule and of its resource group have 128 characters or more together, or the id of a machine
    that is attached to a schedule has more than 256.

    ## Why it matters
    The documentation wants both names together to be shorter than 128 characters. Users report that assignments and
    runs fail where an id has more than about 256.

    ## What to do
    Names cannot be changed: create the schedule anew under a shorter name and attach the machines to it, then delete
    the old one.

    ## When it is wrong
    A schedule that runs all the same needs nothing. That long ids fail is no documented rule (confidence low).
    Schedules for hosts are not judged, nor those to which no machine is attached.
    """
    for configuration in context.guest_configurations:
        machines = context.machines_by_configuration.get(configuration.id, [])
        if not machines:
            continue
        group = ids.resource_group_of(configuration.id)
        length = len(group) + len(configuration.name)
        if length < _NAMES_BELOW:
            continue
        yield observe(
            f"the names of the schedule {configuration.name} and its resource group have {length} characters together; "
            f"fewer than {_NAMES_BELOW} are allowed",
            sign("name", configuration.name, f"with the resource group fewer than {_NAMES_BELOW} characters"),
            resource_id=configuration.id,
            machines=tuple(machine.id for machine in machines),
            maintenanceConfigurationId=configuration.id,
        )
    for machine in estate.machines:
        if len(machine.id) > _LONGEST_ID and context.is_scheduled(machine):
            yield _long_id(machine)


def _long_id(machine: Machine) -> Observation:
    return observe(
        f"the id of {machine.name} has {len(machine.id)} characters; beyond {_LONGEST_ID} assignments and runs are "
        "reported to fail",
        sign("id", machine.id, f"at most {_LONGEST_ID} characters", fact=Fact.MACHINE),
        confidence=Confidence.LOW,
        resource_id=machine.id,
        machines=(machine.id,),
        machineId=machine.id,
    )
