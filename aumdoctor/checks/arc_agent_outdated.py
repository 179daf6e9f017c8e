"""AUM119: the Arc agent is older than the tools of Azure Update Manager ask for."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.extensions import version_parts
from aumdoctor.checks.minimum_versions import missed
from aumdoctor.knowledge.agent_versions import ARC
from aumdoctor.knowledge.extended_security_updates import release_of
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import ArcAgent, Machine


@check(
    id="AUM119",
    name="arc-agent-outdated",
    severity=Severity.MEDIUM,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    remedies=("upgrade-arc-agent",),
    source="azure-docs: update-manager/troubleshooter-known-issues.md; azure-arc docs: servers/manage-agent.md, "
    "servers/run-command.md, servers/prepare-extended-security-updates.md",
)
def arc_agent_outdated(machine: Machine, context: Context) -> Iterator[Observation]:
    """The Arc agent is of a version that is too old for a tool or a kind of update that Azure Update Manager offers.

    ## Why it matters
    Patching itself may still work. But the troubleshooter and Run Command, with which one would look for the cause of a
    failure, refuse an old agent, and so do Extended Security Updates, which are reported where a licence for them is
    assigned and the agent cannot deliver them.

    ## What to do
    Upgrade the agent on the server; no restart is needed. From version 1.48 on the agent can be told to keep itself
    current.

    ## When it is wrong
    Azure supports only agents that were released within the last year. When each was released is not known here, so
    that nothing is said about an agent above these minimums, however old. A version that is no number is not judged.
    """
    agent = machine.arc
    if agent is None or agent.version is None:
        return
    below = missed(ARC, agent.version)
    updates = _too_old_for_updates(machine, agent) if agent.esu_license_assignment_state else None
    if not below and updates is None:
        return
    reasons = [f"below {row.version}: {row.means}" for row in below]
    lowest = [row.version for row in below]
    if updates is not None:
        name, minimum = updates
        reasons.insert(0, f"below {minimum}: it cannot deliver the Extended Security Updates of {name}")
        lowest.insert(0, minimum)
    needed = max(lowest, key=lambda version: version_parts(version) or ())
    yield observe(
        f"the Arc agent is of version {agent.version}; {'; '.join(reasons)}",
        sign("properties.agentVersion", agent.version, f">= {needed}"),
    )


def _too_old_for_updates(machine: Machine, agent: ArcAgent) -> tuple[str, str] | None:
    """The release and the version that its Extended Security Updates need, where they are licensed and cannot come."""
    if (agent.esu_license_assignment_state or "").lower() != "assigned":
        return None
    release = release_of(machine.os_name, agent.os_sku, machine.os_version)
    own, needed = version_parts(agent.version), version_parts(release.agent) if release is not None else None
    if release is None or own is None or needed is None or own >= needed:
        return None
    return release.name, release.agent
