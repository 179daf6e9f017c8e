"""What a finding has to carry so that a machine can be taken off its schedule."""

from aumdoctor.checks.context import Context
from aumdoctor.model.machine import Machine


def assignment_details(machine: Machine, context: Context) -> dict[str, str]:
    """The first static assignment of a patch schedule on the machine, and whether a dynamic scope takes it in too."""
    schedules = context.schedules(machine)
    static = [tie.assignment.id for tie in schedules if not tie.assignment.is_dynamic]
    details = {"scheduled": "true" if schedules else "false"}
    if static:
        details["assignmentId"] = static[0]
    if len(static) < len(schedules):
        details["dynamicScope"] = "true"
    return details
