"""RC-09 and RC-08 together: tie a machine that was created anew to its schedule once more."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assign_schedule import assign_schedule
from aumdoctor.remedies.remedy import Prescription, Risk, remedy
from aumdoctor.remedies.remove_assignment import remove_assignment


@remedy(
    name="recreate-assignment",
    title="Delete the configuration assignment and create it anew",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Machines > Remove, then Add machine",
)
def recreate_assignment(finding: Finding, estate: Estate) -> Prescription | None:
    """One remedy of two calls: between them no schedule patches the machine, so neither is to be made alone."""
    removed, attached = remove_assignment.build(finding, estate), assign_schedule.build(finding, estate)
    if removed is None or attached is None:
        return None
    return Prescription(
        calls=(*removed.calls, *attached.calls),
        az=(*removed.az, *attached.az),
        steps=attached.steps,
        bicep=attached.bicep,
        terraform=attached.terraform,
    )
