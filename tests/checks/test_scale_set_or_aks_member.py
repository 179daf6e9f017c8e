import pytest

from aumdoctor.checks.scale_set_or_aks_member import scale_set_or_aks_member as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    arc_machine,
    azure_vm,
    change,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    unknowns,
)

SCALE_SET = "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachineScaleSets/web"
MEMBER = azure_vm(virtual_machine_scale_set_id=SCALE_SET)
NODE_GROUP = "MC_rg-prod_cluster_westeurope"


def test_a_member_of_a_flexible_scale_set_on_a_schedule() -> None:
    seen = finding(estate(MEMBER, scheduled=True), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM051", Severity.MEDIUM, Confidence.HIGH)
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed) == ("properties.virtualMachineScaleSet.id", SCALE_SET)
    assert "a schedule is attached" in seen.message


def test_without_a_schedule_it_is_low() -> None:
    assert finding(estate(MEMBER), check).severity is Severity.LOW


def test_one_that_azure_patches_by_itself_is_as_it_should_be() -> None:
    by_azure = patch_settings(bypass_platform_safety_checks_on_user_schedule=False)
    assert findings(estate(change(MEMBER, patch_settings=by_azure)), check) == ()
    # Attached to a schedule it is not patched by Azure, and not as it should be.
    assert finding(estate(change(MEMBER, patch_settings=by_azure), scheduled=True), check).severity is Severity.MEDIUM


@pytest.mark.parametrize(
    ("vm", "paths"),
    [
        (azure_vm(resource_group=NODE_GROUP), ["resourceGroup"]),
        (azure_vm(resource_group=NODE_GROUP.lower()), ["resourceGroup"]),
        (azure_vm(tags={"aks-managed-poolName": "system"}), ["tags.aks-managed-poolName"]),
        (
            azure_vm(
                resource_group=NODE_GROUP,
                tags={"AKS-Managed-orchestrator": "k8s"},
                virtual_machine_scale_set_id=SCALE_SET,
            ),
            ["resourceGroup", "tags.AKS-Managed-orchestrator", "properties.virtualMachineScaleSet.id"],
        ),
    ],
    ids=["group", "group in lower case", "tag", "all three"],
)
def test_a_node_of_kubernetes_is_high_and_an_inference(vm: object, paths: list[str]) -> None:
    seen = finding(estate(vm), check)  # type: ignore[arg-type]
    assert (seen.severity, seen.confidence) == (Severity.HIGH, Confidence.MEDIUM)
    assert [evidence.path for evidence in seen.evidence] == paths
    assert "Kubernetes" in seen.message


@pytest.mark.parametrize(
    "machine",
    [
        azure_vm(tags={"env": "prod"}),
        azure_vm(resource_group="MC_servers"),
        azure_vm(resource_group="my_mc_a_b_c"),
        azure_vm(name="mc_a_b_c"),
        arc_machine(resource_group=NODE_GROUP),
    ],
    ids=["plain", "somebody's MC_", "MC_ within", "its name", "arc"],
)
def test_what_is_no_member(machine: object) -> None:
    assert findings(estate(machine), check) == ()  # type: ignore[arg-type]


def test_a_machine_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(MEMBER, missing=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_the_cure_names_the_scale_set() -> None:
    _, advice = examine(estate(MEMBER, scheduled=True), check).remedies[0]
    assert any(SCALE_SET in step for step in advice.steps)
