"""What somebody may do: grants of actions, less those that each excludes."""

from __future__ import annotations

import re
from functools import cache

import msgspec


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `GET {scope}/providers/Microsoft.Authorization/permissions`: actions, less the notActions."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller may do at a scope: the union of the grants, each one's exclusions its own.

    Without any grant the rights lie further down, on resource groups or resources, or there are none.
    """

    scope: str
    grants: tuple[Grant, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether an action is granted. `*` stands for anything, slashes included; case does not matter."""
        return any(
            any(_pattern(granted).fullmatch(action) for granted in grant.actions)
            and not any(_pattern(excluded).fullmatch(action) for excluded in grant.not_actions)
            for grant in self.grants
        )


@cache
def _pattern(action: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, action.split("*"))), re.IGNORECASE)
