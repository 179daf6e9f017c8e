"""AUM075: the location of an assignment is not that of its machine."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.past_runs import has_patched
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import ConfigurationAssignment
from aumdoctor.schedule.scope import location_key

_GLOBAL = "global"


@check(
    id="AUM075",
    name="assignment-location-mismatch",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.ESTATE,
    needs=(Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.CONFIGURATIONS, Fact.RUNS),
    remedies=("set-assignment-location",),
    causes=("AUM134",),
    source="azure-docs: update-manager/manage-vms-programmatically.md; reports of users",
)
def assignment_location_mismatch(estate: Estate, context: Context) -> Iterator[Observation]:
    """The location of a configuration assignment is another than its machine's, or that of a dynamic scope on a
    subscription is not `global`.

    ## Why it matters
    An assignment is created with the location of its machine, a dynamic scope on a subscription with `global`. Users
    report assignments with another location that stand and have no effect.

    ## What to do
    Create the assignment again under the same name, with the location of the machine.

    ## When it is wrong
    What Azure does with another location is not documented, so that the confidence is low. Nothing is said where a run
    of the schedule has succeeded on the machine, where Azure sent no location, as often in Resource Graph, and of
    assignments on machines that are `global`. Locations are compared without blanks and case. Scopes on resource groups
    are not judged.
    """
    for assignment in estate.assignments:
        if not assignment.location:
            continue
        configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
        if configuration is not None and not (configuration.exists and configuration.is_guest_patching):
            continue
        if assignment.is_dynamic:
            seen = _on_subscription(assignment, context)
        else:
            seen = _on_machine(assignment, estate.machines_by_key.get(ids.key(assignment.target)), context)
        if seen is not None:
            yield seen


def _on_machine(assignment: ConfigurationAssignment, machine: Machine | None, context: Context) -> Observation | None:
    if machine is None or not machine.location:
        return None
    if location_key(assignment.location or "") in (location_key(machine.location), _GLOBAL):
        return None
    schedule = assignment.maintenance_configuration_id
    if has_patched(schedule, (machine,), context):
        return None
    return observe(
        f"the assignment {assignment.name} of the schedule {ids.name_of(schedule)} has the location "
        f"{assignment.location}, and its machine {machine.name} is in {machine.location}",
        sign("location", assignment.location, machine.location),
        resource_id=assignment.id,
        machines=(machine.id,),
        assignmentId=assignment.id,
        maintenanceConfigurationId=schedule,
        machineId=machine.id,
    )


def _on_subscription(assignment: ConfigurationAssignment, context: Context) -> Observation | None:
    if ids.resource_group_of(assignment.scope) or location_key(assignment.location or "") == _GLOBAL:
        return None
    machines = context.machines_by_assignment.get(assignment.id, [])
    schedule = assignment.maintenance_configuration_id
    if not machines or has_patched(schedule, machines, context):
        return None
    return observe(
        f"the dynamic scope {assignment.name} of the schedule {ids.name_of(schedule)} is on a subscription and has the "
        f"location {assignment.location} instead of {_GLOBAL}",
        sign("location", assignment.location, _GLOBAL),
        resource_id=assignment.id,
        machines=tuple(machine.id for machine in machines),
        assignmentId=assignment.id,
        maintenanceConfigurationId=schedule,
    )
