"""The operating system part that VMs and Arc machines share, and what is kept of a body that cannot be decoded."""

from __future__ import annotations

import msgspec

from aumdoctor.azure.wire.base import Malformed, Wire, decode, shared
from aumdoctor.model import ids
from aumdoctor.model.machine import Machine, MachineKind, PatchSettings


class _PlatformSettings(Wire, frozen=True, kw_only=True):
    reboot_setting: str | None = None
    bypass_platform_safety_checks_on_user_schedule: bool | None = None


class _HotpatchStatus(Wire, frozen=True, kw_only=True):
    hotpatch_enablement_status: str | None = None


class _PatchSettings(Wire, frozen=True, kw_only=True):
    patch_mode: str | None = None
    assessment_mode: str | None = None
    enable_hotpatching: bool | None = None
    automatic_by_platform_settings: _PlatformSettings | None = None
    status: _HotpatchStatus | str | None = None


class OsConfiguration(Wire, frozen=True, kw_only=True):
    """`windowsConfiguration` or `linuxConfiguration`."""

    provision_vm_agent: bool | None = msgspec.field(default=None, name="provisionVMAgent")
    enable_automatic_updates: bool | None = None
    patch_settings: _PatchSettings | None = None


class OsProfile(Wire, frozen=True, kw_only=True):
    """`osProfile` of a VM or an Arc machine."""

    computer_name: str | None = None
    allow_extension_operations: bool | None = None
    windows_configuration: OsConfiguration | None = None
    linux_configuration: OsConfiguration | None = None


def configuration_of(os_profile: OsProfile | None, os_type: str | None) -> OsConfiguration:
    """The configuration of the operating system that the machine runs; empty where Azure sent none."""
    if os_profile is None:
        return OsConfiguration()
    is_windows = (os_type or "").lower() == "windows"
    return (os_profile.windows_configuration if is_windows else os_profile.linux_configuration) or OsConfiguration()


def patch_settings(settings: _PatchSettings | None) -> PatchSettings:
    """Patch settings in the model; all absent where Azure sent none."""
    if settings is None:
        return PatchSettings()
    platform = settings.automatic_by_platform_settings or _PlatformSettings()
    hotpatch = settings.status if isinstance(settings.status, _HotpatchStatus) else _HotpatchStatus()
    found = PatchSettings(
        patch_mode=settings.patch_mode,
        assessment_mode=settings.assessment_mode,
        bypass_platform_safety_checks_on_user_schedule=platform.bypass_platform_safety_checks_on_user_schedule,
        reboot_setting=platform.reboot_setting,
        enable_hotpatching=settings.enable_hotpatching,
        hotpatch_enablement_status=hotpatch.hotpatch_enablement_status,
    )
    return shared(found)


class Header(Wire, frozen=True, kw_only=True):
    """What every resource has."""

    id: str
    name: str | None = None
    location: str | None = None


def malformed_machine(raw: bytes | msgspec.Raw, kind: MachineKind, reason: Malformed, known_id: str = "") -> Machine:
    """A machine of which only the identity could be decoded. Raises Malformed where not even that can be."""
    try:
        header = decode(Header, raw)
    except Malformed:
        if not known_id:
            raise
        header = Header(id=known_id)
    return Machine(
        id=header.id,
        name=header.name or ids.name_of(header.id),
        kind=kind,
        location=header.location or "",
        malformed=str(reason),
    )
