"""The regions in which Azure Update Manager manages Arc-enabled servers."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class Region(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A region by its programmatic name, its cloud, and whether Arc-enabled servers are managed there."""

    name: str
    cloud: str
    arc: bool


@cache
def table() -> Dated[Region]:
    """Every region that the source lists."""
    return load("arc-regions.toml", Region, key=lambda row: row.name)


@cache
def supports_arc() -> dict[str, bool]:
    """By name (`westeurope`): true where servers are managed, false where only VMs are. What is absent is not known."""
    return {region.name: region.arc for region in table().rows}
