"""AUM006: a machine was moved, and its schedule stayed behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine, MachineKind
from aumdoctor.model.maintenance import ConfigurationAssignment

_KINDS = {
    "microsoft.compute/virtualmachines": MachineKind.AZURE_VM,
    "microsoft.hybridcompute/machines": MachineKind.ARC,
}
_MOVE = "/moveresources/action"


@check(
    id="AUM006",
    name="assignment-broken-by-move",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.CONFIGURATIONS, Fact.ACTIVITY_LOG),
    blocks=(Operation.SCHEDULE,),
    remedies=("assign-schedule", "remove-assignment"),
    causes=("AUM033",),
    source="Azure Update Manager troubleshooting: configuration isn't applied when the VM is moved; "
    "azure-compute-docs: troubleshoot-maintenance-configurations.md",
    seed="§6 Maintenance configuration isn't applied when the VM is moved to another subscription or resource group",
)
def assignment_broken_by_move(estate: Estate, context: Context) -> Iterator[Observation]:
    """A configuration assignment names a machine that is gone, and one of the same name stands elsewhere, unscheduled.

    ## Why it matters
    A schedule does not follow a machine into another resource group or subscription. The assignment keeps the old id,
    the schedule goes on running without the machine, and nothing reports an error.

    ## What to do
    Attach the machine under its new id and delete the old assignment. Where Azure refuses to delete it, move the
    machine back, delete the assignment, and move again; a resource group that was deleted has to be created again under
    its name first.

    ## When it is wrong
    A machine that was deleted and has a namesake elsewhere looks the same (confidence medium); a move in the activity
    log, which reaches back 90 days, makes it sure. Not judged: an assignment whose subscription was not read, a scan
    narrowed to some machines or resource groups, and namesakes of which there are several.
    """
    scope = estate.scope
    if scope.resource_groups or scope.machines or scope.tags or scope.locations:
        return
    stale = [assignment for assignment in estate.assignments if _is_stale(assignment, estate)]
    if not stale:
        return
    namesakes: dict[tuple[MachineKind, str], list[Machine]] = defaultdict(list)
    for machine in estate.machines:
        if not context.is_scheduled(machine):
            namesakes[machine.kind, machine.name.lower()].append(machine)
    for assignment in stale:
        kind = _KINDS[ids.parse(assignment.target).type.lower()]
        found = namesakes.get((kind, ids.name_of(assignment.target).lower()), [])
        if len(found) == 1:
            yield _moved(assignment, found[0], estate)


def _is_stale(assignment: ConfigurationAssignment, estate: Estate) -> bool:
    """Whether a static patch assignment names a machine that is not there, in a subscription that was read."""
    target = assignment.target
    if assignment.is_dynamic or ids.key(target) in estate.machines_by_key:
        return False
    if ids.parse(target).type.lower() not in _KINDS:
        return False
    configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
    if configuration is not None and not configuration.is_guest_patching:
        return False
    subscription = ids.subscription_of(target)
    was_read = estate.reading(Fact.MACHINE, ids.subscription_scope(subscription)).is_known
    return subscription in estate.subscriptions_by_id and was_read


def _moved(assignment: ConfigurationAssignment, machine: Machine, estate: Estate) -> Observation:
    moves = [
        event
        for event in estate.activity
        if event.operation.lower().endswith(_MOVE)
        and (event.status or "").lower() == "succeeded"
        and ids.is_within(assignment.target, event.resource_id)
        and (event.at is None or assignment.created_at is None or event.at > assignment.created_at)
    ]
    schedule = ids.name_of(assignment.maintenance_configuration_id)
    return observe(
        f"the schedule {schedule} is still assigned to {assignment.target}, which is gone; {machine.name} is now in "
        f"resource group {machine.resource_group} and has no schedule",
        sign("properties.resourceId", assignment.target, machine.id, fact=Fact.ASSIGNMENTS),
        *(
            sign("operationName", event.operation, None, fact=Fact.ACTIVITY_LOG, resource_id=event.resource_id)
            for event in moves[:1]
        ),
        confidence=Confidence.HIGH if moves else Confidence.MEDIUM,
        resource_id=assignment.id,
        machines=(machine.id,),
        maintenanceConfigurationId=assignment.maintenance_configuration_id,
        machineId=machine.id,
        assignmentId=assignment.id,
    )
