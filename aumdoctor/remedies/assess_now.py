"""RC-06: assess a machine now."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.patch_settings import ARC_API_VERSION, VM_API_VERSION
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy


def assessment_call(machine: Machine) -> ArmCall:
    """The request, a long-running operation without a body."""
    api_version = ARC_API_VERSION if machine.is_arc else VM_API_VERSION
    return ArmCall(method="POST", path=f"{machine.id}/assessPatches", api_version=api_version)


def assessment_line(machine: Machine) -> str:
    """The same as a command line (`az connectedmachine` is an extension that az installs by itself)."""
    if machine.is_arc:
        return az("connectedmachine", "assess-patches", *named(machine))
    return az("vm", "assess-patches", "--ids", machine.id)


def named(machine: Machine) -> tuple[str, ...]:
    """`--name`, `--resource-group` and `--subscription` of a machine, for commands that take no `--ids`."""
    group, subscription = machine.resource_group, machine.subscription_id
    return ("--name", machine.name, "--resource-group", group, "--subscription", subscription)


@remedy(
    name="assess-now",
    title="Assess the machine now",
    risk=Risk.SAFE,
    reversible=False,
    portal="Azure Update Manager > Resources > Machines > (the machine) > Check for updates",
)
def assess_now(finding: Finding, estate: Estate) -> Prescription | None:
    """POST assessPatches: it also installs or repairs the patch extension. The machine has to be up."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None:
        return None
    return Prescription(
        calls=(assessment_call(machine),),
        az=(assessment_line(machine),),
        steps=() if machine.is_reachable else ("The machine must be running and its agent connected first.",),
    )
