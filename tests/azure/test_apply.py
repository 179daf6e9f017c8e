"""How planned actions are ordered, paced and read: the parts that need no Azure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aumdoctor.azure.apply import Pace, _inner_failure, _is_busy, already, has_happened, waves, weighs
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.remedies.plan import PlannedAction
from aumdoctor.remedies.remedy import ArmCall
from tests.builders import OTHER_SUBSCRIPTION, azure_vm
from tests.report.planned import action, assessed_daily, assessed_now, attached

VM = azure_vm("vm-1").id


def post(verb: str, remedy: str = "assess-now") -> PlannedAction:
    return action(remedy, ArmCall(method="POST", path=f"{VM}/{verb}", api_version="2024-07-01"), VM)


def deletion() -> PlannedAction:
    return action("remove-assignment", ArmCall(method="DELETE", path=f"{VM}/x/y", api_version="2023-04-01"), VM)


def names(found: list[list[PlannedAction]]) -> list[list[str]]:
    return [[f"{each.remedy}:{each.machines[0].rsplit('/', 1)[-1]}" for each in wave] for wave in found]


# Waves.


def test_actions_of_one_remedy_about_different_machines_are_made_at_once() -> None:
    assert names(waves([assessed_daily("vm-1"), assessed_daily("vm-2")])) == [
        ["enable-periodic-assessment:vm-1", "enable-periodic-assessment:vm-2"]
    ]


def test_another_remedy_comes_after_the_one_before() -> None:
    found = names(waves([assessed_daily("vm-1"), attached("vm-2"), attached("vm-3")]))
    assert found == [["enable-periodic-assessment:vm-1"], ["assign-schedule:vm-2", "assign-schedule:vm-3"]]


def test_two_actions_on_one_resource_are_made_one_after_the_other() -> None:
    assert len(waves([assessed_daily("vm-1"), assessed_daily("VM-1")])) == 2


def test_what_rests_on_another_comes_later_though_the_remedy_is_the_same() -> None:
    first, free = assessed_now("arc-1"), assessed_now("arc-3")
    rests = assessed_now("arc-2", first.id)
    assert [len(wave) for wave in waves([first, rests, free])] == [2, 1]


def test_without_actions_there_are_no_waves() -> None:
    assert waves([]) == []


# Pace.


class Clock:
    """Time that passes while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def time_of(clock: Clock, actions: list[PlannedAction]) -> float:
    pace = Pace(lambda: clock.now)
    for each in actions:
        await pace.turn(each)
    return clock.now


async def test_the_first_writes_go_at_once(clock: Clock) -> None:
    assert await time_of(clock, [assessed_daily("vm-1")] * 180) == 0.0


async def test_then_as_fast_as_azure_fills_its_bucket_again(clock: Clock) -> None:
    seconds = await time_of(clock, [assessed_daily("vm-1")] * 1000)
    assert seconds == pytest.approx(820 / 9.0, rel=0.01)
    assert 200 + 10 * seconds > 1000, "what ARM grants a principal in that time"


async def test_each_subscription_has_a_bucket_of_its_own(clock: Clock) -> None:
    other = azure_vm("vm-1", subscription=OTHER_SUBSCRIPTION).id
    elsewhere = action("assess-now", ArmCall(method="POST", path=f"{other}/assessPatches", api_version="1"), other)
    assert await time_of(clock, [assessed_daily("vm-1"), elsewhere] * 180) == 0.0


async def test_assessments_have_a_narrower_one(clock: Clock) -> None:
    seconds = await time_of(clock, [post("assessPatches")] * 1500)
    assert 600 + 200 / 60 * seconds > 1500, "what Compute grants a subscription in that time"


# What stands already.


