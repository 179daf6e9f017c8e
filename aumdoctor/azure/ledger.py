"""The books of a collection: which facts were read where, from which source, and what could not be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from aumdoctor.azure.failures import ReadFailure
from aumdoctor.model import ids
from aumdoctor.model.facts import READ_PERMISSIONS, Fact, Gap, Outcome, Reading

READING_WHAT = {
    Fact.MACHINE: "list machines",
    Fact.POWER_STATE: "read power states",
    Fact.INSTANCE_VIEW: "read the instance view",
    Fact.EXTENSIONS: "list extensions",
    Fact.ASSESSMENT: "read patch assessments",
    Fact.INSTALLATION: "read patch installations",
    Fact.ASSIGNMENTS: "list configuration assignments",
    Fact.CONFIGURATIONS: "read maintenance configurations",
    Fact.RUNS: "list schedule runs",
    Fact.PROVIDERS: "read resource provider registrations",
    Fact.POLICY_ASSIGNMENTS: "list policy assignments",
    Fact.POLICY_STATES: "query policy states",
    Fact.REMEDIATIONS: "list policy remediations",
    Fact.ROLE_ASSIGNMENTS: "list role assignments",
    Fact.ACTIVITY_LOG: "read the activity log",
    Fact.LOCKS: "list management locks",
    Fact.RUN_HISTORY: "list past schedule runs",
    Fact.INSTALLATION_HISTORY: "list past patch installations",
    Fact.EVENT_SUBSCRIPTIONS: "list event subscriptions of schedules",
    Fact.SQL_VIRTUAL_MACHINES: "list SQL virtual machines",
    Fact.MAINTENANCE_CHANGES: "read the activity log of Microsoft.Maintenance",
    Fact.CALLER_PERMISSIONS: "read the caller's permissions",
}


class Ledger:
    """Readings by (scope, fact), the latest entry counting, and the gaps in the order in which they appeared."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, Fact], Reading] = {}
        self._gaps: list[Gap] = []

    def has(self, scope: str, fact: Fact) -> bool:
        """Whether there is an entry for a scope's fact, be it good or bad."""
        return (ids.key(scope), fact) in self._readings

    def is_known(self, scope: str, fact: Fact) -> bool:
        """Whether a scope's fact was read."""
        reading = self._readings.get((ids.key(scope), fact))
        return reading is not None and reading.is_known

    def is_from_arm(self, scope: str, fact: Fact) -> bool:
        """Whether this very scope's fact (not its subscription's) was read from ARM."""
        reading = self._readings.get((ids.key(scope), fact))
        return reading is not None and reading.source == "arm"

    def fetched(self, scope: str, fact: Fact, source: str) -> None:
        """A fact was read just now."""
        self._enter(scope, fact, outcome=Outcome.FETCHED, source=source, observed_at=datetime.now(UTC))

    def inferred(self, scope: str, fact: Fact, reason: str) -> None:
        """A fact need not be read, because another one proves it."""
        self._enter(scope, fact, outcome=Outcome.INFERRED, source="inferred", reason=reason)

    def not_asked(self, scope: str, fact: Fact, reason: str) -> None:
        """A fact was not read because the options say so."""
        self._enter(scope, fact, outcome=Outcome.NOT_FETCHED, reason=reason, by_choice=True)

    def failed(self, scope: str, fact: Fact, failure: ReadFailure, *, operation: str | None = None) -> None:
        """A fact could not be read: an unknown reading and a gap."""
        permission = failure.missing_permission or (READ_PERMISSIONS[fact][0] if failure.is_denied else None)
        self._enter(
            scope,
            fact,
            outcome=Outcome.DENIED if failure.is_denied else Outcome.NOT_FETCHED,
            reason=f"{failure.code}: {failure.message}",
            permission=permission,
        )
        self.gap(scope, fact, failure, operation=operation)

    def implied(self, scope: str, fact: Fact, failure: ReadFailure) -> None:
        """A fact was not even asked for, because what it hangs on could not be read: unknown, under the gap of that."""
        self._enter(
            scope,
            fact,
            outcome=Outcome.DENIED if failure.is_denied else Outcome.NOT_FETCHED,
            reason=f"{failure.code}: {failure.message}",
            permission=READ_PERMISSIONS[fact][0] if failure.is_denied else None,
        )

    def gap(self, scope: str, fact: Fact, failure: ReadFailure, *, operation: str | None = None) -> None:
        """Something could not be read that leaves the fact's reading as it is (one row, a detail)."""
        self._gaps.append(
            Gap(
                scope=scope,
                operation=operation or READING_WHAT[fact],
                status=failure.status,
                code=failure.code,
                message=failure.message,
                missing_permission=failure.missing_permission
                or (READ_PERMISSIONS[fact][0] if failure.is_denied else None),
                fact=fact,
                request_id=failure.request_id,
            )
        )

    def close(self, subscriptions: Iterable[str], facts: Iterable[Fact], failure: ReadFailure) -> None:
        """Enter every subscription's fact that has no entry yet as not read, with one gap per subscription."""
        facts = tuple(facts)
        for subscription in subscriptions:
            missing = [fact for fact in facts if not self.has(subscription, fact)]
            for fact in missing:
                self.implied(subscription, fact, failure)
            if missing:
                operation = ", ".join(READING_WHAT[fact] for fact in missing)
                self.gap(subscription, missing[0], failure, operation=operation)

    @property
    def readings(self) -> tuple[Reading, ...]:
        return tuple(self._readings.values())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps, those of one cause in one subscription as one: a thousand denied VMs are one thing to mend."""
        grouped: dict[tuple[str, str, int | None, str | None], list[Gap]] = defaultdict(list)
        for gap in self._gaps:
            grouped[ids.subscription_of(gap.scope), gap.operation, gap.status, gap.code].append(gap)
        return tuple(_merged(gaps) for gaps in grouped.values())

    def _enter(
        self,
        scope: str,
        fact: Fact,
        *,
        outcome: Outcome,
        source: str | None = None,
        observed_at: datetime | None = None,
        reason: str | None = None,
        permission: str | None = None,
        by_choice: bool = False,
    ) -> None:
        scope = ids.key(scope)
        self._readings[scope, fact] = Reading(
            fact=fact,
            scope=scope,
            outcome=outcome,
            source=source,
            observed_at=observed_at,
            reason=reason,
            permission=permission,
            by_choice=by_choice,
        )


def _merged(gaps: list[Gap]) -> Gap:
    first = gaps[0]
    scopes = list(dict.fromkeys(gap.scope for gap in gaps))
    if len(scopes) == 1:
        return first
    subscription = ids.subscription_of(first.scope)
    scope = ids.subscription_scope(subscription) if subscription else first.scope
    examples = ", ".join(ids.name_of(scope) for scope in scopes[:3])
    message = f"{first.message} (on {len(scopes)} resources: {examples}{', …' if len(scopes) > 3 else ''})"
    return msgspec.structs.replace(first, scope=scope, message=message)
