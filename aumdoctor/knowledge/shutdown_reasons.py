"""Reason codes of shutdowns: what `0x500ff` in event 1074 says, taken apart.

The code is 32 bits: flags above bit 24 (planned in bit 31), the major reason in bits 16 to 23, the minor in the lower
16.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

import msgspec

from aumdoctor.knowledge.dated import Dated, load
from aumdoctor.knowledge.entry import Entry

_PLANNED = 0x80000000
_USER_DEFINED = 0x40000000
_FLAGS = 0xFF000000
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,8}")
# Eight decimal digits are hexadecimal without its prefix, as everywhere here.
_BARE_HEX = re.compile(r"(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{3,8}|[0-9]{8}")
_DECIMAL = re.compile(r"-?[0-9]{1,10}")


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the data file: a flag, a major or minor reason, or a whole code that is well known (its flags below
    `planned` do not count)."""

    part: Literal["flag", "major", "minor", "code"]
    value: int
    name: str
    means: str
    advice: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


class ShutdownReason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason code taken apart. `major` and `minor` are names ("system", "none"), or the number where Windows has
    none; `known` is the well known combination where it is one."""

    code: int
    planned: bool
    user_defined: bool
    flags: tuple[str, ...]
    major: str
    minor: str
    known: Reason | None = None

    @property
    def hexadecimal(self) -> str:
        """The code as event 1074 writes it: `0x500ff`."""
        return f"0x{self.code:x}"

    @property
    def is_named(self) -> bool:
        """Whether it is more than a small number, and both its parts have a name."""
        return self.code > 0xFFFF and not (self.major + self.minor).startswith("0x") and "0x" not in self.minor

    @property
    def sentence(self) -> str:
        """The parts in words: "unplanned; system / none"."""
        named = [flag for flag in self.flags if flag != "planned"]
        return "; ".join(["planned" if self.planned else "unplanned", *named, f"{self.major} / {self.minor}"])


@cache
def table() -> Dated[Reason]:
    """The data file, validated."""
    return load("shutdown-reasons.toml", Reason, key=lambda row: (row.part, row.value))


@cache
def _by_part() -> dict[tuple[str, int], Reason]:
    return {(row.part, row.value): row for row in table().rows}


def code_of(text: str) -> int | None:
    """The code that a text is: `0x500ff`, `500ff`, `0x80020010`, decimal, signed. None where it is none."""
    text = text.strip()
    if _HEX.fullmatch(text) or _BARE_HEX.fullmatch(text):
        return int(text, 16)
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number & 0xFFFFFFFF if -(2**31) <= number < 2**32 else None


def decoded(code: int | str) -> ShutdownReason | None:
    """A reason code taken apart; None where the text is no code.

    >>> decoded("0x500ff").sentence
    'unplanned; system / none'
    """
    number = code_of(code) if isinstance(code, str) else code & 0xFFFFFFFF
    if number is None:
        return None
    rows = _by_part()
    major, minor = number >> 16 & 0xFF, number & 0xFFFF
    named_major, named_minor = rows.get(("major", major)), rows.get(("minor", minor))
    return ShutdownReason(
        code=number,
        planned=bool(number & _PLANNED),
        user_defined=bool(number & _USER_DEFINED),
        flags=tuple(row.name for (part, value), row in rows.items() if part == "flag" and number & value),
        major=named_major.name if named_major else f"0x{major:x}",
        minor=named_minor.name if named_minor else f"0x{minor:x}",
        # Flags other than `planned` say what the dialog asked, not why.
        known=rows.get(("code", number & ~(_FLAGS & ~_PLANNED))),
    )


def entry(code: int | str) -> Entry | None:
    """What is known of a reason code, as `aumdoctor explain` shows it; None where the text is no code."""
    reason = decoded(code)
    if reason is None:
        return None
    rows = _by_part()
    major, minor = rows.get(("major", reason.code >> 16 & 0xFF)), rows.get(("minor", reason.code & 0xFFFF))
    parts = f"Reason code of a shutdown: {reason.sentence}."
    if reason.known:
        means = f"{reason.known.means} ({reason.sentence}.)"
    elif major and minor:
        means = f"{parts} {major.means.rstrip('.')}: {minor.means}."
    else:
        means = parts
    return Entry(
        kind="reason code of a shutdown",
        code=reason.hexadecimal,
        name=reason.known.name if reason.known else f"{reason.major} / {reason.minor}",
        means=means,
        advice=reason.known.advice if reason.known else (),
        checks=reason.known.checks if reason.known else (),
        source=table().source,
        as_of=table().as_of,
    )
