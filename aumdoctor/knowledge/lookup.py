"""From whatever a person pastes (a code, a symbol, an exit code, a whole message) to what is known of it. Offline."""

from __future__ import annotations

import difflib
import re

from msgspec import structs

from aumdoctor.knowledge import error_codes, error_texts, exit_codes, shutdown_reasons, system_codes
from aumdoctor.knowledge.entry import Entry

# A code inside a text: hexadecimal with its prefix, or a decimal that can only be a negative HRESULT.
_CODE = re.compile(r"(?<![0-9A-Za-z])(?:0[xX][0-9a-fA-F]{8}|-[0-9]{9,10})(?![0-9A-Za-z])")
_EXIT_CODE = re.compile(r"exit(?:ed with)?(?: status)? code\b[^0-9]{0,40}?([0-9]{1,3})(?![0-9])", re.IGNORECASE)
# Below it two names merely share letters: a suggestion that is far-fetched is worse than none.
_ALIKE = 0.7
_SYMBOL = re.compile(r"(?<![0-9A-Za-z_])[A-Z][A-Z0-9]*_[A-Z0-9_]+(?![0-9A-Za-z_])")


def look_up(query: str) -> tuple[Entry, ...]:
    """What is known of a query, most specific first; empty where nothing is.

    >>> [entry.name for entry in look_up("0x8024402C")]
    ['WU_E_PT_WINHTTP_NAME_NOT_RESOLVED']
    """
    query = query.strip()
    readings = error_codes.readings_of(query)
    if readings:
        return _by_number(query, readings)
    named = error_codes.entries_named(query)
    text = error_texts.entry_named(query)
    if named or text is not None:
        return (*named, *((text,) if text is not None else ()))
    exit_code = next(
        (entry for entry in exit_codes.table().values() if entry.name.casefold() == query.casefold()), None
    )
    if exit_code is not None:
        return (exit_code,)
    number = system_codes.code_named(query) if re.fullmatch(_SYMBOL, query.upper()) else None
    return _by_number(query, (number,)) if number is not None else _in_message(query)


def known_names() -> tuple[str, ...]:
    """Every name that `look_up` understands."""
    return (*error_codes.names(), *exit_codes.names(), *error_texts.names())


def nearest(query: str, names: tuple[str, ...], count: int = 3) -> tuple[str, ...]:
    """The names most like a query, best first, compared without regard to case."""
    by_folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(query.strip().casefold(), by_folded, n=count, cutoff=_ALIKE)
    return tuple(by_folded[name] for name in close)


def _by_number(query: str, readings: tuple[int, ...]) -> tuple[Entry, ...]:
    """The readings of a number, each with the other names that Windows has for it; one of which nothing but names is
    known counts only where nothing more is known of any, and then the first."""
    found: list[Entry] = []
    if re.fullmatch(r"[0-9]{1,3}", query) and int(query) in exit_codes.table():
        found.append(exit_codes.table()[int(query)])
    for reading in readings:
        entry = error_codes.entry_for(reading)
        if entry is not None:
            others = (name for name in system_codes.names_of(reading) if entry.name not in name.name)
            found.append(structs.replace(entry, also=tuple(map(str, others))))
    # Most numbers can be taken for a reason code: an unusual one counts only where nothing else is known.
    reason = shutdown_reasons.decoded(readings[0])
    if reason is not None and (reason.known or (not found and reason.is_named)):
        found += [entry for entry in (shutdown_reasons.entry(readings[0]),) if entry is not None]
    if found:
        return tuple(found)
    named = next((entry for reading in readings if (entry := system_codes.entry_for(reading)) is not None), None)
    return (named,) if named is not None else ()


def _in_message(message: str) -> tuple[Entry, ...]:
    found: dict[tuple[str, str, str], Entry] = {}
    codes = (reading for code in _CODE.findall(message) for reading in error_codes.readings_of(code))
    entries = [entry for entry in map(error_codes.entry_for, codes) if entry is not None]
    entries += [entry for symbol in _SYMBOL.findall(message) for entry in error_codes.entries_named(symbol)]
    exits = (exit_codes.table().get(int(code)) for code in _EXIT_CODE.findall(message))
    entries += [entry for entry in exits if entry is not None and entry.code != "0"]
    entries += error_texts.entries_in(message)
    for entry in entries:
        found.setdefault((entry.kind, entry.code, entry.name), entry)
    return tuple(found.values())
