"""AUM042: the VM agent of a running VM is not ready."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import is_ready
from aumdoctor.checks.signs import power_state_sign, power_state_undetermined
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_STATUS = "properties.instanceView.vmAgent.statuses[0]"


@check(
    id="AUM042",
    name="vm-agent-not-ready",
    severity=Severity.CRITICAL,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.INSTANCE_VIEW, Fact.POWER_STATE),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("restart-vm-agent", "reapply"),
    causes=("AUM008", "AUM016", "AUM017", "AUM023", "AUM087", "AUM129", "AUM130", "AUM133", "AUM136"),
    source="Azure/WALinuxAgent #652; azure-docs: update-manager/troubleshooter-known-issues.md",
)
def vm_agent_not_ready(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The VM runs and its agent does not report `Ready`, so no extension can be started on it.

    ## Why it matters
    The agent starts the patch extension and reports what it did. An agent that is stopped, cannot reach 168.63.129.16
    or has no disk space left does neither, and every assessment and installation times out. Run Command needs the
    agent as well and is no way in.

    ## What to do
    Restart the agent inside the guest, check disk space and the way to 168.63.129.16, restart the VM if that does not
    help. Re-applying the VM's state mends a stale status on Azure's side.

    ## When it is wrong
    In the minutes after a start. A VM that is off has no agent status at all and is never judged.
    """
    status = machine.vm_agent.status if machine.vm_agent else None
    if status is not None and is_ready(status):
        return
    if status is None and context.estate.reading(Fact.INSTANCE_VIEW, machine.key).outcome is Outcome.INFERRED:
        return
    undetermined = power_state_undetermined(machine)
    if undetermined is not None:
        yield undetermined
        return
    if machine.power_state != "running":
        return
    if machine.vm_agent is None:
        yield observe(
            "the VM runs and its agent never reported: it is not installed, or cannot reach Azure",
            sign("properties.instanceView.vmAgent", None, "an agent that is Ready"),
            power_state_sign(machine),
            confidence=Confidence.MEDIUM,
        )
    elif status is None:
        # Azure leaves the list empty while a VM changes its state.
        yield Undetermined(fact=Fact.INSTANCE_VIEW, reason="Azure sent no status of the VM agent")
    else:
        signs = [sign(f"{_STATUS}.code", status.code, "ProvisioningState/succeeded")]
        if status.display_status is not None:
            signs.append(sign(f"{_STATUS}.displayStatus", status.display_status, "Ready"))
        if status.message:
            signs.append(sign(f"{_STATUS}.message", status.message))
        said = f": {status.message}" if status.message else ""
        yield observe(
            f"the VM agent is {status.display_status or status.code}{said}", *signs, power_state_sign(machine)
        )
