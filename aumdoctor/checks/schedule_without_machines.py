"""AUM071: nothing is attached to a schedule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.maintenance import ConfigurationAssignment


@check(
    id="AUM071",
    name="schedule-without-machines",
    severity=Severity.LOW,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("give-schedule-machines",),
    source="azure-docs: update-manager/manage-multiple-machines.md, dynamic-scope-overview.md",
)
def schedule_without_machines(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule for guests patches no machine.

    ## Why it matters
    It may be a remnant, or the schedule that somebody believes their machines to be on.

    ## What to do
    Give it the machines that it was made for, or delete it.

    ## When it is wrong
    An assignment in a subscription that nobody here may read is invisible. It is therefore only said where machines and
    assignments of every subscription in scope were read and the scan was neither narrowed nor interrupted. A schedule
    with a dynamic scope is left to AUM072, which knows why the scope matches nothing.
    """
    if estate.scope.is_narrowed or estate.interrupted:
        return
    unattached = [
        configuration
        for configuration in estate.configurations
        if configuration.exists
        and configuration.is_guest_patching
        and configuration.id not in context.machines_by_configuration
    ]
    if not unattached or not _all_was_read(estate):
        return
    assignments: dict[str, list[ConfigurationAssignment]] = defaultdict(list)
    for assignment in estate.assignments:
        assignments[ids.key(assignment.maintenance_configuration_id)].append(assignment)
    for configuration in unattached:
        static = assignments.get(ids.key(configuration.id), [])
        if any(assignment.is_dynamic for assignment in static):
            continue
        why = (
            f"none of its {len(static)} assignment(s) is on a machine that exists" if static else "nothing is assigned"
        )
        yield observe(
            f"the schedule {configuration.name} patches no machine: {why}",
            sign(
                "configurationAssignments[].properties.resourceId",
                [assignment.target for assignment in static[:3]],
                "machines",
                fact=Fact.ASSIGNMENTS,
            ),
            resource_id=configuration.id,
            machines=(),
            maintenanceConfigurationId=configuration.id,
        )


def _all_was_read(estate: Estate) -> bool:
    return all(
        estate.reading(fact, ids.subscription_scope(subscription.id)).is_known
        for subscription in estate.subscriptions
        for fact in (Fact.MACHINE, Fact.ASSIGNMENTS)
    )
