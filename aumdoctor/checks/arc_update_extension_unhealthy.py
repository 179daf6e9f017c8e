"""AUM015: the update extension of an Arc-enabled server is there and does not work."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import os_update_extensions, update_extension_kind, version_parts
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Extension, Machine

_UNDER_WAY = ("creating", "updating", "deleting")

_MENDED_IN = {
    "windowsosupdateextension": ("1.0.28.0", "older versions hang while they are enabled, until the window is over"),
    "linuxosupdateextension": ("1.0.55.0", "older versions do not know deb822 sources, Ubuntu 24.04 and Debian 12"),
}
"""The first version without a known fault, and the fault (azure-docs, overview-arc-enabled-vm-extensions.md)."""


@check(
    id="AUM015",
    name="arc-update-extension-unhealthy",
    severity=Severity.HIGH,
    applies_to=Subject.ARC,
    needs=(Fact.EXTENSIONS,),
    blocks=(Operation.ASSESS, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("delete-arc-extension",),
    causes=("AUM133",),
    source="azure-docs: update-manager/troubleshoot.md, update-manager/overview-arc-enabled-vm-extensions.md",
    seed="§14 Arc machines: extension status check",
)
def arc_update_extension_unhealthy(machine: Machine, context: Context) -> Iterator[Observation]:
    """The update extension of an Arc-enabled server is not in the state `Succeeded`, or is of a version with a known
    fault.

    ## Why it matters
    The extension carries out assessments, installations and scheduled runs. Failed, or hanging while it is created, it
    accepts no work, and runs stay `InProgress` until their window is over. `WindowsOsUpdateExtension` before 1.0.28.0
    is known to hang like that; `LinuxOsUpdateExtension` before 1.0.55.0 does not know deb822 sources, Ubuntu 24.04 and
    Debian 12.

    ## What to do
    Delete the extension outside a window and assess the machine: that installs the newest version. Read the
    extension's own message first, it often names the cause.

    ## When it is wrong
    `Creating`, `Updating` and `Deleting` are also what a change under way looks like; Azure does not say since when, so
    these are reported with low confidence. Look again after half an hour.
    """
    for extension in os_update_extensions(machine):
        observation = _judge(extension)
        if observation is not None:
            yield observation


def _judge(extension: Extension) -> Observation | None:
    below = f"extensions[?name == '{extension.name}']"
    state = extension.provisioning_state or "Succeeded"
    level = (extension.status.level if extension.status else None) or "Information"
    mended_in, fault = _MENDED_IN[update_extension_kind(extension)]
    version, mended = version_parts(extension.version), version_parts(mended_in)
    outdated = version is not None and mended is not None and version < mended
    signs: list[Sign] = []
    complaints: list[str] = []
    if state.lower() != "succeeded":
        signs.append(sign(f"{below}.properties.provisioningState", state, "Succeeded"))
        complaints.append(f"is {state}")
    if level.lower() == "error":
        signs.append(sign(f"{below}.properties.instanceView.status.level", level, "Information"))
        complaints.append("reports an error")
    under_way = state.lower() in _UNDER_WAY and level.lower() != "error"
    if under_way:
        complaints.append("which may be a change under way")
    faulty = bool(complaints) and not under_way
    if outdated:
        signs.append(sign(f"{below}.properties.typeHandlerVersion", extension.version, f">= {mended_in}"))
        complaints.append(f"is of version {extension.version}, before {mended_in}: {fault}")
    if not signs:
        return None
    if extension.status is not None and extension.status.message:
        signs.append(sign(f"{below}.properties.instanceView.status.message", extension.status.message))
    # Hanging in `Creating` is what the old versions are known for; a current one is more likely at work.
    confidence = (Confidence.MEDIUM if outdated else Confidence.LOW) if under_way else None
    return observe(
        f"{extension.name} {', '.join(complaints)}",
        *signs,
        severity=None if faulty else Severity.MEDIUM,
        confidence=confidence,
        extension=extension.name,
    )
