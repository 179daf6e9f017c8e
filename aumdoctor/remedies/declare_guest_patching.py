"""RC-18: make a schedule for guests one that runs when its owner says."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.install_patches import API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, remedy


@remedy(
    name="declare-guest-patching",
    title="Set the schedule's patch mode to User and its visibility to Custom",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Automation > Export template",
)
def declare_guest_patching(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration. From the next window on its machines are patched and restarted, hence the
    consent; taken back by the old values. Not for a configuration of another scope than guests."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    if configuration is None or not configuration.is_guest_patching:
        return None
    properties = {"visibility": "Custom", "extensionProperties": {"InGuestPatchMode": "User"}}
    call = ArmCall(method="PATCH", path=configuration.id, api_version=API_VERSION, body={"properties": properties})
    return Prescription(
        calls=(call,),
        steps=(
            "Change it at least 15 minutes before the next start, 40 minutes where it has a pre-event.",
            "If Azure refuses to change it, create a schedule for guests anew and attach the machines to that.",
        ),
    )
