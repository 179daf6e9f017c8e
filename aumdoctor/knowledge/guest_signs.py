"""Texts with a known meaning in logs of machines: what they are called, what they mean, and how they are found."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class GuestSign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign as the data file has it.

    A line gives the sign where it has one of `contains` and, where there are `patterns`, the first of them that matches
    within reach of it: its named groups are the sign's values. A sign without `contains` is worked out by a reader,
    which may need `phrases` for it. `values` are the names that a record may carry, `checks` the known issues that it
    points to. `fault` is False where it tells no fault.
    """

    id: str
    means: str
    checks: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    fault: bool = True
    source: str = ""

    def compiled(self) -> tuple[re.Pattern[str], ...]:
        """Its patterns, ready to search."""
        return tuple(re.compile(pattern) for pattern in self.patterns)


def table() -> tuple[GuestSign, ...]:
    """Every sign, in the order of the data files: those of Linux, those of Windows."""
    return tuple(row for name in _FILES for row in _file(name).rows)


_FILES = ("guest-signs.toml", "guest-signs-windows.toml")


@cache
def _file(name: str) -> Dated[GuestSign]:
    return load(name, GuestSign, key=lambda sign: sign.id)


@cache
def _by_id() -> dict[str, GuestSign]:
    return {sign.id: sign for sign in table()}


def sign_named(sign: str) -> GuestSign | None:
    """The sign of that id; None where there is none."""
    return _by_id().get(sign)
