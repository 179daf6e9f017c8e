"""Advice: bring the VM agent back inside the guest."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy

_WINDOWS = (
    "In the guest (RDP, Bastion or the serial console; Run Command needs the agent itself): "
    "Get-Service RdAgent, WindowsAzureGuestAgent",
    "Restart it: Restart-Service RdAgent; Restart-Service WindowsAzureGuestAgent. "
    "If the services are missing, install the Azure VM agent (https://aka.ms/WaAgent).",
    "Check the way to Azure: Test-NetConnection 168.63.129.16 -Port 80; Test-NetConnection 168.63.129.16 -Port 32526",
    "Check the disk space: Get-Volume -DriveLetter C; the log is C:\\WindowsAzure\\Logs\\WaAppAgent.log",
)
_LINUX = (
    "In the guest (SSH or the serial console; Run Command needs the agent itself): "
    "systemctl status walinuxagent (Debian, Ubuntu) or systemctl status waagent",
    "Restart it: sudo systemctl restart walinuxagent, or sudo systemctl restart waagent. "
    "If the unit is missing, install the package walinuxagent or WALinuxAgent.",
    "Check the way to Azure: curl -sS --max-time 5 'http://168.63.129.16/?comp=versions'",
    "Check the disk space: df -h / /var; the log is /var/log/waagent.log",
)


@remedy(
    name="restart-vm-agent",
    title="Restart the VM agent inside the guest",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Virtual machines > (the machine) > Help > Serial console",
)
def restart_vm_agent(finding: Finding, estate: Estate) -> Prescription | None:
    """Azure has no call for it: the agent that would carry it out is the one that is missing."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    in_guest = (*_LINUX,) if machine.is_linux else (*_WINDOWS,) if machine.is_windows else (*_WINDOWS, *_LINUX)
    query = "instanceView.vmAgent.statuses[0].displayStatus"
    verify = az("vm", "get-instance-view", "--ids", machine.id, "--query", query, "--output", "tsv")
    return Prescription(
        steps=(*in_guest, f"Check within five minutes that it says Ready: {verify}", "If it does not, restart the VM.")
    )
