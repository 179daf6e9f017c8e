"""AUM031: a schedule is attached to a VM that Azure still orchestrates itself."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import schedule_confidence, schedule_names, schedule_signs
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import patch_outcome


@check(
    id="AUM031",
    name="bypass-flag-missing",
    severity=Severity.CRITICAL,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    blocks=(Operation.SCHEDULE,),
    remedies=("customer-managed-schedule",),
    causes=("AUM037", "AUM134"),
    source="azure-docs: update-manager/prerequsite-for-schedule-patching.md",
)
def bypass_flag_missing(machine: Machine, context: Context) -> Iterator[Observation]:
    """A schedule is attached to a VM with patch mode `AutomaticByPlatform` that does not bypass the platform's safety
    checks, so nobody patches it.

    ## Why it matters
    Without `bypassPlatformSafetyChecksOnUserSchedule` Azure holds the VM for its own orchestration, and the schedule's
    run ends with a prerequisite error. With a schedule attached Azure's automatic guest patching does not run either:
    the VM is patched by nobody. The portal calls the two settings "Azure Managed - Safe Deployment" and "Customer
    Managed Schedules".

    ## What to do
    Set the flag to true; no restart. If Azure's own orchestration is what is wanted, take the schedule off instead.

    ## When it is wrong
    Where the attached configuration could not be read it may be for hosts and not for guests; the confidence is then
    medium. An absent flag means false.
    """
    if machine.bypasses_platform_safety_checks or not machine.is_platform_patch_mode:
        return
    schedules = context.schedules(machine)
    if patch_outcome(machine, scheduled=bool(schedules)).row != 3:
        return
    yield observe(
        "bypassPlatformSafetyChecksOnUserSchedule is not true: "
        f"neither the schedule {schedule_names(schedules)} nor Azure patches the VM",
        sign(
            f"{machine.patch_settings_path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule",
            machine.patch_settings.bypass_platform_safety_checks_on_user_schedule,
            True,
        ),
        *schedule_signs(schedules),
        confidence=schedule_confidence(schedules),
        scheduled="true",
    )
