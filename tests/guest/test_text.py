import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.text import LONGEST_LINE, LONGEST_QUOTE, decode, lines, quoted, whole_text
from tests.guest.artefacts import artefact

JAPANESE = "ソース: Microsoft-Windows-FailoverClustering\r\nイベント ID: 1207\r\n"


@pytest.mark.parametrize(
    "data",
    [
        JAPANESE.encode(),
        codecs.BOM_UTF8 + JAPANESE.encode(),
        codecs.BOM_UTF16_LE + JAPANESE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + JAPANESE.encode("utf-16-be"),
        JAPANESE.encode("cp932"),
        JAPANESE.encode() + b"\0\0\0",
    ],
)
def test_every_encoding_that_windows_writes(data: bytes) -> None:
    assert list(lines(artefact("x.txt", data)))[:2] == [
        (1, "ソース: Microsoft-Windows-FailoverClustering"),
        (2, "イベント ID: 1207"),
    ]
    assert decode(data).startswith(JAPANESE)


def test_utf_16_without_a_mark_is_seen_by_its_nuls() -> None:
    text = "WUServer REG_SZ http://wsus\r\nsecond\r\n"
    assert [line for _, line in lines(artefact("x.txt", text.encode("utf-16-le")))][:2] == text.split("\r\n")[:2]


def test_lines_of_different_encodings_in_one_file() -> None:
    data = "é\n".encode() + "日本\n".encode("cp932") + b"\x81\n"
    assert [line for _, line in lines(artefact("x.txt", data))] == ["é", "日本", "\x81"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_end_is_cut_and_the_next_one_is_read(encoding: str) -> None:
    text = "a" * (3 * LONGEST_LINE) + "\nnext\n"
    (first, second) = list(lines(artefact("x.txt", text.encode(encoding))))
    assert (first[0], second) == (1, (2, "next"))
    assert len(first[1]) <= LONGEST_LINE
    assert set(first[1]) == {"a"}


def test_a_text_is_read_up_to_its_limit() -> None:
    assert whole_text(artefact("x", "abcdef"), most=4) == ("abcd", True)
    assert whole_text(artefact("x", "abcd"), most=4) == ("abcd", False)


def test_a_quote_is_one_short_line_without_secrets() -> None:
    assert quoted("a\n\tb  c") == "a b c"
    assert quoted("https://user:secret@proxy") == "https://[redacted]@proxy"
    assert len(quoted("x" * 10_000)) == LONGEST_QUOTE


@given(st.binary(max_size=400))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    found = list(lines(artefact("x", data)))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    decode(data)
    assert quoted(decode(data)).count("\n") == 0


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")), max_size=5))
def test_lines_are_what_was_written(written: list[str]) -> None:
    data = codecs.BOM_UTF16_LE + "".join(line + "\n" for line in written).encode("utf-16-le")
    assert [line for _, line in lines(artefact("x", data))] == written
