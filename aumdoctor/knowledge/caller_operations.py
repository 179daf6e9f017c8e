"""What people and programs do with Azure Update Manager, and the rights and roles that it takes."""

from __future__ import annotations

from functools import cache
from typing import Literal

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class CallerOperation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a caller does (`title` says what, in words that follow "may not").

    Each member of `actions` is one right, granted by any one of the actions in it; the operation takes all of them.
    `role` and `role_id` are the smallest built-in role that has them, `scope` is where that role is given, and
    `machines` for which machines the operation is asked about at all.
    """

    name: str
    title: str
    actions: tuple[tuple[str, ...], ...]
    role: str
    role_id: str
    scope: Literal["machine", "schedule", "subscription"]
    machines: Literal["azure-vm", "arc", "any"] = "any"
    remark: str = ""


@cache
def caller_operations() -> Dated[CallerOperation]:
    """The operations in the order of the data file: the changes first, what is only read last."""
    return load("caller-operations.toml", CallerOperation, key=lambda row: row.name)


def caller_operation(name: str) -> CallerOperation:
    """An operation by its name; raises KeyError where there is none."""
    return _by_name()[name]


@cache
def _by_name() -> dict[str, CallerOperation]:
    return {row.name: row for row in caller_operations().rows}
