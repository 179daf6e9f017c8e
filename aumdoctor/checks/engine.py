"""Runs the checks over an estate: which apply, what they see, and what cannot be answered because a fact is missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from aumdoctor.checks.check import Check, NotApplicable, Observation, Sign, Subject, Undetermined
from aumdoctor.checks.context import Context
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate, Subscription
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Evidence, Finding, Unknown
from aumdoctor.model.machine import Machine

_SYSTEMS = frozenset({"windows", "linux"})


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks said, in the order of resources and check ids.

    `asked` counts the questions put, `not_applicable` those of them that a check said do not arise for the resource.
    """

    findings: tuple[Finding, ...]
    unknowns: tuple[Unknown, ...]
    checks: tuple[str, ...]
    asked: int
    not_applicable: int


def judge(estate: Estate, checks: Iterable[Check], now: datetime) -> Judgement:
    """Run checks over an estate. Pure: the same estate, checks and time give the same judgement."""
    checks = tuple(sorted(checks, key=lambda check: check.id))
    bench = _Bench(estate, Context(estate, now))
    by_profile: dict[tuple[Subject, str], tuple[Check, ...]] = {}
    for machine in estate.machines:
        profile = (Subject.ARC if machine.is_arc else Subject.AZURE_VM, (machine.os_type or "").lower())
        if profile not in by_profile:
            by_profile[profile] = tuple(check for check in checks if _applies(check, *profile))
        bench.examine(machine, machine.key, (machine.id,), by_profile[profile])
    of_subscription = tuple(check for check in checks if check.applies_to is Subject.SUBSCRIPTION)
    for subscription in estate.subscriptions:
        scope = ids.subscription_scope(subscription.id)
        bench.examine(subscription, scope, (), of_subscription)
    for check in checks:
        if check.applies_to is Subject.ESTATE:
            bench.examine_estate(check)
    return Judgement(
        findings=tuple(bench.findings),
        unknowns=tuple(bench.unknowns),
        checks=tuple(check.id for check in checks),
        asked=bench.asked,
        not_applicable=bench.not_applicable,
    )


class AnswerState(StrEnum):
    """What a check says of a machine: one of these four, never nothing."""

    OK = "ok"
    FINDING = "finding"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One check's answer about one machine; `reason` says why for `unknown` and `not-applicable`."""

    check: str
    name: str
    state: AnswerState
    reason: str = ""


def answers(estate: Estate, checks: Iterable[Check], machine: Machine, now: datetime) -> tuple[Answer, ...]:
    """What every machine check says of one machine, in the order of their ids."""
    bench = _Bench(estate, Context(estate, now))
    reasons: dict[str, str] = {}
    bench.reasons = reasons
    kind, os_type = (Subject.ARC if machine.is_arc else Subject.AZURE_VM), (machine.os_type or "").lower()
    asked = [check for check in checks if check.applies_to in (Subject.MACHINE, Subject.AZURE_VM, Subject.ARC)]
    bench.examine(
        machine, machine.key, (machine.id,), tuple(check for check in asked if _applies(check, kind, os_type))
    )
    found = {finding.check for finding in bench.findings}
    unknown = {unknown.check: unknown.reason for unknown in bench.unknowns}
    said = []
    for check in sorted(asked, key=lambda check: check.id):
        state, reason = AnswerState.OK, ""
        if not _applies(check, kind, os_type):
            state = AnswerState.NOT_APPLICABLE
            kind_fits = check.applies_to in (Subject.MACHINE, kind)
            reason = f"it is about {check.os} only" if kind_fits else f"it is about {check.applies_to} only"
        elif check.id in found:
            state = AnswerState.FINDING
        elif check.id in unknown:
            state, reason = AnswerState.UNKNOWN, unknown[check.id]
        elif check.id in reasons:
            state, reason = AnswerState.NOT_APPLICABLE, reasons[check.id]
        said.append(Answer(check=check.id, name=check.name, state=state, reason=reason))
    return tuple(said)


def asked_of(check: Check, machine: Machine) -> bool:
    """Whether a check is put to a machine."""
    return _applies(check, Subject.ARC if machine.is_arc else Subject.AZURE_VM, (machine.os_type or "").lower())


def _applies(check: Check, kind: Subject, os_type: str) -> bool:
    # Where Azure did not say which system a machine runs, the checks of both are kept, to be answered `unknown`.
    fits_os = check.os is None or os_type not in _SYSTEMS or check.os == os_type
    return check.applies_to in (Subject.MACHINE, kind) and fits_os


