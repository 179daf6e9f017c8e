"""AUM124: an Arc-enabled server talks to Azure by a private link or an Arc gateway, which carry no updates."""

from collections.abc import Iterator
from datetime import timedelta

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine

_GATEWAY = "localhost:40343"
"""Where the Arc proxy, which only a gateway brings, listens on the server (azure-arc docs, arc-gateway.md)."""

_FRESH = timedelta(hours=48)


@check(
    id="AUM124",
    name="arc-private-link-or-gateway",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    uses=(Fact.ASSESSMENT,),
    remedies=("open-way-beside-private-link",),
    source="azure-arc docs: servers/private-link-security.md, servers/arc-gateway.md",
)
def arc_private_link(machine: Machine, context: Context) -> Iterator[Observation]:
    """The Arc-enabled server reaches Azure by a private link scope or an Arc gateway, by which no updates come.

    ## Why it matters
    Both carry what the Arc agent itself says to Azure. Windows Update and the repositories of Linux are public
    addresses beside them: in a network that was closed because of the private link the server looks connected and
    healthy, and every assessment fails or finds nothing.

    ## What to do
    See that the server reaches its source of updates on the public network or through a proxy, or give it one inside:
    WSUS, a mirror of the repositories.

    ## When it is wrong
    Mostly: it says what to look at, not what is broken (confidence low). Where an assessment has succeeded within two
    days the source is reached, and it is a note (info), as it is for a gateway, which is concluded from the agent's
    proxy.
    """
    agent = machine.arc
    if agent is None or (agent.private_link_scope_id is None and agent.proxy_url is None):
        return
    signs: list[Sign] = []
    if agent.private_link_scope_id:
        signs.append(sign("properties.privateLinkScopeResourceId", agent.private_link_scope_id))
        way = f"the private link scope {ids.name_of(agent.private_link_scope_id)}"
    elif _GATEWAY in (agent.proxy_url or "").lower():
        signs.append(sign("properties.agentConfiguration.proxyUrl", agent.proxy_url))
        way = "an Arc gateway"
    else:
        return
    is_served = _is_served(machine, context)
    proof = "; a recent assessment shows that its source of updates is reached" if is_served else ""
    yield observe(
        f"it reaches Azure by {way}, which carries no updates: these come from public addresses{proof}",
        *signs,
        severity=None if agent.private_link_scope_id and not is_served else Severity.INFO,
    )


def _is_served(machine: Machine, context: Context) -> bool:
    assessment = machine.assessment
    if assessment is None or (assessment.status or "").lower() != "succeeded":
        return False
    age = context.age(assessment.last_modified)
    return age is not None and age <= _FRESH
