"""Subscriptions, resource providers and the activity log."""

from __future__ import annotations

import msgspec

from aumdoctor.azure.wire.base import Malformed, Wire, decode, moment
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, Subscription


class _ManagedByTenant(Wire, frozen=True, kw_only=True):
    tenant_id: str | None = None


class _SubscriptionRow(Wire, frozen=True, kw_only=True):
    subscription_id: str | None = None
    id: str | None = None
    display_name: str | None = None
    tenant_id: str | None = None
    state: str | None = None
    managed_by_tenants: list[_ManagedByTenant] | None = None


def subscription(raw: bytes | msgspec.Raw) -> Subscription:
    """A subscription as `GET /subscriptions` lists it. Raises Malformed."""
    row = decode(_SubscriptionRow, raw)
    subscription_id = row.subscription_id or ids.name_of(row.id or "")
    if not subscription_id:
        raise Malformed("a subscription without an id")
    return Subscription(
        id=subscription_id.lower(),
        name=row.display_name or "",
        tenant_id=row.tenant_id,
        state=row.state,
        managed_by_tenants=tuple(tenant.tenant_id for tenant in row.managed_by_tenants or () if tenant.tenant_id),
    )


class _Named(Wire, frozen=True, kw_only=True):
    name: str
    type: str | None = None


def listed_subscription(raw: bytes | msgspec.Raw) -> str:
    """The subscription id of a row of `resourcecontainers`. Raises Malformed."""
    row = decode(_SubscriptionRow, raw)
    return (row.subscription_id or ids.name_of(row.id or "")).lower()


def descendant_subscription(raw: bytes | msgspec.Raw) -> str | None:
    """The subscription id of a management group's descendant, None for a group. Raises Malformed."""
    row = decode(_Named, raw)
    return row.name.lower() if (row.type or "").lower().endswith("/subscriptions") else None


class _Identified(Wire, frozen=True, kw_only=True):
    id: str


def row_id(raw: bytes | msgspec.Raw) -> str:
    """The id of any row. Raises Malformed."""
    return decode(_Identified, raw).id


class _Provider(Wire, frozen=True, kw_only=True):
    registration_state: str | None = None


def registration_state(raw: bytes | msgspec.Raw) -> str | None:
    """The registrationState of `GET .../providers/{namespace}`. Raises Malformed."""
    return decode(_Provider, raw).registration_state


class _Localizable(Wire, frozen=True, kw_only=True):
    value: str | None = None


class _EventRow(Wire, frozen=True, kw_only=True):
    resource_id: str | None = None
    resource_uri: str | None = None
    operation_name: _Localizable | None = None
    status: _Localizable | None = None
    event_timestamp: str | None = None
    caller: str | None = None


def activity_event(raw: bytes | msgspec.Raw) -> ActivityEvent:
    """An event of the activity log. Raises Malformed."""
    row = decode(_EventRow, raw)
    return ActivityEvent(
        resource_id=row.resource_id or row.resource_uri or "",
        operation=(row.operation_name.value if row.operation_name else None) or "",
        status=row.status.value if row.status else None,
        at=moment(row.event_timestamp),
        caller=row.caller,
    )
