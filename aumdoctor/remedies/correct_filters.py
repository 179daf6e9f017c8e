"""Advice: mend a schedule's lists of KBs and packages."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="correct-filters",
    title="Correct the schedule's lists of KBs and packages",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Maintenance configurations > (the schedule) > Settings > Updates > Include and Exclude by KB ID or package",
)
def correct_filters(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: which of two lists that contradict each other is meant, only their owner knows."""
    configuration_id = finding.details.get("maintenanceConfigurationId")
    if configuration_id is None:
        return None
    shown = az(
        *("rest", "--method", "get", "--url", f"{configuration_id}?api-version=2023-04-01"),
        *("--query", "properties.installPatches"),
    )
    return Prescription(
        steps=(
            f"Look at the lists: {shown}",
            "Take an update that is in both lists out of one; write a KB as its number, and one package a mask.",
            "Where updates that need a restart are excluded, either install them in another way or include them again.",
            "Change it at least 15 minutes before the next start, 40 minutes where it has a pre-event; afterwards the "
            "run's record counts fewer updates as excluded.",
        )
    )
