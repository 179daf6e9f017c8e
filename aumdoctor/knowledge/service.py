"""Service limits, resource providers and the portal's names: small tables, read when somebody asks."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class ServiceLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit of the service; `sovereign` is that of Azure Government and China, `elsewhere` another source's value."""

    name: str
    value: int
    means: str
    sovereign: int | None = None
    elsewhere: str = ""


class ResourceProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource provider, what needs it and in which subscriptions."""

    namespace: str
    needed_for: str
    subscriptions: str
    optional: bool = False


class PortalName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the portal calls a value of a property; `also` is what the portal sets beside it."""

    setting: str
    portal: str
    property: str
    value: str
    also: str = ""
    formerly: str = ""


@cache
def service_limits() -> Dated[ServiceLimit]:
    """The limits of schedules and dynamic scopes."""
    return load("service-limits.toml", ServiceLimit, key=lambda row: row.name)


def limit(name: str) -> ServiceLimit:
    """A limit by its name; raises KeyError where there is none."""
    return _by_name()[name]


@cache
def _by_name() -> dict[str, ServiceLimit]:
    return {row.name: row for row in service_limits().rows}


@cache
def resource_providers() -> Dated[ResourceProvider]:
    """The resource providers that patching rests on."""
    return load("resource-providers.toml", ResourceProvider, key=lambda row: row.namespace.lower())


def needed_for(namespace: str) -> str:
    """What a resource provider is needed for; raises KeyError where the table has none of that name."""
    return {row.namespace.lower(): row.needed_for for row in resource_providers().rows}[namespace.lower()]


@cache
def portal_names() -> Dated[PortalName]:
    """The portal's names of the settings that decide about patching."""
    return load("portal-names.toml", PortalName, key=lambda row: (row.setting, row.portal))


def in_portal(property: str, value: str) -> tuple[PortalName, ...]:
    """What the portal calls a value of a property (the end of its path is enough); there may be several, for the
    portal splits `AutomaticByPlatform` by the bypass flag."""
    return tuple(
        row
        for row in portal_names().rows
        if row.property.rsplit(".", 1)[-1].lower() == property.rsplit(".", 1)[-1].lower()
        and row.value.lower() == value.lower()
    )
