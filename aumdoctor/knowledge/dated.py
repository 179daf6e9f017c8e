"""Dated knowledge: how a data file is read, and the list of all of them.

What Azure supports changes by the month, so that every table says where it comes from (`source`) and as of when
(`as_of`). A TOML file has these two and one array of tables with the rows; a TSV file has them as comments
(`# source: …`, `# as_of: 2026-11-21`) before the line of column names.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any, Generic, TypeVar

import msgspec

Row = TypeVar("Row")

STALE = timedelta(days=365)
"""The age from which a table is worth comparing with its source again."""


class Dated(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """The rows of a data file with what it says about itself."""

    source: str
    as_of: date
    rows: tuple[Row, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table of knowledge in the list of them: its name (that of the file), source, date and number of rows."""

    name: str
    source: str
    as_of: date
    rows: int

    def age(self, today: date) -> timedelta:
        return today - self.as_of

    def is_stale(self, today: date) -> bool:
        return self.age(today) > STALE


def load(name: str, row: type[Row], *, key: Callable[[Row], Hashable]) -> Dated[Row]:
    """Read and validate a TOML file of this package.

    Raises:
        ValueError: `source` or `as_of` is missing, a row is not of the type `row`, or two rows have the same key. The
            message names the file.
    """
    content = _toml(name)
    try:
        rows = msgspec.convert(content.rows, tuple[row, ...])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
    _unique(name, map(key, rows))
    return Dated(source=content.source, as_of=content.as_of, rows=rows)


def load_tsv(name: str, *, columns: tuple[str, ...]) -> Dated[dict[str, str]]:
    """Read and validate a TSV file of this package; the first column is its key.

    Raises:
        ValueError: as `load`, or the columns are not those expected.
    """
    content = _tsv(name)
    header, *lines = content.rows or [[]]
    if tuple(header) != columns:
        raise ValueError(f"{name}: the columns are {header}, not {list(columns)}")
    for cells in lines:
        if len(cells) != len(columns):
            raise ValueError(f"{name}: {len(cells)} cells instead of {len(columns)} in the line of {cells[0]!r}")
    _unique(name, (cells[0] for cells in lines))
    rows = tuple(dict(zip(columns, cells, strict=True)) for cells in lines)
    return Dated(source=content.source, as_of=content.as_of, rows=rows)


def all_tables() -> tuple[Table, ...]:
    """Every table of this package in the order of names: its data files, and what stands in Python."""
    from aumdoctor.knowledge import endpoints, policies  # they import this module

    data = [entry.name for entry in files(__package__).iterdir() if entry.name.endswith((".toml", ".tsv"))]
    tables = [endpoints.TABLE, policies.TABLE]
    for name in data:
        content = _toml(name) if name.endswith(".toml") else _tsv(name)
        count = len(content.rows) - name.endswith(".tsv")
        tables.append(Table(name=name, source=content.source, as_of=content.as_of, rows=count))
    return tuple(sorted(tables, key=lambda table: table.name))


class _Content(msgspec.Struct, frozen=True):
    source: str
    as_of: date
    rows: list[Any]


def _toml(name: str) -> _Content:
    try:
        content = tomllib.loads(_text(name))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: {error}") from error
    about = _about(name, content.pop("source", ""), content.pop("as_of", None))
    if len(content) != 1 or not isinstance(rows := next(iter(content.values())), list):
        raise ValueError(f"{name}: one array of tables is expected beside source and as_of, not {sorted(content)}")
    return _Content(*about, rows)


def _tsv(name: str) -> _Content:
    comments: dict[str, str] = {}
    rows = []
    for line in _text(name).splitlines():
        if line.startswith("#"):
            label, _, value = line.removeprefix("#").partition(":")
            comments[label.strip()] = value.strip()
        elif line:
            rows.append(line.split("\t"))
    try:
        as_of = date.fromisoformat(comments.get("as_of", ""))
    except ValueError:
        as_of = None
    return _Content(*_about(name, comments.get("source", ""), as_of), rows)


def _about(name: str, source: object, as_of: object) -> tuple[str, date]:
    if not (isinstance(source, str) and source and isinstance(as_of, date)):
        raise ValueError(f"{name}: it has to name its source, and as_of as a date")
    return source, as_of


def _unique(name: str, keys: Iterable[Hashable]) -> None:
    seen: set[Hashable] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"{name}: {key!r} stands there twice")
        seen.add(key)


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def listing(tables: Iterable[Table], today: date) -> str:
    """The tables with their age, as text; one that is older than a year is marked."""
    lines = []
    for table in tables:
        mark = "STALE" if table.is_stale(today) else "ok"
        age = f"{table.age(today).days} days"
        lines.append(f"{table.name:<34} {table.as_of}  {age:>9}  {mark:<5}  {table.rows:>3} rows  {table.source}\n")
    return "".join(lines)


if __name__ == "__main__":
    sys.stdout.write(listing(all_tables(), datetime.now(UTC).date()))
