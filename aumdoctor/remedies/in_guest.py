"""Changes inside a machine: reviewed scripts that are offered, and run only where somebody names them.

What they are stands in `scripts/remedies.toml`, the scripts beside it. A script is put together of constant texts
alone: nothing that comes from Azure or from a machine ever gets into it.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from aumdoctor.remedies.remedy import Risk

System = Literal["linux", "windows"]


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a script changes: a registry value, a unit, a setting; what is expected there, and what stands there
    after."""

    what: str
    before: str
    after: str


class GuestRemedy(msgspec.Struct, frozen=True, kw_only=True):
    """A change inside a machine.

    `run`, `undo` and `verify` are whole scripts, POSIX sh on Linux and PowerShell on Windows; "" where there is none:
    where only a person can act, `steps` say what to do. `run` keeps on the machine what stood there before, and `undo`
    puts that back. `system` is None where a person's steps are for both. `assess`: an assessment shows whether it
    helped. `where` says on which machine, if not on the one with the finding.
    """

    name: str
    title: str
    risk: Risk
    reversible: bool
    system: System | None = None
    changes: tuple[Change, ...] = ()
    run: str = ""
    undo: str = ""
    verify: str = ""
    steps: tuple[str, ...] = ()
    where: str = ""
    source: str = ""
    assess: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remedy as it stands in the data file, without the text of its script; `parts` come before that."""

    name: str
    title: str
    risk: Risk
    reversible: bool
    system: System | None = None
    changes: tuple[Change, ...] = ()
    steps: tuple[str, ...] = ()
    where: str = ""
    source: str
    script: bool = False
    parts: tuple[str, ...] = ()
    assess: bool = False


def guest_remedies() -> dict[str, GuestRemedy]:
    """All of them, by name; of one that both systems have, that for Windows."""
    return {each.name: each for each in reversed(every_guest_remedy())}


def guest_remedy(name: str, system: str | None) -> GuestRemedy | None:
    """The remedy of a name for a system (in any case); None where there is none for it. Where the system is not known
    it is the one that `guest_remedies` has."""
    if system is None:
        return guest_remedies().get(name)
    fitting = (each for each in every_guest_remedy() if each.name == name and each.system in (None, system.lower()))
    return next(fitting, None)


@cache
def every_guest_remedy() -> tuple[GuestRemedy, ...]:
    """All of them, by name; of one that has a variant for each system both, that for Windows first.

    Raises ValueError where the data file is not as it should be.
    """
    return tuple(
        GuestRemedy(
            **{name: getattr(row, name) for name in row.__struct_fields__ if name not in ("script", "parts")},
            **_scripts(row),
        )
        for row in rows()
    )


@cache
def rows() -> tuple[Row, ...]:
    """What `every_guest_remedy` is made of, in the same order: for who needs no scripts, since to read them takes time.

    Raises ValueError where the data file is not as it should be.
    """
    content = tomllib.loads(_text("remedies.toml"))
    try:
        found = msgspec.convert(content["remedy"], tuple[Row, ...])
    except msgspec.ValidationError as error:
        raise ValueError(f"remedies.toml: {error}") from error
    return tuple(sorted(found, key=lambda row: (row.name, row.system == "linux")))


def shared_parts() -> dict[str, str]:
    """The parts that several scripts begin with, by the names of their files."""
    return {name: _text(name) for name in ("common.sh", "common.ps1", "settings.ps1")}


def _scripts(row: Row) -> dict[str, Any]:
    if not row.script:
        return {}
    modes = ("run", "verify", "undo") if row.reversible else ("run", "verify")
    ending = "sh" if row.system == "linux" else "ps1"
    parts = [_text(f"{part}.{ending}") for part in ("common", *row.parts, row.name)]
    if row.system == "linux":
        head, call = f"#!/bin/sh\n# aumdoctor guest remedy: {row.name}\nREMEDY={row.name}\n", "main {}"
    else:
        head, call = f"# aumdoctor guest remedy: {row.name}\n$remedy = '{row.name}'\n", "Invoke-Remedy '{}'"
    return {mode: "\n".join([head, *parts, call.format(mode)]) + "\n" for mode in modes}


@cache
def _text(name: str) -> str:
    return (files("aumdoctor.remedies") / "scripts" / name).read_text(encoding="utf-8")
