import pytest

from aumdoctor.checks.bypass_without_platform_mode import bypass_without_platform_mode as check
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import (
    arc_machine,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    unknowns,
)

BYPASS = "automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"


def test_row_5_the_flag_and_a_schedule_without_the_mode() -> None:
    found = finding(estate(azure_vm(patch_settings=patch_settings(patch_mode="Manual")), scheduled=True), check)
    assert (found.check, found.severity, found.confidence) == ("AUM032", Severity.HIGH, Confidence.HIGH)
    assert "schedule weekly ends with a prerequisite error" in found.message
    mode, flag, schedule = found.evidence
    assert mode.path == "properties.osProfile.windowsConfiguration.patchSettings.patchMode"
    assert (mode.observed, mode.expected) == ("Manual", "AutomaticByPlatform")
    assert flag.path.endswith(BYPASS)
    assert flag.observed is True
    assert schedule.observed == configuration().id


@pytest.mark.parametrize(
    ("os_type", "mode", "who"),
    [
        ("Windows", "Manual", "nobody patches"),
        ("Windows", None, "the guest updates itself"),
        ("Linux", None, "the guest updates itself"),
    ],
)
def test_row_6_without_a_schedule_it_weighs_less(os_type: str, mode: str | None, who: str) -> None:
    found = finding(estate(azure_vm(os_type=os_type, patch_settings=patch_settings(patch_mode=mode))), check)
    assert found.severity is Severity.MEDIUM
    assert who in found.message
    assert found.evidence[0].observed == mode


@pytest.mark.parametrize(
    "settings",
    [patch_settings(), patch_settings(patch_mode="automaticbyplatform"), PatchSettings(patch_mode="Manual")],
    ids=["both", "other casing", "neither"],
)
@pytest.mark.parametrize("scheduled", [True, False])
def test_both_or_neither_is_another_matter(settings: PatchSettings, scheduled: bool) -> None:
    assert findings(estate(azure_vm(patch_settings=settings), scheduled=scheduled), check) == ()


def test_arc_machines_need_neither() -> None:
    assert findings(estate(arc_machine(patch_settings=patch_settings(patch_mode=None)), scheduled=True), check) == ()


def test_under_a_schedule_it_follows_from_the_patch_mode_and_one_change_cures_both() -> None:
    seen = examine(
        estate(azure_vm(patch_settings=patch_settings(patch_mode="Manual")), scheduled=True),
        *(check, patch_mode_not_schedulable),
    )
    assert {found.check: found.explained_by for found in seen.findings} == {"AUM030": None, "AUM032": "AUM030"}
    assert {remedy.name for remedies in seen.remedies for remedy in remedies} == {"customer-managed-schedule"}


def test_without_a_schedule_one_is_to_be_chosen_first() -> None:
    (remedies,) = examine(estate(azure_vm(patch_settings=patch_settings(patch_mode="Manual"))), check).remedies
    assert [remedy.name for remedy in remedies] == ["attach-to-schedule"]


def test_a_schedule_that_could_not_be_read_lowers_the_confidence() -> None:
    vm = azure_vm(patch_settings=patch_settings(patch_mode="Manual"))
    assert finding(estate(vm, scheduled=True, configurations=[]), check).confidence is Confidence.MEDIUM


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[fact]), check)
    assert unknown.fact is fact
