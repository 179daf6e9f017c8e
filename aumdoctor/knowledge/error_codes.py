"""Windows Update error codes: the published table, and advice for those that Azure Update Manager shows."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load, load_tsv
from aumdoctor.knowledge.entry import Entry

_SOURCE = "windows-itpro-docs: windows-update-error-reference.md"
_ARTICLE = "Azure Update Manager troubleshooting: HRESULT codes; " + _SOURCE
_WIN32_FACILITY = 0x80070000
_NAMELESS = "no published name"
_KINDS = {
    "ntstatus": "Windows NTSTATUS",
    "sspi": "Windows security error",
    "success": "Windows Update success code",
    "win32": "Windows error",
}
"""What a code is called by its area, where it is no error of Windows Update itself."""

_COLUMNS = ("code", "name", "area", "category", "description")


class ErrorCode(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table; `code` is the unsigned 32-bit value, `description` empty where only the name is published."""

    code: int
    name: str
    area: str
    category: str
    description: str


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about some codes, or (`prefix`) about every code of a family that has no advice of its own."""

    means: str
    advice: tuple[str, ...]
    codes: tuple[str, ...] = ()
    prefix: str = ""
    checks: tuple[str, ...] = ()
    in_article: bool = False


def hexadecimal(code: int) -> str:
    """The usual spelling of an HRESULT: `0x8024402C`."""
    return f"0x{code:08X}"


@cache
def table() -> dict[int, ErrorCode]:
    """Every known code. The data file has one row per code."""
    rows = load_tsv("windows-update-errors.tsv", columns=_COLUMNS).rows
    codes = (msgspec.convert({**row, "code": int(row["code"], 16)}, ErrorCode) for row in rows)
    return {code.code: code for code in codes}


@cache
def advice() -> Dated[Advice]:
    """The advice file, validated. A code may stand in several entries."""
    return load("windows-update-advice.toml", Advice, key=lambda entry: (entry.codes, entry.prefix, entry.means))


def advice_for(code: int) -> tuple[Advice, ...]:
    """The advice for a code: its own entries, else the one of the longest family prefix, else none."""
    spelled = hexadecimal(code)
    own = tuple(entry for entry in advice().rows if spelled in entry.codes)
    families = (entry for entry in advice().rows if entry.prefix and spelled.startswith(entry.prefix))
    return own or tuple(sorted(families, key=lambda entry: -len(entry.prefix))[:1])


def readings_of(text: str) -> tuple[int, ...]:
    """The 32-bit values that a lone code may stand for, as written by a person or a log; empty where it is no code.

    Hexadecimal with or without `0x`, unsigned or signed decimal. A small number may be a Win32 code, so it stands for
    itself and for the HRESULT that carries it (12030 is 0x2EFE and 0x80072EFE).
    """
    text = text.strip()
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text) or re.fullmatch(r"[0-9a-fA-F]{8}", text):
        # Eight decimal digits are hexadecimal without its prefix: a decimal HRESULT has nine or ten.
        number = int(text, 16)
    elif re.fullmatch(r"-?[0-9]{1,10}", text):
        number = int(text)
    else:
        return ()
    if not -(2**31) <= number < 2**32:
        return ()
    number &= 0xFFFFFFFF
    return (number, _WIN32_FACILITY | number) if 0 < number <= 0xFFFF else (number,)


def entry_for(code: int) -> Entry | None:
    """What is known of a code: its row in the table, its advice, or the advice of its family; None where nothing is."""
    row = table().get(code)
    counsel = advice_for(code)
    if row is None and not counsel:
        return None
    described = [row.description] if row is not None and row.description else []
    return Entry(
        kind=_kind(row),
        code=hexadecimal(code),
        name=row.name if row is not None else _NAMELESS,
        means=" ".join(_sentence(text) for text in [*described, *(entry.means for entry in counsel)])
        or "Only its name is published.",
        advice=tuple(line for entry in counsel for line in entry.advice),
        checks=tuple(dict.fromkeys(check for entry in counsel for check in entry.checks)),
        source=_ARTICLE if any(entry.in_article for entry in counsel) else _SOURCE,
        as_of=advice().as_of,
    )


def entries_named(name: str) -> tuple[Entry, ...]:
    """The entries of a symbol (`WU_E_PT_WINHTTP_NAME_NOT_RESOLVED`), compared without regard to case."""
    wanted = name.strip().upper()
    found = (entry_for(row.code) for row in table().values() if row.name.upper() == wanted)
    return tuple(entry for entry in found if entry is not None)


def names() -> tuple[str, ...]:
    """Every symbol of the table."""
    return tuple(dict.fromkeys(row.name for row in table().values() if row.name != _NAMELESS))


def _kind(row: ErrorCode | None) -> str:
    if row is None:
        return "HRESULT"
    return _KINDS.get(row.area, "Windows Update error")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
