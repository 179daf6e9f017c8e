"""AUM032: the flag for schedules is set on a VM whose patch mode makes it worthless."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import schedule_confidence, schedule_names, schedule_signs
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome


@check(
    id="AUM032",
    name="bypass-without-platform-mode",
    severity=Severity.HIGH,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("customer-managed-schedule", "attach-to-schedule"),
    source="azure-docs: update-manager/prerequsite-for-schedule-patching.md",
)
def bypass_without_platform_mode(machine: Machine, context: Context) -> Iterator[Observation]:
    """The platform safety checks are bypassed for a schedule, but the patch mode is not `AutomaticByPlatform`, so the
    flag does nothing.

    ## Why it matters
    Customer managed schedules are two settings, and only both together work. With half of them a schedule's run ends
    with a prerequisite error, and without a schedule Azure installs nothing either. Azure refuses the flag in other
    patch modes as a rule, so this mostly comes from a template, an import, or a patch mode that somebody set back.

    ## What to do
    Set both in one change. Do that when a schedule is attached: customer managed schedules without a schedule leave the
    VM to nobody.

    ## When it is wrong
    With no schedule attached it stops nothing that would otherwise work, and is reported with less weight. An absent
    patch mode means `AutomaticByOS` on Windows and `ImageDefault` on Linux. Where the attached configuration could not
    be read the confidence is medium.
    """
    if not machine.bypasses_platform_safety_checks or machine.is_platform_patch_mode:
        return
    schedules = context.schedules(machine)
    outcome = patch_outcome(machine, scheduled=bool(schedules))
    mode = machine.effective_patch_mode or "not AutomaticByPlatform"
    if outcome.prerequisite_error:
        comes_to = f"every run of the schedule {schedule_names(schedules)} ends with a prerequisite error"
    elif outcome.patched_by is PatchedBy.GUEST:
        comes_to = "no schedule is attached, and the guest updates itself"
    else:
        comes_to = "no schedule is attached, and nobody patches the VM"
    yield observe(
        f"bypassPlatformSafetyChecksOnUserSchedule is true in vain, for the patch mode is {mode}: {comes_to}",
        sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode, "AutomaticByPlatform"),
        sign(
            f"{machine.patch_settings_path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule", True
        ),
        *schedule_signs(schedules),
        severity=None if schedules else Severity.MEDIUM,
        confidence=schedule_confidence(schedules) if schedules else None,
        scheduled="true" if schedules else "false",
    )
