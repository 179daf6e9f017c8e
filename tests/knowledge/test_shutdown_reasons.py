import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.knowledge.shutdown_reasons import code_of, decoded, entry, table


@pytest.mark.parametrize("text", ["0x500ff", "0X500FF", "500ff", "327935", " 0x000500FF "])
def test_every_spelling_of_a_code_is_the_same_code(text: str) -> None:
    assert code_of(text) == 0x500FF


@pytest.mark.parametrize("text", ["0x80020010", "80020010", "2147614736", "-2147352560"])
def test_a_planned_code_may_be_signed_or_without_its_prefix(text: str) -> None:
    assert code_of(text) == 0x80020010


@pytest.mark.parametrize("text", ["", "0x", "x500ff", "0x123456789", "99999999999", "1.5", "-2147483649", "off"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert code_of(text) is None
    assert decoded(text) is None
    assert entry(text) is None


def test_the_power_button_of_the_logon_screen() -> None:
    reason = decoded("0x500ff")
    assert reason is not None
    assert (reason.planned, reason.user_defined, reason.major, reason.minor) == (False, False, "system", "none")
    assert reason.sentence == "unplanned; system / none"
    assert reason.known is not None
    assert "echo" in reason.known.means


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (0x80020010, "planned; operating system / service pack"),
        (0x80020003, "planned; operating system / upgrade"),
        (0x80030002, "planned; software / installation"),
        (0x80040002, "planned; application / installation"),
        (0x0, "unplanned; other / other"),
        (0x84020004, "planned; clean interface; operating system / reconfiguration"),
        (0x40070001, "unplanned; user-defined; legacy interface / maintenance"),
        (0x0002000F, "unplanned; operating system / blue screen"),
        (0x00631234, "unplanned; 0x63 / 0x1234"),
    ],
)
def test_a_code_is_taken_apart(code: int, sentence: str) -> None:
    reason = decoded(code)
    assert reason is not None
    assert reason.sentence == sentence


def test_flags_of_the_dialog_do_not_hide_a_known_code() -> None:
    reason = decoded(0x85000000)
    assert reason is not None
    assert reason.known is not None
    assert reason.known.name == "planned, without a nearer reason"
    assert decoded(0x00020010) is not None
    assert decoded(0x00020010).known is None  # type: ignore[union-attr]


def test_an_entry_says_what_the_code_means_and_where_that_is_from() -> None:
    found = entry("0x80020010")
    assert found is not None
    assert found.code == "0x80020010"
    assert "updates" in found.means
    assert found.source
    other = entry("0x2000f")
    assert other is not None
    assert other.means == (
        "Reason code of a shutdown: unplanned; operating system / blue screen. The operating system: a stop error."
    )


def test_the_table_is_whole() -> None:
    minors = {row.value for row in table().rows if row.part == "minor"}
    assert minors == {*range(0x1B), 0x20, 0x21, 0x22, 0xFF}
    assert {row.value for row in table().rows if row.part == "major"} == set(range(8))
    assert all(row.means and row.means[-1] in ".)" for row in table().rows if row.part == "code")


@given(st.integers(0, 2**32 - 1))
def test_every_number_can_be_taken_apart(code: int) -> None:
    reason = decoded(code)
    assert reason is not None
    assert decoded(reason.hexadecimal) == decoded(code - 2**32 if code >= 2**31 else code) == reason
    assert entry(code) is not None
