"""All known issues asked about all machines of a case. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import Issue
from aumdoctor.guest.issues.registry import ISSUES
from aumdoctor.guest.issues.severities import severity_of
from aumdoctor.model.guest import Case, Likelihood, Verdict

_ORDER = {likelihood: number for number, likelihood in enumerate(Likelihood)}


def judge(case: Case, issues: Iterable[Issue] = ISSUES) -> tuple[Verdict, ...]:
    """The verdicts, the surest first and of these the worst, each with its machines in `hosts`. One about several
    machines is given once."""
    all_hosts = tuple(Evidence(host) for host in case.hosts)
    found: dict[tuple[str, tuple[str, ...]], Verdict] = {}
    for issue in issues:
        for evidence in all_hosts:
            verdict = issue.judge(evidence, all_hosts)
            if verdict is None:
                continue
            if not verdict.hosts:
                verdict = msgspec.structs.replace(verdict, hosts=(evidence.name,))
            found.setdefault((verdict.issue, verdict.hosts), verdict)
    return tuple(sorted(found.values(), key=_rank))


def _rank(verdict: Verdict) -> tuple[int, int, str, tuple[str, ...]]:
    return (_ORDER[verdict.likelihood], -severity_of(verdict.issue), verdict.issue, verdict.hosts)
