"""What the parts of a collection share: session, options, ledger, harvest, and a way to do many things at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec

from aumdoctor.azure import arm
from aumdoctor.azure.harvest import Harvest
from aumdoctor.azure.ledger import Ledger
from aumdoctor.azure.scope import ScopeRequest
from aumdoctor.azure.session import Session
from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.estate import CollectionScope, Estate, Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine
from aumdoctor.model.permissions import Permissions

T = TypeVar("T")

POLICY_DEFINITIONS = (
    policies.PERIODIC_ASSESSMENT_VM,
    policies.PERIODIC_ASSESSMENT_ARC,
    policies.PERIODIC_ASSESSMENT_AUDIT,
    policies.SCHEDULE_RECURRING_UPDATES,
    policies.SCHEDULE_PREREQUISITES,
)
"""The policies whose assignments and states are read (queries/policy_states.kql names the same)."""

_CHUNK = 500


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`source`: auto, graph or arm. `depth`: quick (lists only), normal, full (every VM's instance view), or chosen:
    schedules, and the machines that the caller names, are read from ARM once more, and no other machine; acting does so
    with the extensions of Arc-enabled servers, which take a second request each.

    `history` is how far back RUN_HISTORY and INSTALLATION_HISTORY reach; Azure keeps 30 days.
    """

    source: str = "auto"
    depth: str = "normal"
    history: timedelta = timedelta(days=7)

    @property
    def is_chosen(self) -> bool:
        """Whether only the machines that the caller names are read from ARM."""
        return self.depth in ("chosen", "acting") and self.source == "auto"


class Progress(Protocol):
    """Hears what a collection is doing; may be called often."""

    def stage(self, name: str, done: int, total: int | None) -> None:
        """Work of a kind: how much is done, and of how much where that is known."""

    def note(self, text: str) -> None:
        """A remark for the user, such as a throttling wait."""


class Collection:
    """One collection under way. `subscriptions` is by id; `by_arm` names those whose machines ARM had to list."""

    def __init__(
        self,
        session: Session,
        subscriptions: Sequence[Subscription],
        request: ScopeRequest,
        read: ReadOptions,
        facts: frozenset[Fact],
        progress: Progress,
        now: datetime,
    ) -> None:
        self.session = session
        self.request = request
        self.read = read
        self.facts = facts
        self.progress = progress
        self.now = now
        self.ledger = Ledger()
        self.harvest = Harvest(self.ledger)
        self.subscriptions = {found.id: found for found in subscriptions}
        self.by_arm: set[str] = set()
        self._rights: dict[str, Permissions] = {}

    @property
    def history_since(self) -> datetime:
        """From when on the history is read."""
        return self.now - self.read.history

    async def rights(self, scope: str) -> Permissions:
        """What the caller may do at a scope, asked for once. Raises ReadFailure."""
        if scope not in self._rights:
            self._rights[scope] = await arm.permissions(self.session, scope)
        return self._rights[scope]

    async def each(self, what: str, items: Sequence[T], work: Callable[[Collection, T], Awaitable[None]]) -> None:
        """Do work for each item, as many at once as the session lets through, and say how far it is."""
        done = 0

        async def one(item: T) -> None:
            nonlocal done
            await work(self, item)
            done += 1
            self.progress.stage(what, done, len(items))

        for start in range(0, len(items), _CHUNK):
            await at_once(*(one(item) for item in items[start : start + _CHUNK]))

    @property
    def populated(self) -> set[str]:
        """The subscriptions that hold a machine in scope."""
        return {machine.subscription_id for machine in self.harvest.machines.values()}

    def machines_of(self, subscription: str) -> list[Machine]:
        """The machines of a subscription read so far."""
        return [machine for machine in self.harvest.machines.values() if machine.subscription_id == subscription]

    def nothing_to_ask(self, *facts: Fact) -> None:
        """Enter facts of subscriptions that were listed and hold no machine in scope: there is nothing to know."""
        for subscription in self.subscriptions.keys() - self.populated:
            scope = ids.subscription_scope(subscription)
            if self.ledger.is_known(scope, Fact.MACHINE):
                for fact in facts:
                    self.ledger.inferred(scope, fact, "no machine of the subscription is in scope")

    def estate(self, *, cloud: str, interrupted: bool) -> Estate:
        """Everything read so far, at any time and after any interruption."""
        request, harvest = self.request, self.harvest
        return Estate(
            collected_at=self.now,
            scope=CollectionScope(
                cloud=cloud,
                source=self.read.source,
                depth=self.read.depth,
                subscriptions=tuple(self.subscriptions),
                management_groups=request.management_groups,
                resource_groups=request.resource_groups,
                machines=request.machines,
                tags=request.tags,
                locations=request.locations,
            ),
            subscriptions=tuple(self.subscriptions.values()),
            machines=harvest.whole_machines(),
            configurations=_in_order(harvest.configurations),
            assignments=_in_order(harvest.assignments),
            runs=_in_order(harvest.runs),
            configuration_runs=_in_order(harvest.configuration_runs),
            installations=harvest.history(),
            history_since=self.history_since if Fact.RUN_HISTORY in self.facts else None,
            event_subscriptions=_in_order(harvest.event_subscriptions),
            sql_virtual_machines=_in_order(harvest.sql_virtual_machines),
            policy_assignments=_in_order(harvest.policy_assignments),
            policy_states=_in_order(harvest.policy_states),
            remediations=_in_order(harvest.remediations),
            role_assignments=_in_order(harvest.roles),
            activity=tuple(harvest.activity),
            maintenance_changes=tuple(harvest.maintenance_changes),
            locks=_in_order(harvest.locks),
            permissions=_in_order(harvest.permissions),
            readings=self.ledger.readings,
            gaps=self.ledger.gaps,
            interrupted=interrupted,
        )


def _in_order(by_key: dict[Any, T]) -> tuple[T, ...]:
    return tuple(by_key[key] for key in sorted(by_key))


async def at_once(*work: Coroutine[Any, Any, None]) -> None:
    """Run all at once; the first exception, which can only be a cancellation or a fault of ours, ends the others."""
    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(one)
