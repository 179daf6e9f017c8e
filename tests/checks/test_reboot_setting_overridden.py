import shlex

import pytest

from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.reboot_setting_overridden import reboot_setting_overridden as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches, MaintenanceConfiguration
from aumdoctor.remedies.remedy import Risk
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    static_assignment,
    unknowns,
)


def vm_with(setting: str | None, **overrides: object) -> Machine:
    return azure_vm(patch_settings=patch_settings(reboot_setting=setting), **overrides)  # type: ignore[arg-type]


def schedule_with(setting: str | None, name: str = "weekly") -> MaintenanceConfiguration:
    return configuration(name, install_patches=InstallPatches(reboot_setting=setting))


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_the_vm_never_restarts_although_its_schedule_says_so(os_type: str) -> None:
    found = finding(estate(vm_with("Never", os_type=os_type), scheduled=True), check)
    assert (found.check, found.severity, found.confidence) == ("AUM040", Severity.MEDIUM, Confidence.HIGH)
    assert "Never overrides that of its schedule (weekly: IfRequired)" in found.message
    own, schedule = found.evidence
    assert own.path.endswith("patchSettings.automaticByPlatformSettings.rebootSetting")
    assert (own.observed, own.expected) == ("Never", "IfRequired")
    assert (schedule.path, schedule.observed) == ("properties.installPatches.rebootSetting", "IfRequired")
    assert schedule.resource_id == configuration().id


@pytest.mark.parametrize("own", ["IfRequired", "ifrequired", "Unknown", None])
def test_the_same_setting_none_and_unknown_are_fine(own: str | None) -> None:
    assert findings(estate(vm_with(own), scheduled=True), check) == ()


@pytest.mark.parametrize(("own", "schedules"), [("IfRequired", "RebootIfRequired"), ("Never", "NeverReboot")])
def test_the_older_spelling_of_schedules_means_the_same(own: str, schedules: str) -> None:
    assert findings(estate(vm_with(own), scheduled=True, configurations=[schedule_with(schedules)]), check) == ()


def test_a_schedule_that_says_nothing_of_restarts_is_not_compared() -> None:
    for silent in (schedule_with(None), configuration(install_patches=None)):
        assert findings(estate(vm_with("Never"), scheduled=True, configurations=[silent]), check) == ()


def test_without_a_schedule_the_question_does_not_arise() -> None:
    vm = vm_with("Never")
    (answer,) = answers(estate(vm), [check], vm, NOW)
    assert (answer.state, answer.reason) == (AnswerState.NOT_APPLICABLE, "no schedule is attached")


def test_a_schedule_for_hosts_does_not_restart_guests() -> None:
    hosts = configuration(maintenance_scope="Host")
    assert findings(estate(vm_with("Never"), scheduled=True, configurations=[hosts]), check) == ()


def test_arc_machines_have_no_such_setting() -> None:
    arc = arc_machine(patch_settings=patch_settings(reboot_setting="Never"))
    assert findings(estate(arc, scheduled=True), check) == ()


def test_a_schedule_that_could_not_be_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(vm_with("Never"), scheduled=True, configurations=[]), check)
    assert unknown.fact is Fact.CONFIGURATIONS


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_without_any_of_its_facts_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(vm_with("Never"), scheduled=True, denied=[fact]), check)
    assert unknown.fact is fact


def test_the_cure_sets_this_one_member_to_what_the_schedule_says() -> None:
    seen = estate(vm_with("Never"), scheduled=True, configurations=[schedule_with("RebootIfRequired")])
    ((remedy,),) = examine(seen, check).remedies
    assert (remedy.name, remedy.risk) == ("set-reboot-setting", Risk.CONSENT)
    (call,) = remedy.calls
    wanted = {"automaticByPlatformSettings": {"rebootSetting": "IfRequired"}}
    assert call.body == {"properties": {"osProfile": {"windowsConfiguration": {"patchSettings": wanted}}}}
    assert shlex.split(remedy.az[0])[-1].endswith("automaticByPlatformSettings.rebootSetting=IfRequired")
    assert "Never" in remedy.steps[0]
    assert "rebootSetting: 'IfRequired'" in remedy.bicep
    assert 'reboot_setting                                         = "IfRequired"' in remedy.terraform


def test_where_its_schedules_disagree_nobody_chooses_for_the_owner() -> None:
    vm, always, if_required = vm_with("Never"), schedule_with("Always", "a"), schedule_with("IfRequired", "b")
    ties = [static_assignment(vm, always, name="a"), static_assignment(vm, if_required, name="b")]
    seen = examine(estate(vm, configurations=[always, if_required], assignments=ties), check)
    assert "a: Always, b: IfRequired" in seen.findings[0].message
    assert seen.remedies == ((),)
