"""Microsoft.Maintenance by its stable SDK, and what that SDK lacks by plain calls."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.maintenance import MaintenanceManagementClient
from azure.mgmt.maintenance.models import (
    ConfigurationAssignment,
    ConfigurationAssignmentFilterProperties,
    MaintenanceConfiguration,
)

from aumdoctor.demo.estate import DemoEstate, add_vm
from aumdoctor.demo.schedules import SCHEDULES, add_configuration, assign, last_start, record_run
from aumdoctor.demo.state import key

ON_VM = ("rg-app", "Microsoft.Compute", "virtualMachines", "vm-1")


def test_a_machine_is_attached_and_detached(state: DemoEstate, subscription: str, sdk: Any, arm: Any) -> None:
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    assignments = sdk(MaintenanceManagementClient, subscription).configuration_assignments
    wanted = ConfigurationAssignment(location="westeurope", maintenance_configuration_id=configuration_id)
    made = assignments.create_or_update(*ON_VM, "by-hand", wanted)
    assert made.maintenance_configuration_id == configuration_id
    assert key(made.resource_id) == key(vm_id)
    query = "maintenanceresources | project id, target = tolower(tostring(properties.resourceId))"
    assert [row["target"] for row in arm.query(query)] == [key(vm_id)]
    assert [found.name for found in assignments.list(*ON_VM)] == ["by-hand"]
    assignments.delete(*ON_VM, "by-hand")
    assert list(assignments.list(*ON_VM)) == []
    assert arm.query(query) == []


def test_nothing_is_attached_to_a_machine_or_a_configuration_that_is_not_there(
    state: DemoEstate, subscription: str, sdk: Any, arm: Any
) -> None:
    assignments = sdk(MaintenanceManagementClient, subscription).configuration_assignments
    wanted = ConfigurationAssignment(location="westeurope", maintenance_configuration_id=add_configuration(state))
    with pytest.raises(ResourceNotFoundError):
        assignments.create_or_update(*ON_VM, "by-hand", wanted)
    vm_id = add_vm(state)
    body = {"location": "westeurope", "properties": {"maintenanceConfigurationId": "/none"}}
    reply = arm("PUT", f"{vm_id}/providers/Microsoft.Maintenance/configurationAssignments/by-hand", body)
    assert reply.status == 400
    assert "does not exist" in reply.body["Message"]


def test_a_provider_that_is_not_registered_takes_no_assignment(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    body = {"location": "westeurope", "properties": {"maintenanceConfigurationId": configuration_id}}
    path = f"{vm_id}/providers/Microsoft.Maintenance/configurationAssignments"
    reply = arm("PUT", f"{path}/by-hand", body)
    assert (reply.status, reply.body["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    assert arm("GET", path).body == {"value": []}


def test_a_dynamic_scope_is_listed_within_the_subscription(state: DemoEstate, subscription: str, sdk: Any) -> None:
    configuration_id = add_configuration(state)
    assign(state, add_vm(state), configuration_id)
    client = sdk(MaintenanceManagementClient, subscription)
    wanted = ConfigurationAssignment(
        location="global",
        maintenance_configuration_id=configuration_id,
        filter=ConfigurationAssignmentFilterProperties(os_types=["Linux"], locations=["westeurope"]),
    )
    client.configuration_assignments_for_subscriptions.create_or_update("all-linux", wanted)
    client.configuration_assignments_for_resource_group.create_or_update("rg-app", "group-linux", wanted)
    listed = {found.name: found for found in client.configuration_assignments_within_subscription.list()}
    assert set(listed) == {"mc-weekly-saturday-assignment", "all-linux", "group-linux"}
    assert listed["all-linux"].filter.os_types == ["Linux"]
    assert listed["all-linux"].resource_id == f"/subscriptions/{subscription}"
    client.configuration_assignments_for_subscriptions.delete("all-linux")
    with pytest.raises(ResourceNotFoundError):
        client.configuration_assignments_for_subscriptions.get("all-linux")


def test_configurations_are_written_and_read(state: DemoEstate, subscription: str, sdk: Any) -> None:
    configuration_id = add_configuration(state)
    assert "/resourcegroups/" in configuration_id
    configurations = sdk(MaintenanceManagementClient, subscription).maintenance_configurations
    found = configurations.get("RG-Patching", "mc-weekly-saturday")
    assert (found.maintenance_scope, found.recur_every, found.duration) == ("InGuestPatch", "1Week Saturday", "03:00")
    configurations.update("rg-patching", "mc-weekly-saturday", MaintenanceConfiguration(duration="03:55"))
    assert configurations.get("rg-patching", "mc-weekly-saturday").duration == "03:55"
    assert configurations.get("rg-patching", "mc-weekly-saturday").recur_every == "1Week Saturday"
    configurations.create_or_update(
        "rg-patching", "mc-new", MaintenanceConfiguration(location="westeurope", maintenance_scope="InGuestPatch")
    )
    assert {listed.name for listed in configurations.list()} == {"mc-weekly-saturday", "mc-new"}
    configurations.delete("rg-patching", "mc-new")
    with pytest.raises(ResourceNotFoundError):
        configurations.get("rg-patching", "mc-new")


def test_lists_of_the_stable_version_have_no_pages(big: Any, big_arm: Any) -> None:
    subscription = next(iter(big.state.subscriptions))
    path = f"/subscriptions/{subscription}/providers/Microsoft.Maintenance/configurationAssignments"
    stable = big_arm("GET", path, api_version="2023-04-01").body
    expected = [at for at in big.state.assignments if at.startswith(f"/subscriptions/{subscription}/")]
    assert "nextLink" not in stable
    assert len(stable["value"]) == len(expected)


def test_runs_are_listed_and_a_coming_one_is_cancelled(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    record_run(state, vm_id, configuration_id, last_start(SCHEDULES[0], state.now))
    (run,) = arm.all(f"/subscriptions/{subscription}/providers/Microsoft.Maintenance/applyUpdates")
    assert run["properties"]["correlationId"].endswith("/applyupdates/20260605230000")
    assert arm("GET", run["id"]).body == run
    coming = f"{configuration_id}/providers/Microsoft.Maintenance/applyUpdates/20260612230000"
    reply = arm("PUT", coming, {"properties": {"status": "Cancel"}}, api_version="2023-10-01-preview")
    assert (reply.status, reply.body["properties"]["status"]) == (200, "Cancelled")
    rows = arm.query("maintenanceresources | where type has 'maintenanceconfigurations/applyupdates' | project id")
    assert [row["id"] for row in rows] == [key(coming)]
    assert arm("PUT", coming, {"properties": {"status": "Completed"}}).status == 400
