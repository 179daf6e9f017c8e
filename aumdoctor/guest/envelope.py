"""The status envelope that patch extensions write, on Linux and Windows, on Azure and Arc: one decoder for all of them.

The same document stands in `<seq>.status`, in `<seq>.complete.status`, and below `settingsStatus` in
aggregatestatus.json. Its `status` holds a list `substatus`, and each of these a JSON document as a string. Source:
Azure/LinuxPatchExtension, src/core/src/core_logic and src/extension.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aumdoctor.guest.text import quoted
from aumdoctor.model.guest import Origin, PatchError, PatchStatus, PatchSummary
from aumdoctor.model.redaction import redact

_OUTCOMES = {0: "success", 1: "error", 2: "warning"}


def patch_status(
    body: Any,
    *,
    origin: Origin,
    extension: str,
    sequence: int | None,
    complete: bool = False,
    is_orphan: bool = False,
) -> PatchStatus | None:
    """The status in a decoded envelope; None where it is none.

    `body` is the list with one entry as the file has it, that entry (`version`, `timestampUTC`, `status`), or the
    `status` in it. A substatus whose inner document cannot be read has an empty `body`, and the text that stood there
    as `error_message`.
    """
    if isinstance(body, list):
        body = next((each for each in body if isinstance(each, dict)), None)
    status = member(body, "status")
    at = when(member(body, "timestampUTC"))
    if not isinstance(status, dict):
        status = body
    if not isinstance(status, dict) or not _looks_like_a_status(status):
        return None
    entries = member(status, "substatus")
    summaries = tuple(
        summary for each in (entries if isinstance(entries, list) else []) if (summary := _summary(each)) is not None
    )
    operation, outcome, code = word(member(status, "operation")), word(member(status, "status")), member(status, "code")
    message = quoted(_message(status))
    return PatchStatus(
        origin=origin,
        at=at,
        text=_text(operation, outcome, number(code), message, summaries),
        extension=extension,
        sequence=sequence,
        complete=complete,
        is_orphan=is_orphan,
        operation=operation,
        status=outcome.lower(),
        code=number(code),
        message=message,
        summaries=summaries,
    )


def member(mapping: Any, name: str) -> Any:
    """A member of a JSON object by its name, else by its name in another case; None where there is none."""
    if not isinstance(mapping, Mapping):
        return None
    if name in mapping:
        return mapping[name]
    folded = name.lower()
    return next((value for key, value in mapping.items() if isinstance(key, str) and key.lower() == folded), None)


def number(value: Any) -> int | None:
    """A whole number that may stand as a string ("3") or as 3.0; None where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value == value and abs(value) < 2**53 else None
    if isinstance(value, str) and len(value) < 24:
        try:
            return int(value.strip(), 0)
        except ValueError:
            try:
                return int(value.strip())
            except ValueError:
                return None
    return None


def flag(value: Any) -> bool | None:
    """A truth value that may stand as a string: CoreState.json has "True". None where it is none."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).strip().lower())


def word(value: Any) -> str:
    """A short text of a document, without secrets; a number as it is written; "" for all else."""
    return quoted(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def when(value: Any) -> datetime | None:
    """A time in ISO 8601 form, aware where it says its zone (`Z` or an offset)."""
    if not isinstance(value, str) or not 10 <= len(value.strip()) <= 40:
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None


def document(text: str) -> Any:
    """A JSON text of a machine, fit to be kept: without secrets, half characters, and numbers beyond 64 bits.

    NULs around it are passed over. Raises ValueError where it is no JSON.
    """
    try:
        return kept(json.loads(text.strip("\0\ufeff \t\r\n")))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def kept(value: Any) -> Any:
    """A decoded document fit to be kept: see `document`. Raises RecursionError where it is nested too deeply."""
    if isinstance(value, str):
        return _kept_text(value)
    if isinstance(value, dict):
        return {_kept_text(key): kept(each) for key, each in value.items()}
    if isinstance(value, list):
        return [kept(each) for each in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def _kept_text(text: str) -> str:
    return redact(text if text.isprintable() else text.encode("utf-8", "replace").decode("utf-8"))


def _looks_like_a_status(status: Mapping[str, Any]) -> bool:
    known = ("substatus", "operation", "formattedMessage", "code")
    return any(member(status, name) is not None for name in known)


def _summary(entry: Any) -> PatchSummary | None:
    if not isinstance(entry, dict):
        return None
    message = _message(entry)
    body = _inner(message, entry)
    errors = member(body, "errors")
    details = member(errors, "details")
    text = member(errors, "message")
    return PatchSummary(
        name=word(member(entry, "name")),
        status=word(member(entry, "status")).lower(),
        error_code=_error_code(member(errors, "code")),
        errors=tuple(
            PatchError(code=word(member(each, "code")), message=quoted(str(member(each, "message") or "")))
            for each in (details if isinstance(details, list) else [])
            if isinstance(each, dict)
        ),
        error_message=quoted(text if isinstance(text, str) else "") if body else quoted(message),
        body=body,
    )


def _error_code(value: Any) -> int | None:
    named = {name: code for code, name in _OUTCOMES.items()}
    return named.get(str(value).strip().lower(), number(value))


def _message(entry: Mapping[str, Any]) -> str:
    formatted = member(entry, "formattedMessage")
    message = member(formatted, "message") if isinstance(formatted, dict) else formatted
    return message if isinstance(message, str) else ""


def _inner(message: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The inner document. Tools that print the file prettily may have opened the string, or quoted it twice."""
    opened = member(member(entry, "formattedMessage"), "message")
    if isinstance(opened, dict):
        try:
            return {str(key): kept(value) for key, value in opened.items()}
        except RecursionError:
            return {}
    found: Any = message
    for _ in range(2):
        if not isinstance(found, str) or not found.strip():
            break
        try:
            found = document(found)
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}


def _text(operation: str, outcome: str, code: int | None, message: str, summaries: tuple[PatchSummary, ...]) -> str:
    parts = [f"{operation or 'status'}: {outcome or 'unknown'}" + (f" (code {code})" if code else "")]
    parts.extend([message] if message else [])
    for summary in summaries:
        errors = "; ".join(f"{error.code}: {error.message}" for error in summary.errors[:1])
        parts.append(f"{summary.name} {summary.status}" + (f" ({errors})" if errors else ""))
    return quoted(", ".join(parts))
