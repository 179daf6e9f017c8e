"""What stands beside Azure Update Manager: Event Grid, which tells of runs, and SQL VMs, which patch themselves."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from aumdoctor.azure.wire.base import Strings, Wire, decode, moment, shared
from aumdoctor.model import ids
from aumdoctor.model.maintenance import EventSubscription, SqlVirtualMachine

_TOPIC_TYPE = "microsoft.maintenance.maintenanceconfigurations"


class _TopicProperties(Wire, frozen=True, kw_only=True):
    source: str | None = None
    topic_type: str | None = None
    provisioning_state: str | None = None


class _TopicRow(Wire, frozen=True, kw_only=True):
    id: str
    properties: _TopicProperties


class EventTopic(msgspec.Struct, frozen=True, kw_only=True):
    """An Event Grid system topic of a maintenance configuration."""

    id: str
    maintenance_configuration_id: str
    provisioning_state: str | None = None


def event_topic(raw: bytes | msgspec.Raw) -> EventTopic | None:
    """A system topic, None for one of anything but a maintenance configuration. Raises Malformed."""
    row = decode(_TopicRow, raw)
    properties = row.properties
    if (properties.topic_type or "").lower() != _TOPIC_TYPE or not properties.source:
        return None
    return EventTopic(
        id=row.id,
        maintenance_configuration_id=properties.source,
        provisioning_state=properties.provisioning_state,
    )


class _DestinationProperties(Wire, frozen=True, kw_only=True):
    endpoint_base_url: str | None = None
    endpoint_url: str | None = None
    resource_id: str | None = None


class _Destination(Wire, frozen=True, kw_only=True):
    endpoint_type: str | None = None
    properties: _DestinationProperties | None = None


class _Identity(Wire, frozen=True, kw_only=True):
    destination: _Destination | None = None


class _EventFilter(Wire, frozen=True, kw_only=True):
    included_event_types: Strings = None


class _SubscriptionProperties(Wire, frozen=True, kw_only=True):
    provisioning_state: str | None = None
    destination: _Destination | None = None
    delivery_with_resource_identity: _Identity | None = None
    filter: _EventFilter | None = None
    expiration_time_utc: str | None = None


class _SubscriptionRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    properties: _SubscriptionProperties


def event_subscription(raw: bytes | msgspec.Raw, topic: EventTopic) -> EventSubscription:
    """An event subscription of a topic. The endpoint's query, which may hold a key, is not kept. Raises Malformed."""
    row = decode(_SubscriptionRow, raw)
    properties = row.properties
    identity = properties.delivery_with_resource_identity or _Identity()
    destination = properties.destination or identity.destination or _Destination()
    where = destination.properties or _DestinationProperties()
    return EventSubscription(
        id=row.id,
        name=row.name or ids.name_of(row.id),
        topic_id=topic.id,
        maintenance_configuration_id=topic.maintenance_configuration_id,
        provisioning_state=properties.provisioning_state,
        topic_provisioning_state=topic.provisioning_state,
        event_types=tuple((properties.filter or _EventFilter()).included_event_types or ()),
        endpoint_type=destination.endpoint_type,
        endpoint=where.resource_id or _without_query(where.endpoint_base_url or where.endpoint_url),
        expires_at=moment(properties.expiration_time_utc),
    )


def _without_query(url: str | None) -> str | None:
    """The place that a URL names; a password, a path that may be a secret and the query are left out."""
    try:
        parts = urlsplit(url or "")
        host = parts.hostname
    except ValueError:
        return None
    return f"{parts.scheme}://{host}" if host else None


class _Patching(Wire, frozen=True, kw_only=True):
    enable: bool | None = None
    day_of_week: str | None = None
    maintenance_window_starting_hour: int | None = None
    maintenance_window_duration: int | None = None


class _SqlProperties(Wire, frozen=True, kw_only=True):
    virtual_machine_resource_id: str | None = None
    auto_patching_settings: _Patching | None = None


class _SqlRow(Wire, frozen=True, kw_only=True):
    id: str
    properties: _SqlProperties


def sql_virtual_machine(raw: bytes | msgspec.Raw) -> SqlVirtualMachine:
    """A VM as the SQL IaaS extension knows it. Raises Malformed."""
    row = decode(_SqlRow, raw)
    patching = row.properties.auto_patching_settings or _Patching()
    on = patching.enable is True
    return SqlVirtualMachine(
        id=row.id,
        virtual_machine_id=row.properties.virtual_machine_resource_id or "",
        automated_patching=patching.enable,
        day_of_week=shared(patching.day_of_week) if on else None,
        starting_hour=patching.maintenance_window_starting_hour if on else None,
        duration=patching.maintenance_window_duration if on else None,
    )
