"""AUM057: a schedule's maintenance window is shorter or longer than guests may have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.service import limit
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.schedule.duration import LONGEST_WINDOW, SHORTEST_WINDOW, format_duration, parse_duration

_ONCE_ACCEPTED = timedelta(hours=4)
_PATH = "properties.maintenanceWindow.duration"


@check(
    id="AUM057",
    name="window-length-out-of-range",
    severity=Severity.HIGH,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS,),
    uses=(Fact.ASSIGNMENTS, Fact.MACHINE),
    blocks=(Operation.SCHEDULE,),
    remedies=("shorten-window", "lengthen-window"),
    source="azure-compute-docs: maintenance-configurations.md; azure-docs: update-manager/scheduled-patching.md; "
    "against it azure-docs: update-manager/migration-key-points.md",
)
def window_length_out_of_range(estate: Estate, context: Context) -> Iterator[Observation | Undetermined]:
    """The maintenance window of a schedule for guests is shorter than 1 h 30 min or longer than 3 h 55 min.

    ## Why it matters
    A schedule for guests has to last from 1 h 30 min to 3 h 55 min. With another length the service refuses the
    schedule the next time that somebody writes it, and what it does with an old one nobody documents.

    ## What to do
    Set a duration within the range. Where the longest is too short, spread the machines over several schedules.

    ## When it is wrong
    The sources disagree on the upper end: most say 3 h 55 min, the article on migration says 4 h, and schedules of 4 h
    were accepted in 2023. From 3 h 55 min to 4 h it is therefore medium, and both are named. A schedule to which
    nothing is attached is low. Schedules for hosts and OS images have other limits and are not judged.
    """
    for configuration in estate.configurations:
        text = configuration.window.duration
        if text is None or not configuration.is_guest_patching or not configuration.exists:
            continue
        length = parse_duration(text)
        if length is None:
            reason = f"the duration of the schedule {configuration.name} is not written as hours and minutes: {text}"
            yield Undetermined(fact=Fact.CONFIGURATIONS, reason=reason, resource_id=configuration.id)
            continue
        if SHORTEST_WINDOW <= length <= LONGEST_WINDOW:
            continue
        machines = tuple(machine.id for machine in context.machines_by_configuration.get(configuration.id, ()))
        if not machines and estate.scope.is_narrowed:
            continue
        disputed = LONGEST_WINDOW < length <= _ONCE_ACCEPTED
        too = "short" if length < SHORTEST_WINDOW else "long"
        allowed = f"{format_duration(SHORTEST_WINDOW)} to {format_duration(LONGEST_WINDOW)}"
        message = f"the window of the schedule {configuration.name} is too {too}: {text}, where {allowed} is allowed"
        if disputed:
            message += f" (other sources: {limit('longest-window-minutes').elsewhere})"
        yield observe(
            message,
            sign(_PATH, text, allowed),
            severity=Severity.LOW if not machines else Severity.MEDIUM if disputed else None,
            confidence=Confidence.LOW if disputed else None,
            resource_id=configuration.id,
            machines=machines,
            maintenanceConfigurationId=configuration.id,
        )
