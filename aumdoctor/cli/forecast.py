"""`aumdoctor forecast`: will machines be patched in their next windows?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import exit_codes, options
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError
from aumdoctor.model import ids

if TYPE_CHECKING:
    from aumdoctor.diagnosis.forecast import Forecast
    from aumdoctor.model.estate import Estate


@reads_azure()
def forecast(
    machine: Annotated[
        list[str] | None, typer.Argument(metavar="[MACHINE]...", help="Resource ids or names; none: all in scope.")
    ] = None,
    schedule: options.Schedules = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Windows from then on: 2026-12-01T22:00Z (default: now).",
        ),
    ] = None,
    output: options.Output = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the chain of every machine.")] = False,
    *,
    reach: Reach,
) -> None:
    """Say of machines whether their next window will patch them, and if not, which link of the chain breaks first.

    Reads only. The state of machines is the one of now, whatever --at says. Ends with 0: all will be patched, or no
    schedule is meant to; 1: some will not; 2: wrong usage; 3: it cannot be told; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.cli.naming import the_configurations, the_machine
    from aumdoctor.diagnosis import forecast as forecasting
    from aumdoctor.diagnosis.chain import Chains
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.report import forecast_table, json
    from aumdoctor.report.forecast import forecasts_of

    destinations = outputs.parse(output or ["table"])
    wanted_at = _moment(at) if at is not None else None
    estate = reach.aged(reach.estate(CHECKS, machines=machine or ()))
    if wanted_at is not None and wanted_at < estate.collected_at:
        raise UsageError(f"--at {at}: that is past; the estate is of {estate.collected_at:%Y-%m-%d %H:%M} UTC")
    machines = [the_machine(estate, name) for name in machine] if machine else list(estate.machines)
    keys = {ids.key(found.id) for found in the_configurations(estate, schedule)} if schedule else None
    chains = Chains(examine(estate, CHECKS, estate.collected_at), CHECKS)
    found = forecasting.forecast(chains, machines, at=wanted_at, configurations=keys)
    code = _exit_code(found, estate)
    if schedule and not found and code == exit_codes.HEALTHY:
        reach.note("no machine was seen in the scope of the schedule: its machines may lie in other subscriptions")
        code = exit_codes.UNREAD
    report = forecasts_of(found, estate, at=wanted_at or estate.collected_at, generated_at=reach.now, exit_code=code)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [forecast_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)


def _moment(text: str) -> datetime:
    """A time with its offset from UTC; one without is taken as UTC. Raises UsageError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"--at {text}: not a time", advice="give it as 2026-12-01T22:00Z") from error
    try:
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise UsageError(f"--at {text}: too far away", advice="give it as 2026-12-01T22:00Z") from error


def _exit_code(found: Iterable[Forecast], estate: Estate) -> int:
    from aumdoctor.diagnosis.forecast import Outlook

    outlooks = {each.outlook for each in found}
    if estate.interrupted:
        return exit_codes.INTERRUPTED
    if Outlook.WILL_NOT in outlooks:
        return exit_codes.FINDINGS
    if Outlook.UNKNOWN in outlooks or estate.gaps:
        return exit_codes.UNREAD
    return exit_codes.HEALTHY
