from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aumdoctor.checks.maintenance_window_exceeded import maintenance_window_exceeded as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Installation, Machine
from aumdoctor.model.maintenance import InstallPatches, MaintenanceConfiguration, MaintenanceWindow
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    installation,
    patch_settings,
    static_assignment,
    unknowns,
)

EXCEEDED = installation(
    status="Failed",
    maintenance_window_exceeded=True,
    started_at=NOW - timedelta(days=4, minutes=192),
    pending_count=3,
    reboot_status="Required",
)


def schedule(duration: str | None) -> MaintenanceConfiguration:
    window = MaintenanceWindow(
        start_date_time="2026-01-03 22:00", duration=duration, time_zone="UTC", recur_every="Day"
    )
    return configuration(window=window)


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
def test_a_run_that_stopped_for_want_of_time(machine: Callable[..., Machine]) -> None:
    seen = finding(estate(machine(installation=EXCEEDED), scheduled=True), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM013", Severity.HIGH, Confidence.HIGH)
    assert seen.message == (
        "the last installation ran out of its maintenance window: less than 25 min were left after 3 updates "
        "(192 of 210 min, 18 left), and then no further update is begun (15 min for an update + 10 min kept for a "
        "restart); another document sets the limit at 20 min (time rules: windows-update, windows-restart-reserve); "
        "3 update(s) are still pending"
    )
    assert [(evidence.path.rsplit(".", 1)[-1], evidence.observed) for evidence in seen.evidence] == [
        ("maintenanceWindowExceeded", True),
        ("status", "Failed"),
        ("rebootStatus", "Required"),
        ("startTime", "2026-06-06T08:48:00+00:00"),
        ("lastModifiedTime", "2026-06-06T12:00:00+00:00"),
        ("duration", "03:30"),
    ]
    assert seen.details == {"maintenanceConfigurationId": configuration().id}


def message_of(machine: Machine, **parts: Any) -> str:
    return finding(estate(machine, scheduled=True, **parts), check).message


def test_the_rule_of_the_system_is_named_with_its_arithmetic() -> None:
    linux = message_of(azure_vm(os_type="Linux", installation=EXCEEDED))
    assert "no more than 20 min were left after 3 updates (192 of 210 min, 18 left)" in linux
    assert "(time rules: linux-package-cutoff)" in linux
    slow = change(EXCEEDED, reboot_status="Failed")
    assert "longer than the 15 min that are waited" in message_of(azure_vm(installation=slow))
    assert "longer than the 25 min that are waited" in message_of(arc_machine(installation=slow))
    over = change(EXCEEDED, started_at=NOW - timedelta(days=4, minutes=222))
    assert "until 222 min after its start, and the window has 210" in message_of(azure_vm(installation=over))


def test_how_sure_the_rule_is_stands_before_it_and_the_finding_stays_sure() -> None:
    for took, sureness in (
        (192, ": less than"),
        (188, ": probably less than"),
        (182, ": perhaps less than 30 min"),
        (172, ": which rule ended it the record does not tell"),
    ):
        run = change(EXCEEDED, started_at=NOW - timedelta(days=4, minutes=took), reboot_status="NotNeeded")
        seen = finding(estate(azure_vm(installation=run), scheduled=True), check)
        assert sureness in seen.message
        assert seen.confidence is Confidence.HIGH


def test_without_times_there_is_no_arithmetic_and_no_evidence_of_times() -> None:
    run = change(EXCEEDED, started_at=None, reboot_status="NotNeeded")
    seen = finding(estate(azure_vm(installation=run), scheduled=True), check)
    assert ": probably less than 25 min were left after 3 updates, and then" in seen.message
    assert [evidence.path.rsplit(".", 1)[-1] for evidence in seen.evidence] == [
        "maintenanceWindowExceeded",
        "status",
        "duration",
    ]


def test_an_error_that_tells_is_evidence() -> None:
    text = "[RM][!] Insufficient time to schedule a required reboot (Reboot if required). [RebootPending=True]"
    run = installation("1 error/s reported.", text, maintenance_window_exceeded=True, pending_count=0)
    seen = finding(estate(azure_vm(os_type="Linux", installation=run), scheduled=True), check)
    assert "a restart was needed and less than 15 min were left" in seen.message
    assert [evidence.path for evidence in seen.evidence if evidence.observed == text] == [
        "properties.patchStatus.lastPatchInstallationSummary.error.details[1].message"
    ]


def test_the_machine_s_own_reboot_setting_goes_before_the_schedule_s() -> None:
    # 18 min left: too little for a package and a restart, enough for a package alone.
    never = configuration(install_patches=InstallPatches(reboot_setting="NeverReboot"))
    vm = azure_vm(os_type="Linux", installation=EXCEEDED)
    assert "does not tell" in message_of(vm, configurations=[never])
    own = change(vm, patch_settings=patch_settings(reboot_setting="IfRequired"))
    assert "no more than 20 min" in message_of(own, configurations=[never])
    unknown = change(vm, patch_settings=patch_settings(reboot_setting="Unknown"))
    assert "does not tell" in message_of(unknown, configurations=[never])


def test_the_window_is_reckoned_from_its_own_start_where_the_run_began_in_it() -> None:
    begun = NOW - timedelta(days=4)
    window = MaintenanceWindow(
        start_date_time=f"{begun - timedelta(minutes=10):%Y-%m-%d %H:%M}",
        duration="02:00",
        time_zone="UTC",
        recur_every="1Day",
    )
    # By the installation's own start 28 min would be left, by the window's start it is ten less.
    run = change(EXCEEDED, started_at=begun, last_modified=begun + timedelta(minutes=92), reboot_status="NotNeeded")
    vm = azure_vm(installation=run)
    assert "(102 of 120 min, 18 left)" in message_of(vm, configurations=[configuration(window=window)])
    # A window in the middle of which the run began is not the one that it began for.
    other = change(window, start_date_time=f"{begun - timedelta(minutes=50):%Y-%m-%d %H:%M}")
    assert "(92 of 120 min, 28 left)" in message_of(vm, configurations=[configuration(window=other)])
    unreadable = change(window, recur_every="every day")
    assert "(92 of 120 min, 28 left)" in message_of(vm, configurations=[configuration(window=unreadable)])


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
def test_near_misses(other: Installation | None) -> None:
    assert findings(estate(azure_vm(installation=other), scheduled=True), check) == ()


def test_without_installations_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(), denied=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION
