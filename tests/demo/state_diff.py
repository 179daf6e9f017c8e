"""What was changed between two snapshots of the embedded Azure, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ABSENT = "(absent)"


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A line for each value that differs: `vms /subscriptions/…/vm-1 properties.vmId: 'a' -> 'b'`.

    The arguments are of `DemoEstate.snapshot`. A resource that came or went is one line. Empty where nothing changed.
    """
    lines = []
    for collection in sorted(before.keys() | after.keys()):
        old, new = before.get(collection, {}), after.get(collection, {})
        for resource in sorted(old.keys() | new.keys()):
            if resource not in old:
                lines.append(f"{collection} {resource}: created")
            elif resource not in new:
                lines.append(f"{collection} {resource}: deleted")
            else:
                lines += [f"{collection} {resource} {line}" for line in _changes("", old[resource], new[resource])]
    return lines


def _changes(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            below = f"{path}.{name}" if path else str(name)
            yield from _changes(below, old.get(name, ABSENT), new.get(name, ABSENT))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(f"{path}[{index}]", one, other)
    elif old != new:
        yield f"{path}: {_told(old)} -> {_told(new)}"


def _told(value: Any) -> str:
    return ABSENT if value is ABSENT else repr(value)
