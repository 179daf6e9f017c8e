r"""ReportingEvents.log of Windows Update: who searched, downloaded and installed, and how it ended.

`C:\Windows\SoftwareDistribution\ReportingEvents.log`, UTF-16LE, one event a line, fields between tabs: id, time with
zone, 1, number and name of the event, 101, update, revision, HRESULT without 0x, caller, result, category, text. The
caller is `Azure VM Guest Patching` or `WindowsOsUpdateExtension` where Azure Update Manager acted. Source: Windows
Update documentation, "Windows Update log files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.reader import reader
from aumdoctor.guest.text import decode, lines, quoted
from aumdoctor.model.guest import Damage, Origin, Record, UpdateEvent

_ROW = re.compile(r"(?m)^\ufeff?\{[0-9A-Fa-f-]{36}\}[\t ]{1,8}\d{4}-\d{2}-\d{2}[\t ]\d{2}:\d{2}:\d{2}[:.]\d{3}")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[ \t](\d{2}:\d{2}:\d{2})[:.](\d{3})\s*(?:([+-])(\d{2}):?(\d{2}))?")
_CODE = re.compile(r"(\d{1,5})\s*(?:\[([^\]]{1,80})\])?")
_GUID = re.compile(r"\{[0-9A-Fa-f-]{36}\}")
_RESULTS = ("success", "failure", "warning", "started", "information")

MOST_DAMAGES = 20


@reader(
    name="reporting-events",
    title="ReportingEvents.log of Windows Update",
    recognises=lambda artefact: _ROW.search(decode(artefact.head)) is not None,
)
def REPORTING_EVENTS(artefact: Artefact) -> Iterator[Record]:  # noqa: N802
    """Events of Windows Update, in the order of the file. A line that is no event, like the rest of a row that was cut
    off at the start or the end, is told as damage."""
    damages = 0
    for number, line in lines(artefact):
        if not line.strip():
            continue
        event = update_event(line, Origin(file=artefact.path, line=number))
        if event is not None:
            yield event
        elif (damages := damages + 1) <= MOST_DAMAGES:
            yield Damage(
                origin=Origin(file=artefact.path, line=number),
                text=quoted(line),
                why="this line is no event, or it is cut off",
            )


def update_event(line: str, origin: Origin) -> UpdateEvent | None:
    """The event in a row; None where it is none. Fields that are missing at the end stay empty."""
    fields = [field.strip() for field in line[:16_384].lstrip("\ufeff").split("\t")]
    first = next((index for index, field in enumerate(fields[:3]) if _TIME.match(field)), None)
    if first is None or len(fields) < first + 3:
        return None
    at = _when(fields[first])
    rest = fields[first + 1 :]
    position, code = next(
        ((index, found) for index, field in enumerate(rest[:3]) if (found := _CODE.fullmatch(field)) and found[2]),
        (None, None),
    )
    if position is None or code is None:
        position, code = 1, _CODE.fullmatch(rest[1])
        if code is None:
            return None
    # Behind the code: 101, the update, its revision, the HRESULT.
    tail = rest[position + 1 :]
    update = next((index for index, field in enumerate(tail[:4]) if _GUID.fullmatch(field)), None)
    after = tail[update + 2 :] if update is not None else tail[3:]
    hresult, *others = after or [""]
    caller, result, category, title = (others + [""] * 4)[:4]
    if caller.lower() in _RESULTS and result.lower() not in _RESULTS:
        caller, result, category, title = "", caller, result, category
    return UpdateEvent(
        origin=origin,
        at=at,
        text=quoted(" ".join(fields[first:])),
        code=int(code[1]),
        name=code[2] or "",
        caller=quoted(caller),
        result=result if len(result) < 40 else "",
        hresult=_hresult(hresult),
        category=quoted(category),
        title=quoted(title),
    )


def _hresult(text: str) -> int:
    digits = text.lower().removeprefix("0x")
    return int(digits, 16) if re.fullmatch(r"[0-9a-f]{1,8}", digits) else 0


def _when(text: str) -> datetime | None:
    found = _TIME.match(text)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}.{found[3]}")
        if found[4]:
            offset = timedelta(hours=int(found[5]), minutes=int(found[6]))
            return at.replace(tzinfo=timezone(-offset if found[4] == "-" else offset))
    except ValueError:
        return None
    return at
