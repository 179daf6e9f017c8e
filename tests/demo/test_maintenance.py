"""Microsoft.Maintenance by its stable SDK, and what that SDK lacks by plain calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
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
from aumdoctor.demo.events import POST_EVENT, add_event_subscription, add_event_topic
from aumdoctor.demo.schedules import (
    SCHEDULES,
    add_configuration,
    assign,
    last_start,
    record_configuration_run,
    record_run,
)
from aumdoctor.demo.server import DemoServer
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
    wanted = MaintenanceConfiguration(
        location="westeurope", maintenance_scope="InGuestPatch", extension_properties={"InGuestPatchMode": "User"}
    )
    assert configurations.create_or_update("rg-patching", "mc-new", wanted).visibility == "Custom"
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


def test_runs_are_listed(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    record_run(state, vm_id, configuration_id, last_start(SCHEDULES[0], state.now))
    (run,) = arm.all(f"/subscriptions/{subscription}/providers/Microsoft.Maintenance/applyUpdates")
    assert run["properties"]["correlationId"].endswith("/applyupdates/20260605230000")
    assert arm("GET", run["id"]).body == run


def test_a_run_that_is_going_on_has_no_end(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    started = state.now - timedelta(minutes=25)
    run_id = record_run(state, vm_id, configuration_id, started, minutes=20, status="InProgress")
    properties = arm("GET", run_id).body["properties"]
    assert (properties["status"], properties["startDateTime"]) == ("InProgress", "2026-06-10T11:35:00Z")
    assert "endDateTime" not in properties
    (row,) = arm.query("patchinstallationresources | project status = tostring(properties.status)")
    assert row["status"] == "InProgress"


def test_a_run_of_a_configuration_as_a_whole_stands_beside_those_of_its_machines(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    configuration_id = add_configuration(state)
    start = datetime(2026, 6, 6, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    record_run(state, vm_id, configuration_id, start)
    record_configuration_run(state, configuration_id, start, "Failed", "no machine could be patched")
    whole = "maintenanceresources | where type == 'microsoft.maintenance/maintenanceconfigurations/applyupdates'"
    (row,) = arm.query(f"{whole} | project id, name, properties")
    assert row["name"] == "20260605230000"
    assert row["properties"]["correlationId"] == row["id"] == key(row["id"])
    assert row["properties"]["resourceId"] == configuration_id.lower()
    assert row["properties"]["errorMessage"] == "no machine could be patched"
    assert row["properties"]["endDateTime"] == "2026-06-05T23:45:00Z"
    (of_machine,) = arm.query(
        "maintenanceresources | where type == 'microsoft.maintenance/applyupdates' | project properties"
    )
    assert of_machine["properties"]["correlationId"] == row["id"]


CANCEL = {"properties": {"status": "Cancel"}}
COMING = datetime(2026, 6, 12, 23, 0, tzinfo=UTC)
"""Saturday at one in the morning in western Europe."""


@pytest.fixture
def before_patching(state: DemoEstate) -> str:
    """A configuration whose runs announce themselves."""
    configuration_id = add_configuration(state)
    add_event_subscription(state, add_event_topic(state, configuration_id))
    return configuration_id


def _cancel(
    arm: Any,
    configuration_id: str,
    name: str = "20260612230000",
    version: str = "2023-10-01-preview",
    body: Any = CANCEL,
) -> Any:
    path = f"{configuration_id}/providers/Microsoft.Maintenance/applyUpdates/{name}"
    return arm("PUT", path, body, api_version=version)


@pytest.mark.parametrize("version", ["2023-09-01-preview", "2023-10-01-preview", "2025-11-01"])
def test_a_coming_run_is_cancelled_once_and_stays_so(
    before_patching: str, server: DemoServer, arm: Any, version: str
) -> None:
    server.set_now(COMING - timedelta(minutes=20))
    coming = f"{before_patching}/providers/Microsoft.Maintenance/applyUpdates/20260612230000"
    assert arm("GET", coming).status == 404
    reply = _cancel(arm, before_patching, version=version)
    assert (reply.status, reply.body["properties"]["status"]) == (200, "Cancelled")
    assert reply.body["id"] == key(coming)
    (row,) = arm.query("maintenanceresources | project id, type, properties")
    assert (row["id"], row["type"]) == (key(coming), "microsoft.maintenance/maintenanceconfigurations/applyupdates")
    message = row["properties"]["errorMessage"]
    assert message.startswith("Maintenance cancelled using cancellation API at 2026-06-12T22:40:")
    server.set_now(COMING + timedelta(hours=1))
    again = _cancel(arm, before_patching, version=version)
    assert (again.status, again.body) == (200, reply.body)
    assert arm("GET", coming).body == reply.body


@pytest.mark.parametrize(
    ("minutes", "status", "said"),
    [
        (-50, 400, "yet, but from 2026-06-12T22:20:00Z until 2026-06-12T22:50:00Z"),
        (-9, 409, "can no longer be cancelled"),
        (1, 409, "already started at 2026-06-12T23:00:00Z"),
        (181, 409, "already ended"),
    ],
)
def test_out_of_time_nothing_is_cancelled(
    before_patching: str, state: DemoEstate, server: DemoServer, arm: Any, minutes: int, status: int, said: str
) -> None:
    server.set_now(COMING + timedelta(minutes=minutes))
    reply = _cancel(arm, before_patching)
    assert reply.status == status
    assert said in reply.body["Message"]
    assert not state.runs


@pytest.mark.parametrize(
    ("status", "said"), [("InProgress", "already started"), ("Succeeded", "already ended"), ("Failed", "already ended")]
)
def test_a_run_that_is_known_to_have_begun_is_not_cancelled(
    before_patching: str, state: DemoEstate, server: DemoServer, arm: Any, status: str, said: str
) -> None:
    record_configuration_run(state, before_patching, COMING, status)
    server.set_now(COMING - timedelta(minutes=20))
    reply = _cancel(arm, before_patching)
    assert (reply.status, said in reply.body["Message"]) == (409, True)
    assert [run["properties"]["status"] for run in state.runs.values()] == [status]


def test_an_announced_run_is_cancelled(before_patching: str, state: DemoEstate, server: DemoServer, arm: Any) -> None:
    record_configuration_run(state, before_patching, COMING, "NotStarted")
    server.set_now(COMING - timedelta(minutes=20))
    assert _cancel(arm, before_patching).status == 200
    assert [run["properties"]["status"] for run in state.runs.values()] == ["Cancelled"]


def test_only_runs_that_announce_themselves_can_be_cancelled(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    configuration_id = add_configuration(state)
    server.set_now(COMING - timedelta(minutes=20))
    topic_id = add_event_topic(state, configuration_id)
    add_event_subscription(state, topic_id, "after", event_types=(POST_EVENT,))
    reply = _cancel(arm, configuration_id)
    assert (reply.status, "PreMaintenanceEvent" in reply.body["Message"]) == (400, True)
    add_event_subscription(state, topic_id, "all", event_types=None)
    assert _cancel(arm, configuration_id).status == 200


@pytest.mark.parametrize(
    "name", ["20260612220000", "20260613230000", "20260612230030", "20261312230000", "tomorrow", "20260612"]
)
def test_a_name_that_is_no_start_of_the_schedule_is_refused(
    before_patching: str, server: DemoServer, arm: Any, name: str
) -> None:
    server.set_now(COMING - timedelta(minutes=20))
    reply = _cancel(arm, before_patching, name)
    assert (reply.status, "named after its start" in reply.body["Message"]) == (400, True)


def test_a_window_that_the_demo_does_not_compute_starts_when_somebody_says_so(
    state: DemoEstate, server: DemoServer, arm: Any
) -> None:
    configuration_id = add_configuration(
        state, window={"recurEvery": "2Weeks Monday", "startDateTime": "2026-06-15 21:30"}
    )
    add_event_subscription(state, add_event_topic(state, configuration_id))
    server.set_now(datetime(2026, 6, 15, 19, 10, tzinfo=UTC))
    assert _cancel(arm, configuration_id, "20260615193000").status == 200


@pytest.mark.parametrize("version", ["2023-04-01", "2021-09-01-preview"])
def test_older_versions_cannot_cancel(before_patching: str, server: DemoServer, arm: Any, version: str) -> None:
    server.set_now(COMING - timedelta(minutes=20))
    reply = _cancel(arm, before_patching, version=version)
    assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidApiVersionParameter")


def test_no_other_status_can_be_written(before_patching: str, server: DemoServer, arm: Any) -> None:
    server.set_now(COMING - timedelta(minutes=20))
    reply = _cancel(arm, before_patching, body={"properties": {"status": "Completed"}})
    assert (reply.status, reply.body["Message"]) == (400, "The status 'Completed' cannot be set.")


def test_cancelling_takes_a_right(before_patching: str, subscription: str, server: DemoServer, arm: Any) -> None:
    server.set_now(COMING - timedelta(minutes=20))
    server.faults.deny(subscription, "Microsoft.Maintenance/applyUpdates/write")
    assert _cancel(arm, before_patching).status == 403
