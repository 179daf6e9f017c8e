"""AUM043: the VM agent is older than Azure supports."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.minimum_versions import missed
from aumdoctor.knowledge.agent_versions import AZURE_LINUX, AZURE_WINDOWS, minimums
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM043",
    name="vm-agent-outdated",
    severity=Severity.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.INSTANCE_VIEW,),
    remedies=("install-vm-agent",),
    causes=("AUM136",),
    source="SupportArticles-docs: support-extensions-agent-version.md; Azure/AzureUpdateManager: Troubleshooter",
)
def vm_agent_outdated(machine: Machine, context: Context) -> Iterator[Observation]:
    """The VM agent is of a version that Azure no longer supports for extensions.

    ## Why it matters
    The agent installs and starts the patch extension. An old one may not be able to install its current version, fails
    on newer kinds of signatures and endpoints, and keeps support from helping; on Linux the extension then ends with
    "Unsupported older Azure Linux Agent version".

    ## What to do
    Update the agent inside the guest, from the package of the distribution or Azure's installer. Agents that may update
    themselves stay current from then on.

    ## When it is wrong
    Two minimums are published for Windows: 2.7.41491.1010 is the oldest that is supported, 2.4.0.2 the oldest that the
    troubleshooter of Azure Update Manager lets pass. Between the two the agent may well work, and the confidence is
    medium. A version that is not a number ("Unknown") belongs to an agent that does not report, which is AUM042.
    """
    if machine.vm_agent is None or machine.vm_agent.version is None or not (machine.is_windows or machine.is_linux):
        return
    agent = AZURE_WINDOWS if machine.is_windows else AZURE_LINUX
    below = missed(agent, machine.vm_agent.version)
    if not below:
        return
    said = "; ".join(f"below {row.version}, {row.means} ({row.source})" for row in below)
    meets_another = len(below) < len(minimums(agent))
    yield observe(
        f"the VM agent is of version {machine.vm_agent.version}: {said}",
        sign("properties.instanceView.vmAgent.vmAgentVersion", machine.vm_agent.version, f">= {below[0].version}"),
        confidence=Confidence.MEDIUM if meets_another else None,
    )
