"""ARM confirms what only Resource Graph has said: on fresh state rests a verdict on which somebody acts."""

from __future__ import annotations

from collections.abc import Iterable

from aumdoctor.azure import arm
from aumdoctor.azure.collection import Collection, at_once
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.instance_views import read_instance_view
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine

CONFIRM_AT_MOST = 2000
"""Machines that one collection reads again; within 250 + 25/s reads that is 70 s in one subscription at worst."""


async def confirm(collection: Collection, machine_ids: Iterable[str]) -> None:
    """Read machines again that were judged by Resource Graph alone: VMs with their instance view, Arc-enabled servers
    with their extensions. Beyond CONFIRM_AT_MOST the graph's word stands, as its evidence says."""
    machines = collection.harvest.machines
    keys = dict.fromkeys(map(ids.key, machine_ids))
    due = [machines[key] for key in keys if key in machines and not collection.ledger.is_from_arm(key, Fact.MACHINE)]
    if collection.read.depth == "chosen":
        await collection.each("machines of the windows", due, _confirm)
        return
    if len(due) > CONFIRM_AT_MOST:
        collection.progress.note(f"{len(due)} machines have severe findings; the first {CONFIRM_AT_MOST} are confirmed")
    await collection.each("confirmation by ARM", due[:CONFIRM_AT_MOST], _confirm)


async def _confirm(collection: Collection, machine: Machine) -> None:
    if machine.is_azure_vm:
        await read_instance_view(collection, machine)
        return
    harvest, ledger = collection.harvest, collection.ledger
    with_extensions = collection.read.depth != "chosen"
    try:
        fresh = await arm.arc_machine(collection.session, machine.id)
        rows = [row async for row in arm.arc_extensions(collection.session, machine.id)] if with_extensions else []
    except ReadFailure as failure:
        if failure.status == 404:
            harvest.machines.pop(machine.key, None)
        elif collection.read.depth == "chosen":
            ledger.failed(machine.id, Fact.MACHINE, failure, operation="read the machine from ARM")
            ledger.implied(machine.id, Fact.POWER_STATE, failure)
        else:
            ledger.gap(machine.id, Fact.MACHINE, failure, operation="confirm by ARM what Resource Graph says")
        return
    if with_extensions:
        harvest.extensions.pop(machine.key, None)
    harvest.take_view(machine, fresh)
    for row in rows:
        harvest.take(Fact.EXTENSIONS, harvest.take_extension, row, machine.id)
    facts = (Fact.MACHINE, Fact.POWER_STATE, *((Fact.EXTENSIONS,) if with_extensions else ()))
    for fact in facts:
        ledger.fetched(machine.id, fact, "arm")


async def confirm_schedules(collection: Collection) -> None:
    """Read configurations and assignments of every subscription with machines again from ARM, one list each. Where ARM
    does not list assignments, those of Resource Graph stand."""
    await at_once(*(_schedules_of(collection, subscription) for subscription in collection.populated))


async def _schedules_of(collection: Collection, subscription: str) -> None:
    harvest, ledger, scope = collection.harvest, collection.ledger, ids.subscription_scope(subscription)
    try:
        async for row in arm.maintenance_configurations(collection.session, scope):
            harvest.take(Fact.CONFIGURATIONS, harvest.take_configuration, row, scope)
        ledger.fetched(scope, Fact.CONFIGURATIONS, "arm")
    except ReadFailure as failure:
        if failure.code not in arm.UNREGISTERED:
            ledger.failed(scope, Fact.CONFIGURATIONS, failure)
    try:
        rows = [row async for row in arm.configuration_assignments(collection.session, scope)]
    except ReadFailure as failure:
        if not arm.is_unsupported(failure):
            ledger.failed(scope, Fact.ASSIGNMENTS, failure)
        return
    # Only after the whole list was read: what it does not hold any more is gone.
    for key in [key for key in harvest.assignments if ids.is_within(key, scope)]:
        del harvest.assignments[key]
    for row in rows:
        harvest.take(Fact.ASSIGNMENTS, harvest.take_assignment, row, scope)
    ledger.fetched(scope, Fact.ASSIGNMENTS, "arm")
