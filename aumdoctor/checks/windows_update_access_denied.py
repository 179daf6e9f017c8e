"""AUM028: Windows Update was denied access on the machine."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import windows_error_seen, windows_errors
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

CODES = ("0x80070005",)


@check(
    id="AUM028",
    name="windows-update-access-denied",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("repair-update-access", "reset-windows-update-store", "assess-now"),
    causes=("AUM008", "AUM130", "AUM131"),
    source="Azure Update Manager troubleshooting: HRESULT table",
    seed="§8 HRESULT 0x80070005",
)
def windows_update_access_denied(machine: Machine, context: Context) -> Iterator[Observation]:
    """Windows Update was denied access (0x80070005) on the machine.

    ## Why it matters
    The code has four usual causes: a system drive that is full, changed permissions on
    `%WinDir%\\SoftwareDistribution`, Windows Update settings that are not right, or malware. None of them heals by
    itself.

    ## What to do
    Look at them in that order, the cheapest first, then assess again.

    ## When it is wrong
    A proxy or firewall that refuses the agent's registration has been seen to end in the same code.
    """
    errors = windows_errors(machine, CODES)
    yield from windows_error_seen(errors, CODES, "Windows Update was denied access on the machine")
