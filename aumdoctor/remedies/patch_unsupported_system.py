"""Advice: what to do about a system that Azure Update Manager does not support on Arc-enabled servers."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import assessment_line, named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="patch-unsupported-system",
    title="Upgrade the system, or patch it by other means",
    risk=Risk.ADVICE,
    reversible=False,
)
def patch_unsupported_system(finding: Finding, estate: Estate) -> Prescription | None:
    """No setting makes a system supported."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    own = (
        "dnf-automatic, unattended-upgrades or the distribution's own management"
        if machine.is_linux
        else "Windows Update by policy, WSUS or Configuration Manager"
    )
    verify = az("connectedmachine", "show", *named(machine), "--query", "[osSku,osVersion]", "--output", "tsv")
    return Prescription(
        steps=(
            f"Assess it first: where that succeeds, the list may be behind: {assessment_line(machine)}",
            "Upgrade the system to a release of "
            "https://learn.microsoft.com/azure/update-manager/support-matrix-updates, or",
            f"detach its schedules, switch its periodic assessment off, and patch it by {own}.",
            f"Check which system Azure sees (some minutes after an upgrade): {verify}",
        )
    )
