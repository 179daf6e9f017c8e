"""The remedies that change when a schedule runs, and the advice about it."""

import shlex
from typing import Any

import pytest

from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.await_next_run import await_next_run
from aumdoctor.remedies.correct_recurrence import correct_recurrence
from aumdoctor.remedies.move_start_from_midnight import move_start_from_midnight
from aumdoctor.remedies.remedy import Remedy, RemedyKind, Risk
from aumdoctor.remedies.set_time_zone import set_time_zone
from aumdoctor.remedies.split_into_waves import split_into_waves
from aumdoctor.remedies.stagger_schedules import stagger_schedules
from tests.builders import azure_vm, change, configuration, estate

WEEKLY = configuration()


def prescribed(kind: RemedyKind, schedule: MaintenanceConfiguration = WEEKLY, **details: str) -> Remedy | None:
    finding = Finding(
        check="AUM000",
        name="any",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        resource_id=azure_vm().id,
        message="",
        evidence=(),
        details={"maintenanceConfigurationId": schedule.id, **details},
    )
    return kind.prescribe(finding, estate(configurations=[schedule]))


def with_window(**window: Any) -> MaintenanceConfiguration:
    return configuration(window=change(WEEKLY.window, **window))


@pytest.mark.parametrize(
    ("kind", "details", "member", "value"),
    [
        (stagger_schedules, {"startDateTime": "2026-01-03 02:00"}, "startDateTime", "2026-01-03 02:00"),
        (move_start_from_midnight, {}, "startDateTime", "2026-01-03 23:30"),
        (set_time_zone, {"timeZone": "W. Europe Standard Time"}, "timeZone", "W. Europe Standard Time"),
    ],
)
def test_one_member_of_the_window_changes_and_the_rest_stays(
    kind: RemedyKind, details: dict[str, str], member: str, value: str
) -> None:
    remedy = prescribed(kind, WEEKLY, **details)
    assert remedy is not None
    assert (remedy.risk, remedy.reversible) == (Risk.CONSENT, True)
    (call,) = remedy.calls
    assert (call.method, call.path, call.api_version) == ("PATCH", WEEKLY.id, "2023-04-01")
    usual = {
        "startDateTime": "2026-01-03 22:00",
        "duration": "03:30",
        "timeZone": "UTC",
        "recurEvery": "1Week Saturday",
    }
    assert call.body == {"properties": {"maintenanceWindow": {**usual, member: value}}}


@pytest.mark.parametrize("kind", [stagger_schedules, set_time_zone])
def test_without_a_time_to_set_or_with_the_one_that_is_there_no_call_is_made_up(kind: RemedyKind) -> None:
    assert prescribed(kind) is None
    assert prescribed(kind, startDateTime="2026-01-03 22:00", timeZone="UTC") is None


@pytest.mark.parametrize("start", [None, "", "soon", "2026-01-03T23:58:00+02:00"])
def test_a_start_that_is_not_written_as_azure_does_is_left_alone(start: str | None) -> None:
    assert prescribed(move_start_from_midnight, with_window(start_date_time=start)) is None


def test_seconds_and_the_t_between_date_and_time_are_understood() -> None:
    remedy = prescribed(move_start_from_midnight, with_window(start_date_time="2026-01-03T23:58:00"))
    assert remedy is not None
    assert remedy.calls[0].body is not None
    assert remedy.calls[0].body["properties"]["maintenanceWindow"]["startDateTime"] == "2026-01-03 23:30"


@pytest.mark.parametrize("kind", [await_next_run, correct_recurrence, split_into_waves])
def test_what_only_a_person_can_decide_is_advice(kind: RemedyKind) -> None:
    remedy = prescribed(kind)
    assert remedy is not None
    assert (remedy.risk, remedy.calls) == (Risk.ADVICE, ())
    assert len(remedy.steps) >= 3


def test_a_name_in_the_query_for_runs_cannot_end_its_string() -> None:
    remedy = prescribed(await_next_run, configuration('a" or 1 == 1 or "', resource_group="it's"))
    assert remedy is not None
    query = next(word for word in shlex.split(remedy.steps[0]) if word.startswith("maintenanceresources"))
    assert '/a\\" or 1 == 1 or \\""' in query
