"""Advice: bring the timer of the daily assessment back on Linux."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import named
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="restart-auto-assess-timer",
    title="Bring the daily assessment's timer back",
    risk=Risk.ADVICE,
    reversible=False,
)
def restart_auto_assess_timer(finding: Finding, estate: Estate) -> Prescription | None:
    """The timer is the patch extension's: the extension has to succeed first, then a restart sets the timer going."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_windows:
        return None
    state = "provisioningState"
    if machine.is_arc:
        words = ("--machine-name", machine.name, *named(machine)[2:])
        extension = az("connectedmachine", "extension", "list", *words, "--query", f"[].{{name:name,state:{state}}}")
    else:
        words = ("--vm-name", machine.name, *named(machine)[2:])
        extension = az("vm", "extension", "list", *words, "--query", f"[].{{name:name,state:{state}}}")
    return Prescription(
        steps=(
            f"See that the patch extension has Succeeded: {extension}",
            "On the machine, see whether the timer is active: systemctl is-active MsftLinuxPatchAutoAssess.timer",
            "If it is not: sudo systemctl restart MsftLinuxPatchAutoAssess.timer. If the unit is missing, assess once.",
            "Where that does not help, restart the machine outside of its patch window.",
            "Check when the timer fires next: systemctl list-timers MsftLinuxPatchAutoAssess.timer",
        )
    )
