"""Microsoft.Maintenance: configurations, assignments, runs."""

from __future__ import annotations

from typing import Any

import msgspec

from aumdoctor.azure.wire.base import (
    Strings,
    SystemData,
    Tags,
    Wire,
    clean,
    decode,
    moment,
    shared,
    tags_of,
    text_of,
)
from aumdoctor.model import ids
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    DynamicScopeFilter,
    InstallPatches,
    MaintenanceConfiguration,
    MaintenanceWindow,
)


class _Window(Wire, frozen=True, kw_only=True):
    start_date_time: str | None = None
    expiration_date_time: str | None = None
    duration: str | None = None
    time_zone: str | None = None
    recur_every: str | None = None


class _WindowsParameters(Wire, frozen=True, kw_only=True):
    classifications_to_include: Strings = None
    kb_numbers_to_include: Strings = None
    kb_numbers_to_exclude: Strings = None
    exclude_kbs_requiring_reboot: bool | None = None


class _LinuxParameters(Wire, frozen=True, kw_only=True):
    classifications_to_include: Strings = None
    package_name_masks_to_include: Strings = None
    package_name_masks_to_exclude: Strings = None


class _InstallPatches(Wire, frozen=True, kw_only=True):
    reboot_setting: str | None = None
    windows_parameters: _WindowsParameters | None = None
    linux_parameters: _LinuxParameters | None = None


class _ConfigurationProperties(Wire, frozen=True, kw_only=True):
    maintenance_scope: str | None = None
    visibility: str | None = None
    extension_properties: dict[str, Any] | None = None
    maintenance_window: _Window | None = None
    install_patches: _InstallPatches | None = None


class _ConfigurationRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    location: str | None = None
    tags: Tags = None
    properties: _ConfigurationProperties
    system_data: SystemData | None = None


def maintenance_configuration(raw: bytes | msgspec.Raw) -> MaintenanceConfiguration:
    """A maintenance configuration. Raises Malformed."""
    row = decode(_ConfigurationRow, raw)
    properties = row.properties
    extension_properties = {name.lower(): value for name, value in (properties.extension_properties or {}).items()}
    window = properties.maintenance_window
    return MaintenanceConfiguration(
        id=row.id,
        name=row.name or ids.name_of(row.id),
        location=row.location or "",
        tags=tags_of(row.tags),
        maintenance_scope=properties.maintenance_scope,
        in_guest_patch_mode=extension_properties.get("inguestpatchmode"),
        visibility=properties.visibility,
        window=MaintenanceWindow(**msgspec.structs.asdict(window)) if window else MaintenanceWindow(),
        install_patches=_install_patches(properties.install_patches),
        created_at=moment(row.system_data.created_at) if row.system_data else None,
        last_modified_at=moment(row.system_data.last_modified_at) if row.system_data else None,
    )


def _install_patches(patches: _InstallPatches | None) -> InstallPatches | None:
    if patches is None:
        return None
    windows = patches.windows_parameters or _WindowsParameters()
    linux = patches.linux_parameters or _LinuxParameters()
    return InstallPatches(
        reboot_setting=patches.reboot_setting,
        windows_classifications=_optional(windows.classifications_to_include),
        windows_kbs_to_include=tuple(windows.kb_numbers_to_include or ()),
        windows_kbs_to_exclude=tuple(windows.kb_numbers_to_exclude or ()),
        exclude_kbs_requiring_reboot=windows.exclude_kbs_requiring_reboot,
        linux_classifications=_optional(linux.classifications_to_include),
        linux_packages_to_include=tuple(linux.package_name_masks_to_include or ()),
        linux_packages_to_exclude=tuple(linux.package_name_masks_to_exclude or ()),
    )


def _optional(values: Strings) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


class _TagSettings(Wire, frozen=True, kw_only=True):
    tags: dict[str, Strings] | None = None
    filter_operator: str | None = None


class _Filter(Wire, frozen=True, kw_only=True):
    resource_types: Strings = None
    resource_groups: Strings = None
    os_types: Strings = None
    locations: Strings = None
    tag_settings: _TagSettings | None = None


class _AssignmentProperties(Wire, frozen=True, kw_only=True):
    maintenance_configuration_id: str | None = None
    resource_id: str | None = None
    filter: _Filter | None = None


class _AssignmentRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    location: str | None = None
    properties: _AssignmentProperties
    system_data: SystemData | None = None


def configuration_assignment(raw: bytes | msgspec.Raw) -> ConfigurationAssignment:
    """A configuration assignment, static or dynamic. Raises Malformed."""
    row = decode(_AssignmentRow, raw)
    return ConfigurationAssignment(
        id=row.id,
        name=shared(row.name or ids.name_of(row.id)),
        maintenance_configuration_id=shared(row.properties.maintenance_configuration_id or ""),
        resource_id=row.properties.resource_id,
        location=row.location,
        filter=_dynamic_scope(row.properties.filter),
        created_at=moment(row.system_data.created_at) if row.system_data else None,
    )


def _dynamic_scope(scope: _Filter | None) -> DynamicScopeFilter | None:
    if scope is None:
        return None
    settings = scope.tag_settings or _TagSettings()
    return DynamicScopeFilter(
        resource_types=tuple(scope.resource_types or ()),
        resource_groups=tuple(scope.resource_groups or ()),
        os_types=tuple(scope.os_types or ()),
        locations=tuple(scope.locations or ()),
        tags={name: tuple(values or ()) for name, values in (settings.tags or {}).items()},
        tag_operator=settings.filter_operator or "All",
    )


class _RunProperties(Wire, frozen=True, kw_only=True):
    resource_id: str | None = None
    maintenance_configuration_id: str | None = None
    maintenance_scope: str | None = None
    correlation_id: str | None = None
    status: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    error_code: str | int | None = None
    error_message: str | None = None


class _RunRow(Wire, frozen=True, kw_only=True):
    id: str
    properties: _RunProperties


def apply_update(raw: bytes | msgspec.Raw) -> ApplyUpdate:
    """A run of a configuration on one resource. Raises Malformed."""
    row = decode(_RunRow, raw)
    properties = row.properties
    at = row.id.lower().find("/providers/microsoft.maintenance/applyupdates")
    return ApplyUpdate(
        id=row.id,
        resource_id=properties.resource_id or (row.id[:at] if at >= 0 else ""),
        maintenance_configuration_id=shared(properties.maintenance_configuration_id or ""),
        maintenance_scope=shared(properties.maintenance_scope),
        correlation_id=shared(properties.correlation_id),
        status=shared(properties.status),
        started_at=moment(properties.start_date_time),
        ended_at=moment(properties.end_date_time),
        error_code=text_of(properties.error_code),
        error_message=clean(properties.error_message),
    )
