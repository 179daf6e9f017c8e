"""Signs and answers that several checks share."""

from __future__ import annotations

from collections.abc import Iterable

from aumdoctor.checks.check import Sign, Undetermined, sign
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.scope import Attachment

POWER_STATE_PATH = "properties.instanceView.statuses[?starts_with(code, 'PowerState/')].code"


def power_state_sign(machine: Machine) -> Sign:
    """The power state of an Azure VM as Azure codes it."""
    return sign(POWER_STATE_PATH, f"PowerState/{machine.power_state}", "PowerState/running", fact=Fact.POWER_STATE)


def power_state_undetermined(machine: Machine) -> Undetermined | None:
    """The answer where Azure does not know whether a VM runs; None where it does."""
    if machine.power_state is None:
        return Undetermined(fact=Fact.POWER_STATE, reason="Azure reports no power state for it")
    if machine.power_state == "unknown":
        return Undetermined(fact=Fact.POWER_STATE, reason="Azure reports the power state `unknown`")
    return None


def schedule_signs(schedules: Iterable[Attachment]) -> tuple[Sign, ...]:
    """One sign for each schedule that a machine is attached to: the assignment, and what it assigns."""
    return tuple(
        sign(
            "properties.maintenanceConfigurationId",
            tie.assignment.maintenance_configuration_id,
            fact=Fact.ASSIGNMENTS,
            resource_id=tie.assignment.id,
        )
        for tie in schedules
    )


def schedule_names(schedules: Iterable[Attachment]) -> str:
    """The schedules by name, for a message."""
    names = dict.fromkeys(ids.name_of(tie.assignment.maintenance_configuration_id) for tie in schedules)
    return ", ".join(names)


def schedule_confidence(schedules: Iterable[Attachment]) -> Confidence:
    """MEDIUM where no attached configuration could be read: it may be for hosts and not for guests."""
    return Confidence.HIGH if any(tie.configuration is not None for tie in schedules) else Confidence.MEDIUM
