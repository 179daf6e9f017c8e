"""Advice: read the whole list of errors in the log on the machine."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_VM_WINDOWS = r"C:\WindowsAzure\Logs\Plugins\Microsoft.CPlat.Core.WindowsPatchExtension (in the folder of its version)"
_VM_LINUX = "/var/log/azure/Microsoft.CPlat.Core.LinuxPatchExtension (the newest *.core.log)"
_ARC_WINDOWS = r"C:\ProgramData\GuestConfig\extension_logs\Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension"
_ARC_LINUX = "/var/lib/GuestConfig/extension_logs (in the folder of LinuxOsUpdateExtension)"


@remedy(
    name="read-guest-log",
    title="Read the extension's log on the machine",
    risk=Risk.ADVICE,
    reversible=False,
)
def read_guest_log(finding: Finding, estate: Estate) -> Prescription | None:
    """What Azure cut off stands in the guest."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        steps=(
            *(f"On the machine read the extension's log below {place}" for place in _places(machine)),
            "Look errors up with `aumdoctor explain`, the first one first: what follows is often its consequence.",
        )
    )


def _places(machine: Machine) -> tuple[str, ...]:
    windows, linux = (_ARC_WINDOWS, _ARC_LINUX) if machine.is_arc else (_VM_WINDOWS, _VM_LINUX)
    return (windows,) if machine.is_windows else (linux,) if machine.is_linux else (windows, linux)
