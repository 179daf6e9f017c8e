"""Operating systems on which Azure Update Manager does not manage Arc-enabled servers."""

from __future__ import annotations

from functools import cache, lru_cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load
from aumdoctor.knowledge.operating_systems import arc_system, arc_systems, release


class UnsupportedSystem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Releases that are not supported and why; `disputed` names a source that says otherwise, where one does."""

    name: str
    versions: tuple[str, ...]
    why: str
    disputed: str = ""


@cache
def table() -> Dated[UnsupportedSystem]:
    """What a source names as not supported."""
    return load("arc-unsupported-systems.toml", UnsupportedSystem, key=lambda row: (row.name, row.versions))


@lru_cache(maxsize=4096)
def unsupported(system: str) -> UnsupportedSystem | None:
    """Why a system ("Red Hat Enterprise Linux 10.0", "Windows Server 2008 R2 Standard") is not supported.

    It is in the table, or older than every release of its distribution that is supported. None where neither is known,
    which proves nothing in its favour.
    """
    if arc_system(system) is not None:
        return None
    name, version = _named(system)
    if name is None or not version:
        return None
    for row in table().rows:
        if row.name == name and any(_is_of(version, listed) for listed in row.versions):
            return row
    majors = [_major(listed) for row in arc_systems().rows if row.name == name for listed in row.versions]
    own, known = _major(version), [major for major in majors if major is not None]
    if name != "windows server" and own is not None and known and own < min(known):
        return UnsupportedSystem(name=name, versions=(version,), why="it is older than every release that is supported")
    return None


def _named(system: str) -> tuple[str | None, str]:
    text = system.strip().lower()
    at = text.find("windows server")
    if at >= 0:
        return "windows server", text[at + len("windows server") :].strip()
    found = release(system)
    return (found.distribution, found.version) if found is not None else (None, "")


def _is_of(version: str, listed: str) -> bool:
    return version == listed or version.startswith((f"{listed}.", f"{listed} "))


def _major(version: str) -> int | None:
    first = version.split(".", 1)[0]
    return int(first) if first.isdecimal() and len(first) < 6 else None
