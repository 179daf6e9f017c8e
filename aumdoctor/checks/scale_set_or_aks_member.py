"""AUM051: the VM belongs to a scale set or to a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.detaching import assignment_details
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome

_NODE_GROUP = "/resourcegroups/mc_"
_NODE_TAG = "aks-managed-"


@check(
    id="AUM051",
    name="scale-set-or-aks-member",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE,),
    uses=(Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
    blocks=(Operation.SCHEDULE,),
    remedies=("detach-from-schedule", "patch-scale-set"),
    causes=("AUM134",),
    source="azure-docs: update-manager/unsupported-workloads.md; azure-compute-docs: automatic-vm-guest-patching.md",
)
def scale_set_or_aks_member(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """The VM is a member of a scale set or a node of Azure Kubernetes Service, which are patched in their own ways.

    ## Why it matters
    Azure Update Manager manages neither. What it would install on a member is lost when the scale set or the cluster
    makes the VM anew from its image, and a restart in a window goes past the orchestrator.

    ## What to do
    Scale sets: automatic OS image upgrades, or for flexible orchestration automatic guest patching with the Application
    Health extension. AKS: node image upgrades in the cluster's own maintenance window.

    ## When it is wrong
    Members of a flexible scale set are VMs like others: they are reported with severity medium where a schedule is
    attached and low where none is. One that is left to Azure's automatic guest patching is as it should be, and AUM052
    sees whether that can work. That a VM is an AKS node is inferred from its resource group (`MC_…`) or the tags
    that AKS puts on it. Instances of a uniform scale set are no VMs and never appear.
    """
    scale_set = machine.virtual_machine_scale_set_id
    tag = next((name for name in machine.tags if name.lower().startswith(_NODE_TAG)), None) if machine.tags else None
    if scale_set is None and tag is None and _NODE_GROUP not in machine.key:
        return
    in_node_group = _is_in_node_group(machine)
    if tag is None and not in_node_group:
        if scale_set is None:
            return
        scheduled = context.is_scheduled(machine)
        if patch_outcome(machine, scheduled=scheduled).patched_by is PatchedBy.PLATFORM:
            yield NotApplicable(reason="Azure's automatic guest patching is the way to patch it (AUM052)")
            return
        yield structs.replace(
            observe(
                "it is a member of a flexible scale set"
                + (", and a schedule is attached to it" if scheduled else "")
                + "; Azure Update Manager does not support scale sets",
                sign("properties.virtualMachineScaleSet.id", scale_set),
                severity=Severity.MEDIUM if scheduled else Severity.LOW,
                confidence=Confidence.HIGH,
            ),
            details=assignment_details(machine, context),
        )
        return
    signs = [sign("resourceGroup", machine.resource_group)] if in_node_group else []
    if tag is not None:
        signs.append(sign(f"tags.{tag}", machine.tags[tag]))
    if scale_set is not None:
        signs.append(sign("properties.virtualMachineScaleSet.id", scale_set))
    yield structs.replace(
        observe(
            "it looks like a node of Azure Kubernetes Service, which Azure Update Manager does not support", *signs
        ),
        details=assignment_details(machine, context),
    )


def is_flexible_member(machine: Machine) -> bool:
    """Whether a VM is a member of a flexible scale set and no node of a cluster. Instances of a uniform scale set are
    no VMs, so that a VM with a scale set is always of a flexible one."""
    return machine.virtual_machine_scale_set_id is not None and not _is_cluster_node(machine)


def _is_cluster_node(machine: Machine) -> bool:
    return _is_in_node_group(machine) or any(name.lower().startswith(_NODE_TAG) for name in machine.tags)


def _is_in_node_group(machine: Machine) -> bool:
    # A cluster's group is MC_<group>_<cluster>_<region>: any other name that begins with MC_ is somebody's choice.
    return _NODE_GROUP in machine.key and machine.resource_group.count("_") >= 3
