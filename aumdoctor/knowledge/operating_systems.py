"""Operating systems: which release a machine runs, when a Linux release ends, and what Azure Arc supports.

A machine names its system in several ways: the guest agent of an Azure VM ("ubuntu", "20.04"), an Arc-enabled server
("Ubuntu 20.04.6 LTS" in `osSku`, a kernel in `osVersion`), and the marketplace image. All come to a `Release` here.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution in the spelling of this package's tables and its version ("ubuntu" "20.04", "sles" "12.5")."""

    distribution: str
    version: str


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day after which a release gets no ordinary updates; `track` is "general" or "eus" (of a minor release)."""

    distribution: str
    version: str
    ends: date
    instead: str
    track: str = "general"


class ArcSystem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Releases that Azure Update Manager supports on Arc-enabled servers."""

    name: str
    versions: tuple[str, ...]
    since_extension: str = ""


# What a guest calls its distribution, by how it begins, the longest first.
_NAMES = {
    "red hat enterprise linux": "rhel",
    "suse linux enterprise": "sles",
    "oracle linux": "oracle",
    "amazon linux": "amazon",
    "common base linux mariner": "mariner",
    "cbl-mariner": "mariner",
    "rocky linux": "rocky",
    "azure linux": "azurelinux",
    "azurelinux": "azurelinux",
    "almalinux": "almalinux",
    "mariner": "mariner",
    "ubuntu": "ubuntu",
    "redhat": "rhel",
    "debian": "debian",
    "centos": "centos",
    "oracle": "oracle",
    "rocky": "rocky",
    "rhel": "rhel",
    "sles": "sles",
    "suse": "sles",
    "amzn": "amazon",
    "ol": "oracle",
}
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_SERVICE_PACK = re.compile(r"(\d+)[ -]?sp[ -]?(\d+)", re.IGNORECASE)
_UBUNTU_CODE_NAMES = {"trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04"}
_UBUNTU_VERSION = re.compile(r"(1[468]|2[0-9])[._]?(04|10)")
_MINOR = re.compile(r"^(?:ol|rhel-(?:lvm|raw))?-?(\d+)(?:[._](\d+))?")
_PACKED_MINOR = re.compile(r"^(?:ol|rhel-(?:lvm|raw))?-?([6-9])(\d{1,2})(?!\d)")


@lru_cache(maxsize=4096)
def release(os_name: str | None, os_version: str | None = None) -> Release | None:
    """The release that a guest reports: its name with the version beside it or inside ("Ubuntu 20.04.6 LTS"). None
    where either is missing or the distribution is not known."""
    name = (os_name or "").strip().lower()
    distribution = next((known for begins, known in _NAMES.items() if name.startswith(begins)), None)
    if distribution is None:
        return None
    # An Arc-enabled server reports its kernel as the version: 6.8.0-1017-azure is no release 6.
    beside = (os_version or "").strip()
    for text in (name, beside if _SERVICE_PACK.search(beside) or "-" not in beside else ""):
        version = _version_in(text)
        if version is not None:
            return Release(distribution=distribution, version=version)
    return None


@lru_cache(maxsize=4096)
def release_of_image(publisher: str | None, offer: str | None, sku: str | None) -> Release | None:
    """The release of a marketplace image of Canonical, Red Hat, SUSE, OpenLogic, Debian, credativ, Oracle or Microsoft;
    None for any other, and where the names do not tell."""
    publisher, offer, sku = (publisher or "").lower(), (offer or "").lower(), (sku or "").lower()
    if publisher == "canonical":
        return _of_ubuntu(offer, sku)
    if publisher == "suse" and offer.startswith(("sles", "sle-hpc")):
        version = _version_in(offer.removeprefix("sles")) or _version_in(sku)
        return Release(distribution="sles", version=version) if version else None
    if publisher == "microsoftcblmariner" and offer == "cbl-mariner":
        match = re.match(r"(?:cbl-mariner-)?(\d)", sku)
        return Release(distribution="mariner", version=match[1]) if match else None
    distribution = _OF_PUBLISHER.get(publisher)
    match = (_PACKED_MINOR.match(sku) or _MINOR.match(sku)) if distribution else None
    if match is None or distribution is None:
        return None
    return Release(distribution=distribution, version=".".join(filter(None, match.groups())))


_OF_PUBLISHER = {
    "redhat": "rhel",
    "openlogic": "centos",
    "debian": "debian",
    "credativ": "debian",
    "oracle": "oracle",
}


def _version_in(text: str) -> str | None:
    """The first version in a text; a service pack counts as the second part ("15 SP4" and "15-sp4" are 15.4)."""
    service_pack = _SERVICE_PACK.search(text)
    if service_pack is not None:
        return f"{service_pack[1]}.{service_pack[2]}"
    found = _VERSION.search(text)
    return found[0] if found is not None else None


def _of_ubuntu(offer: str, sku: str) -> Release | None:
    for text in (sku, offer):
        match = _UBUNTU_VERSION.search(text)
        if match is not None:
            return Release(distribution="ubuntu", version=f"{match[1]}.{match[2]}")
    version = next((version for name, version in _UBUNTU_CODE_NAMES.items() if name in offer), None)
    return Release(distribution="ubuntu", version=version) if version is not None else None


@cache
def ends_of_life() -> Dated[EndOfLife]:
    """When Linux releases end."""
    return load("linux-end-of-life.toml", EndOfLife, key=lambda row: (row.distribution, row.version))


@cache
def _ends() -> dict[tuple[str, str], EndOfLife]:
    return {(row.distribution, row.version): row for row in ends_of_life().rows}


@lru_cache(maxsize=4096)
def end_of_life(of: Release) -> EndOfLife | None:
    """When a release ends, past or to come; None where the table does not know. "7.9.2009" is looked up as that, as
    "7.9" and as "7"."""
    parts = of.version.split(".")
    for count in range(len(parts), 0, -1):
        found = _ends().get((of.distribution, ".".join(parts[:count])))
        if found is not None:
            return found
    return None


@cache
def arc_systems() -> Dated[ArcSystem]:
    """What Azure Update Manager supports on Arc-enabled servers."""
    return load("arc-operating-systems.toml", ArcSystem, key=lambda row: (row.name, row.versions))


@lru_cache(maxsize=4096)
def arc_system(os_sku: str | None, os_version: str | None = None) -> ArcSystem | None:
    """The entry of the support table for an Arc-enabled server by its `osSku` ("Ubuntu 22.04.3 LTS", "Windows Server
    2022 Datacenter"); None where the table has none, which proves nothing against it."""
    sku = (os_sku or "").strip().lower()
    windows = sku.find("windows server")
    if windows >= 0:
        rest = sku[windows + len("windows server") :].strip()
        return next((row for row in _arc("windows server") for version in row.versions if _begins(rest, version)), None)
    of = release(os_sku, os_version)
    if of is None:
        return None
    return next(
        (row for row in _arc(of.distribution) for version in row.versions if _begins(of.version, version)), None
    )


def _arc(name: str) -> tuple[ArcSystem, ...]:
    return tuple(row for row in arc_systems().rows if row.name == name)


def _begins(text: str, version: str) -> bool:
    """Whether a version is that or one of it: 22.04.3 of 22.04, but not 20 of 2."""
    return text.startswith(version.lower()) and text[len(version) : len(version) + 1] in ("", ".", " ")
