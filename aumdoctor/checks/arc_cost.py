"""AUM127: what Azure Update Manager costs for the Arc-enabled servers of a subscription."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge import prices
from aumdoctor.model.estate import Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM127",
    name="arc-cost",
    severity=Severity.INFO,
    confidence=Confidence.LOW,
    applies_to=Subject.SUBSCRIPTION,
    needs=(Fact.MACHINE,),
    uses=(Fact.ASSIGNMENTS, Fact.ASSESSMENT),
    source="azure-docs: update-manager/update-manager-faq.md",
)
def arc_cost(subscription: Subscription, context: Context) -> Iterator[Observation]:
    """The subscription has Arc-enabled servers that Azure Update Manager charges for, unless something waives it.

    ## Why it matters
    For Azure VMs the service is free; for an Arc-enabled server each day costs on which it is connected and managed:
    assessed, patched or attached to a schedule. A policy that switches periodic assessment on for every server is
    therefore a decision about money as well.

    ## What to do
    Nothing, if that is meant. Otherwise switch periodic assessment off and detach the schedules of the servers that
    something else patches.

    ## When it is wrong
    Often (confidence low): the charge is waived with Defender for Servers Plan 2, with Extended Security Updates
    enabled by Azure Arc, with Windows Server licences that have Software Assurance or are paid by subscription or use,
    and for VMs of Azure Local. Only the licences for Extended Security Updates are visible here, and such servers
    are not counted. Prices are those of the list in US dollars.
    """
    machines = context.machines_by_subscription.get(subscription.id.lower(), ())
    charged = [machine for machine in machines if machine.is_arc and _is_charged(machine, context)]
    if not charged:
        return
    price = prices.of_arc_server()
    yield observe(
        f"{len(charged)} Arc-enabled server(s) of {subscription.name or subscription.id} are managed at "
        f"${price.per_month:.2f} a month each (${price.per_day:.2f} a day while connected), about "
        f"${len(charged) * price.per_month:,.0f} a month, unless it is waived: {'; '.join(price.free_with)}",
        sign("machines with an assessment, periodic assessment or a schedule", len(charged)),
    )


def _is_charged(machine: Machine, context: Context) -> bool:
    """Managed on the days on which it is connected, and not licensed for Extended Security Updates."""
    if machine.arc is not None and (machine.arc.esu_license_assignment_state or "").lower() == "assigned":
        return False
    return machine.has_periodic_assessment or machine.assessment is not None or context.is_scheduled(machine)
