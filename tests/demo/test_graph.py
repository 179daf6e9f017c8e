"""Resource Graph executes KQL over the state and pages as Azure does."""

from __future__ import annotations

from typing import Any

import pytest

from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, plant
from aumdoctor.demo.machines import record_installation
from aumdoctor.demo.plants.recipe import SCHEDULE_TAG
from aumdoctor.demo.schedules import add_configuration, add_dynamic_scope, assign
from aumdoctor.demo.server import DemoServer
from aumdoctor.demo.state import add_subscription, key

RESOURCES = "/providers/Microsoft.ResourceGraph/resources"


def test_pages_over_a_thousand_rows_lose_and_double_nothing(big: DemoServer, big_arm: Any) -> None:
    rows = big_arm.query("resources | project id, type | order by id asc")
    state = big.state
    extensions = sum(map(len, state.extensions.values()))
    others = len(state.configurations) + len(state.event_topics) + len(state.sql_vms)
    assert len(rows) == len(state.vms) + len(state.arc) + extensions + others > 1000
    assert len({key(row["id"]) for row in rows}) == len(rows)


def test_a_write_between_two_pages_moves_no_row(state: DemoEstate, arm: Any) -> None:
    for number in range(6):
        add_vm(state, name=f"vm-{number}")
    body: dict[str, Any] = {
        "query": "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name | order by id asc",
        "options": {"$top": 4},
    }
    first = arm("POST", RESOURCES, body).body
    assert (first["totalRecords"], first["count"], first["resultTruncated"]) == (6, 4, "false")
    add_vm(state, name="vm-0-before-all-others")
    body["options"]["$skipToken"] = first["$skipToken"]
    second = arm("POST", RESOURCES, body).body
    names = [row["name"] for row in first["data"] + second["data"]]
    assert names == [f"vm-{number}" for number in range(6)]
    assert "$skipToken" not in second


def test_without_an_id_there_are_no_further_pages(state: DemoEstate, arm: Any) -> None:
    for number in range(4):
        add_vm(state, name=f"vm-{number}")
    body = {"query": "resources | project name", "options": {"$top": 2}}
    page = arm("POST", RESOURCES, body).body
    assert page["resultTruncated"] == "true"
    assert "$skipToken" not in page


def test_a_vm_row_has_a_power_state_and_no_agent(state: DemoEstate, arm: Any) -> None:
    add_vm(state, resource_group="RG-App", name="vm-1")
    (row,) = arm.query("Resources | where type =~ 'Microsoft.Compute/virtualMachines' | project id, type, properties")
    assert "/resourceGroups/rg-app/" in row["id"]
    assert row["type"] == "microsoft.compute/virtualmachines"
    extended = row["properties"]["extended"]["instanceView"]
    assert extended["powerState"] == {
        "code": "PowerState/running",
        "level": "Info",
        "displayStatus": "VM running",
    }
    assert extended["osName"].startswith("Windows Server")
    assert {"vmAgent", "patchStatus"}.isdisjoint(extended)
    assert "instanceView" not in row["properties"]


def test_extensions_join_their_machines(state: DemoEstate, arm: Any) -> None:
    add_vm(state, name="vm-1")
    add_vm(state, name="vm-2", os_type="Linux")
    plant(state, "AUM016", add_vm(state, name="vm-3"))
    rows = arm.query(
        """
        resources
        | where type =~ 'microsoft.compute/virtualmachines'
        | project id = tolower(id), name
        | join kind=leftouter (
            resources
            | where type =~ 'microsoft.compute/virtualmachines/extensions'
            | where tostring(properties.publisher) =~ 'Microsoft.CPlat.Core'
            | extend machine = tostring(split(tolower(id), '/extensions/')[0])
            | summarize found = make_list(bag_pack('type', properties.type)) by machine
          ) on $left.id == $right.machine
        | project id, name, found
        | order by name asc
        """
    )
    assert [(row["name"], row["found"]) for row in rows] == [
        ("vm-1", [{"type": "WindowsPatchExtension"}]),
        ("vm-2", [{"type": "LinuxPatchExtension"}]),
        ("vm-3", None),
    ]


def test_patch_results_are_rows_of_their_own(state: DemoEstate, arm: Any) -> None:
    plant(state, "AUM013", add_vm(state, name="vm-1"))
    plant(state, "AUM025", add_arc(state, name="srv-1"))
    rows = arm.query("patchassessmentresources | where type !has 'softwarepatches' | project id, type, properties")
    kinds = {row["type"]: row["properties"] for row in rows}
    assert kinds["microsoft.compute/virtualmachines/patchassessmentresults"]["errorDetails"]["code"] == "0"
    assert kinds["microsoft.hybridcompute/machines/patchassessmentresults"]["status"] == "Failed"
    (run,) = arm.query("patchinstallationresources | where properties.maintenanceWindowExceeded == true | project id")
    assert "/virtualmachines/vm-1/patchinstallationresults/" in run["id"]


def test_pending_updates_have_rows(big: DemoServer, big_arm: Any) -> None:
    expected = sum(
        sum(assessment["properties"]["availablePatchCountByClassification"].values())
        for assessment in big.state.assessments.values()
    )
    rows = big_arm.query("patchassessmentresources | where type has 'softwarepatches' | project id")
    assert len(rows) == expected > 0


