"""Recipes about the times of schedules: windows that meet, starts that are badly chosen, changes that come too late."""

from __future__ import annotations

from datetime import datetime, timedelta

from aumdoctor.demo.machines import add_vm
from aumdoctor.demo.plants.recipe import (
    ARC,
    VMS,
    Plant,
    default_configuration,
    found_too,
    group_of,
    log_event,
    record_last_run,
)
from aumdoctor.demo.policies import subscription_of
from aumdoctor.demo.schedules import SCHEDULES, Schedule, add_configuration, assign, configuration_id_of
from aumdoctor.demo.state import COMPUTE, DemoEstate, Wire, key, timestamp

_WEEKLY = SCHEDULES[0]
_SECOND = _WEEKLY._replace(name="mc-security-saturday", start="02:00")
_HOST = _WEEKLY._replace(name="mc-host-saturday", start="02:00", duration="02:00")
_WITNESS = _WEEKLY._replace(name="mc-second-node", start="02:00")
_HOURLY = _WEEKLY._replace(name="mc-every-three-hours", recur_every="3Hours", duration="01:30")
_MIDNIGHT = _WEEKLY._replace(name="mc-before-midnight", start="23:58")
_BERLIN = _WEEKLY._replace(name="mc-berlin", time_zone="Europe/Berlin")
_FEWEST_OF_A_WAVE = 10


def _configuration(
    state: DemoEstate,
    machine_id: str,
    schedule: Schedule,
    *,
    window: Wire | None = None,
    maintenance_scope: str = "InGuestPatch",
    system_data: Wire | None = None,
) -> str:
    """A configuration in the machine's subscription, made on first use."""
    subscription = subscription_of(machine_id)
    found = state.configurations.get(key(configuration_id_of(subscription, "rg-patching", schedule)))
    if found is not None:
        return str(found["id"])
    return add_configuration(
        state,
        subscription=subscription,
        schedule=schedule,
        location=str(state.machine(machine_id)["location"]),
        window=window,
        maintenance_scope=maintenance_scope,
        system_data=system_data,
    )


def _starting(name: str, moment: datetime, *, recur_every: str | None = None) -> tuple[Schedule, Wire]:
    """A schedule that starts at a moment (in whole minutes), every week unless told otherwise, and its window.

    Its time zone is one in which that is not near midnight, which would be another issue.
    """
    zone, ahead = ("Tokyo Standard Time", 9) if moment.hour in (22, 23, 0) else ("UTC", 0)
    local = moment + timedelta(hours=ahead)
    recur_every = recur_every or f"1Week {local:%A}"
    schedule = Schedule(name, zone, recur_every, f"{local:%H:%M}", "02:00")
    return schedule, {"startDateTime": f"{local:%Y-%m-%d %H:%M}"}


def _two_schedules(state: DemoEstate, machine_id: str) -> str:
    assign(state, machine_id, default_configuration(state, machine_id))
    assign(state, machine_id, _configuration(state, machine_id, _SECOND))
    return machine_id


def _created_before_its_window(state: DemoEstate, machine_id: str) -> str:
    schedule, window = _starting("mc-first-boot", state.now + timedelta(minutes=6))
    state.machine(machine_id)["properties"]["timeCreated"] = timestamp(state.now - timedelta(minutes=5))
    assign(state, machine_id, _configuration(state, machine_id, schedule, window=window))
    return machine_id


def _too_often(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _HOURLY)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _made_too_late(state: DemoEstate, machine_id: str) -> str:
    schedule, window = _starting("mc-made-in-a-hurry", state.now - timedelta(minutes=10))
    written = state.now - timedelta(minutes=20)
    system_data = {"createdAt": timestamp(written), "lastModifiedAt": timestamp(written)}
    configuration_id = _configuration(state, machine_id, schedule, window=window, system_data=system_data)
    assign(state, machine_id, configuration_id)
    log_event(state, configuration_id, "Microsoft.Maintenance/maintenanceConfigurations/write", written)
    return configuration_id


def _before_midnight(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _MIDNIGHT)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _first_run_later(state: DemoEstate, machine_id: str) -> str:
    start = (state.now + timedelta(days=3)).replace(hour=10, minute=0)
    weekday = f"1Week {start + timedelta(days=2):%A}"
    schedule, window = _starting("mc-from-next-week", start, recur_every=weekday)
    configuration_id = _configuration(state, machine_id, schedule, window=window)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _zone_of_the_tz_database(state: DemoEstate, machine_id: str) -> str:
    configuration_id = _configuration(state, machine_id, _BERLIN)
    assign(state, machine_id, configuration_id)
    return configuration_id


