"""AUM030: a schedule is attached to a VM whose patch mode does not let schedules patch it."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import schedule_confidence, schedule_names, schedule_signs
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome


@check(
    id="AUM030",
    name="patch-mode-not-schedulable",
    severity=Severity.CRITICAL,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("customer-managed-schedule",),
    causes=("AUM032", "AUM037", "AUM134"),
    source="azure-docs: update-manager/prerequsite-for-schedule-patching.md",
)
def patch_mode_not_schedulable(machine: Machine, context: Context) -> Iterator[Observation]:
    """A schedule is attached to the VM, and its patch mode is not `AutomaticByPlatform`, so the schedule never patches
    it.

    ## Why it matters
    Since 30 June 2023 schedules patch only VMs with customer managed schedules: patch mode `AutomaticByPlatform` with
    the platform safety checks bypassed. In every other mode each run ends with a prerequisite error. The portal shows
    the VM as attached all the same.

    ## What to do
    Set customer managed schedules: both properties in one change, no restart. The guest's own automatic updates stop
    with that, which is what a schedule is for.

    ## When it is wrong
    Where the attached configuration could not be read it may be for hosts and not for guests; the confidence is then
    medium. An absent patch mode means `AutomaticByOS` on Windows and `ImageDefault` on Linux. Arc-enabled servers need
    no patch mode.
    """
    if machine.is_platform_patch_mode:
        return
    schedules = context.schedules(machine)
    outcome = patch_outcome(machine, scheduled=bool(schedules))
    if outcome.row not in (5, 7):
        return
    mode = machine.effective_patch_mode or "not AutomaticByPlatform"
    absent = "" if machine.patch_settings.patch_mode else " by default"
    outside = "; the guest updates itself outside the window" if outcome.patched_by is PatchedBy.GUEST else ""
    yield observe(
        f"the patch mode is {mode}{absent}, so the schedule {schedule_names(schedules)} never patches it{outside}",
        sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode, "AutomaticByPlatform"),
        *schedule_signs(schedules),
        confidence=schedule_confidence(schedules),
        scheduled="true",
    )
