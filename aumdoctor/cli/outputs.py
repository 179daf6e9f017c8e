"""Where reports go: `-o table`, `-o json`, `-o json=FILE`, `-o FILE.json`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from aumdoctor.cli.streams import err, out_pieces, wants_color, width
from aumdoctor.errors import UsageError

FORMATS = ("table", "json")
"""What every command writes; some can do more."""

_WITH_LINE_ENDS_OF_ITS_OWN = frozenset({"ics", "bash"})


class Output(msgspec.Struct, frozen=True):
    """A format, and the file that it goes to (None: standard output)."""

    format: str
    file: Path | None = None


def parse(wanted: Sequence[str], formats: Sequence[str] = FORMATS, *, json: str = "json") -> tuple[Output, ...]:
    """The outputs that options name, each in one of some formats. A FILE.json alone is in the format `json`.

    Raises UsageError for an unknown format, for two on standard output, and for a file whose folder is not there:
    better before a long scan than after it.
    """
    outputs: list[Output] = []
    for text in wanted:
        named = text if "=" in text or not text.endswith(".json") else f"{json}={text}"
        name, separator, file = named.partition("=")
        if name not in formats or (separator and not file):
            raise UsageError(
                f"--output {text}: there is no such output", advice=f"use {' or '.join(formats)}, or FORMAT=FILE"
            )
        if file and not Path(file).absolute().parent.is_dir():
            raise UsageError(f"--output {text}: the folder is not there", advice="create it first")
        if file and Path(file).is_dir():
            raise UsageError(f"--output {text}: that is a folder", advice="name a file in it")
        if file and any(other.file == Path(file) for other in outputs):
            raise UsageError(f"--output {text}: another output goes to that file", advice="give it a file of its own")
        outputs.append(Output(name, Path(file) if file else None))
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError(
            "two outputs cannot both go to standard output", advice="give one of them a file: -o json=report.json"
        )
    return tuple(outputs)


def write(render: Callable[[str, int, bool], Iterable[str]], outputs: Sequence[Output], *, quiet: bool) -> None:
    """Write a report to every output, standard output last. Raises UsageError where one cannot be written.

    `render` makes its pieces of a format, the columns to write in and whether to colour. Where nothing goes to standard
    output, standard error names the files, unless `quiet`.
    """
    tell = not quiet and all(output.file is not None for output in outputs)
    for output in sorted(outputs, key=lambda output: output.file is None):
        if output.file is None:
            out_pieces(render(output.format, width(), wants_color(sys.stdout)))
            continue
        try:
            newline = "" if output.format in _WITH_LINE_ENDS_OF_ITS_OWN else None
            with output.file.open("w", encoding="utf-8", newline=newline) as file:
                file.writelines(render(output.format, 80, False))
        except OSError as error:
            raise UsageError(
                f"cannot write {output.file}: {error.strerror or error}", advice="choose a file that can be written"
            ) from error
        if tell:
            err(f"written to {output.file}")