@pytest.mark.parametrize(
    ("planned", "seen", "said"),
    [
        (deletion(), None, "it is gone already"),
        (deletion(), {}, None),
        (assessed_daily("vm-1"), None, None),
        (assessed_daily("vm-1"), {"properties": {}}, None),
        (post("start"), {"properties": {"instanceView": {"statuses": [{"code": "PowerState/running"}]}}}, "runs"),
        (post("start"), {"properties": {"instanceView": {"statuses": [{"code": "PowerState/starting"}]}}}, "runs"),
        (post("start"), {"properties": {"instanceView": {"statuses": [{"code": "PowerState/deallocated"}]}}}, None),
        (post("deallocate"), {"properties": {"instanceView": {"statuses": [{"code": "PowerState/stopped"}]}}}, "off"),
        (post("register"), {"registrationState": "registered"}, "the provider is registered already"),
        (post("register"), {"registrationState": "Registering"}, None),
        (post("restart"), {"properties": {}}, None),
    ],
)
def test_what_is_not_needed(planned: PlannedAction, seen: Any, said: str | None) -> None:
    found = already(planned, seen)
    assert (found is None) == (said is None)
    assert (said or "") in (found or "")


def test_a_setting_stands_whatever_the_case_of_names_ids_and_values() -> None:
    planned = attached("vm-1")
    assert planned.call.body is not None
    schedule = planned.call.body["properties"]["maintenanceConfigurationId"]
    stands = {"location": "WestEurope", "properties": {"maintenanceconfigurationid": schedule.upper()}}
    assert already(planned, stands) == "it stands so already"
    assert already(planned, stands | {"location": "eastus"}) is None


# What has happened where no answer came.


def test_an_assessment_that_is_new_was_ours() -> None:
    def view(activity: str | None) -> Any:
        summary = {"assessmentActivityId": activity} if activity else None
        return {"properties": {"instanceView": {"patchStatus": {"availablePatchSummary": summary}}}}

    assert has_happened(post("assessPatches"), view("1"), view("2"))
    assert not has_happened(post("assessPatches"), view("1"), view("1"))
    assert not has_happened(post("assessPatches"), view("1"), view(None))


def test_a_provider_that_registers_was_told_to() -> None:
    assert has_happened(post("register"), {}, {"registrationState": "Registering"})
    assert not has_happened(post("register"), {}, {"registrationState": "NotRegistered"})


def test_a_restart_cannot_be_seen() -> None:
    assert not has_happened(post("restart"), {"a": 1}, {"a": 2})


# Refusals.


@pytest.mark.parametrize(
    ("status", "code", "message", "passes"),
    [
        (409, "Conflict", "conflict with a concurrent request", True),
        (409, "AnotherOperationInProgress", "x", True),
        (409, "HCRP409", "The operation could not be performed, as another one is in progress.", True),
        (409, "HCRP409", "The operation could not be performed, as the machine is not connected.", False),
        (409, "OperationNotAllowed", "The operation requires the VM to be running", False),
        (409, "ScopeLocked", "a conflict with a lock in progress", False),
        (409, "RetryableError", "A retryable error occurred.", True),
        (400, "Conflict", "x", False),
    ],
)
def test_what_passes_by_itself(status: int, code: str, message: str, passes: bool) -> None:
    assert _is_busy(ReadFailure(code, message, status=status)) is passes


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, None),
        ({"status": "Succeeded"}, None),
        ({"output": {"status": "Succeeded"}}, None),
        ({"output": {"status": "Failed", "error": {"message": "no", "details": [{"message": "why"}]}}}, "no: why"),
        ({"status": "failed", "errorDetails": {"code": "X"}}, "X"),
        ({"output": {"status": "Failed"}}, "no reason is given"),
        ({"output": {"status": "Failed", "error": {"message": "AccountKey=abcdefghijkl;"}}}, "AccountKey=[redacted]"),
    ],
)
def test_a_failure_inside_a_success(result: Any, said: str | None) -> None:
    found = _inner_failure(result)
    assert found == said if said is None else said in str(found)


def test_an_assessment_that_fails_is_no_reason_to_end() -> None:
    assert not weighs(assessed_now("arc-1"))
    assert weighs(assessed_daily("vm-1"))
