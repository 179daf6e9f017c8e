"""Advice: what to do about a VM of an image that Azure Update Manager does not support."""

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.assess_now import assessment_line
from aumdoctor.remedies.remedy import Prescription, Risk, remedy


@remedy(
    name="use-supported-image",
    title="Move to a supported image, or patch as its publisher says",
    risk=Risk.ADVICE,
    reversible=False,
)
def use_supported_image(finding: Finding, estate: Estate) -> Prescription | None:
    """The image of a VM cannot be changed."""
    machine = estate.machines_by_key.get(ids.key(finding.resource_id))
    if machine is None or machine.is_arc:
        return None
    steps = [f"Assess it: where that succeeds, the list may be behind: {assessment_line(machine)}"]
    if finding.details.get("dynamicScope") == "true":
        steps.append("Change the tag or the filter by which a dynamic scope takes the VM in.")
    steps.append(
        "Patch the VM with the update service of the image's publisher, or make it anew from an image of "
        "https://learn.microsoft.com/azure/update-manager/support-matrix-updates."
    )
    return Prescription(steps=tuple(steps))
