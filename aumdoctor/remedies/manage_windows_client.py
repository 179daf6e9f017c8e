"""Advice: manage the updates of a Windows client elsewhere."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assignments import az_words
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="manage-windows-client",
    title="Manage the client's updates with Microsoft Intune",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Microsoft Intune admin center > Devices > Windows updates > Update rings",
)
def manage_windows_client(finding: Finding, estate: Estate) -> Prescription | None:
    """Azure Update Manager has no setting for it."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_linux:
        return None
    attached = az("maintenance", "assignment", "list", *az_words(machine.id, "")[2:])
    steps = [
        "Enrol the machine in Microsoft Intune and put it in an update ring, or set Windows Update for Business by "
        "group policy. Hosts of Azure Virtual Desktop may be replaced from an updated image instead.",
        f"See that no schedule is attached to it any more: {attached}",
        "Inside the machine check that updates come: Get-HotFix | Sort-Object InstalledOn | Select-Object -Last 3",
    ]
    if finding.details.get("dynamicScope") == "true":
        steps.insert(1, "Change the tag or the filter by which a dynamic scope takes the machine in.")
    return Prescription(steps=tuple(steps))
