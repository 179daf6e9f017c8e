"""Microsoft.Maintenance: configurations (schedules), their assignments and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import msgspec

from aumdoctor.model import ids


class MaintenanceWindow(msgspec.Struct, frozen=True, kw_only=True):
    """`properties.maintenanceWindow`, as written: local `YYYY-MM-DD hh:mm` in a Windows time zone, `HH:mm`."""

    start_date_time: str | None = None
    expiration_date_time: str | None = None
    duration: str | None = None
    time_zone: str | None = None
    recur_every: str | None = None


class InstallPatches(msgspec.Struct, frozen=True, kw_only=True):
    """`properties.installPatches`; a None tuple means that Azure sent no such list."""

    reboot_setting: str | None = None
    windows_classifications: tuple[str, ...] | None = None
    windows_kbs_to_include: tuple[str, ...] = ()
    windows_kbs_to_exclude: tuple[str, ...] = ()
    exclude_kbs_requiring_reboot: bool | None = None
    linux_classifications: tuple[str, ...] | None = None
    linux_packages_to_include: tuple[str, ...] = ()
    linux_packages_to_exclude: tuple[str, ...] = ()


class MaintenanceConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance configuration. `exists` is False where Azure answered 404 for an id that an assignment names."""

    id: str
    name: str
    location: str = ""
    tags: Mapping[str, str] = {}
    maintenance_scope: str | None = None
    in_guest_patch_mode: str | None = None
    visibility: str | None = None
    window: MaintenanceWindow = MaintenanceWindow()
    install_patches: InstallPatches | None = None
    created_at: datetime | None = None
    last_modified_at: datetime | None = None
    exists: bool = True

    @property
    def is_guest_patching(self) -> bool:
        """Whether the configuration patches guests (as opposed to hosts, OS images or SQL)."""
        return (self.maintenance_scope or "").lower() == "inguestpatch"


class DynamicScopeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`properties.filter` of a dynamic scope. An empty member restricts nothing; tag values are case-sensitive."""

    resource_types: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    os_types: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = {}
    tag_operator: str = "All"


class ConfigurationAssignment(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A static assignment (on one machine) or, with a `filter`, a dynamic scope (on a subscription or resource group).

    `scope` is what the assignment is put on: the machine, the subscription or the resource group.
    """

    id: str
    name: str
    maintenance_configuration_id: str = ""
    resource_id: str | None = None
    location: str | None = None
    filter: DynamicScopeFilter | None = None
    created_at: datetime | None = None

    @cached_property
    def scope(self) -> str:
        """The id of what the assignment is on: the part of its own id before `/providers/Microsoft.Maintenance`."""
        at = self.id.lower().rfind("/providers/microsoft.maintenance/configurationassignments")
        return self.id[:at] if at >= 0 else (self.resource_id or "")

    @cached_property
    def is_dynamic(self) -> bool:
        """Whether this is a dynamic scope: put on a subscription or resource group, not on a resource."""
        return "/providers/" not in ids.key(self.scope)

    @property
    def target(self) -> str:
        """The id of the machine of a static assignment."""
        return self.scope if "/providers/" in ids.key(self.scope) else (self.resource_id or "")


class ApplyUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a configuration on one machine (`microsoft.maintenance/applyupdates`, kept 30 days)."""

    id: str
    resource_id: str = ""
    maintenance_configuration_id: str = ""
    maintenance_scope: str | None = None
    correlation_id: str | None = None
    status: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
