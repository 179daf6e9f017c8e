import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.knowledge.hresult import find_hresults, is_failure

REAL = (
    "Assessment failed due to this reason: '['Windows update API failed to assess the machine for available updates. "
    "Error:Exception from HRESULT: 0x8024402C, Hresult:0' at UpdateManagementAction.concrete.UpdateAssessment'"
)


def test_the_extension_s_own_sentence() -> None:
    assert find_hresults(REAL) == ("0x8024402C",)


def test_each_code_once_in_order_of_appearance_whatever_its_spelling() -> None:
    text = "0x80072ee2 then (0X8024402c), -2145107924 and again 0x80072EE2."
    assert find_hresults(text) == ("0x80072EE2", "0x8024402C")


@pytest.mark.parametrize(
    "text",
    [
        "0x0",
        "0x8024402",
        "0x8024402CA",
        "x8024402C",
        "8024402C",
        "-2145107924000",
        "-9999999999",
        "3.0-2145107924x",
        "1a-0x8024402C_b",
        "",
    ],
)
def test_other_numbers_are_no_hresults(text: str) -> None:
    assert find_hresults(text) == ()


@given(code=st.integers(min_value=0x80000000, max_value=0xC4653600), before=st.text(max_size=20))
def test_a_failure_is_found_in_hexadecimal_and_as_a_signed_number(code: int, before: str) -> None:
    canonical = f"0x{code:08X}"
    assert is_failure(canonical)
    assert canonical in find_hresults(f"{before} 0x{code:08x},")
    assert canonical in find_hresults(f"{before} {code - 2**32})")


@given(st.text())
def test_any_text_gives_canonical_codes(text: str) -> None:
    for code in find_hresults(text):
        assert find_hresults(code) == (code,)


def test_success_codes_are_no_failures() -> None:
    assert not is_failure("0x00240006")
