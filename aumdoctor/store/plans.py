"""Saved plans: what `aumdoctor plan` wrote, for others to review and for `aumdoctor apply` to make.

A file is one JSON object `{"format": "aumdoctor-plan", "version": 1, …}` whose members are those of `PlanFile`. It is
read as a stranger's: whatever does not fit is an error, and so is an action that says something else of itself than
its request does. The version counts up when an older program could no longer read what a newer one writes.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from aumdoctor import __version__
from aumdoctor.errors import UsageError
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.plan import PlanFile, PlannedAction, action_id, changes_of, reading_of
from aumdoctor.report import json

FORMAT: Final = "aumdoctor-plan"
VERSION: Final = 1

_LARGEST = 512 * 1024 * 1024
"""Bytes of a plan that are read; one for a hundred thousand machines has about half of it."""

_METHODS = frozenset({"PATCH", "PUT", "POST", "DELETE"})
_PATH = re.compile(r"/(subscriptions|providers/Microsoft\.Management/managementGroups)/[^?#%\\\x00-\x1f\x7f]+", re.I)
_ANEW = "make the plan anew: aumdoctor plan … -o plan.json"


def save(path: Path, plan: PlanFile) -> None:
    """Write a plan, readable by everybody whom the umask lets. The file is there whole or not at all.

    Raises UsageError where the file cannot be written.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file() and not path.is_dir():
        # A pipe or a terminal is written to; a file put in its place would be of no use to who listens there.
        _write_through(path, plan)
        return
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.pieces(plan))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _write_through(path: Path, plan: PlanFile) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.pieces(plan))
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write {path}: {error.strerror or error}", advice="choose a folder that exists and can be written"
    )


def load(path: Path) -> PlanFile:
    """Read a saved plan.

    Raises UsageError where it is absent, no plan, damaged, written by a newer version, edited since it was made, or
    where an action is not what it says it is.
    """
    try:
        with path.open("rb") as file:
            document = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}", advice="write one with: aumdoctor plan … -o plan.json"
        ) from error
    if len(document) > _LARGEST:
        raise UsageError(f"{path} is too large for a plan", advice=_ANEW)
    try:
        return _read(path, document)
    except RecursionError as error:
        raise UsageError(f"{path} is no plan: it is nested deeper than a plan ever is", advice=_ANEW) from error


def _read(path: Path, document: bytes) -> PlanFile:
    try:
        raw = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if FORMAT.encode() in document[:200]:
            raise UsageError(f"{path} is damaged or cut off: {error}", advice="copy it again, or " + _ANEW) from error
        raise _no_plan(path) from error
    found = raw.get("format") if isinstance(raw, dict) else None
    if found == "aumdoctor-estate":
        raise UsageError(
            f"{path} is a saved estate, not a plan", advice=f"aumdoctor plan --from {path} -o plan.json makes one of it"
        )
    version = raw.get("version") if isinstance(raw, dict) else None
    if found != FORMAT or not isinstance(version, int) or version < 1:
        raise _no_plan(path)
    if version > VERSION:
        raise UsageError(
            f"{path} was written by {raw.get('tool') or 'a newer aumdoctor'} in format version {version}; "
            f"this is aumdoctor {__version__}, which reads up to version {VERSION}",
            advice="update aumdoctor",
        )
    try:
        plan = msgspec.convert(raw, PlanFile)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path} is a plan but its content does not fit: {error}", advice=_ANEW) from error
    strange = _strange(raw, msgspec.to_builtins(plan), "")
    if strange is not None:
        raise UsageError(f"{path} holds {strange}, which no plan has", advice=_ANEW)
    if not plan.is_intact:
        raise UsageError(
            f"{path} was changed after it was made: its digest does not fit it", advice="do not edit a plan; " + _ANEW
        )
    _require_honest(path, plan)
    return plan


def _no_plan(path: Path) -> UsageError:
    return UsageError(f"{path} is no plan", advice="write one with: aumdoctor plan … -o plan.json")


def _strange(raw: Any, known: Any, place: str) -> str | None:
    """The first member of a document that decoding passed over, by its JSON path."""
    if isinstance(raw, dict) and isinstance(known, dict):
        for name, value in raw.items():
            below = f"{place}.{name}" if place else name
            found = _strange(value, known[name], below) if name in known else below
            if found is not None:
                return found
    elif isinstance(raw, list) and isinstance(known, list | tuple):
        for number, (value, other) in enumerate(zip(raw, known, strict=True)):
            found = _strange(value, other, f"{place}[{number}]")
            if found is not None:
                return found
    return None


def _require_honest(path: Path, plan: PlanFile) -> None:
    """The digest is no signature: whoever writes a whole plan can seal it. So an action must be what it says."""
    seen = set()
    for action in plan.actions:
        wrong = "it is there twice" if action.id in seen else _dishonest(action)
        seen.add(action.id)
        if wrong is not None:
            raise UsageError(f"{path}: action {action.id} ({action.remedy}) cannot be trusted: {wrong}", advice=_ANEW)


def _dishonest(action: PlannedAction) -> str | None:
    call, kind = action.call, BY_NAME.get(action.remedy)
    if kind is None:
        return "there is no such remedy"
    if (action.risk, action.reversible) != (kind.risk, kind.reversible):
        return "its risk is not that of its remedy"
    if call.method not in _METHODS:
        return f"{call.method} is no request that a remedy makes"
    if not _PATH.fullmatch(call.path) or {"", ".", ".."} & set(call.path[1:].split("/")):
        return "its path is no resource id"
    if (action.id, action.target, action.changes) != (action_id(call), reading_of(call), changes_of(call)):
        return "what it says of itself is not what its request does"
    return None
