"""RC-15: start a VM."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.patch_settings import VM_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="start-machine",
    title="Start the VM",
    risk=Risk.COST,
    reversible=True,
    portal="Virtual machines > (the machine) > Overview > Start",
)
def start_machine(finding: Finding, estate: Estate) -> Prescription | None:
    """POST start; undone by deallocate. Not for Arc-enabled servers, whose power Azure does not hold, and not for a VM
    that runs or is starting."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc or machine.power_state in ("running", "starting"):
        return None
    return Prescription(
        calls=(ArmCall(method="POST", path=f"{machine.id}/start", api_version=VM_API_VERSION),),
        az=(az("vm", "start", "--ids", machine.id),),
        steps=(
            "Start it at least 15 minutes before the window; for every window do so by a pre-event of the schedule.",
            f"To take it back: {az('vm', 'deallocate', '--ids', machine.id)}",
        ),
    )
