"""From an estate to the doctor's word: findings folded under their causes, one diagnosis per cause, a verdict each."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from aumdoctor.checks.check import Check, Subject
from aumdoctor.checks.engine import Judgement, judge
from aumdoctor.diagnosis.causes import fold, parents_of
from aumdoctor.diagnosis.links import POSITION, link_of
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding, Operation, Severity, Unknown
from aumdoctor.remedies.catalogue import remedies_for
from aumdoctor.remedies.remedy import Remedy

_STOPS_PATCHING = frozenset({Operation.INSTALL, Operation.SCHEDULE})


class Verdict(StrEnum):
    """PATCHABLE: every check that could block was answered and none did. UNKNOWN: not one of them blocks, and at
    least one could not be answered. BLOCKED: something stops installation or the schedule."""

    PATCHABLE = "patchable"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """A check whose findings a diagnosis explains, and on how many resources."""

    check: str
    name: str
    count: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One root cause over the whole estate.

    `resource_ids` is what the cause's findings are about, `machines` the machines that suffer from it, `cure` the
    remedies made out for the first of the resources (each finding carries its own). `cure_order` counts from 1: what
    another cure rests on comes first, whatever its severity.
    """

    cause: str
    name: str
    severity: Severity
    message: str
    resource_ids: tuple[str, ...]
    machines: tuple[str, ...]
    symptoms: tuple[Symptom, ...]
    cure: tuple[Remedy, ...]
    cure_order: int


class MachineVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor says of one machine; `causes` are the root causes that stop its patching, worst first."""

    resource_id: str
    verdict: Verdict
    causes: tuple[str, ...] = ()


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much was seen: questions answered of those put, subscriptions seen whole of those in scope.

    `answers_not_applicable` of the questions put did not arise for the resource, which is an answer.
    """

    subscriptions: int
    subscriptions_with_gaps: int
    answers_expected: int
    answers_unknown: int
    answers_not_applicable: int

    @property
    def percent(self) -> float:
        """Share of the questions that were answered, 100.0 where none was asked."""
        if not self.answers_expected:
            return 100.0
        return 100.0 * (self.answers_expected - self.answers_unknown) / self.answers_expected


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the estate. `findings` counts by severity label, symptoms included."""

    machines: int
    patchable: int
    blocked: int
    unknown: int
    findings: dict[str, int]
    coverage: Coverage


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a report shows, from one examination of one estate."""

    estate: Estate
    examined_at: datetime
    checks: tuple[str, ...]
    summary: Summary
    findings: tuple[Finding, ...]
    unknowns: tuple[Unknown, ...]
    diagnoses: tuple[Diagnosis, ...]
    machines: tuple[MachineVerdict, ...]
    remedies: tuple[tuple[Remedy, ...], ...]
    """The remedies of each finding, in the order of `findings`."""


def examine(estate: Estate, checks: Iterable[Check], now: datetime) -> Examination:
    """Judge an estate, fold symptoms under causes, and say per machine whether it can be patched. Pure."""
    by_id = {check.id: check for check in checks}
    judgement = judge(estate, by_id.values(), now)
    findings = fold(judgement.findings, by_id.values())
    verdicts = _verdicts(estate, findings, judgement.unknowns, by_id)
    counts = Counter(verdict.verdict for verdict in verdicts)
    return Examination(
        estate=estate,
        examined_at=now,
        checks=judgement.checks,
        summary=Summary(
            machines=len(estate.machines),
            patchable=counts[Verdict.PATCHABLE],
            blocked=counts[Verdict.BLOCKED],
            unknown=counts[Verdict.UNKNOWN],
            findings={severity.label: 0 for severity in reversed(Severity)}
            | Counter(finding.severity.label for finding in findings),
            coverage=_coverage(estate, judgement, by_id),
        ),
        findings=findings,
        unknowns=judgement.unknowns,
        diagnoses=_diagnoses(estate, findings, by_id),
        machines=verdicts,
        remedies=tuple(remedies_for(finding, by_id[finding.check], estate) for finding in findings),
    )


def can_stop_patching(check: Check) -> bool:
    """Whether a finding of the check may stop installation or the schedule: unanswered, it leaves the verdict open."""
    return not _STOPS_PATCHING.isdisjoint(check.blocks)


def stops_patching(finding: Finding) -> bool:
    """Whether a finding makes its machines count as blocked."""
    return finding.severity >= Severity.HIGH and not _STOPS_PATCHING.isdisjoint(finding.blocks)


