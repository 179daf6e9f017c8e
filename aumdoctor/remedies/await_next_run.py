"""Advice: see whether a run came, and wait for the next or install now."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="await-next-run",
    title="See whether the run came, and wait for the next if it did not",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Update Manager > Manage > History > By maintenance run ID",
)
def await_next_run(finding: Finding, estate: Estate) -> Prescription | None:
    """A missed run is not made up for by itself: the schedule waits for its next window."""
    schedule = finding.details.get("maintenanceConfigurationId")
    if schedule is None:
        return None
    subscription = ids.subscription_of(schedule)
    quoted = schedule.replace("\\", "\\\\").replace('"', '\\"')
    query = (
        'maintenanceresources | where type =~ "microsoft.maintenance/applyupdates" '
        f'and properties.maintenanceConfigurationId =~ "{quoted}" '
        "| project id, properties.status, properties.startDateTime | order by id asc"
    )
    runs = az("graph", "query", "-q", query, "--subscriptions", subscription)
    following = finding.details.get("nextRun")
    return Prescription(
        steps=(
            f"Look at the runs of the schedule: {runs}",
            f"If there was none in the window, wait for the next{f' at {following}' if following else ''}, or install "
            "the updates once on demand.",
            "Make changes at least 15 minutes before a start, 40 minutes where the schedule has a pre-event, and an "
            "hour where the start moves to an earlier time.",
        )
    )
