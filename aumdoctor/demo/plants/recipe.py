"""What a recipe is, and what recipes share: schedules of machines, entries of the activity log, groups."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from aumdoctor.demo.policies import subscription_of
from aumdoctor.demo.schedules import (
    SCHEDULES,
    add_configuration,
    assign,
    configuration_id_of,
    record_run,
    run_id_of,
)
from aumdoctor.demo.state import MAINTENANCE, DemoEstate, Wire, key, stable_guid, timestamp
from aumdoctor.model.maintenance import MaintenanceWindow
from aumdoctor.schedule.timetable import Timetable, TimetableError, timetable

Recipe = Callable[[DemoEstate, str], str]
"""Changes a machine so that it has one issue; returns the id of the resource that the finding is about."""

WINDOWS_VM, LINUX_VM, WINDOWS_ARC, LINUX_ARC = "windows-vm", "linux-vm", "windows-arc", "linux-arc"
VMS = (WINDOWS_VM, LINUX_VM)
ARC = (WINDOWS_ARC, LINUX_ARC)
SCHEDULE_TAG = "PatchGroup"
"""The tag by which the demo's dynamic scopes choose; a machine without it is matched by none."""
AZURE_POLICY_ASSIGNMENT = "7fk2qd5yz3x4e-azpolicy"
"""How the scheduling policy names the assignments that it makes, on every machine alike."""


class Plant(NamedTuple):
    """A recipe with the machines it suits, whether those are attached to a schedule beforehand, and the resource group
    or the subscription that they have for themselves where the issue is a matter of the whole of it."""

    recipe: Recipe
    shapes: tuple[str, ...]
    scheduled: bool = True
    resource_group: str | None = None
    subscription: str | None = None
    weight: int = 1


def _is_scheduled(state: DemoEstate, machine_id: str) -> bool:
    if SCHEDULE_TAG in state.machine(machine_id)["tags"]:
        return True
    prefix = f"{key(machine_id)}/providers/microsoft.maintenance/configurationassignments/"
    # Assignments are keyed by id: probing the demo's own naming is enough and keeps large estates linear.
    names = [f"{schedule.name}-assignment" for schedule in SCHEDULES] + [AZURE_POLICY_ASSIGNMENT]
    return any(prefix + name in state.assignments for name in names)


def ensure_scheduled(state: DemoEstate, machine_id: str) -> None:
    """Attach a machine to the weekly schedule, on which it ran when it last should, unless it has one."""
    if not _is_scheduled(state, machine_id):
        configuration_id = default_configuration(state, machine_id)
        assign(state, machine_id, configuration_id)
        record_last_run(state, machine_id, configuration_id)


def record_last_run(state: DemoEstate, machine_id: str, configuration_id: str) -> None:
    """Record that a machine ran under a schedule when it last should, without a record of an installation.

    Nothing is recorded where the machine has run under it already, the run was cancelled as a whole, or none is due:
    the configuration does not exist or is not for guests, or its last window is too far away, in the future or in the
    past.
    """
    configuration = state.configurations.get(key(configuration_id))
    start = last_window(state, configuration) if configuration is not None else None
    if start is None or run_id_of(configuration_id, start) in state.runs:
        return
    if runs_on(state, machine_id, configuration_id, start):
        return
    record_run(state, machine_id, configuration_id, start, installs=False)


def record_earlier_runs(state: DemoEstate, since: timedelta) -> None:
    """Record beside every run the ones that came before it under the same schedule, so far back, as successes."""
    for run in list(state.runs.values()):
        properties = run["properties"]
        machine_id, configuration_id = str(properties["resourceId"]), str(properties["maintenanceConfigurationId"])
        configuration = state.configurations.get(key(configuration_id))
        times = _timetable(configuration) if configuration is not None else None
        if times is None or not (key(machine_id) in state.vms or key(machine_id) in state.arc):
            continue
        began = datetime.fromisoformat(properties["startDateTime"])
        created = state.machine(machine_id)["properties"].get("timeCreated")
        earliest = max(state.now - since, datetime.fromisoformat(created)) if created else state.now - since
        for occurrence in times.between(earliest, began):
            if run_id_of(configuration_id, occurrence.starts_at) not in state.runs:
                record_run(state, machine_id, configuration_id, occurrence.starts_at, installs=False)


