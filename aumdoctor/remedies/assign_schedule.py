"""RC-08: attach a machine to a schedule by a static assignment."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assignments import API_VERSION, az_words
from aumdoctor.remedies.declared import declared_assignment
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


@remedy(
    name="assign-schedule",
    title="Attach the machine to the schedule",
    risk=Risk.CONSENT,
    reversible=True,
    portal="Azure Update Manager > Resources > Machines > (the machine) > Updates > Scheduling > "
    "Attach maintenance configuration",
)
def assign_schedule(finding: Finding, estate: Estate) -> Prescription | None:
    """PUT of a configuration assignment on the machine; taken back by deleting it. From then on the schedule patches
    and restarts the machine, hence the consent."""
    schedule = finding.details.get("maintenanceConfigurationId")
    machine = estate.machines_by_key.get(ids.key(finding.details.get("machineId", "")))
    if machine is None or schedule is None:
        return None
    name = ids.name_of(schedule)
    call = ArmCall(
        method="PUT",
        path=f"{machine.id}/providers/Microsoft.Maintenance/configurationAssignments/{name}",
        api_version=API_VERSION,
        body={"location": machine.location, "properties": {"maintenanceConfigurationId": schedule}},
    )
    what = ("--location", machine.location, "--maintenance-configuration-id", schedule)
    steps = ["Do it at least 15 minutes before the window begins, or the machine is left out of that run."]
    if machine.is_azure_vm and not (machine.is_platform_patch_mode and machine.bypasses_platform_safety_checks):
        steps.append("Set the VM to customer managed schedules as well, or the schedule cannot patch it.")
    bicep, terraform = declared_assignment(machine, name, schedule, API_VERSION)
    return Prescription(
        calls=(call,),
        az=(az("maintenance", "assignment", "create", *az_words(machine.id, name), *what),),
        steps=tuple(steps),
        bicep=bicep,
        terraform=terraform,
    )
