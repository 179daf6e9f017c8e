"""What issues of Windows Server read out of events, whichever form they came in: texts, codes, names, times. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from aumdoctor.model.guest import Event

_CODE = re.compile(r"0x([0-9a-fA-F]{1,8})(?![0-9a-zA-Z])")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_SAFE = re.compile(r"[\w.$-]{1,255}")
_LONGEST = 1 << 14
"""Characters of a text that are looked at: no event that counts here is longer."""


def texts_of(event: Event) -> tuple[str, ...]:
    """All that an event says, in the order of how exact it is: named values, values, the rendered message. The quoted
    text of the artefact only where there is nothing else."""
    found = tuple(text[:_LONGEST] for text in (*event.data.values(), *event.values, event.message) if text)
    return found or ((event.text[:_LONGEST],) if event.text else ())


def value_of(event: Event, names: Iterable[str], position: int | None = None) -> str:
    """A value by any of its names, whatever their case, else by its position among all values; "" where it is not
    there."""
    wanted = {name.lower() for name in names}
    for name, value in event.data.items():
        if name.lower() in wanted and value.strip():
            return value.strip()[:_LONGEST]
    if position is not None and position < len(event.values):
        return event.values[position].strip()[:_LONGEST]
    return ""


def codes_of(event: Event) -> frozenset[int]:
    """All 32-bit codes that an event names: hexadecimal anywhere in its texts, decimal where it is a value alone."""
    found: set[int] = set()
    for text in texts_of(event):
        found.update(int(match, 16) for match in _CODE.findall(text))
    for text in (*event.data.values(), *event.values):
        number = number_of(text)
        if number is not None:
            found.add(number)
    return frozenset(found)


def number_of(text: str) -> int | None:
    """A lone number as an unsigned 32-bit value: `0x500ff`, `327935`, `-2146893044`; None for anything else."""
    text = text.strip()
    if _CODE.fullmatch(text):
        return int(text, 16)
    if _NUMBER.fullmatch(text) and -(2**31) <= int(text) < 2**32:
        return int(text) & 0xFFFFFFFF
    return None


def short_name(name: str) -> str:
    r"""A computer's name for comparing: `REPLICAHOST1` of `replicahost1.contoso.com`, `REPLICAHOST1$`,
    `CONTOSO\REPLICAHOST1$`."""
    return name.strip().rpartition("\\")[2].partition(".")[0].rstrip("$").strip().upper()


def in_command(name: str, otherwise: str) -> str:
    """A name as it may stand in a command that somebody pastes: names come from artefacts, and what could be more than
    a name is replaced by a placeholder."""
    return name if _SAFE.fullmatch(name) and not name.startswith("-") else otherwise


def gap(earlier: datetime | None, later: datetime | None) -> timedelta | None:
    """The time between; None where one is not known, or where only one tells its zone."""
    if earlier is None or later is None or is_naive(earlier) != is_naive(later):
        return None
    return later - earlier


def is_naive(moment: datetime) -> bool:
    """Whether a time does not tell its zone."""
    return moment.tzinfo is None or moment.utcoffset() is None


def squeezed(text: str) -> str:
    """A text for comparing: without blanks, which Japanese texts have or lack by chance, and without case."""
    return "".join(text.split()).casefold()


def when(moment: datetime | None) -> str:
    """A time in a sentence."""
    if moment is None:
        return "at a time that is not given"
    return f"{moment:%Y-%m-%d %H:%M}" + (" (the machine's time)" if is_naive(moment) else f"{moment:%z}")


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