class _Bench:
    """Collects findings and unknowns; keeps the missing facts of each subscription so that the usual case is cheap."""

    def __init__(self, estate: Estate, context: Context) -> None:
        self.estate = estate
        self.context = context
        self.findings: list[Finding] = []
        self.unknowns: list[Unknown] = []
        self.not_applicable = 0
        # For one machine only: over an estate the reasons would be more than everything else together.
        self.reasons: dict[str, str] | None = None
        self.asked = 0
        self._missing_in: dict[str, frozenset[Fact]] = {}
        self._splits: dict[tuple[int, frozenset[Fact]], tuple[tuple[Check, ...], ...]] = {}

    def _missing(self, scope: str) -> frozenset[Fact]:
        """The facts of a scope that are not known: its subscription's, but for those that were read of it itself."""
        subscription = ids.subscription_scope(ids.subscription_of(scope))
        missing = self._missing_in.get(subscription)
        if missing is None:
            unknown = (fact for fact in Fact if not self.estate.reading(fact, subscription).is_known)
            missing = self._missing_in[subscription] = frozenset(unknown)
        if scope == subscription:
            return missing
        own = self.estate.own_readings(scope)
        for fact, reading in own.items():
            if reading.is_known == (fact in missing):
                missing = missing - {fact} if reading.is_known else missing | {fact}
        return missing

    def examine(
        self, subject: Machine | Subscription, scope: str, machines: tuple[str, ...], checks: tuple[Check, ...]
    ) -> None:
        self.asked += len(checks)
        resource_id, askable = scope, checks
        if isinstance(subject, Machine):
            resource_id = subject.id
            askable = self._legible(subject, checks)
        askable, unanswerable = self._split(askable, self._missing(scope))
        for check in unanswerable:
            self._cannot_answer(check, resource_id, scope)
        for check in askable:
            for seen in check.function(subject, self.context):
                self._record(check, seen, resource_id, scope, machines)

    def _legible(self, machine: Machine, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        """The checks that can be put to a machine; the others are answered `unknown` here."""
        if machine.malformed is not None:
            reason = f"Azure's answer about it could not be decoded: {machine.malformed}"
            askable: tuple[Check, ...] = ()
        elif (machine.os_type or "").lower() not in _SYSTEMS:
            reason = "Azure did not say which operating system it runs"
            askable = tuple(check for check in checks if check.os is None)
        else:
            return checks
        for check in checks:
            if check not in askable:
                self.unknowns.append(Unknown(check=check.id, resource_id=machine.id, fact=Fact.MACHINE, reason=reason))
        return askable

    def _split(
        self, checks: tuple[Check, ...], missing: frozenset[Fact]
    ) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
        """Which checks can be asked and which cannot for want of a fact: the same for most machines of an estate."""
        known = self._splits.get((id(checks), missing))
        if known is None or known[0] is not checks:  # an id may be that of a tuple that is gone
            askable = tuple(check for check in checks if missing.isdisjoint(check.needs))
            unanswerable = tuple(check for check in checks if not missing.isdisjoint(check.needs))
            known = self._splits[id(checks), missing] = (checks, askable, unanswerable)
        return known[1], known[2]

    def examine_estate(self, check: Check) -> None:
        """An estate-wide check is asked once; what it needs and could not be read is named per subscription."""
        scopes = [ids.subscription_scope(subscription.id) for subscription in self.estate.subscriptions]
        unseen = [scope for scope in scopes if not self._missing(scope).isdisjoint(check.needs)]
        self.asked += len(scopes)
        for scope in unseen:
            self._cannot_answer(check, scope, scope)
        if unseen and len(unseen) == len(scopes):
            return
        for seen in check.function(self.estate, self.context):
            self._record(check, seen, "", "", ())

    def _cannot_answer(self, check: Check, resource_id: str, scope: str) -> None:
        for fact in check.needs:
            reading = self.estate.reading(fact, scope)
            if not reading.is_known:
                self.unknowns.append(
                    Unknown(
                        check=check.id,
                        resource_id=resource_id,
                        fact=fact,
                        reason=reading.reason or reading.outcome.value,
                        permission=reading.permission,
                        by_choice=reading.by_choice,
                    )
                )

    def _record(
        self,
        check: Check,
        seen: Observation | Undetermined | NotApplicable,
        resource_id: str,
        scope: str,
        machines: tuple[str, ...],
    ) -> None:
        if isinstance(seen, NotApplicable):
            self.not_applicable += 1
            if self.reasons is not None:
                self.reasons[check.id] = seen.reason
            return
        if isinstance(seen, Undetermined):
            about = seen.resource_id or resource_id
            # Where the fact was not read, the reading knows whether that was the user's choice or a missing right.
            reading = self.estate.reading(seen.fact, scope or about)
            self.unknowns.append(
                Unknown(
                    check=check.id,
                    resource_id=about,
                    fact=seen.fact,
                    reason=seen.reason,
                    permission=seen.permission or (None if reading.is_known else reading.permission),
                    by_choice=not reading.is_known and reading.by_choice,
                )
            )
            return
        about = seen.resource_id or resource_id
        self.findings.append(
            Finding(
                check=check.id,
                name=check.name,
                severity=check.severity if seen.severity is None else seen.severity,
                confidence=seen.confidence or check.confidence,
                resource_id=about,
                message=seen.message,
                evidence=tuple(self._evidence(check, sign, scope or about) for sign in seen.signs),
                blocks=check.blocks,
                machines=machines if seen.machines is None else seen.machines,
                details=seen.details,
            )
        )

    def _evidence(self, check: Check, sign: Sign, scope: str) -> Evidence:
        reading = self.estate.reading(sign.fact or check.needs[0], scope)
        return Evidence(
            path=sign.path,
            observed=sign.observed,
            expected=None if sign.expected == sign.observed else sign.expected,  # a circumstance, not a fault
            source=reading.source,
            observed_at=reading.observed_at,
            resource_id=sign.resource_id,
        )
