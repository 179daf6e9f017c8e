import pytest

from aumdoctor.checks.hotpatching_under_schedule import hotpatching_under_schedule as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.remedies.remedy import Risk
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

HOT = patch_settings(enable_hotpatching=True, bypass_platform_safety_checks_on_user_schedule=False)


def test_hotpatching_under_a_schedule_is_a_warning_with_both_sides() -> None:
    found = finding(estate(azure_vm(patch_settings=HOT), scheduled=True), check)
    assert (found.check, found.severity, found.confidence) == ("AUM036", Severity.MEDIUM, Confidence.LOW)
    assert "2025-03" in found.message
    assert "2026-07" in found.message
    assert "claranet" in check.source
    assert "Architecture Center" in check.source
    hotpatching, flag, _ = found.evidence
    assert hotpatching.path == "properties.osProfile.windowsConfiguration.patchSettings.enableHotpatching"
    assert hotpatching.observed is True
    assert flag.observed is False
    assert found.blocks == ()


def test_where_azure_has_accepted_both_it_is_a_remark() -> None:
    vm = azure_vm(patch_settings=patch_settings(enable_hotpatching=True))
    assert finding(estate(vm, scheduled=True), check).severity is Severity.INFO


@pytest.mark.parametrize("hotpatching", [None, False])
def test_without_hotpatching_there_is_nothing_to_warn_of(hotpatching: bool | None) -> None:
    vm = azure_vm(patch_settings=patch_settings(enable_hotpatching=hotpatching))
    assert findings(estate(vm, scheduled=True), check) == ()


def test_without_a_schedule_hotpatching_is_azures_own_affair() -> None:
    assert findings(estate(azure_vm(patch_settings=HOT)), check) == ()


def test_linux_and_arc_have_no_such_setting() -> None:
    others = [azure_vm(os_type="Linux", patch_settings=HOT), arc_machine(patch_settings=HOT)]
    assert findings(estate(*others, scheduled=True), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(patch_settings=HOT), denied=[fact]), check)
    assert unknown.fact is fact


def test_the_cure_is_one_setting_and_asks_first() -> None:
    ((remedy,),) = examine(estate(azure_vm(patch_settings=HOT), scheduled=True), check).remedies
    assert (remedy.name, remedy.risk, remedy.reversible) == ("disable-hotpatching", Risk.CONSENT, True)
    (call,) = remedy.calls
    assert call.body == {
        "properties": {"osProfile": {"windowsConfiguration": {"patchSettings": {"enableHotpatching": False}}}}
    }
    assert "enableHotpatching: false" in remedy.bicep
    assert "hotpatching_enabled" in remedy.terraform
