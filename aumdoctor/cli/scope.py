"""`aumdoctor scope`: one machine, and for each schedule whether it is in scope and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import options
from aumdoctor.cli.naming import the_configurations, the_machine
from aumdoctor.cli.reach import Reach, reads_azure

if TYPE_CHECKING:
    from aumdoctor.model.estate import Estate
    from aumdoctor.model.machine import Machine
    from aumdoctor.schedule.scope import ScheduleAnswer


@reads_azure(depth="full")
def scope(
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="Its full resource id, or its name.")],
    schedule: options.Schedules = None,
    output: options.Output = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every clause of every assignment, and the ids.")
    ] = False,
    *,
    reach: Reach,
) -> None:
    """Say of which schedules one machine is in scope, and clause by clause why it is out of the others.

    Reads only. A full resource id needs no subscription beside it. Ends with 0: it is in scope of a schedule that
    patches guests (of those named with --schedule); 1: of none; 2: wrong usage; 3: it cannot be told, because something
    could not be read; 130: interrupted.
    """
    from aumdoctor.cli import outputs
    from aumdoctor.report import json, scope_table
    from aumdoctor.report.scope import scopes_of
    from aumdoctor.schedule.scope import SCOPE_FACTS, schedule_answers

    destinations = outputs.parse(output or ["table"])
    # Tags that were just corrected may not be in Resource Graph yet: what ARM says of the machine counts.
    estate = reach.aged(reach.estate(facts=SCOPE_FACTS, machines=(machine,), suspects=_everyone))
    found = the_machine(estate, machine)
    answers = schedule_answers(estate, found, the_configurations(estate, schedule) if schedule else None)
    code = _exit_code(estate, found, answers, everything=not schedule)
    report = scopes_of(estate, found, answers, generated_at=reach.now, exit_code=code)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [scope_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)


def _everyone(estate: Estate) -> Iterable[str]:
    return (machine.id for machine in estate.machines)


def _exit_code(estate: Estate, machine: Machine, answers: Sequence[ScheduleAnswer], *, everything: bool) -> int:
    """Unknown only where no schedule is known to patch the machine. Where it was asked about every schedule, whatever
    the answer rests on has to be known; where some were named, what is known of them is enough."""
    from aumdoctor.cli import exit_codes
    from aumdoctor.schedule.scope import unread

    if estate.interrupted:
        return exit_codes.INTERRUPTED
    if any(answer.is_patched_by for answer in answers):
        return exit_codes.HEALTHY
    if any(answer.is_unknown for answer in answers) or (everything and unread(estate, machine)):
        return exit_codes.UNREAD
    return exit_codes.FINDINGS
