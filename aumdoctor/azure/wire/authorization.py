"""Rights and locks: the permissions that a caller has, and what is locked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from aumdoctor.azure.wire.base import Malformed, Strings, Wire, decode
from aumdoctor.model import ids
from aumdoctor.model.estate import ManagementLock


class Permission(Wire, frozen=True, kw_only=True):
    """One entry of `GET {scope}/providers/Microsoft.Authorization/permissions`: actions, less the notActions."""

    actions: Strings = None
    not_actions: Strings = None


class Permissions:
    """What a caller may do at a scope: the union of the entries, each entry's exclusions its own."""

    def __init__(self, entries: Sequence[Permission]) -> None:
        self._entries = tuple(entries)

    def __bool__(self) -> bool:
        """Whether there is any entry at this scope."""
        return bool(self._entries)

    def allows(self, action: str) -> bool:
        """Whether an action is granted. `*` stands for anything, slashes included; case does not matter."""
        return any(
            any(_pattern(granted).fullmatch(action) for granted in entry.actions or ())
            and not any(_pattern(excluded).fullmatch(action) for excluded in entry.not_actions or ())
            for entry in self._entries
        )


@cache
def _pattern(action: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, action.split("*"))), re.IGNORECASE)


def permission(raw: bytes | msgspec.Raw) -> Permission:
    """One permission entry; one that cannot be decoded grants nothing."""
    try:
        return decode(Permission, raw)
    except Malformed:
        return Permission()


class _LockProperties(Wire, frozen=True, kw_only=True):
    level: str | None = None


class _LockRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    properties: _LockProperties


def management_lock(raw: bytes | msgspec.Raw) -> ManagementLock:
    """A management lock. Raises Malformed."""
    row = decode(_LockRow, raw)
    at = row.id.lower().rfind("/providers/microsoft.authorization/locks")
    return ManagementLock(
        id=row.id,
        name=row.name or ids.name_of(row.id),
        scope=row.id[: max(at, 0)],
        level=row.properties.level or "",
    )
