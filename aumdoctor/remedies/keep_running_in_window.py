"""Advice: have the machine up when its window begins."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="keep-running-in-window",
    title="Have the VM up when its window begins",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Virtual machines > (the machine) > Activity log, and Operations > Auto-shutdown",
)
def keep_running_in_window(finding: Finding, estate: Estate) -> Prescription | None:
    """Why it was not is for its owner to find; a VM that was created again only needs time or a new assignment."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    if finding.details.get("cause") == "recreated":
        return Prescription(
            steps=(
                "Do not delete a VM and create it again under its id in the hours before its window.",
                "A run that begins 12 hours or more after the VM was created finds it without further help.",
            )
        )
    query = "[].{at:eventTimestamp,operation:operationName.localizedValue,caller:caller,status:status.value}"
    seen = az("monitor", "activity-log", "list", "--resource-id", machine.id, "--offset", "7d", "--query", query)
    state = az("vm", "get-instance-view", "--ids", machine.id, "--query", "instanceView.statuses[].code")
    return Prescription(
        steps=(
            f"See what stopped or restarted it around the run: {seen}",
            "Move auto-shutdown out of the window, or start the VM by a pre-event of the schedule; it must be running "
            "at least 15 minutes before the window begins.",
            f"Check before the next window that it says PowerState/running: {state}",
        )
    )
