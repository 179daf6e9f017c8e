import builtins
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aumdoctor.guest import events as module
from aumdoctor.guest.artefact import UnreadableError
from aumdoctor.guest.readers import evtx as reader_module
from aumdoctor.guest.readers.evtx import evtx
from aumdoctor.model.guest import Damage, Event, EventLog, OperatingSystem, Record
from tests.guest.artefacts import artefact
from tests.guest.event_samples import events, only_event, sample

HEADER, CHUNK = 4096, 65536
SYSTEM = sample("system-first-chunks.evtx")


def read(content: bytes) -> list[Record]:
    return list(evtx.read(artefact("System.evtx", content)))


def of(kind: type[Record], records: list[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def log(records: list[Record]) -> EventLog:
    (found,) = of(EventLog, records)
    assert isinstance(found, EventLog)
    return found


def offsets(chunk: bytes) -> list[tuple[int, int]]:
    """Where the records of a chunk begin, and how long they are."""
    found, at = [], 512
    while chunk[at : at + 4] == b"**\0\0":
        (size,) = struct.unpack_from("<I", chunk, at + 4)
        found.append((at, size))
        at += size
    return found


def test_a_real_log() -> None:
    records = read(SYSTEM)
    assert log(records).events == 210
    assert log(records).channel == "System"
    assert of(Damage, records) == []
    (system, *_) = [each for each in of(OperatingSystem, records) if each.ubr]
    assert (system.build, system.ubr) == (15063, 413)
    upgrade = next(each for each in of(Event, records) if each.event_id == 1074)
    assert upgrade.data["param4"] == "0x80020003"
    assert upgrade.origin.record == 169
    assert upgrade.at == datetime(2017, 7, 12, 17, 17, 44, 948945, tzinfo=UTC)
    assert (upgrade.computer, upgrade.channel, upgrade.user) == ("WIN-P4SIAA0SQCO", "System", "S-1-5-18")
    assert {(each.provider, each.event_id) for each in of(Event, records)}.isdisjoint(
        {("Microsoft-Windows-Security-SPP", 44)}
    )


def test_a_real_security_log_says_what_it_covers_where_nothing_in_it_is_of_interest() -> None:
    found = log(read(sample("security-short-selected.evtx")))
    assert (found.channel, found.events) == ("Security", 7)
    assert found.first is not None
    assert found.last is not None
    assert found.first < found.last


def test_the_seeds_as_logs() -> None:
    password, witness, again = events(evtx, sample("seed000-system-ja.evtx"))
    assert (password.data["error"], password.data["operation"]) == (
        "指定されたネットワーク パスワードが間違っています。",
        "Password change",
    )
    assert witness.data["type"] == "File Share Witness"
    assert again.event_id == 1207
    power = [each for each in events(evtx, sample("seed001-system-ja.evtx")) if each.event_id == 1074]
    assert [each.data["param4"] for each in power] == ["0x500ff", "0x500ff"]
    logon = only_event(evtx, sample("seed003-replica-security.evtx"))
    assert (logon.data["Status"], logon.data["TargetUserName"], logon.level) == (
        "0xc000015b",
        "REPLICAHOST1$",
        "information",
    )
    assert only_event(evtx, sample("seed003-replica-vmms.evtx")).data["ErrorCode"] == "0x8009030c"
    assert only_event(evtx, sample("seed003-primary-vmms.evtx")).data["ErrorCode"] == "0x00002efe"


def test_a_log_copied_while_it_was_written_is_read_whole() -> None:
    stale = bytearray(SYSTEM)
    struct.pack_into("<H", stale, 42, 1)
    assert log(read(bytes(stale))).events == 210
    # The second chunk counts only its first ten records.
    start = HEADER + CHUNK
    at, _ = offsets(SYSTEM[start:])[10]
    struct.pack_into("<I", stale, start + 48, at)
    assert log(read(bytes(stale))).events == 210


def test_records_of_an_older_use_of_a_chunk_are_no_part_of_it() -> None:
    chunk = SYSTEM[HEADER : HEADER + CHUNK]
    at, _ = offsets(chunk)[10]
    old = bytearray(SYSTEM[: HEADER + CHUNK])
    struct.pack_into("<I", old, HEADER + 48, at)
    struct.pack_into("<Q", old, HEADER + at + 8, 5)
    assert log(read(bytes(old))).events == 10


def test_a_damaged_record_costs_only_itself() -> None:
    at, size = offsets(SYSTEM[HEADER:])[10]
    for start, length in ((at, 4), (at + 30, size - 40)):
        torn = bytearray(SYSTEM)
        torn[HEADER + start : HEADER + start + length] = b"\xff" * length
        records = read(bytes(torn))
        assert log(records).events == 209
        assert len(of(Damage, records)) == 1


def test_a_damaged_chunk_costs_only_itself() -> None:
    torn = SYSTEM[:HEADER] + b"\xff" * CHUNK + SYSTEM[HEADER + CHUNK :]
    records = read(torn)
    assert 0 < log(records).events < 210
    assert "chunk 1" in of(Damage, records)[0].why
    blind = bytearray(SYSTEM)
    blind[HEADER : HEADER + 8] = bytes(8)
    assert log(read(bytes(blind))).events == 210


def test_a_log_that_is_cut_off_gives_what_is_there() -> None:
    records = read(SYSTEM[: HEADER + CHUNK + 20_000])
    assert 100 < log(records).events < 210
    assert any("ends in the middle" in each.why for each in of(Damage, records))


@pytest.mark.parametrize("content", [b"ElfFile\0", b"ElfFile\0" + bytes(4000)])
def test_a_log_that_ends_within_its_header_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="header"):
        read(content)


def test_an_empty_log_is_a_log_without_events() -> None:
    assert [type(each) for each in read(SYSTEM[:HEADER] + bytes(2 * CHUNK))] == [EventLog]


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "evtx":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UnreadableError, match=r'pip install "aumdoctor\[guest\]"'):
        read(SYSTEM)


def test_of_a_flood_of_failed_logons_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "MOST_LOGON_FAILURES", 1)
    monkeypatch.setattr(module, "MOST_LOGON_FAILURES", 1)
    records = read(sample("seed001-security.evtx"))
    (kept,) = of(Event, records)
    assert kept.data["TargetUserName"] == "user17"
    assert "1 failed logons" in of(Damage, records)[0].why


def test_a_log_is_known_by_its_first_bytes() -> None:
    assert evtx.recognises(artefact("anything", SYSTEM))
    assert not evtx.recognises(artefact("System.evtx", b"<Events>"))


def test_a_panic_of_the_parser_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    class Panicking:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def records_json(self) -> "Panicking":
            return self

        def __next__(self) -> Mapping[str, Any]:
            raise PanicException

    monkeypatch.setattr("evtx.PyEvtxParser", Panicking)
    records = read(SYSTEM)
    assert "gave up" in of(Damage, records)[0].why


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_is_too_odd(data: st.DataObject) -> None:
    torn = bytearray(sample("seed001-security.evtx"))
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(HEADER, HEADER + 6000))
        torn[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(HEADER, len(torn)))
    for content in (bytes(torn), bytes(torn[:cut])):
        assert isinstance(read(content)[-1], EventLog)


@given(st.binary(max_size=3000))
def test_no_bytes_behind_a_header_are_too_odd(content: bytes) -> None:
    assert isinstance(read(SYSTEM[:HEADER] + content)[-1], EventLog)
