"""Every rule of time: how long before, during and after a window something has to be, and how recurrence is counted."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Literal

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class TimeRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule of time.

    It is `minutes`, `hours` or `days` long; `number` is a count that is no time; a rule of counting has none of them.
    `elsewhere` is what another document says and where, `elsewhere_minutes` or `elsewhere_hours` its value where that
    is a number. `os` is the system that the rule is for, `source` the document and its section, `held_by` the node id
    of the test that holds the rule.
    """

    name: str
    about: Literal["schedule", "run", "events", "between", "recurrence", "clock"]
    means: str
    source: str
    held_by: str
    minutes: int | None = None
    hours: int | None = None
    days: int | None = None
    number: int | None = None
    os: Literal["windows", "linux", "any"] = "any"
    elsewhere: str = ""
    elsewhere_minutes: int | None = None
    elsewhere_hours: int | None = None

    @property
    def span(self) -> timedelta:
        """How long it is; raises ValueError where the rule is not one of length."""
        found = _span(minutes=self.minutes, hours=self.hours, days=self.days)
        if found is None:
            raise ValueError(f"the time rule {self.name} has no length")
        return found

    @property
    def elsewhere_span(self) -> timedelta | None:
        """How long it is by the other document; None where there is none, or it does not give a number."""
        return _span(minutes=self.elsewhere_minutes, hours=self.elsewhere_hours)

    @property
    def has_span(self) -> bool:
        """Whether the rule is one of length."""
        return not (self.minutes is None and self.hours is None and self.days is None)


def _span(**parts: int | None) -> timedelta | None:
    given = {unit: count for unit, count in parts.items() if count is not None}
    return timedelta(**given) if given else None


@cache
def time_rules() -> Dated[TimeRule]:
    """All rules of time, in the order of the file."""
    return load("time-rules.toml", TimeRule, key=lambda row: row.name)


def rule(name: str) -> TimeRule:
    """A rule by its name; raises KeyError where there is none."""
    return _by_name()[name]


@cache
def _by_name() -> dict[str, TimeRule]:
    return {row.name: row for row in time_rules().rows}
