"""Advice: install or update the VM agent inside the guest."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy

_WINDOWS = (
    "In the guest, as an administrator: download the newest release of WindowsAzureVmAgent from "
    "https://github.com/Azure/WindowsVMAgent/releases and run its installer: msiexec /i <the downloaded file> /quiet",
    "Check that it runs: Get-Service RdAgent, WindowsAzureGuestAgent",
)
_LINUX = (
    "In the guest, with the distribution's own package: sudo apt-get install walinuxagent (Ubuntu), "
    "sudo apt-get install waagent (Debian), sudo dnf install WALinuxAgent (Red Hat and its kin), "
    "sudo zypper install python-azure-agent (SUSE)",
    "Let it update itself: AutoUpdate.Enabled=y in /etc/waagent.conf, then sudo systemctl restart walinuxagent "
    "(Debian, Ubuntu) or sudo systemctl restart waagent",
    "Check that it runs: sudo waagent --version",
)


@remedy(
    name="install-vm-agent", title="Install or update the VM agent inside the guest", risk=Risk.ADVICE, reversible=False
)
def install_vm_agent(finding: Finding, estate: Estate) -> Prescription | None:
    """Azure has no call for it: whatever it could run in a guest, the agent would have to run."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    in_guest = (*_LINUX,) if machine.is_linux else (*_WINDOWS,) if machine.is_windows else (*_WINDOWS, *_LINUX)
    query = "instanceView.vmAgent.[vmAgentVersion,statuses[0].displayStatus]"
    verify = az("vm", "get-instance-view", "--ids", machine.id, "--query", query, "--output", "tsv")
    allowed = az("vm", "show", "--ids", machine.id, "--query", "osProfile.allowExtensionOperations", "--output", "tsv")
    return Prescription(
        steps=(
            *in_guest,
            f"Check that Azure may use it (anything but false): {allowed}",
            f"Check within five minutes that the version is the new one and the status is Ready: {verify}",
        )
    )
