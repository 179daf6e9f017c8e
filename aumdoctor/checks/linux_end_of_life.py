"""AUM054: the machine runs a Linux release that gets no more ordinary updates."""

from __future__ import annotations

from collections.abc import Iterator

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.knowledge.operating_systems import EndOfLife, Release, end_of_life, release, release_of_image
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine

_IMAGE = "properties.storageProfile.imageReference"
_PRO_NEEDED = "UA_ESM_REQUIRED"


@check(
    id="AUM054",
    name="linux-end-of-life",
    severity=Severity.MEDIUM,
    applies_to=Subject.MACHINE,
    os="linux",
    needs=(Fact.MACHINE,),
    uses=(Fact.INSTANCE_VIEW, Fact.ASSESSMENT, Fact.INSTALLATION),
    remedies=("upgrade-linux-release",),
    source="azure-docs: update-manager/security-awareness-ubuntu-support.md, workflow-update-manager.md; "
    "azure-compute-docs: workloads/redhat/redhat-rhui.md; life-cycle pages of the distributions",
)
def linux_end_of_life(machine: Machine, context: Context) -> Iterator[Observation]:
    """The machine runs a Linux release whose ordinary updates have ended.

    ## Why it matters
    Assessments and schedules go on succeeding, and install nothing or next to nothing: there is nothing in the
    repositories any more. On Ubuntu the run ends with warnings (`UA_ESM_REQUIRED`: patches that Ubuntu Pro alone
    brings).

    ## What to do
    Upgrade to a release that is maintained, or buy the extended support of the distribution (Ubuntu Pro, RHEL ELS, SUSE
    LTSS). On Red Hat Enterprise Linux that is locked to a minor release: raise or remove the lock.

    ## When it is wrong
    Extended support that shows in the image or the licence (Ubuntu Pro, `RHEL_ELS_6`) is heeded, one that was bought
    otherwise cannot be seen. Images for SAP have longer life cycles and are not judged. What the guest reports counts
    before the image (confidence medium where only the image tells). The end of a minor release of RHEL counts only
    where the image is locked to it by its SKU (`9_4`, not `9-lvm`), with medium confidence, for the lock may have been
    lifted inside.
    """
    image = machine.image
    if image is not None and "sap" in (image.offer or "").lower():
        return
    reported = _reported(machine)
    made_of = release_of_image(image.publisher, image.offer, image.sku) if image is not None else None
    runs = reported or made_of
    end = end_of_life(runs) if runs is not None else None
    if runs is None or end is None or end.ends >= context.now.date() or _is_extended(machine, runs):
        return
    if end.track == "eus" and _end_of_lock(made_of) != end:
        return
    signs = list(_signs(machine, from_guest=reported is not None, expected=end.instead))
    if end.track == "eus" and image is not None and reported is not None:
        signs.append(sign(f"{_IMAGE}.sku", image.sku))
    pro_needed = _pro_needed(machine)
    if pro_needed is not None:
        signs.append(pro_needed)
    sure = reported is not None and end.track != "eus"
    what = "Extended Update Support" if end.track == "eus" else "ordinary updates"
    yield observe(
        f"it runs {_title(runs)}, whose {what} ended on {end.ends}",
        *signs,
        confidence=None if sure or pro_needed is not None else Confidence.MEDIUM,
        instead=end.instead,
    )


def _end_of_lock(made_of: Release | None) -> EndOfLife | None:
    """The end of Extended Update Support to which an image is locked, by the minor release in its SKU."""
    return end_of_life(made_of) if made_of is not None and "." in made_of.version else None


def _reported(machine: Machine) -> Release | None:
    if machine.arc is not None and machine.arc.os_sku:
        return release(machine.arc.os_sku, machine.os_version)
    return release(machine.os_name, machine.os_version)


def _is_extended(machine: Machine, runs: Release) -> bool:
    """Whether the image or the licence shows that extended support was bought."""
    licence = (machine.license_type or "").upper()
    if runs.distribution == "ubuntu":
        image = machine.image
        named = f"{image.offer}:{image.sku}".lower() if image is not None else ""
        return licence == "UBUNTU_PRO" or "-pro-" in named or ":pro-" in named or "ubuntu-pro" in named
    return "ELS" in licence or "LTSS" in licence


def _signs(machine: Machine, *, from_guest: bool, expected: str) -> Iterator[Sign]:
    if not from_guest and machine.image is not None:
        yield sign(f"{_IMAGE}.offer", machine.image.offer)
        yield sign(f"{_IMAGE}.sku", machine.image.sku, expected)
    elif machine.arc is not None and machine.arc.os_sku:
        yield sign("properties.osSku", machine.arc.os_sku, expected)
    else:
        base = "properties" if machine.is_arc else "properties.instanceView"
        fact = Fact.MACHINE if machine.is_arc else Fact.INSTANCE_VIEW
        yield sign(f"{base}.osName", machine.os_name, fact=fact)
        yield sign(f"{base}.osVersion", machine.os_version, expected, fact=fact)


def _pro_needed(machine: Machine) -> Sign | None:
    for result, fact in ((machine.installation, Fact.INSTALLATION), (machine.assessment, Fact.ASSESSMENT)):
        for error in result.errors if result is not None else ():
            if result is not None and _PRO_NEEDED in (error.code or "", *error.message.split()):
                return sign(place(result, error.path), error.code or _PRO_NEEDED, fact=fact)
    return None


def _title(runs: Release) -> str:
    names = {"rhel": "Red Hat Enterprise Linux", "sles": "SUSE Linux Enterprise Server", "centos": "CentOS"}
    names |= {"oracle": "Oracle Linux", "mariner": "CBL-Mariner", "debian": "Debian", "ubuntu": "Ubuntu"}
    return f"{names.get(runs.distribution, runs.distribution)} {runs.version}"
