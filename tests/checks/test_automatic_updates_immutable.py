import json

import pytest

from aumdoctor.checks.automatic_updates_immutable import automatic_updates_immutable as check
from aumdoctor.checks.bypass_flag_missing import bypass_flag_missing
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

MANUAL = patch_settings(patch_mode="Manual", bypass_platform_safety_checks_on_user_schedule=None)
NO_FLAG = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)


@pytest.mark.parametrize("settings", [MANUAL, NO_FLAG, patch_settings(patch_mode="Manual")])
def test_a_change_that_is_needed_is_foretold_to_be_refused_as_documented(settings: PatchSettings) -> None:
    found = finding(estate(azure_vm(enable_automatic_updates=False, patch_settings=settings), scheduled=True), check)
    assert (found.check, found.severity, found.confidence) == ("AUM037", Severity.LOW, Confidence.MEDIUM)
    assert "PropertyChangeNotAllowed" in found.message
    assert "sources disagree" in found.message
    assert found.evidence[0].path == "properties.osProfile.windowsConfiguration.enableAutomaticUpdates"
    assert found.evidence[0].observed is False
    assert found.blocks == ()


def test_a_healthy_vm_needs_no_change_and_hears_nothing() -> None:
    assert findings(estate(azure_vm(enable_automatic_updates=False), scheduled=True), check) == ()


def test_without_a_schedule_no_change_is_needed() -> None:
    assert findings(estate(azure_vm(enable_automatic_updates=False, patch_settings=MANUAL)), check) == ()


@pytest.mark.parametrize("automatic", [True, None])
def test_true_and_absent_are_what_the_documented_request_sends(automatic: bool | None) -> None:
    vm = azure_vm(enable_automatic_updates=automatic, patch_settings=MANUAL)
    assert findings(estate(vm, scheduled=True), check) == ()


def test_linux_and_arc_have_no_such_property() -> None:
    linux = azure_vm(os_type="Linux", enable_automatic_updates=False, patch_settings=PatchSettings())
    arc = arc_machine(enable_automatic_updates=False, patch_settings=MANUAL)
    assert findings(estate(linux, arc, scheduled=True), check) == ()


@pytest.mark.parametrize(("settings", "cause"), [(MANUAL, "AUM030"), (NO_FLAG, "AUM031")])
def test_it_comes_with_what_makes_the_change_necessary(settings: PatchSettings, cause: str) -> None:
    vm = azure_vm(enable_automatic_updates=False, patch_settings=settings)
    seen = examine(estate(vm, scheduled=True), check, patch_mode_not_schedulable, bypass_flag_missing)
    assert {found.check: found.explained_by for found in seen.findings} == {cause: None, "AUM037": cause}
    for remedy in (remedy for remedies in seen.remedies for remedy in remedies):
        assert "enableAutomaticUpdates" not in json.dumps(remedy.calls[0].body)


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(enable_automatic_updates=False), denied=[fact]), check)
    assert unknown.fact is fact
