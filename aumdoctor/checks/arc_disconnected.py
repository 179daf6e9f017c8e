"""AUM117: the agent of an Arc-enabled server is not connected."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM117",
    name="arc-disconnected",
    severity=Severity.CRITICAL,
    applies_to=Subject.ARC,
    needs=(Fact.MACHINE,),
    blocks=(Operation.ASSESS, Operation.PERIODIC_ASSESSMENT, Operation.INSTALL, Operation.SCHEDULE),
    remedies=("reconnect-arc-agent",),
    causes=("AUM008", "AUM012", "AUM014", "AUM015", "AUM023", "AUM087", "AUM130", "AUM133", "AUM134", "AUM136"),
    source="azure-arc docs: servers/overview.md, servers/troubleshoot-agent-onboard.md",
)
def arc_disconnected(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The agent of the Arc-enabled server is not `Connected`, so Azure cannot reach the machine.

    ## Why it matters
    The agent reports every five minutes; after 15 to 30 minutes without a word Azure calls it `Disconnected`. Nothing
    that Azure Update Manager is asked to do reaches the machine then. After about 45 days it is `Expired`: the identity
    of the machine is gone and it has to be connected anew.

    ## What to do
    See that the machine is on and can reach the Arc endpoints, restart the agent, and read `azcmagent show` and
    `azcmagent check`. An expired machine is disconnected locally and connected again.

    ## When it is wrong
    On a machine that is meant to be off, or was retired without its Arc resource.
    """
    agent = machine.arc
    if agent is None or agent.status is None:
        yield Undetermined(fact=Fact.MACHINE, reason="Azure reports no agent status for it")
        return
    if agent.status.lower() == "connected":
        return
    signs = [sign("properties.status", agent.status, "Connected")]
    since = ""
    if agent.last_status_change is not None:
        signs.append(sign("properties.lastStatusChange", agent.last_status_change.isoformat()))
        since = f" since {agent.last_status_change:%Y-%m-%d %H:%M} UTC"
    signs += [
        sign(f"properties.errorDetails[{index}].message", message)
        for index, message in enumerate(agent.error_messages[:3])
    ]
    anew = "; it has to be connected anew" if agent.status.lower() == "expired" else ""
    yield observe(f"the Arc agent is {agent.status}{since}{anew}", *signs)
