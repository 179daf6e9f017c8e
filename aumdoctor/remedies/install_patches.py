"""What a schedule installs, changed: as a request that sends the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aumdoctor.model.maintenance import InstallPatches, MaintenanceConfiguration
from aumdoctor.remedies.remedy import ArmCall

API_VERSION = "2023-04-01"


def body_of(patches: InstallPatches | None) -> dict[str, Any]:
    """`properties.installPatches` as it was read; what Azure did not send is left out."""
    if patches is None:
        return {}
    windows = _given(
        classificationsToInclude=_list(patches.windows_classifications),
        kbNumbersToInclude=list(patches.windows_kbs_to_include) or None,
        kbNumbersToExclude=list(patches.windows_kbs_to_exclude) or None,
        excludeKbsRequiringReboot=patches.exclude_kbs_requiring_reboot,
    )
    linux = _given(
        classificationsToInclude=_list(patches.linux_classifications),
        packageNameMasksToInclude=list(patches.linux_packages_to_include) or None,
        packageNameMasksToExclude=list(patches.linux_packages_to_exclude) or None,
    )
    return _given(
        rebootSetting=patches.reboot_setting, windowsParameters=windows or None, linuxParameters=linux or None
    )


def change_patches(configuration: MaintenanceConfiguration, patches: Mapping[str, Any]) -> ArmCall:
    """PATCH of a schedule's `installPatches`. The whole is sent: a part would leave the rest to the service."""
    return ArmCall(
        method="PATCH",
        path=configuration.id,
        api_version=API_VERSION,
        body={"properties": {"installPatches": dict(patches)}},
    )


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