def _host_at_the_same_time(state: DemoEstate, machine_id: str) -> str:
    assign(state, machine_id, default_configuration(state, machine_id))
    assign(state, machine_id, _configuration(state, machine_id, _HOST, maintenance_scope="Host"))
    return machine_id


def _availability_set_split(state: DemoEstate, machine_id: str) -> str:
    """The machine and another VM that is not healthy either; the first of an estate waits for the second."""
    partner = _partner(state, machine_id)
    is_on_weekly = partner is None or _is_assigned(state, partner, _WEEKLY)
    own = _configuration(state, machine_id, _WITNESS) if is_on_weekly else default_configuration(state, machine_id)
    assign(state, machine_id, own)
    availability_set = f"{group_of(machine_id)}/providers/Microsoft.Compute/availabilitySets/as-{key(machine_id)[-8:]}"
    for member in (machine_id, partner):
        if member is not None:
            state.machine(member)["properties"]["availabilitySet"] = {"id": availability_set}
            state.touch(member)
    if partner is not None:
        found_too(state, "AUM080", partner)
    return machine_id


def _partner(state: DemoEstate, machine_id: str) -> str | None:
    """A VM of the same subscription that has an issue, for which another one was not found yet; else one on the weekly
    schedule by an assignment of its own."""
    there = [
        str(vm["id"])
        for at, vm in state.vms.items()
        if at in state.affected and at != key(machine_id) and subscription_of(at) == subscription_of(key(machine_id))
    ]
    sets = [key(vm["properties"].get("availabilitySet", {}).get("id", "")) for vm in state.vms.values()]
    for vm_id in there:
        own = key(state.machine(vm_id)["properties"].get("availabilitySet", {}).get("id", ""))
        if ("AUM080", key(vm_id)) in state.planted and sets.count(own) == 1:
            return vm_id
    return next((vm_id for vm_id in there if _may_join(state, vm_id)), None)


def _may_join(state: DemoEstate, vm_id: str) -> bool:
    properties = state.machine(vm_id)["properties"]
    in_a_set = "availabilitySet" in properties or "virtualMachineScaleSet" in properties
    return not in_a_set and _is_assigned(state, vm_id, _WEEKLY)


def _is_assigned(state: DemoEstate, machine_id: str, schedule: Schedule) -> bool:
    name = f"{schedule.name}-assignment"
    return f"{key(machine_id)}/providers/microsoft.maintenance/configurationassignments/{name}" in state.assignments


def _one_wave(state: DemoEstate, machine_id: str) -> str:
    """So many machines of the subscription on one schedule that there might be two."""
    subscription = subscription_of(machine_id)
    configuration_id = default_configuration(state, machine_id)
    for number in range(1, _FEWEST_OF_A_WAVE):
        name = f"vm-shop-{number:02d}"
        group = f"/subscriptions/{subscription}/resourceGroups/rg-shop"
        if key(f"{group}/providers/{COMPUTE}/{name}") in state.vms:
            continue
        member = add_vm(state, subscription=subscription, resource_group="rg-shop", name=name, os_type="Linux")
        assign(state, member, configuration_id)
        record_last_run(state, member, configuration_id)
        state.affected.add(key(member))
        state.touch(member)
    return f"/subscriptions/{subscription}"


def _changed_late(state: DemoEstate, machine_id: str) -> str:
    schedule, window = _starting("mc-edited-late", state.now + timedelta(minutes=8), recur_every="1Day")
    start_date = window["startDateTime"]
    changed = state.now - timedelta(minutes=2)
    configuration_id = _configuration(
        state,
        machine_id,
        schedule,
        window={"startDateTime": f"2024-01-06{start_date[10:]}"},
        system_data={"lastModifiedAt": timestamp(changed)},
    )
    assign(state, machine_id, configuration_id)
    log_event(state, configuration_id, "Microsoft.Maintenance/maintenanceConfigurations/write", changed)
    return configuration_id


PLANTS = {
    "AUM009": Plant(_two_schedules, (*VMS, *ARC), scheduled=False),
    "AUM010": Plant(_created_before_its_window, VMS, scheduled=False),
    "AUM059": Plant(_too_often, (*VMS, *ARC), scheduled=False),
    "AUM060": Plant(_made_too_late, VMS, scheduled=False),
    "AUM061": Plant(_before_midnight, VMS, scheduled=False),
    "AUM063": Plant(_first_run_later, VMS, scheduled=False),
    "AUM064": Plant(_zone_of_the_tz_database, VMS, scheduled=False),
    "AUM079": Plant(_host_at_the_same_time, VMS, scheduled=False),
    "AUM080": Plant(_availability_set_split, VMS, scheduled=False),
    "AUM081": Plant(_one_wave, VMS, subscription="contoso-one-wave"),
    "AUM082": Plant(_changed_late, VMS, scheduled=False),
}
