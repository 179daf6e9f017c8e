"""How the planted issues look to whoever asks this Azure, by ARM and by Resource Graph."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, generate, plant
from aumdoctor.demo.plants import FOLLOWS, PLANTS
from aumdoctor.demo.server import DemoServer
from aumdoctor.demo.state import NAMESPACES, add_subscription, key, timestamp

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
AUTHORIZATION = "providers/Microsoft.Authorization"


def test_what_follows_from_a_planted_issue_are_issues_too() -> None:
    assert set(FOLLOWS) <= set(PLANTS)
    assert set().union(*FOLLOWS.values()) <= set(PLANTS)


@pytest.mark.parametrize("seed", range(1, 6))
def test_an_estate_of_300_machines_has_every_issue_and_stays_mostly_healthy(seed: int) -> None:
    state = generate(300, seed, now=NOW)
    assert {check for check, _ in state.truth} == set(PLANTS)
    assert len(state.healthy) >= 0.6 * 300


@pytest.mark.parametrize("machines", [1, 12, 60])
def test_no_schedule_stands_without_a_machine_unless_it_was_planted(machines: int) -> None:
    state = generate(machines, 4, now=NOW)
    used = {key(found["properties"]["maintenanceConfigurationId"]) for found in state.assignments.values()}
    planted = {resource for check, resource in state.truth if check == "AUM071"}
    assert state.configurations.keys() - used == planted


def test_every_subscription_with_arc_enabled_servers_pays_for_them() -> None:
    state = generate(300, 2, now=NOW)
    paying = {resource for check, resource in state.truth if check == "AUM127"}
    assert paying == {"/".join(server.split("/")[:3]) for server in state.arc}


def test_the_registration_of_every_provider_can_be_asked_for(subscription: str, arm: Any) -> None:
    for namespace in NAMESPACES:
        found = arm("GET", f"/subscriptions/{subscription}/providers/{namespace}", api_version="2021-04-01")
        assert (found.status, found.body["registrationState"]) == (200, "Registered"), namespace


def test_locks_of_a_subscription_are_listed_with_those_below(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    lock_id = f"{vm_id}/{AUTHORIZATION}/locks/careful"
    state.locks[key(lock_id)] = {"id": lock_id, "name": "careful", "properties": {"level": "CanNotDelete"}}
    path = f"/subscriptions/{subscription}/{AUTHORIZATION}/locks?api-version=2020-05-01"
    assert [lock["id"] for lock in arm.all(path)] == [lock_id]
    other = add_subscription(state, "22222222-2222-2222-2222-222222222222", "other")
    assert arm.all(f"/subscriptions/{other}/{AUTHORIZATION}/locks?api-version=2020-05-01") == []


def test_permissions_of_a_subscription_have_the_documented_shape(subscription: str, arm: Any) -> None:
    path = f"/subscriptions/{subscription}/{AUTHORIZATION}/permissions?api-version=2022-04-01"
    (permission,) = arm.all(path)
    assert permission == {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}


def test_the_caller_of_an_audited_subscription_may_only_look(state: DemoEstate, subscription: str, arm: Any) -> None:
    assert plant(state, "AUM047", add_vm(state)) == f"/subscriptions/{subscription}"
    path = f"/subscriptions/{subscription}/{AUTHORIZATION}/permissions?api-version=2022-04-01"
    (permission,) = arm.all(path)
    assert (permission["actions"], permission["notActions"]) == (["*/read"], [])
    other = add_subscription(state, "22222222-2222-2222-2222-222222222222", "other")
    (elsewhere,) = arm.all(f"/subscriptions/{other}/{AUTHORIZATION}/permissions?api-version=2022-04-01")
    assert elsewhere["actions"] == ["*"]


def test_a_write_that_undid_a_policy_is_in_the_activity_log(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state, os_type="Linux")
    plant(state, "AUM041", vm_id)
    path = f"/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    since = timestamp(state.now - timedelta(days=30))
    condition = f"eventTimestamp ge '{since}' and eventTimestamp le '{timestamp(state.now)}' and resourceUri eq"
    (event,) = arm.all(f"{path}?$filter={condition} '{vm_id}'")
    assert event["operationName"]["value"] == "Microsoft.Compute/virtualMachines/write"
    (policy,) = state.policy_states.values()
    assert policy["properties"]["complianceState"] == "Compliant"
    assert event["eventTimestamp"] > policy["properties"]["timestamp"], "after the policy looked"


def test_policy_states_can_be_read_where_the_provider_is_not_registered(
    state: DemoEstate, subscription: str, arm: Any
) -> None:
    plant(state, "AUM046", add_vm(state))
    scope = f"/subscriptions/{subscription}"
    states = arm("POST", f"{scope}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults")
    assert (states.status, states.body["value"]) == (200, [])
    (assignment,) = arm.all(f"{scope}/{AUTHORIZATION}/policyAssignments")
    task = {"properties": {"policyAssignmentId": assignment["id"]}}
    refused = arm("PUT", f"{scope}/providers/Microsoft.PolicyInsights/remediations/again", task)
    assert (refused.status, refused.body["error"]["code"]) == (409, "MissingSubscriptionRegistration")


def test_both_sources_name_the_tenant_that_manages_a_subscription(
    state: DemoEstate, subscription: str, arm: Any
) -> None:
    plant(state, "AUM048", add_vm(state))
    (listed,) = arm.all("/subscriptions")
    (row,) = arm.query("resourcecontainers | where type == 'microsoft.resources/subscriptions' | project properties")
    assert listed["managedByTenants"] == row["properties"]["managedByTenants"] != []


def test_an_assignment_can_outlive_its_configuration(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    assignment_id = plant(state, "AUM070", vm_id)
    (row,) = arm.query("maintenanceresources | project id, configuration = properties.maintenanceConfigurationId")
    assert key(row["id"]) == key(assignment_id)
    assert arm("GET", row["configuration"], api_version="2023-04-01").status == 404


def test_a_vm_without_an_os_profile_can_still_be_given_patch_settings(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state, os_type="Linux")
    plant(state, "AUM055", vm_id)
    assert "osProfile" not in arm("GET", vm_id).body["properties"]
    settings = {"linuxConfiguration": {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}}}
    assert arm("PATCH", vm_id, {"properties": {"osProfile": settings}}).status == 200
    assert arm("GET", vm_id).body["properties"]["osProfile"]["linuxConfiguration"] == settings["linuxConfiguration"]


def test_servers_report_their_system_as_the_arc_agent_does(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    linux, windows = add_arc(state, name="srv-1", os_type="Linux"), add_arc(state, name="srv-2")
    seen = {found: arm("GET", found, api_version="2024-07-10").body["properties"] for found in (linux, windows)}
    assert seen[linux]["osSku"].startswith("Ubuntu")
    assert seen[linux]["osVersion"].endswith("-generic"), "the kernel's version"
    assert seen[windows]["osSku"].startswith("Windows Server")


def test_reapplying_a_failed_vm_mends_it(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    plant(state, "AUM044", vm_id)
    before = arm("GET", f"{vm_id}?$expand=instanceView&api-version=2024-07-01").body["properties"]
    assert before["provisioningState"] == "Failed"
    assert before["instanceView"]["statuses"][0]["level"] == "Error"
    assert arm("POST", f"{vm_id}/reapply").status == 202
    assert arm("GET", vm_id).body["properties"]["provisioningState"] == "Updating"
    after = arm("GET", f"{vm_id}?$expand=instanceView&api-version=2024-07-01").body["properties"]
    assert after["provisioningState"] == "Succeeded"
    assert [status["level"] for status in after["instanceView"]["statuses"]] == ["Info", "Info"]
