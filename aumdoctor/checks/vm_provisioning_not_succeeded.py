"""AUM044: Azure's last operation on the VM's model did not succeed, or is not finished."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine

_UNDER_WAY = ("creating", "updating", "deleting")


@check(
    id="AUM044",
    name="vm-provisioning-not-succeeded",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE,),
    remedies=("reapply",),
    source="azure-mgmt-compute 39.0.0: VirtualMachine.provisioningState; azure-compute-docs: "
    "troubleshoot-maintenance-configurations.md",
)
def vm_provisioning_not_succeeded(machine: Machine, context: Context) -> Iterator[Observation]:
    """The provisioning state of the VM is `Failed`, or a change of it is under way.

    ## Why it matters
    A VM whose last change failed often refuses the next one as well: a change of patch settings, an assessment, an
    installation. One that is being changed makes a schedule's run wait, until its window is over.

    ## What to do
    For `Failed`: read the error of the failed operation in the activity log, then re-apply the VM's state, outside a
    patch window. For a change under way: wait, and look again after half an hour.

    ## When it is wrong
    The state speaks of the last operation on the model, not of the guest: a VM with a failed extension can run and be
    patched all the same. `Creating`, `Updating` and `Deleting` are normal for minutes, and Azure does not say since
    when; they weigh little. States that are not known here are not judged, nor is an absent one.
    """
    if machine.provisioning_state == "Succeeded" or machine.provisioning_state is None:
        return
    state = machine.provisioning_state.lower()
    seen = sign("properties.provisioningState", machine.provisioning_state, "Succeeded")
    if state == "failed":
        yield observe("the last operation on the VM failed; the next change of it may be refused as well", seen)
    elif state in _UNDER_WAY:
        yield observe(
            f"a change of the VM is under way ({machine.provisioning_state}), and a run would have to wait for it",
            seen,
            severity=Severity.LOW,
            confidence=Confidence.LOW,
        )
