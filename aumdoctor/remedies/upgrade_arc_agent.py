"""Advice: bring the agent of an Arc-enabled server up to date."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.patch_settings import ARC_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy

_WINDOWS = (
    "On the server, as administrator: download the newest agent from https://aka.ms/AzureConnectedMachineAgent and "
    "run msiexec.exe /i AzureConnectedMachineAgent.msi /qn. It also comes with Microsoft Update, where that is "
    "switched on.",
)
_LINUX = (
    "On the server, upgrade the package from packages.microsoft.com: sudo apt update && sudo apt install "
    "--only-upgrade azcmagent (Debian, Ubuntu), sudo dnf upgrade azcmagent (Red Hat and its kin), "
    "sudo zypper update azcmagent (SUSE)",
)


@remedy(name="upgrade-arc-agent", title="Upgrade the Arc agent", risk=Risk.ADVICE, reversible=False)
def upgrade_arc_agent(finding: Finding, estate: Estate) -> Prescription | None:
    """An agent before 1.48 cannot upgrade itself: the first time somebody has to do it on the server."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    on_server = _LINUX if machine.is_linux else _WINDOWS if machine.is_windows else (*_WINDOWS, *_LINUX)
    keep_current = ArmCall(
        method="PATCH",
        path=machine.id,
        api_version=ARC_API_VERSION,
        body={"properties": {"agentUpgrade": {"enableAutomaticUpgrade": True}}},
    )
    verify = az("connectedmachine", "show", *named(machine), "--query", "[agentVersion,status]", "--output", "tsv")
    return Prescription(
        steps=(
            *on_server,
            "No restart is needed. From version 1.48 on, in the public cloud, Azure can keep the agent current "
            f"(preview): {keep_current.az_rest}",
            f"Check that the new version is reported, and Connected: {verify}",
        )
    )
