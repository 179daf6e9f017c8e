"""`<seq>.status` and `<seq>.complete.status`: what a patch extension told the platform, on Linux and on Windows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.envelope import document, kept, patch_status
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.paths import extension_of, is_of_another_extension, newest, sequence_of
from aumdoctor.guest.text import encoding_of, whole_text
from aumdoctor.model.guest import Damage, Origin, PatchStatus, Record

_NAME = re.compile(r"^\d{1,9}\.(?:complete\.)?status$", re.IGNORECASE)
_SUMMARIES = (
    "PatchAssessmentSummary",
    "PatchInstallationSummary",
    "ConfigurePatchingSummary",
    "PatchNoOperationSummary",
)
_MARKS = ("Azure Patch Management", *_SUMMARIES)
_MOST = 64 << 20


def _recognises(artefact: Artefact) -> bool:
    head = artefact.head.decode(encoding_of(artefact.head) or "latin-1", "replace")
    if is_of_another_extension(artefact) or "handlerAggregateStatus" in head:
        return False
    if _NAME.match(artefact.name):
        return any(mark in head for mark in _MARKS) or bool(extension_of(artefact))
    return head.lstrip("\ufeff\0 \r\n\t").startswith(("[", "{")) and '"status"' in head and _MARKS[0] in head


@reader(name="patch-status", title="status of a patch extension", recognises=_recognises)
def patch_status_file(artefact: Artefact) -> Iterator[Record]:
    """The status, as `PatchStatus`. Where the file is cut off, what stands before the cut is given, and `Damage`.

    `is_orphan` is told only where the request files lie in the same folder as the status.

    Raises:
        UnreadableError: it is no JSON, and no part of it is.
    """
    text, more = whole_text(artefact, _MOST)
    origin = Origin(artefact.path)
    why = f"It is longer than {_MOST} bytes; the rest was not read." if more else ""
    try:
        body = document(text)
    except ValueError as error:
        body = _before_the_cut(text)
        why = why or f"It is cut off, or no JSON from some place on: {error}"
    sequence = sequence_of(artefact)
    newest_request = newest(artefact.siblings, ".settings")
    found = patch_status(
        body,
        origin=origin,
        extension=extension_of(artefact),
        sequence=sequence,
        complete=".complete." in artefact.name.lower(),
        is_orphan=sequence is not None and newest_request is not None and sequence > newest_request,
    )
    if found is None:
        raise UnreadableError(why or "It is JSON, but no status of an extension.")
    yield found
    yield from _unread(found)
    if why:
        yield Damage(origin=origin, why=why)


def _unread(status: PatchStatus) -> Iterator[Damage]:
    for summary in status.summaries:
        if not summary.body and summary.error_message:
            yield Damage(
                origin=status.origin,
                at=status.at,
                text=summary.error_message,
                why=f"The document inside {summary.name or 'a substatus'} is no JSON.",
            )


_WORD = r'"{name}"\s*:\s*"([^"\\]{{0,200}})"'
_LIST = re.compile(r'"substatus"\s*:\s*\[')


def _before_the_cut(text: str) -> Any:
    """What of an envelope stands whole: its own words, and every substatus up to the cut."""
    start = _LIST.search(text)
    outer = text[: start.start()] if start else text[:4000]
    status: dict[str, Any] = {}
    for name in ("operation", "status", "name"):
        match = re.search(_WORD.format(name=name), outer)
        if match is not None:
            status[name] = match[1]
    code = re.search(r'"code"\s*:\s*(-?\d{1,10})', outer)
    if code is not None:
        status["code"] = int(code[1])
    if start is None:
        return {"status": status} if status.get("status") and status.get("operation") is not None else None
    status["substatus"] = list(_whole_objects(text, start.end()))
    at = re.search(_WORD.format(name="timestampUTC"), outer)
    return {"timestampUTC": at[1] if at else None, "status": status}


def _whole_objects(text: str, at: int) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if not text.startswith("{", at):
            return
        try:
            found, at = decoder.raw_decode(text, at)
            yield kept(found)
        except (ValueError, RecursionError):
            return
