"""What is going on, on standard error, for a person who waits. Silent where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from aumdoctor.cli.streams import is_terminal
from aumdoctor.report.text import printable


class Reporter(Protocol):
    """What a collection tells while it runs: how far each stage is, and remarks such as a wait for a throttled API."""

    def stage(self, name: str, done: int, total: int | None) -> None: ...

    def note(self, text: str) -> None: ...


class _Silent:
    def stage(self, name: str, done: int, total: int | None) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


class _Bars:
    """One bar per stage. `total` is None while it is not known how much there is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def stage(self, name: str, done: int, total: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(printable(name), total=total)
        self._progress.update(self._tasks[name], completed=done, total=total)

    def note(self, text: str) -> None:
        self._progress.console.print(printable(text), style="dim", markup=False, highlight=False)


@contextmanager
def reporter(*, quiet: bool) -> Iterator[Reporter]:
    """A reporter for as long as the block runs; its bars vanish at the end."""
    if quiet or not is_terminal(sys.stderr):
        yield _Silent()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bars(progress)
