"""RC-04: allow extension operations on a VM."""

from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="allow-extension-operations",
    title="Allow extension operations",
    risk=Risk.CONSENT,
    reversible=False,
)
def allow_extension_operations(finding: Finding, estate: Estate) -> Prescription:
    """PATCH of the VM model; no reboot. Azure takes it back only while no extension is on the VM."""
    call = ArmCall(
        method="PATCH",
        path=finding.resource_id,
        api_version="2024-07-01",
        body={"properties": {"osProfile": {"allowExtensionOperations": True}}},
    )
    line = az("vm", "update", "--ids", finding.resource_id, "--set", "osProfile.allowExtensionOperations=true")
    return Prescription(calls=(call,), az=(line,))
