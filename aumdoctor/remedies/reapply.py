"""RC-14: re-apply the state of a VM."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.patch_settings import VM_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy

_UNDER_WAY = ("creating", "updating", "deleting")
"""While one change is under way Azure refuses the next."""


@remedy(
    name="reapply",
    title="Re-apply the VM's state",
    risk=Risk.DISRUPTIVE,
    reversible=False,
    portal="Virtual machines > (the machine) > Help > Redeploy + reapply > Reapply",
)
def reapply(finding: Finding, estate: Estate) -> Prescription | None:
    """POST reapply: Azure puts the VM's model on the host again. It usually keeps running and may, rarely, restart."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc or (machine.provisioning_state or "").lower() in _UNDER_WAY:
        return None
    return Prescription(
        calls=(ArmCall(method="POST", path=f"{machine.id}/reapply", api_version=VM_API_VERSION),),
        az=(az("vm", "reapply", "--ids", machine.id),),
        steps=("Outside a patch window only: the VM may restart, though it rarely does.",),
    )
