"""RC-18: let a schedule restart machines where an update requires it."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.install_patches import body_of, change_patches
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="allow-restarts",
    title="Let the schedule restart machines where an update requires it",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Updates > Reboot option",
)
def allow_restarts(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: reboot setting IfRequired, the rest of what it installs as it was read.
    From the next window on any machine of the schedule may restart in it, hence the consent; taken back by the old
    setting."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    if configuration is None:
        return None
    patches = body_of(configuration.install_patches) | {"rebootSetting": "IfRequired"}
    return Prescription(
        calls=(change_patches(configuration, patches),),
        steps=(
            "Change it at least 15 minutes before the next start, 40 minutes where it has a pre-event.",
            "Machines on which a restart is pending may restart at the very beginning of the next window.",
        ),
    )
