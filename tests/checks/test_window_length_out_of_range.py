import pytest

from aumdoctor.checks.window_length_out_of_range import window_length_out_of_range as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import azure_vm, change, configuration, estate, examine, finding, findings, unknowns

VM = azure_vm()
WEEKLY = configuration()


def lasting(duration: str | None, **parts: object) -> Estate:
    schedule = change(WEEKLY, window=change(WEEKLY.window, duration=duration))
    return estate(VM, **{"configurations": [schedule], "scheduled": True, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(("duration", "too"), [("01:00", "short"), ("1:29", "short"), ("04:01", "long")])
def test_a_window_out_of_range(duration: str, too: str) -> None:
    seen = finding(lasting(duration), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM057", Severity.HIGH, Confidence.HIGH)
    assert seen.resource_id == WEEKLY.id
    assert seen.machines == (VM.id,)
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed) == ("properties.maintenanceWindow.duration", duration)
    assert evidence.expected == "01:30 to 03:55"
    assert f"too {too}" in seen.message


@pytest.mark.parametrize("duration", ["03:56", "04:00", "4:00"])
def test_up_to_four_hours_the_sources_disagree_and_both_are_named(duration: str) -> None:
    seen = finding(lasting(duration), check)
    assert (seen.severity, seen.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "migration-key-points" in seen.message
    assert "03:55" in seen.message


@pytest.mark.parametrize("duration", ["01:30", "03:30", "03:55", "3:55", None])
def test_a_window_within_the_range_is_healthy(duration: str | None) -> None:
    assert findings(lasting(duration), check) == ()


def test_without_machines_it_is_low() -> None:
    assert finding(lasting("05:00", scheduled=False), check).severity is Severity.LOW


def test_hosts_have_other_limits_and_a_deleted_schedule_has_none() -> None:
    long = change(WEEKLY, window=change(WEEKLY.window, duration="05:00"))
    for other in (change(long, maintenance_scope="Host"), change(long, exists=False)):
        assert findings(lasting("05:00", configurations=[other]), check) == ()


def test_what_is_no_duration_is_unknown() -> None:
    (unknown,) = unknowns(lasting("PT3H"), check)
    assert (unknown.resource_id, unknown.fact) == (WEEKLY.id, Fact.CONFIGURATIONS)
    assert "PT3H" in unknown.reason


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(lasting("03:00", denied=[Fact.CONFIGURATIONS]), check)
    assert unknown.permission == "Microsoft.Maintenance/maintenanceConfigurations/read"


@pytest.mark.parametrize(("duration", "cure"), [("05:00", "shorten-window"), ("01:00", "lengthen-window")])
def test_the_cure_sets_the_longest_window_and_keeps_the_rest(duration: str, cure: str) -> None:
    ((remedy,),) = examine(lasting(duration), check).remedies
    assert remedy.name == cure
    body = remedy.calls[0].body
    assert body is not None
    assert body["properties"]["maintenanceWindow"] == {
        "startDateTime": "2026-01-03 22:00",
        "duration": "03:55",
        "timeZone": "UTC",
        "recurEvery": "1Week Saturday",
    }
