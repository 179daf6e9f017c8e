"""Virtual machines, with whatever instance view the body carries."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aumdoctor.azure.wire.base import (
    ErrorBody,
    Malformed,
    StatusItem,
    Tags,
    Wire,
    decode,
    errors_of,
    first_status,
    moment,
    shared,
    status_of,
    tags_of,
)
from aumdoctor.azure.wire.extensions import ExtensionRow, extension_of, is_kept
from aumdoctor.azure.wire.os_profile import OsProfile, configuration_of, malformed_machine, patch_settings
from aumdoctor.model import ids
from aumdoctor.model.machine import (
    Assessment,
    Extension,
    ExtensionHandler,
    ImageReference,
    Installation,
    Machine,
    MachineKind,
    VmAgent,
)


class _SubResource(Wire, frozen=True, kw_only=True):
    id: str | None = None


class _ManagedDisk(Wire, frozen=True, kw_only=True):
    disk_encryption_set: _SubResource | None = None


class _OsDisk(Wire, frozen=True, kw_only=True):
    os_type: str | None = None
    create_option: str | None = None
    managed_disk: _ManagedDisk | None = None


class _ImageReference(Wire, frozen=True, kw_only=True):
    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str | None = None
    exact_version: str | None = None
    id: str | None = None


class _StorageProfile(Wire, frozen=True, kw_only=True):
    image_reference: _ImageReference | None = None
    os_disk: _OsDisk | None = None


class _SecurityProfile(Wire, frozen=True, kw_only=True):
    security_type: str | None = None


class _Handler(Wire, frozen=True, kw_only=True):
    type: str | None = None
    type_handler_version: str | None = None
    status: StatusItem | None = None


class _VmAgent(Wire, frozen=True, kw_only=True):
    vm_agent_version: str | None = None
    statuses: list[StatusItem] | None = None
    extension_handlers: list[_Handler] | None = None


class _InstanceExtension(Wire, frozen=True, kw_only=True):
    name: str | None = None
    type: str | None = None
    type_handler_version: str | None = None
    statuses: list[StatusItem] | None = None


class _PatchSummary(Wire, frozen=True, kw_only=True):
    status: str | None = None
    start_time: str | None = None
    last_modified_time: str | None = None
    started_by: str | None = None
    reboot_pending: bool | None = None
    critical_and_security_patch_count: int | None = None
    other_patch_count: int | None = None
    maintenance_window_exceeded: bool | None = None
    reboot_status: str | None = None
    installed_patch_count: int | None = None
    failed_patch_count: int | None = None
    pending_patch_count: int | None = None
    excluded_patch_count: int | None = None
    not_selected_patch_count: int | None = None
    error: ErrorBody | None = None


class _PatchStatus(Wire, frozen=True, kw_only=True):
    available_patch_summary: _PatchSummary | None = None
    last_patch_installation_summary: _PatchSummary | None = None
    configuration_statuses: list[StatusItem] | None = None


class _InstanceView(Wire, frozen=True, kw_only=True):
    os_name: str | None = None
    os_version: str | None = None
    statuses: list[StatusItem] | None = None
    vm_agent: _VmAgent | None = None
    extensions: list[_InstanceExtension] | None = None
    patch_status: _PatchStatus | None = None


class _GraphInstanceView(Wire, frozen=True, kw_only=True):
    os_name: str | None = None
    os_version: str | None = None
    power_state: StatusItem | None = None


class _Extended(Wire, frozen=True, kw_only=True):
    instance_view: _GraphInstanceView | None = None


class _VmProperties(Wire, frozen=True, kw_only=True):
    vm_id: str | None = None
    provisioning_state: str | None = None
    time_created: str | None = None
    license_type: str | None = None
    priority: str | None = None
    os_profile: OsProfile | None = None
    storage_profile: _StorageProfile | None = None
    security_profile: _SecurityProfile | None = None
    availability_set: _SubResource | None = None
    virtual_machine_scale_set: _SubResource | None = None
    instance_view: _InstanceView | None = None
    extended: _Extended | None = None


class _VmRow(Wire, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""
    location: str | None = None
    tags: Tags = None
    managed_by: str | None = None
    properties: _VmProperties
    resources: list[ExtensionRow] | None = None


def virtual_machine(raw: bytes | msgspec.Raw, known_id: str = "") -> Machine:
    """A VM as ARM or Resource Graph describes it, with whatever instance view the body carries.

    `known_id` is the id that was asked for, should the body not repeat it. A body of the wrong shape gives a machine
    with `malformed` set; raises Malformed where even its id is missing.
    """
    try:
        row = decode(_VmRow, raw)
    except Malformed as reason:
        return malformed_machine(raw, MachineKind.AZURE_VM, reason, known_id)
    resource_id = row.id or known_id
    if not resource_id:
        raise Malformed("a virtual machine without an id")
    properties, os_profile = row.properties, row.properties.os_profile
    storage = properties.storage_profile or _StorageProfile()
    os_disk = storage.os_disk or _OsDisk()
    os_type = os_disk.os_type
    if os_type is None and os_profile is not None:
        os_type = "Windows" if os_profile.windows_configuration else "Linux" if os_profile.linux_configuration else None
    configuration = configuration_of(os_profile, os_type)
    view = properties.instance_view or _InstanceView()
    graph_view = (properties.extended or _Extended()).instance_view or _GraphInstanceView()
    image = storage.image_reference
    encryption = os_disk.managed_disk.disk_encryption_set if os_disk.managed_disk else None
    patch_status = view.patch_status or _PatchStatus()
    return Machine(
        id=resource_id,
        name=row.name or ids.name_of(resource_id),
        kind=MachineKind.AZURE_VM,
        location=shared(row.location or ""),
        tags=tags_of(row.tags),
        os_type=shared(os_type),
        os_name=shared(view.os_name or graph_view.os_name),
        os_version=shared(view.os_version or graph_view.os_version),
        vm_id=properties.vm_id,
        time_created=moment(properties.time_created),
        provisioning_state=shared(properties.provisioning_state),
        has_os_profile=os_profile is not None,
        os_disk_create_option=shared(os_disk.create_option),
        image=None if image is None else shared(ImageReference(**msgspec.structs.asdict(image))),
        disk_encryption_set_id=encryption.id if encryption else None,
        allow_extension_operations=os_profile.allow_extension_operations if os_profile else None,
        provision_vm_agent=configuration.provision_vm_agent,
        enable_automatic_updates=configuration.enable_automatic_updates,
        patch_settings=patch_settings(configuration.patch_settings),
        availability_set_id=properties.availability_set.id if properties.availability_set else None,
        virtual_machine_scale_set_id=(
            properties.virtual_machine_scale_set.id if properties.virtual_machine_scale_set else None
        ),
        managed_by=row.managed_by or None,
        license_type=shared(properties.license_type),
        security_type=properties.security_profile.security_type if properties.security_profile else None,
        priority=shared(properties.priority),
        power_state=_power_state(view.statuses) or _power_state([graph_view.power_state or StatusItem()]),
        vm_agent=_vm_agent(view.vm_agent),
        extension_handlers=_handlers(view.vm_agent),
        extensions=_vm_extensions(view.extensions, row.resources),
        patch_configuration_statuses=tuple(map(status_of, patch_status.configuration_statuses or ())),
        assessment=_assessment_of_instance_view(patch_status.available_patch_summary),
        installation=_installation_of_instance_view(patch_status.last_patch_installation_summary),
    )


def _power_state(statuses: Iterable[StatusItem] | None) -> str | None:
    for status in statuses or ():
        if status.code and status.code.lower().startswith("powerstate/"):
            return shared(status.code.split("/", 1)[1].lower())
    return None


def _vm_agent(agent: _VmAgent | None) -> VmAgent | None:
    return (
        None if agent is None else VmAgent(version=shared(agent.vm_agent_version), status=first_status(agent.statuses))
    )


def _handlers(agent: _VmAgent | None) -> tuple[ExtensionHandler, ...]:
    handlers = (agent.extension_handlers if agent else None) or ()
    return tuple(
        ExtensionHandler(
            type=shared(handler.type or ""),
            version=shared(handler.type_handler_version),
            status=status_of(handler.status) if handler.status else None,
        )
        for handler in handlers
        if is_kept((handler.type or "").rpartition(".")[0])
    )


def _vm_extensions(
    running: Iterable[_InstanceExtension] | None, resources: Iterable[ExtensionRow] | None
) -> tuple[Extension, ...]:
    """The patch extensions of a VM: its child resources, joined by name with their status in the instance view."""
    found: dict[str, Extension] = {}
    for resource in resources or ():
        extension = extension_of(resource)
        if extension is not None:
            found[extension.name.lower()] = extension
    for view in running or ():
        publisher, _, type_ = (view.type or "").rpartition(".")
        name = view.name or type_
        known = found.get(name.lower())
        if known is not None:
            found[name.lower()] = msgspec.structs.replace(known, status=first_status(view.statuses))
        elif is_kept(publisher):
            found[name.lower()] = Extension(
                name=name,
                publisher=publisher or None,
                type=type_ or None,
                version=view.type_handler_version,
                status=first_status(view.statuses),
            )
    return tuple(found.values())


def _assessment_of_instance_view(summary: _PatchSummary | None) -> Assessment | None:
    path = "properties.instanceView.patchStatus.availablePatchSummary"
    if summary is None or (summary.status is None and summary.last_modified_time is None):
        return None
    return Assessment(
        status=shared(summary.status),
        started_by=shared(summary.started_by),
        started_at=moment(summary.start_time),
        last_modified=moment(summary.last_modified_time),
        reboot_pending=summary.reboot_pending,
        critical_and_security_count=summary.critical_and_security_patch_count,
        other_count=summary.other_patch_count,
        errors=errors_of(summary.error, f"{path}.error"),
        path=path,
    )


def _installation_of_instance_view(summary: _PatchSummary | None) -> Installation | None:
    path = "properties.instanceView.patchStatus.lastPatchInstallationSummary"
    if summary is None or (summary.status is None and summary.last_modified_time is None):
        return None
    return Installation(
        status=shared(summary.status),
        started_by=shared(summary.started_by),
        started_at=moment(summary.start_time),
        last_modified=moment(summary.last_modified_time),
        maintenance_window_exceeded=summary.maintenance_window_exceeded,
        reboot_status=summary.reboot_status,
        installed_count=summary.installed_patch_count,
        failed_count=summary.failed_patch_count,
        pending_count=summary.pending_patch_count,
        excluded_count=summary.excluded_patch_count,
        not_selected_count=summary.not_selected_patch_count,
        errors=errors_of(summary.error, f"{path}.error"),
        path=path,
    )


class _StatusOnlyProperties(Wire, frozen=True, kw_only=True):
    instance_view: _InstanceView | None = None


class _StatusOnlyRow(Wire, frozen=True, kw_only=True):
    id: str
    properties: _StatusOnlyProperties | None = None


def power_state(raw: bytes | msgspec.Raw) -> tuple[str, str | None]:
    """The VM id and power state of a row of `virtualMachines?statusOnly=true`. Raises Malformed."""
    row = decode(_StatusOnlyRow, raw)
    view = row.properties.instance_view if row.properties else None
    return row.id, _power_state(view.statuses if view else None)
