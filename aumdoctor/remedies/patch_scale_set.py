"""Advice: patch the members of scale sets and the nodes of clusters in their own ways."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="patch-scale-set",
    title="Patch the scale set or cluster in its own way",
    risk=Risk.ADVICE,
    reversible=True,
)
def patch_scale_set(finding: Finding, estate: Estate) -> Prescription | None:
    """What belongs to an orchestrator is updated by it."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    steps = []
    if machine.virtual_machine_scale_set_id is not None:
        mode = az("vmss", "show", "--ids", machine.virtual_machine_scale_set_id, "--query", "orchestrationMode")
        steps.append(f"Look at how the scale set is orchestrated: {mode}")
        steps.append(
            "Flexible: put the Application Health extension on the members and leave them to Azure's automatic guest "
            "patching (patch mode AutomaticByPlatform, safety flag false); uniform: automatic OS image upgrades."
        )
    clusters = az("aks", "list", "--query", "[].[name,nodeResourceGroup,autoUpgradeProfile.nodeOsUpgradeChannel]")
    steps.append(f"Where it is a node of AKS, find the cluster by its node resource group: {clusters}")
    steps.append("Give the cluster the node OS upgrade channel NodeImage and a maintenance window of its own.")
    if finding.details.get("dynamicScope") == "true":
        steps.append("Change the tag or the filter by which a dynamic scope takes the VM in.")
    return Prescription(steps=tuple(steps))
