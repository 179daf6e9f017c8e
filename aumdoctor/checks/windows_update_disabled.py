"""AUM026: Windows Update is switched off on the machine."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import windows_error_seen, windows_errors
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

CODES = ("0x8024002E", "0x80070422")


@check(
    id="AUM026",
    name="windows-update-disabled",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("enable-windows-update-service", "assess-now"),
    causes=("AUM008", "AUM130", "AUM131"),
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x8024002E, 0x80070422",
)
def windows_update_disabled(machine: Machine, context: Context) -> Iterator[Observation]:
    """The service Windows Update (`wuauserv`) is disabled, or a policy forbids access to the update source.

    ## Why it matters
    The patch extension installs nothing itself, it asks this service. The service need not run all the time, but it
    must be startable.

    ## What to do
    0x80070422, or the text "The service cannot be started": set the service's start type back to manual. 0x8024002E:
    also look for the policies `DisableWindowsUpdateAccess` and "Do not connect to any Windows Update Internet
    locations", and lift them where they are set, in the group policy.

    ## When it is wrong
    The code may come from a service that Windows Update depends on (BITS, Cryptographic Services).
    """
    errors = windows_errors(machine, CODES, "the service cannot be started")
    yield from windows_error_seen(errors, CODES, "Windows Update is switched off by its start type or by a policy")
