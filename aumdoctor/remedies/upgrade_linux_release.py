"""Advice: upgrade a Linux release that has ended, or extend its support."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="upgrade-linux-release",
    title="Upgrade the release, or extend its support",
    risk=Risk.ADVICE,
    reversible=False,
)
def upgrade_linux_release(finding: Finding, estate: Estate) -> Prescription | None:
    """Azure Update Manager does not upgrade from one release to the next."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    instead = finding.details.get("instead")
    if machine is None or machine.is_windows:
        return None
    steps = ["Look at what the machine itself says: cat /etc/os-release"]
    if instead:
        steps.append(f"What it can go on with: {instead}.")
    ubuntu = "ubuntu" in finding.message.lower()
    if ubuntu and machine.is_azure_vm:
        licence = az("vm", "update", "--ids", machine.id, "--license-type", "UBUNTU_PRO")
        steps.append(f"For Ubuntu Pro on the VM (it costs by the hour), then pro auto-attach inside it: {licence}")
    if not ubuntu:
        steps.append(
            "On RHEL that is locked to a minor release: rm /etc/dnf/vars/releasever and change from the EUS to the "
            "usual RHUI repositories, then dnf update."
        )
    steps.append("Take a snapshot of the OS disk first; an upgrade within the machine cannot be taken back.")
    steps.append(assess_again(machine))
    return Prescription(steps=tuple(steps))
