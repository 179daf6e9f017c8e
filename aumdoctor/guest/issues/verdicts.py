"""The form that issues of updating share: what a judge says of one machine becomes a verdict with the issue's texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import Issue, issue
from aumdoctor.guest.issues.weighing import Ground, Weighed, weigh
from aumdoctor.model.guest import Differential, Likelihood, Missing, Quote, Verdict


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge says of a machine. What is None is as the issue declares it."""

    likelihood: Likelihood
    said: str
    evidence: tuple[Quote, ...]
    missing: tuple[Missing, ...] = ()
    differentials: tuple[Differential, ...] = ()
    remedies: tuple[str, ...] | None = None
    explains: tuple[str, ...] | None = None
    verification: tuple[str, ...] | None = None
    details: dict[str, str] = {}


def known_issue(
    *,
    id: str,
    name: str,
    title: str,
    source: str,
    seed: str = "",
    explains: tuple[str, ...] = (),
    remedies: tuple[str, ...] = (),
    verification: tuple[str, ...] = (),
) -> Callable[[Callable[[Evidence], Judgement | None]], Issue]:
    """Make an issue of a function that judges one machine by its own evidence.

    `remedies` and `verification` go into every verdict that is not ruled out; `explains` into those that are confirmed
    or likely: what is only possible is the cause of nothing.
    """

    def make(judge: Callable[[Evidence], Judgement | None]) -> Issue:
        @wraps(judge)
        def whole(evidence: Evidence, all_hosts: Sequence[Evidence]) -> Verdict | None:
            found = judge(evidence)
            if found is None:
                return None
            is_out = found.likelihood is Likelihood.RULED_OUT
            is_cause = found.likelihood in (Likelihood.CONFIRMED, Likelihood.LIKELY)
            return Verdict(
                issue=id,
                name=name,
                title=title,
                likelihood=found.likelihood,
                said=found.said,
                hosts=(evidence.name,),
                evidence=found.evidence,
                missing=found.missing,
                differentials=found.differentials,
                remedies=() if is_out else _given(found.remedies, remedies),
                explains=_given(found.explains, explains) if is_cause else (),
                verification=() if is_out else _given(found.verification, verification),
                details=found.details,
            )

        return issue(id=id, name=name, title=title, source=source, seed=seed, explains=explains)(whole)

    return make


def judged(
    evidence: Evidence,
    said: str,
    grounds: Iterable[Ground],
    counters: Iterable[Ground] = (),
    *,
    at_most: Likelihood = Likelihood.CONFIRMED,
    missing: Iterable[Missing] = (),
    differentials: Callable[[Weighed], Iterable[Differential]] | None = None,
    details: dict[str, str] | None = None,
) -> Judgement | None:
    """The judgement that grounds and counters come to; None where there are no grounds. What is missing is named unless
    the question is decided."""
    return judged_by(
        evidence,
        said,
        weigh(grounds, counters),
        at_most=at_most,
        missing=missing,
        differentials=differentials,
        details=details,
    )


def judged_by(
    evidence: Evidence,
    said: str,
    weighed: Weighed | None,
    *,
    at_most: Likelihood = Likelihood.CONFIRMED,
    missing: Iterable[Missing] = (),
    differentials: Callable[[Weighed], Iterable[Differential]] | None = None,
    details: dict[str, str] | None = None,
) -> Judgement | None:
    """The same of grounds that were weighed before."""
    if weighed is None:
        return None
    likelihood = no_surer_than(at_most, weighed.likelihood)
    decided = likelihood in (Likelihood.CONFIRMED, Likelihood.RULED_OUT)
    is_out = likelihood is Likelihood.RULED_OUT
    return Judgement(
        likelihood=likelihood,
        said=weighed.said(said),
        evidence=weighed.quotes(evidence),
        missing=() if decided else tuple(missing),
        differentials=tuple(differentials(weighed)) if differentials is not None and not is_out else (),
        details=details or {},
    )


def no_surer_than(limit: Likelihood, likelihood: Likelihood) -> Likelihood:
    """The likelihood, or the limit where that is less sure."""
    return max(likelihood, limit, key=list(Likelihood).index)


def _given(own: tuple[str, ...] | None, declared: tuple[str, ...]) -> tuple[str, ...]:
    return declared if own is None else own
