"""AUM128: an Arc-enabled server runs a system that Azure Update Manager does not support there."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.arc_unsupported_systems import unsupported
from aumdoctor.knowledge.operating_systems import arc_system, arc_systems
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_SAYS_NOTHING = frozenset({"", "windows", "linux"})


@check(
    id="AUM128",
    name="arc-unsupported-os",
    severity=Severity.HIGH,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    blocks=(Operation.ASSESS, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("patch-unsupported-system",),
    source="azure-docs: update-manager/support-matrix-updates.md; Azure/LinuxPatchExtension",
)
def arc_unsupported_os(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The Arc-enabled server runs an operating system that is not on the list of Azure Update Manager.

    ## Why it matters
    What the Arc agent runs on and what Azure Update Manager patches are two lists, and the agent's is the longer one.
    On a system beyond the second the extension ends at once (exit code 51 on Linux), or its results cannot be relied
    upon.

    ## What to do
    Upgrade the system to one that is listed, or patch the server by the means of its distribution and take it out of
    periodic assessment and schedules.

    ## When it is wrong
    High is said only of a system that a source names as unsupported, or that is older than every listed release. Where
    the sources contradict each other (Windows Server 2012 without R2) it is medium with low confidence, and both are
    named. A system that the list does not know may have been added since: that is a warning (low, low confidence).
    Clients (Windows 10 and 11) are AUM050.
    """
    agent = machine.arc
    if agent is None:
        return
    system = agent.os_sku or machine.os_name
    if arc_system(system) is not None:
        return
    path = "properties.osSku" if agent.os_sku else "properties.osName"
    if not agent.os_sku and machine.os_version and (system or "").lower() not in _SAYS_NOTHING:
        # Without an SKU the name ("ubuntu") and the version ("16.04") stand apart.
        system = f"{system} {machine.os_version}"
        if arc_system(system) is not None:
            return
    if system is None or system.strip().lower() in _SAYS_NOTHING:
        yield Undetermined(fact=Fact.MACHINE, reason="Azure does not say which release of its system it runs")
        return
    lowered = system.lower()
    if "windows 1" in lowered:
        return
    known = unsupported(system)
    seen = sign(path, agent.os_sku or machine.os_name, "a system that is listed for Arc-enabled servers")
    if known is None:
        yield observe(
            f"{system} is not on the list of systems that are supported with Azure Arc "
            f"(as of {arc_systems().as_of}); it may have been added since",
            seen,
            severity=Severity.LOW,
            confidence=Confidence.LOW,
        )
        return
    otherwise = f"; another source has it otherwise ({known.disputed})" if known.disputed else ""
    yield observe(
        f"{system} is not supported with Azure Arc: {known.why}{otherwise}",
        seen,
        severity=Severity.MEDIUM if known.disputed else None,
        confidence=Confidence.LOW if known.disputed else None,
    )
