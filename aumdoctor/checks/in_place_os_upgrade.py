"""AUM053: the VM runs a newer Windows Server than the image it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import NotApplicable, Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.knowledge.windows_server_releases import release_of_windows_image, running_release
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine


@check(
    id="AUM053",
    name="in-place-os-upgrade",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.AZURE_VM,
    os="windows",
    needs=(Fact.MACHINE,),
    uses=(Fact.INSTANCE_VIEW,),
    remedies=("redeploy-from-current-image",),
    source="azure-docs: update-manager/updates-maintenance-schedules.md; Microsoft Learn: Windows Server release "
    "information",
)
def in_place_os_upgrade(machine: Machine, context: Context) -> Iterator[Observation | NotApplicable]:
    """The VM runs a newer release of Windows Server than the marketplace image that its model still names.

    ## Why it matters
    After an upgrade in place the VM's model goes on naming the old image. Whatever goes by the image takes the VM for
    what it was: Azure's automatic guest patching with its list of images, hotpatching, a policy with a filter. Azure
    Update Manager itself neither makes such upgrades nor offers them as updates.

    ## What to do
    Nothing, as long as assessments and installations succeed: these go by what runs in the guest. Where the image
    decides, make the VM anew from an image of the release that it runs.

    ## When it is wrong
    That it was upgraded in place is inferred from the two releases. An OS disk that was exchanged for that of another
    VM looks the same. Only images of Microsoft's Windows Server are compared, and only where the guest reports its
    release; a release older than the image's is never reported.
    """
    image = machine.image
    made_of = release_of_windows_image(image.publisher, image.sku) if image is not None else None
    runs = running_release(machine.os_name, machine.os_version)
    if image is None or made_of is None or runs is None:
        yield NotApplicable(reason="the release of its image or of its system is not known")
        return
    if runs.build <= made_of.build:
        return
    yield observe(
        f"it runs {runs.name} and was made from an image of {made_of.name}: it was upgraded in place, or given another "
        "OS disk",
        *_reported(machine),
        sign("properties.storageProfile.imageReference.sku", image.sku, f"an image of {runs.name}"),
    )


def _reported(machine: Machine) -> Iterator[Sign]:
    for member, value in (("osName", machine.os_name), ("osVersion", machine.os_version)):
        if value:
            yield sign(f"properties.instanceView.{member}", value, fact=Fact.INSTANCE_VIEW)
