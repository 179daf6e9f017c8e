"""The PATCH of a machine's patch settings that several remedies make."""

from __future__ import annotations

from typing import Any

from aumdoctor.model.machine import Machine, PatchSettings
from aumdoctor.remedies.remedy import ArmCall, az

VM_API_VERSION = "2024-07-01"
ARC_API_VERSION = "2026-07-15"


def patch_of(machine: Machine, settings: dict[str, Any]) -> ArmCall | None:
    """PATCH exactly these members of `patchSettings`; None where Azure did not say which system the machine runs.

    Nothing else is sent: `enableAutomaticUpdates` and `provisionVMAgent` are fixed when a VM is created, and Azure
    refuses a PATCH that repeats them with another value (`PropertyChangeNotAllowed`).
    """
    if not (machine.is_windows or machine.is_linux):
        return None
    configuration = "windowsConfiguration" if machine.is_windows else "linuxConfiguration"
    return ArmCall(
        method="PATCH",
        path=machine.id,
        api_version=ARC_API_VERSION if machine.is_arc else VM_API_VERSION,
        body={"properties": {"osProfile": {configuration: {"patchSettings": settings}}}},
    )


def az_line(machine: Machine, call: ArmCall, settings: dict[str, Any]) -> str:
    """The PATCH as a command line: `az vm update --set` where that works, else `az rest`.

    `--set` creates one missing level at most, so the VM must have patch settings already; `az connectedmachine` has no
    option for them.
    """
    if machine.is_arc or machine.patch_settings == PatchSettings():
        return call.az_rest
    return az("vm", "update", "--ids", machine.id, "--set", *_assignments(machine.patch_settings_path, settings))


def _assignments(path: str, settings: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in settings.items():
        below = f"{path}.{name}"
        if isinstance(value, dict):
            words += _assignments(below, value)
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            words.append(f"{below.removeprefix('properties.')}={text}")
    return words
