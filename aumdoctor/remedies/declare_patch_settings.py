"""Advice: state the patch settings where the VM is declared, so that the next deployment keeps them."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.declared import declared_patch_settings
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="declare-patch-settings",
    title="State the patch settings where the VM is declared",
    risk=Risk.ADVICE,
    reversible=True,
)
def declare_patch_settings(finding: Finding, estate: Estate) -> Prescription | None:
    """Azure has no call for it: the declaration lies in a repository. The snippets say what schedules need; without a
    schedule attached they would leave the VM to nobody, and are not given."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc or finding.details.get("scheduled") != "true":
        return None
    bicep, terraform = declared_patch_settings(
        machine, patch_mode="AutomaticByPlatform", bypass_platform_safety_checks_on_user_schedule=True
    )
    if not bicep:
        return None
    written = az(
        *("monitor", "activity-log", "list", "--resource-id", machine.id, "--offset", "30d"),
        *("--query", "[?operationName.value=='Microsoft.Compute/virtualMachines/write'].[eventTimestamp,caller]"),
        *("--output", "table"),
    )
    shown = az("vm", "show", "--ids", machine.id, "--query", machine.patch_settings_path.removeprefix("properties."))
    return Prescription(
        steps=(
            f"Find out who writes the VM: {written}",
            "State patch mode and safety flag in the template or Terraform configuration that it is deployed from; "
            "arguments that are left out there are set back with each deployment.",
            f"Deploy it once, and check that the settings are still there: {shown}",
        ),
        bicep=bicep,
        terraform=terraform,
    )
