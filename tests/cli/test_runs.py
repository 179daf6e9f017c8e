"""`aumdoctor runs` on saved estates and on the command line's edges."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.store.estates import save
from tests.builders import NOW, azure_vm, configuration, estate, run, static_assignment

Run = Callable[..., Any]
START = datetime.fromisoformat("2026-06-06T22:00:00+00:00")
FINE, ILL = azure_vm("vm-fine"), azure_vm("vm-ill")
SEEN = estate(
    FINE, ILL, scheduled=True, runs=(run(FINE, started_at=START), run(ILL, started_at=START, status="Failed"))
)
WELL = estate(FINE, scheduled=True, runs=(run(FINE, started_at=START),))


@pytest.fixture
def runs(run: Run, tmp_path: Path) -> Run:
    """Ask about the runs of an estate that was saved before."""

    def call(seen: Estate, *arguments: str) -> Any:
        save(tmp_path / "estate.json.zst", seen)
        return run("runs", "--from", str(tmp_path / "estate.json.zst"), *arguments)

    return call


def test_something_that_failed_ends_with_1_and_the_answer(runs: Run) -> None:
    ended = runs(SEEN)
    assert ended.code == 1
    assert ended.out.startswith("1 failed or was cancelled, of 2 due in 1 window since")
    assert "vm-ill" in ended.out


def test_where_all_went_well_it_ends_with_0(runs: Run) -> None:
    ended = runs(WELL)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Nothing failed: 1 was patched, of 1 due in 1 window")


def test_what_was_not_read_ends_with_3(runs: Run) -> None:
    ended = runs(estate(FINE, scheduled=True, denied=[Fact.RUN_HISTORY]))
    assert ended.code == 3
    assert "Microsoft.Maintenance/applyUpdates/read" in ended.out.replace("\n  ", " ")


def test_an_estate_saved_without_the_history_is_not_called_well(runs: Run) -> None:
    ended = runs(estate(FINE, scheduled=True, runs=(run(FINE, started_at=START),), missing=[Fact.RUN_HISTORY]))
    assert ended.code == 3
    assert "does not hold the history of runs" in ended.err


def test_an_interrupted_reading_ends_with_130(runs: Run) -> None:
    ended = runs(estate(FINE, scheduled=True, interrupted=True))
    assert ended.code == 130
    assert ended.out.startswith("Interrupted")


def test_machines_and_schedules_can_be_named(runs: Run) -> None:
    assert runs(SEEN, "--machine", "VM-Fine").code == 0
    assert runs(SEEN, "--machine", ILL.id.upper()).code == 1
    assert runs(SEEN, "--schedule", "Weekly").code == 1
    other = configuration("other")
    calm = estate(
        FINE,
        ILL,
        configurations=[configuration(), other],
        assignments=[static_assignment(FINE, other), static_assignment(ILL)],
        runs=(run(FINE, started_at=START, maintenance_configuration_id=other.id),),
    )
    assert runs(calm, "--schedule", "other").code == 0
    assert runs(calm, "--schedule", "weekly").code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--last", "45d"), "Azure keeps runs and installations for 30 days"),
        (("--last", "soon"), "not a span of time"),
        (("--last", "0d"), "no time at all"),
        (("--schedule", "weekyl"), "did you mean weekly"),
        (("--machine", "vm-fin"), "did you mean vm-fine"),
        (("-o", "csv"), "use table or json"),
    ],
)
def test_wrong_usage_ends_with_2_and_the_next_step(runs: Run, arguments: tuple[str, ...], told: str) -> None:
    ended = runs(SEEN, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "next step:" in ended.err


def test_a_schedule_that_does_not_patch_guests_is_refused(runs: Run) -> None:
    host = configuration("hosts", maintenance_scope="Host")
    ended = runs(estate(FINE, configurations=[configuration(), host]), "--schedule", "hosts")
    assert ended.code == 2
    assert "its maintenanceScope is Host" in ended.err


def test_without_a_scope_it_says_what_to_give(run: Run) -> None:
    ended = run("runs")
    assert ended.code == 2
    assert "--demo" in ended.err


def test_what_went_well_can_be_left_out(runs: Run) -> None:
    earlier = START - timedelta(days=7)
    both = estate(
        FINE, scheduled=True, runs=(run(FINE, started_at=earlier), run(FINE, started_at=START, status="Failed"))
    )
    everything = json.loads(runs(both, "--last", "14d", "-o", "json").out)
    failed = json.loads(runs(both, "--last", "14d", "--failed", "-o", "json").out)
    assert (len(everything["windows"]), len(failed["windows"])) == (2, 1)
    assert failed["exit_code"] == 1
    assert failed["since"].startswith(f"{NOW - timedelta(days=14):%Y-%m-%d}")


def test_the_table_and_a_file_at_once(runs: Run, tmp_path: Path) -> None:
    ended = runs(SEEN, "-o", "table", "-o", "json=runs.json")
    assert json.loads((tmp_path / "runs.json").read_text())["exit_code"] == ended.code == 1
    assert ended.out.rstrip().endswith("Exit code 1: something failed or is missing.")
