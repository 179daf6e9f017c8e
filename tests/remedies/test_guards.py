"""What keeps an action from being made now. The weekly window is Saturdays 22:00 UTC, for three and a half hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aumdoctor.checks.context import Context
from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate, ManagementLock
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import EventSubscription
from aumdoctor.remedies.guards import machines_of, objection, schedules_of
from aumdoctor.remedies.plan import PlannedAction, action_id, changes_of, reading_of
from aumdoctor.remedies.remedy import ArmCall, Risk
from tests.builders import (
    GROUP,
    NOW,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    configuration,
    estate,
    patch_settings,
    policy_assignment,
    reading,
    static_assignment,
)

WEEKLY = configuration()
START = datetime(2026, 6, 13, 22, 0, tzinfo=UTC)
END = START + timedelta(hours=3, minutes=30)
SETTINGS = ("osProfile", "windowsConfiguration", "patchSettings")


def planned(call: ArmCall, *machines: Machine, remedy: str = "customer-managed-schedule") -> PlannedAction:
    return PlannedAction(
        id=action_id(call),
        remedy=remedy,
        title=remedy,
        risk=Risk.SAFE,
        reversible=True,
        call=call,
        az=call.az_rest,
        target=reading_of(call),
        machines=tuple(machine.id for machine in machines),
        findings=(),
        changes=changes_of(call),
    )


def patch(machine: Machine, **settings: Any) -> PlannedAction:
    body: dict[str, Any] = settings or {"assessmentMode": "AutomaticByPlatform"}
    for name in reversed(SETTINGS):
        body = {name: body}
    call = ArmCall(method="PATCH", path=machine.id, api_version="2024-07-01", body={"properties": body})
    return planned(call, machine)


def unassign(machine: Machine) -> PlannedAction:
    return planned(ArmCall(method="DELETE", path=static_assignment(machine).id, api_version="2023-04-01"), machine)


def said(action: PlannedAction, seen: Estate, now: datetime = NOW) -> str | None:
    return objection(action, Context(seen, now))


VM = azure_vm()


def test_nothing_stands_in_the_way_of_a_change_days_before_the_window() -> None:
    assert said(patch(VM), estate(VM, scheduled=True)) is None


# Locks.


def lock(level: str, scope: str) -> ManagementLock:
    return ManagementLock(
        id=f"{scope}/providers/Microsoft.Authorization/locks/l", name="do-not-touch", scope=scope, level=level
    )


SCOPES = [
    VM.id,
    VM.id.upper(),
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}",
    f"/subscriptions/{SUBSCRIPTION}",
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("level", "stops_change", "stops_deletion"),
    [
        ("ReadOnly", True, True),
        ("readonly", True, True),
        ("CanNotDelete", False, True),
        ("cannotdelete", False, True),
        ("NotSpecified", True, True),
        ("SomethingNew", True, True),
    ],
)
def test_locks_of_each_level_and_kind(scope: str, level: str, stops_change: bool, stops_deletion: bool) -> None:
    seen = estate(VM, locks=(lock(level, scope),))
    assert (said(patch(VM), seen) is not None) is stops_change
    told = said(unassign(VM), seen)
    assert (told is not None) is stops_deletion
    if told is not None:
        assert told == f"the lock do-not-touch ({level}) stands on {scope}"


def test_a_lock_elsewhere_stops_nothing() -> None:
    others = [
        azure_vm("vm-10").id,
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other",
        f"/subscriptions/{OTHER_SUBSCRIPTION}",
    ]
    seen = estate(VM, locks=tuple(lock("ReadOnly", scope) for scope in others))
    assert said(patch(VM), seen) is None


def test_a_lock_on_what_lies_in_a_resource_keeps_it_from_being_deleted_and_not_from_being_changed() -> None:
    inner = lock("CanNotDelete", f"{static_assignment(VM).id}/below/x")
    seen = estate(VM, locks=(inner,))
    assert said(unassign(VM), seen) is not None
    assert said(patch(VM), estate(VM, locks=(lock("ReadOnly", f"{VM.id}/extensions/x"),))) is None


@pytest.mark.parametrize("missing", ["missing", "denied"])
def test_locks_that_could_not_be_read_stop_everything(missing: str) -> None:
    seen = estate(VM, **{missing: [Fact.LOCKS]})
    assert (said(patch(VM), seen) or "").startswith("whether it is locked could not be read: ")


def test_the_locks_of_a_subscription_that_was_not_looked_at_are_not_known() -> None:
    far = configuration(subscription=OTHER_SUBSCRIPTION)
    call = ArmCall(method="PATCH", path=far.id, api_version="2023-04-01", body={"tags": {"a": "b"}})
    assert "could not be read" in (said(planned(call), estate(VM)) or "")


def test_a_management_group_has_no_locks() -> None:
    call = ArmCall(
        method="PUT",
        path="/providers/Microsoft.Management/managementGroups/g/providers/Microsoft.PolicyInsights/remediations/r",
        api_version="2021-10-01",
        body={"properties": {}},
    )
    assert said(planned(call), estate(VM)) is None


# The machine.


def test_a_machine_that_is_gone_or_could_not_be_read_is_left_alone() -> None:
    assert said(patch(VM), estate(azure_vm("vm-2"))) == "vm-1 could not be read, or is not there any more"
    assert said(unassign(VM), estate(azure_vm("vm-2"))) == "vm-1 could not be read, or is not there any more"


def test_a_machine_is_known_in_every_spelling() -> None:
    seen = estate(azure_vm(resource_group=GROUP.upper()), scheduled=True)
    assert said(patch(VM), seen) is None
    assert said(patch(VM), seen, START) is not None


def test_the_machine_that_is_changed_counts_although_others_are_named() -> None:
    one, two = azure_vm("vm-1"), azure_vm("vm-2")
    call = static_assignment(one).id
    action = planned(ArmCall(method="DELETE", path=call, api_version="1"), two)
    assert {machine.name for machine in machines_of(action, Context(estate(one, two), NOW))} == {"vm-1", "vm-2"}


# The window.


@pytest.mark.parametrize(
    ("now", "held"),
    [
        (START - timedelta(minutes=16), False),
        (START - timedelta(minutes=15), False),
        (START - timedelta(minutes=14, seconds=59), True),
        (START, True),
        (END - timedelta(seconds=1), True),
        (END, False),
    ],
)
def test_an_open_or_near_window_is_left_alone(now: datetime, held: bool) -> None:
    told = said(patch(VM), estate(VM, scheduled=True), now)
    assert (told is not None) is held, told
    if held:
        assert "weekly" in (told or "")


@pytest.mark.parametrize(("minutes", "held"), [(41, False), (40, False), (39, True), (16, True)])
def test_with_somebody_told_before_runs_a_window_is_near_earlier(minutes: int, held: bool) -> None:
    before = EventSubscription(id="/e", name="e", topic_id="/t", maintenance_configuration_id=WEEKLY.id.upper())
    seen = estate(VM, scheduled=True, event_subscriptions=(before,))
    assert (said(patch(VM), seen, START - timedelta(minutes=minutes)) is not None) is held


def test_the_window_of_another_schedule_holds_nothing() -> None:
    other = azure_vm("vm-2")
    assert said(patch(VM), estate(VM, other, assignments=[static_assignment(other)]), START) is None


def test_a_change_of_the_schedule_itself_waits_for_its_window_to_end() -> None:
    call = ArmCall(method="PATCH", path=WEEKLY.id, api_version="2023-04-01", body={"properties": {"x": 1}})
    seen = estate(VM, scheduled=True)
    assert said(planned(call, VM), seen, START) is not None
    assert said(planned(call), seen, START) is not None
    assert [each.id for each in schedules_of(planned(call), (), Context(seen, START))] == [WEEKLY.id]


def test_a_provider_may_be_registered_in_a_window() -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Maintenance/register"
    call = ArmCall(method="POST", path=path, api_version="2021-04-01")
    seen = estate(VM, scheduled=True)
    assert said(planned(call, VM, remedy="register-provider"), seen, START) is None


@pytest.mark.parametrize("fact", [Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_windows_that_could_not_be_read_stop_a_change(fact: Fact) -> None:
    assert "vm-1 is in a patch window could not be read" in (said(patch(VM), estate(VM, denied=[fact])) or "")
    own = reading(fact, VM.id, Outcome.DENIED)
    assert "could not be read" in (said(patch(VM), estate(VM, readings=[own])) or "")


def test_an_attached_schedule_that_nobody_could_read_stops_a_change() -> None:
    seen = estate(VM, configurations=[], assignments=[static_assignment(VM)])
    assert "the schedule could not be read" in (said(patch(VM), seen) or "")


# Who does not want to be touched.


@pytest.mark.parametrize(
    ("name", "value", "left_alone"),
    [
        ("aumdoctor:ignore", "true", True),
        ("aumdoctor:ignore", "", True),
        ("AumDoctor:Ignore", "yes, until Friday", True),
        ("aumdoctor:ignore", "false", False),
        ("aumdoctor:ignore", " False ", False),
        ("aumdoctor-ignore", "true", False),
        ("ignore", "true", False),
    ],
)
def test_the_tag_that_opts_out_in_its_spellings(name: str, value: str, left_alone: bool) -> None:
    for machine in (azure_vm(tags={name: value}), arc_machine(tags={name: value})):
        told = said(patch(machine), estate(machine))
        assert (told == f"{machine.name} has the tag aumdoctor:ignore") is left_alone
        assert (told is None) is not left_alone


def test_a_schedule_opts_out_of_changes_of_itself_and_not_of_its_machines() -> None:
    tagged = configuration(tags={"aumdoctor:ignore": "true"})
    seen = estate(VM, configurations=[tagged], scheduled=True)
    call = ArmCall(method="PATCH", path=tagged.id, api_version="2023-04-01", body={"properties": {"x": 1}})
    assert said(planned(call), seen) == "weekly has the tag aumdoctor:ignore"
    assert said(patch(VM), seen) is None


# What Azure would refuse or undo.

BYPASS = {"automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True}}
NO_BYPASS = {"automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": False}}


def test_no_bypass_flag_beside_hotpatching() -> None:
    hot = azure_vm(patch_settings=patch_settings(enable_hotpatching=True))
    assert "hotpatching is on for vm-1" in (said(patch(hot, **BYPASS), estate(hot)) or "")
    assert said(patch(hot, **NO_BYPASS), estate(hot)) is None
    assert said(patch(hot), estate(hot)) is None
    assert said(patch(hot, **BYPASS, enableHotpatching=False), estate(hot)) is None
    assert said(patch(VM, **BYPASS), estate(VM)) is None


@pytest.mark.parametrize("settings", [NO_BYPASS, {"patchMode": "Manual"}])
@pytest.mark.parametrize(
    ("mode", "undone"), [("Default", True), (None, True), ("default", True), ("DoNotEnforce", False)]
)
def test_what_an_enforced_policy_would_set_again_is_not_taken_away(
    settings: dict[str, Any], mode: str | None, undone: bool
) -> None:
    prerequisites = policy_assignment(policies.SCHEDULE_PREREQUISITES, enforcement_mode=mode)
    seen = estate(VM, policy_assignments=(prerequisites,))
    told = said(patch(VM, **settings), seen)
    assert (told is not None) is undone
    if told is not None:
        assert told.startswith("the policy Policy patching covers vm-1 and would set properties.osProfile.")


def test_a_policy_elsewhere_or_of_another_kind_undoes_nothing() -> None:
    group = f"{ids.subscription_scope(SUBSCRIPTION)}/resourceGroups/other"
    for assignment in (
        policy_assignment(policies.SCHEDULE_PREREQUISITES, scope=group),
        policy_assignment(policies.PERIODIC_ASSESSMENT_VM),
    ):
        assert said(patch(VM, **NO_BYPASS), estate(VM, policy_assignments=(assignment,))) is None


def test_what_the_policy_wants_itself_may_be_set() -> None:
    prerequisites = policy_assignment(policies.SCHEDULE_PREREQUISITES)
    action = patch(VM, patchMode="AutomaticByPlatform", **BYPASS)
    assert said(action, estate(VM, policy_assignments=(prerequisites,))) is None
