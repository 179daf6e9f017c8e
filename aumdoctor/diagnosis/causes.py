"""The causal graph: which finding explains which, on the same machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from aumdoctor.checks.check import Check
from aumdoctor.model import ids
from aumdoctor.model.finding import Finding


def parents_of(checks: Iterable[Check]) -> dict[str, tuple[str, ...]]:
    """For each check id, the ids of the checks that cause it, as the checks declare."""
    parents: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        for symptom in check.causes:
            parents[symptom].append(check.id)
    return {symptom: tuple(sorted(causes)) for symptom, causes in parents.items()}


def fold(findings: Sequence[Finding], checks: Iterable[Check]) -> tuple[Finding, ...]:
    """Set `explained_by` on every finding that another finding about the same subject is the root cause of.

    The subject of a finding is what it is about and the machines that suffer from it. A finding over several machines
    (an unregistered provider) explains the symptoms of each; it is itself explained only where every one of its
    machines has the same root cause. Nothing is dropped and the order stays.
    """
    parents = parents_of(checks)
    by_subject: dict[str, dict[str, Finding]] = defaultdict(dict)
    for finding in findings:
        for subject in _subjects(finding):
            by_subject[subject].setdefault(finding.check, finding)
    return tuple(_with_cause(finding, by_subject, parents) for finding in findings)


def _subjects(finding: Finding) -> set[str]:
    return {ids.key(finding.resource_id), *map(ids.key, finding.machines)}


def _with_cause(
    finding: Finding, by_subject: Mapping[str, Mapping[str, Finding]], parents: Mapping[str, tuple[str, ...]]
) -> Finding:
    if finding.check not in parents:
        return finding
    subjects = set(map(ids.key, finding.machines)) or {ids.key(finding.resource_id)}
    roots = {subject: _root(finding.check, by_subject.get(subject, {}), parents) for subject in subjects}
    root_checks = {root.check if root else None for root in roots.values()}
    if len(root_checks) != 1 or None in root_checks:
        return finding
    root = min((root for root in roots.values() if root), key=lambda root: root.resource_id)
    return msgspec.structs.replace(finding, explained_by=root.check, explained_by_resource=root.resource_id)


def _root(check_id: str, present: Mapping[str, Finding], parents: Mapping[str, tuple[str, ...]]) -> Finding | None:
    """The most severe finding at the top of the chain of causes that are present; None where nothing explains it."""
    roots: dict[str, Finding] = {}
    seen = {check_id}
    pending = [check_id]
    while pending:
        current = pending.pop()
        causes = [cause for cause in parents.get(current, ()) if cause in present and cause != current]
        if not causes and current != check_id:
            roots[current] = present[current]
        fresh = [cause for cause in causes if cause not in seen]
        seen.update(fresh)
        pending.extend(fresh)
    return min(roots.values(), key=lambda root: (-root.severity, root.check), default=None)
