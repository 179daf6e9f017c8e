"""The command line as a whole: its commands, and the one place where errors are printed."""

from __future__ import annotations

import errno
import functools
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from aumdoctor import __version__
from aumdoctor.cli import (
    apply,
    checks,
    demo,
    exit_codes,
    explain,
    forecast,
    gate,
    guest,
    permissions,
    plan,
    probe,
    remediate,
    runs,
    scan,
    scope,
    undo,
    why,
    windows,
)
from aumdoctor.cli.light import LightCommand, LightGroup
from aumdoctor.cli.streams import err, help_when_alone, out, unwritable
from aumdoctor.errors import AumDoctorError
from aumdoctor.report.text import printable

app = typer.Typer(
    name="aumdoctor",
    help="The doctor for Azure Update Manager: why is this machine not patched, and what cures it.",
    cls=LightGroup,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        out(f"aumdoctor {__version__}\n")
        raise typer.Exit


@app.callback()
def aumdoctor(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """The doctor for Azure Update Manager: why is this machine not patched, and what cures it."""
    help_when_alone(context)


app.command("scan")(scan.scan)
app.command("why")(why.why)
app.command("scope")(scope.scope)
app.command("windows")(windows.windows)
app.command("forecast")(forecast.forecast)
app.command("gate")(gate.gate)
app.command("runs")(runs.runs)
app.command("plan")(plan.plan)
app.command("apply")(apply.apply)
app.command("undo")(undo.undo)
app.command("remediate")(remediate.remediate)
app.command("guest")(guest.guest)
app.command("probe")(probe.probe)
app.command("permissions")(permissions.permissions)
# Negative numbers (-2145107924) are error codes here, not options.
app.command(
    "explain",
    cls=LightCommand,
    options_metavar="ID|CODE|TEXT",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(explain.explain)
app.add_typer(checks.app, name="checks")
app.add_typer(demo.app, name="demo")


@functools.cache
def _command() -> typer.core.TyperGroup:
    """The commands with their options; to make them takes longer than to call one."""
    return get_command(app)  # type: ignore[return-value]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (by default the process's own) and answer its exit code. Every error becomes a message."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = _command()(args=list(arguments), prog_name="aumdoctor", standalone_mode=False)
    except AumDoctorError as error:
        _print_error(arguments, error.message, error.advice)
        return error.exit_code
    except typer.Abort:
        return exit_codes.INTERRUPTED
    except TyperException as error:
        told = error.format_message() if hasattr(error, "format_message") else str(error)
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "aumdoctor"
        _print_error(arguments, told.replace("Value error, ", ""), f"{command} --help shows what there is")
        return exit_codes.USAGE
    except KeyboardInterrupt:
        _print_error(arguments, "interrupted", None)
        return exit_codes.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: a person gets a sentence, not a traceback
        # Reports and estates say themselves where they cannot be written: this is help, which Typer writes.
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            full = unwritable(os.strerror(errno.ENOSPC))
            _print_error(arguments, full.message, full.advice)
            return full.exit_code
        _print_error(
            arguments,
            f"aumdoctor failed in a way it should not: {type(error).__name__}: {error}",
            "run it again with --debug and report what it shows",
        )
        return exit_codes.UNREAD
    return code if isinstance(code, int) else exit_codes.HEALTHY


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding cannot show is shown escaped; it never ends the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


def _print_error(arguments: Sequence[str], message: str, advice: str | None) -> None:
    if "--debug" in arguments or os.environ.get("AUMDOCTOR_DEBUG"):
        import traceback

        err(traceback.format_exc().rstrip())
    err(f"error: {printable(message)}")
    if advice:
        err(f"next step: {printable(advice)}")
