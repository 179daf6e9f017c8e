"""Advice: what to look at when Windows Update is denied access."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="repair-update-access",
    title="Find what denies Windows Update access",
    risk=Risk.ADVICE,
    reversible=False,
)
def repair_update_access(finding: Finding, estate: Estate) -> Prescription | None:
    """Four usual causes, the cheapest to look at first."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        steps=(
            "On the machine, as administrator, see what is free on the system drive (keep 5 GB or more): "
            "Get-Volume -DriveLetter C",
            "See who may write the download folder (SYSTEM and Administrators need full control): "
            'icacls "$env:WinDir\\SoftwareDistribution"',
            "If they do not: stop wuauserv and bits, rename that folder, start them again; Windows makes a new one.",
            "See whether a proxy or firewall refuses Windows Update: netsh winhttp show proxy; Get-WindowsUpdateLog",
            "Scan for malware: Start-MpScan -ScanType QuickScan",
            assess_again(machine),
        )
    )
