"""What reports for a terminal are written on: lines, labelled parts, and command lines that can be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aumdoctor.model import ids
from aumdoctor.report.result import Evidence, Remedy, SeverityLabel
from aumdoctor.report.text import count, printable

STYLES: dict[SeverityLabel, str] = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}
_STEPS_SHOWN = 2
RISKS = {
    "safe": "safe",
    "needs-consent": "ask the owner first",
    "disruptive": "disruptive",
    "grants-privilege": "grants a privilege",
    "costs-money": "costs money",
    "advice": "by hand",
}


class Page:
    """A Rich console in memory of `width` columns; with `color` its text carries ANSI escapes."""

    def __init__(self, *, verbose: bool, width: int, color: bool) -> None:
        self._verbose = verbose
        self._buffer = StringIO()
        self._console = Console(
            file=self._buffer,
            width=width,
            height=25,  # never used, and without it Rich asks for the terminal's size at every line
            force_terminal=color,
            no_color=not color,
            color_system="auto" if color else None,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )

    @property
    def text(self) -> str:
        """What was written."""
        return "".join(f"{line.rstrip()}\n" for line in self._buffer.getvalue().split("\n")[:-1])

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        self._wrapped(text, style, indent)

    def _wrapped(self, text: str, style: str, indent: int, bullet: str = "") -> None:
        """Lines of the page's width. A word that is wider runs over: an id or a path to copy is never broken.

        Wrapped here, because Rich folds such a word where it prints.
        """
        width = max(1, self._console.width - indent - len(bullet))
        margin = " " * indent + bullet
        for line in _lines(text, width):
            self._console.print(Text.assemble(margin, (line, style)), soft_wrap=True)
            margin = " " * len(margin)

    def indented(self, content: Any, indent: int = 2) -> None:
        self._console.print(Padding(content, (0, 0, 0, indent), expand=False))

    def styled(self, *parts: str | tuple[str, str]) -> None:
        """One line of parts, each a text or a text with its style."""
        self._console.print(Text.assemble(*parts))

    def labelled(self, label: str, text: str | Text) -> None:
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_column(width=9, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(Text(label, style="dim"), text)
        self.indented(row)

    def copyable(self, line: str, indent: int, style: str = "") -> None:
        """A command line or id stays one line, however long: a terminal wraps it without breaking what is copied."""
        self._console.print(Text(" " * indent + printable(line), style=style), soft_wrap=True)

    def cure(self, cure: Remedy, whose: str = "") -> None:
        """A remedy: its first command line; verbose every one, the requests themselves and all steps."""
        self.labelled("cure", f"{printable(cure.title)} ({RISKS[cure.risk]}{whose})")
        if self._verbose or not cure.az:
            self._steps(cure.steps)
        for line in cure.az if self._verbose else cure.az[:1]:
            self.copyable(line, 4, "bold")
        if len(cure.az) > 1 and not self._verbose:
            self.line(f"and {count(len(cure.az) - 1, 'more command')} (--verbose)", "dim", indent=4)
        if self._verbose:
            for call in cure.calls:
                body = f" {msgspec.json.encode(call.body).decode()}" if call.body is not None else ""
                self.copyable(f"{call.method} {call.path}?api-version={call.api_version}{body}", 4, "dim")
            if cure.portal:
                self.line(f"in the portal: {printable(cure.portal)}", "dim", indent=4)

    def _steps(self, steps: Sequence[str]) -> None:
        shown = steps if self._verbose else steps[:_STEPS_SHOWN]
        for step in shown:
            self._wrapped(printable(step), "", 4, bullet="- ")
        if len(shown) < len(steps):
            self.line(f"and {count(len(steps) - len(shown), 'more step')} (--verbose)", "dim", indent=4)

    def evidence(self, signs: Sequence[Evidence], indent: int) -> None:
        """One line for each sign: path, observed, expected, where it comes from."""
        for sign in signs:
            expected = "" if sign.expected is None else f", expected {_value(sign.expected)}"
            told = [printable(sign.source)] if sign.source else []
            told += [f"{sign.observed_at:%Y-%m-%d %H:%M} UTC"] if sign.observed_at else []
            origin = f" [{', '.join(told)}]" if told else ""
            whose = f"{printable(ids.name_of(sign.resource_id))}: " if sign.resource_id else ""
            self.line(f"{whose}{printable(sign.path)}: {_value(sign.observed)}{expected}{origin}", "dim", indent=indent)


def _lines(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most `width` terminal cells, broken at blanks only."""
    line, *words = text.split(" ")
    for word in words:
        longer = f"{line} {word}"
        # Blanks at the beginning are an indentation, and no line of their own.
        if line.strip() and cell_len(longer) > width:
            yield line
            longer = word
        line = longer
    yield line


def sentence(message: str) -> str:
    """A message as a sentence of its own: no backticks, a capital unless it begins with a name, a full stop."""
    shown = printable(message.replace("`", ""))
    first = shown.split(" ", 1)[0]
    shown = shown[:1].upper() + shown[1:] if first.islower() and first.isalpha() else shown
    return shown if shown.endswith((".", "!", "?")) else f"{shown}."


def _value(value: Any) -> str:
    return printable(value) if isinstance(value, str) else printable(msgspec.json.encode(value).decode())
