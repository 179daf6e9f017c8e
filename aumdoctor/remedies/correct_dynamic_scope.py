"""Advice: bring a dynamic scope and the machines that it was made for together."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="correct-dynamic-scope",
    title="Correct the dynamic scope's filter or the machines' tags",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Dynamic scopes > Edit",
)
def correct_dynamic_scope(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: a filter draws in every machine that matches, and they are restarted in the window."""
    assignment_id = finding.details.get("assignmentId")
    if assignment_id is None:
        return None
    shown = az(
        *("rest", "--method", "get", "--url", f"{assignment_id}?api-version=2023-04-01"),
        *("--query", "properties.filter"),
    )
    steps = [f"Look at the filter: {shown}"]
    missed = estate.machines_by_key.get(ids.key(finding.machines[0])) if finding.machines else None
    if missed is not None:
        tags = az("tag", "list", "--resource-id", missed.id, "--query", "properties.tags")
        steps.append(f"Compare it, letter by letter, with the tags of a machine that it should take in: {tags}")
    steps.append(
        "Correct whichever is wrong. Tag names and values are compared with regard to case; where Azure keeps the old "
        "spelling of a tag, delete it and set it again."
    )
    steps.append("Preview the machines of the dynamic scope in the portal, at least 15 minutes before its window.")
    return Prescription(steps=tuple(steps))
