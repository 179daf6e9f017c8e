"""AUM141c: Azure is to patch a VM of a gallery or custom image by itself, which it never does."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.autopatch_image_not_supported import (
    IMAGE_PATH,
    is_left_to_platform,
    is_own_image,
    platform_patching_signs,
)
from aumdoctor.checks.check import NotApplicable, Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM141c",
    name="custom-image-autopatch-noop",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS, Fact.INSTANCE_VIEW),
    remedies=("attach-to-schedule",),
    source="azure-docs: update-manager/support-matrix-automatic-guest-patching.md, support-matrix-updates.md; "
    "azure-compute-docs: automatic-vm-guest-patching.md",
)
def custom_image_autopatch_noop(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """Azure is to patch the VM by itself, and does so for no VM of a gallery or custom image.

    ## Why it matters
    Automatic guest patching (patch mode `AutomaticByPlatform` without the flag for schedules) is for marketplace
    images. On a VM of a gallery image or a managed image the setting is accepted, no error is shown, and nothing is
    ever installed: nobody patches the VM.

    ## What to do
    Attach the VM to a schedule and set it to customer managed schedules. These, and installations on demand, work on
    custom images too.

    ## When it is wrong
    Two pages of Azure's seem to contradict each other: one calls custom images unsupported for automatic guest patching
    (automatic-vm-guest-patching.md), the other calls them supported (support-matrix-updates.md). They speak of
    different things, the second of schedules and installations on demand.
    """
    if not is_left_to_platform(machine, context):
        return
    if machine.image is None or not is_own_image(machine.image):
        yield NotApplicable(reason="it was not made from a gallery or custom image (AUM035 looks at others)")
        return
    kind = "a gallery image" if machine.image.is_gallery_image else "a custom image"
    yield observe(
        f"Azure is to patch it by itself, but does not do so for machines of {kind}: nobody patches it",
        sign(IMAGE_PATH, machine.image.id, "an image of Azure's list for automatic guest patching"),
        *platform_patching_signs(machine),
        scheduled="false",
    )
