"""Microsoft.Maintenance: configurations (schedules), their assignments and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.machine import Installation


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
    """A run of a configuration on one machine (`microsoft.maintenance/applyupdates`, kept 30 days), or of the
    configuration as a whole (`microsoft.maintenance/maintenanceconfigurations/applyupdates`): then `resource_id` is
    the configuration's."""

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

    @property
    def is_of_configuration(self) -> bool:
        """Whether this is the run of a configuration as a whole."""
        return "/providers/microsoft.maintenance/maintenanceconfigurations/" in self.id.lower()


class RecordedInstallation(msgspec.Struct, frozen=True, kw_only=True):
    """An installation of the past (`patchinstallationresources`, kept 30 days). `failed_patches` are the updates that
    failed in it, by KB number (Windows) or package name."""

    id: str
    machine_id: str
    installation: Installation
    failed_patches: tuple[str, ...] = ()


class EventSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told of a configuration's runs (`Microsoft.EventGrid/systemTopics/eventSubscriptions`).

    `endpoint` is the base URL of a webhook, without its query, or the id of the resource that is called. An empty
    `event_types` means all of the topic's: both PreMaintenanceEvent and PostMaintenanceEvent.
    """

    id: str
    name: str
    topic_id: str
    maintenance_configuration_id: str
    provisioning_state: str | None = None
    topic_provisioning_state: str | None = None
    event_types: tuple[str, ...] = ()
    endpoint_type: str | None = None
    endpoint: str | None = None
    expires_at: datetime | None = None

    @property
    def is_before_runs(self) -> bool:
        """Whether it is told before a run begins: only such a run can be cancelled."""
        return not self.event_types or any(
            kind.lower() == "microsoft.maintenance.premaintenanceevent" for kind in self.event_types
        )


class SqlVirtualMachine(msgspec.Struct, frozen=True, kw_only=True):
    """What the SQL IaaS extension does on a VM (`Microsoft.SqlVirtualMachine/sqlVirtualMachines`): `day_of_week`,
    `starting_hour` (local) and `duration` (minutes) of its own patch window are None where it does not patch."""

    id: str
    virtual_machine_id: str
    automated_patching: bool | None = None
    day_of_week: str | None = None
    starting_hour: int | None = None
    duration: int | None = None
