"""A table of measurements, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """`rows` are written out already, numbers with their units in the column's name; `notes` say what was measured."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def markdown(table: Table) -> str:
    """The table as Markdown, its columns aligned so that it reads well in a terminal too."""
    widths = [max(len(row[at]) for row in (table.columns, *table.rows)) for at in range(len(table.columns))]
    lines = [_line(table.columns, widths), _ruler(widths), *(_line(row, widths) for row in table.rows)]
    notes = [f"\n{note}" for note in table.notes]
    return "\n".join([f"## {table.title}", "", *lines, *notes]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _ruler(widths: Sequence[int]) -> str:
    bars = ["-" * width if at == 0 else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return f"| {' | '.join(bars)} |"
