"""What holds for all readers: which of them takes which sample, and that no bytes are too odd for any."""

import gzip
import time
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aumdoctor.guest.artefact import Artefact, UnreadableError
from aumdoctor.guest.collecting import read_case
from aumdoctor.guest.opening import Limits, artefacts
from aumdoctor.guest.reader import Reader
from aumdoctor.guest.readers.registry import READERS
from aumdoctor.guest.text import LONGEST_QUOTE
from aumdoctor.model.guest import Reading, Record, Source
from tests.guest.artefacts import artefact

SAMPLES = Path(__file__).parent / "samples"

TAKES = (
    ("runcommand/action-*.json", "run-command"),
    ("runcommand/managed-*.json", "run-command"),
    ("runcommand/probe-*.jsonl", "probe"),
    ("troubleshooter/*.txt", "troubleshooter"),
    ("*.evtx", "evtx"),
    ("events/*.xml", "event-xml"),
    ("events/*.json", "event-json"),
    ("events/*.csv", "event-table"),
    ("events/*.txt", "event-text"),
    ("*.status", "patch-status"),
    ("*.settings", "settings"),
    ("*State.json", "extension-state"),
    ("*.core.log", "core-log"),
    ("*.ext.log", "ext-log"),
    ("*waagent*.log", "waagent-log"),
    ("windows/aggregatestatus*.json", "aggregate-status"),
    ("windows/ReportingEvents*", "reporting-events"),
    ("windows/WindowsUpdateExtension*", "windows-update-extension-log"),
    ("windows/CommandExecution*", "windows-update-extension-log"),
    ("windows/cmd_ex*", "windows-update-extension-log"),
    ("windows/WindowsUpdate.log", "windows-update-log"),
    ("windows/*", "command-outputs"),
    ("linux/*outputs/*", "linux-outputs"),
)
"""Which reader takes a sample, by its path below `samples`: the first pattern that fits."""

NOT_READ = ("README.md", "linux/*/events/*.json", "linux/*.jsonl", "scenarios/*")
"""What is no artefact, or a whole bundle of them."""


@cache
def samples() -> dict[str, bytes]:
    found = {}
    for path in sorted(SAMPLES.rglob("*")):
        name = path.relative_to(SAMPLES).as_posix()
        if path.is_file() and not any(fnmatch(name, pattern) for pattern in NOT_READ):
            packed = name.endswith(".gz")
            found[name.removesuffix(".gz")] = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    return found


def taker(each: Artefact) -> str:
    return next((reader.name for reader in READERS if reader.recognises(each)), "")


@cache
def samples_by_reader() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, content in samples().items():
        found.setdefault(taker(artefact(name, content)), []).append(name)
    return found


def consumed(reader: Reader, each: Artefact, most: int = 20_000) -> list[Record]:
    """The records, as far as the harness wants to see them; each is sound."""
    records: list[Record] = []
    with suppress(UnreadableError):
        for record in reader.read(each):
            assert isinstance(record, Record)
            assert record.origin.file.startswith(each.path)
            assert len(record.text) <= LONGEST_QUOTE
            assert "\n" not in record.text
            records.append(record)
            if len(records) == most:
                break
    return records


def test_readers_have_names_of_their_own() -> None:
    assert len({reader.name for reader in READERS}) == len(READERS)
    assert all(reader.title and reader.name == reader.name.lower() for reader in READERS)


@pytest.mark.parametrize("name", samples())
def test_each_sample_is_taken_by_its_reader(name: str) -> None:
    expected = next(reader for pattern, reader in TAKES if fnmatch(name, pattern))
    assert taker(artefact(name, samples()[name])) == expected


@pytest.mark.parametrize("name", [name for name in samples() if not name.startswith("linux/")])
def test_a_name_without_meaning_makes_no_difference(name: str) -> None:
    """Outputs are saved under any name. (Files of the patch extension have the names that it gives.)"""
    if fnmatch(name, "windows/*.log"):
        pytest.skip("logs are known by their names too")
    assert taker(artefact("saved.txt", samples()[name])) == taker(artefact(name, samples()[name]))


@pytest.mark.parametrize("name", samples())
def test_each_sample_gives_records_that_are_sound(name: str) -> None:
    each = artefact(name, samples()[name])
    reader = next(reader for reader in READERS if reader.recognises(each))
    records = consumed(reader, each)
    assert records or name == "runcommand/action-conflict-409.json"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\0" * 600,
        b"\xff\xfe",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"Lorem ipsum dolor sit amet, consectetur adipiscing elit.\n" * 20,
        b"{}",
        b"[]",
        b"<html><body>error</body></html>",
        b"name,value\na,1\n",
        b"#!/bin/sh\necho hello\n",
        b'127.0.0.1 - - [21/Nov/2026:07:33:17 +0000] "GET / HTTP/1.1" 200 5\n' * 20,
    ],
)
def test_what_is_of_no_kind_is_taken_by_nobody(content: bytes) -> None:
    assert taker(artefact("x.txt", content)) == ""


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.binary(max_size=600), name=st.sampled_from(["x", "1.status", "1.core.log", "x.evtx", "SUDOERS", "a.json"])
)
def test_no_bytes_are_too_odd(reader: Reader, data: bytes, name: str) -> None:
    each = artefact(name, data)
    reader.recognises(each)
    consumed(reader, each)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_change_of_its_own_samples_is_too_odd(reader: Reader, data: st.DataObject) -> None:
    own = samples_by_reader().get(reader.name)
    content = bytearray(samples()[data.draw(st.sampled_from(own))] if own else b"")
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(content)))
        width = data.draw(st.sampled_from([0, 1, 8, 200]))
        content[place : place + width] = data.draw(
            st.binary(max_size=12)
            | st.sampled_from([b"\0", b"\n", b'"', b"{" * 200, b"\xff" * 8, "状態:".encode(), b"=", b":"])
        )
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    each = artefact("x", bytes(content[:cut]))
    reader.recognises(each)
    consumed(reader, each)


def _hostile(size: int) -> Iterator[tuple[str, bytes]]:
    yield "one line", b"a" * size
    yield "blanks", b" " * size
    yield "empty lines", b"\n" * size
    yield "brackets", b"[" * size
    yield "braces", b'{"a":' * (size // 5)
    yield "quotes", b'"' * size
    yield "backslashes", b"\\" * size
    yield "colons", b"a : " * (size // 4)
    yield "tabs", b"\t" * size
    yield "digits", b"1" * size
    yield "tags", b"<Event>" * (size // 7)
    yield "prompts", b"C:\\>reg query x\r\n" * (size // 17)
    yield "equals", b"x = y " * (size // 6)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_time_grows_no_faster_than_the_bytes(reader: Reader) -> None:
    """Twice the bytes may take a few times as long, not the square. What is quick at any size is not compared."""
    for (kind, small), (_, large) in zip(_hostile(15_000), _hostile(120_000), strict=True):
        taken = []
        for content in (small, large):
            started = time.process_time()
            consumed(reader, artefact("x", content))
            taken.append(time.process_time() - started)
        assert taken[1] < 0.5 or taken[1] < 20 * taken[0], kind


@pytest.mark.parametrize("name", samples())
def test_utf_16_is_read_like_utf_8(name: str) -> None:
    """PowerShell's `>` makes UTF-16 of whatever a command prints."""
    if name.endswith(".evtx") or not fnmatch(name, "[rtw]*/*"):
        pytest.skip("a binary file, or one that no command prints")
    text = samples()[name].decode("utf-16" if samples()[name].startswith(b"\xff\xfe") else "utf-8", "replace")
    again = artefact(name, text.replace("\r\n", "\n").encode("utf-16"))
    original = artefact(name, samples()[name])
    assert taker(again) == taker(original)
    reader = next(reader for reader in READERS if reader.recognises(again))
    assert len(consumed(reader, again)) == len(consumed(reader, original))


def test_the_samples_as_one_folder_are_read_without_a_fault() -> None:
    case = read_case([str(SAMPLES)])
    sources = [*case.sources, *(source for host in case.hosts for source in host.sources)]
    assert not [source for source in sources if "failed:" in source.why]
    unread = {Path(source.file).name for source in sources if source.reading == Reading.UNREADABLE}
    assert unread <= {"action-conflict-409.json"}


def test_the_samples_are_opened_as_artefacts() -> None:
    assert not [each for each in artefacts([SAMPLES], limits=Limits()) if isinstance(each, Source)]
