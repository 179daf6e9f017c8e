"""ARM confirms what only Resource Graph has said: on fresh state rests a verdict on which somebody acts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from aumdoctor.azure import arm
from aumdoctor.azure.collection import Collection, at_once
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.instance_views import read_instance_view
from aumdoctor.model import ids
from aumdoctor.model.facts import READ_PERMISSIONS, Fact
from aumdoctor.model.machine import Machine

CONFIRM_AT_MOST = 2000
"""Machines that one collection reads again; within 250 + 25/s reads that is 70 s in one subscription at worst."""


async def confirm(collection: Collection, machine_ids: Iterable[str]) -> None:
    """Read machines again that were judged by Resource Graph alone: VMs with their instance view, Arc-enabled servers
    with their extensions. Beyond CONFIRM_AT_MOST the graph's word stands, as its evidence says."""
    machines = collection.harvest.machines
    keys = dict.fromkeys(map(ids.key, machine_ids))
    due = [machines[key] for key in keys if key in machines and not collection.ledger.is_from_arm(key, Fact.MACHINE)]
    if collection.read.is_chosen:
        late = ReadFailure("DeadlineReached", "not read from ARM in time")
        for machine in due:
            # As with schedules: what was not read yet must not pass for read, whenever the reading ends.
            collection.ledger.implied(machine.id, Fact.INSTANCE_VIEW if machine.is_azure_vm else Fact.MACHINE, late)
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
        elif collection.read.is_chosen:
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
    """Read configurations and assignments again from ARM, one list each a subscription: configurations of every
    subscription that has any, for schedules often lie where there is no machine, assignments where machines are.

    What ARM does not list any more is dropped. Where ARM does not offer the list of assignments, those of Resource
    Graph stand, and their reading says so.
    """
    populated = collection.populated
    owners = collection.harvest.subscriptions_with(Fact.CONFIGURATIONS) & collection.subscriptions.keys()
    by_subscription: dict[str, list[str]] = defaultdict(list)
    for key in collection.harvest.assignments:
        by_subscription[ids.subscription_of(key)].append(key)
    late = ReadFailure("DeadlineReached", "not read again from ARM in time")
    for subscription in populated | owners:
        # Until it is read again the fact counts as not read: a deadline in between must not pass for an answer.
        collection.ledger.implied(ids.subscription_scope(subscription), Fact.CONFIGURATIONS, late)
    for subscription in populated:
        collection.ledger.implied(ids.subscription_scope(subscription), Fact.ASSIGNMENTS, late)
    await at_once(
        *(_configurations_of(collection, subscription) for subscription in populated | owners),
        *(_assignments_of(collection, subscription, by_subscription[subscription]) for subscription in populated),
    )


async def _configurations_of(collection: Collection, subscription: str) -> None:
    harvest, ledger, scope = collection.harvest, collection.ledger, ids.subscription_scope(subscription)
    try:
        rows = [row async for row in arm.maintenance_configurations(collection.session, scope)]
    except ReadFailure as failure:
        if failure.code in arm.UNREGISTERED:
            ledger.fetched(scope, Fact.CONFIGURATIONS, "arm")
        else:
            ledger.failed(scope, Fact.CONFIGURATIONS, failure)
        return
    known = [key for key in harvest.configurations if ids.subscription_of(key) == subscription]
    if not rows and known and not await _may_read(collection, scope, Fact.CONFIGURATIONS):
        return
    for key in known:
        del harvest.configurations[key]
    for row in rows:
        harvest.take(Fact.CONFIGURATIONS, harvest.take_configuration, row, scope)
    ledger.fetched(scope, Fact.CONFIGURATIONS, "arm")


async def _assignments_of(collection: Collection, subscription: str, known: list[str]) -> None:
    harvest, ledger, scope = collection.harvest, collection.ledger, ids.subscription_scope(subscription)
    try:
        rows = [row async for row in arm.configuration_assignments(collection.session, scope)]
    except ReadFailure as failure:
        if arm.is_unsupported(failure) or failure.code in arm.UNREGISTERED:
            ledger.fetched(scope, Fact.ASSIGNMENTS, "graph")
        else:
            ledger.failed(scope, Fact.ASSIGNMENTS, failure)
        return
    if not rows and known and not await _may_read(collection, scope, Fact.ASSIGNMENTS):
        return
    # Only after the whole list was read: what it does not hold any more is gone.
    for key in known:
        del harvest.assignments[key]
    for row in rows:
        harvest.take(Fact.ASSIGNMENTS, harvest.take_assignment, row, scope)
    ledger.fetched(scope, Fact.ASSIGNMENTS, "arm")


async def _may_read(collection: Collection, scope: str, fact: Fact) -> bool:
    """Whether an empty list of ARM, where Resource Graph has rows, can be believed: ARM answers with one also where a
    right is missing. Where it cannot, the fact is entered as not read."""
    action = READ_PERMISSIONS[fact][0]
    try:
        granted = await collection.rights(scope)
    except ReadFailure as failure:
        collection.ledger.failed(scope, fact, failure)
        return False
    if granted.allows(action):
        return True
    message = f"ARM lists nothing where Resource Graph has rows, and the right {action} is not among the caller's"
    collection.ledger.failed(scope, fact, ReadFailure("EmptyWithoutRight", message, action=action))
    return False
