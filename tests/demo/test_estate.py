"""Generated estates are what they say: deterministic, mostly healthy, with a truth that exists."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from aumdoctor.demo.estate import add_arc, add_vm, empty_estate, generate, plant
from aumdoctor.demo.plants import PLANTS, SUBSCRIPTION_WIDE
from aumdoctor.demo.plants.recipe import LINUX_ARC, LINUX_VM, SCHEDULE_TAG, WINDOWS_VM
from aumdoctor.demo.schedules import SCHEDULES, last_start
from aumdoctor.demo.state import DemoEstate, key

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def everything(state: DemoEstate) -> bytes:
    kept = {name: value for name, value in vars(state).items() if name not in ("now", "planted", "affected", "touched")}
    return msgspec.json.encode(kept)


def test_the_same_arguments_give_the_same_estate() -> None:
    one, other = generate(150, 3, now=NOW), generate(150, 3, now=NOW)
    assert everything(one) == everything(other)
    assert one.truth == other.truth
    assert everything(one) != everything(generate(150, 4, now=NOW))


@pytest.mark.parametrize("machines", [1, 20, 120, 600])
def test_at_least_sixty_percent_are_healthy(machines: int) -> None:
    state = generate(machines, 1, now=NOW)
    assert len(state.vms) + len(state.arc) == machines
    assert len(state.healthy) >= 0.6 * machines


def test_every_recipe_is_used() -> None:
    planted = Counter(check for check, _ in generate(300, 1, now=NOW).truth)
    assert set(planted) == set(PLANTS)


def test_what_must_be_found_exists() -> None:
    state = generate(300, 2, now=NOW)
    there = state.vms.keys() | state.arc.keys() | state.configurations.keys() | state.assignments.keys()
    there |= state.policy_assignments.keys() | {key(found["id"]) for found in state.subscriptions.values()}
    providers = {key(provider["id"]) for provider in state.providers.values()}
    assert {resource for _, resource in state.truth} <= there | providers


def test_no_healthy_machine_is_in_the_truth() -> None:
    state = generate(300, 2, now=NOW)
    assert not {resource for _, resource in state.truth} & state.healthy


def test_issues_of_a_whole_subscription_have_one_for_themselves() -> None:
    state = generate(300, 2, now=NOW)
    for check in SUBSCRIPTION_WIDE:
        about = [resource for found, resource in state.truth if found == check]
        assert about
        for subscription in (resource.split("/")[2] for resource in about):
            machines = [at for at in state.vms.keys() | state.arc.keys() if f"/{subscription}/" in at]
            assert machines
            assert not state.healthy & set(machines)


def test_every_healthy_machine_is_attached_to_a_schedule() -> None:
    state = generate(300, 2, now=NOW)
    attached = {key(assignment["properties"]["resourceId"]) for assignment in state.assignments.values()}
    for machine_id in state.healthy:
        assert machine_id in attached or SCHEDULE_TAG in state.machine(machine_id)["tags"]


@pytest.mark.parametrize("check", PLANTS)
def test_an_issue_can_be_planted_by_hand(check: str) -> None:
    state = empty_estate(NOW)
    shape = PLANTS[check].shapes[0]
    build = add_vm if shape in (WINDOWS_VM, LINUX_VM) else add_arc
    machine_id = build(state, os_type="Linux" if shape in (LINUX_VM, LINUX_ARC) else "Windows")
    assert state.healthy == {key(machine_id)}
    about = plant(state, check, machine_id)
    assert (check, key(about)) in state.truth
    assert not state.healthy


def test_planting_needs_a_known_check_and_an_existing_machine() -> None:
    state = empty_estate(NOW)
    with pytest.raises(KeyError):
        plant(state, "AUM999", add_vm(state))
    with pytest.raises(KeyError):
        plant(state, "AUM018", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/none")


@pytest.mark.parametrize(("machines", "subscriptions"), [(0, 3), (10, 0)])
def test_an_estate_has_machines_and_subscriptions(machines: int, subscriptions: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        generate(machines, 1, subscriptions, now=NOW)


def test_the_time_must_be_aware() -> None:
    with pytest.raises(ValueError, match="aware"):
        generate(10, 1, now=datetime(2026, 6, 10))


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        # A Saturday at 01:00 in Central Europe is Friday 23:00 UTC in summer and midnight in winter.
        (SCHEDULES[0], datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 6, 5, 23, tzinfo=UTC)),
        (SCHEDULES[0], datetime(2026, 1, 14, tzinfo=UTC), datetime(2026, 1, 10, 0, tzinfo=UTC)),
        # The second Tuesday of June 2026 is the 9th: four days later is still to come, so it was May's.
        (SCHEDULES[1], datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 5, 16, 2, tzinfo=UTC)),
        (SCHEDULES[2], datetime(2026, 6, 10, 12, tzinfo=UTC), datetime(2026, 6, 9, 18, tzinfo=UTC)),
    ],
)
def test_the_last_start_of_a_schedule(schedule: object, now: datetime, expected: datetime) -> None:
    assert last_start(schedule, now) == expected  # type: ignore[arg-type]


def test_assessments_of_healthy_machines_are_fresh() -> None:
    state = generate(200, 5, now=NOW)
    for machine_id in state.healthy:
        properties = state.assessments[machine_id]["properties"]
        finished = datetime.fromisoformat(properties["lastModifiedDateTime"])
        assert timedelta(0) < NOW - finished < timedelta(hours=24)
        assert properties["status"] == "Succeeded"
        assert properties["startedBy"] == "Platform"
