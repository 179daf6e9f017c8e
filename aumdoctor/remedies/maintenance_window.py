"""A schedule's maintenance window, changed: as a request, and as Bicep and Terraform declare it."""

from __future__ import annotations

from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.declared import declared_window
from aumdoctor.remedies.remedy import ArmCall, Prescription

API_VERSION = "2023-04-01"


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
    bicep, terraform = declared_window(configuration, given, API_VERSION)
    return Prescription(
        calls=(call,),
        steps=("Change it at least 15 minutes before the next start, 40 minutes where it has a pre-event.", *steps),
        bicep=bicep,
        terraform=terraform,
    )
