"""`aumdoctor gate`: may the coming patch windows go ahead?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aumdoctor.cli import exit_codes, options
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.model.finding import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from aumdoctor.diagnosis.gate import GateVerdict, Tolerance
    from aumdoctor.model.estate import Estate
    from aumdoctor.model.machine import Machine
    from aumdoctor.model.maintenance import MaintenanceConfiguration
    from aumdoctor.report.gate import Cancelled
    from aumdoctor.schedule.calendar import PatchWindow

LONGEST = timedelta(days=400)
FORMATS = ("table", "json", "junit", "github", "azdo")
_SEVERITIES = {severity.label: severity for severity in Severity}


@reads_azure(without=("depth", "max_age"))
def gate(
    schedule: options.Schedules = None,
    within: Annotated[
        str | None, typer.Option("--within", metavar="SPAN", help="Windows that begin within it: 4h, 90m, 2d.")
    ] = None,
    machine: Annotated[
        list[str] | None,
        typer.Option("--machine", metavar="ID|NAME", help="Only the next windows of this machine; may be repeated."),
    ] = None,
    fail_on: Annotated[
        Literal["info", "low", "medium", "high", "critical", "never"],
        typer.Option("--fail-on", help="Findings from which on a machine counts as blocked."),
    ] = "high",
    max_blocked: Annotated[
        str, typer.Option("--max-blocked", metavar="N|P%", help="Blocked machines of a window to pass over.")
    ] = "0",
    max_unknown: Annotated[
        str, typer.Option("--max-unknown", metavar="N|P%", help="The same of machines that something is not known of.")
    ] = "0",
    require_fresh: Annotated[
        str, typer.Option("--require-fresh", metavar="AGE", help="What was read longer ago is unknown.")
    ] = "15m",
    warn_from: Annotated[
        str, typer.Option("--warn-from", metavar="SPAN", help="Before a window: obstacles warn from then on.")
    ] = "72h",
    fail_from: Annotated[
        str, typer.Option("--fail-from", metavar="SPAN", help="Before a window: obstacles count from then on.")
    ] = "4h",
    power_from: Annotated[
        str, typer.Option("--power-from", metavar="SPAN", help="Before a window: being off counts from then on.")
    ] = "60m",
    cancel_run: Annotated[
        bool,
        typer.Option("--cancel-run", help="On no-go, cancel the coming run (needs a pre-event; T-40 to T-10 min)."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Cancel without asking.")] = False,
    journal: options.Journal = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            help="table (the default), json, junit, github or azdo; may be repeated.",
        ),
    ] = None,
    verbose: options.Verbose = False,
    *,
    reach: Reach,
) -> None:
    """Say whether the coming patch windows may go ahead, what stands in the way, and until when it can be cured.

    Machines of the windows are read again from Azure Resource Manager. Reads only, but for --cancel-run, which is
    confirmed and recorded in a journal, and does not change the exit code. Ends with 0: go; 1: no-go; 2: wrong usage;
    3: it cannot be told; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.diagnosis.chain import Chains
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.diagnosis.gate import GateRules, judge_windows
    from aumdoctor.report import json
    from aumdoctor.report.gate import gate_of

    if not (schedule or within or machine):
        raise UsageError(
            "it was not said which windows to judge",
            advice="give --schedule NAME, --within 4h or --machine NAME",
        )
    destinations = outputs.parse(output or ["table"], FORMATS)
    if yes and not cancel_run:
        raise UsageError("--yes confirms --cancel-run, which was not given", advice="leave it out")
    if cancel_run:
        # A run is cancelled for all machines of its schedule; a verdict on some of them is no reason for that.
        if machine or reach.resource_groups:
            raise UsageError(
                "--cancel-run cancels the run for all machines of the schedule: it takes no verdict on some of them",
                advice="leave --machine and --resource-group out, also in aumdoctor.toml and AUMDOCTOR_* variables",
            )
        if reach.is_demo:
            raise UsageError(
                "--cancel-run cancels nothing with --demo: the demo Azure ends with the reading",
                advice="run aumdoctor demo serve, and point the gate at it",
            )
    rules = GateRules(
        fail_on=None if fail_on == "never" else _SEVERITIES[fail_on],
        tolerance=_tolerance(max_blocked, "--max-blocked"),
        unknown_tolerance=_tolerance(max_unknown, "--max-unknown"),
        warn_from=options.span(warn_from, "--warn-from"),
        fail_from=options.span(fail_from, "--fail-from"),
        power_from=options.span(power_from, "--power-from"),
    )
    if not rules.warn_from >= rules.fail_from >= rules.power_from:
        raise UsageError(
            "--warn-from, --fail-from and --power-from are out of order",
            advice="obstacles warn before they count, and a machine may be off until later: 72h, 4h, 60m",
        )
    reaching = options.span(within, "--within") if within is not None else None
    if reaching is not None and not timedelta(0) < reaching <= LONGEST:
        raise UsageError(f"--within {within}: not between a second and {LONGEST.days} days", advice="give 4h")
    fresh = options.span(require_fresh, "--require-fresh")
    if not fresh:
        raise UsageError(f"--require-fresh {require_fresh}: nothing is as fresh as that", advice="give 15m")

    def in_windows(estate: Estate) -> Iterable[str]:
        chosen = _windows(estate, schedule or (), machine or (), reaching, estate.collected_at, alone=cancel_run)
        return dict.fromkeys(found.id for window in chosen.windows for found in window.machines)

    estate = reach.estate(
        CHECKS,
        machines=machine or (),
        depth="chosen",
        suspects=in_windows,
        only_live=("cancel_run",),
    )
    now = estate.collected_at
    if reach.is_saved and reach.now - now > fresh:
        reach.note(f"the saved estate is older than --require-fresh {require_fresh}: give a longer one to judge it")
    aged = estate.older_than(fresh, reach.now)
    chosen = _windows(aged, schedule or (), machine or (), reaching, now, alone=cancel_run)
    examination = examine(aged, CHECKS, now)
    verdict = judge_windows(
        Chains(examination, CHECKS),
        chosen.windows,
        rules,
        unreadable=chosen.unreadable,
        without_window=chosen.without_window,
        unscheduled=chosen.unscheduled,
        of_everything=not (schedule or machine),
    )
    code = _exit_code(verdict, estate)
    cancelled: tuple[Cancelled, ...] = ()
    if cancel_run and not estate.interrupted:
        from aumdoctor.cli.cancel import cancel_runs

        cancelled = cancel_runs(reach, verdict, yes=yes, journal=journal)
    report = gate_of(verdict, estate, generated_at=reach.now, exit_code=code, cancelled=cancelled)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        from aumdoctor.report import azdo, gate_table, github, junit

        if format == "json":
            return json.pieces(report)
        if format == "junit":
            return [junit.render(report)]
        if format == "github":
            return [github.render(report)]
        if format == "azdo":
            return [azdo.render(report)]
        return [gate_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)


