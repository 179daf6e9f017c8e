"""Texts of assessment, installation, run and remediation errors."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load
from aumdoctor.knowledge.entry import Entry


class ErrorText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text as the data file has it; any one of `contains` standing in a message is enough.

    `source` is empty where it is the file's.
    """

    name: str
    contains: tuple[str, ...]
    means: str
    advice: tuple[str, ...]
    checks: tuple[str, ...] = ()
    source: str = ""


def table() -> tuple[ErrorText, ...]:
    """Every text, in the order of the data file."""
    return _file().rows


@cache
def _file() -> Dated[ErrorText]:
    return load("error-texts.toml", ErrorText, key=lambda text: text.name)


def entries_in(message: str) -> tuple[Entry, ...]:
    """The texts that stand in a message, in the order in which they stand there.

    A text within a longer one that was also found does not count: `AuthorizationFailed` in `LinkedAuthorizationFailed`.
    """
    folded = " ".join(message.casefold().split())
    spans: list[tuple[int, int, ErrorText]] = []
    for text in table():
        for part in text.contains:
            at = folded.find(part.casefold())
            if at >= 0:
                spans.append((at, at + len(part), text))
                break
    kept = [span for span in spans if not any(_within(span, other) for other in spans)]
    return tuple(_entry(text) for _, _, text in sorted(kept, key=lambda span: span[:2]))


def entry_named(name: str) -> Entry | None:
    """The text of that name, compared without regard to case."""
    wanted = name.strip().casefold()
    return next((_entry(text) for text in table() if text.name.casefold() == wanted), None)


def names() -> tuple[str, ...]:
    """Every text's name."""
    return tuple(text.name for text in table())


def _within(inner: tuple[int, int, ErrorText], outer: tuple[int, int, ErrorText]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1] and inner[:2] != outer[:2]


def _entry(text: ErrorText) -> Entry:
    return Entry(
        kind="error text",
        name=text.name,
        means=text.means,
        advice=text.advice,
        checks=text.checks,
        source=text.source or _file().source,
        as_of=_file().as_of,
    )
