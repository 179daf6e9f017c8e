"""What became of the windows of the past, and what is named as the cause."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.checks.check import Check
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.examine import examine
from aumdoctor.diagnosis.machine_runs import Ended, MachineRun
from aumdoctor.diagnosis.postmortem import PostMortem, Verdict, WindowRuns, post_mortem
from aumdoctor.model import ids
from aumdoctor.model.estate import ActivityEvent, CollectionScope, Estate
from aumdoctor.model.facts import Fact, Gap, Outcome
from aumdoctor.model.machine import ErrorDetail, Installation, Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    EventSubscription,
    MaintenanceConfiguration,
    MaintenanceWindow,
    RecordedInstallation,
)
from tests.builders import (
    NOW,
    SUBSCRIPTION,
    arc_machine,
    assessment,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    failed_assessment,
    installation,
    patch_settings,
    reading,
    run,
    static_assignment,
)

START = datetime.fromisoformat("2026-06-06T22:00:00+00:00")
"""The last window of the weekly schedule, 3 h 30 min long."""
END = START + timedelta(hours=3, minutes=30)
VM = azure_vm()


def run_id(schedule: MaintenanceConfiguration | None = None, start: datetime = START) -> str:
    """The id of a run of a schedule as a whole, in lower case as Azure writes it."""
    schedule_id = (schedule or configuration()).id.lower()
    return f"{schedule_id}/providers/microsoft.maintenance/applyupdates/{start:%Y%m%d%H%M%S}"


def ran(machine: Machine = VM, status: str = "Succeeded", **overrides: Any) -> ApplyUpdate:
    """A run in the last window."""
    values: dict[str, Any] = {"started_at": START, "correlation_id": run_id(), "status": status}
    return run(machine, **{**values, **overrides})


def whole(status: str = "Cancelled", message: str | None = None) -> ApplyUpdate:
    """The run of the weekly schedule as a whole, in the last window."""
    return ApplyUpdate(
        id=run_id(),
        resource_id=configuration().id.lower(),
        maintenance_configuration_id=configuration().id.lower(),
        correlation_id=run_id(),
        status=status,
        error_message=message,
    )


def installed(
    machine: Machine = VM, *messages: str, failed_patches: Sequence[str] = (), **overrides: Any
) -> RecordedInstallation:
    """An installation by the run of the last window, as a row of Resource Graph."""
    errors = tuple(
        ErrorDetail(path=f"properties.errorDetails.details[{at}].message", message=text)
        for at, text in enumerate(messages)
    )
    values: dict[str, Any] = {
        "status": "Failed" if messages or failed_patches else "Succeeded",
        "started_at": START + timedelta(minutes=1),
        "last_modified": START + timedelta(minutes=40),
        "maintenance_run_id": run_id(),
        "failed_count": len(failed_patches),
        "errors": errors,
        "path": "properties",
    }
    made: Installation = installation(**{**values, **overrides})
    started = made.started_at.isoformat() if made.started_at else "never"
    return RecordedInstallation(
        id=f"{machine.id}/patchInstallationResults/{started}",
        machine_id=machine.key,
        installation=made,
        failed_patches=tuple(failed_patches),
    )


def told(
    seen: Estate, *, days: float = 7, checks: Sequence[Check] = CHECKS, now: datetime = NOW, **options: Any
) -> PostMortem:
    chains = Chains(examine(seen, checks, now), checks)
    return post_mortem(chains, now - timedelta(days=days), **options)


def week(
    *machines: Machine,
    runs: Sequence[ApplyUpdate] = (),
    installations: Sequence[RecordedInstallation] = (),
    **overrides: Any,
) -> Estate:
    """Machines under the weekly schedule with what is recorded of its last window."""
    values: dict[str, Any] = {"scheduled": True, "runs": tuple(runs), "installations": tuple(installations)}
    return estate(*(machines or (VM,)), **{**values, **overrides})


def only_window(found: PostMortem) -> WindowRuns:
    [window] = found.windows
    return window


def only(found: PostMortem) -> MachineRun:
    [judged] = only_window(found).machines
    return judged


def cause(judged: MachineRun) -> str | None:
    return judged.cause.check if judged.cause is not None else None


# What went well


def test_a_machine_that_was_patched_needs_no_words() -> None:
    found = told(week(runs=[ran()], installations=[installed()]))
    assert (found.verdict, only(found).ended, only(found).said) == (Verdict.PATCHED, Ended.SUCCEEDED, "")
    assert only(found).installed == 3
    assert only_window(found).occurrence.starts_at == START
    assert only_window(found).next is not None
    assert only_window(found).next.starts_at == START + timedelta(days=7)  # type: ignore[union-attr]
    assert only_window(found).change_until == START + timedelta(days=7) - timedelta(minutes=15)


@pytest.mark.parametrize(
    "named",
    [
        run_id(),
        run_id().upper(),
        configuration().id + "/providers/Microsoft.Maintenance/applyUpdates/20260606220000",
        "20260606220000",
        "/run/20260606220000",
        None,
    ],
)
def test_an_installation_is_found_by_the_run_that_it_names_or_by_its_time(named: str | None) -> None:
    made = installed(maintenance_run_id=named, failed_patches=["KB1"], status="Failed")
    found = told(week(runs=[ran(status="Failed")], installations=[made]))
    assert only(found).failed_patches == ("KB1",)
    assert found.apart == ()


def test_an_installation_that_names_the_run_of_another_schedule_is_not_taken() -> None:
    other = configuration("monthly", window=MaintenanceWindow(recur_every="1Month"))
    made = installed(maintenance_run_id=run_id(other), failed_patches=["KB1"])
    found = told(week(runs=[ran()], installations=[made], configurations=[configuration(), other]))
    weekly = next(each for each in found.windows if each.configuration.name == "weekly")
    assert weekly.machines[0].ended is Ended.SUCCEEDED
    assert weekly.machines[0].failed_patches == ()


def test_an_installation_without_a_row_of_its_run_stands_for_the_run() -> None:
    assert only(told(week(installations=[installed(maintenance_run_id=None)]))).ended is Ended.SUCCEEDED


def test_of_two_attempts_in_one_window_the_later_counts() -> None:
    first = ran(status="Failed")
    second = ran(
        id=f"{VM.id}/providers/Microsoft.Maintenance/applyUpdates/again", started_at=START + timedelta(hours=1)
    )
    found = told(week(runs=[second, first]))
    assert only(found).ended is Ended.SUCCEEDED


# Off, or created again


def shut_down(machine: Machine = VM) -> ApplyUpdate:
    return ran(machine, "Failed", error_code="ShutdownOrUnresponsive", error_message="ShutdownOrUnresponsive: off")


def deleted(machine: Machine, hours: float) -> ActivityEvent:
    return ActivityEvent(
        resource_id=machine.id,
        operation="Microsoft.Compute/virtualMachines/delete",
        status="Succeeded",
        at=START - timedelta(hours=hours),
        caller="ops@contoso.com",
    )


def test_a_machine_that_was_off_is_told_from_one_that_was_created_again() -> None:
    off = only(told(week(runs=[shut_down()])))
    assert (off.ended, cause(off)) == (Ended.FAILED, "AUM011")
    assert "was off or did not answer" in off.said
    again = only(told(week(runs=[shut_down()], activity=(deleted(VM, 11),))))
    assert cause(again) == "AUM011"
    assert "created again" in again.said
    assert "as the activity log shows" in again.said
    assert again.evidence[0].observed.endswith("by ops@contoso.com")
    assert any("12 hours" in line for line in again.cause.advice or ())  # type: ignore[union-attr]


@pytest.mark.parametrize(("hours", "proves"), [(11.9, True), (12.1, False), (-1, False)])
def test_a_deletion_proves_it_within_twelve_hours_before_the_run(hours: float, proves: bool) -> None:
    judged = only(told(week(runs=[shut_down()], activity=(deleted(VM, hours),))))
    assert ("created again" in judged.said) is proves


def test_a_fresh_creation_is_a_conclusion_and_says_so() -> None:
    young = azure_vm(time_created=START - timedelta(hours=3))
    judged = only(told(week(young, runs=[shut_down(young)])))
    assert "concluded from its time of creation" in judged.said
    assert judged.evidence[0].path == "properties.timeCreated"


def test_the_cure_is_that_of_the_reason_of_this_run_and_not_of_a_later_one() -> None:
    """The older run failed because the machine was off, the newest because it had been created again."""
    later = START + timedelta(days=3)
    newest = ran(
        status="Failed", error_code="ShutdownOrUnresponsive", started_at=later, correlation_id=run_id(start=later)
    )
    again = change(deleted(VM, 0), at=later - timedelta(hours=2))
    found = told(week(runs=[shut_down(), newest], activity=(again,)))
    by_start = {window.occurrence.starts_at: window.machines[0] for window in found.windows}
    assert by_start[later].cure[0].name == "recreate-assignment"
    assert by_start[START].cure == ()
    assert "was off or did not answer" in by_start[START].said


def test_an_activity_log_that_could_not_be_read_is_not_passed_over() -> None:
    judged = only(told(week(runs=[shut_down()], denied=[Fact.ACTIVITY_LOG])))
    assert "the activity log could not be read" in judged.said


# What failed


def test_a_window_that_was_too_short_names_the_minute_rule() -> None:
    made = installed(
        status="Failed",
        maintenance_window_exceeded=True,
        last_modified=END - timedelta(minutes=18),
        pending_count=4,
    )
    judged = only(told(week(runs=[ran(status="Failed")], installations=[made])))
    assert (judged.ended, cause(judged)) == (Ended.FAILED, "AUM013")
    assert "windows-update, windows-restart-reserve" in judged.said
    assert "4 updates left pending" in judged.said
    assert {each.path for each in judged.evidence} >= {
        "patchinstallationresources.properties.maintenanceWindowExceeded",
        "properties.maintenanceWindow.duration",
    }


def test_updates_that_failed_are_named_and_their_machines_folded() -> None:
    machines = [azure_vm(f"vm-{number:02}") for number in range(12)]
    made = [installed(each, failed_patches=["KB5066835", "KB890830"]) for each in machines]
    window = only_window(told(week(*machines, runs=[ran(each, "Failed") for each in machines], installations=made)))
    [folded] = window.causes
    assert (folded.check, len(folded.machines)) == ("AUM131", 12)
    assert folded.said == "KB5066835, KB890830 failed to install"
    assert folded.advice


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("Exception from HRESULT: 0x8024402C, Hresult:0", "AUM025"),
        ("Exception from HRESULT: 0x80070422", "AUM026"),
        ("The update failed with an internal execution error", "AUM136"),
        ("Installation failed due to assessment failure", "AUM130"),
        ("Failed to fetch http://archive/ubuntu InRelease", "AUM024"),
        ("Reboot failed to proceed within the window", "AUM101"),
        ("something that nobody has ever heard of", "AUM131"),
    ],
)
def test_an_error_text_leads_to_its_entry(message: str, check: str) -> None:
    judged = only(told(week(runs=[ran(status="Failed")], installations=[installed(VM, message)])))
    assert (judged.ended, cause(judged)) == (Ended.FAILED, check)
    assert message in judged.said


def test_a_code_that_means_two_things_follows_where_the_updates_come_from() -> None:
    behind = azure_vm(assessment=assessment(patch_service_used="WU_WSUS"))
    made = installed(behind, "Exception from HRESULT: 0x8024402C, Hresult:0")
    assert cause(only(told(week(behind, runs=[ran(behind, "Failed")], installations=[made])))) == "AUM027"


def test_a_run_that_failed_with_its_assessment_is_laid_to_what_that_one_says() -> None:
    failing = azure_vm(assessment=failed_assessment("Exception from HRESULT: 0x80070422"))
    made = installed(failing, "Installation failed due to assessment failure")
    judged = only(told(week(failing, runs=[ran(failing, "Failed")], installations=[made])))
    assert cause(judged) == "AUM026"
    assert "the assessment that every run makes failed, as it does now" in judged.said
    assert judged.evidence[-1].observed == "Exception from HRESULT: 0x80070422"


def test_a_prerequisite_is_named_by_what_is_missing_today() -> None:
    without = azure_vm(patch_settings=patch_settings(bypass_platform_safety_checks_on_user_schedule=False))
    judged = only(told(week(without, runs=[ran(without, "Failed", error_message="Prerequisite is not met")])))
    assert cause(judged) == "AUM031"
    assert judged.cure[0].calls


def test_a_failure_without_a_word_is_still_a_failure() -> None:
    judged = only(told(week(runs=[ran(status="Failed")])))
    assert (judged.ended, cause(judged)) == (Ended.FAILED, "AUM131")
    assert "Azure gives no reason" in judged.said


def test_a_restart_that_the_setting_forbids_is_a_warning() -> None:
    never = azure_vm(patch_settings=patch_settings(reboot_setting="Never"))
    made = installed(never, status="CompletedWithWarnings", reboot_status="Required")
    found = told(week(never, runs=[ran(never)], installations=[made]))
    assert (only(found).ended, cause(only(found))) == (Ended.WITH_WARNINGS, "AUM132")
    assert "because the reboot setting is Never" in only(found).said
    assert found.verdict is Verdict.PATCHED


def test_a_run_that_never_ended_is_stuck_an_hour_after_its_window() -> None:
    made = installed(status="InProgress")
    seen = week(runs=[ran(status="InProgress")], installations=[made])
    stuck = told(seen)
    assert (only(stuck).ended, cause(only(stuck))) == (Ended.FAILED, "AUM133")
    going = told(seen, now=END + timedelta(minutes=30))
    assert only(going).ended is Ended.IN_PROGRESS
    assert going.verdict is Verdict.UNKNOWN


def test_a_run_without_a_status_tells_nothing() -> None:
    judged = only(told(week(runs=[ran(status="")])))
    assert judged.ended is Ended.UNKNOWN
    assert judged.evidence[0].path == "properties.status"


def test_a_run_that_never_began_is_told_from_a_stuck_one() -> None:
    judged = only(told(week(runs=[ran(status="RetryLater")])))
    assert (judged.ended, cause(judged)) == (Ended.FAILED, "AUM087")


@pytest.mark.parametrize(
    ("counts", "check"),
    [
        ({}, None),
        ({"not_selected_count": 7, "excluded_count": 1}, "AUM065"),
        ({"excluded_count": 2}, "AUM068"),
        ({"pending_count": 2}, "AUM135"),
    ],
)
def test_a_run_that_installed_nothing_says_why(counts: dict[str, Any], check: str | None) -> None:
    made = installed(installed_count=0, **counts)
    found = told(week(runs=[ran()], installations=[made]))
    assert (only(found).ended, cause(only(found))) == (Ended.NO_OP, check)
    assert only(found).went_well is (check is None)
    assert found.verdict is Verdict.PATCHED


def test_a_server_that_offers_nothing_is_suspected_where_updates_are_pending() -> None:
    behind = azure_vm(assessment=assessment(patch_service_used="WU_WSUS", critical_and_security_count=4))
    judged = only(told(week(behind, runs=[ran(behind)], installations=[installed(behind, installed_count=0)])))
    assert (judged.ended, cause(judged)) == (Ended.NO_OP, "AUM106")


# Cancelled


def test_a_cancelled_run_of_the_schedule_counts_for_each_of_its_machines() -> None:
    by_api = "Maintenance cancelled using cancellation API at 2026-06-06T21:45:00Z"
    two = [azure_vm("vm-1"), azure_vm("vm-2")]
    window = only_window(told(week(*two, configuration_runs=(whole(message=by_api),))))
    assert window.count(Ended.CANCELLED) == 2
    assert [(each.check, len(each.machines)) for each in window.causes] == [("AUM084", 2)]


def test_a_run_that_azure_cancelled_is_laid_to_the_pre_event_or_to_a_late_change() -> None:
    by_azure = whole(message="Maintenance cancelled due to internal platform failure at 2026-06-06T21:50:00Z")
    assert cause(only(told(week(configuration_runs=(by_azure,))))) == "AUM083"
    listener = EventSubscription(id="/e", name="before", topic_id="/t", maintenance_configuration_id=configuration().id)
    late = ActivityEvent(
        resource_id=configuration().id,
        operation="Microsoft.Maintenance/maintenanceConfigurations/write",
        status="Succeeded",
        at=START - timedelta(minutes=35),
    )
    seen = week(configuration_runs=(by_azure,), event_subscriptions=(listener,), maintenance_changes=(late,))
    judged = only(told(seen))
    assert cause(judged) == "AUM082"
    assert "the schedule weekly was changed at 2026-06-06 21:25 UTC" in judged.said
    assert cause(only(told(week(configuration_runs=(by_azure,), maintenance_changes=(late,))))) == "AUM083"
    by_somebody = change(seen, configuration_runs=(whole(message="Maintenance cancelled using cancellation API"),))
    assert cause(only(told(by_somebody))) == "AUM084"


# Without a record


def test_a_machine_in_scope_without_a_record_is_missing() -> None:
    other = azure_vm("vm-2")
    found = told(week(VM, other, runs=[ran(other)]))
    missing = next(each for each in only_window(found).machines if each.machine is VM)
    assert (missing.ended, cause(missing)) == (Ended.NO_RECORD, "AUM134")
    assert "nothing that was found today explains it" in missing.said
    assert found.verdict is Verdict.FAILED
    assert any("known of today only" in note for note in only_window(found).notes)
    assert missing.evidence[0].observed is None


def test_the_reasons_come_in_the_order_in_which_they_are_likely() -> None:
    both = azure_vm(power_state="deallocated", patch_settings=patch_settings(patch_mode="Manual"))
    judged = only(told(week(both)))
    assert [each.check for each in judged.likely if each.check != "AUM032"] == ["AUM030", "AUM012"]
    assert "likely because the patch mode is Manual" in judged.said
    assert judged.cure[0].name == "customer-managed-schedule"


def test_another_run_meanwhile_explains_it() -> None:
    other = configuration(
        "daily",
        window=MaintenanceWindow(
            start_date_time="2026-01-03 21:00", duration="03:00", time_zone="UTC", recur_every="1Month"
        ),
    )
    busy = ran(
        maintenance_configuration_id=other.id,
        correlation_id=run_id(other, START - timedelta(hours=1)),
        started_at=START - timedelta(hours=1),
        ended_at=START + timedelta(hours=1),
    )
    found = told(week(runs=[busy], configurations=[configuration(), other]), checks=())
    weekly = next(each for each in found.windows if each.configuration.name == "weekly")
    assert "the schedule daily was at work on it meanwhile (AUM009)" in weekly.machines[0].said


def test_a_change_too_shortly_before_explains_it() -> None:
    late = ActivityEvent(
        resource_id=static_assignment(VM).id,
        operation="Microsoft.Maintenance/configurationAssignments/write",
        status="Succeeded",
        at=START - timedelta(minutes=10),
    )
    judged = only(told(week(maintenance_changes=(late,)), checks=()))
    assert "the assignment assign-1 was changed at 2026-06-06 21:50 UTC" in judged.said
    assert "AUM082" in judged.said
    afterwards = change(late, at=START + timedelta(days=1))
    assert "AUM082" not in only(told(week(maintenance_changes=(afterwards,)), checks=())).said
    off = azure_vm(power_state="deallocated")
    likelier = only(told(week(off, maintenance_changes=(late,)))).said
    assert "(AUM012)" in likelier
    assert "AUM082" not in likelier


@pytest.mark.parametrize("hours", [1.0, 4.0, 6.4])
def test_right_after_a_window_it_is_too_early_to_miss_a_record(hours: float) -> None:
    found = told(week(), now=START + timedelta(hours=hours))
    assert (only(found).ended, found.verdict) == (Ended.UNKNOWN, Verdict.UNKNOWN)
    assert told(week(), now=START + timedelta(hours=6.6)).verdict is Verdict.FAILED


def test_who_came_after_the_window_is_not_missed() -> None:
    young = azure_vm("vm-young", time_created=START + timedelta(hours=1))
    tied = azure_vm("vm-tied")
    tie = static_assignment(tied, created_at=START + timedelta(hours=1))
    seen = estate(VM, young, tied, assignments=[static_assignment(VM), static_assignment(young), tie], runs=(ran(),))
    window = only_window(told(seen))
    assert [each.machine for each in window.machines] == [VM]
    assert window.left_out == 2
    assert "2 machines came into scope after the window" in window.notes


def test_a_schedule_that_was_changed_since_may_have_had_another_window() -> None:
    changed = configuration(last_modified_at=START + timedelta(days=1))
    found = told(week(configurations=[changed]))
    assert only(found).ended is Ended.UNKNOWN
    assert "was changed on 2026-06-07 22:00 UTC" in only(found).said
    other = azure_vm("vm-2")
    proved = told(week(VM, other, configurations=[changed], runs=[ran(other)]))
    assert only_window(proved).count(Ended.NO_RECORD) == 1  # the run of another machine shows that there was a window


def test_a_schedule_made_since_had_no_window_before() -> None:
    assert told(week(configurations=[configuration(created_at=START + timedelta(days=1))])).windows == ()


def test_an_assignment_written_to_since_leaves_it_open() -> None:
    tie = dynamic_scope(os_types=("Windows",))
    written = ActivityEvent(
        resource_id=tie.id,
        operation="Microsoft.Maintenance/configurationAssignments/write",
        status="Succeeded",
        at=START + timedelta(days=1),
    )
    seen = estate(VM, assignments=[tie], maintenance_changes=(written,))
    assert only(told(seen)).ended is Ended.UNKNOWN
    assert only(told(estate(VM, assignments=[tie]))).ended is Ended.NO_RECORD


# What does not fit


def test_a_run_that_the_schedule_does_not_have_now_gets_a_window_of_its_own() -> None:
    moved = START - timedelta(days=1, hours=5)
    odd = ran(started_at=moved, correlation_id=run_id(start=moved), status="Failed")
    found = told(week(runs=[odd, ran()]))
    assert [each.planned for each in found.windows] == [True, False]
    assert found.windows[1].occurrence.starts_at == moved
    assert found.windows[1].count(Ended.FAILED) == 1
    assert any("was changed since" in note for note in found.windows[1].notes)


def test_a_run_an_hour_off_is_that_of_the_window_whose_start_the_clock_skips() -> None:
    """On 2026-03-29 there is no 02:30 in Berlin: Azure does not say whether it then begins at 00:30 or 01:30 UTC."""
    skipped = configuration(
        window=MaintenanceWindow(
            start_date_time="2026-03-01 02:30",
            duration="02:00",
            time_zone="W. Europe Standard Time",
            recur_every="1Week Sunday",
        )
    )
    now = datetime.fromisoformat("2026-03-30T12:00:00+00:00")
    for hour in (0, 1):
        start = datetime.fromisoformat(f"2026-03-29T0{hour}:30:00+00:00")
        row = ran(started_at=start, correlation_id=run_id(start=start))
        young = azure_vm(assessment=None)
        found = told(week(young, runs=[row], configurations=[skipped]), days=2, checks=(), now=now)
        assert (only(found).ended, only_window(found).planned) == (Ended.SUCCEEDED, True)


def test_a_machine_that_is_gone_is_still_told_of() -> None:
    gone = azure_vm("vm-gone")
    found = told(week(runs=[ran(), ran(gone, "Failed")]))
    judged = next(each for each in only_window(found).machines if each.machine is None)
    assert (judged.machine_id, judged.ended, judged.in_scope) == (gone.id, Ended.FAILED, False)
    narrowed = week(runs=[ran(), ran(gone, "Failed")], scope=CollectionScope(machines=(VM.id,)))
    assert len(only_window(told(narrowed)).machines) == 1


def test_installations_on_demand_and_by_the_platform_stand_apart() -> None:
    on_demand = installed(started_by="User", maintenance_run_id=None, failed_patches=["KB1"])
    by_platform = installed(
        started_at=START + timedelta(days=2), last_modified=START + timedelta(days=2, hours=1), maintenance_run_id=None
    )
    found = told(week(runs=[ran()], installations=[on_demand, by_platform]))
    assert [(each.on_demand, each.installation.failed_patches) for each in found.apart] == [
        (False, ()),
        (True, ("KB1",)),
    ]
    assert found.verdict is Verdict.PATCHED


def test_windows_come_newest_first() -> None:
    earlier = ran(started_at=START - timedelta(days=7), correlation_id=run_id(start=START - timedelta(days=7)))
    found = told(week(runs=[earlier, ran()]), days=14)
    assert [each.occurrence.starts_at for each in found.windows] == [START, START - timedelta(days=7)]


# What is not known


@pytest.mark.parametrize("fact", [Fact.RUN_HISTORY, Fact.INSTALLATION_HISTORY, Fact.ASSIGNMENTS, Fact.MACHINE])
def test_what_could_not_be_read_is_never_called_well(fact: Fact) -> None:
    found = told(week(runs=[ran()], installations=[installed()], denied=[fact]))
    assert found.verdict is Verdict.UNKNOWN
    assert any(each.permission for each in found.blind)
    assert "could be seen" in found.said


def test_without_the_history_of_runs_nobody_is_missing() -> None:
    assert only(told(week(denied=[Fact.RUN_HISTORY]))).ended is Ended.UNKNOWN


def test_without_the_history_of_installations_the_newest_one_is_used() -> None:
    failed = azure_vm(installation=installation("Exception from HRESULT: 0x80070422", started_at=START))
    judged = only(told(week(failed, runs=[ran(failed, "Failed")], denied=[Fact.INSTALLATION_HISTORY])))
    assert cause(judged) == "AUM026"


def test_a_row_that_could_not_be_decoded_is_not_passed_over() -> None:
    gap = Gap(scope=VM.id, operation="list past schedule runs", code="MalformedRow", fact=Fact.RUN_HISTORY)
    assert told(week(runs=[ran()], gaps=(gap,))).verdict is Verdict.UNKNOWN
    elsewhere = Gap(scope=VM.id, operation="list management locks", code="AuthorizationFailed", fact=Fact.LOCKS)
    assert told(week(runs=[ran()], gaps=(elsewhere,))).verdict is Verdict.PATCHED


def test_a_timetable_that_cannot_be_read_is_no_schedule_without_windows() -> None:
    broken = configuration(window=MaintenanceWindow(recur_every="1Fortnight", time_zone="UTC"))
    found = told(week(configurations=[broken]))
    assert found.verdict is Verdict.UNKNOWN
    assert found.unreadable[0][0] == broken
    assert told(estate(VM, configurations=[broken])).verdict is Verdict.PATCHED  # nobody is attached to it


def test_a_schedule_that_could_not_be_read_is_told() -> None:
    found = told(week(configurations=[]))
    assert found.verdict is Verdict.UNKNOWN
    assert "the schedule weekly could not be read, to which 1 machine is attached" in found.said


def test_an_estate_that_reaches_back_less_far_says_so() -> None:
    found = told(week(runs=[ran()], history_since=NOW - timedelta(days=5)), days=14)
    assert found.verdict is Verdict.UNKNOWN
    assert found.since == NOW - timedelta(days=5)
    assert "were not read" in found.said


def test_a_schedule_asked_about_whose_window_is_too_long_ago_is_not_called_well() -> None:
    key = ids.key(configuration().id)
    near = told(week(runs=[ran()]), days=1, configurations=[key])
    assert near.verdict is Verdict.PATCHED  # that is what was asked for
    assert near.without_window[0][1].endswith("--last 4d reaches it")
    yearly = configuration(
        window=MaintenanceWindow(
            start_date_time="2026-03-01 22:00", duration="03:00", time_zone="UTC", recur_every="12Months"
        )
    )
    far = told(week(configurations=[yearly]), days=30, configurations=[key])
    assert far.verdict is Verdict.UNKNOWN
    assert "Azure keeps runs for 30 days" in far.said
    assert told(week(configurations=[yearly]), days=30).verdict is Verdict.PATCHED  # nobody asked about it


def test_only_the_schedules_and_machines_asked_about_are_judged() -> None:
    other = azure_vm("vm-2")
    seen = week(VM, other, runs=[ran(), ran(other, "Failed")])
    assert told(seen, machines={VM.key}).verdict is Verdict.PATCHED
    assert told(seen, machines={other.key}).verdict is Verdict.FAILED
    assert told(seen, configurations=["/elsewhere"]).windows == ()


def test_an_arc_server_is_judged_like_a_vm() -> None:
    server = arc_machine()
    made = installed(server, "Extension Enable command timed out")
    assert cause(only(told(week(server, runs=[ran(server, "Failed")], installations=[made])))) == "AUM015"


STATUSES = st.sampled_from(
    [
        "Succeeded",
        "Failed",
        "Cancelled",
        "InProgress",
        "Pending",
        "CompletedWithWarnings",
        "NoUpdatesPending",
        "Odd",
        "",
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(STATUSES, STATUSES, st.integers(0, 2), st.booleans(), st.booleans(), st.integers(-30, 300)),
        max_size=6,
    ),
    whole_status=st.none() | STATUSES,
)
def test_every_machine_in_scope_is_accounted_for_exactly_once(
    rows: list[tuple[str, str, int, bool, bool, int]], whole_status: str | None
) -> None:
    """Whatever Azure says of runs and installations: nobody is lost, and whoever was not patched has a cause."""
    machines = [azure_vm(f"vm-{number}") for number in range(len(rows))]
    runs, made = [], []
    for machine, (status, how, count, has_run, has_installation, minutes) in zip(machines, rows, strict=True):
        if has_run:
            runs.append(ran(machine, status, started_at=START + timedelta(minutes=max(minutes, 0) % 200)))
        if has_installation:
            started = START + timedelta(minutes=minutes)
            made.append(installed(machine, status=how, installed_count=count, started_at=started))
    seen = estate(
        *machines,
        scheduled=True,
        runs=tuple(runs),
        installations=tuple(made),
        configuration_runs=() if whole_status is None else (whole(whole_status),),
    )
    found = told(seen, checks=())
    judged = [each for window in found.windows for each in window.machines]
    assert sorted(each.machine_id for each in judged) == sorted(machine.id for machine in machines)
    folded = [each.machine_id for window in found.windows for cause in window.causes for each in cause.machines]
    assert sorted(folded) == sorted(each.machine_id for each in judged if each.cause is not None)
    for each in judged:
        assert each.said or each.ended is Ended.SUCCEEDED
        assert each.cause is not None or each.ended in (Ended.SUCCEEDED, Ended.NO_OP)
        assert each.evidence or each.ended is Ended.UNKNOWN


def test_the_time_it_takes_grows_with_the_records_and_not_with_their_square() -> None:
    def seconds(number: int) -> float:
        machines = [azure_vm(f"vm-{each}") for each in range(number)]
        seen = week(
            *machines,
            runs=[ran(machine, "Failed", error_code="ShutdownOrUnresponsive") for machine in machines],
            installations=[installed(machine, failed_patches=["KB1"]) for machine in machines],
        )
        chains = Chains(examine(seen, (), NOW), ())
        began = time.perf_counter()
        post_mortem(chains, NOW - timedelta(days=7))
        return time.perf_counter() - began

    seconds(100)
    few, many = seconds(400), seconds(4000)
    assert many < 40 * few + 0.5


def test_the_subscription_that_was_not_seen_is_named() -> None:
    found = told(week(runs=[ran()], denied=[Fact.RUN_HISTORY]))
    assert found.blind[0].scope == f"/subscriptions/{SUBSCRIPTION}"
    assert "the runs of schedules of production could not be seen" in found.blind[0].said


def test_a_run_cancelled_on_the_machine_itself() -> None:
    judged = only(told(week(runs=[ran(status="Cancelled")])))
    assert (judged.ended, cause(judged)) == (Ended.CANCELLED, "AUM084")
    assert "by whom is not recorded" in judged.said


def test_an_installation_that_was_made_all_the_same_is_not_called_cancelled() -> None:
    found = told(week(configuration_runs=(whole(),), runs=[ran()], installations=[installed()]))
    assert only(found).ended is Ended.SUCCEEDED


def test_a_run_that_failed_though_its_installation_did_not_says_so() -> None:
    judged = only(told(week(runs=[ran(status="Failed")], installations=[installed()])))
    assert judged.ended is Ended.FAILED
    assert "the run failed though its installation did not" in judged.said


def test_a_run_that_does_not_name_its_schedule_is_that_of_the_only_one() -> None:
    nameless = ran(status="Failed", maintenance_configuration_id="", correlation_id=None)
    assert only(told(week(runs=[nameless]))).ended is Ended.FAILED
    by_correlation = ran(status="Failed", maintenance_configuration_id="")
    assert only_window(told(week(runs=[by_correlation]))).configuration.name == "weekly"


def test_an_installation_that_names_the_run_on_the_machine_by_its_guid_is_joined() -> None:
    guid = "0d4a52f1-5c2c-4a2a-9d7a-aaaaaaaaaaaa"
    row = ran(status="Failed", id=f"{VM.id}/providers/Microsoft.Maintenance/applyUpdates/{guid}")
    late = installed(maintenance_run_id=guid.upper(), failed_patches=["KB1"], started_at=END + timedelta(hours=9))
    assert only(told(week(runs=[row], installations=[late]))).failed_patches == ("KB1",)


def test_maintenance_of_hosts_is_none_of_its_business() -> None:
    host = ran(status="Failed", maintenance_scope="Host")
    assert only(told(week(runs=[host]))).ended is Ended.NO_RECORD


def test_a_machine_whose_own_reading_failed_is_not_missed() -> None:
    own = reading(Fact.RUN_HISTORY, VM.id, Outcome.NOT_FETCHED, reason="a row could not be decoded")
    judged = only(told(week(readings=[own])))
    assert judged.ended is Ended.UNKNOWN
    assert judged.said.endswith("a row could not be decoded")


def test_an_assignment_known_to_be_older_than_the_window_holds_though_it_was_written_to_since() -> None:
    written = ActivityEvent(
        resource_id=static_assignment(VM).id,
        operation="Microsoft.Maintenance/configurationAssignments/write",
        status="Succeeded",
        at=START + timedelta(days=1),
    )
    assert only(told(week(maintenance_changes=(written,)))).ended is Ended.NO_RECORD


def test_a_warning_of_the_extension_is_told_in_its_own_words() -> None:
    made = installed(VM, "UA_ESM_REQUIRED: packages were skipped", status="CompletedWithWarnings")
    judged = only(told(week(runs=[ran()], installations=[made])))
    assert (judged.ended, cause(judged)) == (Ended.WITH_WARNINGS, "AUM054")
    plain = installed(VM, "something odd", status="CompletedWithWarnings")
    assert "something odd" in only(told(week(runs=[ran()], installations=[plain]))).said


def test_a_machine_that_had_nothing_pending_needs_no_installation() -> None:
    judged = only(told(week(runs=[ran(status="NoUpdatesPending")])))
    assert (judged.ended, judged.went_well) == (Ended.NO_OP, True)
