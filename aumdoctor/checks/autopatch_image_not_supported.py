"""AUM035: Azure is to patch a VM by itself, and does not for its marketplace image."""

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.images import platform_patching_image
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import ImageReference, Machine
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome

IMAGE_PATH = "properties.storageProfile.imageReference"
_READINESS = "patchmodeconfigurationstate/"


@check(
    id="AUM035",
    name="autopatch-image-not-supported",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    needs=(Fact.MACHINE, Fact.ASSIGNMENTS),
    uses=(Fact.CONFIGURATIONS, Fact.INSTANCE_VIEW),
    remedies=("attach-to-schedule", "use-supported-image"),
    source="azure-compute-docs: automatic-vm-guest-patching.md (list of images); azure-docs: "
    "update-manager/support-matrix-updates.md",
)
def autopatch_image_not_supported(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """Azure is to patch the VM by itself, and its marketplace image is not among those for which Azure does.

    ## Why it matters
    Automatic guest patching (patch mode `AutomaticByPlatform` without the flag for schedules) holds for a list of
    marketplace images. On any other the setting is accepted and nothing happens: nobody patches the VM.

    ## What to do
    Attach the VM to a schedule and set it to customer managed schedules: these, and installations on demand, work on
    many more images. Where Azure Update Manager excludes the image altogether (AUM049) they do not work either: patch
    the VM as the image's publisher says, or move the workload to another image.

    ## When it is wrong
    Azure adds images to its list now and then: a marketplace image that is merely not known here, and a VM of which
    Azure names no image, is reported as a low warning, never as a fault. Gallery and custom images are AUM141c.
    """
    if not is_left_to_platform(machine, context):
        return
    if is_own_image(machine.image):
        yield NotApplicable(reason="it was made from a gallery or custom image (AUM141c)")
        return
    outside = is_outside_automatic_patching(machine)
    if outside is False:
        return
    named = _name_of(machine.image)
    image = sign(IMAGE_PATH, named, "an image of Azure's list for automatic guest patching")
    if outside:
        yield observe(
            f"Azure is to patch it by itself, but does not for its image {named}: nobody patches it",
            *(image, *platform_patching_signs(machine)),
            scheduled="false",
        )
    else:
        of_image = f"whether it does for the image {named} is not known here" if named else "Azure names no image of it"
        yield observe(
            f"Azure is to patch it by itself, and {of_image}",
            *(image, *platform_patching_signs(machine)),
            severity=Severity.LOW,
            confidence=Confidence.LOW,
            scheduled="false",
        )


def is_left_to_platform(machine: Machine, context: Context) -> bool:
    """Whether Azure is to patch a VM by itself, at times of its own choosing: row 4 of the documented table."""
    if machine.bypasses_platform_safety_checks or not machine.is_platform_patch_mode or context.is_scheduled(machine):
        return False
    return patch_outcome(machine, scheduled=False).patched_by is PatchedBy.PLATFORM


def is_own_image(image: ImageReference | None) -> bool:
    """Whether an image is of a gallery or a managed image: it has an id and no publisher."""
    return image is not None and not image.publisher and bool(image.id)


def platform_patching_signs(machine: Machine) -> Iterator[Sign]:
    """That a VM is left to Azure, and what Azure says of how far that is set up."""
    yield sign(f"{machine.patch_settings_path}.patchMode", machine.patch_settings.patch_mode)
    for status in machine.patch_configuration_statuses:
        if (status.code or "").lower().startswith(_READINESS):
            path = "properties.instanceView.patchStatus.configurationStatuses[].code"
            yield sign(path, status.code, fact=Fact.INSTANCE_VIEW)


def is_outside_automatic_patching(machine: Machine) -> bool | None:
    """Whether automatic guest patching leaves a VM's image out; None where the image is not known.

    Gallery and custom images, which have an id and no publisher, are always left out.
    """
    image = machine.image
    if image is None:
        return None
    if not image.publisher:
        return True if is_own_image(image) else None
    supported = platform_patching_image(image.publisher, image.offer, image.sku)
    return None if supported is None else not supported


def _name_of(image: ImageReference | None) -> str | None:
    if image is None or not image.publisher:
        return None
    return ":".join((image.publisher, image.offer or "", image.sku or ""))
