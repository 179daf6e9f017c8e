"""Proofs of single findings from the activity log; asked only where there is a sign of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from aumdoctor.azure import arm
from aumdoctor.azure.collection import Collection
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.wire.subscriptions import activity_event
from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact

_TELLING = ("/virtualmachines/delete", "/virtualmachines/write", "/moveresources/action")
PROOFS_AT_MOST = 50
"""Findings whose proof is looked up, one query each."""


async def read_proofs(collection: Collection) -> None:
    """Look up in the activity log what proves a recreated or moved machine; only where there is a sign of one."""
    if Fact.ACTIVITY_LOG not in collection.facts:
        return
    questions = [*_shut_down_runs(collection), *_vanished_targets(collection), *_drifted(collection)][:PROOFS_AT_MOST]
    asked = {ids.subscription_of(resource_id) for resource_id, _ in questions}
    await collection.each("activity log", questions, _activity_of)
    for subscription in collection.subscriptions:
        scope = ids.subscription_scope(subscription)
        if subscription not in asked and collection.ledger.is_known(scope, Fact.MACHINE):
            collection.ledger.inferred(scope, Fact.ACTIVITY_LOG, "no finding needs a proof from it")


def _shut_down_runs(collection: Collection) -> Iterable[tuple[str, datetime]]:
    """One question a machine, since a day before its oldest such run; those with the newest come first."""
    began: dict[str, list[datetime]] = defaultdict(list)
    for run in collection.harvest.runs.values():
        text = f"{run.status} {run.error_code} {run.error_message}".lower()
        machine = collection.harvest.machines.get(ids.key(run.resource_id))
        if machine is not None and run.started_at is not None and "shutdownorunresponsive" in text:
            began[machine.id].append(run.started_at)
    for machine_id, starts in sorted(began.items(), key=lambda item: max(item[1]), reverse=True):
        yield machine_id, min(starts) - timedelta(hours=24)


def _vanished_targets(collection: Collection) -> Iterable[tuple[str, datetime]]:
    names = {machine.name.lower() for machine in collection.harvest.machines.values()}
    for assignment in collection.harvest.assignments.values():
        target = ids.key(assignment.target)
        if assignment.is_dynamic or target in collection.harvest.machines or ids.name_of(target) not in names:
            continue
        group = target.split("/providers/", 1)[0]
        yield group, collection.now - timedelta(days=30)


def _drifted(collection: Collection) -> Iterable[tuple[str, datetime]]:
    """VMs that a schedule policy calls compliant although their patch mode is not what it sets: who changed it?"""
    harvest = collection.harvest
    for state in harvest.policy_states.values():
        definition = ids.name_of(state.policy_definition_id).lower()
        if definition not in (policies.SCHEDULE_PREREQUISITES, policies.SCHEDULE_RECURRING_UPDATES):
            continue
        machine = harvest.machines.get(ids.key(state.resource_id))
        if (state.compliance_state or "").lower() != "compliant" or machine is None or machine.is_arc:
            continue
        if not (machine.is_platform_patch_mode and machine.bypasses_platform_safety_checks):
            yield machine.id, collection.now - timedelta(days=30)


async def _activity_of(collection: Collection, question: tuple[str, datetime]) -> None:
    resource_id, since = question
    scope = ids.subscription_scope(ids.subscription_of(resource_id))
    earliest = collection.now - timedelta(days=89)
    try:
        async for row in arm.activity(collection.session, resource_id, max(since, earliest), collection.now):
            event = collection.harvest.decoded(Fact.ACTIVITY_LOG, activity_event, row, scope)
            if event is not None and event.operation.lower().endswith(_TELLING):
                collection.harvest.activity.append(event)
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.ACTIVITY_LOG, failure)
        return
    if not collection.ledger.has(scope, Fact.ACTIVITY_LOG):
        collection.ledger.fetched(scope, Fact.ACTIVITY_LOG, "arm")
