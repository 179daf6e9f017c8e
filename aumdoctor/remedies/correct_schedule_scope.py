"""Advice: machines that are attached to a configuration of another scope get a schedule for guests."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="correct-schedule-scope",
    title="Attach the machines to a schedule of the scope InGuestPatch",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Schedule updates",
)
def correct_schedule_scope(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: which schedule the machines belong to, and with that when they restart, is their owner's
    to say. The configuration itself may be needed for hosts."""
    configuration_id = finding.details.get("maintenanceConfigurationId")
    if configuration_id is None:
        return None
    shown = az(
        *("rest", "--method", "get", "--url", f"{configuration_id}?api-version=2023-04-01"),
        *("--query", "properties.{scope:maintenanceScope,mode:extensionProperties,visibility:visibility}"),
    )
    schedules = az(
        *("maintenance", "configuration", "list", "--subscription", ids.subscription_of(configuration_id)),
        *("--query", "[?maintenanceScope=='InGuestPatch'].{name:name,id:id}", "--output", "table"),
    )
    return Prescription(
        steps=(
            f"Look at what the configuration maintains: {shown}",
            f"Choose a schedule for guests, or create one (scope Guest in the portal): {schedules}",
            "Attach the machines to it at least 15 minutes before its window; a VM may have one for guests and one for "
            "its host, whose windows must not overlap.",
            "Delete the assignment of the old configuration where it was made by mistake.",
        )
    )
