"""`<time>_<Verb>.ext.log`: what the wrapper of the Linux patch extension did (install, enable, update, disable, …).

Its lines have no time but those mirrored from standard output (`2026-11-21 08:54:30> '…'`), which is in UTC, as is the
time in the file's name. Source: Azure/LinuxPatchExtension, src/extension/src/local_loggers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.envelope import patch_status
from aumdoctor.guest.reader import reader
from aumdoctor.guest.readers.core_log import python_literal
from aumdoctor.guest.readers.paths import extension_of, sequence_in
from aumdoctor.guest.signs import Found, Tally, fetch_failures, interesting_lines, line_text, signs_in, value_of
from aumdoctor.model.guest import Origin, Record

_NAME = re.compile(r"^(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_[A-Za-z]+\.ext\.log(?:\.gz)?$", re.IGNORECASE)
_MARKS = (b"Enable triggered on extension", b"Extension installation started", b"exiting extension handler")
_MIRRORED = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)> ")
_MIRRORED_IN_BYTES = re.compile(rb"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)> ", re.MULTILINE)
_WRITING = "Writing JSON file. [File="
_TRIGGERED = "Enable triggered on extension"
_SEQUENCE = "Sequence number set in environment variable. [Sequence No="
_PYTHON = "Python version: "
_WRITTEN = re.compile(r"Writing JSON file\. \[File=(?P<file>[\w.]{1,80})\] \[Content=(?P<content>.*)\]\s*$")


def _recognises(artefact: Artefact) -> bool:
    return bool(_NAME.match(artefact.name)) or (
        any(mark in artefact.head for mark in _MARKS) and not artefact.head.lstrip().startswith((b"[", b"{"))
    )


@reader(name="ext-log", title="log of the Linux patch extension's wrapper", recognises=_recognises)
def ext_log(artefact: Artefact) -> Iterator[Record]:
    """The signs of the log, and where the wrapper itself wrote a status that is an error, that status.

    The core's own status says "success" at its top whatever happened; an error there is the wrapper's, with its exit
    code.
    """
    named = _NAME.match(artefact.name)
    at = _time(named[1].replace("_", " "), "%Y-%m-%d %H-%M-%S") if named else None
    tally = Tally(artefact.path)
    extension = extension_of(artefact)
    for number, data in interesting_lines(artefact, (_WRITING, _TRIGGERED, _SEQUENCE, _PYTHON)):
        if not number:
            for match in _MIRRORED_IN_BYTES.finditer(data):
                at = _time(match[1].decode(), "%Y-%m-%d %H:%M:%S") or at
            continue
        text = line_text(data)
        mirrored = _MIRRORED.match(text)
        if mirrored is not None:
            at = _time(mirrored[1], "%Y-%m-%d %H:%M:%S") or at
        found = [*signs_in(text), *fetch_failures(text)]
        if text.startswith(_SEQUENCE):
            found.append(Found("extension-enabled", _enabled(text, extension)))
        elif text.startswith(_PYTHON):
            found.append(Found("extension-version", {"python": value_of(text.removeprefix(_PYTHON).split(" ")[0])}))
        yield from tally.signs(found, line=number, at=at, text=text)
        if _WRITING in text:
            yield from _status(text, Origin(artefact.path, line=number), extension)
    yield from tally.rest()


def _enabled(text: str, extension: str) -> dict[str, str]:
    values = {"extension": extension, "sequence": value_of(text.partition("No=")[2].split("]")[0])}
    return {name: value for name, value in values.items() if value}


def _status(text: str, origin: Origin, extension: str) -> Iterator[Record]:
    match = _WRITTEN.search(text[: 1 << 16])
    if match is None or not match["file"].endswith(".status") or "'error'" not in match["content"]:
        return
    body = python_literal(match["content"])
    status = patch_status(body, origin=origin, extension=extension, sequence=sequence_in(match["file"]))
    if status is not None and status.status == "error":
        yield status


def _time(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
