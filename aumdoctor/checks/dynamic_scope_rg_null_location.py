"""AUM073: a dynamic scope on a resource group names no locations."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.past_runs import has_patched
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity


@check(
    id="AUM073",
    name="dynamic-scope-rg-null-location",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.ASSIGNMENTS, Fact.MACHINE),
    uses=(Fact.CONFIGURATIONS, Fact.RUNS),
    remedies=("set-assignment-location",),
    causes=("AUM134",),
    source="azure-compute-docs: troubleshoot-maintenance-configurations.md",
)
def dynamic_scope_rg_null_location(estate: Estate, context: Context) -> Iterator[Observation]:
    """A dynamic scope is put on a resource group, and its filter names no locations.

    ## Why it matters
    By the rule an empty member of the filter restricts nothing. For a scope on a resource group the troubleshooting
    page knows a case in which a filter without locations made the schedule fail; with locations it went through.

    ## What to do
    Name the locations of the machines in the filter.

    ## When it is wrong
    It does not always happen: nothing is said where a run of the schedule has succeeded on a machine that the scope
    takes in. A scope that matches no machine is told by AUM072. Scopes on subscriptions are not concerned.
    """
    for assignment in estate.assignments:
        if not assignment.is_dynamic or not ids.resource_group_of(assignment.scope):
            continue
        if assignment.filter is not None and assignment.filter.locations:
            continue
        configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
        if configuration is not None and not (configuration.exists and configuration.is_guest_patching):
            continue
        machines = context.machines_by_assignment.get(assignment.id, [])
        if not machines or has_patched(assignment.maintenance_configuration_id, machines, context):
            continue
        yield observe(
            f"the dynamic scope {assignment.name} is on the resource group {ids.resource_group_of(assignment.scope)} "
            f"and names no locations: its schedule may fail for the {len(machines)} machine(s) that it takes in",
            sign("properties.filter.locations", [], sorted({machine.location for machine in machines})),
            sign("properties.resourceId", assignment.scope),
            resource_id=assignment.id,
            machines=tuple(machine.id for machine in machines),
            assignmentId=assignment.id,
        )
