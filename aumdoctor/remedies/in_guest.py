"""Changes inside a machine: reviewed scripts that are offered, and run only where somebody names them."""

from __future__ import annotations

from typing import Literal

import msgspec

from aumdoctor.remedies.remedy import Risk


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a script changes: a registry value, a unit, a setting; what is expected there, and what stands there
    after."""

    what: str
    before: str
    after: str


class GuestRemedy(msgspec.Struct, frozen=True, kw_only=True):
    """A change inside a machine.

    `run`, `undo` and `verify` are whole scripts, bash on Linux and PowerShell on Windows; "" where there is none (`run`
    is never: where only a person can act, `steps` say what to do). `run` prints what stood there before, `undo` puts
    the default back where it gets nothing else. `where` says on which machine, if not on the one with the finding.
    """

    name: str
    title: str
    risk: Risk
    reversible: bool
    system: Literal["linux", "windows"]
    changes: tuple[Change, ...] = ()
    run: str = ""
    undo: str = ""
    verify: str = ""
    steps: tuple[str, ...] = ()
    where: str = ""
    source: str = ""


def guest_remedies() -> dict[str, GuestRemedy]:
    """All of them, by name."""
    return {}
