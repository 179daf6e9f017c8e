"""Advice: find out who cancelled a schedule's run."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="ask-who-cancelled",
    title="Find out who cancelled the run",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Update Manager > Manage > History > By maintenance run ID",
)
def ask_who_cancelled(finding: Finding, estate: Estate) -> Prescription | None:
    """It may have been meant, and what was missed can be installed on demand."""
    schedule = finding.details.get("maintenanceConfigurationId")
    if schedule is None:
        return None
    query = "[].{at:eventTimestamp,operation:operationName.value,caller:caller,status:status.value}"
    log = az("monitor", "activity-log", "list", "--resource-id", schedule, "--offset", "30d", "--query", query)
    listeners = [
        each.name
        for each in estate.event_subscriptions
        if each.is_before_runs and ids.key(each.maintenance_configuration_id) == ids.key(schedule)
    ]
    handler = (
        f"Look at the handler behind the event subscription {', '.join(listeners)}: it may cancel runs."
        if listeners
        else "No event subscription before its runs was found: it was called by a person or a script."
    )
    return Prescription(
        steps=(
            f"See who called the cancellation: {log}",
            handler,
            "If it was not meant, install on demand what was missed, or wait for the next window.",
        )
    )
