"""The documentation page of the notes, made from their table."""

from __future__ import annotations

import re

from aumdoctor.knowledge.dated import Dated
from aumdoctor.knowledge.notes import Note

_HEAD = "<!-- Written by `make docs` from aumdoctor/knowledge/notes.toml. Change it there. -->"


def page(notes: Dated[Note]) -> str:
    """The page `docs/notes.md`: every note under its id and name."""
    parts = [
        "# Notes",
        _HEAD,
        "What users of Azure Update Manager ask about and no scan can see, so that no [check](checks/README.md) looks "
        "for it. `aumdoctor explain AUM140` shows a note in the terminal. As of "
        f"{notes.as_of.isoformat()}.",
        "\n".join(f"- [{note.id} {note.name}](#{_anchor(note)}): {note.summary}" for note in notes.rows),
    ]
    for note in notes.rows:
        body = re.sub(r"(?m)^## (.+)\n", r"### \1\n\n", note.documentation)
        parts += [f"## {note.id} {note.name}", body, f"Source: {note.source}"]
        if note.also:
            parts.append("Also found by " + ", ".join(f"`aumdoctor explain {name}`" for name in note.also) + ".")
    return "\n\n".join(parts) + "\n"


def _anchor(note: Note) -> str:
    """The anchor that GitHub makes of a note's heading."""
    return f"{note.id} {note.name}".lower().replace(" ", "-")
