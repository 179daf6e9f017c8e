"""Exit codes of the Linux patch extension."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache

import msgspec

from aumdoctor.knowledge.entry import Entry, read_data

_SOURCE = "Azure/LinuxPatchExtension: src/extension/src/Constants.py"


class ExitCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exit code as the data file has it."""

    code: int
    name: str
    means: str
    advice: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


class _ExitCodeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: date
    exit_code: tuple[ExitCode, ...]


@cache
def _file() -> _ExitCodeFile:
    return msgspec.convert(tomllib.loads(read_data("linux-extension-exit-codes.toml")), _ExitCodeFile)


@cache
def table() -> dict[int, Entry]:
    """Every exit code."""
    return {
        row.code: Entry(
            kind="exit code of the Linux patch extension",
            code=str(row.code),
            name=row.name,
            means=row.means,
            advice=row.advice,
            checks=row.checks,
            source=_SOURCE,
            as_of=_file().as_of,
        )
        for row in _file().exit_code
    }


def names() -> tuple[str, ...]:
    """Every exit code's name."""
    return tuple(entry.name for entry in table().values())
