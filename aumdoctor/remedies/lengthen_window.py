"""RC-18: lengthen the maintenance window of a schedule."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.maintenance_window import change_window
from aumdoctor.remedies.remedy import Prescription, Risk, remedy
from aumdoctor.schedule.duration import LONGEST_WINDOW, format_duration, parse_duration


@remedy(
    name="lengthen-window",
    title="Give the schedule the longest window allowed",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Schedule > Maintenance window",
)
def lengthen_window(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: duration 03:55, the rest of its window as it was read. It concerns every
    machine of the schedule, hence the consent; taken back by the old duration."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    if configuration is None:
        return None
    length = parse_duration(configuration.window.duration)
    if length is None or length >= LONGEST_WINDOW:
        return None
    return change_window(
        configuration,
        duration=format_duration(LONGEST_WINDOW),
        steps=(f"To take it back set the duration to {configuration.window.duration}.",),
    )
