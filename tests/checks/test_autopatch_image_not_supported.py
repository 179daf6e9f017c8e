import pytest

from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported as check
from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, Status
from tests.builders import NOW, arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

BY_AZURE = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
GALLERY = ImageReference(
    id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/gold/images/ws/versions/1.0.0"
)
MANAGED = ImageReference(id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/golden")
EXCLUDED = ImageReference(
    publisher="center-for-internet-security-inc",
    offer="cis-windows-server",
    sku="cis-windows-server-l1-azure-observability",
)
LISTED = ImageReference(publisher="microsoftwindowsserver", offer="WINDOWSSERVER", sku="2022-Datacenter-Azure-Edition")
NEW = ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2031-datacenter")


def test_an_excluded_image_is_accepted_and_never_patched() -> None:
    found = finding(estate(azure_vm(image=EXCLUDED, patch_settings=BY_AZURE)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM035", Severity.MEDIUM, Confidence.MEDIUM)
    assert "cis-windows-server-l1-azure-observability: nobody patches it" in found.message
    assert found.evidence[0].path == "properties.storageProfile.imageReference"
    assert found.evidence[0].observed == f"{EXCLUDED.publisher}:{EXCLUDED.offer}:{EXCLUDED.sku}"
    assert found.evidence[1].observed == "AutomaticByPlatform"


@pytest.mark.parametrize("image", [GALLERY, MANAGED], ids=["gallery", "managed image"])
def test_gallery_and_custom_images_are_another_check(image: ImageReference) -> None:
    vm = azure_vm(image=image, patch_settings=BY_AZURE)
    (answer,) = answers(estate(vm), [check], vm, NOW)
    assert (answer.state, answer.reason) == (
        AnswerState.NOT_APPLICABLE,
        "it was made from a gallery or custom image (AUM141c)",
    )


def test_an_image_of_the_list_is_fine_in_any_casing() -> None:
    assert findings(estate(azure_vm(image=LISTED, patch_settings=BY_AZURE)), check) == ()


def test_a_marketplace_image_that_is_not_known_here_is_a_low_warning() -> None:
    found = finding(estate(azure_vm(image=NEW, patch_settings=BY_AZURE)), check)
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.LOW)
    assert "MicrosoftWindowsServer:WindowsServer:2031-datacenter is not known here" in found.message


@pytest.mark.parametrize("image", [None, ImageReference(), ImageReference(version="latest")])
def test_so_is_a_vm_of_which_azure_names_no_image(image: ImageReference | None) -> None:
    found = finding(estate(azure_vm(image=image, patch_settings=BY_AZURE)), check)
    assert found.severity is Severity.LOW
    assert "names no image" in found.message


def test_what_azure_says_of_the_patch_mode_stands_beside_it() -> None:
    statuses = (
        Status(code="AssessmentModeConfigurationState/Ready"),
        Status(code="PatchModeConfigurationState/Pending"),
    )
    vm = azure_vm(image=EXCLUDED, patch_settings=BY_AZURE, patch_configuration_statuses=statuses)
    told = finding(estate(vm), check).evidence
    assert [sign.observed for sign in told if "configurationStatuses" in sign.path] == [
        "PatchModeConfigurationState/Pending"
    ]


def test_under_a_schedule_the_image_does_not_matter() -> None:
    vm = azure_vm(image=EXCLUDED)
    assert findings(estate(vm, scheduled=True), check) == ()
    assert findings(estate(azure_vm(image=EXCLUDED, patch_settings=BY_AZURE), scheduled=True), check) == ()


@pytest.mark.parametrize("mode", [None, "Manual", "AutomaticByOS"])
def test_in_other_modes_azure_is_not_to_patch_at_all(mode: str | None) -> None:
    settings = patch_settings(patch_mode=mode, bypass_platform_safety_checks_on_user_schedule=None)
    assert findings(estate(azure_vm(image=EXCLUDED, patch_settings=settings)), check) == ()


def test_arc_machines_have_no_image() -> None:
    assert findings(estate(arc_machine(patch_settings=BY_AZURE)), check) == ()


def test_the_cure_is_a_schedule_where_one_may_work() -> None:
    (remedies,) = examine(estate(azure_vm(image=NEW, patch_settings=BY_AZURE)), check).remedies
    assert [remedy.name for remedy in remedies] == ["attach-to-schedule", "use-supported-image"]
    (remedies,) = examine(estate(azure_vm(image=EXCLUDED, patch_settings=BY_AZURE)), check).remedies
    assert [remedy.name for remedy in remedies] == ["use-supported-image"]


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(image=EXCLUDED, patch_settings=BY_AZURE), denied=[fact]), check)
    assert unknown.fact is fact
