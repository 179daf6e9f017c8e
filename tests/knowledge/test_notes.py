import re

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.knowledge.notes import names, note_named, notes


@pytest.mark.parametrize("wanted", ["AUM140", "aum140", "no-rollback", "No-Rollback", " rollback "])
def test_a_note_is_found_by_its_id_and_its_names(wanted: str) -> None:
    note = note_named(wanted)
    assert note is not None
    assert note.id == "AUM140"


@pytest.mark.parametrize("wanted", ["", "AUM018", "AUM141b", "extension-operations-disabled", "roll"])
def test_nothing_else_is_a_note(wanted: str) -> None:
    assert note_named(wanted) is None


def test_ids_and_names_are_those_of_no_check() -> None:
    of_checks = {name.casefold() for check in CHECKS for name in (check.id, check.name)}
    of_notes = [name.casefold() for name in names()]
    assert len(of_notes) == len(set(of_notes))
    assert of_checks.isdisjoint(of_notes)


def test_each_says_why_it_matters_and_what_to_do_without_a_break_in_a_sentence() -> None:
    for note in notes().rows:
        assert re.fullmatch(r"AUM[0-9]{3}", note.id)
        assert re.findall(r"(?m)^## (.+)$", note.documentation) == ["Why it matters", "What to do"]
        assert note.summary.endswith(".")
        assert note.source
        assert "\n" not in note.why_it_matters.strip()
        assert "  " not in note.documentation


def test_they_stand_in_the_order_of_ids() -> None:
    ids = [note.id for note in notes().rows]
    assert ids == sorted(ids)


def test_a_check_that_a_note_names_exists() -> None:
    known = {check.id for check in CHECKS} | {note.id for note in notes().rows}
    for note in notes().rows:
        assert set(re.findall(r"AUM[0-9]{3}[a-z]?", note.documentation)) <= known
