"""`aumdoctor checks list` and `aumdoctor checks show`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from aumdoctor.cli.choice import find_check, match_check, match_note
from aumdoctor.cli.streams import help_when_alone, out, width

Output = Annotated[Literal["table", "json"], typer.Option("--output", "-o", help="table, or json for a program.")]

app = typer.Typer(help="The known issues that a scan looks for.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def checks(context: typer.Context) -> None:
    """The known issues that a scan looks for."""
    help_when_alone(context)


@app.command("list")
def list_checks(output: Output = "table") -> None:
    """List every check."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.report import explanation

    if output == "json":
        out(explanation.checks_as_json(CHECKS))
        return
    out(explanation.list_of(CHECKS))


@app.command("show")
def show_check(
    check: Annotated[str, typer.Argument(metavar="ID", help="A check's id (AUM018) or name.")],
    output: Output = "table",
) -> None:
    """Show a check: what it sees, why it matters, how it is cured, what it reads. A note is shown as well."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.report import explanation

    note = match_note(check) if match_check(check, CHECKS) is None else None
    if note is not None:
        out(explanation.note_as_json(note) if output == "json" else explanation.of_note(note, width()))
        return
    found = find_check(check, CHECKS)
    if output == "json":
        out(explanation.checks_as_json((found,)))
        return
    out(explanation.of_check(found, CHECKS, width()))
