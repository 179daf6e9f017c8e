"""Machines: Azure virtual machines and Arc-enabled servers, as far as they decide whether patching works.

Values are Azure's own spelling. `None` means that Azure did not send the property; what Azure does in that case is
answered by the `effective_*` properties, never by the raw ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from aumdoctor.model import ids


class MachineKind(StrEnum):
    """What Azure Update Manager manages."""

    AZURE_VM = "azure-vm"
    ARC = "arc"


class PatchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`osProfile.{windows|linux}Configuration.patchSettings`, of an Azure VM or an Arc machine."""

    patch_mode: str | None = None
    assessment_mode: str | None = None
    bypass_platform_safety_checks_on_user_schedule: bool | None = None
    reboot_setting: str | None = None
    enable_hotpatching: bool | None = None
    hotpatch_enablement_status: str | None = None


class ImageReference(msgspec.Struct, frozen=True, kw_only=True):
    """`storageProfile.imageReference`: a marketplace image (publisher/offer/sku) or a gallery or custom image (id)."""

    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str | None = None
    exact_version: str | None = None
    id: str | None = None

    @property
    def is_gallery_image(self) -> bool:
        """Whether the machine was made from an image of an Azure Compute Gallery."""
        return bool(self.id and "/galleries/" in self.id.lower())


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """An instance-view status: code such as `ProvisioningState/succeeded`, level Info, Warning or Error."""

    code: str | None = None
    level: str | None = None
    display_status: str | None = None
    message: str | None = None
    time: datetime | None = None


class VmAgent(msgspec.Struct, frozen=True, kw_only=True):
    """`instanceView.vmAgent`: the version and the first status of the Azure VM agent."""

    version: str | None = None
    status: Status | None = None


class ExtensionHandler(msgspec.Struct, frozen=True, kw_only=True):
    """One of `instanceView.vmAgent.extensionHandlers`; `type` is `Publisher.Type`."""

    type: str
    version: str | None = None
    status: Status | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """An extension as a resource and, where the instance view was read, its run status.

    `provisioning_state` comes from the resource, `status` from the instance view; either may be absent.
    """

    name: str
    publisher: str | None = None
    type: str | None = None
    version: str | None = None
    provisioning_state: str | None = None
    status: Status | None = None

    @property
    def full_type(self) -> str:
        """`Publisher.Type`, as the VM agent names it."""
        return f"{self.publisher}.{self.type}" if self.publisher else (self.type or "")


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One error text of an assessment or installation with its path below the result."""

    path: str
    message: str
    code: str | None = None


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The newest patch assessment: Resource Graph's `patchassessmentresources` row or the instance view's
    `patchStatus.availablePatchSummary`.

    `errors` is empty where Azure reported none: a null error, and code 0 or "0", which a successful assessment
    carries, are no errors. `counts_by_classification` is `availablePatchCountByClassification` (`security`,
    `updateRollup`, …, as Azure spells them), empty where only the instance view was read, which does not have it.
    """

    status: str | None = None
    started_by: str | None = None
    started_at: datetime | None = None
    last_modified: datetime | None = None
    patch_service_used: str | None = None
    reboot_pending: bool | None = None
    critical_and_security_count: int | None = None
    other_count: int | None = None
    counts_by_classification: Mapping[str, int] = {}
    errors: tuple[ErrorDetail, ...] = ()
    path: str = "properties.patchStatus.availablePatchSummary"


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """The newest patch installation: a `patchinstallationresources` row or the
    instance view's `patchStatus.lastPatchInstallationSummary`."""

    status: str | None = None
    started_by: str | None = None
    started_at: datetime | None = None
    last_modified: datetime | None = None
    maintenance_window_exceeded: bool | None = None
    maintenance_run_id: str | None = None
    reboot_status: str | None = None
    installed_count: int | None = None
    failed_count: int | None = None
    pending_count: int | None = None
    excluded_count: int | None = None
    not_selected_count: int | None = None
    errors: tuple[ErrorDetail, ...] = ()
    path: str = "properties.patchStatus.lastPatchInstallationSummary"


