"""Advice: find out why a schedule passed a machine by."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="find-missed-run",
    title="Find out why the schedule passed the machine by",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Update Manager > Manage > History > By maintenance run ID",
)
def find_missed_run(finding: Finding, estate: Estate) -> Prescription | None:
    """The activity logs of machine and schedule around the window say what was different then."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    schedule = finding.details.get("maintenanceConfigurationId")
    since, until = finding.details.get("since"), finding.details.get("until")
    if machine is None or schedule is None:
        return None
    span = ("--start-time", since, "--end-time", until) if since and until else ("--offset", "30d")
    query = "[].{at:eventTimestamp,operation:operationName.value,caller:caller,status:status.value}"
    of_machine = az("monitor", "activity-log", "list", "--resource-id", machine.id, *span, "--query", query)
    of_schedule = az("monitor", "activity-log", "list", "--resource-id", schedule, *span, "--query", query)
    up = "connected" if machine.is_arc else "running"
    return Prescription(
        steps=(
            f"See whether the machine was {up} 15 minutes before the window, and what was done to it: {of_machine}",
            f"See whether the schedule was changed, or its run cancelled: {of_schedule}",
            "See whether its tags, its resource group or its region were changed, if a dynamic scope chooses by them.",
            "Check after the next window that the schedule's history has a row for the machine.",
        )
    )
