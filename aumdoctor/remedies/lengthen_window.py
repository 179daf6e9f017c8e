"""RC-18: lengthen the maintenance window of a schedule."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_window
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, remedy
from aumdoctor.schedule.duration import LONGEST_WINDOW, format_duration, parse_duration

API_VERSION = "2023-04-01"


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
    window = configuration.window
    length = parse_duration(window.duration)
    if length is None or length >= LONGEST_WINDOW:
        return None
    # The whole window is sent: a part of it would leave to the service what becomes of the rest.
    members = {
        "startDateTime": window.start_date_time,
        "expirationDateTime": window.expiration_date_time,
        "duration": format_duration(LONGEST_WINDOW),
        "timeZone": window.time_zone,
        "recurEvery": window.recur_every,
    }
    given = {name: value for name, value in members.items() if value is not None}
    body = {"properties": {"maintenanceWindow": given}}
    resource_group = ids.resource_group_of(configuration.id)
    bicep, terraform = declared_window(configuration.name, resource_group, configuration.location, given, API_VERSION)
    return Prescription(
        calls=(ArmCall(method="PATCH", path=configuration.id, api_version=API_VERSION, body=body),),
        steps=(
            "Change it at least 15 minutes before the next start, 40 minutes where the schedule has a pre-event.",
            f"To take it back set the duration to {window.duration}.",
        ),
        bicep=bicep,
        terraform=terraform,
    )
