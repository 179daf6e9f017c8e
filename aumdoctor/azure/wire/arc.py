"""Arc-enabled servers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aumdoctor.azure.wire.base import ErrorItem, Malformed, Tags, Wire, clean, decode, moment, shared, tags_of
from aumdoctor.azure.wire.extensions import ExtensionRow, extension_of
from aumdoctor.azure.wire.os_profile import OsProfile, configuration_of, malformed_machine, patch_settings
from aumdoctor.model import ids
from aumdoctor.model.machine import ArcAgent, Machine, MachineKind
from aumdoctor.model.redaction import redact


class _ListEntry(Wire, frozen=True, kw_only=True):
    publisher: str | None = None
    type: str | None = None


class _AgentConfiguration(Wire, frozen=True, kw_only=True):
    config_mode: str | None = None
    extensions_enabled: bool | None = None
    guest_configuration_enabled: bool | None = None
    extensions_allow_list: list[_ListEntry] | None = None
    extensions_block_list: list[_ListEntry] | None = None
    proxy_url: str | None = None


class _AgentUpgrade(Wire, frozen=True, kw_only=True):
    enable_automatic_upgrade: bool | None = None


class _EsuProfile(Wire, frozen=True, kw_only=True):
    license_assignment_state: str | None = None
    esu_eligibility: str | None = None
    esu_key_state: str | None = None


class _LicenseProfile(Wire, frozen=True, kw_only=True):
    esu_profile: _EsuProfile | None = None


class _ArcProperties(Wire, frozen=True, kw_only=True):
    vm_id: str | None = None
    provisioning_state: str | None = None
    status: str | None = None
    status_reason: str | None = None
    last_status_change: str | None = None
    error_details: list[ErrorItem] | ErrorItem | None = None
    agent_version: str | None = None
    os_type: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    os_sku: str | None = None
    os_edition: str | None = None
    os_profile: OsProfile | None = None
    agent_configuration: _AgentConfiguration | None = None
    agent_upgrade: _AgentUpgrade | None = None
    license_profile: _LicenseProfile | None = None
    private_link_scope_resource_id: str | None = None
    mssql_discovered: str | bool | None = None


class _ArcRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str = ""
    location: str | None = None
    tags: Tags = None
    properties: _ArcProperties
    resources: list[ExtensionRow] | None = None


def arc_machine(raw: bytes | msgspec.Raw, known_id: str = "") -> Machine:
    """An Arc-enabled server. `known_id` and malformed bodies as in `virtual_machine`."""
    try:
        row = decode(_ArcRow, raw)
    except Malformed as reason:
        return malformed_machine(raw, MachineKind.ARC, reason, known_id)
    properties = row.properties
    agent = properties.agent_configuration or _AgentConfiguration()
    esu = (properties.license_profile or _LicenseProfile()).esu_profile or _EsuProfile()
    extensions = (extension_of(resource) for resource in row.resources or ())
    return Machine(
        id=row.id,
        name=row.name or ids.name_of(row.id),
        kind=MachineKind.ARC,
        location=shared(row.location or ""),
        tags=tags_of(row.tags),
        os_type=shared(properties.os_type),
        os_name=shared(properties.os_name),
        os_version=shared(properties.os_version),
        vm_id=properties.vm_id,
        provisioning_state=shared(properties.provisioning_state),
        has_os_profile=properties.os_profile is not None,
        patch_settings=patch_settings(configuration_of(properties.os_profile, properties.os_type).patch_settings),
        extensions=tuple(found for found in extensions if found is not None),
        arc=ArcAgent(
            status=shared(properties.status),
            status_reason=properties.status_reason,
            last_status_change=moment(properties.last_status_change),
            version=shared(properties.agent_version),
            error_messages=tuple(redact(error.message) for error in _listed(properties.error_details) if error.message),
            config_mode=agent.config_mode,
            extensions_enabled=agent.extensions_enabled,
            guest_configuration_enabled=agent.guest_configuration_enabled,
            extensions_allow_list=_extension_list(agent.extensions_allow_list),
            extensions_block_list=_extension_list(agent.extensions_block_list),
            proxy_url=clean(agent.proxy_url) or None,
            private_link_scope_id=properties.private_link_scope_resource_id,
            os_sku=shared(properties.os_sku),
            os_edition=shared(properties.os_edition),
            esu_eligibility=esu.esu_eligibility,
            esu_license_assignment_state=esu.license_assignment_state,
            esu_key_state=esu.esu_key_state,
            mssql_discovered=_flag(properties.mssql_discovered),
            automatic_upgrade_enabled=(
                properties.agent_upgrade.enable_automatic_upgrade if properties.agent_upgrade else None
            ),
        ),
    )


def _flag(value: str | bool | None) -> bool | None:
    """A flag that decides nothing, whatever it is written as."""
    return value if value is None or isinstance(value, bool) else value.lower() == "true"


def _listed(errors: list[ErrorItem] | ErrorItem | None) -> list[ErrorItem]:
    return [errors] if isinstance(errors, ErrorItem) else errors or []


def _extension_list(entries: Iterable[_ListEntry] | None) -> tuple[str, ...]:
    return tuple(f"{entry.publisher or '*'}/{entry.type or '*'}" for entry in entries or ())
