"""Which builds of Windows Server keep using an old password of the cluster's own account, and which have the fix.

Source: the Windows support team's article on FailoverClustering event 1207 (2024-04-05, 2024-11-13): Windows Server
2016 and later with the updates of May 2021 or later; fixed for 2019 and 2022 in March 2024, for 2016 in September 2024.
The builds are those of the updates of these months.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from aumdoctor.knowledge.windows_server_builds import Fix, build_of, is_fixed, version_of

SOURCE = "Windows support blog (Japan): clusters log FailoverClustering event 1207 and fail to update passwords"

FIXES = (
    Fix(build=14393, ubr=7336, kb="KB5043051", release="2024-09"),
    Fix(build=17763, ubr=5576, kb="KB5035849", release="2024-03"),
    Fix(build=20348, ubr=2340, kb="KB5035857", release="2024-03"),
)
"""The first updates with the fix."""

_FIRST_AFFECTED = {14393: 4402, 17763: 1935, 20348: 0}
"""The UBR of the update of May 2021; Windows Server 2022 is younger than that."""

_NEVER_AFFECTED = frozenset({25398, 26100})
"""Windows Server, version 23H2, and Windows Server 2025: not among the releases that the fix was made for."""

_NAMES = {14393: "Windows Server 2016", 17763: "Windows Server 2019", 20348: "Windows Server 2022"}


class Standing(StrEnum):
    """How a build stands to the known issue. NOT_AFFECTED: older than the fault, or released after it was mended."""

    AFFECTED = "affected"
    FIXED = "fixed"
    NOT_AFFECTED = "not-affected"
    UNKNOWN = "unknown"


class PasswordFix(msgspec.Struct, frozen=True, kw_only=True):
    """How a machine stands to the issue, and why in words. `fix` is the update that mends it, where there is one for
    its build; `build` and `ubr` as far as they are known."""

    standing: Standing
    said: str
    build: int | None = None
    ubr: int | None = None
    fix: Fix | None = None


def fix_for(build: int) -> Fix | None:
    """The first update with the fix for a build; None where there is none."""
    return next((fix for fix in FIXES if fix.build == build), None)


def standing_of(build: int | None, ubr: int | None, installed: tuple[str, ...] = ()) -> PasswordFix:
    """How a build stands to the issue.

    Args:
        build: 20348; None where it is not known.
        ubr: 2340; None or 0 where it is not known.
        installed: KBs of installed updates. They can prove that the fix is there, never that it is missing: lists of
            updates leave out those that have been superseded.
    """
    if build is None:
        return PasswordFix(standing=Standing.UNKNOWN, said="its build is not known")
    fix = fix_for(build)
    if fix is None:
        return _without_fix(build, ubr)
    shown = f"{_NAMES[build]} {build}.{ubr}" if ubr else f"{_NAMES[build]} ({build})"
    for kb in installed:
        update = build_of(kb)
        if update is not None and is_fixed(update.build, update.ubr, fix):
            said = f"{shown} has {update.kb} installed, which has the fix"
            return PasswordFix(standing=Standing.FIXED, said=said, build=build, ubr=ubr or None, fix=fix)
    if not ubr:
        said = f"{shown}: its update revision (UBR) is not known"
        return PasswordFix(standing=Standing.UNKNOWN, said=said, build=build, fix=fix)
    if is_fixed(build, ubr, fix):
        standing, said = Standing.FIXED, f"{shown} has the fix, which came with {build}.{fix.ubr} ({fix.kb})"
    elif ubr < _FIRST_AFFECTED[build]:
        standing, said = Standing.NOT_AFFECTED, f"{shown} is older than the updates of May 2021 that brought the fault"
    else:
        standing, said = Standing.AFFECTED, f"{shown} lacks the fix, which came with {build}.{fix.ubr} ({fix.kb})"
    return PasswordFix(standing=standing, said=said, build=build, ubr=ubr, fix=fix)


def at_risk(os_version: str | None) -> PasswordFix:
    """How a machine stands to the issue by the version that Azure shows: `osVersion` of the instance view or of an
    Arc-enabled server (`10.0.20348.2340`). That it is a node of a cluster this does not say. `Microsoft Windows NT
    10.0.20348.0`, or no version (the machine is off, its agent silent), is unknown, not old."""
    text = (os_version or "").strip()
    found = version_of(text)
    if found is not None:
        return standing_of(*found)
    if text.startswith(("6.", "5.")):
        return PasswordFix(standing=Standing.NOT_AFFECTED, said=f"version {text} is older than Windows Server 2016")
    return standing_of(None, None)


def _without_fix(build: int, ubr: int | None) -> PasswordFix:
    if build < 14393:
        standing, said = Standing.NOT_AFFECTED, f"build {build} is older than Windows Server 2016"
    elif build in _NEVER_AFFECTED or build > max(_NEVER_AFFECTED):
        standing, said = Standing.NOT_AFFECTED, f"build {build} is newer than the affected releases"
    else:
        standing, said = Standing.UNKNOWN, f"no fix is published for build {build}"
    return PasswordFix(standing=standing, said=said, build=build, ubr=ubr or None)
