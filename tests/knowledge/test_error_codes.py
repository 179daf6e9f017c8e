import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.knowledge import error_codes


def test_the_table_is_whole() -> None:
    table = error_codes.table()
    assert len(table) == 563
    unnamed = [row.code for row in table.values() if not re.fullmatch(r"[A-Z][A-Za-z0-9_]+", row.name)]
    assert unnamed == [0x800F0923]
    assert all(0 < code < 2**32 for code in table)


@pytest.mark.parametrize(
    "written", ["0x8024402C", "0X8024402c", "8024402C", "8024402c", "2149859372", "-2145107924", " 0x8024402C "]
)
def test_every_spelling_of_a_code_is_the_same_code(written: str) -> None:
    assert error_codes.readings_of(written) == (0x8024402C,)


def test_a_win32_code_stands_for_itself_and_for_its_hresult() -> None:
    assert error_codes.readings_of("12030") == (0x2EFE, 0x80072EFE)
    assert error_codes.readings_of("0x2EFE") == (0x2EFE, 0x80072EFE)
    assert error_codes.readings_of("5") == (5, 0x80070005)


@pytest.mark.parametrize("text", ["", "hello", "0x", "0x123456789", "99999999999", "4294967296", "-2147483649", "1.5"])
def test_what_is_no_code_has_no_reading(text: str) -> None:
    assert error_codes.readings_of(text) == ()


@given(st.integers(min_value=0x10000, max_value=2**32 - 1))
def test_hexadecimal_decimal_and_signed_agree(code: int) -> None:
    signed = code - 2**32 if code >= 2**31 else code
    assert error_codes.readings_of(f"0x{code:08X}") == error_codes.readings_of(f"{code:08x}") == (code,)
    if len(str(signed)) != 8:  # eight digits are read as hexadecimal
        assert error_codes.readings_of(str(signed)) == (code,)


@given(st.text())
def test_reading_never_raises(text: str) -> None:
    assert all(0 <= code < 2**32 for code in error_codes.readings_of(text))


@pytest.mark.parametrize(
    ("code", "check"),
    [
        (0x8024402C, "AUM025"),
        (0x8024402C, "AUM027"),
        (0x8024401C, "AUM025"),
        (0x8024402F, "AUM025"),
        (0x80072EE2, "AUM025"),
        (0x80072EE2, "AUM027"),
        (0x8024001E, "AUM029"),
        (0x8024002E, "AUM026"),
        (0x80070422, "AUM026"),
        (0x80070005, "AUM028"),
        (0x80072EE6, "AUM027"),
    ],
)
def test_the_codes_of_the_troubleshooting_article_lead_to_their_checks(code: int, check: str) -> None:
    entry = error_codes.entry_for(code)
    assert entry is not None
    assert check in entry.checks
    assert entry.advice


def test_a_code_without_its_own_advice_gets_its_familys() -> None:
    entry = error_codes.entry_for(0x8024401D)
    assert entry is not None
    assert entry.name == "WU_E_PT_HTTP_STATUS_CONFLICT"
    assert "server" in " ".join(entry.advice)


def test_a_code_that_nobody_published_is_still_of_a_family_or_unknown() -> None:
    entry = error_codes.entry_for(0x80244ABC)
    assert entry is not None
    assert entry.name == "no published name"
    assert error_codes.entry_for(0x12345678) is None


def test_every_code_with_advice_is_in_the_table() -> None:
    known = {error_codes.hexadecimal(code) for code in error_codes.table()}
    advised = {code for entry in error_codes.advice().rows for code in entry.codes}
    assert advised <= known
    assert all(re.fullmatch("0x[0-9A-F]{8}", code) for code in advised)


def test_a_name_finds_every_code_that_bears_it() -> None:
    assert [entry.code for entry in error_codes.entries_named("wu_e_wu_disabled")] == ["0x8024002E"]
    assert len(error_codes.entries_named("WU_E_REDIRECTOR_UNEXPECTED")) == 2


@pytest.mark.parametrize("code", [0x2EFE, 0x80072EFE])
def test_a_connection_that_was_cut_off_is_blamed_on_nobody(code: int) -> None:
    """It is what the primary of Hyper-V Replica shows as well (WS004), whose network is in order."""
    entry = error_codes.entry_for(code)
    assert entry is not None
    assert "no working network path" not in entry.means
    assert "by whom" in entry.means
    assert {"AUM025", "WS004"} <= set(entry.checks)


@pytest.mark.parametrize("code", [0x80090302, 0x8009030C, 0x80090326])
def test_an_error_of_sspi_is_none_of_windows_update(code: int) -> None:
    entry = error_codes.entry_for(code)
    assert entry is not None
    assert entry.kind == "Windows security error"
