"""RC-09: take a machine off a schedule that cannot patch it."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assignments import API_VERSION, az_words
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="detach-from-schedule",
    title="Take the machine off the schedule",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Machines > (the machine) > Remove",
)
def detach_from_schedule(finding: Finding, estate: Estate) -> Prescription | None:
    """DELETE of the static assignment on the machine, taken back by creating it again; the schedule does not patch the
    machine anyway, and its runs no longer fail for it. Not made out where only a dynamic scope takes the machine in."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    assignment_id = finding.details.get("assignmentId")
    if machine is None or assignment_id is None:
        return None
    steps = ["See first that the machine's updates come from somewhere else: no schedule is left afterwards."]
    if finding.details.get("dynamicScope") == "true":
        steps.append("A dynamic scope takes the machine in as well: change the tag or the filter by which it does.")
    return Prescription(
        calls=(ArmCall(method="DELETE", path=assignment_id, api_version=API_VERSION),),
        az=(az("maintenance", "assignment", "delete", *az_words(machine.id, ids.name_of(assignment_id)), "--yes"),),
        steps=tuple(steps),
    )
