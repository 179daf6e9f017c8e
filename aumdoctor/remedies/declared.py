"""A VM's patch settings as Bicep and Terraform declare them, for those whose next deployment must not undo a cure."""

from __future__ import annotations

import json

import msgspec

from aumdoctor.model.machine import Machine, PatchSettings
from aumdoctor.remedies.patch_settings import VM_API_VERSION


def declared_patch_settings(machine: Machine, **changes: str | bool) -> tuple[str, str]:
    """A VM's patch settings with some members of `PatchSettings` changed, as Bicep and as Terraform (azurerm).

    Both are the part of the VM's resource that matters, to be merged into where it is declared. Empty for an Arc
    machine, and where Azure did not say which system the VM runs. Members that Azure did not send are left out.
    """
    if machine.is_arc or not (machine.is_windows or machine.is_linux):
        return "", ""
    settings = msgspec.structs.replace(machine.patch_settings, **changes)
    return _bicep(machine, settings), _terraform(machine, settings)


def bicep_literal(value: str | bool) -> str:
    """A Bicep literal: a string in single quotes, nothing in it interpolated."""
    if isinstance(value, bool):
        return str(value).lower()
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    for character, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(character, written)
    return f"'{escaped}'"


def terraform_literal(value: str | bool) -> str:
    """A Terraform literal: a string in double quotes, nothing in it interpolated."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _bicep(machine: Machine, settings: PatchSettings) -> str:
    platform = {
        "bypassPlatformSafetyChecksOnUserSchedule": settings.bypass_platform_safety_checks_on_user_schedule,
        "rebootSetting": settings.reboot_setting,
    }
    plain = {
        "patchMode": settings.patch_mode,
        "assessmentMode": settings.assessment_mode,
        "enableHotpatching": settings.enable_hotpatching if machine.is_windows else None,
    }
    inner = [f"{name}: {bicep_literal(value)}" for name, value in plain.items() if value is not None]
    below = [f"  {name}: {bicep_literal(value)}" for name, value in platform.items() if value is not None]
    if below:
        inner += ["automaticByPlatformSettings: {", *below, "}"]
    lines = [
        "// The part of the VM's resource that matters; merge it into where the VM is declared.",
        f"resource vm 'Microsoft.Compute/virtualMachines@{VM_API_VERSION}' = {{",
        f"  name: {bicep_literal(machine.name)}",
        f"  location: {bicep_literal(machine.location)}",
        "  properties: {",
        "    osProfile: {",
        f"      {'windows' if machine.is_windows else 'linux'}Configuration: {{",
        "        patchSettings: {",
        *(f"          {line}" for line in inner),
        *("        }", "      }", "    }", "  }", "}"),
    ]
    return "\n".join(lines) + "\n"


def _terraform(machine: Machine, settings: PatchSettings) -> str:
    arguments = {
        "name": machine.name,
        "resource_group_name": machine.resource_group,
        "location": machine.location,
        "patch_mode": settings.patch_mode,
        "patch_assessment_mode": settings.assessment_mode,
        "bypass_platform_safety_checks_on_user_schedule_enabled": (
            settings.bypass_platform_safety_checks_on_user_schedule
        ),
        "reboot_setting": settings.reboot_setting,
        "hotpatching_enabled": settings.enable_hotpatching if machine.is_windows else None,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    width = max(map(len, given))
    lines = [
        "# The arguments that matter; merge them into where the VM is declared.",
        f'resource "azurerm_{"windows" if machine.is_windows else "linux"}_virtual_machine" "vm" {{',
        *(f"  {name:<{width}} = {terraform_literal(value)}" for name, value in given.items()),
        "}",
    ]
    return "\n".join(lines) + "\n"
