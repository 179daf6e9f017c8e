"""Advice: bring the agent of an Arc-enabled server back."""

import shlex

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy

_RESTART_WINDOWS = (
    "Restart the agent (Windows): Restart-Service himds; Restart-Service GCArcService; Restart-Service ExtensionService"
)
_RESTART_LINUX = "Restart the agent (Linux): sudo systemctl restart himdsd gcad extd"
_ANEW = (
    "The machine's identity has expired. On the machine: azcmagent disconnect --force-local-only",
    "Delete its Arc resource, then connect it again with `azcmagent connect` or the onboarding script of the portal, "
    "and attach its schedules again if they were static assignments.",
)


@remedy(
    name="reconnect-arc-agent",
    title="Reconnect the Arc agent",
    risk=Risk.ADVICE,
    reversible=False,
    portal="Azure Arc > Machines > Add/Create > Add a machine (the script, for one that has expired)",
)
def reconnect_arc_agent(finding: Finding, estate: Estate) -> Prescription | None:
    """Azure has no way into a machine that is not connected; an expired one has to be onboarded again."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.arc is None:
        return None
    verify = az("connectedmachine", "show", *named(machine), "--query", "status", "--output", "tsv")
    repair: tuple[str, ...] = _ANEW
    if (machine.arc.status or "").lower() != "expired":
        repair = (
            "See that the machine is on. On it: azcmagent show (status, last heartbeat, error)",
            f"Check the way to the endpoints: azcmagent check --location {shlex.quote(machine.location)}",
            *(() if machine.is_linux else (_RESTART_WINDOWS,)),
            *(() if machine.is_windows else (_RESTART_LINUX,)),
        )
    return Prescription(steps=(*repair, f"Check that it says Connected: {verify}"))
