"""The report on one machine, the JSON contract of `aumdoctor why`; `docs/why.schema.json` is made from it.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis import chain
from aumdoctor.diagnosis.examine import Examination
from aumdoctor.report.result import (
    CheckId,
    Evidence,
    Finding,
    Gap,
    Machine,
    Remedy,
    Scope,
    Time,
    Tool,
    Unknown,
    evidence_of,
    finding_of,
    gap_of,
    machine_of,
    remedy_of,
    unknown_of,
)

WHY_SCHEMA_VERSION: Final = "1.0"

LinkName = Literal[
    "provider",
    "policy",
    "patch-mode",
    "assessment",
    "assignment",
    "schedule",
    "power",
    "agent",
    "extension",
    "last-result",
]


class ChainLink(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain that the machine's patching hangs on."""

    link: LinkName
    state: Annotated[
        Literal["ok", "warning", "broken", "unknown", "not-applicable"],
        Meta(
            description="broken: a finding here stops installation or the schedule. unknown: none does, and a check "
            "that could have said so was not answered. ok: it holds, though lesser findings may stand here."
        ),
    ]
    said: Annotated[str, Meta(description="How it stands, in words.")]
    evidence: Annotated[tuple[Evidence, ...], Meta(description="What Azure says there; findings carry their own.")]
    findings: Annotated[tuple[Finding, ...], Meta(description="Those that break it first.")]
    unknowns: tuple[Unknown, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one check says of the machine."""

    check: CheckId
    name: str
    state: Literal["ok", "finding", "unknown", "not-applicable"]
    reason: Annotated[str, Meta(description="Why, for unknown and not-applicable; else empty.")]


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why one machine is, or is not, patched by Azure Update Manager."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time, Meta(description="When the machine was read, and the time it was judged at.")]
    scope: Scope
    machine: Machine
    answer: Annotated[str, Meta(description="The answer in one sentence.")]
    broken_at: Annotated[LinkName | None, Meta(description="The first broken link; null where none is.")]
    root: Annotated[
        Finding | None,
        Meta(description="What to cure: the root cause of what breaks that link. Its remedies are `cure`."),
    ]
    cure: Annotated[tuple[Remedy, ...], Meta(description="Best first.")]
    chain: Annotated[tuple[ChainLink, ...], Meta(description="Every link, in order.")]
    answers: Annotated[tuple[Answer, ...], Meta(description="Every check about machines, in the order of ids.")]
    gaps: tuple[Gap, ...]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 patchable; 1 a link is broken; 3 it could not be told; 130 interrupted."),
    ]


def why_of(examination: Examination, found: chain.Chain, *, generated_at: datetime, exit_code: int) -> Why:
    """Project the chain of a machine of an examination; the caller decides the exit code."""
    estate = examination.estate
    remedies = {
        id(finding): remedies for finding, remedies in zip(examination.findings, examination.remedies, strict=True)
    }
    verdict = next(each for each in examination.machines if each.resource_id == found.machine.id)
    return Why(
        schema_version=WHY_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        machine=machine_of(verdict, estate),
        answer=found.answer,
        broken_at=found.broken_at.value if found.broken_at is not None else None,
        root=finding_of(found.root, found.cure) if found.root is not None else None,
        cure=tuple(map(remedy_of, found.cure)),
        chain=tuple(
            ChainLink(
                link=link.link.value,
                state=link.state.value,
                said=link.said,
                evidence=tuple(map(evidence_of, link.evidence)),
                findings=tuple(finding_of(each, remedies[id(each)]) for each in link.findings),
                unknowns=tuple(map(unknown_of, link.unknowns)),
            )
            for link in found.links
        ),
        answers=tuple(
            Answer(check=each.check, name=each.name, state=each.state.value, reason=each.reason)
            for each in found.answers
        ),
        gaps=tuple(map(gap_of, estate.gaps)),
        interrupted=estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )
