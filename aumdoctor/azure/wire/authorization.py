"""Rights and locks: the permissions that a caller has, and what is locked."""

from __future__ import annotations

import msgspec

from aumdoctor.azure.wire.base import Malformed, Strings, Wire, decode
from aumdoctor.model import ids
from aumdoctor.model.estate import ManagementLock
from aumdoctor.model.permissions import Grant


class _PermissionRow(Wire, frozen=True, kw_only=True):
    actions: Strings = None
    not_actions: Strings = None


def grant(raw: bytes | msgspec.Raw) -> Grant:
    """One permission entry; one that cannot be decoded grants nothing."""
    try:
        row = decode(_PermissionRow, raw)
    except Malformed:
        return Grant()
    return Grant(actions=tuple(row.actions or ()), not_actions=tuple(row.not_actions or ()))


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
