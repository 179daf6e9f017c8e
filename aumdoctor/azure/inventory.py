"""Lists of machines and of all that is listed per subscription: Resource Graph for breadth, ARM for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from aumdoctor.azure import arm, graph
from aumdoctor.azure.collection import POLICY_DEFINITIONS, Collection, at_once
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.azure.wire.subscriptions import listed_subscription
from aumdoctor.model import ids
from aumdoctor.model.facts import READ_PERMISSIONS, Fact
from aumdoctor.model.machine import Machine

_NARROWED_BY_GROUP = frozenset(
    {Fact.MACHINE, Fact.EXTENSIONS, Fact.ASSESSMENT, Fact.INSTALLATION, Fact.INSTALLATION_HISTORY}
)
_OF_OTHER_PROVIDERS = frozenset({Fact.EVENT_SUBSCRIPTIONS, Fact.SQL_VIRTUAL_MACHINES})
"""What need not be there: where the provider is not registered, there is none."""


async def read_lists(collection: Collection) -> None:
    """Read every list that the checks need, over all subscriptions at once."""
    everything = list(collection.subscriptions)
    if collection.read.source == "arm":
        await at_once(*(_by_arm_alone(collection, subscription) for subscription in everything))
        return
    wanted = [fact for fact in _queries(collection) if fact in collection.facts or fact is Fact.MACHINE]
    visible: set[str] = set()
    failures: dict[str, dict[Fact, ReadFailure]] = defaultdict(dict)
    await at_once(
        _visible_to_graph(collection, everything, visible),
        *(_by_graph(collection, fact, everything, failures) for fact in wanted),
    )
    for subscription in everything:
        scope = ids.subscription_scope(subscription)
        for fact in (fact for fact in wanted if fact not in failures[subscription]):
            collection.ledger.fetched(scope, fact, "graph")
            if fact is Fact.MACHINE:
                collection.ledger.fetched(scope, Fact.POWER_STATE, "graph")
    populated = collection.populated
    with_rows = {fact: collection.harvest.subscriptions_with(fact) for fact in wanted}
    with_servers = {machine.subscription_id for machine in collection.harvest.machines.values() if machine.is_arc}
    # Schedules often lie in a subscription without machines, and with them who is told of their runs.
    hubs = with_rows.get(Fact.CONFIGURATIONS, set()) & collection.subscriptions.keys() - populated
    asked = dict.fromkeys(populated, wanted) | {found: [Fact.EVENT_SUBSCRIPTIONS] for found in hubs}
    await at_once(
        *(
            _verify_silence(
                collection,
                found,
                [
                    fact
                    for fact in facts
                    if fact in wanted and fact not in failures[found] and found not in with_rows[fact]
                ],
                has_servers=found in with_servers or found in hubs,
            )
            for found, facts in asked.items()
        )
    )
    await at_once(
        *(
            _beside_graph(collection, found, failures[found], found in visible, found in populated)
            for found in everything
        )
    )


def _queries(collection: Collection) -> dict[Fact, tuple[tuple[str, Callable[[msgspec.Raw], None]], ...]]:
    """Which queries give which fact, and what takes their rows."""
    harvest = collection.harvest
    return {
        Fact.MACHINE: (("virtual_machines", harvest.take_vm), ("arc_machines", harvest.take_arc)),
        Fact.EXTENSIONS: (("extensions", harvest.take_extension),),
        Fact.ASSESSMENT: (("assessments", harvest.take_assessment),),
        Fact.INSTALLATION: (("installations", harvest.take_installation),),
        Fact.ASSIGNMENTS: (("assignments", harvest.take_assignment),),
        Fact.CONFIGURATIONS: (("configurations", harvest.take_configuration),),
        Fact.RUNS: (("runs", harvest.take_run), ("configuration_runs", harvest.take_run)),
        Fact.RUN_HISTORY: (("run_history", harvest.take_run),),
        Fact.INSTALLATION_HISTORY: (
            ("installation_history", harvest.take_recorded_installation),
            ("failed_patches", harvest.take_failed_patch),
        ),
        Fact.EVENT_SUBSCRIPTIONS: (("event_topics", harvest.take_event_topic),),
        Fact.SQL_VIRTUAL_MACHINES: (("sql_virtual_machines", harvest.take_sql_virtual_machine),),
        Fact.POLICY_STATES: (("policy_states", harvest.take_policy_state),),
    }


async def _visible_to_graph(collection: Collection, subscriptions: Sequence[str], visible: set[str]) -> None:
    try:
        for chunk in _chunks(subscriptions):
            async for row in graph.rows(collection.session, "subscriptions", chunk):
                visible.add(listed_subscription(row))
    except (ReadFailure, Malformed):
        # Then Resource Graph vouches for no empty subscription, and each is asked by ARM.
        return


async def _by_graph(
    collection: Collection, fact: Fact, subscriptions: Sequence[str], failures: dict[str, dict[Fact, ReadFailure]]
) -> None:
    for chunk in _chunks(subscriptions):
        try:
            await _graph_rows(collection, fact, chunk)
        except ReadFailure as failure:
            alone = len(chunk) == 1 or failure.status not in (400, 403, 404)
            # One subscription that cannot be queried must not hide its neighbours.
            for subscription in chunk:
                failures[subscription][fact] = failure
                if alone:
                    continue
                try:
                    await _graph_rows(collection, fact, [subscription])
                    del failures[subscription][fact]
                except ReadFailure as own:
                    failures[subscription][fact] = own


async def _graph_rows(collection: Collection, fact: Fact, subscriptions: Sequence[str]) -> None:
    groups = _resource_groups(collection) if fact in _NARROWED_BY_GROUP else ()
    scope = ids.subscription_scope(subscriptions[0]) if len(subscriptions) == 1 else "/"
    for name, take in _queries(collection)[fact]:
        what, count = name.replace("_", " "), 0
        async for row in graph.rows(collection.session, name, subscriptions, groups, collection.history_since):
            collection.harvest.take(fact, take, row, scope)
            count += 1
            if count % 500 == 0:
                collection.progress.stage(what, count, None)
        collection.progress.stage(what, count, count)


async def _beside_graph(
    collection: Collection,
    subscription: str,
    failed: dict[Fact, ReadFailure],
    is_visible: bool,
    is_populated: bool,
) -> None:
    """What Resource Graph did not give is asked of ARM; with `--source graph` it is a gap.

    At `--depth full` ARM lists every subscription's machines, for those that the graph does not hold yet.
    """
    scope = ids.subscription_scope(subscription)
    if collection.read.source == "graph":
        for fact, failure in failed.items():
            collection.ledger.failed(scope, fact, failure)
        if not is_visible and not is_populated and not failed:
            _unseen_by_graph(collection, scope)
        return
    if Fact.MACHINE in failed or not is_populated:
        # No machine: ARM says whether there is none, whether the graph lags, or whether a right is missing.
        seen = await _machines_by_arm(collection, subscription)
        if seen and (collection.machines_of(subscription) or failed or not is_visible):
            await _lists_by_arm(collection, subscription)
        return
    await at_once(*(_list_by_arm(collection, subscription, fact) for fact in failed))
    if collection.read.depth == "full":
        await _machines_missing_in_graph(collection, subscription)


async def _machines_missing_in_graph(collection: Collection, subscription: str) -> None:
    scope, harvest = ids.subscription_scope(subscription), collection.harvest
    known = set(harvest.machines)
    try:
        async for row in arm.virtual_machines(collection.session, scope):
            harvest.take(Fact.MACHINE, harvest.take_missing_vm, row, scope)
        async for row in arm.arc_machines(collection.session, scope):
            harvest.take(Fact.MACHINE, harvest.take_missing_arc, row, scope)
    except ReadFailure as failure:
        collection.ledger.gap(scope, Fact.MACHINE, failure)
    lag = ReadFailure("NotInResourceGraph", "Resource Graph does not hold the machine yet; ARM lists it")
    for key in harvest.machines.keys() - known:
        for fact in (Fact.ASSESSMENT, Fact.INSTALLATION, Fact.EXTENSIONS, Fact.RUNS):
            collection.ledger.implied(harvest.machines[key].id, fact, lag)


def _unseen_by_graph(collection: Collection, scope: str) -> None:
    failure = ReadFailure("NotInResourceGraph", "Resource Graph shows nothing of this subscription to the caller")
    collection.ledger.failed(scope, Fact.MACHINE, failure)
    for fact in collection.facts - {Fact.MACHINE}:
        collection.ledger.implied(scope, fact, failure)


async def _by_arm_alone(collection: Collection, subscription: str) -> None:
    if await _machines_by_arm(collection, subscription):
        await _lists_by_arm(collection, subscription)


async def _lists_by_arm(collection: Collection, subscription: str) -> None:
    collection.by_arm.add(subscription)
    lists = (
        *(Fact.EXTENSIONS, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS, Fact.RUNS, Fact.RUN_HISTORY, Fact.POLICY_STATES),
        *(Fact.EVENT_SUBSCRIPTIONS, Fact.SQL_VIRTUAL_MACHINES),
    )
    await at_once(*(_list_by_arm(collection, subscription, fact) for fact in lists if fact in collection.facts))
    # Assessments and installations of VMs come with the instance view; those of Arc are in Resource Graph alone.
    scope = ids.subscription_scope(subscription)
    for fact in (Fact.ASSESSMENT, Fact.INSTALLATION, Fact.INSTALLATION_HISTORY):
        reason = "only Resource Graph holds it for Arc-enabled servers, and for VMs it is in the instance view"
        if collection.read.source == "arm":
            collection.ledger.not_asked(scope, fact, f"{reason} (--source arm)")
        elif not collection.ledger.is_known(scope, fact):
            collection.ledger.implied(scope, fact, ReadFailure("NotInResourceGraph", reason))


async def _machines_by_arm(collection: Collection, subscription: str) -> bool:
    """List a subscription's machines; False where that failed, and then every fact of it is entered as unknown."""
    scope = ids.subscription_scope(subscription)
    try:
        async for row in arm.virtual_machines(collection.session, scope):
            collection.harvest.take(Fact.MACHINE, collection.harvest.take_vm, row, scope)
    except ReadFailure as failure:
        if failure.code not in arm.UNREGISTERED:
            collection.ledger.failed(scope, Fact.MACHINE, failure)
            for fact in collection.facts - {Fact.MACHINE}:
                collection.ledger.implied(scope, fact, failure)
            return False
        # Without Microsoft.Compute there may still be Arc-enabled servers, whose very fault that may be (AUM005).
        collection.ledger.gap(scope, Fact.MACHINE, failure)
    collection.ledger.fetched(scope, Fact.MACHINE, "arm")
    try:
        async for row in arm.power_states(collection.session, scope):
            collection.harvest.take(Fact.POWER_STATE, collection.harvest.take_power_state, row, scope)
        collection.ledger.fetched(scope, Fact.POWER_STATE, "arm")
    except ReadFailure as failure:
        if failure.code in arm.UNREGISTERED:
            collection.ledger.fetched(scope, Fact.POWER_STATE, "arm")
        else:
            collection.ledger.failed(scope, Fact.POWER_STATE, failure)
    try:
        async for row in arm.arc_machines(collection.session, scope):
            collection.harvest.take(Fact.MACHINE, collection.harvest.take_arc, row, scope)
    except ReadFailure as failure:
        # The VMs stand; that Arc machines may be missing is the gap's to say.
        collection.ledger.gap(scope, Fact.MACHINE, failure, operation="list Arc-enabled servers")
    if not collection.machines_of(subscription):
        await _verify_empty(collection, scope)
    return True


