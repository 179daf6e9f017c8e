"""Signs of logs that say the same a million times: the first ones are told, the others are counted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from aumdoctor.model.guest import LogSign

MOST_ALIKE = 50
"""Records of one sign with the same values from one file; one more tells how many there were."""

MOST_KINDS = 2000
"""Different ones (sign and values) that are told apart in one file."""


class RepeatedSigns:
    """Lets a sign through until there have been enough of its kind."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}
        self._last: dict[tuple[str, ...], LogSign] = {}

    def new(self, sign: LogSign) -> Iterator[LogSign]:
        """The sign, or nothing where it has been told often enough."""
        kind = (sign.sign, *(f"{name}={value}" for name, value in sorted(sign.values.items())))
        if kind not in self._counts and len(self._counts) >= MOST_KINDS:
            kind = (sign.sign,)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= MOST_ALIKE:
            yield sign
        else:
            self._last[kind] = sign

    def rest(self) -> Iterator[LogSign]:
        """For each kind that was not told in full, its last record, with the number of all as `count`."""
        for kind, sign in self._last.items():
            yield msgspec.structs.replace(sign, values={**sign.values, "count": str(self._counts[kind])})
