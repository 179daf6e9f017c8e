"""What every decoder shares: tolerant structs, times, tags, statuses and error texts.

Azure Resource Manager and Resource Graph describe a resource by the same `properties`, so one decoder serves both.
Structs name only what is used: unknown properties are passed over, unknown enum values stay the strings they are.
Booleans and numbers may come as strings ("True", "3"), as several of Azure's tables have them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable
from sys import intern
from typing import Any, TypeVar, cast

import msgspec

from aumdoctor.model.machine import ErrorDetail, Status
from aumdoctor.model.redaction import redact


class Malformed(ValueError):  # noqa: N818 - it is what the row is
    """A row of Azure's answer that does not have the shape that it should."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the structs that mirror Azure's JSON."""


Tags = dict[str, str | None] | None
Strings = list[str] | None
T = TypeVar("T")
H = TypeVar("H", bound=Hashable)


def decode(kind: type[T], raw: bytes | msgspec.Raw) -> T:
    """Decode JSON of a known shape, booleans and numbers also from strings. Raises Malformed."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error


class StatusItem(Wire, frozen=True, kw_only=True):
    """`InstanceViewStatus`."""

    code: str | None = None
    level: str | None = None
    display_status: str | None = None
    message: str | None = None
    time: str | None = None


class ErrorItem(Wire, frozen=True, kw_only=True):
    """Code and message of an error; the code is a string or, from the Linux extension, a number."""

    code: str | int | None = None
    message: str | None = None


class ErrorBody(ErrorItem, frozen=True, kw_only=True):
    """An error with its details."""

    details: list[ErrorItem] | None = None


class SystemData(Wire, frozen=True, kw_only=True):
    """`systemData` of a resource."""

    created_at: str | None = None
    last_modified_at: str | None = None


def moment(text: str | None) -> dt.datetime | None:
    """An ISO 8601 time as an aware datetime; a time without a zone is UTC; None where there is none to be read."""
    if not text:
        return None
    try:
        parsed = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


_SHARED_AT_MOST = 50_000
_shared: dict[Hashable, Any] = {}


def shared(value: H) -> H:
    """One object for equal values. A hundred thousand machines have a few hundred images, patch settings and places
    between them; each decoded anew would be most of what an estate weighs."""
    if len(_shared) > _SHARED_AT_MOST:
        _shared.clear()
    return cast(H, _shared.setdefault(value, value))


def clean(text: str | None) -> str | None:
    """A text of Azure without secrets."""

    return None if text is None else redact(text)


def tags_of(tags: Tags) -> dict[str, str]:
    """Tags, where null is an empty value."""

    return {intern(name): intern(value or "") for name, value in tags.items()} if tags else {}


def first_status(statuses: Iterable[StatusItem] | None) -> Status | None:
    """The first of a list of statuses, which is the one that tells the state."""

    first = next(iter(statuses or ()), None)
    return None if first is None else status_of(first)


def status_of(status: StatusItem) -> Status:
    """A status in the model."""

    return Status(
        code=shared(status.code),
        level=shared(status.level),
        display_status=shared(status.display_status),
        message=shared(clean(status.message)),
        time=moment(status.time),
    )


def errors_of(error: ErrorBody | None, path: str) -> tuple[ErrorDetail, ...]:
    """The error texts of a result. Code 0 or "0" without details stands on successful results and is no error; a
    detail without a message is told by its code."""
    if error is None or (str(error.code) == "0" and not error.details):
        return ()
    texts = []
    if error.message and str(error.code) != "0":
        texts.append(ErrorDetail(path=f"{path}.message", message=redact(error.message), code=text_of(error.code)))
    for position, detail in enumerate(error.details or ()):
        said = detail.message or text_of(detail.code)
        if said:
            where = f"{path}.details[{position}].{'message' if detail.message else 'code'}"
            texts.append(ErrorDetail(path=where, message=redact(said), code=text_of(detail.code)))
    return tuple(dict.fromkeys(texts))


def text_of(code: str | int | None) -> str | None:
    """An error code as text."""

    return None if code is None else str(code)
