"""AUM123: an extension of an Arc-enabled server is being deleted, perhaps for ever."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import os_update_extensions, patch_extensions
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, Machine

_MANIFEST = "handlermanifest"


@check(
    id="AUM123",
    name="arc-extension-stuck-deleting",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.ARC,
    needs=(Fact.EXTENSIONS,),
    remedies=("finish-extension-deletion",),
    causes=("AUM015",),
    source="azure-arc docs: servers/troubleshoot-vm-extensions.md",
)
def arc_extension_stuck_deleting(machine: Machine, context: Context) -> Iterator[Observation]:
    """An extension of the Arc-enabled server has the state `Deleting`.

    ## Why it matters
    To remove an extension the agent runs the command that the extension's `HandlerManifest.json` names. Where that file
    is gone (removed by hand, or by a scanner), the deletion never ends, and an extension of that kind can neither be
    used nor installed again.

    ## What to do
    Wait half an hour. If it is still `Deleting`, put the file back on the server (a copy from another server with the
    same version will do) and delete the extension once more.

    ## When it is wrong
    Every deletion looks like this while it is under way, and Azure does not say since when (confidence low, high where
    the extension's message names the file). An extension that patching does not rest on is reported as low.
    """
    if not machine.extensions:
        return
    stuck = [each for each in machine.extensions if (each.provisioning_state or "").lower() == "deleting"]
    if not stuck:
        return
    ours = {each.name for each in (*os_update_extensions(machine), *patch_extensions(machine))}
    for extension in stuck:
        yield _seen(extension, serves_patching=extension.name in ours)


def _seen(extension: Extension, *, serves_patching: bool) -> Observation:
    below = f"extensions[?name == '{extension.name}'].properties"
    said = extension.status.message if extension.status is not None else None
    signs = [sign(f"{below}.provisioningState", extension.provisioning_state, "Succeeded, or no extension")]
    if said:
        signs.append(sign(f"{below}.instanceView.status.message", said))
    proven = _MANIFEST in (said or "").lower().replace(" ", "")
    why = ", and its handler manifest is missing" if proven else "; if that lasts longer than half an hour, it hangs"
    return observe(
        f"{extension.name} is being deleted{why}",
        *signs,
        severity=None if serves_patching else Severity.LOW,
        confidence=Confidence.HIGH if proven else None,
        extension=extension.name,
    )
