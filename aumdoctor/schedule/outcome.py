"""Who patches a machine: what its patch mode, its bypass flag and a schedule come to together.

Azure VMs follow the table of eight rows in azure-docs `update-manager/prerequsite-for-schedule-patching.md` (so
spelled). For Arc-enabled servers only the schedule counts (`update-manager/scheduled-patching.md`). Assessments and
installations on demand work in every row. Which patch modes a VM can have at all is the second table.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from aumdoctor.model.machine import Machine


class PatchedBy(StrEnum):
    """SCHEDULE: the maintenance configuration. PLATFORM: Azure's automatic guest patching. GUEST: the operating system
    itself, as it is configured inside. NOBODY: neither Azure nor, as far as Azure knows, the guest."""

    SCHEDULE = "schedule"
    PLATFORM = "platform"
    GUEST = "guest"
    NOBODY = "nobody"


class PatchOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What happens at the next patch window.

    `row` is the row of the documented table, None for an Arc machine. `prerequisite_error` says that a schedule is
    attached and its run ends with a prerequisite error.
    """

    row: int | None
    patched_by: PatchedBy
    prerequisite_error: bool = False


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What decides who patches an Azure VM: patch mode `AutomaticByPlatform` or not, the flag
    `bypassPlatformSafetyChecksOnUserSchedule`, and whether a patch schedule is attached."""

    platform_mode: bool
    bypass: bool
    scheduled: bool


_ROWS: dict[tuple[bool, bool, bool], PatchOutcome] = {
    # (patch mode AutomaticByPlatform, bypass flag, schedule attached)
    (True, True, True): PatchOutcome(row=1, patched_by=PatchedBy.SCHEDULE),
    (True, True, False): PatchOutcome(row=2, patched_by=PatchedBy.NOBODY),
    (True, False, True): PatchOutcome(row=3, patched_by=PatchedBy.NOBODY, prerequisite_error=True),
    (True, False, False): PatchOutcome(row=4, patched_by=PatchedBy.PLATFORM),
    (False, True, True): PatchOutcome(row=5, patched_by=PatchedBy.NOBODY, prerequisite_error=True),
    (False, True, False): PatchOutcome(row=6, patched_by=PatchedBy.NOBODY),
    (False, False, True): PatchOutcome(row=7, patched_by=PatchedBy.NOBODY, prerequisite_error=True),
    (False, False, False): PatchOutcome(row=8, patched_by=PatchedBy.NOBODY),
}
ARC_SCHEDULED = PatchOutcome(row=None, patched_by=PatchedBy.SCHEDULE)
ARC_UNSCHEDULED = PatchOutcome(row=None, patched_by=PatchedBy.GUEST)


def patch_outcome(machine: Machine, *, scheduled: bool) -> PatchOutcome:
    """Who patches a machine that is, or is not, attached to a patch schedule.

    Where Azure patches nobody, the guest still updates itself under the modes that leave it to the guest: Windows
    `AutomaticByOS` and Linux `ImageDefault` (azure-compute-docs, automatic-vm-guest-patching.md).
    """
    if machine.is_arc:
        return ARC_SCHEDULED if scheduled else ARC_UNSCHEDULED
    outcome = _ROWS[machine.is_platform_patch_mode, machine.bypasses_platform_safety_checks, scheduled]
    left_to_guest = (machine.effective_patch_mode or "").lower() in ("automaticbyos", "imagedefault")
    if outcome.patched_by is PatchedBy.NOBODY and left_to_guest:
        return msgspec.structs.replace(outcome, patched_by=PatchedBy.GUEST)
    return outcome


def documented_rows() -> Iterator[tuple[Situation, PatchOutcome]]:
    """The eight rows for Azure VMs as they are documented, in order."""
    for (platform_mode, bypass, scheduled), outcome in _ROWS.items():
        yield Situation(platform_mode=platform_mode, bypass=bypass, scheduled=scheduled), outcome


class PatchModeRule(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a VM can have a patch mode, and what comes with it.

    `allowed` is None where the sources disagree; `note` then has both. `no_auto_update` is what Azure writes to the
    registry value `NoAutoUpdate` (Windows; None where it writes none). `switches_to` are the modes that a PATCH can
    change to.
    """

    allowed: bool | None
    no_auto_update: int | None = None
    switches_to: tuple[str, ...] = ()
    note: str = ""


_WINDOWS_MODES: dict[tuple[str, bool], PatchModeRule] = {
    # (patch mode, enableAutomaticUpdates), which is fixed when the VM is created
    ("AutomaticByOS", True): PatchModeRule(allowed=True, no_auto_update=0, switches_to=("AutomaticByPlatform",)),
    ("AutomaticByOS", False): PatchModeRule(allowed=False, note="asks for enableAutomaticUpdates true"),
    ("Manual", True): PatchModeRule(allowed=False, note="asks for enableAutomaticUpdates false"),
    ("Manual", False): PatchModeRule(allowed=True, no_auto_update=1, switches_to=("AutomaticByPlatform",)),
    ("AutomaticByPlatform", True): PatchModeRule(allowed=True, no_auto_update=1, switches_to=("AutomaticByOS",)),
    ("AutomaticByPlatform", False): PatchModeRule(
        allowed=None,
        no_auto_update=1,
        switches_to=("Manual",),
        note="sources disagree: the Compute API asks for enableAutomaticUpdates true (azure-mgmt-compute 39.0.0, "
        "WindowsVMGuestPatchMode), automatic-vm-guest-patching.md lets Manual VMs switch to it and back",
    ),
}
_LINUX_MODES: dict[str, PatchModeRule] = {
    "ImageDefault": PatchModeRule(allowed=True, switches_to=("AutomaticByPlatform",)),
    "AutomaticByPlatform": PatchModeRule(allowed=True, switches_to=("ImageDefault",)),
}
_FOREIGN_MODE = PatchModeRule(allowed=False, note="not a patch mode of this operating system")


def windows_patch_modes() -> Iterator[tuple[str, bool, PatchModeRule]]:
    """The patch modes of Windows VMs by `enableAutomaticUpdates`, in order."""
    for (mode, automatic_updates), rule in _WINDOWS_MODES.items():
        yield mode, automatic_updates, rule


def linux_patch_modes() -> Iterator[tuple[str, PatchModeRule]]:
    """The patch modes of Linux VMs, in order."""
    yield from _LINUX_MODES.items()


def patch_mode_rule(os_type: str, patch_mode: str | None, *, automatic_updates: bool | None = None) -> PatchModeRule:
    """What is documented of an Azure VM's patch mode; an absent mode and an absent `enableAutomaticUpdates` mean the
    platform's defaults, `AutomaticByOS` (Windows) or `ImageDefault` (Linux) and true.

    Sources: azure-compute-docs, automatic-vm-guest-patching.md; azure-mgmt-compute 39.0.0, `PatchSettings`. Names are
    compared without regard to case. `enableAutomaticUpdates` does not exist on Linux.
    """
    if os_type.lower() == "linux":
        wanted = (patch_mode or "ImageDefault").lower()
        return next((rule for mode, rule in _LINUX_MODES.items() if mode.lower() == wanted), _FOREIGN_MODE)
    wanted, updates_itself = (patch_mode or "AutomaticByOS").lower(), automatic_updates is not False
    for (mode, automatic), rule in _WINDOWS_MODES.items():
        if mode.lower() == wanted and automatic is updates_itself:
            return rule
    return _FOREIGN_MODE
