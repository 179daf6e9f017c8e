"""The lowest versions of agents that Azure supports, or that a feature needs."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load

AZURE_WINDOWS = "azure-windows"
AZURE_LINUX = "azure-linux"
ARC = "arc"


class Minimum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lowest version: of which agent, what for (`supported`, `troubleshooter`, …), and what an older one means."""

    agent: str
    version: str
    purpose: str
    means: str
    source: str


@cache
def table() -> Dated[Minimum]:
    """Every lowest version, in the order of the data file."""
    return load("agent-versions.toml", Minimum, key=lambda row: (row.agent, row.purpose))


@cache
def minimums(agent: str) -> tuple[Minimum, ...]:
    """The lowest versions of an agent; empty where none is known."""
    return tuple(row for row in table().rows if row.agent == agent)
