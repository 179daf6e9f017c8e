"""Advice: put the Application Health extension on the members of a scale set."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="add-application-health",
    title="Put the Application Health extension on the scale set",
    risk=Risk.ADVICE,
    reversible=True,
    portal="Virtual machine scale sets > (the scale set) > Operations > Health and repair",
)
def add_application_health(finding: Finding, estate: Estate) -> Prescription | None:
    """Not made out as a call: where the application answers for its health is its owner's to say."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    kind = "ApplicationHealthWindows" if machine.is_windows else "ApplicationHealthLinux"
    extension = ("--publisher", "Microsoft.ManagedServices", "--name", kind, "--version", "1.0")
    settings = ("--settings", '{"protocol":"http","port":80,"requestPath":"/health"}')
    scale_set = machine.virtual_machine_scale_set_id
    steps = ["Find out by which protocol, port and path the application says that it is well."]
    if scale_set is not None:
        of_set = (
            "--subscription",
            ids.subscription_of(scale_set),
            "--resource-group",
            ids.resource_group_of(scale_set),
        )
        line = az("vmss", "extension", "set", *of_set, "--vmss-name", ids.name_of(scale_set), *extension, *settings)
        steps.append(f"With these, put it into the model of the scale set: {line}")
    of_vm = ("--subscription", machine.subscription_id, "--resource-group", machine.resource_group)
    line = az("vm", "extension", "set", *of_vm, "--vm-name", machine.name, *extension, *settings)
    steps.append(f"Do the same on a member that is there already: {line}")
    steps.append("Leave patch mode AutomaticByPlatform and the safety flag false: Azure then patches in batches.")
    return Prescription(steps=tuple(steps))
