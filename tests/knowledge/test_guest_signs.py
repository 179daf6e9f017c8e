import re
from pathlib import Path

import pytest

import aumdoctor.guest
from aumdoctor.guest.signs import signs_in
from aumdoctor.knowledge import guest_signs

SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in Path(aumdoctor.guest.__file__).parent.rglob("*.py"))


def test_a_sign_is_found_by_its_id_only() -> None:
    found = guest_signs.sign_named("apt-fetch-failed")
    assert found is not None
    assert found.fault
    assert guest_signs.sign_named("APT-FETCH-FAILED") is None


def test_ids_stand_once_in_all_files() -> None:
    ids = [sign.id for sign in guest_signs.table()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", each) for each in ids)


def test_signs_point_to_known_issues_by_their_ids() -> None:
    assert all(re.fullmatch(r"AUM\d{3}", check) for sign in guest_signs.table() for check in sign.checks)


@pytest.mark.parametrize(
    "sign", [each for each in guest_signs.table() if each.contains and not each.patterns], ids=lambda sign: sign.id
)
def test_every_text_that_suffices_gives_its_sign(sign: guest_signs.GuestSign) -> None:
    for text in sign.contains:
        assert sign.id in {found.sign for found in signs_in(f"x {text} y")}


@pytest.mark.parametrize("sign", [each for each in guest_signs.table() if not each.contains], ids=lambda sign: sign.id)
def test_a_sign_without_a_text_is_worked_out_by_a_reader(sign: guest_signs.GuestSign) -> None:
    assert f'"{sign.id}"' in SOURCE


def test_no_pattern_can_take_long() -> None:
    hostile = ["a" * 2000, "/" * 2000, "[" * 2000, "://a" * 500, "' " * 1000, "1, " * 700]
    for sign in guest_signs.table():
        for text in sign.contains:
            for each in hostile:
                signs_in(each[:900] + text + each[:900])
