"""RC-18: give a schedule the Windows id of its time zone."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.maintenance_window import change_window
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="set-time-zone",
    title="Set the Windows id of the time zone",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Schedule > Time zone",
)
def set_time_zone(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: the time zone, the rest of its window as it was read. Its windows may
    move by hours, for every machine of it, hence the consent; taken back by the old name. Only made out where the name
    that stands there is one of the tz database, so that there is no doubt which zone is meant."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    zone = finding.details.get("timeZone")
    if configuration is None or zone is None or configuration.window.time_zone in (None, zone):
        return None
    return change_window(
        configuration,
        timeZone=zone,
        steps=("Afterwards see in the portal that the next run is at the time that is meant.",),
    )
