"""Advice: give a schedule machines, or delete it."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="give-schedule-machines",
    title="Give the schedule machines, or delete it",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Maintenance configurations > (the schedule) > Settings > Machines, or Dynamic scopes",
)
def give_schedule_machines(finding: Finding, estate: Estate) -> Prescription | None:
    """Only its owner knows whom it was made for."""
    schedule = finding.details.get("maintenanceConfigurationId")
    if schedule is None:
        return None
    where = ids.parse(schedule)
    delete = az(
        *("maintenance", "configuration", "delete", "--name", where.name),
        *("--resource-group", where.resource_group, "--subscription", where.subscription),
    )
    return Prescription(
        steps=(
            "Add the machines or a dynamic scope that it was made for, 15 minutes before its window at the latest.",
            "Assignments in subscriptions that you may not read stay invisible: ask before you delete it.",
            f"If nobody needs it: {delete}",
        )
    )
