"""AUM029: the update operation was cut off by a shutdown."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import windows_error_seen, windows_errors
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

CODES = ("0x8024001E",)


@check(
    id="AUM029",
    name="windows-update-shutting-down",
    severity=Severity.LOW,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("assess-now", "restart-update-service"),
    causes=("AUM008", "AUM130", "AUM131"),
    source="Azure Update Manager troubleshooting: HRESULT table",
    seed="§8 HRESULT 0x8024001E",
)
def windows_update_shutting_down(machine: Machine, context: Context) -> Iterator[Observation]:
    """The last operation was cut off because the update service or Windows was shutting down (0x8024001E).

    ## Why it matters
    Nothing is broken, but the operation did not end: what it was to find or to install is open.

    ## What to do
    Assess again when the restart is over. If the code comes back, see what restarts the machine in its patch window.

    ## When it is wrong
    It passes by itself with the next assessment; hence the low severity.
    """
    errors = windows_errors(machine, CODES)
    yield from windows_error_seen(errors, CODES, "the operation was cut off by a shutdown of the service or of Windows")
