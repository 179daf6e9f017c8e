"""Azure Resource Graph: runs the queries of `queries/*.kql` and pages through their rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.session import Session
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.azure.wire.pages import graph_page

PATH = "/providers/Microsoft.ResourceGraph/resources"
API_VERSION = "2021-03-01"
PAGE_SIZE = 1000
SUBSCRIPTIONS_PER_QUERY = 200
"""Azure's advice is to stay below 300 subscriptions in one query."""


@cache
def query_text(name: str) -> str:
    """The text of `queries/{name}.kql`."""
    return (files("aumdoctor.azure") / "queries" / f"{name}.kql").read_text(encoding="utf-8")


def literal(text: str) -> str:
    """A KQL string literal; what a name holds cannot end it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"


def narrowed(query: str, resource_groups: Sequence[str]) -> str:
    """The query with only the rows of some resource groups: a filter right behind the table's name."""
    if not resource_groups:
        return query
    lines = query.splitlines()
    table = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith("//"))
    names = ", ".join(literal(name) for name in resource_groups)
    lines.insert(table + 1, f"| where resourceGroup in~ ({names})")
    return "\n".join(lines)


async def rows(
    session: Session,
    name: str,
    subscriptions: Sequence[str],
    resource_groups: Sequence[str] = (),
    since: datetime | None = None,
) -> AsyncIterator[msgspec.Raw]:
    """Every row of a query over at most SUBSCRIPTIONS_PER_QUERY subscriptions, page by page; `since` (UTC) stands for
    `{since}` in a query about a span of time.

    Resource Graph leaves out what the caller may not read without saying so. Raises ReadFailure, also where it says
    that it cut the result without giving a way to the rest.
    """
    options: dict[str, Any] = {"$top": PAGE_SIZE, "resultFormat": "objectArray"}
    text = query_text(name)
    if since is not None:
        text = text.replace("{since}", f"{since:%Y-%m-%dT%H:%M:%SZ}")
    body = {
        "subscriptions": list(subscriptions),
        "query": narrowed(text, resource_groups),
        "options": options,
    }
    while True:
        try:
            page = graph_page(await session.query(PATH, API_VERSION, body))
        except Malformed as error:
            raise ReadFailure("MalformedResponse", f"Resource Graph's answer to {name} is no table: {error}") from error
        for row in page.data:
            yield row
        if not page.skip_token:
            if str(page.result_truncated).lower() == "true":
                raise ReadFailure("ResultTruncated", f"Resource Graph cut the rows of {name} and gave no way on")
            return
        options["$skipToken"] = page.skip_token
