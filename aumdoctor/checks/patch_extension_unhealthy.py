"""AUM017: the patch extension of a running VM failed."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import is_ready, patch_extension_handlers, patch_extensions
from aumdoctor.checks.signs import power_state_undetermined
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine, Status

_UNDER_WAY = ("installing", "enabling", "creating", "updating", "transitioning", "deleting", "uninstalling")


@check(
    id="AUM017",
    name="patch-extension-unhealthy",
    severity=Severity.HIGH,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.INSTANCE_VIEW, Fact.POWER_STATE),
    uses=(Fact.EXTENSIONS,),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("assess-now", "reapply", "repair-sudo"),
    causes=("AUM023", "AUM129"),
    source="azure-docs: update-manager/troubleshoot.md; Azure/LinuxPatchExtension src/extension (exit codes)",
    seed="§15 Azure machines: extension status check",
)
def patch_extension_unhealthy(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The patch extension is on the VM and failed: its handler is not ready, or its last state is a failure.

    ## Why it matters
    Everything that Azure Update Manager does on the VM is done by this extension. Failed, it accepts no assessment, no
    installation and no scheduled run.

    ## What to do
    Assess the VM now: that triggers the extension again and repairs it where the failure was passing. If it fails
    again, read its message; on Linux exit code 51 is an unsupported system, 52 a missing Python, 88 often a missing
    sudo. Then check disk space and the way to 168.63.129.16, and re-apply the VM's state.

    ## When it is wrong
    A handler that is just being installed or updated is reported with low confidence. An extension that works on a
    request (`transitioning`) is not reported, nor is a VM that is off: its states are of the time when it ran.
    """
    signs, failed = _signs(machine)
    if not signs or context.estate.reading(Fact.INSTANCE_VIEW, machine.key).outcome is Outcome.INFERRED:
        return
    undetermined = power_state_undetermined(machine)
    if undetermined is not None:
        yield undetermined
    elif machine.power_state == "running":
        said = next((seen.observed for seen in signs if seen.path.endswith(".message")), None)
        yield observe(
            f"the patch extension {'failed' if failed else 'is not ready yet'}{f': {said}' if said else ''}",
            *signs,
            severity=None if failed else Severity.MEDIUM,
            confidence=None if failed else Confidence.LOW,
        )


def _signs(machine: Machine) -> tuple[list[Sign], bool]:
    """What speaks against the extension, and whether that is a failure (and not a change under way)."""
    signs: list[Sign] = []
    failed = False
    for handler in patch_extension_handlers(machine):
        if handler.status is not None and not is_ready(handler.status):
            path = f"properties.instanceView.vmAgent.extensionHandlers[?type == '{handler.type}'].status"
            signs += _status_signs(path, handler.status)
            failed = failed or not _is_under_way(handler.status)
    for extension in patch_extensions(machine):
        if extension.status is not None and _has_failed(extension.status):
            path = f"properties.instanceView.extensions[?name == '{extension.name}'].statuses[0]"
            signs += _status_signs(path, extension.status)
            failed = True
        if (extension.provisioning_state or "").lower() == "failed":
            path = f"extensions[?name == '{extension.name}'].properties.provisioningState"
            signs.append(sign(path, extension.provisioning_state, "Succeeded", fact=Fact.EXTENSIONS))
            failed = True
    return signs, failed


def _status_signs(path: str, status: Status) -> Iterator[Sign]:
    yield sign(f"{path}.code", status.code, "ProvisioningState/succeeded")
    if status.display_status is not None:
        yield sign(f"{path}.displayStatus", status.display_status, "Ready")
    if status.message:
        yield sign(f"{path}.message", status.message)


def _is_under_way(status: Status) -> bool:
    state = (status.code or "").lower().removeprefix("provisioningstate/").split("/")[0]
    return state in _UNDER_WAY and (status.level or "").lower() != "error"


def _has_failed(status: Status) -> bool:
    # `ProvisioningState/failed/88` carries the exit code of the extension.
    return (status.code or "").lower().startswith("provisioningstate/failed") or (status.level or "").lower() == "error"
