import pytest

from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported
from aumdoctor.checks.custom_image_autopatch_noop import custom_image_autopatch_noop
from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.unintended_platform_patching import unintended_platform_patching as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, PatchSettings
from tests.builders import NOW, arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

BY_AZURE = patch_settings(bypass_platform_safety_checks_on_user_schedule=None)
LISTED = ImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server")
CUSTOM = ImageReference(id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/golden")


def test_a_vm_that_azure_patches_when_it_chooses_is_a_remark() -> None:
    found = finding(estate(azure_vm(os_type="Linux", image=LISTED, patch_settings=BY_AZURE)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM034", Severity.MEDIUM, Confidence.LOW)
    assert "Azure chooses when" in found.message
    assert found.blocks == ()
    mode, flag = found.evidence
    assert mode.path == "properties.osProfile.linuxConfiguration.patchSettings.patchMode"
    assert flag.observed is None


@pytest.mark.parametrize(
    ("settings", "scheduled"),
    [
        (patch_settings(), False),
        (BY_AZURE, True),
        (patch_settings(patch_mode="Manual", bypass_platform_safety_checks_on_user_schedule=False), False),
        (PatchSettings(), False),
    ],
    ids=["customer managed", "scheduled", "manual", "defaults"],
)
def test_every_other_row_is_another_matter(settings: PatchSettings, scheduled: bool) -> None:
    assert findings(estate(azure_vm(patch_settings=settings), scheduled=scheduled), check) == ()


def test_arc_machines_are_never_patched_by_azure_itself() -> None:
    assert findings(estate(arc_machine(patch_settings=BY_AZURE)), check) == ()


def test_an_image_that_azure_leaves_out_is_told_of_once() -> None:
    vm = azure_vm(image=CUSTOM, patch_settings=BY_AZURE)
    seen = estate(vm)
    told = findings(seen, check, autopatch_image_not_supported, custom_image_autopatch_noop)
    assert [found.check for found in told] == ["AUM141c"]
    (answer,) = answers(seen, [check], vm, NOW)
    assert answer.state is AnswerState.NOT_APPLICABLE
    assert "AUM141c" in answer.reason


def test_an_image_that_is_not_known_here_leaves_both_standing() -> None:
    vm = azure_vm(image=ImageReference(publisher="contoso", offer="new", sku="one"), patch_settings=BY_AZURE)
    seen = examine(estate(vm), check, autopatch_image_not_supported)
    assert {found.check: found.explained_by for found in seen.findings} == {"AUM034": None, "AUM035": None}


def test_the_cure_attaches_first_and_sets_the_flag_then() -> None:
    ((remedy,),) = examine(estate(azure_vm(patch_settings=BY_AZURE)), check).remedies
    text = "\n".join(remedy.steps)
    assert text.index("maintenance assignment create") < text.index("bypassPlatformSafetyChecksOnUserSchedule=true")


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(patch_settings=BY_AZURE), denied=[fact]), check)
    assert unknown.fact is fact
