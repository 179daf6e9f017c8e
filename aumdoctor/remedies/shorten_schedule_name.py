"""Advice: a schedule under a shorter name in place of one whose name is too long."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="shorten-schedule-name",
    title="Create the schedule anew under a shorter name",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Schedule updates",
)
def shorten_schedule_name(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as calls: Azure renames no resource, and whoever attaches the machines to the new schedule has to
    keep them from being patched by both."""
    configuration_id = finding.details.get("maintenanceConfigurationId")
    if configuration_id is None:
        return None
    shown = az("rest", "--method", "get", "--url", f"{configuration_id}?api-version=2023-04-01")
    return Prescription(
        steps=(
            f"Keep what the schedule says: {shown}",
            "Create it anew with a name that has fewer than 128 characters together with that of its resource group.",
            "Attach the machines and dynamic scopes to the new one, outside the windows of both, then delete the old.",
        )
    )
