"""Advice: catch up with an installation on demand."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="install-on-demand",
    title="Catch up with an installation on demand",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Update Manager > Resources > Machines > One-time update",
)
def install_on_demand(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: it installs and restarts, and what to install is the owner's to say."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        steps=(
            f"At a time when the machine may restart: {_line(machine)}",
            "The maximum duration may be up to PT3H55M; 25 minutes of it are kept for the last update and the restart.",
            "Check that the installation's status is Succeeded and maintenanceWindowExceeded is false in its result.",
        )
    )


def _line(machine: Machine) -> str:
    limits = ("--maximum-duration", "PT3H55M", "--reboot-setting", "IfRequired")
    if machine.is_arc:
        option = "--linux-parameters" if machine.is_linux else "--windows-parameters"
        chosen = '{"classificationsToInclude":["Critical","Security"]}'
        return az("connectedmachine", "install-patches", *named(machine), *limits, option, chosen)
    option = "--classifications-to-include-linux" if machine.is_linux else "--classifications-to-include-win"
    return az("vm", "install-patches", "--ids", machine.id, *limits, option, "Critical", "Security")
