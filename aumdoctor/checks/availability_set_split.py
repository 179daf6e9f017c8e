"""AUM080: VMs of one availability set are on different schedules whose windows overlap."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.starts import AHEAD, WINDOW, staggered, utc, with_details
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.conflicts import SplitSet, split_sets


@check(
    id="AUM080",
    name="availability-set-split-across-schedules",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    remedies=("stagger-schedules",),
    causes=("AUM134",),
    source="azure-docs: update-manager/scheduled-patching.md; "
    "azure-compute-docs: troubleshoot-maintenance-configurations.md",
)
def availability_set_split(estate: Estate, context: Context) -> Iterator[Observation]:
    """The VM shares an availability set with VMs on another schedule, and the windows of the two overlap.

    ## Why it matters
    Azure does not patch the VMs of an availability set all at once: those of different update domains take turns. Where
    they are on different schedules with overlapping windows, one waits for the other, and its window may be over before
    its turn comes. Its run then times out, or the VM is skipped.

    ## What to do
    Put the VMs of a set on one schedule with a long window, or let the windows follow each other.

    ## When it is wrong
    Small sets may get done in time. Windows of the next 35 days are compared; those that only touch are right. VMs
    that are on both schedules are AUM009's, and schedules whose times cannot be read are not compared.
    """
    members = [machine for machine in estate.machines if machine.availability_set_id]
    schedules = {
        machine.key: [
            (each, times)
            for each in context.configurations_of(machine)
            if (times := context.timetable(each)) is not None
        ]
        for machine in members
    }
    told: set[str] = set()
    for split in split_sets(schedules, members, context.now, context.now + AHEAD):
        in_both = {machine.key for machine in split.first_machines} & {machine.key for machine in split.second_machines}
        for machine in (*split.first_machines, *split.second_machines):
            if machine.key not in told and machine.key not in in_both:
                told.add(machine.key)
                yield _split(machine, split, context)


def _split(member: Machine, split: SplitSet, context: Context) -> Observation:
    is_first = any(machine.key == member.key for machine in split.first_machines)
    own, its = (split.first, split.second) if is_first else (split.second, split.first)
    others = sorted(machine.name for machine in (split.second_machines if is_first else split.first_machines))
    shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return with_details(
        observe(
            f"it is on {own.name} and shares the availability set {ids.name_of(member.availability_set_id or '')} with "
            f"{shown} on {its.name}; the windows of both are open at {utc(split.second_occurrence.starts_at)}, and "
            "the VMs of a set take turns",
            sign("properties.availabilitySet.id", member.availability_set_id),
            *(
                sign(
                    f"{WINDOW}.startDateTime",
                    schedule.window.start_date_time,
                    fact=Fact.CONFIGURATIONS,
                    resource_id=schedule.id,
                )
                for schedule in (own, its)
            ),
            resource_id=member.id,
            machines=(member.id,),
        ),
        staggered(split.second, split.second_occurrence, split.first_occurrence, context),
    )
