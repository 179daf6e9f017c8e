"""What a data file says about one code or text."""

from __future__ import annotations

from datetime import date

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One code or text that a person may meet: what it means, what to do, and the ids of the checks that see it.

    `kind` says what it is in words ("Windows Update error"), `code` how it is written (hexadecimal for an HRESULT,
    decimal for an exit code, empty for a text), `name` its symbol or short name. `advice` is a sequence of sentences.
    `also` are other names of the same number.
    """

    kind: str
    name: str
    means: str
    code: str = ""
    advice: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    source: str = ""
    as_of: date | None = None
