"""Who patches a machine: what its patch mode, its bypass flag and a schedule come to together.

Azure VMs follow the table of eight rows in azure-docs `update-manager/prerequsite-for-schedule-patching.md` (so
spelled). For Arc-enabled servers only the schedule counts (`update-manager/scheduled-patching.md`). Assessments and
installations on demand work in every row.
"""

from __future__ import annotations

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


def patch_outcome(machine: Machine, *, scheduled: bool) -> PatchOutcome:
    """Who patches a machine that is, or is not, attached to a patch schedule.

    Where Azure patches nobody, the guest still updates itself under the modes that leave it to the guest: Windows
    `AutomaticByOS` and Linux `ImageDefault` (azure-compute-docs, automatic-vm-guest-patching.md).
    """
    if machine.is_arc:
        return PatchOutcome(row=None, patched_by=PatchedBy.SCHEDULE if scheduled else PatchedBy.GUEST)
    outcome = _ROWS[machine.is_platform_patch_mode, machine.bypasses_platform_safety_checks, scheduled]
    left_to_guest = (machine.effective_patch_mode or "").lower() in ("automaticbyos", "imagedefault")
    if outcome.patched_by is PatchedBy.NOBODY and left_to_guest:
        return msgspec.structs.replace(outcome, patched_by=PatchedBy.GUEST)
    return outcome
