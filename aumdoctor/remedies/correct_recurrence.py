"""Advice: write a schedule's recurrence and start as Azure documents them."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="correct-recurrence",
    title="Write the recurrence and the start as they are documented",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Schedule > Repeats",
)
def correct_recurrence(finding: Finding, estate: Estate) -> Prescription | None:
    """Which days are meant its owner knows."""
    schedule = finding.details.get("maintenanceConfigurationId")
    if schedule is None:
        return None
    where = ids.parse(schedule)
    names = ("--name", where.name, "--resource-group", where.resource_group, "--subscription", where.subscription)
    shown = az("maintenance", "configuration", "show", *names)
    steps = [f"Look at the window: {shown}"]
    pointer = finding.details.get("pointer")
    if pointer is not None:
        steps.append(f"The part that does not fit is underlined:\n{pointer}")
    return Prescription(
        steps=(
            *steps,
            "Days: Day, 3Days. Weeks: Week Saturday,Sunday or 2Weeks. Months: Month day23,day24, Month Last Sunday or "
            "Month Second Tuesday Offset4, with an offset of -6 to 6 days. Hours, by the API only: 6Hours to 35Hours.",
            "The start is written YYYY-MM-DD HH:mm, on the clock of the schedule's time zone.",
            "Correct it at least 15 minutes before the next start, and see in the portal that a next run is shown.",
        )
    )
