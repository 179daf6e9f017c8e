"""The documentation page of the notes."""

import importlib.util
import re
from pathlib import Path

from aumdoctor.knowledge.notes import notes
from aumdoctor.report.notes import page

DOCS = Path(__file__).parents[2] / "docs"


def test_every_note_has_its_heading_its_texts_and_its_source() -> None:
    text = page(notes())
    for note in notes().rows:
        assert f"\n## {note.id} {note.name}\n\n{note.summary}\n" in text
        assert note.what_to_do.strip() in text
        assert f"\nSource: {note.source}\n" in text
    assert text.count("\n### Why it matters\n\n") == text.count("\n### What to do\n\n") == len(notes().rows)


def test_the_list_at_its_beginning_leads_to_the_headings() -> None:
    text = page(notes())
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"(?m)^## (.+)$", text)}
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert set(links) == anchors
    assert len(links) == len(notes().rows)


def test_the_docs_are_generated_with_it() -> None:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.generated()[DOCS / "notes.md"] == page(notes())
