"""AUM034: Azure patches a VM at times of its own choosing."""

from collections.abc import Iterator

from aumdoctor.checks.autopatch_image_not_supported import is_outside_automatic_patching
from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.scale_set_or_aks_member import is_flexible_member
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import patch_outcome


@check(
    id="AUM034",
    name="unintended-platform-patching",
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS,),
    remedies=("attach-to-schedule",),
    source="azure-docs: update-manager/prerequsite-for-schedule-patching.md; azure-compute-docs: "
    "automatic-vm-guest-patching.md; azure-docs #121368",
)
def unintended_platform_patching(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """The patch mode is `AutomaticByPlatform` without the flag for schedules and no schedule is attached: Azure picks
    the time of updates and restarts.

    ## Why it matters
    Azure installs critical and security updates within 30 days of their release, in what it takes for the VM's off-peak
    hours, and may restart it. Many set this mode in the belief that it is the one for schedules: the portal calls it
    "Azure Managed - Safe Deployment", the other one "Customer Managed Schedules".

    ## What to do
    Nothing, where Azure is meant to choose. Otherwise attach the VM to a schedule and set it to customer managed
    schedules, in that order.

    ## When it is wrong
    What its owner wants of the VM, Azure does not say; hence the low confidence. Where the image is known to be outside
    automatic guest patching Azure patches nothing at all, and AUM035 (a marketplace image) or AUM141c (a gallery or
    custom image) says that in place of this: they never name the same thing twice, and none causes another. Members of
    a flexible scale set are meant to be patched in this way.
    """
    if machine.bypasses_platform_safety_checks or not machine.is_platform_patch_mode or context.is_scheduled(machine):
        return
    if patch_outcome(machine, scheduled=False).row != 4:
        return
    if is_outside_automatic_patching(machine) is True:
        yield NotApplicable(reason="Azure does not patch machines of its image by itself (AUM035, AUM141c)")
        return
    if is_flexible_member(machine):
        yield NotApplicable(reason="members of a flexible scale set are meant to be patched by Azure (AUM052)")
        return
    settings = machine.patch_settings
    yield observe(
        "no schedule is attached and the platform's safety checks are on: Azure chooses when it installs updates and "
        "restarts the VM",
        sign(f"{machine.patch_settings_path}.patchMode", settings.patch_mode),
        sign(
            f"{machine.patch_settings_path}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule",
            settings.bypass_platform_safety_checks_on_user_schedule,
            "true, with a schedule attached",
        ),
        scheduled="false",
    )
