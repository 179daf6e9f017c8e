"""What Azure Update Manager costs."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price in US dollars per machine, for a month of 31 days and for one day, and what it is waived with."""

    name: str
    per_month: float
    per_day: float
    free_with: tuple[str, ...]


@cache
def table() -> Dated[Price]:
    """Every price."""
    return load("prices.toml", Price, key=lambda row: row.name)


@cache
def of_arc_server() -> Price:
    """The price of an Arc-enabled server."""
    return next(price for price in table().rows if price.name == "arc-enabled-server")
