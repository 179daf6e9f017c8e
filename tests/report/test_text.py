import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.report.text import count, printable


@pytest.mark.parametrize("name", ["vm-01", "東京サーバー", "Düsseldorf", "vm with blanks", "", "🖥 host"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("vm\x1b[31m", "vm\\x1b[31m"),
        ("vm\x00", "vm\\x00"),
        ("vm\x9b2J", "vm\\x9b2J"),
        ("a\nb\r\nc\td", "a b  c d"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028break", "line\\u2028break"),
        ("half\ud800", "half\\ud800"),
    ],
)
def test_what_could_steer_a_terminal_is_shown_instead(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(st.text(alphabet=st.characters()))
def test_no_text_keeps_a_control_character(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert len(shown) >= len(text)


def test_counts_agree_with_their_noun() -> None:
    assert [count(number, "machine") for number in (0, 1, 1000)] == ["0 machines", "1 machine", "1,000 machines"]
    assert count(2, "query") == "2 queries"
