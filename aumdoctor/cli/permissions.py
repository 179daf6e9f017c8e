"""`aumdoctor permissions`: the rights that a task takes, as a custom role, and whether the caller has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError

if TYPE_CHECKING:
    from aumdoctor.model.estate import Estate
    from aumdoctor.report.permissions import Held

FORMATS = ("table", "json", "role")


@reads_azure(depth="quick", without=("depth", "max_age"))
def permissions(
    task: Annotated[
        Literal["scan", "gate", "remediate"],
        typer.Option("--for", help="What is to be done; remediate: a scan, and the calls of every safe remedy."),
    ] = "scan",
    remedy: Annotated[
        list[str] | None,
        typer.Option("--remedy", metavar="NAME", help="This remedy, too (or cancel-run); may be repeated."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with what the sign-in has; needs a scope, and reads Azure.")
    ] = False,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            help="table (the default), json, or role (for az role definition create); may be repeated.",
        ),
    ] = None,
    *,
    reach: Reach,
) -> None:
    """List the least rights that aumdoctor takes for a task, and write the custom role that has just these.

    Computed from what the checks read and the calls that remedies make; offline without --check. With it, the rights
    on each subscription as a whole are asked for: what is granted further down does not show, and deny assignments are
    not looked at. Reads only. Ends with 0: nothing is missing, or nothing was compared; 1: something is missing;
    2: wrong usage; 3: it cannot be told; 130: interrupted.
    """
    from aumdoctor.cli import outputs
    from aumdoctor.model.facts import Fact
    from aumdoctor.report import json
    from aumdoctor.report.permissions import (
        actions_of,
        assignable_scopes,
        compare,
        permissions_of,
        purposes_of,
        role_text,
    )

    destinations = outputs.parse(output or ["table"], FORMATS, json="role")
    remedies = _remedies(remedy or ())
    if not check and (reach.is_demo or reach.is_saved):
        raise UsageError("--demo and --from are for comparing, which --check asks for", advice="add --check")
    asked = _scope_options(reach)
    groups: Sequence[str] = asked["management_group"] or ()
    if len(groups) > 1 and any(each.format == "role" for each in destinations):
        raise UsageError(
            "Azure takes one management group in the AssignableScopes of a role, not several",
            advice="write one role for each group, or one for a group above them",
        )
    purposes = purposes_of(task, remedies, by_management_group=bool(groups))
    estate: Estate | None = None
    checked: tuple[Held, ...] | None = None
    subscriptions: Sequence[str] = asked["subscription"] or ()
    code = 0
    if check:
        estate = reach.estate(facts=(Fact.CALLER_PERMISSIONS, Fact.MACHINE))
        groups = estate.scope.management_groups
        # Subscriptions are named by name as well; what was read knows their ids.
        subscriptions = () if groups else [found.id for found in estate.subscriptions]
        checked = compare(estate, actions_of(purposes))
        code = _exit_code(checked, interrupted=estate.interrupted)
    scopes = assignable_scopes(subscriptions, groups)
    report = permissions_of(
        task,
        remedies,
        purposes,
        scopes,
        estate=estate,
        checked=checked,
        generated_at=reach.now,
        exit_code=code,
    )

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        if format == "role":
            return [role_text(report)]
        from aumdoctor.report import permissions_table

        return [permissions_table.render(report, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    if any(each.format == "role" for each in destinations) and any("<" in scope for scope in scopes):
        reach.note("fill in an id at <…> in AssignableScopes, or name the scope by its id: --subscription ID")
    raise typer.Exit(code)


def _scope_options(reach: Reach) -> dict[str, Any]:
    """The scope options as they were given, for a role's scopes can be named without reading Azure."""
    return reach._context.params


def _remedies(names: Sequence[str]) -> tuple[str, ...]:
    """The remedies that were named, each once. Raises UsageError for one that is not there or that makes no call."""
    from aumdoctor.knowledge.lookup import nearest
    from aumdoctor.remedies import rights
    from aumdoctor.remedies.catalogue import BY_NAME

    known = rights.acting()
    for name in names:
        if name in known:
            continue
        if name in BY_NAME:
            raise UsageError(
                f"--remedy {name}: it is advice for a person and makes no call, so that it takes no rights",
                advice="leave it out",
            )
        close = nearest(name, known, count=1)
        raise UsageError(
            f"--remedy {name}: there is no such remedy",
            advice=f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}",
        )
    return tuple(dict.fromkeys(names))


def _exit_code(checked: Sequence[Held], *, interrupted: bool) -> int:
    """Missing wins over unknown: it is certain. Where no subscription was compared at all, nothing is known."""
    from aumdoctor.cli import exit_codes

    if interrupted:
        return exit_codes.INTERRUPTED
    if any(held.missing for held in checked):
        return exit_codes.FINDINGS
    if any(held.unknown for held in checked) or all(held.state == "not-asked" for held in checked):
        return exit_codes.UNREAD
    return exit_codes.HEALTHY
