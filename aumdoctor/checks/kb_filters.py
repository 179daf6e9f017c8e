"""AUM068: a schedule's lists of KBs or packages contradict themselves or match nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from aumdoctor.checks.check import Observation, Sign, Subject, check, observe, sign
from aumdoctor.checks.context import Context
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import InstallPatches
from aumdoctor.schedule.budget import restarts_allowed

_WINDOWS = "properties.installPatches.windowsParameters"
_LINUX = "properties.installPatches.linuxParameters"


class _Flaw(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    signs: tuple[Sign, ...]


@check(
    id="AUM068",
    name="kb-filters",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    applies_to=Subject.ESTATE,
    needs=(Fact.CONFIGURATIONS, Fact.ASSIGNMENTS, Fact.MACHINE),
    remedies=("correct-filters",),
    source="azure-mgmt-maintenance: InputWindowsParameters, InputLinuxParameters; "
    "Azure/LinuxPatchExtension: PackageFilter.py",
)
def kb_filters(estate: Estate, context: Context) -> Iterator[Observation]:
    """A schedule's lists of KBs or packages contradict each other, cannot match, or leave out all that needs a restart
    where restarts are allowed.

    ## Why it matters
    What a list leaves out is counted as excluded, and the run succeeds. An update that is both included and excluded is
    not installed. Where updates that need a restart are excluded, Windows gets no cumulative update as long as these
    need one, whatever the reboot setting says.

    ## What to do
    Take each update out of one of the lists, write KBs as numbers, and have either the restarts or their exclusion.

    ## When it is wrong
    Where updates that need a restart are installed by hand, the exclusion is on purpose. A KB may be written with or
    without the letters KB. On Linux a mask may have wildcards (`*`, `?`, `[ab]`) and, to include, one version behind an
    equals sign. What Azure makes of a value that is neither is not documented for KBs. Lists for a system of which no
    machine is attached are not judged.
    """
    for configuration in context.guest_configurations:
        patches = configuration.install_patches
        attached = context.machines_by_configuration.get(configuration.id, [])
        if patches is None or not attached:
            continue
        flaws = [
            *(_windows(patches) if any(machine.is_windows for machine in attached) else ()),
            *(_linux(patches) if any(machine.is_linux for machine in attached) else ()),
        ]
        if not flaws:
            continue
        systems = {flaw.signs[0].path.startswith(_WINDOWS) for flaw in flaws}
        concerned = [machine.id for machine in attached if machine.is_windows in systems]
        yield observe(
            f"the lists of the schedule {configuration.name}: " + "; ".join(flaw.text for flaw in flaws),
            *(each for flaw in flaws for each in flaw.signs),
            resource_id=configuration.id,
            machines=tuple(concerned),
            maintenanceConfigurationId=configuration.id,
        )


def _windows(patches: InstallPatches) -> Iterator[_Flaw]:
    included, excluded = patches.windows_kbs_to_include, patches.windows_kbs_to_exclude
    both = sorted(set(map(_number, included)) & set(map(_number, excluded)))
    if both:
        yield _Flaw(
            text=f"KB {', '.join(both)} is both included and excluded",
            signs=(
                sign(f"{_WINDOWS}.kbNumbersToInclude", list(included)),
                sign(f"{_WINDOWS}.kbNumbersToExclude", list(excluded)),
            ),
        )
    for member, values in (("kbNumbersToInclude", included), ("kbNumbersToExclude", excluded)):
        odd = [value for value in values if not _is_number(value)]
        if odd:
            yield _Flaw(
                text=f"{_quoted(odd)} is no number of a KB",
                signs=(sign(f"{_WINDOWS}.{member}", odd, "numbers such as 5066835"),),
            )
    if patches.exclude_kbs_requiring_reboot and restarts_allowed(patches.reboot_setting):
        yield _Flaw(
            text="updates that need a restart are excluded, though the reboot setting allows restarts",
            signs=(
                sign(f"{_WINDOWS}.excludeKbsRequiringReboot", True, False),
                sign("properties.installPatches.rebootSetting", patches.reboot_setting),
            ),
        )


def _number(kb: str) -> str:
    """A KB without the letters."""
    plain = kb.strip().lower()
    return plain.removeprefix("kb").strip()


def _is_number(kb: str) -> bool:
    digits = kb[2:] if kb[:2].lower() == "kb" else kb
    return digits.isascii() and digits.isdigit()


def _linux(patches: InstallPatches) -> Iterator[_Flaw]:
    included, excluded = patches.linux_packages_to_include, patches.linux_packages_to_exclude
    both = sorted({mask.strip() for mask in included} & {mask.strip() for mask in excluded} - {""})
    if both:
        yield _Flaw(
            text=f"{_quoted(both)} is both included and excluded",
            signs=(
                sign(f"{_LINUX}.packageNameMasksToInclude", list(included)),
                sign(f"{_LINUX}.packageNameMasksToExclude", list(excluded)),
            ),
        )
    for member, masks in (("packageNameMasksToInclude", included), ("packageNameMasksToExclude", excluded)):
        odd = [mask for mask in masks if not mask.strip() or "," in mask or mask.count("=") > 1 or " " in mask.strip()]
        if odd:
            yield _Flaw(
                text=f"{_quoted(odd)} matches no package",
                signs=(sign(f"{_LINUX}.{member}", odd, "one package a mask, such as kernel* or curl=8.5.0"),),
            )
    versions = [mask for mask in excluded if mask.count("=") == 1]
    if versions:
        yield _Flaw(
            text=f"{_quoted(versions)} excludes every version: versions are only looked at in what is included",
            signs=(sign(f"{_LINUX}.packageNameMasksToExclude", versions, "names without a version"),),
        )


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
