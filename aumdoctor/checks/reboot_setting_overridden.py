"""AUM040: the VM's own reboot setting goes before that of its schedule."""

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import NotApplicable, Observation, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.scope import Attachment


@check(
    id="AUM040",
    name="reboot-setting-overridden",
    severity=Severity.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    remedies=("set-reboot-setting",),
    causes=("AUM069",),
    source="azure-compute-docs: automatic-vm-guest-patching.md",
)
def reboot_setting_overridden(
    machine: Machine, context: Context
) -> Iterator[Observation | Undetermined | NotApplicable]:
    """The VM's model has a reboot setting other than the schedule that it is attached to, and the VM's own wins.

    ## Why it matters
    Whoever changes the schedule to restart machines, or never to, does so in vain on this VM: `Never` leaves updates
    half installed until somebody restarts it, `Always` restarts it in every window. The portal shows the schedule's
    setting.

    ## What to do
    Set the VM to the value that the schedule has, or the schedule to the VM's where that is what is meant.

    ## When it is wrong
    Where the VM is an exception on purpose. `Unknown`, which Azure sends where none was chosen, counts as absent. A
    schedule that says nothing of restarts is not compared, nor is the spelling (`RebootIfRequired` for `IfRequired`).
    """
    own = machine.patch_settings.reboot_setting
    if own is None or own.lower() == "unknown":
        return
    schedules = context.schedules(machine)
    if not schedules:
        yield NotApplicable(reason="no schedule is attached")
        return
    wanted = _plain(own)
    differing = [tie for tie in schedules if (setting := _setting_of(tie)) is not None and _plain(setting) != wanted]
    if differing:
        yield _overridden(machine, own, differing)
    elif any(tie.configuration is None for tie in schedules):
        yield Undetermined(fact=Fact.CONFIGURATIONS, reason="a schedule that it is attached to could not be read")


def _overridden(machine: Machine, own: str, differing: list[Attachment]) -> Observation:
    settings = [_setting_of(tie) or "" for tie in differing]
    names = [ids.name_of(tie.assignment.maintenance_configuration_id) for tie in differing]
    seen = observe(
        f"its own reboot setting {own} overrides that of its schedule "
        f"({', '.join(f'{name}: {setting}' for name, setting in zip(names, settings, strict=True))})",
        sign(f"{machine.patch_settings_path}.automaticByPlatformSettings.rebootSetting", own, settings[0]),
        *(
            sign(
                "properties.installPatches.rebootSetting",
                setting,
                fact=Fact.CONFIGURATIONS,
                resource_id=tie.assignment.maintenance_configuration_id,
            )
            for tie, setting in zip(differing, settings, strict=True)
        ),
    )
    # Where the schedules disagree among themselves it is not known which one the VM should follow.
    agreed = len(set(map(_plain, settings))) == 1
    return structs.replace(seen, details={"rebootSetting": settings[0]}) if agreed else seen


def _setting_of(tie: Attachment) -> str | None:
    patches = tie.configuration.install_patches if tie.configuration is not None else None
    return patches.reboot_setting if patches is not None else None


def _plain(setting: str) -> str:
    # Older versions of Microsoft.Maintenance wrote RebootIfRequired, NeverReboot and AlwaysReboot.
    return setting.lower().replace("reboot", "")
