import pytest

from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.maintenance import MaintenanceConfiguration, MaintenanceWindow
from aumdoctor.remedies.lengthen_window import lengthen_window
from aumdoctor.remedies.remedy import Risk
from tests.builders import azure_vm, configuration, estate


def exceeded(schedule: MaintenanceConfiguration) -> Finding:
    return Finding(
        check="AUM013",
        name="maintenance-window-exceeded",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id=azure_vm().id,
        message="",
        evidence=(),
        details={"maintenanceConfigurationId": schedule.id.upper()},
    )


def test_the_longest_window_allowed_with_the_rest_of_it_as_it_was() -> None:
    weekly = configuration()
    remedy = lengthen_window.prescribe(exceeded(weekly), estate(configurations=[weekly]))
    assert remedy is not None
    assert remedy.risk is Risk.CONSENT
    (call,) = remedy.calls
    assert (call.method, call.path, call.api_version) == ("PATCH", weekly.id, "2023-04-01")
    assert call.body == {
        "properties": {
            "maintenanceWindow": {
                "startDateTime": "2026-01-03 22:00",
                "duration": "03:55",
                "timeZone": "UTC",
                "recurEvery": "1Week Saturday",
            }
        }
    }
    assert remedy.az[0].startswith("az rest --method patch --url ")
    assert remedy.steps[-1] == "To take it back set the duration to 03:30."


@pytest.mark.parametrize("duration", ["03:55", "04:00", None, "PT2H"])
def test_a_window_that_is_not_shorter_is_left_alone(duration: str | None) -> None:
    schedule = configuration(window=MaintenanceWindow(duration=duration))
    assert lengthen_window.prescribe(exceeded(schedule), estate(configurations=[schedule])) is None


def test_a_schedule_that_was_not_read_is_left_alone() -> None:
    assert lengthen_window.prescribe(exceeded(configuration()), estate(configurations=[])) is None