def last_window(state: DemoEstate, configuration: Wire) -> datetime | None:
    """When a configuration for guests last began, four hours ago at least and 30 days at most."""
    times = _timetable(configuration)
    last = times.previous(state.now - timedelta(hours=4) + timedelta(seconds=1)) if times is not None else None
    return last.starts_at if last is not None and last.starts_at > state.now - timedelta(days=30) else None


def _timetable(configuration: Wire) -> Timetable | None:
    """When the windows of a configuration for guests are; None for others, and where that cannot be told."""
    properties = configuration["properties"]
    window = properties.get("maintenanceWindow") or {}
    if properties.get("maintenanceScope") != "InGuestPatch":
        return None
    try:
        return timetable(
            MaintenanceWindow(
                start_date_time=window.get("startDateTime"),
                expiration_date_time=window.get("expirationDateTime"),
                duration=window.get("duration"),
                time_zone=window.get("timeZone"),
                recur_every=window.get("recurEvery"),
            )
        )
    except TimetableError:
        return None


def runs_on(state: DemoEstate, machine_id: str, configuration_id: str, start: datetime) -> list[str]:
    """The keys of the recorded run of a configuration on a machine that began at a time; none or one."""
    name = stable_guid(machine_id, run_id_of(configuration_id, start))
    found = key(f"{machine_id}/providers/{MAINTENANCE}/applyUpdates/{name}")
    return [found] if found in state.runs else []


def forget_last_run(state: DemoEstate, machine_id: str, configuration_id: str) -> None:
    """Take the record of a machine's last run under a schedule away, as if it had been passed by."""
    start = last_window(state, state.configurations[key(configuration_id)])
    for found in runs_on(state, machine_id, configuration_id, start) if start is not None else ():
        del state.runs[found]
        state.touch(found)


def default_configuration(state: DemoEstate, machine_id: str) -> str:
    """The weekly configuration of the machine's subscription, made on first use."""
    subscription = subscription_of(machine_id)
    found = state.configurations.get(key(configuration_id_of(subscription, "rg-patching", SCHEDULES[0])))
    return str(found["id"]) if found is not None else add_configuration(state, subscription=subscription)


def attach_as_policy_does(state: DemoEstate, machine_id: str, configuration_id: str) -> str:
    """Attach a machine as the built-in scheduling policy does: the same name for every machine."""
    return assign(state, machine_id, configuration_id, name=AZURE_POLICY_ASSIGNMENT)


def detach(state: DemoEstate, machine_id: str) -> None:
    """Take a machine out of the demo's schedules."""
    state.machine(machine_id)["tags"].pop(SCHEDULE_TAG, None)
    prefix = f"{key(machine_id)}/providers/microsoft.maintenance/configurationassignments/"
    names = [f"{schedule.name}-assignment" for schedule in SCHEDULES] + [AZURE_POLICY_ASSIGNMENT]
    for name in names:
        if state.assignments.pop(prefix + name, None) is not None:
            state.touch(prefix + name)


def group_of(machine_id: str) -> str:
    """The id of the resource group of a machine."""
    return "/".join(machine_id.split("/")[:5])


def log_event(
    state: DemoEstate, resource_id: str, operation: str, at: datetime, caller: str = "ops@contoso.com"
) -> None:
    """Write an event about a resource into the activity log of its subscription."""
    moment = timestamp(at)
    name = stable_guid(resource_id, operation, moment)
    state.activity[subscription_of(resource_id).lower()].append(
        {
            "id": f"{resource_id}/events/{name}/ticks/{int(at.timestamp()) * 10_000_000}",
            "eventDataId": name,
            "eventTimestamp": moment,
            "submissionTimestamp": moment,
            "resourceId": resource_id,
            "resourceGroupName": resource_id.split("/")[4],
            "subscriptionId": subscription_of(resource_id),
            "operationName": {"value": operation, "localizedValue": operation},
            "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
            "category": {"value": "Administrative", "localizedValue": "Administrative"},
            "level": "Informational",
            "caller": caller,
            "correlationId": stable_guid(name, "correlation"),
        }
    )


def found_too(state: DemoEstate, check: str, resource_id: str) -> None:
    """Say that a correct doctor finds this as well, and no other finding explains it."""
    state.planted.add((check, key(resource_id)))
