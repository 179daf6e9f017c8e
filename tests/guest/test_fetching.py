"""Logs in pieces: what a machine says is not believed, and what is missing is told."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.fetching import (
    LARGEST,
    Fetched,
    Offer,
    assembled,
    calls_for,
    offers_of,
    parts_of,
    safe_parts,
    write,
)


def offer(path: str = "/var/log/waagent.log", content: bytes = b"a\n", **more: Any) -> Offer:
    given = {
        "path": path,
        "size": len(content),
        "start": 0,
        "count": len(content),
        "packed": len(gzip.compress(content)),
        "digest": hashlib.sha256(content).hexdigest(),
    }
    return Offer(**(given | more))


def row(**more: Any) -> str:
    return json.dumps({"c": "file", "p": "/a", "s": 1, "o": 0, "n": 1, "z": 21, "h": "x"} | more)


def listed(*rows: str, end: bool = True) -> str:
    return "".join(f"{each}\n" for each in (*rows, *([json.dumps({"c": "end", "n": len(rows)})] if end else [])))


def test_a_list_without_its_end_says_so_and_what_came_stands() -> None:
    found, why = offers_of(listed(row(), end=False), windows=False)
    assert (len(found), why) == (1, "its last line is missing")
    found, why = offers_of('le.log","s":1}\n' + row() + '\n{"c":"end","n":2}\n', windows=False)
    assert (len(found), why) == (1, "1 of 2 lines came")


@pytest.mark.parametrize(
    "more",
    [
        {"p": "/etc/../shadow"},
        {"p": "/a'; id"},
        {"p": "relative"},
        {"n": LARGEST + 1},
        {"z": LARGEST + 1},
        {"n": 0},
        {"n": -5},
        {"o": -1},
        {"s": "many"},
        {"h": None, "z": None},
    ],
)
def test_what_a_machine_offers_is_not_believed(more: dict[str, Any]) -> None:
    found, _ = offers_of(listed(row(**more)), windows=False)
    assert found == ()


def test_small_files_share_a_call_and_a_large_one_takes_several() -> None:
    small = [offer(f"/small{number}", packed=100) for number in range(10)]
    calls, left_out = calls_for(small)
    assert (len(calls), left_out) == (1, [])
    calls, _ = calls_for([offer(packed=9000)])
    assert [part.length for call in calls for part in call] == [2700, 2700, 2700, 900]
    assert all(sum(40 + (part.length + 2) // 3 * 4 for part in call) <= 3700 for call in calls)


def test_a_file_for_which_there_are_too_few_calls_is_left_out_and_a_later_one_that_fits_is_not() -> None:
    offers = [offer("/a", packed=5000), offer("/b", packed=90000), offer("/c", packed=300)]
    calls, left_out = calls_for(offers, most=4)
    assert [each.path for each in left_out] == ["/b"]
    assert {part.path for call in calls for part in call} == {"/a", "/c"}
    assert len(calls) <= 4


def test_a_file_that_was_cut_off_gives_what_came() -> None:
    content = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest().encode() + b"\n" for n in range(300))
    one = offer(content=content)
    calls, _ = calls_for([one])
    packed = gzip.compress(content)
    pieces = {(0, part.offset): packed[part.offset : part.offset + part.length] for call in calls for part in call}
    (file,) = assembled([one], calls, pieces)
    assert (file.content, file.why) == (content, "")
    last = max(pieces)
    del pieces[last]
    (file,) = assembled([one], calls, pieces)
    assert file.why.startswith("it did not come whole")
    assert 0 < len(file.content) < len(content)
    assert content.startswith(file.content)


def test_a_file_that_unpacks_to_more_than_was_offered_is_not_unpacked_further() -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    one = offer(content=b"x" * 100, packed=len(packed))
    calls, _ = calls_for([one], most=1000)
    pieces = {(0, part.offset): packed[part.offset : part.offset + part.length] for call in calls for part in call}
    (file,) = assembled([one], calls, pieces)
    assert len(file.content) == 100
    assert file.why != ""


def test_files_are_written_where_they_were_and_nowhere_else(tmp_path: Path) -> None:
    hostile = offer("/../../etc/passwd")
    windows = offer(r"C:\WindowsAzure\Logs\a.log")
    written = write(tmp_path / "vm", [Fetched(offer=hostile, content=b"a"), Fetched(offer=windows, content=b"b")], [])
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "vm/etc/passwd",
        "vm/WindowsAzure/Logs/a.log",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vm"]


def test_what_each_file_is_stands_beside_them(tmp_path: Path) -> None:
    end = offer("/var/log/waagent.log", b"alf a line\nsecond password=hunter2\n", start=100, size=200)
    gone = offer("/var/log/gone.log")
    files = [
        Fetched(offer=end, content=b"alf a line\nsecond password=hunter2\n"),
        Fetched(offer=gone, content=b"", why="it did not come whole"),
    ]
    (written,) = write(tmp_path, files, [offer("/var/log/big.log", packed=99999)], ["interrupted"])
    assert written.read_text() == "second password=[redacted]\n"
    told = (tmp_path / "collected.txt").read_text().splitlines()
    assert told[0] == "interrupted"
    assert "its last 35 of 200 bytes" in told[1]
    assert told[2].startswith("/var/log/gone.log: it did not come whole")
    assert told[3].startswith("/var/log/big.log: not fetched")


def test_wide_logs_stay_wide(tmp_path: Path) -> None:
    content = "half\r\n{1}\tSuccess\tpassword=hunter2\r\n".encode("utf-16-le")
    one = offer(r"C:\Windows\SoftwareDistribution\ReportingEvents.log", content, start=100, size=500)
    (written,) = write(tmp_path, [Fetched(offer=one, content=content)], [])
    assert written.read_bytes().decode("utf-16-le") == "{1}\tSuccess\tpassword=[redacted]\r\n"


@given(st.text(max_size=300))
def test_no_path_leads_out_of_its_folder(path: str) -> None:
    parts = safe_parts(path)
    assert parts
    for part in parts:
        assert part
        assert part not in (".", "..")
        assert not set(part) & set('/\\:*?"<>|\0\n')


_NUMBERS = st.one_of(st.integers(), st.text(max_size=5), st.none(), st.floats())
_ROWS = st.fixed_dictionaries(
    {"c": st.sampled_from(["file", "part", "end", 3])},
    optional=dict.fromkeys(("p", "s", "o", "n", "z", "h", "f", "b"), _NUMBERS),
)


@given(st.lists(st.one_of(st.text(max_size=80), _ROWS.map(json.dumps)), max_size=8).map("\n".join))
def test_nothing_that_a_machine_prints_makes_it_fail(text: str) -> None:
    offers, _ = offers_of(text, windows=False)
    calls, _ = calls_for(offers)
    list(assembled(offers, calls, parts_of(text)))


@given(st.binary(max_size=3000))
def test_pieces_that_are_no_gzip_give_nothing_and_say_so(data: bytes) -> None:
    one = offer(content=b"text\n" * 50, packed=max(1, len(data)))
    calls, _ = calls_for([one])
    printed = listed(
        *(
            json.dumps(
                {
                    "c": "part",
                    "f": part.file,
                    "o": part.offset,
                    "b": base64.b64encode(data[part.offset : part.offset + part.length]).decode(),
                }
            )
            for call in calls
            for part in call
        )
    )
    (file,) = assembled([one], calls, parts_of(printed))
    assert file.why
