"""The instance views of VMs: agent, extension handlers, patch status. The one read that costs a call per machine."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.azure import arm
from aumdoctor.azure.collection import Collection
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine

READ_ALL_INSTANCE_VIEWS_UP_TO = 2000
"""At `--depth normal`, in a scope of at most so many running VMs, every one's instance view is read: with a bucket of
250 + 25/s reads a subscription that takes 70 s at worst. Beyond it only those that no fresh assessment vouches for."""

VOUCHED_FOR = timedelta(hours=30)
"""A successful assessment younger than this proves that agent and extension worked: it runs every 24 hours."""

_OFF = frozenset({"deallocated", "deallocating", "stopped", "stopping", "hibernated"})


async def read_instance_views(collection: Collection) -> None:
    """Read the instance views that the depth asks for, and enter for every other VM why it was not read."""
    machines = [machine for machine in collection.harvest.machines.values() if machine.is_azure_vm]
    up = [machine for machine in machines if machine.power_state not in _OFF]
    read_all = collection.read.depth == "full" or len(up) <= READ_ALL_INSTANCE_VIEWS_UP_TO
    due = []
    for machine in machines:
        vouching = _vouched_for(collection, machine)
        if collection.read.source == "graph":
            _leave_out(collection, machine, "not read with --source graph")
        elif collection.read.depth == "quick":
            _leave_out(collection, machine, "not read with --depth quick")
        elif collection.read.is_chosen:
            _leave_out(collection, machine, "not read, because it is in no window that is asked about")
        elif machine.subscription_id in collection.by_arm or collection.read.depth == "full":
            due.append(machine)
        elif machine.power_state in _OFF:
            reason = f"the VM is {machine.power_state}: it has no agent status"
            collection.ledger.inferred(machine.id, Fact.INSTANCE_VIEW, reason)
        elif read_all or vouching is None:
            due.append(machine)
        else:
            collection.ledger.inferred(machine.id, Fact.INSTANCE_VIEW, vouching)
    await collection.each("instance views", due, read_instance_view)


def _leave_out(collection: Collection, machine: Machine, reason: str) -> None:
    if machine.power_state in _OFF:
        off = f"the VM is {machine.power_state}: it has no agent status"
        collection.ledger.inferred(machine.id, Fact.INSTANCE_VIEW, off)
    else:
        collection.ledger.not_asked(machine.id, Fact.INSTANCE_VIEW, reason)
    if machine.power_state is None:
        collection.ledger.not_asked(machine.id, Fact.POWER_STATE, f"Resource Graph has no power state of it; {reason}")


def _vouched_for(collection: Collection, machine: Machine) -> str | None:
    """Why agent and extension are known to work without a look, or None."""
    assessment = collection.harvest.assessments.get(machine.key)
    if assessment is None or assessment.last_modified is None or machine.power_state != "running":
        return None
    age = collection.now - assessment.last_modified
    if (assessment.status or "").lower() != "succeeded" or not timedelta(0) <= age <= VOUCHED_FOR:
        return None
    return f"agent and extension completed an assessment at {assessment.last_modified:%Y-%m-%d %H:%M}Z"


async def read_instance_view(collection: Collection, machine: Machine) -> None:
    """Read one VM again with its instance view; a failure is entered, a VM that is gone is dropped."""
    ledger = collection.ledger
    try:
        fresh = await arm.instance_view(collection.session, machine.id)
    except ReadFailure as failure:
        if failure.status == 404:
            # Deleted since the list was read: there is nothing left to judge.
            collection.harvest.machines.pop(machine.key, None)
            return
        ledger.failed(machine.id, Fact.INSTANCE_VIEW, failure)
        if machine.power_state is None:
            ledger.implied(machine.id, Fact.POWER_STATE, failure)
        if machine.subscription_id in collection.by_arm:
            ledger.implied(machine.id, Fact.ASSESSMENT, failure)
            ledger.implied(machine.id, Fact.INSTALLATION, failure)
        return
    collection.harvest.take_view(machine, fresh)
    for fact in (Fact.MACHINE, Fact.POWER_STATE, Fact.INSTANCE_VIEW):
        ledger.fetched(machine.id, fact, "arm")
    if machine.subscription_id in collection.by_arm:
        for fact in (Fact.EXTENSIONS, Fact.ASSESSMENT, Fact.INSTALLATION):
            ledger.fetched(machine.id, fact, "arm")
