"""What a reader is: it says whether it knows an artefact, and makes records of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from aumdoctor.guest.artefact import Artefact
from aumdoctor.model.guest import Record


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """`recognises` looks at name and head only, and raises nothing. `read` streams: memory stays bounded whatever the
    size. What it cannot read it tells as `Damage` and goes on; `UnreadableError` where there is nothing at all."""

    name: str
    title: str
    recognises: Callable[[Artefact], bool]
    read: Callable[[Artefact], Iterator[Record]]


def reader(
    *, name: str, title: str, recognises: Callable[[Artefact], bool]
) -> Callable[[Callable[[Artefact], Iterator[Record]]], Reader]:
    """Make a reader of a function that makes records of an artefact."""

    def make(read: Callable[[Artefact], Iterator[Record]]) -> Reader:
        return Reader(name=name, title=title, recognises=recognises, read=read)

    return make
