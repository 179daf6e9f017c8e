"""AUM038: the VM was created to have no agent."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import is_ready
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM038",
    name="vm-agent-not-provisioned",
    severity=Severity.CRITICAL,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE,),
    uses=(Fact.INSTANCE_VIEW, Fact.POWER_STATE),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("install-vm-agent",),
    causes=("AUM008", "AUM016", "AUM017", "AUM023", "AUM042"),
    source="azure-mgmt-compute 39.0.0: WindowsConfiguration, LinuxConfiguration; azure-compute-docs: "
    "linux/disable-provisioning.md",
)
def vm_agent_not_provisioned(machine: Machine, context: Context) -> Iterator[Observation]:
    """`provisionVMAgent` is false: the VM was created without the agent that carries every extension.

    ## Why it matters
    Without the agent there is no patch extension, and without that neither assessment nor installation, by whatever
    way they are asked for. The patch and assessment modes `AutomaticByPlatform` ask for the property to be true.

    ## What to do
    Install the agent inside the guest. The property itself is set when a VM is created; Azure changes it on an existing
    VM, if at all, only together with a new VM from its disks.

    ## When it is wrong
    Somebody may have installed the agent later: where it reports `Ready`, or a fresh assessment proves that it works,
    nothing is said. Where its state is not known, because the VM is off or the instance view was not read, the
    confidence is medium. An absent property means true. That it cannot be changed later is an inference from the
    documentation, which knows it only at creation.
    """
    if machine.provision_vm_agent is not False:
        return
    view = context.estate.reading(Fact.INSTANCE_VIEW, machine.key)
    status = machine.vm_agent.status if machine.vm_agent else None
    if view.outcome is Outcome.INFERRED or (status is not None and is_ready(status)):
        return
    signs = [sign(f"{machine.os_configuration_path}.provisionVMAgent", False, True)]
    is_known_absent = view.is_known and machine.power_state == "running"
    if is_known_absent:
        code = status.code if status is not None else None
        path = "properties.instanceView.vmAgent.statuses[0].code"
        signs.append(sign(path, code, "ProvisioningState/succeeded", fact=Fact.INSTANCE_VIEW))
    yield observe(
        "it was created without the VM agent (provisionVMAgent is false)"
        + (", and no agent reports from it" if is_known_absent else "; whether one was installed since is not known"),
        *signs,
        confidence=None if is_known_absent else Confidence.MEDIUM,
    )
