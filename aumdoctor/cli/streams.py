"""Writing to standard output and standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

import typer

from aumdoctor.errors import UsageError

_WIDEST = 120


def out(text: str) -> None:
    """Write to standard output."""
    out_pieces((text,))


def out_pieces(pieces: Iterable[str]) -> None:
    """Write piece by piece to standard output. A reader that has gone (`| head`) is no error: the rest is dropped.

    Raises UsageError where standard output is closed, or what is behind it takes nothing more (a full disk).
    """
    # Python has no standard output at all where the shell closed it (`>&-`).
    if sys.stdout is None:
        raise unwritable("it is closed")
    try:
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_the_rest()
    except OSError as error:
        _drop_the_rest()
        raise unwritable(error.strerror or str(error)) from error


def _drop_the_rest() -> None:
    """Python flushes standard output once more at its end; let it do so into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unwritable(why: str) -> UsageError:
    """The error for a standard output that does not take what is written to it."""
    return UsageError(
        f"cannot write to standard output: {why}", advice="send it to a file or program that can take it all"
    )


def err(text: str) -> None:
    """Write a line to standard error, if there is one."""
    if sys.stderr is None:
        return
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def help_when_alone(context: typer.Context) -> None:
    """For a group of commands that was called without one: show its help and end with the code for wrong usage."""
    if context.invoked_subcommand is None:
        out(context.get_help() + "\n")
        raise typer.Exit(2)


def width() -> int:
    """The columns to write in: the terminal's (or COLUMNS), 80 where there is none, never more than one reads well."""
    return max(40, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is likely to be looking: a terminal that can move its cursor. A closed stream is none."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_color(stream: TextIO | None) -> bool:
    """Whether to colour what goes to a stream: a terminal, unless NO_COLOR (https://no-color.org) is set."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")
