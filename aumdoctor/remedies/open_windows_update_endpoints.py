"""Advice: let a Windows machine through to its update source."""

from aumdoctor.knowledge.endpoints import WINDOWS_UPDATE
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="open-windows-update-endpoints",
    title="Let the machine through to Windows Update",
    risk=Risk.ADVICE,
    reversible=False,
)
def open_windows_update_endpoints(finding: Finding, estate: Estate) -> Prescription | None:
    """Where the way is closed only the network's owner knows: security group, route, firewall, proxy or name server."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    proxy = "On the machine, as administrator, see which proxy Windows Update uses: netsh winhttp show proxy"
    return Prescription(
        steps=(
            proxy,
            "Check name resolution and the way out: Resolve-DnsName download.windowsupdate.com; "
            "Test-NetConnection download.windowsupdate.com -Port 443",
            "Open TCP 443 and 80 outbound (security group, route, firewall, proxy) to: " + ", ".join(WINDOWS_UPDATE),
            "In Azure Firewall use an application rule with the FQDN tag WindowsUpdate; the addresses are not fixed.",
            assess_again(machine),
        )
    )
