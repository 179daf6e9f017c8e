"""Versions against the lowest that are known to do."""

from __future__ import annotations

from functools import lru_cache

from aumdoctor.checks.extensions import version_parts
from aumdoctor.knowledge.agent_versions import Minimum, minimums


@lru_cache(maxsize=4096)
def missed(agent: str, version: str | None) -> tuple[Minimum, ...]:
    """The minimums of an agent that a version is below, the highest first; empty for what is not a version.

    An estate has few versions and many machines: each version is taken apart once.
    """
    own = version_parts(version)
    if own is None:
        return ()
    below = [
        (parts, row) for row in minimums(agent) if (parts := version_parts(row.version)) is not None and own < parts
    ]
    return tuple(row for _, row in sorted(below, key=lambda pair: pair[0], reverse=True))
