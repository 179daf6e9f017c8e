"""ARM confirms what only Resource Graph has said: on fresh state rests a verdict on which somebody acts."""

from __future__ import annotations

from collections.abc import Iterable

from aumdoctor.azure import arm
from aumdoctor.azure.collection import Collection
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
    if len(due) > CONFIRM_AT_MOST:
        collection.progress.note(f"{len(due)} machines have severe findings; the first {CONFIRM_AT_MOST} are confirmed")
    await collection.each("confirmation by ARM", due[:CONFIRM_AT_MOST], _confirm)


async def _confirm(collection: Collection, machine: Machine) -> None:
    if machine.is_azure_vm:
        await read_instance_view(collection, machine)
        return
    harvest, ledger = collection.harvest, collection.ledger
    try:
        fresh = await arm.arc_machine(collection.session, machine.id)
        rows = [row async for row in arm.arc_extensions(collection.session, machine.id)]
    except ReadFailure as failure:
        if failure.status == 404:
            harvest.machines.pop(machine.key, None)
        else:
            ledger.gap(machine.id, Fact.MACHINE, failure, operation="confirm by ARM what Resource Graph says")
        return
    harvest.extensions.pop(machine.key, None)
    harvest.take_view(machine, fresh)
    for row in rows:
        harvest.take(Fact.EXTENSIONS, harvest.take_extension, row, machine.id)
    for fact in (Fact.MACHINE, Fact.POWER_STATE, Fact.EXTENSIONS):
        ledger.fetched(machine.id, fact, "arm")
