"""All names that Windows has for a number: Win32 errors, HRESULTs and NTSTATUS values, and those of WinHTTP and
WinINet."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load_tsv
from aumdoctor.knowledge.entry import Entry

_WIN32_FACILITY = 0x80070000
_NT_FACILITY_BIT = 0x10000000
_LISTS = (
    ("Win32Error", "Windows error", "winerror.h"),
    ("HResult", "HRESULT", "winerror.h"),
    ("NtStatus", "NTSTATUS", "ntstatus.h"),
)


class SystemName(msgspec.Struct, frozen=True):
    """A name of a number, what kind of number it then is, and the header of the Windows SDK that defines it."""

    name: str
    kind: str
    header: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.header})"


def names_of(code: int) -> tuple[SystemName, ...]:
    """The names of a 32-bit value as such: 12030 has two, 0x80072EFE another one. An HRESULT that carries an NTSTATUS
    (0xD000015B) has the name of that one.

    >>> [each.name for each in names_of(12030)]
    ['ERROR_INTERNET_CONNECTION_ABORTED', 'ERROR_WINHTTP_CONNECTION_ERROR']
    """
    import ntstatus

    found = [
        SystemName(known.name, kind, header)
        for list_, kind, header in _LISTS
        if (known := getattr(ntstatus, list_).decode(code)) is not None
    ]
    carried = ntstatus.NtStatus.decode(code & ~_NT_FACILITY_BIT) if code >> 28 == 0xD else None
    if carried is not None:
        found.append(SystemName(carried.name, "NTSTATUS inside of an HRESULT", "ntstatus.h"))
    return (*found, *(SystemName(name, "Windows error", header) for name, header in _further().get(code, ())))


def entry_for(code: int) -> Entry | None:
    """An entry of nothing but names, for numbers of which nothing more is known; None where there is no name either."""
    names = names_of(code)
    if not names:
        return None
    first, *others = names
    return Entry(
        kind=first.kind,
        code=f"0x{code:08X}",
        name=first.name,
        means=f"{code} in decimal. aumdoctor knows its name in Windows and nothing beside it.",
        also=tuple(map(str, others)),
        source=f"Windows SDK, {first.header}",
        as_of=_rows().as_of,
    )


def code_named(name: str) -> int | None:
    """The number of a name, compared without regard to case; None where there is no such name."""
    import ntstatus

    wanted = name.strip().upper()
    for list_, _, _ in _LISTS:
        known = getattr(getattr(ntstatus, list_), wanted, None)
        if isinstance(known, ntstatus.ThirtyTwoBits):
            return known.unsigned_value
    return next((code for code, names in _further().items() if wanted in dict(names)), None)


@cache
def _rows() -> Dated[dict[str, str]]:
    return load_tsv("further-names.tsv", columns=("name", "code", "header"))


@cache
def _further() -> dict[int, tuple[tuple[str, str], ...]]:
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for row in _rows().rows:
        code = int(row["code"])
        found[code] = (*found.get(code, ()), (row["name"], row["header"]))
    return found
