"""The estate: everything that one collection saw, with the gaps, as one plain value that can be saved and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.facts import Fact, Gap, Outcome, Reading
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    EventSubscription,
    MaintenanceConfiguration,
    RecordedInstallation,
    SqlVirtualMachine,
)
from aumdoctor.model.permissions import Permissions
from aumdoctor.model.policy import PolicyAssignment, PolicyState, Remediation, RoleAssignment

_NO_READINGS: Mapping[Fact, Reading] = {}


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription in scope. `providers` maps a namespace in lower case to its registrationState, where read."""

    id: str
    name: str = ""
    tenant_id: str | None = None
    state: str | None = None
    managed_by_tenants: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    providers: dict[str, str] = {}


class ActivityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An activity-log event about a resource."""

    resource_id: str
    operation: str
    status: str | None = None
    at: datetime | None = None
    caller: str | None = None


class ManagementLock(msgspec.Struct, frozen=True, kw_only=True):
    """A management lock; `level` is CanNotDelete or ReadOnly, `scope` what it is put on (and what lies below)."""

    id: str
    name: str
    scope: str
    level: str


class CollectionScope(msgspec.Struct, frozen=True, kw_only=True):
    """What the collection was asked for, in words and values, so that a replay can say it again."""

    cloud: str = "public"
    source: str = "auto"
    depth: str = "normal"
    subscriptions: tuple[str, ...] = ()
    management_groups: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether some machines of the subscriptions were left out, so that one that is not there proves nothing."""
        return bool(self.resource_groups or self.machines or self.tags or self.locations)


class Estate(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything seen by one collection. `collected_at` is when it began; judge it with that time as `now`.

    `runs` are those of machines, `configuration_runs` those of configurations as a whole: the newest of each, or all
    since `history_since` where that is set, as are `installations`. `maintenance_changes` are writes to configurations
    and assignments, `permissions` what the caller may do in each subscription.
    """

    collected_at: datetime
    scope: CollectionScope = CollectionScope()
    subscriptions: tuple[Subscription, ...] = ()
    machines: tuple[Machine, ...] = ()
    configurations: tuple[MaintenanceConfiguration, ...] = ()
    assignments: tuple[ConfigurationAssignment, ...] = ()
    runs: tuple[ApplyUpdate, ...] = ()
    configuration_runs: tuple[ApplyUpdate, ...] = ()
    installations: tuple[RecordedInstallation, ...] = ()
    history_since: datetime | None = None
    event_subscriptions: tuple[EventSubscription, ...] = ()
    sql_virtual_machines: tuple[SqlVirtualMachine, ...] = ()
    policy_assignments: tuple[PolicyAssignment, ...] = ()
    policy_states: tuple[PolicyState, ...] = ()
    remediations: tuple[Remediation, ...] = ()
    role_assignments: tuple[RoleAssignment, ...] = ()
    activity: tuple[ActivityEvent, ...] = ()
    maintenance_changes: tuple[ActivityEvent, ...] = ()
    locks: tuple[ManagementLock, ...] = ()
    permissions: tuple[Permissions, ...] = ()
    readings: tuple[Reading, ...] = ()
    gaps: tuple[Gap, ...] = ()
    interrupted: bool = False

    @cached_property
    def machines_by_key(self) -> dict[str, Machine]:
        return {machine.key: machine for machine in self.machines}

    @cached_property
    def subscriptions_by_id(self) -> dict[str, Subscription]:
        return {subscription.id.lower(): subscription for subscription in self.subscriptions}

    @cached_property
    def configurations_by_key(self) -> dict[str, MaintenanceConfiguration]:
        return {ids.key(configuration.id): configuration for configuration in self.configurations}

    @cached_property
    def _readings_by_scope(self) -> dict[str, dict[Fact, Reading]]:
        by_scope: dict[str, dict[Fact, Reading]] = {}
        for reading in self.readings:
            by_scope.setdefault(ids.key(reading.scope), {})[reading.fact] = reading
        return by_scope

    def older_than(self, limit: timedelta, now: datetime) -> Estate:
        """The same estate with every reading that is older than `limit` made unknown: too old to build on."""
        aged = tuple(
            msgspec.structs.replace(
                reading,
                outcome=Outcome.NOT_FETCHED,
                reason=f"it was read at {reading.observed_at:%Y-%m-%d %H:%M} UTC, which is longer ago than allowed",
            )
            if reading.is_known and reading.observed_at is not None and now - reading.observed_at > limit
            else reading
            for reading in self.readings
        )
        return msgspec.structs.replace(self, readings=aged)

    def own_readings(self, scope: str) -> Mapping[Fact, Reading]:
        """The readings of this very scope (in the form of `ids.key`), not those of its subscription."""
        return self._readings_by_scope.get(scope, _NO_READINGS)

    def reading(self, fact: Fact, scope: str) -> Reading:
        """How a fact about a machine or subscription was read: the scope's own reading, else its subscription's.

        A fact that nobody tried to read is NOT_FETCHED, so that forgetting to read can never look like health.
        """
        scope = ids.key(scope)
        own = self.own_readings(scope).get(fact)
        if own is not None:
            return own
        subscription = ids.subscription_scope(ids.subscription_of(scope))
        inherited = self._readings_by_scope.get(subscription, {}).get(fact)
        if inherited is not None:
            return inherited
        return Reading(fact=fact, scope=scope, outcome=Outcome.NOT_FETCHED, reason="it was not read")