class ArcAgent(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to an Arc-enabled server (`Microsoft.HybridCompute/machines`).

    `extensions_enabled` and `guest_configuration_enabled` are Azure's strings "true" and "false" made booleans.
    """

    status: str | None = None
    status_reason: str | None = None
    last_status_change: datetime | None = None
    version: str | None = None
    error_messages: tuple[str, ...] = ()
    config_mode: str | None = None
    extensions_enabled: bool | None = None
    guest_configuration_enabled: bool | None = None
    extensions_allow_list: tuple[str, ...] = ()
    extensions_block_list: tuple[str, ...] = ()
    proxy_url: str | None = None
    private_link_scope_id: str | None = None
    os_sku: str | None = None
    os_edition: str | None = None
    esu_eligibility: str | None = None
    esu_license_assignment_state: str | None = None
    esu_key_state: str | None = None
    mssql_discovered: bool | None = None
    automatic_upgrade_enabled: bool | None = None


class Machine(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One Azure VM or Arc-enabled server.

    `power_state` is the part behind `PowerState/` in lower case ("running", "deallocated"), None where it is not
    known. `patch_configuration_statuses` is `patchStatus.configurationStatuses` of the instance view
    (`PatchModeConfigurationState/Ready`, `AssessmentModeConfigurationState/Pending`). `malformed` is the reason why the
    machine's body could not be decoded; everything but its identity is then absent and its facts are unknown.
    """

    id: str
    name: str
    kind: MachineKind
    location: str = ""
    tags: Mapping[str, str] = {}
    os_type: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    vm_id: str | None = None
    time_created: datetime | None = None
    provisioning_state: str | None = None
    has_os_profile: bool = False
    os_disk_create_option: str | None = None
    image: ImageReference | None = None
    disk_encryption_set_id: str | None = None
    allow_extension_operations: bool | None = None
    provision_vm_agent: bool | None = None
    enable_automatic_updates: bool | None = None
    patch_settings: PatchSettings = PatchSettings()
    availability_set_id: str | None = None
    virtual_machine_scale_set_id: str | None = None
    managed_by: str | None = None
    license_type: str | None = None
    security_type: str | None = None
    priority: str | None = None
    power_state: str | None = None
    vm_agent: VmAgent | None = None
    extension_handlers: tuple[ExtensionHandler, ...] = ()
    extensions: tuple[Extension, ...] = ()
    arc: ArcAgent | None = None
    patch_configuration_statuses: tuple[Status, ...] = ()
    assessment: Assessment | None = None
    installation: Installation | None = None
    malformed: str | None = None

    @property
    def key(self) -> str:
        """The id in the form in which ids are compared; computed once."""
        found: str | None = self.__dict__.get("key")
        if found is None:
            found = self.__dict__["key"] = ids.key(self.id)
        return found

    @property
    def subscription_id(self) -> str:
        """The subscription id in lower case."""
        return self.key.split("/", 3)[2] if self.key.startswith("/subscriptions/") else ""

    @property
    def resource_group(self) -> str:
        """The resource group as the id spells it."""
        return ids.resource_group_of(self.id)

    @property
    def is_azure_vm(self) -> bool:
        return self.kind is MachineKind.AZURE_VM

    @property
    def is_arc(self) -> bool:
        return self.kind is MachineKind.ARC

    @property
    def is_windows(self) -> bool:
        return (self.os_type or "").lower() == "windows"

    @property
    def is_linux(self) -> bool:
        return (self.os_type or "").lower() == "linux"

    @property
    def is_reachable(self) -> bool | None:
        """Whether the machine is up: running (Azure VM) or connected (Arc); None where that is not known."""
        if self.arc is not None:
            return None if self.arc.status is None else self.arc.status.lower() == "connected"
        return None if self.power_state is None else self.power_state == "running"

    @property
    def effective_patch_mode(self) -> str | None:
        """The patch mode with the platform's default where Azure sent none.

        Windows `AutomaticByOS`, Linux `ImageDefault` (azure-compute-docs, automatic-vm-guest-patching.md). None for
        Arc machines, where the patch mode decides nothing, and where the OS type is not known.
        """
        if self.is_arc:
            return None
        default = "AutomaticByOS" if self.is_windows else "ImageDefault" if self.is_linux else None
        return self.patch_settings.patch_mode or default

    @property
    def effective_assessment_mode(self) -> str:
        """The assessment mode, `ImageDefault` where Azure sent none (same source)."""
        return self.patch_settings.assessment_mode or "ImageDefault"

    @property
    def is_platform_patch_mode(self) -> bool:
        return (self.effective_patch_mode or "").lower() == "automaticbyplatform"

    @property
    def has_periodic_assessment(self) -> bool:
        return self.effective_assessment_mode.lower() == "automaticbyplatform"

    @property
    def bypasses_platform_safety_checks(self) -> bool:
        """`bypassPlatformSafetyChecksOnUserSchedule`, false where absent."""
        return self.patch_settings.bypass_platform_safety_checks_on_user_schedule is True

    @property
    def os_configuration_path(self) -> str:
        """The JSON path of the machine's `windowsConfiguration` or `linuxConfiguration`."""
        return f"properties.osProfile.{'windows' if self.is_windows else 'linux'}Configuration"

    @property
    def patch_settings_path(self) -> str:
        return f"{self.os_configuration_path}.patchSettings"
