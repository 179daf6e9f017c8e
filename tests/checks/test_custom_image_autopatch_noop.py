import pytest

from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported
from aumdoctor.checks.custom_image_autopatch_noop import custom_image_autopatch_noop as check
from aumdoctor.checks.unintended_platform_patching import unintended_platform_patching
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, Machine, Status
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, patch_settings, unknowns

BY_AZURE = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
GALLERY = ImageReference(
    id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/gold/images/ws/versions/1.0.0"
)
MANAGED = ImageReference(id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/golden")
LISTED = ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2022-datacenter-azure-edition")


@pytest.mark.parametrize(("image", "kind"), [(GALLERY, "a gallery image"), (MANAGED, "a custom image")])
def test_it_is_accepted_and_never_patched(image: ImageReference, kind: str) -> None:
    found = finding(estate(azure_vm(image=image, patch_settings=BY_AZURE)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM141c", Severity.MEDIUM, Confidence.MEDIUM)
    assert f"machines of {kind}: nobody patches it" in found.message
    assert found.evidence[0].path == "properties.storageProfile.imageReference"
    assert found.evidence[0].observed == image.id
    assert found.evidence[1].observed == "AutomaticByPlatform"


def test_an_absent_flag_is_false_on_linux_too() -> None:
    settings = patch_settings(bypass_platform_safety_checks_on_user_schedule=None)
    vm = azure_vm(os_type="Linux", image=GALLERY, patch_settings=settings)
    assert finding(estate(vm), check).resource_id == vm.id


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


def test_the_other_checks_of_platform_patching_say_nothing_beside_it() -> None:
    vm = azure_vm(image=GALLERY, patch_settings=BY_AZURE)
    found = findings(estate(vm), check, autopatch_image_not_supported, unintended_platform_patching)
    assert [each.check for each in found] == ["AUM141c"]


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(image=LISTED, patch_settings=BY_AZURE),
        azure_vm(image=None, patch_settings=BY_AZURE),
        azure_vm(image=ImageReference(version="latest"), patch_settings=BY_AZURE),
        azure_vm(image=GALLERY),
        azure_vm(image=GALLERY, patch_settings=patch_settings(patch_mode="Manual")),
        azure_vm(
            image=GALLERY,
            patch_settings=patch_settings(patch_mode=None, bypass_platform_safety_checks_on_user_schedule=None),
        ),
        arc_machine(patch_settings=BY_AZURE),
    ],
    ids=["marketplace", "no image", "empty image", "flag for schedules", "manual", "default", "arc"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_under_a_schedule_the_image_does_not_matter() -> None:
    assert findings(estate(azure_vm(image=GALLERY), scheduled=True), check) == ()
    assert findings(estate(azure_vm(image=GALLERY, patch_settings=BY_AZURE), scheduled=True), check) == ()


def test_the_cure_is_a_schedule() -> None:
    (remedies,) = examine(estate(azure_vm(image=GALLERY, patch_settings=BY_AZURE)), check).remedies
    assert [remedy.name for remedy in remedies] == ["attach-to-schedule"]


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS])
def test_without_settings_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(image=GALLERY, patch_settings=BY_AZURE), denied=[fact]), check)
    assert unknown.fact is fact
