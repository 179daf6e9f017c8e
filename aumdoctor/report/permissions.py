"""The rights that a task takes, the role that has just these, and what the caller lacks of them.

The JSON contract of `aumdoctor permissions`. As with the report of a scan, what is here may be added to within a
`schema_version` 1.x and changes only with 2.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aumdoctor import __version__
from aumdoctor.checks.registry import CHECKS
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import READ_PERMISSIONS, Fact
from aumdoctor.model.permissions import Permissions
from aumdoctor.remedies import rights
from aumdoctor.report.result import Gap, Time, Tool, gap_of
from aumdoctor.report.text import printable

PERMISSIONS_SCHEMA_VERSION: Final = "1.0"

Task = Literal["scan", "gate", "remediate"]
_GROUPS = "/providers/Microsoft.Management/managementGroups"
_DESCENDANTS = "Microsoft.Management/managementGroups/descendants/read"
_SCOPE = ("Microsoft.Resources/subscriptions/read", "Microsoft.Resources/subscriptions/resourceGroups/read")

Action = Annotated[str, Meta(description="An action of Azure's access control.")]


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """What some actions are for."""

    kind: Annotated[
        Literal["scope", "fact", "remedy"],
        Meta(description="scope: to find out what there is to look at. fact: to read something. remedy: to change it."),
    ]
    name: Annotated[str, Meta(description="The fact or remedy, by its name.")]
    actions: tuple[Action, ...]


class RoleDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A custom role as `az role definition create --role-definition @FILE` takes it."""

    name: str
    description: str
    is_custom: bool
    actions: Annotated[
        tuple[str, ...],
        Meta(description="Those of `actions`, each as Azure takes it in a role: that is a wildcard for one of them."),
    ]
    not_actions: tuple[str, ...]
    assignable_scopes: Annotated[
        tuple[str, ...],
        Meta(description="One with <…> in it is a placeholder, which Azure refuses: fill in an id."),
    ]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller has of the actions in one subscription."""

    id: str
    name: Annotated[str, Meta(description="Its display name; empty where it could not be read.")]
    state: Annotated[
        Literal["complete", "missing", "unknown", "not-asked"],
        Meta(
            description="missing: at least these are. unknown: it could not be told. not-asked: no machine of it is in "
            "scope."
        ),
    ]
    missing: tuple[Action, ...]
    unknown: Annotated[tuple[Action, ...], Meta(description="Of these it could not be told.")]
    said: Annotated[str, Meta(description="Why it could not be told or was not asked; else empty.")]


class PermissionsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The rights that a task and some remedies take."""

    schema_version: Literal["1.0"]
    tool: Tool
    generated_at: Annotated[Time, Meta(description="When the report was written.")]
    collected_at: Annotated[Time | None, Meta(description="When the caller's rights were read; null without --check.")]
    task: Task
    remedies: Annotated[tuple[str, ...], Meta(description="The remedies whose calls are counted, by name.")]
    purposes: tuple[Purpose, ...]
    actions: Annotated[tuple[Action, ...], Meta(description="All of them, each once, in the order of the alphabet.")]
    role: RoleDefinition
    checked: Annotated[
        tuple[Held, ...] | None, Meta(description="What the caller has, by subscription; null without --check.")
    ]
    gaps: tuple[Gap, ...]
    interrupted: bool
    exit_code: Annotated[
        Literal[0, 1, 3, 130],
        Meta(description="0 nothing is missing, or nothing was compared; 1 missing; 3 could not be told; 130 stopped."),
    ]


def purposes_of(task: Task, remedies: Sequence[str] = (), *, by_management_group: bool = False) -> tuple[Purpose, ...]:
    """What a task reads and the calls that it may make.

    A scan and a gate read what the checks need or use. To remediate takes the management locks beside, since what is
    locked is not touched, and the calls of every remedy that is safe. `remedies` names further ones; raises KeyError
    for a name that nothing bears.
    """
    scope = (*_SCOPE, _DESCENDANTS) if by_management_group else _SCOPE
    read = {fact for check in CHECKS for fact in (*check.needs, *check.uses)}
    if task == "remediate":
        read.add(Fact.LOCKS)
    found = [Purpose(kind="scope", name="subscriptions-in-scope", actions=scope)]
    found += [Purpose(kind="fact", name=fact.value, actions=READ_PERMISSIONS[fact]) for fact in Fact if fact in read]
    safe = rights.safe() if task == "remediate" else ()
    for name in sorted({*safe, *remedies}):
        found.append(Purpose(kind="remedy", name=name, actions=rights.permissions_of_remedy(name)))
    return tuple(found)


def actions_of(purposes: Iterable[Purpose]) -> tuple[str, ...]:
    """All actions of some purposes, each once, in the order of the alphabet."""
    each = {action.lower(): action for purpose in purposes for action in purpose.actions}
    return tuple(each[lowered] for lowered in sorted(each))


