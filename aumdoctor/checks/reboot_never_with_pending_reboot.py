"""AUM069: a machine waits for a restart, and its schedule may not make one."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import NotApplicable, Observation, Sign, Subject, Undetermined, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Assessment, Installation, Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.schedule.budget import restarts_allowed


@check(
    id="AUM069",
    name="reboot-never-with-pending-reboot",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    needs=(Fact.MACHINE, Fact.ASSESSMENT, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    uses=(Fact.INSTALLATION,),
    remedies=("set-reboot-setting", "allow-restarts", "restart-machine"),
    causes=("AUM132",),
    source="azure-docs: update-manager/scheduled-patching.md; azure-compute-docs: automatic-vm-guest-patching.md; "
    "Azure/LinuxPatchExtension",
)
def reboot_never_with_pending_reboot(
    machine: Machine, context: Context
) -> Iterator[Observation | Undetermined | NotApplicable]:
    """The machine waits for a restart, and the reboot setting of its schedules, or its own, is Never.

    ## Why it matters
    Updates that wait for the restart are not in force. The next run ends with warnings; on Windows further updates may
    fail with 0x80240016 until somebody restarts the machine, which no schedule will do.

    ## What to do
    Restart the machine when it may be down, or let the schedule restart machines where an update requires it.

    ## When it is wrong
    Where somebody restarts the machines by hand after each window, and has not come to this one yet. A machine that one
    of its schedules may restart is not judged; nor is a restart that the last installation asked for once a later
    assessment says that none is pending. The setting in the VM's own model goes before that of its schedules.
    """
    schedules = context.schedules(machine)
    if not schedules:
        yield NotApplicable(reason="no schedule is attached")
        return
    own = _own_setting(machine)
    configurations = context.configurations_of(machine)
    if own is not None and restarts_allowed(own):
        return
    if own is None and any(restarts_allowed(_setting(each)) for each in configurations):
        return
    waits = _waits(machine)
    if waits is None:
        if machine.assessment is None or machine.assessment.reboot_pending is None:
            yield Undetermined(fact=Fact.ASSESSMENT, reason="Azure did not say whether a restart is pending")
        return
    if own is None and any(tie.configuration is None for tie in schedules):
        yield Undetermined(fact=Fact.CONFIGURATIONS, reason="a schedule that it is attached to could not be read")
        return
    yield _seen(machine, own, configurations, waits)


def _own_setting(machine: Machine) -> str | None:
    """The reboot setting in the VM's model; `Unknown` counts as absent. Arc-enabled servers have none."""
    own = machine.patch_settings.reboot_setting
    return None if machine.is_arc or own is None or own.lower() == "unknown" else own


def _setting(configuration: MaintenanceConfiguration) -> str | None:
    return configuration.install_patches.reboot_setting if configuration.install_patches is not None else None


def _waits(machine: Machine) -> Sign | None:
    """The sign that a restart is pending, None where none is."""
    assessment, installation = machine.assessment, machine.installation
    if assessment is not None and assessment.reboot_pending:
        return sign(place(assessment, "rebootPending"), True, False, fact=Fact.ASSESSMENT)
    if installation is None or (installation.reboot_status or "").lower() != "required":
        return None
    if _cleared(assessment, installation):
        return None
    return sign(place(installation, "rebootStatus"), installation.reboot_status, "Completed", fact=Fact.INSTALLATION)


def _cleared(assessment: Assessment | None, installation: Installation) -> bool:
    """Whether an assessment after the installation says that no restart is pending."""
    if assessment is None or assessment.reboot_pending is not False:
        return False
    if assessment.last_modified is None or installation.last_modified is None:
        return False
    return assessment.last_modified > installation.last_modified


def _seen(
    machine: Machine, own: str | None, configurations: tuple[MaintenanceConfiguration, ...], waits: Sign
) -> Observation:
    forbidding = [each for each in configurations if not restarts_allowed(_setting(each))]
    names = ", ".join(each.name for each in forbidding)
    whose = "its own reboot setting" if own is not None else f"the reboot setting of its schedule {names}"
    signs = [
        sign(
            "properties.installPatches.rebootSetting",
            _setting(each),
            "IfRequired",
            fact=Fact.CONFIGURATIONS,
            resource_id=each.id,
        )
        for each in forbidding
    ]
    if own is not None:
        path = f"{machine.patch_settings_path}.automaticByPlatformSettings.rebootSetting"
        signs.insert(0, sign(path, own, "IfRequired", fact=Fact.MACHINE))
    details = {}
    allowed = {setting for each in configurations if (setting := _setting(each)) and restarts_allowed(setting)}
    if own is not None and not forbidding and len(allowed) == 1:
        details["rebootSetting"] = next(iter(allowed))
    if len(configurations) == len(forbidding) == 1:
        details["maintenanceConfigurationId"] = forbidding[0].id
    return structs.replace(
        observe(f"a restart is pending, and {whose} is Never: no window will make it", waits, *signs),
        details=details,
    )
