"""One machine, link by link: what patching it hangs on, where the chain breaks, and the answer in one sentence."""

from __future__ import annotations

from collections import defaultdict
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


class Chains:
    """The chains of an examined estate's machines; what is looked up for all of them is looked up once.

    `checks` are those that the estate was examined with. Pure.
    """

    def __init__(self, examination: Examination, checks: Iterable[Check]) -> None:
        self.examination = examination
        self.checks = {check.id: check for check in checks}
        self.context = Context(examination.estate, examination.examined_at)
        self._findings: dict[str, list[Finding]] = defaultdict(list)
        self._by_about: dict[tuple[str, str], Finding] = {}
        for finding in examination.findings:
            self._by_about.setdefault((finding.check, ids.key(finding.resource_id)), finding)
            for subject in dict.fromkeys([ids.key(finding.resource_id), *map(ids.key, finding.machines)]):
                self._findings[subject].append(finding)
        self._unknowns: dict[str, list[Unknown]] = defaultdict(list)
        for unknown in examination.unknowns:
            self._unknowns[ids.key(unknown.resource_id)].append(unknown)
        self._verdicts = {ids.key(each.resource_id): each.verdict for each in examination.machines}
        self._cures = {
            id(finding): cure for finding, cure in zip(examination.findings, examination.remedies, strict=True)
        }

    def findings_of(self, machine: Machine) -> list[Finding]:
        """What was found on a machine, or elsewhere with this machine among those that suffer from it."""
        return self._findings.get(machine.key, [])

    def findings_about(self, resource_id: str) -> list[Finding]:
        """What was found about a resource itself."""
        about = ids.key(resource_id)
        return [finding for finding in self._findings.get(about, ()) if ids.key(finding.resource_id) == about]

    def unknowns_of(self, machine: Machine) -> list[Unknown]:
        """What could not be answered about a machine or its subscription."""
        subscription = ids.subscription_scope(machine.subscription_id)
        return [*self._unknowns.get(machine.key, ()), *self._unknowns.get(subscription, ())]

    def unknowns_about(self, resource_id: str) -> list[Unknown]:
        """What could not be answered about a resource itself."""
        return self._unknowns.get(ids.key(resource_id), [])

    def can_stop(self, unknown: Unknown) -> bool:
        """Whether what could not be answered might have stopped patching."""
        return can_stop_patching(self.checks[unknown.check])

    def root_of(self, finding: Finding) -> Finding:
        """The finding that explains another one; itself where none does."""
        if finding.explained_by is None:
            return finding
        return self._by_about.get((finding.explained_by, ids.key(finding.explained_by_resource or "")), finding)

    def cure_of(self, finding: Finding) -> tuple[Remedy, ...]:
        """The remedies of a finding of this examination, best first."""
        return self._cures.get(id(finding), ())

    def of(self, machine: Machine) -> Chain:
        """The chain of one machine, without the answers of single checks."""
        findings, unknowns = self.findings_of(machine), self.unknowns_of(machine)
        links = tuple(
            _link(
                link,
                standing(link, machine, self.context),
                [finding for finding in findings if link_of(finding.check) is link],
                [unknown for unknown in unknowns if link_of(unknown.check) is link],
                self.checks,
            )
            for link in Link
        )
        broken = next((link for link in links if link.state is LinkState.BROKEN), None)
        worst = broken.findings[0] if broken is not None else _worst_warning(links)
        root = self.root_of(worst) if worst is not None else None
        return Chain(
            machine=machine,
            verdict=self._verdicts[machine.key],
            answer=_answer(machine, self.context, links, broken is not None, root),
            links=links,
            broken_at=broken.link if broken is not None else None,
            root=root,
            cure=self.cure_of(root) if root is not None else (),
        )


def chain_of(examination: Examination, checks: Iterable[Check], machine: Machine) -> Chain:
    """The chain of a machine of an examined estate, with what every check says of it. Pure."""
    checks = tuple(checks)
    said = answers(examination.estate, checks, machine, examination.examined_at)
    return msgspec.structs.replace(Chains(examination, checks).of(machine), answers=said)


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
