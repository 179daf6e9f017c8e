import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.store.estates import save
from tests.builders import azure_vm, change, configuration, estate, patch_settings, static_assignment

Run = Callable[..., Any]
MANUAL = azure_vm("vm-2", patch_settings=patch_settings(patch_mode="Manual"))
ESTATE = estate(azure_vm(), MANUAL, scheduled=True)


@pytest.fixture
def windows(run: Run, tmp_path: Path) -> Run:
    def call(seen: Estate, *arguments: str) -> Any:
        save(tmp_path / "estate.json", seen)
        return run("windows", "--from", str(tmp_path / "estate.json"), *arguments)

    return call


def test_the_windows_of_a_week_with_who_is_ready(windows: Run) -> None:
    ended = windows(ESTATE, "-o", "json")
    report = json.loads(ended.out)
    assert ended.code == report["exit_code"] == 0
    (coming,) = report["windows"]
    assert coming["window"]["starts_at"] == "2026-06-13T22:00:00Z"
    assert (coming["machines"], coming["ready"]) == (2, 1)
    assert [machine["name"] for machine in coming["blocked"]] == ["vm-2"]


def test_more_weeks_show_more_windows(windows: Run) -> None:
    assert len(json.loads(windows(ESTATE, "--within", "28d", "-o", "json").out)["windows"]) == 4


def test_a_calendar_and_a_page_of_one_run(windows: Run, tmp_path: Path) -> None:
    ended = windows(ESTATE, "-o", "table", "-o", f"ics={tmp_path / 'windows.ics'}")
    assert ended.code == 0
    assert "1 window until" in ended.out
    content = (tmp_path / "windows.ics").read_bytes()
    assert content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert content.count(b"BEGIN:VEVENT") == 1


def test_only_the_schedule_that_is_named(windows: Run) -> None:
    nightly = configuration("nightly", window=change(configuration().window, recur_every="Day"))
    seen = estate(
        azure_vm(),
        configurations=[configuration(), nightly],
        assignments=[static_assignment(azure_vm()), static_assignment(azure_vm(), nightly, name="b")],
    )
    named = json.loads(windows(seen, "--schedule", "Weekly", "-o", "json").out)
    assert {coming["window"]["schedule"]["name"] for coming in named["windows"]} == {"weekly"}
    assert [conflict["kind"] for conflict in named["conflicts"]] == ["same-start"]


def test_times_that_cannot_be_read_are_quoted_and_end_with_3(windows: Run) -> None:
    bad = configuration(window=change(configuration().window, time_zone="Europe/Berlin"))
    ended = windows(estate(azure_vm(), scheduled=True, configurations=[bad]))
    assert ended.code == 3
    assert "Europe/Berlin" in ended.out
    assert "W. Europe Standard Time" in " ".join(ended.out.split())


def test_a_gap_ends_with_3(windows: Run) -> None:
    gap = Gap(scope="/subscriptions/s", operation="list schedules", status=403, code="X", fact=Fact.CONFIGURATIONS)
    ended = windows(change(ESTATE, gaps=(gap,)))
    assert ended.code == 3
    assert "list schedules" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--within", "soon"), "--within soon"),
        (("--within", "0d"), "--within 0d"),
        (("--within", "9999d"), "--within 9999d"),
        (("--schedule", "weakly"), "weekly"),
        (("-o", "xlsx"), "table or json or ics"),
    ],
)
def test_wrong_usage_says_what_to_do(windows: Run, arguments: tuple[str, ...], words: str) -> None:
    ended = windows(ESTATE, *arguments)
    assert ended.code == 2
    assert words in ended.err


def test_it_must_be_said_where_to_look(run: Run) -> None:
    ended = run("windows")
    assert ended.code == 2
    assert "--subscription" in ended.err
