"""Advice: patch what stands in for each other at different times."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="split-into-waves",
    title="Split the machines into waves",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Schedule updates",
)
def split_into_waves(finding: Finding, estate: Estate) -> Prescription | None:
    """Which machines stand in for which only their owner knows."""
    if finding.details.get("maintenanceConfigurationId") is None:
        return None
    return Prescription(
        steps=(
            "Tag every machine with its wave: a few that may fail first, then one half of what stands in for each "
            "other, then the other half.",
            "Give each wave a schedule with a dynamic scope on its tag; let the windows follow each other, by a day or "
            "more where a bad update should be seen before it goes on.",
            "Take the machines off the schedule that has them all now.",
        )
    )
