"""RC-18: start a schedule half an hour before midnight at the latest."""

import re

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.maintenance_window import change_window
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[ T]\d\d:\d\d(?::\d\d)?", re.ASCII)


@remedy(
    name="move-start-from-midnight",
    title="Start the schedule at 23:30",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Schedule > Start on",
)
def move_start_from_midnight(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: 23:30 in startDateTime, so that the day stays; the rest of the window as
    it was read. It concerns every machine of the schedule, hence the consent; taken back by the old start."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    written = _WRITTEN.fullmatch((configuration.window.start_date_time or "").strip()) if configuration else None
    if configuration is None or written is None:
        return None
    return change_window(
        configuration,
        startDateTime=f"{written[1]} 23:30",
        steps=(
            "A start that moves to an earlier time should lie an hour ahead at least.",
            "To start after midnight instead, move the day of the recurrence on as well.",
            f"To take it back set the start to {written[0]}.",
        ),
    )