class _Chosen:
    """The windows that a gate is asked about, and the schedules that have none that can be told."""

    def __init__(self) -> None:
        self.windows: list[PatchWindow] = []
        self.unreadable: list[tuple[MaintenanceConfiguration, str]] = []
        self.without_window: list[MaintenanceConfiguration] = []
        self.unscheduled: list[Machine] = []


def _windows(
    estate: Estate,
    schedules: Sequence[str],
    machines: Sequence[str],
    within: timedelta | None,
    now: datetime,
    *,
    alone: bool,
) -> _Chosen:
    """The open and the coming windows that are asked about: of the schedules named, else of those of the machines
    named, else of all; those that begin within a span, or else the next of each."""
    from aumdoctor.checks.context import Context
    from aumdoctor.cli.naming import the_configurations, the_machine
    from aumdoctor.schedule.calendar import next_window, unreadable, windows_between

    context = Context(estate, now)
    named = [the_machine(estate, name) for name in machines]
    configurations: tuple[MaintenanceConfiguration, ...] = context.guest_configurations
    if named:
        reaching = {ids.key(each.id) for found in named for each in context.configurations_of(found)}
        configurations = tuple(each for each in configurations if ids.key(each.id) in reaching)
    if schedules:
        wanted = {ids.key(each.id) for each in the_configurations(estate, schedules, alone=alone)}
        configurations = tuple(each for each in estate.configurations if ids.key(each.id) in wanted)
        _require_guest_patching(configurations)
    reached: dict[str, list[Machine]] = context.machines_by_configuration
    if named:
        keys = {found.key for found in named}
        reached = {name: [each for each in found if each.key in keys] for name, found in reached.items()}
    chosen = _Chosen()
    in_question = {ids.key(each.id) for each in configurations}
    chosen.unscheduled = [
        found
        for found in named
        if in_question.isdisjoint(ids.key(each.id) for each in context.configurations_of(found))
    ]
    until = now + within if within is not None else None
    for configuration in configurations:
        attached = reached.get(configuration.id, [])
        fault = unreadable(configuration)
        if fault is not None:
            # A schedule that nobody named and that reaches no machine is not worth a verdict.
            if schedules or attached or named:
                chosen.unreadable.append((configuration, str(fault)))
            continue
        found = list(windows_between((configuration,), reached, now, until or now))
        if until is not None:
            found = [window for window in found if not window.has_begun(now)]
        if until is None and not found:
            coming = next_window((configuration,), now, attached)
            found = [coming] if coming is not None else []
        if not found and next_window((configuration,), now) is None and (schedules or named):
            chosen.without_window.append(configuration)
        if schedules or named:
            chosen.windows += found
        else:
            chosen.windows += [window for window in found if window.machines]
    if named and not schedules and (chosen.windows or len(chosen.without_window) < len(configurations)):
        # An old schedule beside one that goes on does the machine no harm.
        chosen.without_window.clear()
    chosen.windows.sort(key=lambda window: (window.occurrence.starts_at, window.configuration.id.lower()))
    return chosen


def _require_guest_patching(configurations: Sequence[MaintenanceConfiguration]) -> None:
    for configuration in configurations:
        if configuration.exists and not configuration.is_guest_patching:
            raise UsageError(
                f"{configuration.name} does not patch guests: its maintenanceScope is "
                f"{configuration.maintenance_scope or 'not known'}",
                advice="name a maintenance configuration whose scope is InGuestPatch",
            )


def _tolerance(text: str, option: str) -> Tolerance:
    from aumdoctor.diagnosis.gate import Tolerance

    number = text.strip().removesuffix("%").strip()
    is_percent = text.strip().endswith("%")
    is_number = re.fullmatch(r"\d{1,9}(\.\d{1,6})?" if is_percent else r"\d{1,9}", number) is not None
    value = float(number) if is_number else -1.0
    if value < 0 or (is_percent and value > 100):
        raise UsageError(f"{option} {text}: not a number of machines or a share", advice="give 5 or 10%")
    return Tolerance(percent=value) if is_percent else Tolerance(count=int(value))


def _exit_code(verdict: GateVerdict, estate: Estate) -> int:
    from aumdoctor.diagnosis.gate import Go

    if estate.interrupted:
        return exit_codes.INTERRUPTED
    return {Go.GO: exit_codes.HEALTHY, Go.NO_GO: exit_codes.FINDINGS, Go.UNKNOWN: exit_codes.UNREAD}[verdict.verdict]
