"""Releases of Windows Server: by the build that a machine reports, by its name, and by the image it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class WindowsServerRelease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release: its name, its build, and the beginning of the SKUs of its images. A higher build is a newer one."""

    name: str
    build: int
    sku: str


_BUILD = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.([0-9]{4,5})(?:\.[0-9]+)*")
_PUBLISHER = "microsoftwindowsserver"


@cache
def windows_server_releases() -> Dated[WindowsServerRelease]:
    """The releases, the oldest first."""
    return load("windows-server-releases.toml", WindowsServerRelease, key=lambda row: row.build)


@lru_cache(maxsize=4096)
def running_release(os_name: str | None, os_version: str | None) -> WindowsServerRelease | None:
    """The release that a machine reports by its `osVersion` ("10.0.20348.4171"), else by its `osName`. None where
    neither names a release of the table; a version with a build that is not in it is not overruled by the name."""
    build = _BUILD.fullmatch((os_version or "").strip())
    if build is not None:
        return next((each for each in windows_server_releases().rows if each.build == int(build[1])), None)
    name = " ".join((os_name or "").lower().removeprefix("microsoft ").split())
    return _longest(each for each in windows_server_releases().rows if _begins(name, each.name.lower()))


@lru_cache(maxsize=4096)
def release_of_windows_image(publisher: str | None, sku: str | None) -> WindowsServerRelease | None:
    """The release of a marketplace image of Windows Server ("2016-datacenter-gensecond"); None for images of other
    publishers and of the semi-annual channel."""
    if (publisher or "").lower() != _PUBLISHER:
        return None
    wanted = (sku or "").lower()
    return _longest(each for each in windows_server_releases().rows if _begins(wanted, each.sku))


def _begins(text: str, beginning: str) -> bool:
    """Whether a text is that or begins with it as a whole word: 2022-datacenter with 2022, not 20225 with 2022."""
    return text.startswith(beginning) and not text[len(beginning) : len(beginning) + 1].isalnum()


def _longest(releases: Iterable[WindowsServerRelease]) -> WindowsServerRelease | None:
    """Of several the one that says most: `2012-r2` before `2012`."""
    return max(releases, key=lambda each: len(each.name), default=None)
