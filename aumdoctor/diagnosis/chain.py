"""One machine, link by link: what patching it hangs on, where the chain breaks, and the answer in one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from aumdoctor.checks.check import Check
from aumdoctor.checks.context import Context
from aumdoctor.checks.engine import Answer, answers
from aumdoctor.diagnosis.examine import Examination, Verdict, can_stop_patching, stops_patching
from aumdoctor.diagnosis.links import Link, link_of
from aumdoctor.diagnosis.standing import Standing, standing
from aumdoctor.model import ids
from aumdoctor.model.finding import Evidence, Finding, Severity, Unknown
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.remedy import Remedy
from aumdoctor.schedule.outcome import PatchedBy, patch_outcome


class LinkState(StrEnum):
    """BROKEN: a finding here stops installation or the schedule. UNKNOWN: none does, and a check that could have said
    so was not answered. WARNING: it holds, with a finding of medium severity or more. NOT_APPLICABLE: nothing hangs on
    it for this machine. OK: it holds, though it may carry lesser findings."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class ChainLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link and how it stands.

    `said` is that in words, `evidence` what Azure says there (findings carry their own). `findings` are all that belong
    here, those that break it first; `unknowns` all that could not be answered here.
    """

    link: Link
    state: LinkState
    said: str
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    unknowns: tuple[Unknown, ...] = ()


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor says of one machine.

    `answer` is one sentence. `broken_at` is the first link that is broken, None where none is. `root` is the finding to
    cure: the root cause of what breaks that link, which may lie elsewhere in the chain, and where nothing is broken the
    worst that there is to warn of, or None. `cure` are the remedies of `root`, best first. The verdict is the one that
    a scan gives: the chain cannot disagree with it.
    """

    machine: Machine
    verdict: Verdict
    answer: str
    links: tuple[ChainLink, ...]
    broken_at: Link | None = None
    root: Finding | None = None
    cure: tuple[Remedy, ...] = ()
    answers: tuple[Answer, ...] = ()


def chain_of(examination: Examination, checks: Iterable[Check], machine: Machine) -> Chain:
    """The chain of a machine of an examined estate; `checks` are those that it was examined with. Pure."""
    checks = tuple(checks)
    by_id = {check.id: check for check in checks}
    context = Context(examination.estate, examination.examined_at)
    said = answers(examination.estate, checks, machine, examination.examined_at)
    scopes = {machine.key, ids.subscription_scope(machine.subscription_id)}
    findings = [finding for finding in examination.findings if _concerns(finding, machine)]
    unknowns = [unknown for unknown in examination.unknowns if ids.key(unknown.resource_id) in scopes]
    links = tuple(
        _link(
            link,
            standing(link, machine, context),
            [finding for finding in findings if link_of(finding.check) is link],
            [unknown for unknown in unknowns if link_of(unknown.check) is link],
            by_id,
        )
        for link in Link
    )
    verdict = next(each.verdict for each in examination.machines if ids.key(each.resource_id) == machine.key)
    broken = next((link for link in links if link.state is LinkState.BROKEN), None)
    worst = broken.findings[0] if broken is not None else _worst_warning(links)
    root = _root(worst, examination.findings) if worst is not None else None
    return Chain(
        machine=machine,
        verdict=verdict,
        answer=_answer(machine, context, links, broken is not None, root),
        links=links,
        broken_at=broken.link if broken is not None else None,
        root=root,
        cure=_cure(root, examination) if root is not None else (),
        answers=said,
    )


def _concerns(finding: Finding, machine: Machine) -> bool:
    return ids.key(finding.resource_id) == machine.key or machine.key in map(ids.key, finding.machines)


def _link(
    link: Link,
    stands: Standing,
    findings: list[Finding],
    unknowns: list[Unknown],
    checks: dict[str, Check],
) -> ChainLink:
    findings = sorted(findings, key=lambda finding: (not stops_patching(finding), -finding.severity, finding.check))
    open_questions = [unknown for unknown in unknowns if can_stop_patching(checks[unknown.check])]
    if findings and stops_patching(findings[0]):
        state, words = LinkState.BROKEN, findings[0].message
    elif open_questions:
        state, words = LinkState.UNKNOWN, open_questions[0].reason
    elif findings:
        warns = findings[0].severity >= Severity.MEDIUM
        state, words = (LinkState.WARNING if warns else LinkState.OK), findings[0].message
    elif stands.applies:
        state, words = LinkState.OK, stands.words
    else:
        state, words = LinkState.NOT_APPLICABLE, stands.words
    return ChainLink(
        link=link,
        state=state,
        said=words,
        evidence=stands.evidence if stands.applies else (),
        findings=tuple(findings),
        unknowns=tuple(unknowns),
    )


def _root(finding: Finding, findings: Iterable[Finding]) -> Finding:
    if finding.explained_by is None:
        return finding
    about = ids.key(finding.explained_by_resource or "")
    same = (each for each in findings if each.check == finding.explained_by and ids.key(each.resource_id) == about)
    return next(same, finding)


def _cure(root: Finding, examination: Examination) -> tuple[Remedy, ...]:
    for finding, remedies in zip(examination.findings, examination.remedies, strict=True):
        if finding is root:
            return remedies
    return ()


def _worst_warning(links: tuple[ChainLink, ...]) -> Finding | None:
    warnings = [link.findings[0] for link in links if link.state is LinkState.WARNING]
    return max(warnings, key=lambda finding: finding.severity, default=None)


def _answer(
    machine: Machine, context: Context, links: tuple[ChainLink, ...], is_broken: bool, root: Finding | None
) -> str:
    if is_broken and root is not None:
        return f"{machine.name} is not patched, because {root.message} ({root.check})."
    unknown = [link for link in links if link.state is LinkState.UNKNOWN]
    if unknown:
        others = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        told = f"the link {unknown[0].link}{others} could not be judged: {unknown[0].said}"
        return f"Whether {machine.name} can be patched is not known: {told}."
    by = patch_outcome(machine, scheduled=context.is_scheduled(machine)).patched_by
    if root is not None:
        return f"Nothing blocks {machine.name} ({_PATCHED_BY[by]}), but {root.message} ({root.check})."
    return f"Nothing stops the patching of {machine.name}: {_PATCHED_BY[by]}."


_PATCHED_BY = {
    PatchedBy.SCHEDULE: "its schedule patches it",
    PatchedBy.PLATFORM: "no schedule is attached, and it is left to Azure's automatic guest patching",
    PatchedBy.GUEST: "no schedule is attached, and the guest updates itself as it is configured inside",
    PatchedBy.NOBODY: "no schedule is attached, so nothing patches it until somebody does so on demand",
}