async def _verify_silence(
    collection: Collection, subscription: str, silent: Sequence[Fact], *, has_servers: bool
) -> None:
    """Resource Graph leaves out what the caller may not read and says nothing: where a subscription has no row of some
    facts, ask which rights there are. A right that is missing makes the fact unknown."""
    if not silent and has_servers:
        return
    scope = ids.subscription_scope(subscription)
    try:
        granted = await collection.rights(scope)
    except ReadFailure:
        return  # then the graph's word has to do
    if not granted.grants:
        return  # the rights lie further down, on resource groups: what shows from there is all there is to see
    for fact in silent:
        action = READ_PERMISSIONS[fact][0]
        if not granted.allows(action):
            message = f"Resource Graph shows no row, and the right {action} is missing: that proves nothing"
            collection.ledger.failed(scope, fact, ReadFailure("EmptyWithoutRight", message, action=action))
    servers = READ_PERMISSIONS[Fact.MACHINE][1]
    if not has_servers and not granted.allows(servers):
        message = f"Resource Graph shows no Arc-enabled server, and the right {servers} is missing"
        failure = ReadFailure("EmptyWithoutRight", message, action=servers)
        collection.ledger.gap(scope, Fact.MACHINE, failure, operation="list Arc-enabled servers")


async def _verify_empty(collection: Collection, scope: str) -> None:
    """ARM answers 200 with an empty list also where a right is missing: ask which rights there are."""
    try:
        granted = await collection.rights(scope)
    except ReadFailure as failure:
        if not arm.is_unsupported(failure):
            operation = "verify that the subscription holds no machine"
            collection.ledger.gap(scope, Fact.MACHINE, failure, operation=operation)
        return
    missing = [action for action in READ_PERMISSIONS[Fact.MACHINE] if not granted.allows(action)]
    if missing:
        message = f"no machine was listed, and the right {missing[0]} is missing: an empty list proves nothing"
        collection.ledger.failed(scope, Fact.MACHINE, ReadFailure("EmptyWithoutRight", message, action=missing[0]))


