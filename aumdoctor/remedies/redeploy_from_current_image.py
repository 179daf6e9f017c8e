"""Advice: make a VM anew whose image is not what it runs."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import assessment_line
from aumdoctor.remedies.remedy import Prescription, Risk, az, remedy


@remedy(
    name="redeploy-from-current-image",
    title="Make the VM anew from an image of the release that it runs, where the image decides",
    risk=Risk.ADVICE,
    reversible=False,
)
def redeploy_from_current_image(finding: Finding, estate: Estate) -> Prescription | None:
    """The image reference of a VM cannot be changed, and a VM that works is not replaced for it alone."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    shown = az(
        *("vm", "get-instance-view", "--ids", machine.id),
        *("--query", "{image:storageProfile.imageReference,os:instanceView.osName,version:instanceView.osVersion}"),
    )
    return Prescription(
        steps=(
            f"Compare what Azure says of both: {shown}",
            f"Assess it: where that succeeds, schedules and installations on demand work: {assessment_line(machine)}",
            "Leave it to a schedule and not to Azure's automatic guest patching, which goes by the image.",
            "Where the image has to be right, create a VM from an image of the new release and move the workload.",
        )
    )
