"""Advice: let a Linux machine through to its repositories."""

from aumdoctor.knowledge.endpoints import RED_HAT_UPDATE_INFRASTRUCTURE
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="open-linux-repositories",
    title="Let the machine through to its repositories",
    risk=Risk.ADVICE,
    reversible=False,
)
def open_linux_repositories(finding: Finding, estate: Estate) -> Prescription | None:
    """Which repositories they are stands in the machine alone."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        steps=(
            "On the machine, list its repositories: apt-cache policy (Debian, Ubuntu), dnf repolist -v or "
            "yum -v repolist (Red Hat and kin), zypper lr -u (SUSE)",
            "Refresh them and read the error: sudo apt-get update, sudo dnf makecache or sudo zypper refresh",
            "Check name resolution and the way to a host that fails: getent hosts HOST; "
            "curl -sSI --max-time 10 https://HOST/",
            "Open TCP 443 and 80 outbound to these hosts (security group, route, firewall, proxy).",
            f"Red Hat pay-as-you-go images use {', '.join(RED_HAT_UPDATE_INFRASTRUCTURE)}, which answer only to "
            "addresses of Azure's datacentres: route them straight to the internet, not through your own proxy.",
            assess_again(machine),
        )
    )