def assignable_scopes(subscriptions: Sequence[str], management_groups: Sequence[str]) -> tuple[str, ...]:
    """Where a role may be given: the scopes that were named, and a placeholder in <…> for a subscription without an id
    (one that was named by name), or where nothing was named."""
    named = [f"{_GROUPS}/{ids.name_of(group)}" for group in management_groups]
    for subscription in subscriptions:
        plain = subscription.strip().removeprefix("/subscriptions/").strip("/")
        is_id = len(plain) == 36 and plain.count("-") == 4
        named.append(ids.subscription_scope(plain.lower() if is_id else f"<id of {printable(plain)}>"))
    return tuple(dict.fromkeys(named)) or (ids.subscription_scope("<subscription id>"),)


def compare(estate: Estate, actions: Sequence[str]) -> tuple[Held, ...]:
    """What the caller has of some actions in each subscription of an estate.

    Azure is asked for the rights on the subscription as a whole. Those that are granted on a resource group or a
    machine alone do not show there, so that where nothing at all is granted nothing can be told. Deny assignments are
    not looked at: what they take away counts as granted here. A read that was refused for want of a right proves that
    the right is missing, whatever else could be read.

    Rights on management groups are left out, for reading those in scope needed them before anything else.
    """
    wanted = [action for action in actions if not action.startswith("Microsoft.Management/")]
    held = {ids.key(found.scope): found for found in estate.permissions}
    populated = {machine.subscription_id for machine in estate.machines}
    answers = []
    for subscription in sorted(estate.subscriptions, key=lambda each: (each.name.lower(), each.id)):
        scope = ids.key(ids.subscription_scope(subscription.id))
        found = held.get(scope)
        reading = estate.reading(Fact.CALLER_PERMISSIONS, scope)
        refused = {(gap.missing_permission or "").lower() for gap in estate.gaps if ids.is_within(gap.scope, scope)} | {
            (reading.permission or "").lower()
        }
        missing = [action for action in wanted if action.lower() in refused]
        unknown: list[str] = []
        said = ""
        if reading.is_known and found is not None and found.grants:
            missing = [action for action in wanted if action in missing or not _is_granted(action, found)]
        elif reading.is_known and found is None and subscription.id.lower() not in populated:
            said = "no machine of it is in scope, so that its rights were not asked"
        else:
            unknown = [action for action in wanted if action not in missing]
            said = (
                "nothing is granted on the subscription as a whole: rights on resource groups or machines lie further "
                "down and do not show there"
                if reading.is_known
                else reading.reason or "the rights were not read"
            )
        state: Literal["complete", "missing", "unknown", "not-asked"] = "complete"
        if missing:
            state = "missing"
        elif unknown:
            state = "unknown"
        elif said:
            state = "not-asked"
        answers.append(
            Held(
                id=subscription.id,
                name=subscription.name,
                state=state,
                missing=tuple(missing),
                unknown=tuple(unknown),
                said=said,
            )
        )
    return tuple(answers)


def _is_granted(action: str, permissions: Permissions) -> bool:
    return any(permissions.allows(each) for each in rights.alternatives(action))


def permissions_of(
    task: Task,
    remedies: Sequence[str],
    purposes: tuple[Purpose, ...],
    scopes: tuple[str, ...],
    *,
    estate: Estate | None,
    checked: tuple[Held, ...] | None,
    generated_at: datetime,
    exit_code: int,
) -> PermissionsReport:
    """Put the report together. `estate` and `checked` are what was compared, None where nothing was."""
    actions = actions_of(purposes)
    calls = [*(["the safe remedies"] if task == "remediate" else []), *remedies]
    may = f"and make the calls of {', '.join(calls)}" if calls else "and change nothing"
    return PermissionsReport(
        schema_version=PERMISSIONS_SCHEMA_VERSION,
        tool=Tool(name="aumdoctor", version=__version__),
        generated_at=generated_at,
        collected_at=estate.collected_at if estate is not None else None,
        task=task,
        remedies=tuple(purpose.name for purpose in purposes if purpose.kind == "remedy"),
        purposes=purposes,
        actions=actions,
        role=RoleDefinition(
            name=f"aumdoctor {' '.join((task, *remedies))}",
            description=f"For aumdoctor {task}: may read what the checks look at, {may}.",
            is_custom=True,
            actions=rights.in_role(actions),
            not_actions=(),
            assignable_scopes=scopes,
        ),
        checked=checked,
        gaps=tuple(map(gap_of, estate.gaps)) if estate is not None else (),
        interrupted=estate is not None and estate.interrupted,
        exit_code=msgspec.convert(exit_code, Literal[0, 1, 3, 130]),
    )


def role_text(report: PermissionsReport) -> str:
    """The role definition alone, as indented JSON with a line break at its end."""
    return msgspec.json.format(msgspec.json.encode(report.role), indent=2).decode() + "\n"
