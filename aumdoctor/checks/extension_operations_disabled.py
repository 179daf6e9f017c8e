"""AUM018: extension operations are not allowed on the VM."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM018",
    name="extension-operations-disabled",
    severity=Severity.CRITICAL,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE,),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("allow-extension-operations",),
    causes=("AUM008", "AUM016", "AUM017", "AUM023", "AUM129", "AUM130"),
    source="Azure Update Manager troubleshooting: Allow extension operations check failed",
    seed="§16 Allow extension operations check failed",
)
def extension_operations_disabled(machine: Machine, context: Context) -> Iterator[Observation]:
    """`osProfile.allowExtensionOperations` is false, so no extension may run on the VM.

    ## Why it matters
    Assessment and installation are done by the patch extension. With extension operations switched off Azure refuses
    to install or trigger it, and every assessment, installation and scheduled run on the VM fails.

    ## What to do
    Set the property to true. It is often a deliberate hardening choice: ask the owner first. Azure lets it be set back
    to false only while no extension is on the VM.

    ## When it is wrong
    Never: an absent property means true, and only an explicit false is reported.
    """
    if machine.allow_extension_operations is False:
        yield observe(
            "extension operations are switched off, so the patch extension cannot run",
            sign("properties.osProfile.allowExtensionOperations", False, True),
        )
