"""A lease keeps two runs apart: it is given back, taken over when it is left behind, and never held twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aumdoctor.errors import UsageError
from aumdoctor.store import lease as module
from aumdoctor.store.lease import HeldError, Holder, Lease

NOW = datetime(2026, 6, 12, 22, 0, tzinfo=UTC)


def fail(reason: str) -> None:
    raise AssertionError(reason)


def lease(path: Path, now: datetime = NOW) -> Lease:
    return Lease(path, lambda: now, fail)


def held_by(path: Path, **overrides: Any) -> Holder:
    values: dict[str, Any] = {
        "host": "elsewhere",
        "pid": 77,
        "token": "theirs",
        "started_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(minutes=5),
    }
    holder = Holder(**{**values, **overrides})
    path.write_bytes(msgspec.json.encode(holder))
    return holder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lease.json"


def test_it_says_who_holds_it_and_is_gone_afterwards(file: Path) -> None:
    with lease(file) as mine:
        said = json.loads(file.read_text())
        assert (said["format"], said["pid"], said["token"]) == ("aumdoctor-lease", os.getpid(), mine.token)
        assert said["expires_at"] == "2026-06-12T22:10:00Z"
        assert mine.taken_over == ""
    assert not file.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_it_is_given_back_whatever_ends_the_run(file: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), lease(file):
        raise error
    assert not file.exists()


def test_one_that_holds_is_left_alone(file: Path) -> None:
    held_by(file)
    before = file.read_bytes()
    with pytest.raises(HeldError, match="since 2026-06-12 21:00 UTC: process 77 on elsewhere") as caught, lease(file):
        pass
    assert caught.value.exit_code == 3
    assert "22:05 UTC" in (caught.value.advice or "")
    assert file.read_bytes() == before


def test_one_whose_time_is_over_is_taken_over(file: Path) -> None:
    held_by(file, expires_at=NOW)
    with lease(file) as mine:
        assert "process 77 on elsewhere" in mine.taken_over
        assert json.loads(file.read_text())["token"] == mine.token
    assert not file.exists()


@pytest.mark.skipif(module._processes() is None, reason="it cannot be told here which processes there are")
def test_one_whose_process_is_gone_is_taken_over_at_once(file: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    held_by(file, pid=ended.pid, processes=module._processes())
    with lease(file) as mine:
        assert "the process is gone" in mine.taken_over
    running = os.getppid()
    held_by(file, pid=running, processes=module._processes())
    with pytest.raises(HeldError), lease(file):
        pass


def test_the_same_number_in_another_container_is_another_process(file: Path) -> None:
    held_by(file, pid=os.getpid(), processes="another boot pid:[1]")
    with pytest.raises(HeldError), lease(file):
        pass


def test_a_file_that_is_something_else_is_not_overwritten(file: Path) -> None:
    file.write_text('{"format": "aumdoctor-plan"}')
    with pytest.raises(UsageError, match="is no lease"), lease(file):
        pass
    assert file.read_text() == '{"format": "aumdoctor-plan"}'
    with pytest.raises(UsageError, match="cannot be written"), lease(file.parent / "nowhere" / "lease.json"):
        pass


@pytest.mark.parametrize(("content", "age"), [("", 31), ('{"format": "aumdoctor-lease", "ver', 601)])
def test_one_that_was_cut_off_by_a_crash_counts_by_its_age(file: Path, content: str, age: int) -> None:
    file.write_text(content)
    for seconds, is_held in ((age - 2, True), (age, False)):
        at = NOW.timestamp() - seconds
        os.utime(file, (at, at))
        if is_held:
            with pytest.raises(HeldError), lease(file):
                pass
    with lease(file):
        pass
    assert not file.exists()


def test_it_is_renewed_while_the_run_goes_on(file: Path) -> None:
    with Lease(file, lambda: datetime.now(UTC), fail, duration=timedelta(seconds=0.5)):
        time.sleep(1.0)
        assert msgspec.json.decode(file.read_bytes(), type=Holder).expires_at > datetime.now(UTC)
        with pytest.raises(HeldError), Lease(file, lambda: datetime.now(UTC), fail):
            pass


def test_one_that_somebody_else_has_taken_is_said_once_and_not_given_back(file: Path) -> None:
    lost: list[str] = []
    told = threading.Event()

    def on_lost(reason: str) -> None:
        lost.append(reason)
        told.set()

    with Lease(file, lambda: NOW, on_lost, duration=timedelta(seconds=0.2)):
        theirs = held_by(file)
        assert told.wait(5)
    assert lost == [f"somebody else has taken the lease {file}"]
    assert msgspec.json.decode(file.read_bytes(), type=Holder) == theirs


def contend(path: str, begin: Any, results: Any) -> None:
    begin.wait()
    try:
        with Lease(Path(path), lambda: NOW, fail):
            results.put("held")
            time.sleep(0.5)
    except HeldError:
        results.put("refused")


@pytest.mark.parametrize("left_behind", [False, True])
def test_of_many_at_once_one_holds_it(file: Path, left_behind: bool) -> None:
    """Also where all of them find the same lease that was left behind."""
    if left_behind:
        held_by(file, expires_at=NOW)
    context = multiprocessing.get_context("spawn")
    begin, results = context.Barrier(4), context.Queue()
    runs = [context.Process(target=contend, args=(str(file), begin, results)) for _ in range(4)]
    for run in runs:
        run.start()
    found = sorted(results.get(timeout=60) for _ in runs)
    for run in runs:
        run.join()
    assert found == ["held", "refused", "refused", "refused"]


def test_two_that_find_the_same_lease_left_behind_do_not_both_take_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reads before the first has written, and would write after the first has made sure."""
    held_by(file, expires_at=NOW)
    read = module._content
    delays = {"first": 0.1, "second": 0.4}
    found: dict[str, str] = {}
    done = threading.Event()

    def slowly(descriptor: int) -> bytes:
        content = read(descriptor)
        time.sleep(delays.pop(threading.current_thread().name, 0.0))
        return content

    def take() -> None:
        name = threading.current_thread().name
        try:
            with lease(file):
                found[name] = "held"
                done.wait(5)
        except HeldError:
            found[name] = "refused"

    monkeypatch.setattr(module, "_content", slowly)
    runs = [threading.Thread(target=take, name=name) for name in ("first", "second")]
    for run in runs:
        run.start()
        time.sleep(0.03)
    time.sleep(1.0)
    done.set()
    for run in runs:
        run.join()
    assert found == {"first": "held", "second": "refused"}


def test_one_that_is_given_back_just_then_is_not_taken_under_a_name_that_is_gone(file: Path) -> None:
    held_by(file, expires_at=NOW)
    seen: list[bool] = []

    def take() -> None:
        with lease(file):
            seen.append(file.exists())

    run = threading.Thread(target=take)
    with module._opened(file):
        run.start()
        time.sleep(0.3)  # it waits for the lock now
        file.unlink()
    run.join()
    assert seen == [True]