async def _list_by_arm(collection: Collection, subscription: str, fact: Fact) -> None:
    scope = ids.subscription_scope(subscription)
    try:
        match fact:
            case Fact.MACHINE | Fact.ASSESSMENT | Fact.INSTALLATION:
                return
            case Fact.EXTENSIONS:
                await _arc_extensions(collection, subscription)
            case Fact.ASSIGNMENTS:
                await _assignments_by_arm(collection, subscription, scope)
            case Fact.CONFIGURATIONS:
                async for row in arm.maintenance_configurations(collection.session, scope):
                    collection.harvest.take(fact, collection.harvest.take_configuration, row, scope)
            case Fact.RUNS:
                await _runs_by_arm(collection, subscription, scope, ("runs", "configuration_runs"))
            case Fact.RUN_HISTORY:
                await _runs_by_arm(collection, subscription, scope, ("run_history",))
            case Fact.EVENT_SUBSCRIPTIONS:
                async for row in arm.event_topics(collection.session, scope):
                    collection.harvest.take(fact, collection.harvest.take_event_topic, row, scope)
            case Fact.SQL_VIRTUAL_MACHINES:
                async for row in arm.sql_virtual_machines(collection.session, scope):
                    collection.harvest.take(fact, collection.harvest.take_sql_virtual_machine, row, scope)
            case Fact.POLICY_STATES:
                async for row in arm.policy_states(collection.session, scope, POLICY_DEFINITIONS):
                    collection.harvest.take(fact, collection.harvest.take_policy_state, row, scope)
    except ReadFailure as failure:
        if fact in _OF_OTHER_PROVIDERS and failure.code in arm.UNREGISTERED:
            collection.ledger.inferred(scope, fact, f"the provider is not registered ({failure.code})")
        else:
            collection.ledger.failed(scope, fact, failure)
        return
    collection.ledger.fetched(scope, fact, "arm")


