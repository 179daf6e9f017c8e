"""Advice: let the Arc agent run the extensions that assess and patch."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import ArcAgent
from aumdoctor.remedies.assess_now import assessment_line
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_FOR_WINDOWS = (
    "Microsoft.SoftwareUpdateManagement/WindowsOsUpdateExtension",
    "Microsoft.CPlat.Core/WindowsPatchExtension",
)
_FOR_LINUX = ("Microsoft.SoftwareUpdateManagement/LinuxOsUpdateExtension", "Microsoft.CPlat.Core/LinuxPatchExtension")


@remedy(
    name="allow-arc-extensions",
    title="Allow the update extensions in the Arc agent",
    risk=Risk.ADVICE,
    reversible=True,
)
def allow_arc_extensions(finding: Finding, estate: Estate) -> Prescription | None:
    """The settings can be changed on the machine only, by design: Azure has no call for them."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    extensions = _FOR_LINUX if machine.is_linux else _FOR_WINDOWS
    return Prescription(
        steps=(
            "Ask the owner: the agent is usually locked down on purpose. On the machine, as administrator or root, see "
            "the settings: azcmagent config list",
            *_commands(machine.arc, extensions),
            f"Check that an assessment goes through: {assessment_line(machine)}",
        )
    )


def _commands(agent: ArcAgent, extensions: tuple[str, str]) -> tuple[str, ...]:
    names = ",".join(extensions)
    steps: list[str] = []
    if (agent.config_mode or "").lower() == "monitor":
        steps.append(
            "Leave monitor mode, after which your own lists count again: azcmagent config set config.mode full"
        )
    if agent.extensions_enabled is False:
        steps.append("Switch the extension manager on: azcmagent config set extensions.enabled true")
    if agent.extensions_block_list:
        steps.append(
            "Take the two out of the block list, and any pattern that covers them (a block list beats an allow list): "
            f'azcmagent config set extensions.blocklist "{names}" --remove'
        )
    if agent.extensions_allow_list:
        steps.append(
            'Add them to the allow list, in place of "Allow/None" if that stands there: '
            f'azcmagent config set extensions.allowlist "{names}" --add'
        )
    if agent.guest_configuration_enabled is False:
        steps.append(
            "Only if the assessment still fails: azcmagent config set guestconfiguration.enabled true (it also lets "
            "Azure Policy audit and configure the machine inside)"
        )
    return tuple(steps)
