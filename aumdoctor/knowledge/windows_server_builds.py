"""Builds of Windows Server: which cumulative update a build with its update revision (UBR) comes from."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load_tsv

_COLUMNS = ("build", "release", "type", "kb")
_VERSION = re.compile(r"(?:^|[^0-9.])10\.0\.([0-9]{5})(?:\.([0-9]{1,6}))?(?![0-9])")


class WindowsServerBuild(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine shows after an update: `build` (20348) and `ubr` (2340). `release` is the month (`2024-03`),
    `type` is `Standard`, `OOB`, `Preview` or `Hotpatch`, `kb` as `KB5035857`, "" for the first of a release."""

    build: int
    ubr: int
    release: str
    type: str
    kb: str


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """The first update of a build that has a fix: its UBR, its KB and its month."""

    build: int
    ubr: int
    kb: str
    release: str


@cache
def windows_server_builds() -> Dated[WindowsServerBuild]:
    """Every known build, the oldest first within a release of Windows."""
    table = load_tsv("windows-server-builds.tsv", columns=_COLUMNS)
    rows = []
    for row in table.rows:
        build, _, ubr = row["build"].partition(".")
        rows.append(
            WindowsServerBuild(build=int(build), ubr=int(ubr), release=row["release"], type=row["type"], kb=row["kb"])
        )
    rows.sort(key=lambda row: (row.build, row.ubr))
    return Dated(source=table.source, as_of=table.as_of, rows=tuple(rows))


@cache
def _by_number() -> dict[tuple[int, int], WindowsServerBuild]:
    return {(row.build, row.ubr): row for row in windows_server_builds().rows}


@cache
def _by_kb() -> dict[str, WindowsServerBuild]:
    return {row.kb.upper(): row for row in windows_server_builds().rows if row.kb}


def update_of(build: int, ubr: int) -> WindowsServerBuild | None:
    """The update that a machine with this build and UBR has; None where the table does not have it."""
    return _by_number().get((build, ubr))


def build_of(kb: str) -> WindowsServerBuild | None:
    """The build that an update (`KB5035857`, `5035857`) brings; None where the table does not have it."""
    number = kb.strip().upper().removeprefix("KB")
    return _by_kb().get(f"KB{number}")


def version_of(text: str) -> tuple[int, int | None] | None:
    """Build and UBR of a version as machines report it: `10.0.20348.2340`, `Microsoft Windows NT 10.0.20348.0`.

    The UBR is None where the text has none; 0 is none too, since no update leaves it there. None for other texts.
    """
    found = _VERSION.search(text)
    if found is None:
        return None
    return int(found[1]), int(found[2] or 0) or None


def is_fixed(build: int, ubr: int | None, fix: Fix) -> bool | None:
    """Whether a machine has a fix; None where the UBR is not known or the fix is for another build.

    UBRs grow with the monthly updates of a build, so that the UBR of the fix or a higher one has it, also one that is
    newer than the table. A hotpatch has a fix only where the baseline below it has.
    """
    if build != fix.build or not ubr:
        return None
    update = update_of(build, ubr)
    if update is None or update.type != "Hotpatch":
        return ubr >= fix.ubr
    baseline = _baseline_of(update)
    return baseline is not None and baseline.ubr >= fix.ubr


def _baseline_of(hotpatch: WindowsServerBuild) -> WindowsServerBuild | None:
    """The monthly update of January, April, July or October that a hotpatch stands on."""
    year, _, month = hotpatch.release.partition("-")
    quarter = f"{year}-{(int(month) - 1) // 3 * 3 + 1:02}"
    below = (
        row
        for row in windows_server_builds().rows
        if (row.build, row.release, row.type) == (hotpatch.build, quarter, "Standard") and row.ubr < hotpatch.ubr
    )
    return max(below, key=lambda row: row.ubr, default=None)
