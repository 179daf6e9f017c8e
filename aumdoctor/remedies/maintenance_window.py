"""A schedule's maintenance window, changed: as a request, and as Bicep and Terraform declare it."""

from __future__ import annotations

from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.declared import bicep_literal, terraform_literal
from aumdoctor.remedies.remedy import ArmCall, Prescription

API_VERSION = "2023-04-01"
_TERRAFORM = {
    "startDateTime": "start_date_time",
    "expirationDateTime": "expiration_date_time",
    "duration": "duration",
    "timeZone": "time_zone",
    "recurEvery": "recur_every",
}


def change_window(configuration: MaintenanceConfiguration, *, steps: tuple[str, ...], **changes: str) -> Prescription:
    """PATCH of a schedule's window with some of its members (by Azure's names) changed and the rest as it was read.

    The whole window is sent: a part of it would leave to the service what becomes of the rest.
    """
    window = configuration.window
    members = {
        "startDateTime": window.start_date_time,
        "expirationDateTime": window.expiration_date_time,
        "duration": window.duration,
        "timeZone": window.time_zone,
        "recurEvery": window.recur_every,
        **changes,
    }
    given = {name: value for name, value in members.items() if value is not None}
    call = ArmCall(
        method="PATCH",
        path=configuration.id,
        api_version=API_VERSION,
        body={"properties": {"maintenanceWindow": given}},
    )
    return Prescription(
        calls=(call,),
        steps=("Change it at least 15 minutes before the next start, 40 minutes where it has a pre-event.", *steps),
        bicep=_bicep(configuration, given),
        terraform=_terraform(configuration, given),
    )


def _bicep(configuration: MaintenanceConfiguration, window: dict[str, str]) -> str:
    lines = [
        "// The part of the schedule that matters; merge it into where the schedule is declared.",
        f"resource schedule 'Microsoft.Maintenance/maintenanceConfigurations@{API_VERSION}' = {{",
        f"  name: {bicep_literal(configuration.name)}",
        f"  location: {bicep_literal(configuration.location)}",
        "  properties: {",
        "    maintenanceScope: 'InGuestPatch'",
        "    extensionProperties: {",
        "      InGuestPatchMode: 'User'",
        "    }",
        "    maintenanceWindow: {",
        *(f"      {name}: {bicep_literal(value)}" for name, value in window.items()),
        *("    }", "  }", "}"),
    ]
    return "\n".join(lines) + "\n"


def _terraform(configuration: MaintenanceConfiguration, window: dict[str, str]) -> str:
    arguments = {_TERRAFORM[name]: value for name, value in window.items()}
    width = max(map(len, arguments), default=0)
    lines = [
        "# The arguments that matter; merge them into where the schedule is declared.",
        'resource "azurerm_maintenance_configuration" "schedule" {',
        f"  name                     = {terraform_literal(configuration.name)}",
        f"  location                 = {terraform_literal(configuration.location)}",
        '  scope                    = "InGuestPatch"',
        '  in_guest_user_patch_mode = "User"',
        "",
        "  window {",
        *(f"    {name:<{width}} = {terraform_literal(value)}" for name, value in arguments.items()),
        *("  }", "}"),
    ]
    return "\n".join(lines) + "\n"
