"""AUM126: hotpatching was asked for on an Arc-enabled server and is not in effect."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine

_MEANING = {
    "actionrequired": "something on the server is lacking",
    "disabled": "it is not in effect",
    "pendingevaluation": "Azure has not looked at the server yet",
}


@check(
    id="AUM126",
    name="arc-hotpatch-action-required",
    severity=Severity.LOW,
    applies_to=Subject.ARC,
    os="windows",
    needs=(Fact.MACHINE,),
    remedies=("meet-hotpatch-prerequisites",),
    source="azure-docs: update-manager/manage-hot-patching-arc-machines.md; azure-mgmt-hybridcompute: "
    "HotpatchEnablementStatus",
)
def arc_hotpatch_action_required(machine: Machine, context: Context) -> Iterator[Observation]:
    """Hotpatching is switched on for the Arc-enabled server, and Azure says that it is not enabled there.

    ## Why it matters
    The server is patched all the same, with the ordinary updates: it restarts every month, where only every third was
    planned for.

    ## What to do
    Hotpatching needs Windows Server 2025 (Standard or Datacenter), virtualization-based security that is running, a
    connected agent and the way to dls.microsoft.com. See to what is lacking.

    ## When it is wrong
    `PendingEvaluation` is the state of the first hours (reported as info). Where hotpatching is not switched on,
    `Disabled` is as it should be and says nothing.
    """
    settings = machine.patch_settings
    status = settings.hotpatch_enablement_status
    if status is None:
        return
    meaning = _MEANING.get(status.lower())
    if meaning is None:
        return
    is_wanted = settings.enable_hotpatching is True
    if not is_wanted and (status.lower() != "actionrequired" or settings.enable_hotpatching is False):
        return
    yield observe(
        f"hotpatching is {status}: {meaning}",
        sign(f"{machine.patch_settings_path}.status.hotpatchEnablementStatus", status, "Enabled"),
        sign(f"{machine.patch_settings_path}.enableHotpatching", settings.enable_hotpatching),
        severity=Severity.INFO if status.lower() == "pendingevaluation" else None,
    )
