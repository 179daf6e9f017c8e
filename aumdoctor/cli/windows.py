"""`aumdoctor windows`: the coming patch windows of all subscriptions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from aumdoctor.cli import exit_codes, options
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError
from aumdoctor.model import ids

FORMATS = ("table", "json", "ics")
_LONGEST = timedelta(days=400)


@reads_azure()
def windows(
    within: Annotated[
        str, typer.Option("--within", metavar="SPAN", help="Windows that begin within it: 24h, 7d, 90d.")
    ] = "7d",
    schedule: options.Schedules = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", "-o", metavar="FORMAT[=FILE]", help="table (the default), json or ics; may be repeated."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the machines that are not ready.")] = False,
    *,
    reach: Reach,
) -> None:
    """List the coming patch windows in UTC and local time: who is in scope, who is ready, and what conflicts.

    Reads only. Machines are judged by how they stand now. Ends with 0: all was seen; 2: wrong usage; 3: something could
    not be read; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.cli.naming import the_configurations
    from aumdoctor.diagnosis.chain import Chains
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.diagnosis.forecast import Outlook, forecast
    from aumdoctor.report import ics, json, windows_table
    from aumdoctor.report.windows import windows_of
    from aumdoctor.schedule.calendar import meetings, readable_timetable, unreadable, windows_between
    from aumdoctor.schedule.scope import SCOPE_FACTS

    destinations = outputs.parse(output or ["table"], FORMATS)
    reaching = options.span(within, "--within")
    if not timedelta(0) < reaching <= _LONGEST:
        raise UsageError(f"--within {within}: not between a second and {_LONGEST.days} days", advice="give 7d")
    estate = reach.aged(reach.estate(CHECKS))
    now = estate.collected_at
    chains = Chains(examine(estate, CHECKS, now), CHECKS)
    context = chains.context
    configurations = context.guest_configurations
    if schedule:
        wanted = {ids.key(found.id) for found in the_configurations(estate, schedule)}
        configurations = tuple(each for each in configurations if ids.key(each.id) in wanted)
    coming = windows_between(configurations, context.machines_by_configuration, now, now + reaching)
    machines = {machine.key: machine for window in coming for machine in window.machines}
    forecasts = {found.machine.key: found for found in forecast(chains, machines.values())}
    keys = {ids.key(each.id) for each in configurations}
    met = [
        meeting
        for meeting in meetings(context.attachments, now, now + reaching)
        if not keys.isdisjoint((ids.key(meeting.conflict.first.id), ids.key(meeting.conflict.second.id)))
    ]
    faults = [(each, str(fault)) for each in configurations if (fault := unreadable(each)) is not None]
    over = [
        each
        for each in configurations
        if (times := readable_timetable(each)) is not None and times.next(now) is None and times.open_at(now) is None
    ]
    code = exit_codes.INTERRUPTED if estate.interrupted else exit_codes.HEALTHY
    unseen = [
        fact
        for subscription in estate.subscriptions
        for fact in SCOPE_FACTS
        if not estate.reading(fact, ids.subscription_scope(subscription.id)).is_known
    ]
    dark = any(found.outlook is Outlook.UNKNOWN for found in forecasts.values())
    if not estate.interrupted and (estate.gaps or faults or unseen or dark):
        code = exit_codes.UNREAD
    report = windows_of(
        coming,
        forecasts,
        met,
        faults,
        over,
        estate,
        until=now + reaching,
        generated_at=reach.now,
        exit_code=code,
    )

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        if format == "ics":
            return [ics.render(report)]
        return [windows_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)
