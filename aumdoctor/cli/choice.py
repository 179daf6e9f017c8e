"""Which checks a person means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aumdoctor.errors import UsageError
from aumdoctor.knowledge.lookup import nearest

if TYPE_CHECKING:
    from aumdoctor.checks.check import Check
    from aumdoctor.guest.issue import Issue
    from aumdoctor.knowledge.notes import Note


def match_check(wanted: str, checks: Iterable[Check]) -> Check | None:
    """The check of an id (`AUM018`, also `aum18`) or name, or None."""
    folded = _folded(wanted)
    return next((check for check in checks if folded in (check.id.casefold(), check.name.casefold())), None)


def match_note(wanted: str) -> Note | None:
    """The note of an id (`AUM140`, also `aum0140`) or name, or None."""
    from aumdoctor.knowledge.notes import note_named

    return note_named(_folded(wanted))


def match_issue(wanted: str) -> Issue | None:
    """The known issue of the guest with an id (`WS002`, `AUM019`) or name, or None."""
    from aumdoctor.guest.issues.registry import ISSUES

    folded = _folded(wanted)
    return next((issue for issue in ISSUES if folded in (issue.id.casefold(), issue.name)), None)


def _folded(wanted: str) -> str:
    """An id or name in the form in which they are compared; numbers have three digits at least."""
    folded = wanted.strip().casefold()
    numbered = re.fullmatch(r"(aum|ws|gst)0*([0-9]+)([a-z]?)", folded)
    return f"{numbered[1]}{int(numbered[2]):03d}{numbered[3]}" if numbered is not None else folded


def find_check(wanted: str, checks: Sequence[Check]) -> Check:
    """As `match_check`, but an unknown check raises UsageError with the nearest."""
    found = match_check(wanted, checks)
    note = match_note(wanted) if found is None else None
    if note is not None:
        raise UsageError(
            f"{note.id} {note.name} is a note and no check: no scan can see it",
            advice=f"aumdoctor explain {note.id} shows it",
        )
    if found is None:
        close = nearest(wanted, tuple(name for check in checks for name in (check.id, check.name)))
        raise UsageError(
            f"there is no check {wanted!r}",
            advice=f"did you mean {' or '.join(close)}?" if close else "aumdoctor checks list shows every check",
        )
    return found


def choose(checks: Sequence[Check], only: Sequence[str], skipped: Sequence[str]) -> tuple[Check, ...]:
    """The checks to run: those in `only` (all where it is empty) without those in `skipped`.

    Raises UsageError for an unknown check, and where none is left.
    """
    wanted = {find_check(name, checks).id for name in only} or {check.id for check in checks}
    wanted -= {find_check(name, checks).id for name in skipped}
    if not wanted:
        raise UsageError("--checks and --skip-checks leave no check to run", advice="take one of them back")
    return tuple(check for check in checks if check.id in wanted)


def separated(values: Sequence[str] | None) -> tuple[str, ...]:
    """The words of an option that may be repeated and may hold several, separated by commas."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())
