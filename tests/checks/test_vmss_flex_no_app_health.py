import pytest

from aumdoctor.checks.autopatch_image_not_supported import autopatch_image_not_supported
from aumdoctor.checks.custom_image_autopatch_noop import custom_image_autopatch_noop
from aumdoctor.checks.scale_set_or_aks_member import scale_set_or_aks_member
from aumdoctor.checks.unintended_platform_patching import unintended_platform_patching
from aumdoctor.checks.vmss_flex_no_app_health import vmss_flex_no_app_health as check
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, ExtensionHandler, ImageReference, Machine
from tests.builders import (
    SUCCEEDED,
    arc_machine,
    azure_vm,
    change,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    reading,
    unknowns,
)

SCALE_SET = "/subscriptions/s/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-web"
BY_AZURE = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
LISTED = ImageReference(publisher="MicrosoftWindowsServer", offer="WindowsServer", sku="2022-datacenter-azure-edition")
GALLERY = ImageReference(id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/a/images/b")
HEALTH = Extension(
    name="AppHealth", publisher="Microsoft.ManagedServices", type="ApplicationHealthWindows", version="1.0"
)


def member(**parts: object) -> Machine:
    """A member of a flexible scale set that Azure is to patch, without the extension."""
    values = {"virtual_machine_scale_set_id": SCALE_SET, "patch_settings": BY_AZURE, "image": LISTED}
    return azure_vm(**{**values, **parts})


def test_azure_is_to_patch_a_member_and_cannot_see_whether_it_is_well() -> None:
    seen = finding(estate(member()), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM052", Severity.MEDIUM, Confidence.MEDIUM)
    assert seen.blocks == ()
    missing, of_set, mode = seen.evidence
    assert (missing.observed, missing.expected) == (None, "ApplicationHealthWindows")
    assert "Microsoft.ManagedServices" in missing.path
    assert (of_set.observed, mode.observed) == (SCALE_SET, "AutomaticByPlatform")


def test_on_linux_another_extension_is_wanted() -> None:
    assert finding(estate(member(os_type="Linux")), check).evidence[0].expected == "ApplicationHealthLinux"


@pytest.mark.parametrize(
    "machine",
    [
        member(extensions=(HEALTH,)),
        member(extensions=(change(HEALTH, type="APPLICATIONHEALTHWINDOWS"),)),
        member(extensions=(Extension(name="ApplicationHealthLinux"),)),
        member(
            extension_handlers=(
                ExtensionHandler(type="Microsoft.ManagedServices.ApplicationHealthLinux", status=SUCCEEDED),
            )
        ),
    ],
    ids=["there", "other casing", "only its name", "only the agent tells"],
)
def test_with_the_extension_all_is_well(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(patch_settings=BY_AZURE, image=LISTED),
        member(patch_settings=patch_settings()),
        member(patch_settings=patch_settings(patch_mode="Manual")),
        member(patch_settings=patch_settings(patch_mode=None, bypass_platform_safety_checks_on_user_schedule=None)),
        member(tags={"aks-managed-poolName": "system"}),
        member(resource_group="MC_rg-prod_cluster_westeurope"),
        member(image=GALLERY),
        arc_machine(),
    ],
    ids=["no member", "flag for schedules", "manual", "default", "AKS tag", "AKS group", "gallery image", "arc"],
)
def test_what_azure_is_not_to_patch_in_this_way(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_a_schedule_on_a_member_is_another_matter() -> None:
    assert findings(estate(member(), scheduled=True), check) == ()


def test_nobody_else_speaks_of_the_same_machine() -> None:
    others = (
        scale_set_or_aks_member,
        unintended_platform_patching,
        autopatch_image_not_supported,
        custom_image_autopatch_noop,
    )
    for machine in (member(), member(extensions=(HEALTH,))):
        assert findings(estate(machine), *others) == ()
    assert [seen.check for seen in findings(estate(member(image=GALLERY)), check, *others)] == ["AUM141c"]
    # With the flag for schedules Azure does not patch a member, and it is one that should not be on a schedule.
    assert [seen.check for seen in findings(estate(member(patch_settings=patch_settings())), check, *others)] == [
        "AUM051"
    ]


def test_extensions_that_were_not_read_are_unknown() -> None:
    (unknown,) = unknowns(estate(member(), denied=[Fact.EXTENSIONS]), check)
    assert unknown.fact is Fact.EXTENSIONS


def test_extensions_that_were_only_inferred_are_unknown() -> None:
    machine = member()
    inferred = reading(Fact.EXTENSIONS, machine.id, Outcome.INFERRED)
    seen = estate(machine, readings=[inferred])
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert unknown.reason == "its extensions were not listed"


def test_the_cure_is_for_the_scale_set_and_for_the_member() -> None:
    ((remedy,),) = examine(estate(member()), check).remedies
    assert any("vmss extension set" in step and "--vmss-name vmss-web" in step for step in remedy.steps)
    assert any("vm extension set" in step and "--vm-name vm-1" in step for step in remedy.steps)
