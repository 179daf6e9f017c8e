"""What ARM knows of a subscription that holds machines: providers, policies, roles, configurations elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from aumdoctor.azure import arm
from aumdoctor.azure.collection import POLICY_DEFINITIONS, Collection, at_once
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.wire import policy
from aumdoctor.azure.wire.authorization import management_lock
from aumdoctor.azure.wire.beside import EventTopic, event_subscription
from aumdoctor.azure.wire.subscriptions import activity_event
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine
from aumdoctor.model.policy import PolicyAssignment, Remediation

PROVIDERS_OF_VMS: tuple[str, ...] = (
    "Microsoft.Compute",
    "Microsoft.Maintenance",
    "Microsoft.PolicyInsights",
    "Microsoft.Insights",
    "Microsoft.EventGrid",
)
PROVIDERS_OF_ARC: tuple[str, ...] = (
    "Microsoft.HybridCompute",
    "Microsoft.GuestConfiguration",
    "Microsoft.HybridConnectivity",
    "Microsoft.AzureArcData",
)
"""The resource providers that the checks ask about, the latter only where there are Arc-enabled servers."""


CHANGES_SINCE = timedelta(days=2)
"""How far back changes of schedules are read, unless a longer history is."""


async def read_subscriptions(collection: Collection) -> None:
    """Read what the checks need of every subscription that holds a machine in scope."""
    machines: dict[str, list[Machine]] = defaultdict(list)
    for machine in collection.harvest.machines.values():
        machines[machine.subscription_id].append(machine)
    work = [_missing_configurations(collection)]
    if Fact.PROVIDERS in collection.facts:
        work += [_providers_of(collection, subscription, found) for subscription, found in machines.items()]
    if Fact.LOCKS in collection.facts:
        work += [_locks_of(collection, subscription) for subscription in machines]
    policy_facts = (Fact.POLICY_ASSIGNMENTS, Fact.REMEDIATIONS, Fact.ROLE_ASSIGNMENTS)
    if not collection.facts.isdisjoint(policy_facts):
        work += [_policies_of(collection, subscription, found) for subscription, found in machines.items()]
    if Fact.CALLER_PERMISSIONS in collection.facts:
        work += [_rights_in(collection, subscription) for subscription in machines]
    if Fact.MAINTENANCE_CHANGES in collection.facts:
        work += [_changes_in(collection, subscription) for subscription in machines]
    if Fact.EVENT_SUBSCRIPTIONS in collection.facts:
        work.append(_event_subscriptions(collection))
    beside = (Fact.CALLER_PERMISSIONS, Fact.MAINTENANCE_CHANGES)
    collection.nothing_to_ask(Fact.PROVIDERS, Fact.LOCKS, *policy_facts, *beside)
    await at_once(*work)


async def _providers_of(collection: Collection, subscription: str, machines: Sequence[Machine]) -> None:
    scope = ids.subscription_scope(subscription)
    namespaces = PROVIDERS_OF_VMS
    if any(machine.is_arc for machine in machines):
        namespaces += PROVIDERS_OF_ARC
    states: dict[str, str] = {}
    failures: list[ReadFailure] = []

    async def one(namespace: str) -> None:
        try:
            states[namespace.lower()] = await arm.provider_state(collection.session, subscription, namespace) or ""
        except ReadFailure as failure:
            # Not every cloud offers every provider (404); the first two are those that nothing goes without.
            if failure.status != 404 or namespace in PROVIDERS_OF_VMS[:2]:
                failures.append(failure)

    await at_once(*(one(namespace) for namespace in namespaces))
    current = collection.subscriptions[subscription]
    collection.subscriptions[subscription] = msgspec.structs.replace(current, providers=states)
    if failures:
        collection.ledger.failed(scope, Fact.PROVIDERS, failures[0])
    else:
        collection.ledger.fetched(scope, Fact.PROVIDERS, "arm")


async def _locks_of(collection: Collection, subscription: str) -> None:
    scope = ids.subscription_scope(subscription)
    try:
        async for row in arm.locks(collection.session, scope):
            found = collection.harvest.decoded(Fact.LOCKS, management_lock, row, scope)
            if found is not None:
                collection.harvest.locks[ids.key(found.id)] = found
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.LOCKS, failure)
        return
    collection.ledger.fetched(scope, Fact.LOCKS, "arm")


async def _rights_in(collection: Collection, subscription: str) -> None:
    scope = ids.subscription_scope(subscription)
    try:
        collection.harvest.permissions[subscription] = await collection.rights(scope)
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.CALLER_PERMISSIONS, failure)
        return
    collection.ledger.fetched(scope, Fact.CALLER_PERMISSIONS, "arm")


async def _changes_in(collection: Collection, subscription: str) -> None:
    """Who wrote to schedules and assignments of late: a change shortly before a window misses it."""
    scope = ids.subscription_scope(subscription)
    with_history = Fact.RUN_HISTORY in collection.facts
    since = collection.history_since if with_history else collection.now - CHANGES_SINCE
    try:
        async for row in arm.maintenance_changes(collection.session, scope, since, collection.now):
            event = collection.harvest.decoded(Fact.MAINTENANCE_CHANGES, activity_event, row, scope)
            if event is None or (event.status or "").lower() != "succeeded":
                continue
            if event.operation.lower().endswith(("/write", "/delete")):
                collection.harvest.maintenance_changes.append(event)
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.MAINTENANCE_CHANGES, failure)
        return
    collection.ledger.fetched(scope, Fact.MAINTENANCE_CHANGES, "arm")


async def _event_subscriptions(collection: Collection) -> None:
    """Resource Graph holds the topics of schedules; who listens to them only ARM tells."""
    if collection.read.source == "graph":
        for topic in collection.harvest.event_topics.values():
            scope = ids.subscription_scope(ids.subscription_of(topic.id))
            collection.ledger.not_asked(scope, Fact.EVENT_SUBSCRIPTIONS, "not read with --source graph")
        return
    await collection.each("event subscriptions", list(collection.harvest.event_topics.values()), _listeners_of)


async def _listeners_of(collection: Collection, topic: EventTopic) -> None:
    scope = ids.subscription_scope(ids.subscription_of(topic.id))
    harvest = collection.harvest
    try:
        async for row in arm.event_subscriptions(collection.session, topic.id):

            def take(row: msgspec.Raw) -> None:
                found = event_subscription(row, topic)
                harvest.event_subscriptions[ids.key(found.id)] = found

            harvest.take(Fact.EVENT_SUBSCRIPTIONS, take, row, topic.id)
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.EVENT_SUBSCRIPTIONS, failure)


async def _policies_of(collection: Collection, subscription: str, machines: Sequence[Machine]) -> None:
    scope = ids.subscription_scope(subscription)
    try:
        listed = [
            found
            async for row in arm.policy_assignments(collection.session, scope)
            if (found := collection.harvest.decoded(Fact.POLICY_ASSIGNMENTS, policy.policy_assignment, row, scope))
        ]
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.POLICY_ASSIGNMENTS, failure)
        collection.ledger.implied(scope, Fact.REMEDIATIONS, failure)
        collection.ledger.implied(scope, Fact.ROLE_ASSIGNMENTS, failure)
        return
    collection.ledger.fetched(scope, Fact.POLICY_ASSIGNMENTS, "arm")
    through_states = {ids.key(state.policy_assignment_id) for state in collection.harvest.policy_states.values()}
    relevant = [
        assignment
        for assignment in listed
        if ids.name_of(assignment.definition_id).lower() in POLICY_DEFINITIONS
        or ids.key(assignment.id) in through_states
    ]
    collection.harvest.policy_assignments |= {ids.key(assignment.id): assignment for assignment in relevant}
    _note_management_groups(collection, subscription, relevant)
    await at_once(_remediations_of(collection, scope, relevant), _roles_of(collection, scope, relevant, machines))


def _note_management_groups(collection: Collection, subscription: str, assignments: Iterable[PolicyAssignment]) -> None:
    """An assignment that the subscription lists and that lies on a management group shows that it is below it."""
    prefix = "/providers/microsoft.management/managementgroups/"
    above = [
        ids.key(found.scope).removeprefix(prefix) for found in assignments if ids.key(found.scope).startswith(prefix)
    ]
    current = collection.subscriptions[subscription]
    groups = tuple(dict.fromkeys([*current.management_groups, *above]))
    collection.subscriptions[subscription] = msgspec.structs.replace(current, management_groups=groups)


async def _remediations_of(collection: Collection, scope: str, assignments: Sequence[PolicyAssignment]) -> None:
    if Fact.REMEDIATIONS not in collection.facts:
        return
    if not assignments:
        collection.ledger.inferred(scope, Fact.REMEDIATIONS, "no policy of Azure Update Manager is assigned")
        return
    known = {ids.key(assignment.id) for assignment in assignments}
    groups = [found.scope for found in assignments if "/managementgroups/" in ids.key(found.scope)]
    try:
        for where in [scope, *dict.fromkeys(groups)]:
            async for row in arm.remediations(collection.session, where):
                task = collection.harvest.decoded(Fact.REMEDIATIONS, policy.remediation, row, scope)
                if task is not None and ids.key(task.policy_assignment_id) in known:
                    collection.harvest.remediations[ids.key(task.id)] = await _with_failures(collection, task, scope)
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.REMEDIATIONS, failure)
        return
    collection.ledger.fetched(scope, Fact.REMEDIATIONS, "arm")


async def _with_failures(collection: Collection, task: Remediation, scope: str) -> Remediation:
    if not task.failed_deployments:
        return task
    deployments = [
        found
        async for row in arm.remediation_deployments(collection.session, task)
        if (found := collection.harvest.decoded(Fact.REMEDIATIONS, policy.remediation_deployment, row, scope))
    ]
    failures = tuple(found for found in deployments if (found.status or "").lower() == "failed" or found.error_code)
    return msgspec.structs.replace(task, failures=failures)


async def _roles_of(
    collection: Collection, scope: str, assignments: Sequence[PolicyAssignment], machines: Sequence[Machine]
) -> None:
    if Fact.ROLE_ASSIGNMENTS not in collection.facts:
        return
    principals = dict.fromkeys(found.principal_id for found in assignments if found.principal_id)
    if not principals or not any(
        machine.disk_encryption_set_id or (machine.image and machine.image.is_gallery_image) for machine in machines
    ):
        reason = "no VM from a gallery image or with an encrypted disk is under a policy with an identity"
        collection.ledger.inferred(scope, Fact.ROLE_ASSIGNMENTS, reason)
        return
    try:
        for principal in principals:
            async for row in arm.role_assignments(collection.session, scope, principal):
                found = collection.harvest.decoded(Fact.ROLE_ASSIGNMENTS, policy.role_assignment, row, scope)
                if found is not None:
                    collection.harvest.roles[ids.key(found.id)] = found
    except ReadFailure as failure:
        collection.ledger.failed(scope, Fact.ROLE_ASSIGNMENTS, failure)
        return
    collection.ledger.fetched(scope, Fact.ROLE_ASSIGNMENTS, "arm")


async def _missing_configurations(collection: Collection) -> None:
    """Read one by one the configurations that assignments name and no list held: of another subscription, or gone."""
    if Fact.CONFIGURATIONS not in collection.facts:
        return
    named = {
        ids.key(assignment.maintenance_configuration_id): assignment.maintenance_configuration_id
        for assignment in collection.harvest.assignments.values()
        if assignment.maintenance_configuration_id
    }
    missing = [original for key, original in named.items() if key not in collection.harvest.configurations]
    await collection.each("configurations", missing, _one_configuration)


async def _one_configuration(collection: Collection, configuration_id: str) -> None:
    try:
        found = await arm.one_maintenance_configuration(collection.session, configuration_id)
    except ReadFailure as failure:
        collection.ledger.gap(configuration_id, Fact.CONFIGURATIONS, failure)
        return
    collection.harvest.configurations[ids.key(configuration_id)] = found
