"""RC-09: delete an assignment whose schedule is gone."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assignments import API_VERSION, az_words
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="remove-orphan-assignment",
    title="Delete the assignment to the schedule that is gone",
    risk=Risk.CONSENT,
    reversible=False,
    portal="Azure Update Manager > Resources > Machines > (the machine) > Updates > Scheduling > Remove",
)
def remove_orphan_assignment(finding: Finding, estate: Estate) -> Prescription | None:
    """DELETE of a static assignment or a dynamic scope. Nothing is lost by it, yet it cannot be created again as long
    as the schedule that it names does not exist."""
    assignment_id = finding.details.get("assignmentId")
    if assignment_id is None:
        return None
    target = ids.parse(assignment_id).parent
    on_machine = "/providers/" in ids.key(target)
    words = az_words(target, ids.name_of(assignment_id)) if on_machine else ()
    return Prescription(
        calls=(ArmCall(method="DELETE", path=assignment_id, api_version=API_VERSION),),
        az=(az("maintenance", "assignment", "delete", *words, "--yes"),) if on_machine else (),
        steps=(
            "Where the schedule was deleted by mistake, wait 20 minutes before you create it again under its name: "
            "sooner it inherits what the old one was.",
            "Where Azure refuses to delete the assignment, create the schedule again, delete the assignment, and then "
            "the schedule.",
            "Attach the machines to a schedule that exists.",
        ),
    )
