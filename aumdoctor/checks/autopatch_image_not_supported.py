"""AUM035: Azure is to patch a VM by itself, and does not for its image."""

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.images import platform_patching_image
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, Machine
from aumdoctor.schedule.outcome import patch_outcome

_IMAGE = "properties.storageProfile.imageReference"
_READINESS = "patchmodeconfigurationstate/"


@check(
    id="AUM035",
    name="autopatch-image-not-supported",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS, Fact.INSTANCE_VIEW),
    remedies=("attach-to-schedule",),
    source="azure-compute-docs: automatic-vm-guest-patching.md (list of images); azure-docs: "
    "update-manager/support-matrix-updates.md, update-manager/support-matrix-automatic-guest-patching.md",
)
def autopatch_image_not_supported(machine: Machine, context: Context) -> Iterator[Observation]:
    """Azure is to patch the VM by itself, and its image is not among those for which Azure does: nobody patches it.

    ## Why it matters
    Automatic guest patching (patch mode `AutomaticByPlatform` without the flag for schedules) holds for a list of
    marketplace images. On any other, and on gallery and custom images, the setting is accepted and nothing happens.

    ## What to do
    Attach the VM to a schedule and set it to customer managed schedules: these, and installations on demand, work on
    many more images.

    ## When it is wrong
    Two pages of Azure's seem to contradict each other: one calls custom images unsupported for automatic guest patching
    (automatic-vm-guest-patching.md), the other calls them supported (support-matrix-updates.md). They speak of
    different things, the second of schedules and installations on demand. Azure adds images to its list now and then:
    a marketplace image that is merely not known here is reported as a low warning, never as a fault.
    """
    if machine.bypasses_platform_safety_checks or not machine.is_platform_patch_mode or context.is_scheduled(machine):
        return
    if patch_outcome(machine, scheduled=False).row != 4:
        return
    outside = is_outside_automatic_patching(machine)
    if outside is False:
        return
    mode = sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode)
    readiness = (
        sign("properties.instanceView.patchStatus.configurationStatuses[].code", status.code, fact=Fact.INSTANCE_VIEW)
        for status in machine.patch_configuration_statuses
        if (status.code or "").lower().startswith(_READINESS)
    )
    expected = "an image of Azure's list for automatic guest patching"
    named = _name_of(machine.image)
    image = sign(_IMAGE, named, expected)
    if outside:
        kind = f"its image {named}" if machine.image and machine.image.publisher else "gallery and custom images"
        yield observe(
            f"Azure is to patch it by itself, but does not for {kind}: nobody patches it",
            *(image, mode, *readiness),
            scheduled="false",
        )
    else:
        of_image = f"whether it does for the image {named} is not known here" if named else "Azure names no image of it"
        yield observe(
            f"Azure is to patch it by itself, and {of_image}",
            *(image, mode, *readiness),
            severity=Severity.LOW,
            confidence=Confidence.LOW,
            scheduled="false",
        )


def is_outside_automatic_patching(machine: Machine) -> bool | None:
    """Whether automatic guest patching leaves a VM's image out; None where the image is not known.

    Gallery and custom images, which have an id and no publisher, are always left out.
    """
    image = machine.image
    if image is None:
        return None
    if not image.publisher:
        return True if image.id else None
    supported = platform_patching_image(image.publisher, image.offer, image.sku)
    return None if supported is None else not supported


def _name_of(image: ImageReference | None) -> str | None:
    if image is None:
        return None
    if image.publisher:
        return ":".join((image.publisher, image.offer or "", image.sku or ""))
    return image.id
