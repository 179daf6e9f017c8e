"""Advice: give an Arc-enabled server what hotpatching needs."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="meet-hotpatch-prerequisites",
    title="Give the server what hotpatching needs",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Azure Update Manager > Machines > the server > Recommended updates > Hotpatch > Change",
)
def meet_hotpatch_prerequisites(finding: Finding, estate: Estate) -> Prescription | None:
    """Virtualization-based security is a matter of the hardware, the firmware and a restart."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None or machine.is_linux:
        return None
    query = "osProfile.windowsConfiguration.patchSettings.status.hotpatchEnablementStatus"
    verify = az("connectedmachine", "show", *named(machine), "--query", query, "--output", "tsv")
    return Prescription(
        steps=(
            "See that the server runs Windows Server 2025 Standard or Datacenter: (Get-ComputerInfo).OsName",
            "See that virtualization-based security runs (2): (Get-CimInstance -Namespace root/Microsoft/Windows/"
            "DeviceGuard -ClassName Win32_DeviceGuard).VirtualizationBasedSecurityStatus. If not, switch it on: "
            "reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\DeviceGuard /v EnableVirtualizationBasedSecurity "
            "/t REG_DWORD /d 1 /f, then restart the server in a window.",
            "See that it reaches the licence service: Test-NetConnection dls.microsoft.com -Port 443",
            "Enrol it in the portal (or take the enrolment back, if hotpatching is not wanted).",
            f"Check within a day that it says Enabled: {verify}",
        )
    )
