"""Advice: spread over several schedules or scopes what is too much for one."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="stay-within-limits",
    title="Spread the machines over several schedules or dynamic scopes",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Dynamic scopes",
)
def stay_within_limits(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as calls: which machines belong together, and are patched at the same time, is their owner's to
    say."""
    about = finding.details.get("assignmentId") or finding.details.get("maintenanceConfigurationId")
    if about is None:
        return None
    shown = az("rest", "--method", "get", "--url", f"{about}?api-version=2023-04-01")
    return Prescription(
        steps=(
            f"Look at what has grown too large: {shown}",
            "Divide it: a second schedule with the same window, or dynamic scopes whose filters exclude each other, "
            "by region, resource group or a tag.",
            "Preview the machines of each dynamic scope in the portal before the next window, so that none is in both "
            "and none in neither.",
        )
    )
