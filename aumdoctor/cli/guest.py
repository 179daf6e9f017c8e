"""`aumdoctor guest`: what artefacts of machines show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import options
from aumdoctor.errors import UsageError

if TYPE_CHECKING:
    from aumdoctor.diagnosis.examine import Examination
    from aumdoctor.model.guest import Case
    from aumdoctor.model.machine import Machine


def guest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders or archives from a machine. NAME=PATH says from which.",
        ),
    ],
    machine: Annotated[
        str | None,
        typer.Option("--machine", metavar="ID|NAME", help="Which machine of the estate they come from; needs --from."),
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A saved estate (scan --save), to judge both sides together."),
    ] = None,
    output: options.Output = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show all evidence, every differential, the scripts and the files.")
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Judge what was taken from inside machines: logs, event logs, status files, outputs of commands.

    Reads files only, and asks neither Azure nor the machine. Ends with 0: nothing that was read shows a known issue; 1:
    one is confirmed or likely, or the estate shows one; 2: wrong usage; 3: something could not be read or decided, or
    does not fit the estate.
    """
    from aumdoctor.cli import outputs
    from aumdoctor.diagnosis.guest import diagnose
    from aumdoctor.guest.collecting import read_case
    from aumdoctor.guest.issues.registry import ISSUES
    from aumdoctor.guest.judging import judge
    from aumdoctor.report import guest_table, json
    from aumdoctor.report.guest import guests_of

    destinations = outputs.parse(output or ["table"])
    if machine is not None and from_ is None:
        raise UsageError("--machine needs --from", advice="save an estate with: aumdoctor scan --save estate.json")
    examination = _examined(from_) if from_ is not None else None
    case = read_case(paths)
    verdicts = judge(case)
    diagnoses = diagnose(case, verdicts, examination, _named(case, examination, machine))
    report = guests_of(diagnoses, case.sources, ISSUES, generated_at=datetime.now(UTC))

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [guest_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=False)
    raise typer.Exit(report.exit_code)


def _examined(file: Path) -> Examination:
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.store import estates

    estate = estates.load(file)
    return examine(estate, CHECKS, estate.collected_at)


def _named(case: Case, examination: Examination | None, machine: str | None) -> dict[str, Machine]:
    from aumdoctor.cli.naming import the_machine

    if machine is None or examination is None:
        return {}
    names: Sequence[str] = [host.name for host in case.hosts]
    if len(names) > 1:
        raise UsageError(
            f"--machine names one machine, but the files come from {len(names)}: {', '.join(map(repr, names))}",
            advice="leave it out (machines are found by their names), or give the files of one machine",
        )
    return {name: the_machine(examination.estate, machine) for name in names}
