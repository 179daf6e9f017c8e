"""AUM070: an assignment names a schedule that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.maintenance import ConfigurationAssignment


@check(
    id="AUM070",
    name="assignment-orphaned",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    uses=(Fact.MACHINE,),
    blocks=(Operation.SCHEDULE,),
    remedies=("remove-orphan-assignment",),
    causes=("AUM033",),
    source="azure-compute-docs: troubleshoot-maintenance-configurations.md",
)
def assignment_orphaned(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """A configuration assignment names a maintenance configuration that was deleted.

    ## Why it matters
    The machine looks attached, and no run will ever come of it. A schedule that is created anew under the same name
    within 20 minutes takes over what the old one was, assignments included.

    ## What to do
    Delete the assignment and attach the machines to a schedule that exists.

    ## When it is wrong
    Azure answered 404 for the schedule itself. Where it could not be read, as one of a subscription that the caller has
    no rights in, the answer is unknown for every machine that has no other schedule. Where every machine of the
    assignment has another schedule, or none of them is in the estate, it is low.
    """
    yield from _unread(estate, context)
    gone = {key for key, configuration in estate.configurations_by_key.items() if not configuration.exists}
    if not gone:
        return
    for assignment in estate.assignments:
        if ids.key(assignment.maintenance_configuration_id) not in gone:
            continue
        attached = context.machines_by_assignment.get(assignment.id, [])
        if not attached and estate.scope.is_narrowed:
            continue
        stranded = [machine for machine in attached if not context.is_scheduled(machine)]
        schedule = ids.name_of(assignment.maintenance_configuration_id)
        kind = "dynamic scope" if assignment.is_dynamic else "assignment"
        yield observe(
            f"the {kind} {assignment.name} names the schedule {schedule}, which does not exist: "
            + (f"{len(stranded)} machine(s) have no other" if stranded else "no machine of this scan depends on it"),
            sign(
                "properties.maintenanceConfigurationId",
                assignment.maintenance_configuration_id,
                "a maintenance configuration that exists",
            ),
            severity=None if stranded else Severity.LOW,
            resource_id=assignment.id,
            machines=tuple(machine.id for machine in stranded),
            assignmentId=assignment.id,
        )


def _unread(estate: Estate, context: Context) -> Iterator[Undetermined]:
    """The machines that only schedules patch, if any does, which could not be read."""
    known = estate.configurations_by_key
    for assignment in estate.assignments:
        if not assignment.maintenance_configuration_id:
            continue
        if ids.key(assignment.maintenance_configuration_id) in known:
            continue
        gap = _gap_of(assignment, estate)
        name = ids.name_of(assignment.maintenance_configuration_id)
        why = f": {gap.code}: {gap.message}" if gap is not None else ""
        for machine in context.machines_by_assignment.get(assignment.id, ()):
            has_another = any(tie.configuration is not None for tie in context.schedules(machine))
            if has_another or not estate.reading(Fact.CONFIGURATIONS, machine.key).is_known:
                continue
            yield Undetermined(
                fact=Fact.CONFIGURATIONS,
                reason=f"its schedule {name} could not be read{why}",
                resource_id=machine.id,
                permission=gap.missing_permission if gap is not None else None,
            )


def _gap_of(assignment: ConfigurationAssignment, estate: Estate) -> Gap | None:
    """Why the configuration of an assignment could not be read; gaps of one cause stand for a whole subscription."""
    configuration = ids.key(assignment.maintenance_configuration_id)
    scopes = (configuration, ids.subscription_scope(ids.subscription_of(configuration)))
    gaps = (gap for gap in estate.gaps if gap.fact is Fact.CONFIGURATIONS)
    return next((gap for gap in gaps if ids.key(gap.scope) in scopes), None)
