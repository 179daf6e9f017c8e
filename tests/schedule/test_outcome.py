import pytest

from aumdoctor.model.machine import PatchSettings
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome
from tests.builders import arc_machine, azure_vm

# Patch mode, bypass flag, schedule attached: row of the documented table, who patches, prerequisite error.
TABLE = [
    ("Windows", "AutomaticByPlatform", True, True, 1, PatchedBy.SCHEDULE, False),
    ("Windows", "AutomaticByPlatform", True, False, 2, PatchedBy.NOBODY, False),
    ("Windows", "AutomaticByPlatform", False, True, 3, PatchedBy.NOBODY, True),
    ("Windows", "AutomaticByPlatform", None, True, 3, PatchedBy.NOBODY, True),
    ("Windows", "AutomaticByPlatform", False, False, 4, PatchedBy.PLATFORM, False),
    ("Windows", "Manual", True, True, 5, PatchedBy.NOBODY, True),
    ("Windows", "Manual", True, False, 6, PatchedBy.NOBODY, False),
    ("Windows", "Manual", False, True, 7, PatchedBy.NOBODY, True),
    ("Windows", "Manual", False, False, 8, PatchedBy.NOBODY, False),
    ("Windows", "AutomaticByOS", None, True, 7, PatchedBy.GUEST, True),
    ("Windows", "AutomaticByOS", None, False, 8, PatchedBy.GUEST, False),
    ("Windows", None, None, True, 7, PatchedBy.GUEST, True),
    ("Windows", None, None, False, 8, PatchedBy.GUEST, False),
    ("Linux", "automaticbyplatform", True, True, 1, PatchedBy.SCHEDULE, False),
    ("Linux", "AutomaticByPlatform", None, False, 4, PatchedBy.PLATFORM, False),
    ("Linux", "ImageDefault", None, True, 7, PatchedBy.GUEST, True),
    ("Linux", None, True, True, 5, PatchedBy.GUEST, True),
    ("Linux", None, None, False, 8, PatchedBy.GUEST, False),
]


@pytest.mark.parametrize(("os_type", "mode", "bypass", "scheduled", "row", "patched_by", "error"), TABLE)
def test_an_azure_vm_follows_the_documented_table(
    os_type: str, mode: str | None, bypass: bool | None, scheduled: bool, row: int, patched_by: PatchedBy, error: bool
) -> None:
    settings = PatchSettings(patch_mode=mode, bypass_platform_safety_checks_on_user_schedule=bypass)
    outcome = patch_outcome(azure_vm(os_type=os_type, patch_settings=settings), scheduled=scheduled)
    assert (outcome.row, outcome.patched_by, outcome.prerequisite_error) == (row, patched_by, error)


@pytest.mark.parametrize("mode", [None, "Manual", "AutomaticByOS", "ImageDefault", "AutomaticByPlatform"])
def test_for_an_arc_machine_only_the_schedule_counts(mode: str | None) -> None:
    machine = arc_machine(patch_settings=PatchSettings(patch_mode=mode))
    with_schedule = patch_outcome(machine, scheduled=True)
    assert (with_schedule.row, with_schedule.patched_by) == (None, PatchedBy.SCHEDULE)
    assert not with_schedule.prerequisite_error
    assert patch_outcome(machine, scheduled=False).patched_by is PatchedBy.GUEST


def test_a_vm_of_an_unknown_system_without_a_patch_mode_is_not_schedulable() -> None:
    vm = azure_vm(os_type=None, patch_settings=PatchSettings())
    assert patch_outcome(vm, scheduled=True).row == 7
    assert patch_outcome(vm, scheduled=True).patched_by is PatchedBy.NOBODY
