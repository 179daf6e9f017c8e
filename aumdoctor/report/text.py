"""Texts from Azure, made safe to show."""

from __future__ import annotations

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_BLANKS = str.maketrans("\t\n\r\v\f", "     ")


def printable(text: str) -> str:
    r"""A text on one line that can do nothing to a terminal.

    Names, tags and error messages come from Azure, where anybody with a right on the resource may have chosen them.
    Line breaks and tabs become blanks; control characters (escape sequences begin with one), overrides of the writing
    direction and invisible characters are shown as what they are.

    >>> printable("vm\x1b[2J")
    'vm\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text.translate(_BLANKS)))


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape").decode("ascii")


def count(number: int, noun: str) -> str:
    """`1 machine`, `212 machines`, `1,000 machines`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