def _verdicts(
    estate: Estate, findings: Iterable[Finding], unknowns: Iterable[Unknown], checks: dict[str, Check]
) -> tuple[MachineVerdict, ...]:
    blocking: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if stops_patching(finding):
            for machine_id in finding.machines:
                blocking[ids.key(machine_id)].append(finding)
    undecided = {ids.key(unknown.resource_id) for unknown in unknowns if can_stop_patching(checks[unknown.check])}
    verdicts = []
    for machine in estate.machines:
        found = blocking.get(machine.key, [])
        causes = sorted({(-f.severity, f.check) for f in found if f.explained_by is None})
        explained = sorted({(-f.severity, f.explained_by) for f in found if f.explained_by is not None})
        if found:
            ordered = dict.fromkeys(check for _, check in [*causes, *explained])
            verdicts.append(MachineVerdict(resource_id=machine.id, verdict=Verdict.BLOCKED, causes=tuple(ordered)))
        elif machine.key in undecided or ids.subscription_scope(machine.subscription_id) in undecided:
            verdicts.append(MachineVerdict(resource_id=machine.id, verdict=Verdict.UNKNOWN))
        else:
            verdicts.append(MachineVerdict(resource_id=machine.id, verdict=Verdict.PATCHABLE))
    return tuple(verdicts)


def _diagnoses(estate: Estate, findings: tuple[Finding, ...], checks: dict[str, Check]) -> tuple[Diagnosis, ...]:
    roots: dict[str, list[Finding]] = defaultdict(list)
    symptoms: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in findings:
        if finding.explained_by is None:
            roots[finding.check].append(finding)
        else:
            symptoms[finding.explained_by][finding.check] += 1
    severities = {cause: max(finding.severity for finding in found) for cause, found in roots.items()}
    order = {cause: place for place, cause in enumerate(_cure_order(severities, checks), start=1)}
    diagnoses = []
    for cause, found in roots.items():
        machines = tuple(dict.fromkeys(machine for finding in found for machine in finding.machines))
        diagnosis = Diagnosis(
            cause=cause,
            name=checks[cause].name,
            severity=severities[cause],
            message=_told(estate, checks[cause], found, machines),
            resource_ids=tuple(finding.resource_id for finding in found),
            machines=machines,
            symptoms=tuple(
                Symptom(check=check, name=checks[check].name, count=count)
                for check, count in sorted(symptoms[cause].items())
            ),
            cure=remedies_for(found[0], checks[cause], estate),
            cure_order=order[cause],
        )
        diagnoses.append(diagnosis)
    return tuple(sorted(diagnoses, key=lambda found: (-found.severity, -len(found.machines), found.cause)))


def _told(estate: Estate, check: Check, found: list[Finding], machines: tuple[str, ...]) -> str:
    """One finding in its own words; of several what they have in common, and how far it reaches."""
    if len(found) == 1:
        return found[0].message
    messages = {finding.message for finding in found}
    what = (messages.pop() if len(messages) == 1 else check.summary).rstrip(".")
    affected = machines or tuple(finding.resource_id for finding in found)
    noun = "machine" if machines else "resource"
    where = dict.fromkeys(ids.subscription_of(resource_id) for resource_id in affected)
    known = [estate.subscriptions_by_id[each] for each in where if each in estate.subscriptions_by_id]
    names = " and ".join(each.name or each.id for each in known)
    if len(known) > 2:
        names = f"{len(known)} of {len(estate.subscriptions)} subscriptions"
    return f"{what}: {len(affected):,} {noun}{'' if len(affected) == 1 else 's'}" + (f" in {names}" if names else "")


def _cure_order(severities: dict[str, Severity], checks: dict[str, Check]) -> list[str]:
    """The causes in the order of cure: what may cause another one first, then along the chain, then the worst first."""
    parents = parents_of(checks.values())
    before = {cause: set(parents.get(cause, ())) & severities.keys() for cause in severities}
    ready = [_place(cause, severities) for cause, waits_for in before.items() if not waits_for]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        cause = heapq.heappop(ready)[-1]
        ordered.append(cause)
        for symptom in checks[cause].causes:
            if cause in before.get(symptom, ()):
                before[symptom].remove(cause)
                if not before[symptom]:
                    heapq.heappush(ready, _place(symptom, severities))
    # Checks of somebody's own might declare a circle; they are cured last, and none is left out.
    return [*ordered, *sorted(severities.keys() - set(ordered))]


def _place(cause: str, severities: dict[str, Severity]) -> tuple[int, int, str]:
    return POSITION[link_of(cause)], -severities[cause], cause


def _coverage(estate: Estate, judgement: Judgement, checks: dict[str, Check]) -> Coverage:
    # A check of the whole estate is one question, however many resources it cannot answer for.
    unanswered = {
        (unknown.check, "" if checks[unknown.check].applies_to is Subject.ESTATE else unknown.resource_id)
        for unknown in judgement.unknowns
    }
    with_gaps = {ids.subscription_of(gap.scope) for gap in estate.gaps} & set(estate.subscriptions_by_id)
    return Coverage(
        subscriptions=len(estate.subscriptions),
        subscriptions_with_gaps=len(with_gaps),
        answers_expected=judgement.asked,
        answers_unknown=len(unanswered),
        answers_not_applicable=judgement.not_applicable,
    )
