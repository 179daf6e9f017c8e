"""RC-09: delete a static configuration assignment."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assignments import API_VERSION, az_words
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="remove-assignment",
    title="Delete the configuration assignment",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Machines > (the machine) > Remove",
)
def remove_assignment(finding: Finding, estate: Estate) -> Prescription | None:
    """DELETE of an assignment, taken back by creating it again. A machine without another schedule is not patched until
    then."""
    assignment_id = finding.details.get("assignmentId")
    if assignment_id is None:
        return None
    target = ids.parse(assignment_id).parent
    words = az_words(target, ids.name_of(assignment_id))
    there = ids.key(target) in estate.machines_by_key
    step = (
        "Create the assignment anew right afterwards: until then the schedule does not patch the machine."
        if there
        else "If Azure does not find the machine, move it back, delete the assignment, and move it again."
    )
    return Prescription(
        calls=(ArmCall(method="DELETE", path=assignment_id, api_version=API_VERSION),),
        az=(az("maintenance", "assignment", "delete", *words, "--yes"),),
        steps=(step,),
    )
