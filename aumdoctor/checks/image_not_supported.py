"""AUM049: the VM was made from an image that Azure Update Manager does not support."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.detaching import assignment_details
from aumdoctor.knowledge.images import knows_publisher, marketplace_images, supported_image
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import Machine

_PATH = "properties.storageProfile.imageReference"
_CLIENTS = "microsoftwindowsdesktop"


@check(
    id="AUM049",
    name="image-not-supported",
    severity=Severity.HIGH,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE,),
    uses=(Fact.ASSIGNMENTS, Fact.CONFIGURATIONS, Fact.ASSESSMENT, Fact.INSTALLATION),
    blocks=(Operation.SCHEDULE,),
    remedies=("detach-from-schedule", "use-supported-image"),
    source="azure-docs: update-manager/support-matrix-updates.md, unsupported-workloads.md",
)
def image_not_supported(machine: Machine, context: Context) -> Iterator[Observation]:
    """The VM was made from a marketplace image that Azure Update Manager excludes, or does not know.

    ## Why it matters
    The support matrix names images on which Azure Update Manager works and some on which it does not. A VM of an
    excluded image makes the job of its schedule fail for that VM, window after window.

    ## What to do
    Take the VM off the schedule and patch it by the means of the image's publisher, or move the workload to a supported
    image.

    ## When it is wrong
    High is said only of an image that is excluded by name on a VM with a schedule; without one, or where the last
    installation succeeded nevertheless, it is low. An image that the matrix does not have is no finding where an
    assessment succeeded, which proves more than the list; otherwise it is a warning of low confidence, for the page
    also lacks releases that work (low where it has no image of the publisher, else info). Custom and gallery images
    are not judged here, Windows clients by AUM050.
    """
    image = machine.image
    if image is None or not image.publisher:
        return
    supported = supported_image(image.publisher, image.offer, image.sku)
    if supported is True or image.publisher.lower() == _CLIENTS:
        return
    named = f"{image.publisher}:{image.offer}:{image.sku}"
    as_of = marketplace_images().as_of
    signs = [sign(f"{_PATH}.{member}", getattr(image, member)) for member in ("publisher", "offer", "sku")]
    if supported is False:
        scheduled = context.is_scheduled(machine)
        succeeded = machine.installation is not None and (machine.installation.status or "").lower() == "succeeded"
        harmless = succeeded or not scheduled
        yield structs.replace(
            observe(
                f"its image {named} is excluded from Azure Update Manager (as of {as_of})"
                + (", and it is on a schedule" if scheduled else ""),
                *signs,
                severity=Severity.LOW if harmless else None,
                confidence=Confidence.LOW if succeeded else None,
            ),
            details=assignment_details(machine, context),
        )
        return
    if machine.assessment is not None and (machine.assessment.status or "").lower() == "succeeded":
        return
    known = knows_publisher(image.publisher)
    yield observe(
        f"its image {named} is not on the list of supported images (as of {as_of}); it may have been added since",
        *signs,
        severity=Severity.INFO if known else Severity.LOW,
        confidence=Confidence.LOW,
    )
