"""`aumdoctor scan`: read an estate, judge it, report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from aumdoctor.cli import options
from aumdoctor.cli.choice import choose, separated
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.model.finding import Severity

_SEVERITIES = {severity.label: severity for severity in Severity}


@reads_azure()
def scan(
    machine: options.Machines = None,
    tag: options.Tags = None,
    location: options.Locations = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save what was read (.zst: compressed).")
    ] = None,
    output: options.Output = None,
    verbose: options.Verbose = False,
    checks: options.Checks = None,
    skip_checks: options.SkipChecks = None,
    min_severity: Annotated[
        Literal["info", "low", "medium", "high", "critical"],
        typer.Option("--min-severity", help="Show nothing below it. Verdicts and the exit code do not change."),
    ] = "info",
    fail_on: Annotated[
        Literal["info", "low", "medium", "high", "critical", "never"],
        typer.Option("--fail-on", help="Exit with 1 if there is a finding at or above it."),
    ] = "high",
    *,
    reach: Reach,
) -> None:
    """Find out why machines are not patched by Azure Update Manager, and what cures it.

    Reads only; nothing in Azure is changed. Ends with 0: no finding at or above --fail-on; 1: there are; 2: wrong
    usage; 3: something in scope could not be read; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.cli.exit_codes import exit_code
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.report import json, table
    from aumdoctor.report.result import report_of
    from aumdoctor.store import estates

    chosen = choose(CHECKS, separated(checks), separated(skip_checks))
    destinations = outputs.parse(output or ["table"])
    estate = reach.estate(
        chosen,
        machines=machine or (),
        tags=[options.tag(text) for text in tag or ()],
        locations=location or (),
        only_live=("machine", "tag", "location", "save"),
    )
    if save is not None:
        estates.save(save, estate)
        reach.note(f"saved to {save}")
    estate = reach.aged(estate)
    examination = examine(estate, chosen, estate.collected_at)
    threshold = None if fail_on == "never" else _SEVERITIES[fail_on]
    code = exit_code(examination, threshold)
    report = report_of(
        examination,
        generated_at=reach.now,
        exit_code=code,
        fail_on=threshold,
        min_severity=_SEVERITIES[min_severity],
    )

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(code)
