"""RC-04: allow extension operations on a VM."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_extension_operations
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
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    bicep, terraform = declared_extension_operations(machine) if machine is not None else ("", "")
    return Prescription(calls=(call,), az=(line,), bicep=bicep, terraform=terraform)
