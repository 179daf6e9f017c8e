"""RC-18: let a schedule select critical and security updates."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.install_patches import body_of, change_patches
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_URGENT = ("Critical", "Security")
_BEFORE = "Change it at least 15 minutes before the next start, 40 minutes where it has a pre-event."


@remedy(
    name="select-classifications",
    title="Select critical and security updates beside what the schedule selects",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Updates > Include update classification",
)
def select_classifications(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: Critical and Security are added for the systems of `details.os` (both
    where it names none), the rest is sent as it was read. All machines of the schedule get these updates, and the
    restarts that they need, hence the consent; taken back by the old lists."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    if configuration is None:
        return None
    patches = body_of(configuration.install_patches)
    for system in finding.details.get("os", "windows,linux").split(","):
        parameters = dict(patches.get(f"{system}Parameters", {}))
        chosen = list(parameters.get("classificationsToInclude", ()))
        have = {name.lower() for name in chosen}
        chosen += [name for name in _URGENT if name.lower() not in have]
        patches[f"{system}Parameters"] = parameters | {"classificationsToInclude": chosen}
    return Prescription(
        calls=(change_patches(configuration, patches),),
        steps=(_BEFORE, "Add further classifications where more than critical and security updates are wanted."),
    )
