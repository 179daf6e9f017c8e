"""`<seq>.settings`: what the platform asked of a patch extension, on Linux and on Windows.

Only the public settings are read. The protected ones, and what names their certificate, are not kept in any form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.envelope import document, member
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.paths import extension_of, is_of_another_extension, sequence_of
from aumdoctor.guest.text import encoding_of, quoted, whole_text
from aumdoctor.model.guest import Damage, Origin, PatchRequest, Record

_NAME = re.compile(r"^\d{1,9}\.settings$", re.IGNORECASE)
_KNOWN = ("operation", "activityId", "startTime", "maximumDuration", "patchMode", "assessmentMode", "rebootSetting")
_SECRET = re.compile(r"protected|password|secret|token|credential|accountkey|connectionstring", re.IGNORECASE)
_SHOWN = ("operation", "startTime", "maximumDuration", "rebootSetting", "patchMode", "assessmentMode")
_MOST = 1 << 20


def _recognises(artefact: Artefact) -> bool:
    if not _NAME.match(artefact.name) or is_of_another_extension(artefact):
        return False
    if extension_of(artefact):
        return True
    head = artefact.head.decode(encoding_of(artefact.head) or "latin-1", "replace")
    return "runtimeSettings" in head and sum(f'"{name}"' in head for name in _KNOWN) >= 2


@reader(name="settings", title="request to a patch extension", recognises=_recognises)
def settings(artefact: Artefact) -> Iterator[Record]:
    """The request, as `PatchRequest`.

    Raises:
        UnreadableError: it is no JSON, or has no public settings.
    """
    text, more = whole_text(artefact, _MOST)
    try:
        body = document(text)
    except ValueError as error:
        raise UnreadableError(f"It is no JSON, or cut off: {error}") from error
    public = _public_settings(body)
    if public is None:
        raise UnreadableError("It has no runtimeSettings with public settings.")
    kept = {name: value for name, value in public.items() if not _SECRET.search(name)}
    shown = ", ".join(f"{name}: {kept[name]}" for name in _SHOWN if kept.get(name) is not None)
    yield PatchRequest(
        origin=Origin(artefact.path),
        text=quoted(shown),
        extension=extension_of(artefact),
        sequence=sequence_of(artefact),
        settings=kept,
    )
    if more:
        yield Damage(origin=Origin(artefact.path), why=f"It is longer than {_MOST} bytes.")


def _public_settings(body: Any) -> dict[str, Any] | None:
    entries = member(body, "runtimeSettings")
    for entry in entries if isinstance(entries, list) else []:
        public = member(member(entry, "handlerSettings"), "publicSettings")
        if isinstance(public, str):
            try:
                public = document(public)
            except ValueError:
                continue
        if isinstance(public, dict):
            return public
    return None
