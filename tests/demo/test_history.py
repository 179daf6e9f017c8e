"""Whose last run is recorded in a generated estate, and whose is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aumdoctor.demo.estate import add_arc, add_vm, empty_estate, generate, plant
from aumdoctor.demo.plants.recipe import (
    default_configuration,
    ensure_scheduled,
    forget_last_run,
    last_window,
    record_last_run,
)
from aumdoctor.demo.schedules import SCHEDULES, add_configuration, assign, last_start, record_configuration_run
from aumdoctor.demo.state import DemoEstate, key

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def runs(state: DemoEstate, machine_id: str) -> list[str]:
    """When the recorded runs on a machine began."""
    of_machine = (run["properties"] for run in state.runs.values() if key(run["id"]).startswith(key(machine_id) + "/"))
    return sorted(found["startDateTime"] for found in of_machine)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
@pytest.mark.parametrize("hours", [0, 7, 14, 61, 200, 500])
def test_the_doctor_and_the_demo_reckon_the_same_last_window(schedule: object, hours: int) -> None:
    state = empty_estate(NOW + timedelta(hours=hours))
    configuration = state.configurations[key(add_configuration(state, schedule=schedule))]  # type: ignore[arg-type]
    start = last_start(schedule, state.now)  # type: ignore[arg-type]
    assert last_window(state, configuration) == (start if start > state.now - timedelta(days=30) else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"window": {"expirationDateTime": "2026-04-01 00:00"}},
        {"window": {"startDateTime": "2026-06-27 01:00"}},
        {"window": {"recurEvery": "sometimes"}},
        {"maintenance_scope": "Host"},
    ],
)
def test_no_window_was_due_under_these(changes: dict[str, object]) -> None:
    state = empty_estate(NOW)
    vm_id = add_vm(state)
    configuration_id = add_configuration(state, **changes)  # type: ignore[arg-type]
    assign(state, vm_id, configuration_id)
    record_last_run(state, vm_id, configuration_id)
    assert runs(state, vm_id) == []


@pytest.mark.parametrize("build", [add_vm, add_arc])
def test_a_machine_with_an_issue_ran_when_it_last_should(build: object) -> None:
    state = empty_estate(NOW)
    machine_id = build(state)  # type: ignore[operator]
    ensure_scheduled(state, machine_id)
    assert runs(state, machine_id) == ["2026-06-05T23:00:00Z"]
    assert not state.installations.get(key(machine_id)), "a run alone, so that no recipe has to take it back"
    ensure_scheduled(state, machine_id)
    assert len(runs(state, machine_id)) == 1
    forget_last_run(state, machine_id, default_configuration(state, machine_id))
    assert runs(state, machine_id) == []


def test_a_run_that_was_cancelled_as_a_whole_leaves_none_on_machines() -> None:
    state = empty_estate(NOW)
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    record_configuration_run(state, configuration_id, last_start(SCHEDULES[0], NOW), "Cancelled")
    record_last_run(state, vm_id, configuration_id)
    assert runs(state, vm_id) == []


@pytest.mark.parametrize(
    ("check", "starts"),
    [
        ("AUM057", ["2026-06-05T23:00:00Z"]),  # attached by its recipe to a schedule of its own
        ("AUM083", []),
        ("AUM084", []),
        ("AUM087", ["2026-05-29T23:00:00Z"]),
        ("AUM133", ["2026-06-05T23:00:00Z"]),
        ("AUM134", []),
        ("AUM033", []),  # on no schedule
    ],
)
def test_what_is_recorded_of_a_planted_machine(check: str, starts: list[str]) -> None:
    state = empty_estate(NOW)
    vm_id = add_vm(state)
    plant(state, check, vm_id)
    assert runs(state, vm_id) == starts


def test_healthy_machines_have_the_run_that_the_doctor_expects() -> None:
    state = generate(80, 3, now=NOW)
    since = min(last_start(schedule, NOW) for schedule in SCHEDULES)
    for machine_id in state.healthy:
        assert runs(state, machine_id)[-1] >= f"{since:%Y-%m-%dT%H:%M:%SZ}"
