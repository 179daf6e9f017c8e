"""AUM081: all scheduled machines of a subscription start in one and the same wave."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import WINDOW
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity

FEWEST = 10
"""With fewer machines outside of availability sets a second wave is not missed."""


@check(
    id="AUM081",
    name="single-wave",
    severity=Severity.INFO,
    confidence=Confidence.LOW,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    remedies=("split-into-waves",),
    source="Azure Architecture Center: Azure Update Manager, waves; azure-docs: update-manager/scheduled-patching.md",
)
def single_wave(subscription: Subscription, context: Context) -> Iterator[Observation | NotApplicable]:
    """All machines of the subscription that have a schedule have the same one: they are patched and restarted in one
    wave.

    ## Why it matters
    A schedule starts on all of its machines at once; only the VMs of an availability set take turns. Machines that
    stand in for one another can be down together, and an update that does harm reaches all before anybody sees it.

    ## What to do
    Split them into waves: a schedule each for the first and the second half of what stands in for each other, and an
    early one for machines on which a bad update hurts least.

    ## When it is wrong
    Where nothing in the subscription stands in for anything else, as often with development. It is only told of
    subscriptions in which at least 10 scheduled machines, VMs of availability sets not counted, all share one schedule
    and no machine has another. Several schedules with the same start are one wave too, but are not noticed. Nothing is
    said after a narrowed scan.
    """
    if context.estate.scope.is_narrowed or context.estate.interrupted:
        yield NotApplicable(reason="the scan was narrowed, so that other waves may not have been seen")
        return
    scheduled = [
        machine
        for machine in context.machines_by_subscription.get(subscription.id.lower(), [])
        if context.is_scheduled(machine)
    ]
    at_once = [machine for machine in scheduled if not machine.availability_set_id]
    waves = {
        tie.assignment.maintenance_configuration_id.lower() for each in scheduled for tie in context.schedules(each)
    }
    if len(at_once) < FEWEST or len(waves) != 1:
        return
    configuration = next(iter(context.configurations_of(at_once[0])), None)
    if configuration is None:
        return
    yield observe(
        f"all {len(scheduled)} scheduled machines of the subscription are on the schedule {configuration.name}: they "
        "are patched and restarted in one wave",
        sign(
            f"{WINDOW}.startDateTime",
            configuration.window.start_date_time,
            fact=Fact.CONFIGURATIONS,
            resource_id=configuration.id,
        ),
        sign("configurationAssignments", len(scheduled), "several schedules", fact=Fact.ASSIGNMENTS),
        machines=tuple(machine.id for machine in at_once),
        maintenanceConfigurationId=configuration.id,
    )