def test_static_and_dynamic_assignments(state: DemoEstate, subscription: str, arm: Any) -> None:
    configuration_id = add_configuration(state)
    assign(state, add_vm(state), configuration_id)
    scope_filter = {"osTypes": ["Windows"], "tagSettings": {"tags": {SCHEDULE_TAG: ["ring-1"]}}}
    add_dynamic_scope(state, f"/subscriptions/{subscription}", configuration_id, "scope-1", scope_filter)
    rows = arm.query(
        "maintenanceresources | where type =~ 'microsoft.maintenance/configurationassignments' "
        "| project id, scopeFilter = properties['filter'] | order by id asc"
    )
    assert [row["scopeFilter"] for row in rows] == [scope_filter, None]
    assert all(row["id"] == row["id"].lower() for row in rows)


def test_a_machine_that_goes_loses_its_rows(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    assert len(arm.query("resources | project id")) == 3
    del state.vms[key(vm_id)]
    state.touch(vm_id)
    assert arm.query("resources | project id") == []


def test_rows_that_may_not_be_read_are_absent_without_a_word(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    other = add_subscription(state, "22222222-2222-2222-2222-222222222222", "other")
    add_vm(state, subscription=subscription, name="vm-here")
    add_vm(state, subscription=other, name="vm-there")
    query = "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name"
    server.faults.deny(other)
    assert [row["name"] for row in arm.query(query)] == ["vm-here"]
    server.faults.deny(subscription)
    reply = arm("POST", RESOURCES, {"query": query})
    assert (reply.status, reply.body["error"]["code"]) == (403, "AccessDenied")


def test_one_type_can_be_hidden(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    add_vm(state)
    add_arc(state)
    server.faults.deny(subscription, "Microsoft.HybridCompute/machines/read")
    types = {row["type"] for row in arm.query("resources | project id, type")}
    assert "microsoft.compute/virtualmachines" in types
    assert "microsoft.hybridcompute/machines" not in types


def test_subscriptions_and_management_groups_limit_a_query(state: DemoEstate, arm: Any) -> None:
    other = add_subscription(state, "22222222-2222-2222-2222-222222222222", "other")
    add_vm(state, name="vm-here")
    add_vm(state, subscription=other, name="vm-there")
    query = "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name"
    assert [row["name"] for row in arm.query(query, subscriptions=[other.upper()])] == ["vm-there"]
    assert len(arm.query(query, managementGroups=["MG-Contoso"])) == 2


@pytest.mark.parametrize(
    "query",
    [
        "resources | wher type",
        "nosuchtable | take 1",
        "resources | where nosuchcolumn == 1",
        "resources | evaluate x()",
    ],
)
def test_a_query_that_azure_would_refuse(arm: Any, query: str) -> None:
    reply = arm("POST", RESOURCES, {"query": query})
    assert reply.status == 400
    assert "InvalidQuery" in [detail["code"] for detail in reply.body["error"]["details"]]


def test_a_skip_token_of_nobody(arm: Any) -> None:
    reply = arm("POST", RESOURCES, {"query": "resources | project id", "options": {"$skipToken": "bm9uZQ=="}})
    assert reply.status == 400


def test_quotas_are_told(arm: Any) -> None:
    headers = arm("POST", RESOURCES, {"query": "resources | count"}).headers
    assert headers["x-ms-user-quota-remaining"] == "14"
    assert headers["x-ms-user-quota-resets-after"] == "00:00:05"


def test_values_come_as_json_has_them(state: DemoEstate, arm: Any) -> None:
    add_vm(state, name="vm-1")
    (row,) = arm.query(
        "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, tags, zones, "
        "made = todatetime(properties.timeCreated), size = toint(properties.storageProfile.osDisk.diskSizeGB), "
        "segments = split(name, '-'), agent = properties.osProfile.windowsConfiguration.provisionVMAgent"
    )
    del row["id"]
    assert row == {
        "tags": None,
        "zones": None,
        "made": "2025-11-22T12:00:00.0000000Z",
        "size": 127,
        "segments": ["vm", "1"],
        "agent": True,
    }


@pytest.mark.parametrize(
    ("os_type", "failed", "kb", "version"),
    [("Windows", "KB5066835", "5066835", None), ("Linux", "openssl", None, "1.2.3-4")],
)
@pytest.mark.parametrize("add", [add_vm, add_arc])
def test_single_updates_that_failed_have_rows_beside_their_installation(
    state: DemoEstate, arm: Any, add: Any, os_type: str, failed: str, kb: str | None, version: str | None
) -> None:
    machine_id = add(state, os_type=os_type)
    record_installation(state, machine_id, state.now, minutes=30, status="Failed", failed_patches=(failed,))
    rows = arm.query("patchinstallationresources | project id, type, properties | order by id asc")
    installation, patch = rows
    assert patch["id"].startswith(f"{installation['id']}/softwarepatches/")
    assert patch["type"] == f"{installation['type']}/softwarepatches"
    assert installation["properties"]["failedPatchCount"] == 1
    assert failed not in str(installation["properties"])
    properties = patch["properties"]
    assert failed in properties["patchName"]
    assert (properties["kbId"], properties["version"], properties["installationState"]) == (kb, version, "Failed")
    assert properties["lastModifiedDateTime"] == installation["properties"]["lastModifiedDateTime"]
