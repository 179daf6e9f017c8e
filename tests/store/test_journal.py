"""The journal: lines that are on the disk before the next step, and nothing without them."""

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aumdoctor.errors import UsageError
from aumdoctor.store.journal import Entry, Journal, RecordedAction, entries, unreadable_lines

NOW = datetime(2026, 6, 12, 22, 40, tzinfo=UTC)


def entry(**overrides: Any) -> Entry:
    action = RecordedAction(
        name="cancel-run", method="PUT", path="/run", api_version="2023-10-01-preview", body={"properties": {}}
    )
    return Entry(**{"at": NOW, "event": "intent", "id": "1", "action": action, "target": "/run", **overrides})


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_each_line_is_an_object_that_says_what_it_is(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.add(entry(why={"verdict": "no-go"}))
        journal.add(entry(event="result", status=200, request_id="r-1"))
    first, second = lines(tmp_path / "journal.jsonl")
    assert (first["format"], first["version"], first["at"]) == ("aumdoctor-journal", 1, "2026-06-12T22:40:00Z")
    assert (first["event"], first["why"], first["before"]) == ("intent", {"verdict": "no-go"}, None)
    assert first["action"]["api_version"] == "2023-10-01-preview"
    assert (second["event"], second["status"], second["request_id"]) == ("result", 200, "r-1")


def test_a_line_is_there_before_add_comes_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.add(entry())
        assert len(lines(tmp_path / "journal.jsonl")) == 1


def test_what_was_written_before_stays(tmp_path: Path) -> None:
    for number in range(3):
        with Journal(tmp_path / "journal.jsonl") as journal:
            journal.add(entry(id=str(number)))
    assert [line["id"] for line in lines(tmp_path / "journal.jsonl")] == ["0", "1", "2"]


def test_two_journals_of_one_file_do_not_write_over_each_other(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as one, Journal(tmp_path / "journal.jsonl") as other:
        for journal in (one, other, one, other):
            journal.add(entry())
    assert len(lines(tmp_path / "journal.jsonl")) == 4


def test_a_line_that_a_crash_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text('{"format":"aumdoctor-jou')
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.add(entry())
    cut, whole = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert cut == '{"format":"aumdoctor-jou'
    assert json.loads(whole)["event"] == "intent"


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal(tmp_path / "journal.jsonl"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "journal.jsonl").stat().st_mode) == 0o600


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text())
def test_whatever_a_name_is_a_line_stays_one_line_of_plain_characters(tmp_path: Path, name: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    with Journal(path) as journal:
        journal.add(entry(target=name, said=name))
    [line] = path.read_bytes().split(b"\n")[:-1]
    assert json.loads(line)["target"] == name
    assert all(0x20 <= character < 0x80 for character in line)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_an_error_that_names_the_journal() -> None:
    said = "the journal /dev/full cannot be written: No space left"
    with Journal(Path("/dev/full")) as journal, pytest.raises(UsageError, match=said):
        journal.add(entry())


def test_after_a_line_that_failed_there_are_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda _descriptor, line: len(line) - 1)
            with pytest.raises(UsageError, match="cannot be written"):
                journal.add(entry())
        with pytest.raises(UsageError, match="takes no more"):
            journal.add(entry())


def test_a_disk_that_fails_to_keep_a_line_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with Journal(tmp_path / "journal.jsonl") as journal, pytest.raises(UsageError, match="Input/output error"):
        journal.add(entry())


def test_a_device_that_keeps_nothing_is_the_users_choice() -> None:
    with Journal(Path(os.devnull)) as journal:
        journal.add(entry())


@pytest.mark.parametrize("where", ["nowhere/journal.jsonl", "."])
def test_a_journal_that_cannot_be_opened_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="cannot be written") as caught:
        Journal(Path(where))
    assert "--journal" in str(caught.value.advice)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="Permission denied"):
            Journal(tmp_path / "journal.jsonl")
    finally:
        tmp_path.chmod(0o700)


# Read again.


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.add(entry(why={"plan": "sha256:1", "action": "a"}, before={"name": "vm\u2028\x1b[2J"}))
        journal.add(entry(event="result", status=200))
        journal.add(entry(event="outcome", after={"name": "vm"}, said="done: carried out"))
    return path


def test_what_was_written_is_read_again_in_its_order(written: Path) -> None:
    intent, result, outcome = entries(written)
    assert intent == entry(why={"plan": "sha256:1", "action": "a"}, before={"name": "vm\u2028\x1b[2J"})
    assert (result.status, outcome.said) == (200, "done: carried out")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wherever_a_crash_cut_it_off_the_lines_before_are_read(
    written: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = written.read_bytes()
    at = data.draw(st.integers(min_value=0, max_value=len(whole)))
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(whole[:at])
    # A line is whole with or without its line break.
    complete = sum(at >= len(b"\n".join(whole.split(b"\n")[: number + 1])) for number in range(3))
    assert entries(cut) == entries(written)[:complete]
    with Journal(cut) as journal:
        journal.add(entry(id="later"))
    assert [each.id for each in entries(cut)] == [*(["1"] * complete), "later"]


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"no journal",
        b"[]",
        b"null",
        b'{"format":"something else","version":9}',
        b'{"format":"aumdoctor-journal","version":1,"event":"dance"}',
        b'{"format":"aumdoctor-journal","version":"one"}',
        b"\xff\xfe\x00",
    ],
)
def test_lines_that_are_not_of_a_journal_are_passed_over(written: Path, foreign: bytes) -> None:
    written.write_bytes(foreign + b"\n" + written.read_bytes())
    assert len(entries(written)) == 3


def test_a_later_versions_journal_is_not_guessed_at(written: Path) -> None:
    later = json.dumps({"format": "aumdoctor-journal", "version": 2, "tool": "aumdoctor 9.0"})
    written.write_text(later + "\n" + written.read_text())
    with pytest.raises(UsageError, match=r"was written by a later version \(aumdoctor 9\.0\)"):
        entries(written)


@pytest.mark.parametrize("where", ["nowhere.jsonl", ".", os.devnull])
def test_what_is_no_file_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        entries(Path(where))


def test_an_empty_journal_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").touch()
    assert entries(tmp_path / "journal.jsonl") == ()


def test_lines_that_cannot_be_read_are_told_but_the_end_that_a_crash_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        for number in range(3):
            journal.add(entry(id=str(number)))
    assert unreadable_lines(path) == ()
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second + third[:40])
    assert unreadable_lines(path) == ()
    path.write_bytes(first + second[:40] + b"\n\n" + third)
    assert unreadable_lines(path) == (2,)
