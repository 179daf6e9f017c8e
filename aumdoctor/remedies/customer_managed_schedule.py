"""RC-01 and RC-02: customer managed schedules, on Windows and on Linux."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.declared import declared_patch_settings
from aumdoctor.remedies.patch_settings import az_line, patch_of
from aumdoctor.remedies.remedy import Prescription, Risk, remedy

SETTINGS = {
    "patchMode": "AutomaticByPlatform",
    "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True},
}


def set_customer_managed(machine: Machine, *steps: str) -> Prescription | None:
    """The change itself, which leaves the machine to its schedules; shared with the remedy that attaches none."""
    call = patch_of(machine, SETTINGS)
    if call is None or machine.is_arc:
        return None
    if machine.patch_settings.enable_hotpatching:
        steps = (
            "Hotpatching is on, and Azure may refuse the change with 400 InvalidParameter (hotpatching requires the "
            "platform safety checks); then decide between hotpatching and the schedule.",
            *steps,
        )
    bicep, terraform = declared_patch_settings(
        machine, patch_mode="AutomaticByPlatform", bypass_platform_safety_checks_on_user_schedule=True
    )
    return Prescription(
        calls=(call,), az=(az_line(machine, call, SETTINGS),), steps=steps, bicep=bicep, terraform=terraform
    )


@remedy(
    name="customer-managed-schedule",
    title="Let the attached schedule patch the VM",
    risk=Risk.SAFE,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > Update settings > Patch orchestration: "
    "Customer Managed Schedules",
)
def customer_managed_schedule(finding: Finding, estate: Estate) -> Prescription | None:
    """PATCH of the VM model; no restart. The guest's own updates and Azure's automatic guest patching stop, so it is
    made out only where the finding says that a schedule is attached (`details.scheduled` is "true")."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or finding.details.get("scheduled") != "true":
        return None
    return set_customer_managed(machine)
