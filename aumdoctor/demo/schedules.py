"""Maintenance configurations, their assignments and their runs, in the wire shape of Microsoft.Maintenance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from aumdoctor.demo.machines import record_installation
from aumdoctor.demo.state import MAINTENANCE, DemoEstate, Wire, add_resource_group, key, stable_guid, timestamp


class Schedule(NamedTuple):
    """A recurrence that the demo can also compute the last start of, so that runs and windows agree."""

    name: str
    time_zone: str
    recur_every: str
    start: str
    duration: str
    fires_on: Callable[[datetime], bool]
    """Whether a local day is one on which the schedule starts."""


def _is_fourth_day_after_patch_tuesday(day: datetime) -> bool:
    tuesday = day - timedelta(days=4)
    return tuesday.weekday() == 1 and 8 <= tuesday.day <= 14


SCHEDULES = (
    Schedule(
        "mc-weekly-saturday",
        "W. Europe Standard Time",
        "1Week Saturday",
        "01:00",
        "03:00",
        lambda day: day.weekday() == 5,
    ),
    Schedule(
        "mc-patch-tuesday-plus-4",
        "UTC",
        "Month Second Tuesday Offset4",
        "02:00",
        "03:30",
        _is_fourth_day_after_patch_tuesday,
    ),
    Schedule("mc-daily-test", "Tokyo Standard Time", "1Day", "03:00", "02:00", lambda _day: True),
)


def utc_offset(time_zone: str, local: datetime) -> timedelta:
    """The offset of the three time zones that the demo uses, with Europe's summer time (last Sundays, 01:00 UTC)."""
    if time_zone == "Tokyo Standard Time":
        return timedelta(hours=9)
    if time_zone != "W. Europe Standard Time":
        return timedelta(0)
    begins, ends = (_last_sunday(local.year, month, local) for month in (3, 10))
    is_summer = begins + timedelta(hours=2) <= local < ends + timedelta(hours=3)
    return timedelta(hours=2 if is_summer else 1)


def _last_sunday(year: int, month: int, like: datetime) -> datetime:
    last = like.replace(year=year, month=month, day=31, hour=0, minute=0, second=0, microsecond=0)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def last_start(schedule: Schedule, now: datetime) -> datetime:
    """When the schedule last started, at least a duration and a bit before `now`, in UTC."""
    hours, minutes = map(int, schedule.start.split(":"))
    day = now + utc_offset(schedule.time_zone, now)
    for _ in range(70):
        local = day.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        start = local - utc_offset(schedule.time_zone, local)
        if schedule.fires_on(local) and start + timedelta(hours=4) <= now:
            return start
        day -= timedelta(days=1)
    raise AssertionError(schedule.name)  # every schedule of the demo recurs at least monthly


def configuration_id_of(subscription: str, resource_group: str, schedule: Schedule) -> str:
    """The id of a schedule's configuration, in the casing of Microsoft.Maintenance."""
    return (
        f"/subscriptions/{subscription}/resourcegroups/{resource_group}"
        f"/providers/{MAINTENANCE}/maintenanceConfigurations/{schedule.name}"
    )


def add_configuration(
    state: DemoEstate,
    *,
    subscription: str | None = None,
    resource_group: str = "rg-patching",
    schedule: Schedule = SCHEDULES[0],
    location: str = "westeurope",
) -> str:
    """A maintenance configuration that patches guests. Returns its id."""
    subscription = subscription or next(iter(state.subscriptions))
    add_resource_group(state, subscription, resource_group, location)
    configuration_id = configuration_id_of(subscription, resource_group, schedule)
    state.configurations[key(configuration_id)] = {
        "id": configuration_id,
        "name": schedule.name,
        "type": f"{MAINTENANCE}/maintenanceConfigurations",
        "location": location,
        "tags": {"owner": "platform-team"},
        "properties": {
            "namespace": MAINTENANCE,
            "visibility": "Custom",
            "maintenanceScope": "InGuestPatch",
            "extensionProperties": {"InGuestPatchMode": "User"},
            "maintenanceWindow": {
                "startDateTime": f"2024-01-06 {schedule.start}",
                "expirationDateTime": None,
                "duration": schedule.duration,
                "timeZone": schedule.time_zone,
                "recurEvery": schedule.recur_every,
            },
            "installPatches": {
                "rebootSetting": "IfRequired",
                "windowsParameters": {
                    "classificationsToInclude": ["Critical", "Security", "UpdateRollup"],
                    "kbNumbersToInclude": [],
                    "kbNumbersToExclude": [],
                    "excludeKbsRequiringReboot": False,
                },
                "linuxParameters": {
                    "classificationsToInclude": ["Critical", "Security"],
                    "packageNameMasksToInclude": [],
                    "packageNameMasksToExclude": [],
                },
            },
        },
        "systemData": {
            "createdAt": "2024-01-04T09:12:00Z",
            "createdBy": "platform-team@contoso.com",
            "lastModifiedAt": "2024-01-04T09:12:00Z",
        },
    }
    state.touch(configuration_id)
    return configuration_id


def assign(
    state: DemoEstate, machine_id: str, configuration_id: str, *, name: str | None = None, location: str | None = None
) -> str:
    """Attach a machine (that need not exist) to a configuration. Returns the id of the assignment."""
    if location is None:
        location = str(state.machine(machine_id)["location"])
    name = name or f"{configuration_id.rsplit('/', 1)[-1]}-assignment"
    return _put_assignment(
        state,
        machine_id.replace("/resourceGroups/", "/resourcegroups/"),
        name,
        location,
        {"maintenanceConfigurationId": configuration_id, "resourceId": machine_id},
    )


def add_dynamic_scope(state: DemoEstate, scope: str, configuration_id: str, name: str, scope_filter: Wire) -> str:
    """Attach what a filter matches in a subscription or resource group. Returns the id of the assignment."""
    return _put_assignment(
        state,
        scope.replace("/resourceGroups/", "/resourcegroups/"),
        name,
        "global",
        {"maintenanceConfigurationId": configuration_id, "resourceId": scope, "filter": scope_filter},
    )


def _put_assignment(state: DemoEstate, scope: str, name: str, location: str, properties: Wire) -> str:
    assignment_id = f"{scope}/providers/{MAINTENANCE}/configurationAssignments/{name}"
    state.assignments[key(assignment_id)] = {
        "id": assignment_id,
        "name": name,
        "type": f"{MAINTENANCE}/configurationAssignments",
        "location": location,
        "properties": properties,
    }
    state.touch(assignment_id)
    return assignment_id


def record_run(
    state: DemoEstate,
    machine_id: str,
    configuration_id: str,
    start: datetime,
    *,
    minutes: int = 45,
    status: str = "Succeeded",
    error_code: str | None = None,
    error_message: str | None = None,
    installs: bool = True,
) -> str:
    """A run of a configuration on a machine, with its patch installation unless it never got that far."""
    run_name = start.strftime("%Y%m%d%H%M00")
    correlation_id = f"{configuration_id.lower()}/providers/microsoft.maintenance/applyupdates/{run_name}"
    name = stable_guid(machine_id, correlation_id)
    run_id = f"{machine_id}/providers/{MAINTENANCE}/applyUpdates/{name}"
    properties: Wire = {
        "maintenanceConfigurationId": configuration_id,
        "maintenanceScope": "InGuestPatch",
        "resourceId": machine_id,
        "correlationId": correlation_id,
        "startDateTime": timestamp(start),
        "endDateTime": timestamp(start + timedelta(minutes=minutes)),
        "status": status,
    }
    if error_code is not None:
        properties |= {"errorCode": error_code, "errorMessage": error_message}
    state.runs[key(run_id)] = {
        "id": run_id,
        "name": name,
        "type": f"{MAINTENANCE}/applyUpdates",
        "properties": properties,
    }
    state.touch(run_id)
    if installs:
        record_installation(state, machine_id, start, minutes=minutes, run_id=correlation_id)
    return run_id
