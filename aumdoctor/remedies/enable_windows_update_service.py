"""Advice: let the service Windows Update start again."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_POLICIES = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"


@remedy(
    name="enable-windows-update-service",
    title="Let the Windows Update service start",
    risk=Risk.ADVICE,
    reversible=False,
)
def enable_windows_update_service(finding: Finding, estate: Estate) -> Prescription | None:
    """A change inside the machine, often against a policy that somebody set."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        steps=(
            "On the machine, as administrator, see how the service starts: Get-Service wuauserv, bits, cryptsvc | "
            "Format-Table Name, Status, StartType",
            "If wuauserv is Disabled: sc.exe config wuauserv start= demand",
            f"Look for policies that forbid it: Get-ItemProperty '{_POLICIES}' -Name DisableWindowsUpdateAccess, "
            "DoNotConnectToWindowsUpdateInternetLocations -ErrorAction SilentlyContinue",
            "Lift them in the group policy that sets them (gpresult /h gp.html shows which), then: gpupdate /force",
            assess_again(machine),
        )
    )
