"""RC-20: restart a VM."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.patch_settings import VM_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="restart-machine",
    title="Restart the VM",
    risk=Risk.DISRUPTIVE,
    reversible=False,
    portal="Virtual machines > (the machine) > Overview > Restart",
)
def restart_machine(finding: Finding, estate: Estate) -> Prescription | None:
    """POST restart. Whatever runs on the VM is interrupted. Not for Arc-enabled servers, which Azure cannot restart,
    and not for a VM that is off: it restarts when it is started."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc or machine.power_state not in (None, "running"):
        return None
    assessed = az("vm", "assess-patches", "--ids", machine.id)
    return Prescription(
        calls=(ArmCall(method="POST", path=f"{machine.id}/restart", api_version=VM_API_VERSION),),
        az=(az("vm", "restart", "--ids", machine.id),),
        steps=(
            "Agree on a time with whoever uses the machine.",
            f"Afterwards assess it, to see that no restart is pending: {assessed}",
        ),
    )
