"""Windows Server releases that get Extended Security Updates (ESU) by way of Azure Arc, and until when."""

from __future__ import annotations

from datetime import date
from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release: how machines name it, the last day of its support and of its Extended Security Updates, and the lowest
    version of the Arc agent that delivers them."""

    name: str
    text: str
    version: str
    support_ended: date
    updates_end: date
    agent: str


@cache
def table() -> Dated[Release]:
    """Every release, in the order in which they are to be compared."""
    return load("extended-security-updates.toml", Release, key=lambda row: row.name)


def release_of(os_name: str | None, os_sku: str | None, os_version: str | None) -> Release | None:
    """The release that a machine runs, or None where it is none of these.

    What a machine calls itself decides; only where it names no Windows Server at all does the version
    (`6.3.9600`, `Microsoft Windows NT 10.0.14393.0`).
    """
    name = f"{os_sku or ''} {os_name or ''}".lower()
    if "server" in name:
        return next((release for release in table().rows if release.text in name), None)
    if "windows 1" in name:
        return None
    version = (os_version or "").lower().removeprefix("microsoft windows nt ")
    return next((release for release in table().rows if version.startswith(release.version)), None)
