"""AUM016: a running VM lacks the patch extension."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import is_ready, patch_extension_handlers, patch_extensions
from aumdoctor.checks.signs import power_state_undetermined
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM016",
    name="patch-extension-missing",
    severity=Severity.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.INSTANCE_VIEW, Fact.POWER_STATE),
    uses=(Fact.EXTENSIONS,),
    remedies=("assess-now",),
    source="azure-docs: update-manager/troubleshoot.md; Azure/LinuxPatchExtension #279",
    seed="§15 Azure machines: extension installed check",
)
def patch_extension_missing(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The patch extension is neither among the VM's extensions nor among the handlers that its agent reports.

    ## Why it matters
    `WindowsPatchExtension` or `LinuxPatchExtension` (publisher Microsoft.CPlat.Core) assesses and patches the VM. Azure
    installs it with the first assessment, installation or scheduled run. Missing, it was never triggered, or something
    keeps extensions off the VM: AUM018 (extension operations not allowed), AUM042 (agent not ready).

    ## What to do
    Assess the VM now, which installs the extension. It is reserved for Azure: installing it by `az vm extension set`
    is refused with `OperationNotAllowed`.

    ## When it is wrong
    On a VM that was created a moment ago. A VM that is off reports no handlers and is not judged. Where the agent is
    not ready its list may be incomplete, so the confidence is medium.
    """
    if any(patch_extension_handlers(machine)) or any(patch_extensions(machine)):
        return
    if context.estate.reading(Fact.INSTANCE_VIEW, machine.key).outcome is Outcome.INFERRED:
        return
    undetermined = power_state_undetermined(machine)
    if undetermined is not None:
        yield undetermined
        return
    if machine.power_state != "running":
        return
    status = machine.vm_agent.status if machine.vm_agent else None
    wanted = f"Microsoft.CPlat.Core.{'Linux' if machine.is_linux else 'Windows'}PatchExtension"
    yield observe(
        f"{wanted} is not on the VM: nothing was triggered by Azure Update Manager yet, or extensions are kept off",
        sign(
            "properties.instanceView.vmAgent.extensionHandlers[].type",
            [handler.type for handler in machine.extension_handlers],
            wanted,
        ),
        sign("properties.instanceView.extensions[].name", [extension.name for extension in machine.extensions]),
        confidence=None if status is not None and is_ready(status) else Confidence.MEDIUM,
    )
