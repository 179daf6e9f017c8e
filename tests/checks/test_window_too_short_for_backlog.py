from collections.abc import Callable
from typing import Any

import pytest

from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.window_too_short_for_backlog import window_too_short_for_backlog as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches, MaintenanceConfiguration
from tests.builders import (
    NOW,
    arc_machine,
    assessment,
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    static_assignment,
    unknowns,
)

COUNTS = "availablePatchCountByClassification"


def pending(make: Callable[..., Machine] = azure_vm, *, reboot_pending: bool = False, **counts: int) -> Machine:
    """A machine whose assessment lists so many updates by classification, as Resource Graph has it."""
    seen = assessment(
        counts_by_classification={"critical": 0, "definition": 0, **counts},
        reboot_pending=reboot_pending,
        path="properties",
    )
    return make(assessment=seen)


def linux(**parts: Any) -> Machine:
    return azure_vm(os_type="Linux", **parts)


def lasting(duration: str | None, **parts: Any) -> MaintenanceConfiguration:
    return configuration(**parts, window=change(configuration().window, duration=duration))


def test_more_is_pending_than_the_window_has_time_for() -> None:
    vm = pending(security=20, updateRollup=9)
    seen = finding(estate(vm, configurations=[lasting("03:00")], scheduled=True), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM058", Severity.MEDIUM, Confidence.MEDIUM)
    assert "20 pending update(s) do not fit into the window of the schedule weekly." in seen.message
    assert "20 updates x 15 min + 10 min kept for a restart = 310 min; the window has 180 min." in seen.message
    assert "20 updates x 10 min + 10 min kept for a restart = 210 min" in seen.message
    assert "estimate" in seen.message
    assert "The schedule selects Critical, Security." in seen.message
    assert [(each.path, each.observed, each.expected) for each in seen.evidence] == [
        (f"patchassessmentresources.properties.{COUNTS}.security", 20, None),
        ("properties.maintenanceWindow.duration", "03:00", "at least 03:30"),
    ]
    assert seen.details == {"maintenanceConfigurationId": configuration().id}


@pytest.mark.parametrize(("updates", "found"), [(16, 0), (17, 0), (18, 1)])
def test_where_only_one_of_two_documents_says_so_nothing_is_said(updates: int, found: int) -> None:
    # 17 x 10 + 10 is 180 by the one, 265 by the other.
    seen = findings(estate(pending(security=updates), configurations=[lasting("03:00")], scheduled=True), check)
    assert len(seen) == found


def test_a_linux_backlog_and_its_reboot_setting() -> None:
    vm = pending(linux, security=40, other=41)
    all_of_it = InstallPatches(reboot_setting="IfRequired", linux_classifications=("Critical", "Security", "Other"))
    schedule = lasting("03:00", install_patches=all_of_it)
    seen = finding(estate(vm, configurations=[schedule], scheduled=True), check)
    assert "81 packages: 3 x 5 min + 78 x 2 min + 15 min kept for a restart = 186 min" in seen.message
    assert {each.path.rsplit(".", 1)[-1] for each in seen.evidence} == {"security", "other", "duration"}
    never = change(vm, patch_settings=patch_settings(reboot_setting="Never"))
    assert findings(estate(never, configurations=[schedule], scheduled=True), check) == ()
    # Security alone takes Critical along, and nothing else.
    urgent = lasting("03:00", install_patches=change(all_of_it, linux_classifications=("Security",)))
    assert findings(estate(vm, configurations=[urgent], scheduled=True), check) == ()


def test_an_arc_server_has_a_window_too() -> None:
    arc = pending(arc_machine, security=40)
    assert finding(estate(arc, scheduled=True), check).resource_id == arc.id


def test_the_two_sums_of_the_instance_view_are_enough_where_both_urgent_classes_are_selected() -> None:
    seen = assessment(critical_and_security_count=40, other_count=90)
    vm = azure_vm(assessment=seen)
    found = finding(estate(vm, scheduled=True), check)
    assert "40 updates x 15 min" in found.message
    assert found.evidence[0].path.endswith("availablePatchSummary.criticalAndSecurityPatchCount")
    one = lasting("03:00", install_patches=InstallPatches(windows_classifications=("Security",)))
    assert findings(estate(vm, configurations=[one], scheduled=True), check) == ()
    on_linux = linux(assessment=change(seen, critical_and_security_count=100))
    assert "100 packages" in finding(estate(on_linux, scheduled=True), check).message
    other_only = lasting("03:00", install_patches=InstallPatches(linux_classifications=("Other",)))
    found = finding(estate(on_linux, configurations=[other_only], scheduled=True), check)
    assert [each.path.rsplit(".", 1)[-1] for each in found.evidence] == ["otherPatchCount", "duration"]
    unread = azure_vm(assessment=change(seen, critical_and_security_count=None))
    assert findings(estate(unread, scheduled=True), check) == ()


@pytest.mark.parametrize(
    "patches",
    [
        InstallPatches(windows_classifications=("Security",), windows_kbs_to_exclude=("5011",)),
        InstallPatches(windows_classifications=("Security",), exclude_kbs_requiring_reboot=True),
        InstallPatches(windows_kbs_to_include=("5011",)),
        InstallPatches(windows_classifications=("Definition",)),
        InstallPatches(),
        None,
    ],
    ids=["a KB left out", "no restarts", "KBs alone", "another class", "no class", "not told"],
)
def test_what_may_be_left_out_is_not_counted(patches: InstallPatches | None) -> None:
    vm = pending(security=60)
    assert findings(estate(vm, configurations=[lasting("03:00", install_patches=patches)], scheduled=True), check) == ()


def test_what_is_included_by_name_may_come_on_top() -> None:
    named = InstallPatches(windows_classifications=("Security",), windows_kbs_to_include=("5011",))
    vm = pending(security=40, updates=7)
    message = finding(
        estate(vm, configurations=[lasting("03:00", install_patches=named)], scheduled=True), check
    ).message
    assert message.startswith("at least 40 pending update(s) do not fit")
    assert message.endswith("it also includes 1 KB. That makes 47 at most, 40 for certain.")


@pytest.mark.parametrize("duration", [None, "PT3H", "three"])
def test_a_window_that_cannot_be_read_is_not_measured(duration: str | None) -> None:
    vm = pending(security=60)
    assert findings(estate(vm, configurations=[lasting(duration)], scheduled=True), check) == ()


def test_an_expired_schedule_installs_nothing() -> None:
    weekly = configuration()
    over = change(weekly, window=change(weekly.window, expiration_date_time="2026-02-01 00:00"))
    vm = pending(security=60)
    assert findings(estate(vm, configurations=[over], scheduled=True), check) == ()


def test_of_several_schedules_each_has_to_be_too_short() -> None:
    vm = pending(security=12)
    short, long = lasting("01:30"), change(lasting("03:55"), id=f"{configuration().id}-long", name="long")
    both = [static_assignment(vm, each, name=each.name) for each in (short, long)]
    assert findings(estate(vm, configurations=[short, long], assignments=both), check) == ()
    more = pending(security=40)
    seen = finding(estate(more, configurations=[short, long], assignments=both), check)
    assert "schedule long" in seen.message
    assert seen.details == {}
    # One that could not be read may be long enough.
    assert findings(estate(more, configurations=[short], assignments=both), check) == ()


def test_the_cure_lengthens_the_window_where_it_can() -> None:
    vm = pending(security=20)
    built = examine(estate(vm, configurations=[lasting("03:00")], scheduled=True), check)
    assert [remedy.name for remedy in built.remedies[0]] == ["lengthen-window"]
    longest = examine(estate(pending(security=60), configurations=[lasting("03:55")], scheduled=True), check)
    assert [remedy.name for remedy in longest.remedies[0]] == []
    assert "fewer updates in one run" in longest.findings[0].evidence[-1].expected


def test_near_misses() -> None:
    for vm in (pending(security=3), pending(), azure_vm(), azure_vm(assessment=None)):
        assert findings(estate(vm, configurations=[lasting("01:30")], scheduled=True), check) == ()
    # A restart that is pending is counted where it makes it worse for certain, and it does not.
    assert findings(estate(pending(security=8, reboot_pending=True), scheduled=True), check) == ()


def test_without_a_schedule_the_question_does_not_arise() -> None:
    vm = pending(security=60)
    (answer,) = answers(estate(vm), [check], vm, NOW)
    assert (answer.state, answer.reason) == (AnswerState.NOT_APPLICABLE, "no schedule is attached")


@pytest.mark.parametrize("fact", [Fact.ASSESSMENT, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_what_was_not_read_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(pending(security=60), scheduled=True, denied=[fact]), check)
    assert unknown.fact is fact
