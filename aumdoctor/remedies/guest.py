"""Sentences that the advice on a machine's inside has in common."""

from aumdoctor.model.machine import Machine
from aumdoctor.remedies.assess_now import assessment_line


def assess_again(machine: Machine) -> str:
    """The last step: what proves that it worked."""
    return f"Check that an assessment now succeeds: {assessment_line(machine)}"
