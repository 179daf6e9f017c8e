"""AUM122: an Arc-enabled server is in a region in which Azure Update Manager does not manage servers."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge import arc_regions
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM122",
    name="arc-region-unsupported",
    severity=Severity.MEDIUM,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    remedies=("reconnect-in-supported-region",),
    source="azure-docs: update-manager/supported-regions.md",
)
def arc_region_unsupported(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The Arc-enabled server is registered in a region that is not on the list of Azure Update Manager.

    ## Why it matters
    For Azure VMs every region will do; for Arc-enabled servers there is a list. Outside of it assessments and schedules
    may be accepted and come to nothing. What counts is the region of the Azure resource, not where the server stands.

    ## What to do
    Connect the server anew in a region that is listed. The resource cannot be moved between regions.

    ## When it is wrong
    The list grows. A region that it names for VMs only is reported as medium; one that it does not name at all may have
    been added since, and is a warning (low, with low confidence): a successful assessment is the better witness.
    """
    supported = arc_regions.supports_arc()
    if supported.get(machine.location):
        return
    region = machine.location.replace(" ", "").lower()
    if not region:
        yield Undetermined(fact=Fact.MACHINE, reason="Azure reports no location for it")
        return
    known = supported.get(region)
    if known:
        return
    table = arc_regions.table()
    listed = "lists for Azure VMs only" if known is False else "does not list"
    yield observe(
        f"it is registered in {region}, which Azure Update Manager {listed} (list as of {table.as_of})",
        sign("location", machine.location, "a region listed for Arc-enabled servers"),
        severity=None if known is False else Severity.LOW,
        confidence=None if known is False else Confidence.LOW,
    )
