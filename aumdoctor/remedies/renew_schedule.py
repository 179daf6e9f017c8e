"""RC-18: let an expired schedule run again."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.maintenance_window import change_window
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

WITHOUT_END = "9999-12-31 23:59:59"
"""What Azure itself writes where a schedule has no end."""


@remedy(
    name="renew-schedule",
    title="Take the end date off the schedule",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Schedule > Add end date",
)
def renew_schedule(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: no expiration. Its machines are patched and restarted again from the next
    window on, hence the consent; taken back by the old date."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    if configuration is None or configuration.window.expiration_date_time in (None, WITHOUT_END):
        return None
    return change_window(
        configuration,
        expirationDateTime=WITHOUT_END,
        steps=(
            "Ask its owner whether it was meant to end; if so, attach the machines to another schedule instead.",
            "Afterwards see that the next run comes: the schedule's history has one row for each machine.",
        ),
    )
