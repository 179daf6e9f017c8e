import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.store.estates import save
from tests.builders import azure_vm, estate, patch_settings

Run = Callable[..., Any]
MANUAL = azure_vm("vm-2", patch_settings=patch_settings(patch_mode="Manual"))
ESTATE = estate(azure_vm(), MANUAL, scheduled=True)


@pytest.fixture
def forecast(run: Run, tmp_path: Path) -> Run:
    def call(seen: Estate, *arguments: str) -> Any:
        save(tmp_path / "estate.json", seen)
        return run("forecast", "--from", str(tmp_path / "estate.json"), *arguments)

    return call


def test_a_machine_that_will_be_patched_ends_with_0(forecast: Run) -> None:
    ended = forecast(ESTATE, "vm-1")
    assert ended.code == 0
    assert "vm-1 will be patched in weekly at Sat 2026-06-13 22:00 UTC for 210 min." in " ".join(ended.out.split())


def test_a_machine_that_will_not_ends_with_1_and_names_the_link(forecast: Run) -> None:
    ended = forecast(ESTATE, "VM-2", "-o", "json")
    assert ended.code == 1
    (machine,) = json.loads(ended.out)["machines"]
    assert (machine["outlook"], machine["broken_at"]) == ("will-not-be-patched", "patch-mode")
    assert "Manual" in machine["because"]


def test_all_machines_are_forecast_where_none_is_named(forecast: Run) -> None:
    report = json.loads(forecast(ESTATE, "-o", "json").out)
    assert report["counts"] == {"will_be_patched": 1, "will_not_be_patched": 1, "unknown": 0, "no_window": 0}


def test_what_is_not_known_ends_with_3(forecast: Run) -> None:
    ended = forecast(estate(azure_vm(), scheduled=True, denied=[Fact.INSTANCE_VIEW]), "vm-1")
    assert ended.code == 3
    assert "Whether vm-1 will be patched" in ended.out


@pytest.mark.parametrize("at", ["2026-06-14T00:00Z", "2026-06-14T02:00+02:00", "2026-06-14 00:00"])
def test_a_later_time_means_a_later_window(forecast: Run, at: str) -> None:
    report = json.loads(forecast(ESTATE, "vm-1", "--at", at, "-o", "json").out)
    assert report["at"] == "2026-06-14T00:00:00Z"
    assert report["machines"][0]["window"]["starts_at"] == "2026-06-20T22:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vm-3",), "vm-1"),
        (("--at", "tomorrow"), "--at tomorrow"),
        (("--at", "0001-01-01T00:00+14:00"), "too far away"),
        (("--at", "2026-06-10T11:59Z"), "that is past"),
        (("--schedule", "monthly"), "no maintenance configuration"),
    ],
)
def test_wrong_usage_says_what_to_do(forecast: Run, arguments: tuple[str, ...], words: str) -> None:
    ended = forecast(ESTATE, *arguments)
    assert ended.code == 2
    assert words in ended.err
