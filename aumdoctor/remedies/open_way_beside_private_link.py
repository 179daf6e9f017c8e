"""Advice: give an Arc-enabled server behind a private link or gateway a way to its updates."""

from aumdoctor.knowledge.endpoints import WINDOWS_UPDATE
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_WINDOWS = (
    "On the server, see where it gets updates from (a WSUS server stands in WUServer): "
    "reg query HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate",
    "Without a WSUS server inside, let it out, directly or by a proxy (TCP 443 and 80), to: "
    + ", ".join(WINDOWS_UPDATE),
)
_LINUX = (
    "On the server, list its repositories: apt-cache policy (Debian, Ubuntu), dnf repolist -v (Red Hat and its kin), "
    "zypper lr -u (SUSE)",
    "Let it out to these addresses, directly or by the proxy of the package manager, or point it at a mirror inside.",
)


@remedy(
    name="open-way-beside-private-link",
    title="Give the server a way to its updates",
    risk=Risk.ADVICE,
    reversible=True,
)
def open_way_beside_private_link(finding: Finding, estate: Estate) -> Prescription | None:
    """The private link stays; what it does not carry needs a way of its own."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    ways = _LINUX if machine.is_linux else _WINDOWS if machine.is_windows else (*_WINDOWS, *_LINUX)
    return Prescription(steps=(*ways, assess_again(machine)))