async def _assignments_by_arm(collection: Collection, subscription: str, scope: str) -> None:
    """The subscription's list where the service offers it; else Resource Graph's; else machine by machine, which shows
    static assignments only and so leaves the fact unknown."""
    harvest = collection.harvest
    try:
        async for row in arm.configuration_assignments(collection.session, scope):
            harvest.take(Fact.ASSIGNMENTS, harvest.take_assignment, row, scope)
    except ReadFailure as failure:
        if not arm.is_unsupported(failure):
            raise
        try:
            async for row in graph.rows(collection.session, "assignments", [subscription]):
                harvest.take(Fact.ASSIGNMENTS, harvest.take_assignment, row, scope)
        except ReadFailure as also:
            await collection.each("assignments", collection.machines_of(subscription), _assignments_of)
            hidden = "ARM does not list the assignments of a subscription here, and dynamic scopes are on no machine"
            raise ReadFailure(also.code, f"{hidden}; Resource Graph: {also.message}", status=also.status) from also


async def _runs_by_arm(collection: Collection, subscription: str, scope: str, queries: tuple[str, ...]) -> None:
    """The subscription's runs where ARM lists them; else Resource Graph's, the table that holds them for sure."""
    harvest = collection.harvest
    try:
        async for row in arm.apply_updates(collection.session, scope):
            harvest.take(Fact.RUNS, harvest.take_run, row, scope)
    except ReadFailure as failure:
        if not arm.is_unsupported(failure):
            raise
        for query in queries:
            async for row in graph.rows(collection.session, query, [subscription], since=collection.history_since):
                harvest.take(Fact.RUNS, harvest.take_run, row, scope)


async def _assignments_of(collection: Collection, machine: Machine) -> None:
    try:
        async for row in arm.configuration_assignments(collection.session, machine.id):
            collection.harvest.take(Fact.ASSIGNMENTS, collection.harvest.take_assignment, row, machine.id)
    except ReadFailure as failure:
        collection.ledger.failed(machine.id, Fact.ASSIGNMENTS, failure)


async def _arc_extensions(collection: Collection, subscription: str) -> None:
    servers = [machine for machine in collection.machines_of(subscription) if machine.is_arc]
    await collection.each("Arc extensions", servers, _extensions_of)


async def _extensions_of(collection: Collection, machine: Machine) -> None:
    try:
        async for row in arm.arc_extensions(collection.session, machine.id):
            collection.harvest.take(Fact.EXTENSIONS, collection.harvest.take_extension, row, machine.id)
        collection.ledger.fetched(machine.id, Fact.EXTENSIONS, "arm")
    except ReadFailure as failure:
        collection.ledger.failed(machine.id, Fact.EXTENSIONS, failure)


def _resource_groups(collection: Collection) -> tuple[str, ...]:
    """The resource groups to which lists can be narrowed; none where a machine was named by name alone."""
    request = collection.request
    if request.resource_groups:
        return request.resource_groups
    groups = tuple(ids.resource_group_of(machine) for machine in request.machines)
    return tuple(dict.fromkeys(groups)) if groups and all(groups) else ()


def _chunks(subscriptions: Sequence[str]) -> Iterable[list[str]]:
    size = graph.SUBSCRIPTIONS_PER_QUERY
    return (list(subscriptions[start : start + size]) for start in range(0, len(subscriptions), size))
