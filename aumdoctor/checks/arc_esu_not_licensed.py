"""AUM125: a Windows Server whose support has ended has no licence for Extended Security Updates."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.extended_security_updates import release_of
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine

_BELOW = "properties.licenseProfile.esuProfile"


@check(
    id="AUM125",
    name="arc-esu-not-licensed",
    severity=Severity.HIGH,
    applies_to=Subject.ARC,
    os="windows",
    needs=(Fact.MACHINE,),
    blocks=(Operation.INSTALL,),
    remedies=("assign-esu-license",),
    source="azure-arc docs: servers/prepare-extended-security-updates.md, servers/deliver-extended-security-updates.md",
)
def arc_esu_not_licensed(machine: Machine, context: Context) -> Iterator[Observation | Undetermined]:
    """The server runs a Windows Server whose support has ended, and no licence for Extended Security Updates is
    assigned to it.

    ## Why it matters
    Without the licence Windows Update offers such a server no security updates: assessments succeed, nothing is
    missing, and the server grows less safe every month. With it Azure Update Manager itself costs nothing
    for the server.

    ## What to do
    Assign an activated Extended Security Updates licence to the server (it costs by the core, and needs Software
    Assurance or a subscription), or plan its upgrade or its move to Azure, where these updates are free.

    ## When it is wrong
    Virtual machines of Azure Local and Azure VMware Solution are entitled without an Arc licence. A server with an
    active key of its own (`esuKeyState` Active, from volume licensing) is not reported. Before support ends (Windows
    Server 2016: January 2027) it is an announcement (low). Where even the extended updates have ended (2012 and 2012
    R2: October 2026) a licence no longer helps, which the message says.
    """
    agent = machine.arc
    if agent is None or agent.esu_eligibility is None or agent.esu_eligibility.lower() != "eligible":
        return
    if (agent.esu_key_state or "").lower() == "active":
        return
    state = agent.esu_license_assignment_state
    if state is None:
        yield Undetermined(fact=Fact.MACHINE, reason="Azure says that it is eligible, and not whether it is licensed")
        return
    release = release_of(machine.os_name, agent.os_sku, machine.os_version)
    if state.lower() != "notassigned" or release is None:
        return
    today = context.now.date()
    severity, over = None, today > release.updates_end
    if today <= release.support_ended:
        severity = Severity.LOW
        effect = f"from {release.support_ended} on it gets no security updates without one"
    elif over:
        effect = f"they ended on {release.updates_end} themselves, so that only a newer system gets updates"
    else:
        effect = f"its support ended on {release.support_ended}, so that it gets no security updates"
    yield observe(
        f"{release.name} without a licence for Extended Security Updates: {effect}",
        sign(f"{_BELOW}.licenseAssignmentState", state, None if over else "Assigned"),
        sign(f"{_BELOW}.esuEligibility", agent.esu_eligibility),
        sign("properties.osVersion", machine.os_version),
        severity=severity,
        updates="ended" if over else "to-be-had",
    )
