import pytest

from aumdoctor.model.machine import PatchSettings
from aumdoctor.schedule.outcome import (
    PatchedBy,
    documented_rows,
    linux_patch_modes,
    patch_mode_rule,
    patch_outcome,
    windows_patch_modes,
)
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


def test_the_documented_rows_are_eight_and_in_order() -> None:
    rows = list(documented_rows())
    assert [outcome.row for _, outcome in rows] == list(range(1, 9))
    for situation, outcome in rows:
        vm = azure_vm(
            patch_settings=PatchSettings(
                patch_mode="AutomaticByPlatform" if situation.platform_mode else "Manual",
                bypass_platform_safety_checks_on_user_schedule=situation.bypass,
            )
        )
        assert patch_outcome(vm, scheduled=situation.scheduled) == outcome


# System, patch mode, enableAutomaticUpdates: allowed (None: sources disagree), NoAutoUpdate, what it switches to.
MODES = [
    ("Windows", "AutomaticByOS", True, True, 0, ("AutomaticByPlatform",)),
    ("Windows", "AutomaticByOS", False, False, None, ()),
    ("Windows", "Manual", True, False, None, ()),
    ("Windows", "Manual", False, True, 1, ("AutomaticByPlatform",)),
    ("Windows", "AutomaticByPlatform", True, True, 1, ("AutomaticByOS",)),
    ("Windows", "AutomaticByPlatform", False, None, 1, ("Manual",)),
    ("Windows", "automaticbyplatform", None, True, 1, ("AutomaticByOS",)),
    ("Windows", None, None, True, 0, ("AutomaticByPlatform",)),
    ("Windows", "ImageDefault", True, False, None, ()),
    ("Linux", "ImageDefault", None, True, None, ("AutomaticByPlatform",)),
    ("Linux", "AutomaticByPlatform", None, True, None, ("ImageDefault",)),
    ("Linux", "AutomaticByPlatform", False, True, None, ("ImageDefault",)),
    ("Linux", None, None, True, None, ("AutomaticByPlatform",)),
    ("Linux", "Manual", None, False, None, ()),
    ("Linux", "AutomaticByOS", None, False, None, ()),
]


@pytest.mark.parametrize(("os_type", "mode", "automatic", "allowed", "no_auto_update", "switches_to"), MODES)
def test_which_patch_modes_a_vm_can_have(
    os_type: str,
    mode: str | None,
    automatic: bool | None,
    allowed: bool | None,
    no_auto_update: int | None,
    switches_to: tuple[str, ...],
) -> None:
    rule = patch_mode_rule(os_type, mode, automatic_updates=automatic)
    assert (rule.allowed, rule.no_auto_update, rule.switches_to) == (allowed, no_auto_update, switches_to)


def test_what_is_refused_or_disputed_says_why_and_the_rest_is_complete() -> None:
    rules = [rule for _, _, rule in windows_patch_modes()]
    assert len(rules) == 6
    assert all(bool(rule.note) == (rule.allowed is not True) for rule in rules)
    assert all(bool(rule.switches_to) == (rule.allowed is not False) for rule in rules)
    (disputed,) = (rule for rule in rules if rule.allowed is None)
    assert "azure-mgmt-compute" in disputed.note
    assert "automatic-vm-guest-patching.md" in disputed.note
    assert [mode for mode, _ in linux_patch_modes()] == ["ImageDefault", "AutomaticByPlatform"]


def test_a_switch_is_possible_both_ways() -> None:
    for mode, automatic, rule in windows_patch_modes():
        for other in rule.switches_to:
            assert mode in patch_mode_rule("Windows", other, automatic_updates=automatic).switches_to
