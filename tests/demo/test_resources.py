"""Subscriptions, providers, policy, roles, locks, activity: what a scan asks about around the machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, plant
from aumdoctor.demo.plants.recipe import log_event
from aumdoctor.demo.policies import (
    PERIODIC_ASSESSMENT,
    VIRTUAL_MACHINE_CONTRIBUTOR,
    add_policy_assignment,
    set_compliance,
)
from aumdoctor.demo.server import DemoServer
from aumdoctor.demo.state import add_subscription, key, timestamp

STATES = "providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"


def test_subscriptions_by_the_sdk(big: DemoServer, big_sdk: Any) -> None:
    listed = {found.subscription_id: found.display_name for found in big_sdk(SubscriptionClient).subscriptions.list()}
    assert set(listed) == set(big.state.subscriptions)
    assert "contoso-sandbox" in listed.values()


def test_resource_groups_by_the_sdk(big: DemoServer, big_sdk: Any) -> None:
    for subscription in big.state.subscriptions:
        groups = big_sdk(ResourceManagementClient, subscription).resource_groups
        listed = [key(group.id) for group in groups.list()]
        assert sorted(listed) == sorted(at for at in big.state.resource_groups if f"/{subscription}/" in at)


def test_registering_a_provider_takes_a_while(state: DemoEstate, subscription: str, sdk: Any) -> None:
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    providers = sdk(ResourceManagementClient, subscription).providers
    assert providers.get("microsoft.maintenance").registration_state == "NotRegistered"
    assert providers.register("Microsoft.Maintenance").registration_state == "Registering"
    assert providers.get("Microsoft.Maintenance").registration_state == "Registering"
    assert providers.get("Microsoft.Maintenance").registration_state == "Registered"


def test_descendants_of_a_management_group(state: DemoEstate, arm: Any) -> None:
    add_subscription(state, "22222222-2222-2222-2222-222222222222", "other")
    members = arm.all("/providers/Microsoft.Management/managementGroups/MG-Contoso/descendants")
    assert {member["name"] for member in members} == set(state.subscriptions)
    assert arm("GET", "/providers/Microsoft.Management/managementGroups/none/descendants").status == 403


def test_policy_states_are_filtered_and_paged(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    for number in range(510):
        machine_id = add_arc(state, name=f"srv-{number}")
        _comply(state, machine_id)
    plant(state, "AUM002", add_vm(state, name="vm-1", resource_group="rg-moved"))
    path = f"/subscriptions/{subscription}/{STATES}"
    first = arm("POST", path).body
    assert first["@odata.count"] == 500
    assert "policyStates/latest/queryResults" in first["@odata.nextLink"]
    second = arm("POST", first["@odata.nextLink"]).body
    assert (second["@odata.count"], second["@odata.nextLink"]) == (11, None)
    condition = f"complianceState eq 'NonCompliant' and policyDefinitionName eq '{PERIODIC_ASSESSMENT}'"
    (row,) = arm("POST", f"{path}?$filter={condition}").body["value"]
    assert row["resourceId"].endswith("/vm-1")
    assert row["isCompliant"] is False


def _comply(state: DemoEstate, machine_id: str) -> None:
    scope = "/".join(machine_id.split("/")[:3])
    set_compliance(state, machine_id, add_policy_assignment(state, scope, "all", PERIODIC_ASSESSMENT), "Compliant")


def test_a_remediation_that_failed_says_why(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state, os_type="Linux")
    assignment_id = plant(state, "AUM004", vm_id)
    scope = f"/subscriptions/{subscription}"
    (task,) = arm.all(f"{scope}/providers/Microsoft.PolicyInsights/remediations")
    assert task["properties"]["policyAssignmentId"] == assignment_id
    assert task["properties"]["deploymentStatus"]["failedDeployments"] == 1
    (deployment,) = arm("POST", f"{task['id']}/listDeployments").body["value"]
    assert deployment["remediatedResourceId"] == vm_id
    assert deployment["error"]["code"] == "LinkedAuthorizationFailed"
    assert "Microsoft.Compute/galleries/images/versions/read" in deployment["error"]["message"]
    principal = state.policy_assignments[key(assignment_id)]["identity"]["principalId"]
    roles = arm.all(f"{scope}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '{principal}'")
    assert [role["properties"]["roleDefinitionId"].rsplit("/")[-1] for role in roles] == [VIRTUAL_MACHINE_CONTRIBUTOR]


def test_a_remediation_repairs_what_its_identity_may(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    plant(state, "AUM003", vm_id)
    (assignment,) = arm.all(f"/subscriptions/{subscription}/providers/Microsoft.Authorization/policyAssignments")
    task = f"/subscriptions/{subscription}/providers/Microsoft.PolicyInsights/remediations/again"
    reply = arm("PUT", task, {"properties": {"policyAssignmentId": assignment["id"]}})
    assert reply.body["properties"]["provisioningState"] == "Accepted"
    states = [arm("GET", task).body["properties"]["provisioningState"] for _ in range(2)]
    assert states == ["Evaluating", "Succeeded"]
    (attached,) = arm.all(f"{vm_id}/providers/Microsoft.Maintenance/configurationAssignments")
    assert attached["name"].endswith("-azpolicy")
    (row,) = arm("POST", f"/subscriptions/{subscription}/{STATES}").body["value"]
    assert row["complianceState"] == "Compliant"


def test_policy_assignments_of_a_subscription_include_those_below(
    state: DemoEstate, subscription: str, arm: Any
) -> None:
    plant(state, "AUM002", add_vm(state))
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/policyAssignments"
    assert [found["name"] for found in arm.all(path)] == ["aum-periodic-assessment"]
    assert arm.all(f"{path}?$filter=atScope()") == []


@pytest.mark.parametrize(("level", "post", "delete"), [("ReadOnly", 409, 409), ("CanNotDelete", 202, 409)])
def test_locks_stop_writes(state: DemoEstate, arm: Any, level: str, post: int, delete: int) -> None:
    vm_id = add_vm(state)
    group = "/".join(vm_id.split("/")[:5])
    lock_id = f"{group}/providers/Microsoft.Authorization/locks/careful"
    state.locks[key(lock_id)] = {"id": lock_id, "name": "careful", "properties": {"level": level}}
    assert [lock["name"] for lock in arm.all(f"{vm_id}/providers/Microsoft.Authorization/locks")] == ["careful"]
    assert arm("POST", f"{vm_id}/assessPatches").status == post
    reply = arm("DELETE", f"{vm_id}/extensions/WindowsPatchExtension")
    assert (reply.status, reply.body["error"]["code"]) == (delete, "ScopeLocked")


def test_the_activity_log_shows_a_move(state: DemoEstate, subscription: str, arm: Any) -> None:
    plant(state, "AUM006", add_vm(state))
    path = f"/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    since = timestamp(state.now - timedelta(days=80))
    group = f"/subscriptions/{subscription}/resourceGroups/rg-before-move"
    condition = f"eventTimestamp ge '{since}' and eventTimestamp le '{timestamp(state.now)}' and resourceUri eq "
    (event,) = arm.all(f"{path}?$filter={condition}'{group}'")
    assert event["operationName"]["value"].endswith("moveResources/action")
    assert arm.all(f"{path}?$filter={condition}'{group}-other'") == []
    assert arm.all(f"{path}?$filter=eventTimestamp ge '{timestamp(state.now)}'") == []
    assert arm("GET", path).status == 400


def test_the_activity_log_of_one_provider(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    at = state.now - timedelta(hours=2)
    assignment_id = f"{vm_id}/providers/Microsoft.Maintenance/configurationAssignments/by-hand"
    log_event(state, assignment_id, "Microsoft.Maintenance/configurationAssignments/write", at)
    log_event(state, vm_id, "Microsoft.Maintenance/configurationAssignments/delete", at)
    log_event(state, vm_id, "Microsoft.Compute/virtualMachines/write", at)
    path = f"/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    since = f"{path}?$filter=eventTimestamp ge '{timestamp(at)}'"

    def operations(condition: str) -> set[str]:
        listed = {event["operationName"]["value"] for event in arm.all(f"{since}{condition}")}
        return {operation.rsplit("/", 2)[-2] + "/" + operation.rsplit("/", 1)[-1] for operation in listed}

    written, deleted = "configurationAssignments/write", "configurationAssignments/delete"
    assert operations("") == {written, deleted, "virtualMachines/write"}
    assert operations(" and resourceProvider eq 'Microsoft.Maintenance'") == {written, deleted}
    by_resource_too = operations(" and resourceProvider eq 'microsoft.compute'")
    assert by_resource_too == {deleted, "virtualMachines/write"}, "the deletion was done to a VM"
    assert operations(" and resourceProvider eq 'Microsoft.Maint'") == set()


def test_permissions_say_what_is_denied(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    server.faults.deny(subscription, "Microsoft.Compute/virtualMachines/write")
    (permission,) = arm.all(f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions")
    assert permission["notActions"] == ["microsoft.compute/virtualmachines/write"]
