"""The report on the schedules of one machine, the JSON contract of `aumdoctor scope`.

As with the report of a scan, what is here may be added to within a `schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.model import facts, machine
from aumdoctor.model.estate import Estate
from aumdoctor.report.result import Gap, ResourceId, Scope, Time, Tool, gap_of
from aumdoctor.report.text import count
from aumdoctor.schedule import scope

SCOPE_SCHEMA_VERSION: Final = "1.0"


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """How the machine stands to one clause of an assignment."""

    name: Annotated[
        str,
        Meta(
            description="scope: what the assignment is put on. Else a member of the dynamic scope's filter as Azure "
            "names it, or tags. and the name of a tag."
        ),
    ]
    wanted: Annotated[tuple[str, ...], Meta(description="What it asks for; empty: it restricts nothing.")]
    seen: Annotated[str | None, Meta(description="What the machine has; null where it has no such thing.")]
    passes: bool
    keeps_out: Annotated[
        bool,
        Meta(description="The machine is out because of it. With filterOperator Any one tag that passes is enough."),
    ]
    said: Annotated[str, Meta(description="All that in words.")]


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration assignment, and whether it reaches the machine."""

    resource_id: ResourceId
    name: str
    kind: Literal["static", "dynamic"]
    reaches: Annotated[
        bool, Meta(description="By what was read: where the schedule's state is unknown, that was not everything.")
    ]
    near: Annotated[bool, Meta(description="Nothing but the case of letters in tags keeps the machine out.")]
    clauses: tuple[Clause, ...]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance configuration, and whether the machine is in its scope."""

    resource_id: ResourceId
    name: str
    state: Annotated[
        Literal["in", "out", "unknown"],
        Meta(description="unknown: what would tell was not read."),
    ]
    patches_guests: Annotated[
        bool | None,
        Meta(description="false: deleted, or not of the maintenanceScope InGuestPatch. null: it could not be read."),
    ]
    said: Annotated[str, Meta(description="Why the machine is in or out, in words.")]
    unusable: Annotated[
        str | None, Meta(description="Why it does not patch guests, or why that is not known; null where it does.")
    ]
    assignments: Annotated[
        tuple[Assignment, ...],
        Meta(description="Its dynamic scopes, and its static assignments on the machine; those that reach it first."),
    ]
    assignments_elsewhere: Annotated[int, Meta(description="Its static assignments on other machines.")]


class ScopedMachine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, with what dynamic scopes look at."""

    resource_id: ResourceId
    name: str
    kind: Literal["azure-vm", "arc"]
    resource_group: str
    os_type: str | None
    location: str
    tags: dict[str, str]


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the answer rests on and that is not known."""

    fact: str
    reason: str
    missing_permission: str | None


class Scopes(msgspec.Struct, frozen=True, kw_only=True):
    """Which schedules one machine is in scope of, and why."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time, Meta(description="When the machine was read.")]
    scope: Scope
    machine: ScopedMachine
    answer: Annotated[str, Meta(description="The answer in one sentence.")]
    schedules: Annotated[
        tuple[Schedule, ...],
        Meta(
            description="Those that the machine is in first, then those that are not known, then those that it misses "
            "by the case of letters, then the others."
        ),
    ]
    unread: tuple[Unread, ...]
    gaps: Annotated[tuple[Gap, ...], Meta(description="What could not be read of machines, schedules and assignments.")]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 in scope of a schedule that patches guests; 1 of none; 3 not known; 130 interrupted."),
    ]


def scopes_of(
    estate: Estate,
    subject: machine.Machine,
    answers: Sequence[scope.ScheduleAnswer],
    *,
    generated_at: datetime,
    exit_code: int,
) -> Scopes:
    """Project what the schedules of an estate say of a machine; the caller decides the exit code."""
    return Scopes(
        schema_version=SCOPE_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at,
        scope=msgspec.convert(estate.scope, Scope, from_attributes=True),
        machine=ScopedMachine(
            resource_id=subject.id,
            name=subject.name,
            kind=subject.kind.value,
            resource_group=subject.resource_group,
            os_type=subject.os_type,
            location=subject.location,
            tags=dict(subject.tags),
        ),
        answer=_answer(subject, answers, exit_code),
        schedules=tuple(map(_schedule, answers)),
        unread=tuple(
            Unread(fact=each.fact.value, reason=each.reason or "it was not read", missing_permission=each.permission)
            for each in scope.unread(estate, subject)
        ),
        gaps=tuple(gap_of(gap) for gap in estate.gaps if _concerns(gap)),
        interrupted=estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def _concerns(gap: facts.Gap) -> bool:
    return gap.fact is None or gap.fact in scope.SCOPE_FACTS


def _answer(subject: machine.Machine, answers: Sequence[scope.ScheduleAnswer], exit_code: int) -> str:
    looked_at = count(len(answers), "schedule")
    reached = [answer.name for answer in answers if answer.is_patched_by]
    if reached:
        of = f" of {looked_at}" if len(answers) > 1 else ""
        more = f" and {len(reached) - 3} more" if len(reached) > 3 else ""
        return f"{subject.name} is in scope of {', '.join(reached[:3])}{more}" + (
            f" ({len(reached)}{of})" if of else ""
        )
    doubtful = [answer.name for answer in answers if answer.is_unknown and answer.state is scope.ScopeState.IN]
    if doubtful:
        names = ", ".join(doubtful[:3])
        return f"{subject.name} is in scope of {names}, but whether that patches guests is not known"
    if exit_code not in (0, 1):
        return f"whether {subject.name} is in scope of a schedule is not known"
    if not answers:
        return f"{subject.name} is in scope of no schedule: its subscription has none"
    useless = [answer.name for answer in answers if answer.state is scope.ScopeState.IN]
    if useless:
        return f"{subject.name} is in scope of no schedule that patches guests, only of {', '.join(useless[:3])}"
    near = [answer.name for answer in answers if answer.is_near]
    missed = (
        f"; {', '.join(near[:3])} {'misses' if len(near) == 1 else 'miss'} it by the case of letters" if near else ""
    )
    if len(answers) == 1:
        return f"{subject.name} is not in scope of {answers[0].name}" + (", by the case of letters" if near else "")
    return f"{subject.name} is in scope of none of {looked_at}{missed}"


def _schedule(answer: scope.ScheduleAnswer) -> Schedule:
    return Schedule(
        resource_id=answer.configuration_id,
        name=answer.name,
        state=answer.state.value,
        patches_guests=answer.patches_guests,
        said=answer.said,
        unusable=answer.unusable,
        assignments=tuple(map(_assignment, answer.answers)),
        assignments_elsewhere=answer.elsewhere,
    )


def _assignment(answer: scope.ScopeAnswer) -> Assignment:
    return Assignment(
        resource_id=answer.assignment.id,
        name=answer.assignment.name,
        kind="dynamic" if answer.assignment.is_dynamic else "static",
        reaches=answer.is_in,
        near=answer.is_near,
        clauses=tuple(msgspec.convert(clause, Clause, from_attributes=True) for clause in answer.clauses),
    )
