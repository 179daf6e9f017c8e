"""Notes: what users ask about and no scan can see. They have ids like checks, so that one number space names all."""

from __future__ import annotations

from functools import cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note: `summary` is one sentence, the two texts are paragraphs, `also` other names to ask by."""

    id: str
    name: str
    summary: str
    why_it_matters: str
    what_to_do: str
    source: str
    also: tuple[str, ...] = ()

    @property
    def documentation(self) -> str:
        """All of it as Markdown, in the form of the documentation of a check."""
        return (
            f"{self.summary}\n\n## Why it matters\n{self.why_it_matters.strip()}"
            f"\n\n## What to do\n{self.what_to_do.strip()}"
        )


@cache
def notes() -> Dated[Note]:
    """Every note in the order of ids."""
    return load("notes.toml", Note, key=lambda note: note.id)


def note_named(wanted: str) -> Note | None:
    """The note of an id (`AUM140`) or of one of its names, compared without regard to case, or None."""
    folded = wanted.strip().casefold()
    return next((note for note in notes().rows if folded in map(str.casefold, (note.id, note.name, *note.also))), None)


def names() -> tuple[str, ...]:
    """Every id and name of a note."""
    return tuple(name for note in notes().rows for name in (note.id, note.name, *note.also))
