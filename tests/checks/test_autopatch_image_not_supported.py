import pytest

from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, Status
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

BY_AZURE = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
GALLERY = ImageReference(
    id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/gold/images/ws/versions/1.0.0"
)
MANAGED = ImageReference(id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/golden")
LISTED = ImageReference(publisher="microsoftwindowsserver", offer="WINDOWSSERVER", sku="2022-Datacenter-Azure-Edition")
NEW = ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2031-datacenter")


@pytest.mark.parametrize("image", [GALLERY, MANAGED], ids=["gallery", "managed image"])
def test_a_custom_image_is_accepted_and_never_patched(image: ImageReference) -> None:
    found = finding(estate(azure_vm(image=image, patch_settings=BY_AZURE)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM035", Severity.MEDIUM, Confidence.MEDIUM)
    assert "nobody patches it" in found.message
    assert found.evidence[0].path == "properties.storageProfile.imageReference"
    assert found.evidence[0].observed == image.id
    assert found.evidence[1].observed == "AutomaticByPlatform"


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
    vm = azure_vm(image=GALLERY, patch_settings=BY_AZURE, patch_configuration_statuses=statuses)
    told = finding(estate(vm), check).evidence
    assert [sign.observed for sign in told if "configurationStatuses" in sign.path] == [
        "PatchModeConfigurationState/Pending"
    ]


def test_under_a_schedule_the_image_does_not_matter() -> None:
    vm = azure_vm(image=GALLERY)
    assert findings(estate(vm, scheduled=True), check) == ()
    assert findings(estate(azure_vm(image=GALLERY, patch_settings=BY_AZURE), scheduled=True), check) == ()


@pytest.mark.parametrize("mode", [None, "Manual", "AutomaticByOS"])
def test_in_other_modes_azure_is_not_to_patch_at_all(mode: str | None) -> None:
    settings = patch_settings(patch_mode=mode, bypass_platform_safety_checks_on_user_schedule=None)
    assert findings(estate(azure_vm(image=GALLERY, patch_settings=settings)), check) == ()


def test_arc_machines_have_no_image() -> None:
    assert findings(estate(arc_machine(patch_settings=BY_AZURE)), check) == ()


def test_the_cure_is_a_schedule() -> None:
    (remedies,) = examine(estate(azure_vm(image=GALLERY, patch_settings=BY_AZURE)), check).remedies
    assert [remedy.name for remedy in remedies] == ["attach-to-schedule"]


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(image=GALLERY, patch_settings=BY_AZURE), denied=[fact]), check)
    assert unknown.fact is fact
