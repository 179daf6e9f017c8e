"""Exit codes of the Linux patch extension."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import load
from aumdoctor.knowledge.entry import Entry


class ExitCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exit code as the data file has it."""

    code: int
    name: str
    means: str
    advice: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


@cache
def table() -> dict[int, Entry]:
    """Every exit code."""
    codes = load("linux-extension-exit-codes.toml", ExitCode, key=lambda row: row.code)
    return {
        row.code: Entry(
            kind="exit code of the Linux patch extension",
            code=str(row.code),
            name=row.name,
            means=row.means,
            advice=row.advice,
            checks=row.checks,
            source=codes.source,
            as_of=codes.as_of,
        )
        for row in codes.rows
    }


def names() -> tuple[str, ...]:
    """Every exit code's name."""
    return tuple(entry.name for entry in table().values())
