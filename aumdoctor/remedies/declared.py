"""States as Bicep and Terraform declare them, for those whose next deployment must not undo a cure.

A snippet is the part of a resource that matters, to be merged into where it is declared: a deployment replaces a whole
resource. Names are written as literals in which nothing is interpolated. What no template creates has no snippet: an
Arc-enabled server is its agent's.

Names of arguments: documentation of the azurerm provider (`windows_virtual_machine`, `maintenance_configuration`,
`maintenance_assignment_virtual_machine`, `resource_provider_registration`, `role_assignment`) and of azapi
(`azapi_resource`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.machine import Machine, PatchSettings
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.patch_settings import VM_API_VERSION


def declared_patch_settings(machine: Machine, **changes: str | bool) -> tuple[str, str]:
    """A VM's patch settings with some members of `PatchSettings` changed, as Bicep and as Terraform (azurerm).

    Empty for an Arc machine, and where Azure did not say which system the VM runs. Members that Azure did not send are
    left out.
    """
    settings = msgspec.structs.replace(machine.patch_settings, **changes)
    platform = _given(
        bypassPlatformSafetyChecksOnUserSchedule=settings.bypass_platform_safety_checks_on_user_schedule,
        rebootSetting=settings.reboot_setting,
    )
    hotpatching = settings.enable_hotpatching if machine.is_windows else None
    members = _given(
        patchMode=settings.patch_mode,
        assessmentMode=settings.assessment_mode,
        enableHotpatching=hotpatching,
        automaticByPlatformSettings=platform or None,
    )
    os_configuration = f"{'windows' if machine.is_windows else 'linux'}Configuration"
    return _declared_vm(
        machine, {os_configuration: {"patchSettings": members}}, _terraform_arguments(settings, hotpatching)
    )


def declared_extension_operations(machine: Machine) -> tuple[str, str]:
    """That a VM allows extension operations, as Bicep and as Terraform; empty as for patch settings."""
    return _declared_vm(machine, {"allowExtensionOperations": True}, {"allow_extension_operations": True})


def declared_assignment(machine: Machine, name: str, configuration_id: str, api_version: str) -> tuple[str, str]:
    """A static assignment of a schedule to a machine, as Bicep (deployed to the machine's resource group) and as
    Terraform; complete resources. azurerm has one for VMs only, azapi takes its place for Arc-enabled servers."""
    kind = "Microsoft.HybridCompute/machines" if machine.is_arc else "Microsoft.Compute/virtualMachines"
    version = "2024-07-10" if machine.is_arc else VM_API_VERSION
    assignment = f"Microsoft.Maintenance/configurationAssignments@{api_version}"
    bicep = _lines(
        f"resource machine '{kind}@{version}' existing = {{",
        f"  name: {bicep_literal(machine.name)}",
        "}",
        "",
        f"resource assignment '{assignment}' = {{",
        f"  name: {bicep_literal(name)}",
        "  scope: machine",
        *_bicep_members(
            {
                "location": machine.location,
                "properties": {"maintenanceConfigurationId": configuration_id},
            },
            "  ",
        ),
        "}",
    )
    if machine.is_arc:
        body = {"properties": {"maintenanceConfigurationId": configuration_id}}
        arguments = {"type": assignment, "name": name, "parent_id": machine.id, "location": machine.location}
        return bicep, _terraform("azapi_resource", "assignment", {**arguments, "body": body})
    azurerm = {
        "location": machine.location,
        "maintenance_configuration_id": configuration_id,
        "virtual_machine_id": machine.id,
    }
    return bicep, _terraform("azurerm_maintenance_assignment_virtual_machine", "assignment", azurerm)


def declared_window(
    configuration: MaintenanceConfiguration, window: Mapping[str, str], api_version: str
) -> tuple[str, str]:
    """The window of a schedule, as Bicep and as Terraform; `window` as in the REST body."""
    properties = {
        "maintenanceScope": "InGuestPatch",
        "extensionProperties": {"InGuestPatchMode": "User"},
        "maintenanceWindow": dict(window),
    }
    members = {"name": configuration.name, "location": configuration.location, "properties": properties}
    bicep = _lines(
        "// The part of the schedule that matters; merge it into where the schedule is declared.",
        f"resource schedule 'Microsoft.Maintenance/maintenanceConfigurations@{api_version}' = {{",
        *_bicep_members(members, "  "),
        "}",
    )
    arguments = {
        "name": configuration.name,
        "resource_group_name": ids.resource_group_of(configuration.id),
        "location": configuration.location,
        "scope": "InGuestPatch",
        "in_guest_user_patch_mode": "User",
    }
    block = {_WINDOW_ARGUMENTS[member]: value for member, value in window.items()}
    terraform = _terraform(
        "azurerm_maintenance_configuration", "schedule", arguments, blocks={"window": block}, merge=True
    )
    return bicep, terraform


def declared_registration(namespace: str) -> str:
    """The registration of a resource provider as Terraform (Bicep has none: it is made in a subscription, not in it).

    The azurerm provider registers by itself what it knows, unless it is told not to.
    """
    return _terraform("azurerm_resource_provider_registration", "provider", {"name": namespace})


def declared_role(scope: str, role: str, principal: str, label: str) -> str:
    """A role of a service principal as Terraform. Not as Bicep, where the scope is that of the deployment."""
    arguments = {
        "scope": scope,
        "role_definition_name": role,
        "principal_id": principal,
        "principal_type": "ServicePrincipal",
    }
    return _terraform("azurerm_role_assignment", label, arguments)


_WINDOW_ARGUMENTS = {
    "startDateTime": "start_date_time",
    "expirationDateTime": "expiration_date_time",
    "duration": "duration",
    "timeZone": "time_zone",
    "recurEvery": "recur_every",
}


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


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _declared_vm(machine: Machine, os_profile: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[str, str]:
    if machine.is_arc or not (machine.is_windows or machine.is_linux):
        return "", ""
    bicep = _lines(
        "// The part of the VM's resource that matters; merge it into where the VM is declared.",
        f"resource vm 'Microsoft.Compute/virtualMachines@{VM_API_VERSION}' = {{",
        *_bicep_members(
            {"name": machine.name, "location": machine.location, "properties": {"osProfile": os_profile}}, "  "
        ),
        "}",
    )
    known_by = {"name": machine.name, "resource_group_name": machine.resource_group, "location": machine.location}
    kind = f"azurerm_{'windows' if machine.is_windows else 'linux'}_virtual_machine"
    return bicep, _terraform(kind, "vm", {**known_by, **arguments}, merge=True)


def _terraform_arguments(settings: PatchSettings, hotpatching: bool | None) -> dict[str, Any]:
    return _given(
        patch_mode=settings.patch_mode,
        patch_assessment_mode=settings.assessment_mode,
        bypass_platform_safety_checks_on_user_schedule_enabled=settings.bypass_platform_safety_checks_on_user_schedule,
        reboot_setting=settings.reboot_setting,
        hotpatching_enabled=hotpatching,
    )


def _bicep_members(members: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in members.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}: {{"
            yield from _bicep_members(value, indent + "  ")
            yield f"{indent}}}"
        else:
            yield f"{indent}{name}: {bicep_literal(value)}"


def _terraform(
    kind: str,
    label: str,
    arguments: Mapping[str, Any],
    *,
    blocks: Mapping[str, Mapping[str, Any]] | None = None,
    merge: bool = False,
) -> str:
    said = ["# The arguments that matter; merge them into where the resource is declared."] if merge else []
    nested = [
        line
        for name, members in (blocks or {}).items()
        for line in ("", f"  {name} {{", *_terraform_members(members, "    "), "  }")
    ]
    return _lines(*said, f'resource "{kind}" "{label}" {{', *_terraform_members(arguments, "  "), *nested, "}")


def _terraform_members(members: Mapping[str, Any], indent: str) -> Iterator[str]:
    width = max(map(len, members), default=0)
    for name, value in members.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name:<{width}} = {{"
            yield from _terraform_members(value, indent + "  ")
            yield f"{indent}}}"
        else:
            yield f"{indent}{name:<{width}} = {terraform_literal(value)}"
