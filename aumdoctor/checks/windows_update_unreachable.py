"""AUM025: the Windows Update agent does not get through to its update source."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import windows_error_seen, windows_errors
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

CODES = ("0x8024402C", "0x8024401C", "0x8024402F", "0x80072EE2")


@check(
    id="AUM025",
    name="windows-update-unreachable",
    severity=Severity.HIGH,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("open-windows-update-endpoints", "assess-now"),
    causes=("AUM008", "AUM130", "AUM131"),
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x8024402C, 0x8024401C, 0x8024402F, 0x80072EE2",
)
def windows_update_unreachable(machine: Machine, context: Context) -> Iterator[Observation]:
    """Windows Update reports a network error: the machine does not get through to its update source.

    ## Why it matters
    Without a way to Windows Update, or to the WSUS server that the machine is pointed at, nothing can be assessed,
    downloaded or installed.

    ## What to do
    0x8024402C: the name of the server or of the proxy is not resolved (DNS, WinHTTP proxy). 0x80072EE2: no answer in
    time (firewall, security group, route). 0x8024401C: the server answered with a time-out, often an overloaded WSUS
    server. 0x8024402F: a filter between them changed what was downloaded. Let the Windows Update endpoints through,
    then assess again.

    ## When it is wrong
    A short outage at the time of the assessment leaves the same code until the next one. On a machine that uses WSUS
    the address in its policy may be the cause: see AUM027.
    """
    errors = windows_errors(machine, CODES)
    yield from windows_error_seen(errors, CODES, "the machine does not get through to its update source")
