"""RC-18: let two schedules follow each other."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.maintenance_window import change_window
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="stagger-schedules",
    title="Move one of the schedules out of the way of the other",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Schedule > Start on",
)
def stagger_schedules(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the maintenance configuration: another time of day in startDateTime; its date, its zone and the rest of
    the window as they were read. It concerns every machine of the schedule, hence the consent; taken back by the old
    start. Not made out where the other window ends on another day: which day is meant its owner knows."""
    configuration = estate.configurations_by_key.get(ids.key(finding.details.get("maintenanceConfigurationId", "")))
    start = finding.details.get("startDateTime")
    if configuration is None or start is None or configuration.window.start_date_time in (None, start):
        return None
    return change_window(
        configuration,
        startDateTime=start,
        steps=(
            "A start that moves to an earlier time should lie an hour ahead at least.",
            "Or take the machine off one of the two schedules, if it does not need both.",
            f"To take it back set the start to {configuration.window.start_date_time}.",
        ),
    )
