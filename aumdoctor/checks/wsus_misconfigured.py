"""AUM027: the WSUS server that the machine is pointed at is wrong, missing or out of reach."""

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, check, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place, windows_error_seen, windows_errors
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

ALWAYS = ("0x80072EE6", "0x80244011")
"""The address is no URL (no http:// before it), and: a WSUS server is to be used, but none is named."""

WITH_WSUS = ("0x8024402C", "0x80072EE2", "0x8024401C")
"""Errors of the connection, which on a machine that uses WSUS speak of the WSUS server."""


@check(
    id="AUM027",
    name="wsus-misconfigured",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    os="windows",
    needs=(Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.ASSESS, Operation.INSTALL),
    remedies=("correct-wsus-pointer", "clear-wsus-pointer", "assess-now"),
    causes=("AUM008", "AUM025", "AUM130", "AUM131"),
    source="Azure Update Manager troubleshooting: HRESULT table; windows-itpro-docs: Windows Update error reference",
    seed="§8 HRESULT 0x8024402C with WSUS",
)
def wsus_misconfigured(machine: Machine, context: Context) -> Iterator[Observation]:
    """The machine takes its updates from a WSUS server whose address is wrong, missing, or does not answer.

    ## Why it matters
    A machine that a policy points at WSUS asks nobody else. It can neither be assessed nor patched until the server
    answers, however open the way to Microsoft's own servers is.

    ## What to do
    Compare `WUServer` and `WUStatusServer` below `HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate` with the
    server's address, including `http://` or `https://` and the port, and correct them in the group policy. Then see
    that the machine reaches that port.

    ## When it is wrong
    0x80072EE6 and 0x80244011 only come from a wrong or missing address. The other codes count where the machine told
    that it uses WSUS, and the server may be right but down.
    """
    assessment = machine.assessment
    service = assessment.patch_service_used if assessment is not None else None
    uses_wsus = "wsus" in (service or "").lower()
    codes = (*ALWAYS, *WITH_WSUS) if uses_wsus else ALWAYS
    meaning = "the WSUS server in the machine's policy is wrong, missing or does not answer"
    for seen in windows_error_seen(windows_errors(machine, codes), codes, meaning):
        if assessment is None or not uses_wsus:
            yield seen
            continue
        yield structs.replace(seen, signs=(*seen.signs, sign(place(assessment, "patchServiceUsed"), service)))
