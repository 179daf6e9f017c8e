"""What became of a plan, the JSON contract of `aumdoctor apply`, `undo` and `remediate`.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.diagnosis.verify import Verified
from aumdoctor.remedies.plan import PlannedAction
from aumdoctor.report.result import Call, CheckId, ResourceId, Time, Tool

APPLIED_SCHEMA_VERSION: Final = "1.0"

FateName = Literal["done", "skipped", "failed", "unknown", "not-run"]


class Cured(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that the action was to cure."""

    check: CheckId
    resource_id: ResourceId


class AppliedAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action and what became of it."""

    id: str
    remedy: str
    title: str
    call: Call
    machines: tuple[ResourceId, ...]
    findings: tuple[Cured, ...]
    fate: Annotated[
        FateName,
        Meta(
            description="done: Azure carried it out. skipped: it was not sent. failed: Azure refused it, or it failed. "
            "unknown: it may have been carried out. not-run: its turn did not come."
        ),
    ]
    said: str
    missing_permission: str | None
    journal_id: Annotated[str | None, Meta(description="The id of its lines in the journal; null where it has none.")]
    cure: Annotated[
        Literal["cured", "not-yet", "not-cured", "unknown"] | None,
        Meta(description="What the checks say afterwards; null where nothing was sent."),
    ]
    cure_said: str
    cure_until: Annotated[Time | None, Meta(description="By when the cure should show.")]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many actions ended how."""

    done: int
    skipped: int
    failed: int
    unknown: int
    not_run: int
    cured: int


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a plan, or of taking one back."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Time
    command: Literal["apply", "undo", "remediate"]
    plan: Annotated[str | None, Meta(description="The digest of the plan; null for undo.")]
    journal: str
    stopped: Annotated[
        str, Meta(description="Why it ended early, or which lines of the journal could not be read; else empty.")
    ]
    counts: Counts
    actions: tuple[AppliedAction, ...]
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 what was to do was done; 1 something failed, was held back or is not cured; 3 unknown."),
    ]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """An action with its end, as the commands hand it over."""

    action: PlannedAction
    fate: FateName
    said: str
    permission: str | None = None
    journal_id: str | None = None


def applied_of(
    endings: Sequence[Ending],
    verified: Mapping[str, Verified],
    *,
    command: Literal["apply", "undo", "remediate"],
    plan: str | None,
    journal: str,
    stopped: str,
    generated_at: datetime,
    exit_code: int,
) -> Applied:
    """Project the ends of actions; `verified` is by the action's id."""
    fates = Counter(ending.fate for ending in endings)
    return Applied(
        schema_version=APPLIED_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        command=command,
        plan=plan,
        journal=journal,
        stopped=stopped,
        counts=Counts(
            done=fates["done"],
            skipped=fates["skipped"],
            failed=fates["failed"],
            unknown=fates["unknown"],
            not_run=fates["not-run"],
            cured=sum(found.cure.value == "cured" for found in verified.values()),
        ),
        actions=tuple(_action(ending, verified.get(ending.action.id)) for ending in endings),
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def _action(ending: Ending, verified: Verified | None) -> AppliedAction:
    action = ending.action
    return AppliedAction(
        id=action.id,
        remedy=action.remedy,
        title=action.title,
        call=Call(
            method=action.call.method,
            path=action.call.path,
            api_version=action.call.api_version,
            body=action.call.body,
        ),
        machines=action.machines,
        findings=tuple(Cured(check=found.check, resource_id=found.resource_id) for found in action.findings),
        fate=ending.fate,
        said=ending.said,
        missing_permission=ending.permission,
        journal_id=ending.journal_id,
        cure=verified.cure.value if verified is not None else None,
        cure_said=verified.said if verified is not None else "",
        cure_until=verified.until if verified is not None else None,
    )
