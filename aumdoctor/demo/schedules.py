"""Maintenance configurations, their assignments and their runs, in the wire shape of Microsoft.Maintenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aumdoctor.demo.machines import record_installation
from aumdoctor.demo.state import (
    MAINTENANCE,
    DemoEstate,
    Wire,
    add_resource_group,
    key,
    merged,
    stable_guid,
    timestamp,
)


class Schedule(NamedTuple):
    """A recurrence. With `fires_on` the demo can compute its starts, so that runs and windows agree."""

    name: str
    time_zone: str
    recur_every: str
    start: str
    duration: str
    fires_on: Callable[[datetime], bool] | None = None
    """Whether a local day is one on which the schedule starts; None where the demo does not compute that."""


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


UNFINISHED = ("NotStarted", "Pending", "InProgress", "RetryNow", "RetryLater")
"""The statuses of runs that have not ended."""


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
    """When the schedule last started, at least a duration and a bit before `now`, in UTC.

    Raises ValueError for a schedule without `fires_on`.
    """
    if schedule.fires_on is None:
        raise ValueError(f"the demo does not compute the starts of {schedule.name}")
    hours, minutes = map(int, schedule.start.split(":"))
    day = now + utc_offset(schedule.time_zone, now)
    for _ in range(70):
        local = day.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        start = local - utc_offset(schedule.time_zone, local)
        if schedule.fires_on(local) and start + timedelta(hours=4) <= now:
            return start
        day -= timedelta(days=1)
    raise AssertionError(schedule.name)  # every schedule of the demo recurs at least monthly


def starts_at(configuration: Wire, moment: datetime) -> bool:
    """Whether a configuration starts at a time, as far as the demo knows: a window that is not one of `SCHEDULES`
    may start whenever somebody says so."""
    window = configuration["properties"].get("maintenanceWindow") or {}
    for schedule in SCHEDULES:
        own = (schedule.time_zone, schedule.recur_every, schedule.start)
        its = (window.get("timeZone"), window.get("recurEvery"), str(window.get("startDateTime"))[-5:])
        if own == its and schedule.fires_on is not None:
            local = moment + utc_offset(schedule.time_zone, moment)
            return f"{local:%H:%M}" == schedule.start and schedule.fires_on(local)
    return True


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
    window: Mapping[str, Any] | None = None,
    install_patches: Mapping[str, Any] | None = None,
    maintenance_scope: str = "InGuestPatch",
    extension_properties: Mapping[str, Any] | None = None,
    system_data: Mapping[str, Any] | None = None,
) -> str:
    """A maintenance configuration that patches guests unless `maintenance_scope` is another. Returns its id.

    `window`, `install_patches` and `system_data` are merged into the members that a healthy one has (a member that is
    None becomes null); `extension_properties` replace them. Other scopes have no patches to install unless told.
    """
    subscription = subscription or next(iter(state.subscriptions))
    add_resource_group(state, subscription, resource_group, location)
    configuration_id = configuration_id_of(subscription, resource_group, schedule)
    in_guest = maintenance_scope == "InGuestPatch"
    if extension_properties is None:
        extension_properties = {"InGuestPatchMode": "User"} if in_guest else {}
    configuration: Wire = {
        "id": configuration_id,
        "name": schedule.name,
        "type": f"{MAINTENANCE}/maintenanceConfigurations",
        "location": location,
        "tags": {"owner": "platform-team"},
        "properties": {
            "namespace": MAINTENANCE,
            "visibility": "Custom",
            "maintenanceScope": maintenance_scope,
            "extensionProperties": dict(extension_properties),
            "maintenanceWindow": merged(_window_of(schedule), window or {}),
        },
        "systemData": merged(
            {
                "createdAt": "2024-01-04T09:12:00Z",
                "createdBy": "platform-team@contoso.com",
                "lastModifiedAt": "2024-01-04T09:12:00Z",
            },
            system_data or {},
        ),
    }
    if in_guest or install_patches is not None:
        configuration["properties"]["installPatches"] = merged(_install_patches(), install_patches or {})
    state.configurations[key(configuration_id)] = configuration
    state.touch(configuration_id)
    return configuration_id


def _window_of(schedule: Schedule) -> Wire:
    return {
        "startDateTime": f"2024-01-06 {schedule.start}",
        "expirationDateTime": None,
        "duration": schedule.duration,
        "timeZone": schedule.time_zone,
        "recurEvery": schedule.recur_every,
    }


def _install_patches() -> Wire:
    return {
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
    }


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
    """A run of a configuration on a machine, with its patch installation unless it never got that far.

    A run that is still going on (`InProgress`, …) has no end, and its installation is in progress as well, last heard
    of after `minutes`. Returns the id of the run.
    """
    correlation_id = run_id_of(configuration_id, start)
    name = stable_guid(machine_id, correlation_id)
    run_id = f"{machine_id}/providers/{MAINTENANCE}/applyUpdates/{name}"
    properties: Wire = {
        "maintenanceConfigurationId": configuration_id,
        "maintenanceScope": "InGuestPatch",
        "resourceId": machine_id,
        "correlationId": correlation_id,
        "startDateTime": timestamp(start),
        "status": status,
        **_end(start, minutes, status),
    }
    if error_code is not None:
        properties["errorCode"] = error_code
    if error_code is not None or error_message is not None:
        properties["errorMessage"] = error_message
    state.runs[key(run_id)] = {
        "id": run_id,
        "name": name,
        "type": f"{MAINTENANCE}/applyUpdates",
        "properties": properties,
    }
    state.touch(run_id)
    if installs:
        installation = "InProgress" if status in UNFINISHED else "Succeeded"
        record_installation(state, machine_id, start, minutes=minutes, status=installation, run_id=correlation_id)
    return run_id


def record_configuration_run(
    state: DemoEstate,
    configuration_id: str,
    start: datetime,
    status: str = "Succeeded",
    error_message: str | None = None,
    *,
    minutes: int = 45,
) -> str:
    """A run of a configuration as a whole, which is what is left of a cancelled one. Returns its id, by which it is
    also the correlation id of its runs on machines."""
    run_id = run_id_of(configuration_id, start)
    configuration = state.configurations.get(key(configuration_id))
    properties: Wire = {
        "maintenanceConfigurationId": configuration_id.lower(),
        "maintenanceScope": configuration["properties"]["maintenanceScope"] if configuration else "InGuestPatch",
        "resourceId": configuration_id.lower(),
        "correlationId": run_id,
        "startDateTime": timestamp(start),
        "status": status,
        **_end(start, minutes, status),
    }
    if error_message is not None:
        properties["errorMessage"] = error_message
    state.runs[run_id] = {
        "id": run_id,
        "name": run_id.rsplit("/", 1)[-1],
        "type": f"{MAINTENANCE}/maintenanceConfigurations/applyUpdates",
        "properties": properties,
    }
    state.touch(run_id)
    return run_id


def run_id_of(configuration_id: str, start: datetime) -> str:
    """The id of a configuration's run, in lower case; it is named after its start in UTC."""
    name = f"{start.astimezone(UTC):%Y%m%d%H%M00}"
    return f"{configuration_id.lower()}/providers/microsoft.maintenance/applyupdates/{name}"


def _end(start: datetime, minutes: int, status: str) -> Wire:
    return {} if status in UNFINISHED else {"endDateTime": timestamp(start + timedelta(minutes=minutes))}
