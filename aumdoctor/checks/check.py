"""What a check is: a pure function with its knowledge beside it.

A check looks at one subject and yields what it sees: an `Observation` (with signs), `Undetermined` where Azure itself
does not know, `NotApplicable` where the question does not arise; nothing means that all is well. The metadata stand in
the decorator, the documentation in the docstring. The engine, not the check, answers `unknown` where one of the facts
in `needs` was not read, and fills in where a sign came from and when.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import msgspec

from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Operation, Severity


class Subject(StrEnum):
    """What a check is asked about, one at a time: a machine of a kind, a subscription, or the estate as a whole."""

    MACHINE = "machine"
    AZURE_VM = "azure-vm"
    ARC = "arc"
    SUBSCRIPTION = "subscription"
    ESTATE = "estate"


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One thing observed. `fact` is the reading that it comes from, by default the first of the check's `needs`;
    `resource_id` what the path is below, by default what the observation is about."""

    path: str
    observed: Any
    expected: Any = None
    fact: Fact | None = None
    resource_id: str | None = None


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A known issue seen.

    `resource_id` and `machines` are the subject's own where left out; `severity` and `confidence` the check's.
    `details` carries what a remedy needs beyond the machine (`maintenanceConfigurationId`, `policyAssignmentId`, …).
    """

    message: str
    signs: tuple[Sign, ...]
    severity: Severity | None = None
    confidence: Confidence | None = None
    resource_id: str | None = None
    machines: tuple[str, ...] | None = None
    details: dict[str, str] = {}


class Undetermined(msgspec.Struct, frozen=True, kw_only=True):
    """Azure answered, and the answer does not tell (power state `unknown`, say). `resource_id` is the subject's own
    where left out; `permission` the right that would have let it be read, where that is known."""

    fact: Fact
    reason: str
    resource_id: str | None = None
    permission: str | None = None


class NotApplicable(msgspec.Struct, frozen=True, kw_only=True):
    """The question does not arise for this subject, and why ("the VM is off", "no schedule is attached")."""

    reason: str


CheckFunction = Callable[[Any, Any], Iterator[Observation | Undetermined | NotApplicable]]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A known issue: its metadata and the function that sees it.

    Without a fact in `needs` the answer is unknown; a fact in `uses` is to be read too and sharpens the answer (surer,
    or with a better cure), but the answer stands without it. `causes` names the checks whose findings this one explains
    on the same machine; `remedies` the cures, best first; `seed` the section of the Azure Update Manager
    troubleshooting article that tells of it, where one does; `since` the version that brought the check.
    """

    id: str
    name: str
    severity: Severity
    confidence: Confidence
    applies_to: Subject
    os: str | None
    needs: tuple[Fact, ...]
    uses: tuple[Fact, ...]
    blocks: tuple[Operation, ...]
    remedies: tuple[str, ...]
    causes: tuple[str, ...]
    source: str
    seed: str | None
    since: str
    documentation: str
    function: CheckFunction

    @property
    def summary(self) -> str:
        """The first sentence of the documentation."""
        return self.documentation.split("\n\n", 1)[0].replace("\n", " ").strip()


def check(
    *,
    id: str,
    name: str,
    severity: Severity,
    applies_to: Subject,
    needs: tuple[Fact, ...],
    source: str,
    confidence: Confidence = Confidence.HIGH,
    os: str | None = None,
    uses: tuple[Fact, ...] = (),
    blocks: tuple[Operation, ...] = (),
    remedies: tuple[str, ...] = (),
    causes: tuple[str, ...] = (),
    seed: str | None = None,
    since: str = "0.1.0",
) -> Callable[[CheckFunction], Check]:
    """Make a check of a function `(subject, context) -> Iterator[Observation | Undetermined | NotApplicable]`."""

    def make(function: CheckFunction) -> Check:
        return Check(
            id=id,
            name=name,
            severity=severity,
            confidence=confidence,
            applies_to=applies_to,
            os=os,
            needs=needs,
            uses=uses,
            blocks=blocks,
            remedies=remedies,
            causes=causes,
            source=source,
            seed=seed,
            since=since,
            documentation=inspect.cleandoc(function.__doc__ or ""),
            function=function,
        )

    return make


def sign(
    path: str, observed: Any, expected: Any = None, *, fact: Fact | None = None, resource_id: str | None = None
) -> Sign:
    """One sign; see `Sign`."""
    return Sign(path=path, observed=observed, expected=expected, fact=fact, resource_id=resource_id)


def observe(
    message: str,
    *signs: Sign,
    severity: Severity | None = None,
    confidence: Confidence | None = None,
    resource_id: str | None = None,
    machines: tuple[str, ...] | None = None,
    **details: str,
) -> Observation:
    """A known issue seen; see `Observation`."""
    return Observation(
        message=message,
        signs=signs,
        severity=severity,
        confidence=confidence,
        resource_id=resource_id,
        machines=machines,
        details=details,
    )
