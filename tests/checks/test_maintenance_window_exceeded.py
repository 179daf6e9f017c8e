from datetime import timedelta

import pytest

from aumdoctor.checks.maintenance_window_exceeded import maintenance_window_exceeded as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import MaintenanceWindow
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    installation,
    static_assignment,
    unknowns,
)

EXCEEDED = installation(
    status="Failed",
    maintenance_window_exceeded=True,
    started_at=NOW - timedelta(days=4, minutes=172),
    pending_count=3,
    reboot_status="Required",
)


def schedule(duration: str | None):
    window = MaintenanceWindow(
        start_date_time="2026-01-03 22:00", duration=duration, time_zone="UTC", recur_every="Day"
    )
    return configuration(window=window)


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
def test_a_run_that_stopped_for_want_of_time(machine) -> None:
    seen = finding(estate(machine(installation=EXCEEDED), scheduled=True), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM013", Severity.HIGH, Confidence.HIGH)
    assert "after 172 min of 210 min" in seen.message
    assert "3 update(s) are still pending" in seen.message
    assert [(evidence.path.rsplit(".", 1)[-1], evidence.observed) for evidence in seen.evidence] == [
        ("maintenanceWindowExceeded", True),
        ("status", "Failed"),
        ("rebootStatus", "Required"),
        ("duration", "03:30"),
    ]
    assert seen.details == {"maintenanceConfigurationId": configuration().id}


def test_the_window_can_be_lengthened_while_it_is_below_the_longest() -> None:
    vm = azure_vm(os_type="Linux", installation=EXCEEDED)
    built = examine(estate(vm, configurations=[schedule("02:00")], scheduled=True), check)
    assert [remedy.name for remedy in built.remedies[0]] == ["lengthen-window", "install-on-demand"]
    for longest in ("03:55", "04:00", None, "PT2H"):
        built = examine(estate(vm, configurations=[schedule(longest)], scheduled=True), check)
        assert [remedy.name for remedy in built.remedies[0]] == ["install-on-demand"]


def test_the_documentation_s_two_reckonings_are_both_told() -> None:
    assert "10 minutes for a restart and wants 15 more" in check.documentation.replace("\n", " ")
    assert "Another page of the documentation" in check.documentation.replace("\n", " ")


def test_of_several_schedules_none_is_blamed() -> None:
    vm, other = azure_vm(installation=EXCEEDED), configuration("other")
    seen = finding(
        estate(vm, configurations=[configuration(), other], assignments=[static_assignment(vm), dynamic_scope(other)]),
        check,
    )
    assert "of 210" not in seen.message
    assert seen.details == {}


def test_an_installation_that_a_user_started_had_a_duration_of_its_own() -> None:
    by_hand = installation(
        status="Failed", maintenance_window_exceeded=True, started_by="User", maintenance_run_id=None
    )
    assert finding(estate(azure_vm(installation=by_hand), scheduled=True), check).details == {}


def test_a_run_that_did_not_fail_weighs_less() -> None:
    warned = installation(status="CompletedWithWarnings", maintenance_window_exceeded=True)
    assert finding(estate(azure_vm(installation=warned)), check).severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "other",
    [None, installation(), installation("some error"), installation(status="Failed", maintenance_window_exceeded=None)],
    ids=["no installation", "success", "another failure", "not told"],
)
def test_near_misses(other) -> None:
    assert findings(estate(azure_vm(installation=other), scheduled=True), check) == ()


def test_without_installations_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION
