"""AUM014: an Arc-enabled server lacks the update extension."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import os_update_extensions
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM014",
    name="arc-update-extension-missing",
    severity=Severity.HIGH,
    applies_to=Subject.ARC,
    needs=(Fact.EXTENSIONS,),
    remedies=("assess-now",),
    source="azure-docs: update-manager/troubleshoot.md, update-manager/workflow-update-manager.md",
    seed="§14 Arc machines: extension installed check",
)
def arc_update_extension_missing(machine: Machine, context: Context) -> Iterator[Observation]:
    """The extension that assesses and patches an Arc-enabled server is not on it.

    ## Why it matters
    `WindowsOsUpdateExtension` or `LinuxOsUpdateExtension` (publisher Microsoft.SoftwareUpdateManagement) does the
    work. Azure installs it with the first assessment, installation or scheduled run. Where it is missing, none of
    these was ever triggered, or its installation failed and left nothing behind.

    ## What to do
    Assess the machine now: that installs the extension and shows at once whether it can run. Attaching a schedule also
    installs it, though only at the first run.

    ## When it is wrong
    On a server that was onboarded a moment ago. An extension that another check rests on as present is not reported.
    """
    if any(os_update_extensions(machine)):
        return
    if context.estate.reading(Fact.EXTENSIONS, machine.key).outcome is Outcome.INFERRED:
        return
    wanted = "LinuxOsUpdateExtension" if machine.is_linux else "WindowsOsUpdateExtension"
    if not (machine.is_linux or machine.is_windows):
        wanted = "WindowsOsUpdateExtension or LinuxOsUpdateExtension"
    yield observe(
        f"{wanted} is not installed: nothing was triggered by Azure Update Manager yet, or its installation failed",
        sign("extensions[?properties.publisher == 'Microsoft.SoftwareUpdateManagement'].properties.type", None, wanted),
    )
