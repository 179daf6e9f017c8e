"""Pages of lists, and error bodies in any of the shapes that Azure uses."""

from __future__ import annotations

from typing import Any

import msgspec

from aumdoctor.azure.wire.base import Wire, decode
from aumdoctor.model.redaction import redact


class Page(Wire, frozen=True, kw_only=True):
    """A page of an ARM list: rows still as bytes, so that one malformed row spoils no other."""

    value: list[msgspec.Raw] | None = None
    next_link: str | None = None
    odata_next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class GraphPage(Wire, frozen=True, kw_only=True):
    """An answer of Resource Graph in `objectArray` format."""

    data: list[msgspec.Raw]
    skip_token: str | None = msgspec.field(default=None, name="$skipToken")
    total_records: int | None = None
    result_truncated: str | bool | None = None


def page(body: bytes) -> Page:
    """Decode an ARM list page. Raises Malformed."""
    return decode(Page, body)


def graph_page(body: bytes) -> GraphPage:
    """Decode a Resource Graph answer. Raises Malformed."""
    return decode(GraphPage, body)


def error_of(body: bytes) -> tuple[str | None, str | None]:
    """Code and message of an error body in any of the shapes that Azure uses; (None, None) where it has none.

    The standard envelope `{"error": {...}}`, the flat `{"code", "message"}`, and the
    `{"Message"}` of Microsoft.Maintenance.
    """
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    if not isinstance(found, dict):
        return None, None
    inner = found.get("error", found)
    if isinstance(inner, str):
        description = found.get("error_description")
        return inner, redact(description) if isinstance(description, str) else None
    if not isinstance(inner, dict):
        return None, None
    lowered = {str(name).lower(): value for name, value in inner.items()}
    code, message = lowered.get("code"), lowered.get("message")
    return (
        str(code) if isinstance(code, str | int) else None,
        redact(message) if isinstance(message, str) else None,
    )
