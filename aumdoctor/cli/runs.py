"""`aumdoctor runs`: what became of the patch windows of the past, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import options
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError

if TYPE_CHECKING:
    from aumdoctor.diagnosis.postmortem import PostMortem
    from aumdoctor.model.estate import Estate


@reads_azure()
def runs(
    last: Annotated[
        str, typer.Option("--last", metavar="SPAN", help="Windows that began within it; Azure keeps 30d.")
    ] = "7d",
    schedule: options.Schedules = None,
    machine: options.Machines = None,
    failed: Annotated[bool, typer.Option("--failed", help="Leave out what went well.")] = False,
    output: options.Output = None,
    verbose: options.Verbose = False,
    *,
    reach: Reach,
) -> None:
    """Say what became of the last patch windows: who was patched, who was not, why, and what to do before the next.

    Reads only. Ends with 0: every machine was patched or had nothing to do; 1: something failed or is missing; 2: wrong
    usage; 3: nothing failed that was seen, and something is not known or not over yet; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.cli.naming import the_machine
    from aumdoctor.diagnosis.chain import Chains
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.diagnosis.postmortem import post_mortem
    from aumdoctor.model.facts import Fact
    from aumdoctor.report import json, runs_table
    from aumdoctor.report.runs import runs_of

    history = _history(last)
    destinations = outputs.parse(output or ["table"])
    estate = reach.aged(
        reach.estate(
            CHECKS,
            facts=(
                *(Fact.RUN_HISTORY, Fact.INSTALLATION_HISTORY, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS),
                *(Fact.EVENT_SUBSCRIPTIONS, Fact.MAINTENANCE_CHANGES, Fact.ACTIVITY_LOG),
            ),
            machines=machine or (),
            history=history,
        )
    )
    if reach.is_saved and not _has_history(estate):
        reach.note("the saved estate does not hold the history of runs: of each machine only the newest run is known")
    now = estate.collected_at
    chosen = _chosen(estate, schedule) if schedule else None
    only = {the_machine(estate, name).key for name in machine} if machine else None
    found = post_mortem(
        Chains(examine(estate, CHECKS, now), CHECKS), now - history, configurations=chosen, machines=only
    )
    code = _exit_code(found, estate)
    report = runs_of(found, estate, generated_at=reach.now, exit_code=code, failed_only=failed)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [runs_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)


def _history(last: str) -> timedelta:
    """The span of --last. Raises UsageError for one that reaches further back than Azure does."""
    from aumdoctor.diagnosis.postmortem import KEPT

    span = options.span(last, "--last")
    if span > KEPT:
        raise UsageError(
            f"--last {last}: Azure keeps runs and installations for {KEPT.days} days", advice=f"use --last {KEPT.days}d"
        )
    if not span:
        raise UsageError(f"--last {last}: that is no time at all", advice="give a span like 24h or 7d")
    return span


def _has_history(estate: Estate) -> bool:
    """Whether the runs of a span of time were read of any subscription."""
    from aumdoctor.model import ids
    from aumdoctor.model.facts import Fact

    scopes = (ids.subscription_scope(each.id) for each in estate.subscriptions)
    return any(estate.reading(Fact.RUN_HISTORY, scope).is_known for scope in scopes)


def _chosen(estate: Estate, schedules: Sequence[str]) -> tuple[str, ...]:
    """The keys of the schedules that are named. Raises UsageError for one that does not patch guests."""
    from aumdoctor.cli.naming import the_configurations
    from aumdoctor.model import ids

    found = the_configurations(estate, schedules)
    for each in found:
        if each.exists and not each.is_guest_patching:
            raise UsageError(
                f"{each.name} does not patch guests: its maintenanceScope is {each.maintenance_scope or 'not known'}",
                advice="name a maintenance configuration whose scope is InGuestPatch",
            )
    return tuple(ids.key(each.id) for each in found)


def _exit_code(found: PostMortem, estate: Estate) -> int:
    from aumdoctor.cli import exit_codes
    from aumdoctor.diagnosis.postmortem import Verdict

    if estate.interrupted:
        return exit_codes.INTERRUPTED
    return {
        Verdict.PATCHED: exit_codes.HEALTHY,
        Verdict.FAILED: exit_codes.FINDINGS,
        Verdict.UNKNOWN: exit_codes.UNREAD,
    }[found.verdict]
