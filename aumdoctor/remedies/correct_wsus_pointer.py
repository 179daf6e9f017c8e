"""Advice: correct the WSUS server that a machine is pointed at."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.guest import assess_again
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

_POLICIES = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"


@remedy(
    name="correct-wsus-pointer",
    title="Correct the address of the WSUS server",
    risk=Risk.ADVICE,
    reversible=False,
)
def correct_wsus_pointer(finding: Finding, estate: Estate) -> Prescription | None:
    """The address comes from a group policy: changed in the registry it would come back."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        steps=(
            f"On the machine, see where it is pointed: Get-ItemProperty '{_POLICIES}' -Name WUServer, WUStatusServer; "
            rf"Get-ItemProperty '{_POLICIES}\AU' -Name UseWUServer",
            "Both addresses need http:// or https:// and the port, for example https://wsus.example.com:8531.",
            "Ask the server: Invoke-WebRequest -UseBasicParsing "
            f"\"$((Get-ItemProperty '{_POLICIES}').WUServer)/ClientWebService/client.asmx\"",
            "Correct the address in the group policy (gpresult /h gp.html shows which), then: gpupdate /force",
            assess_again(machine),
        )
    )
