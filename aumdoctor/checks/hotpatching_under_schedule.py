"""AUM036: hotpatching is on and a schedule is attached."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.signs import schedule_names, schedule_signs
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import patch_outcome


@check(
    id="AUM036",
    name="hotpatching-under-schedule",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.AZURE_VM,
    os="windows",
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("disable-hotpatching",),
    source="claranet/terraform-azurerm-windows-vm #4 (2025-03: Azure refuses both); Azure Architecture Center: "
    "Scalable Windows virtual machine patch management (2026-07: schedules install hotpatches)",
)
def hotpatching_under_schedule(machine: Machine, context: Context) -> Iterator[Observation]:
    """Hotpatching is on and a schedule is attached, and the sources disagree on whether Azure lets both be.

    ## Why it matters
    A schedule needs `bypassPlatformSafetyChecksOnUserSchedule` to be true, and in March 2025 Azure answered exactly
    that with 400 `InvalidParameter`: hotpatch updates require the platform safety checks. If that still holds, the VM
    cannot be given what its schedule needs as long as hotpatching is on.

    ## What to do
    Try to set customer managed schedules first. If Azure refuses, decide between the two: switch hotpatching off (the
    next monthly update then restarts the VM), or take the schedule off and leave the VM to Azure's own orchestration.

    ## When it is wrong
    The Azure Architecture Center wrote in July 2026 that Azure Update Manager installs hotpatches through the same
    maintenance configurations, so the refusal may have been lifted. Both are told here because neither is sure. Where
    the flag is true beside hotpatching already, Azure has accepted both, and it is a remark only.
    """
    if machine.patch_settings.enable_hotpatching is not True:
        return
    schedules = context.schedules(machine)
    if not schedules:
        return
    settings = machine.patch_settings
    accepted = patch_outcome(machine, scheduled=True).row == 1
    names = schedule_names(schedules)
    yield observe(
        f"hotpatching is on beside the flag for the schedule {names}: Azure was seen to refuse that (2025-03) and is "
        "said to allow it (2026-07), so the next change of these settings may fail"
        if accepted
        else f"hotpatching is on, and Azure was seen to refuse the flag that the schedule {names} needs beside it "
        "(2025-03); it is said to allow both since (2026-07)",
        sign(f"{machine.patch_settings_path}.enableHotpatching", True, "false, or no schedule"),
        sign(
            f"{machine.patch_settings_path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule",
            settings.bypass_platform_safety_checks_on_user_schedule,
        ),
        *schedule_signs(schedules),
        severity=Severity.INFO if accepted else None,
        scheduled="true",
    )
