"""What stands beside Azure Update Manager: Event Grid, which tells of runs, and SQL Server, which patches by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aumdoctor.demo.estate import DemoEstate, add_vm
from aumdoctor.demo.events import PRE_EVENT, add_event_subscription, add_event_topic
from aumdoctor.demo.schedules import SCHEDULES, add_configuration
from aumdoctor.demo.server import DemoServer
from aumdoctor.demo.sql import add_sql_vm
from aumdoctor.demo.state import add_subscription, key

TOPICS = "providers/Microsoft.EventGrid/systemTopics"
ON_RESOURCE = "providers/Microsoft.EventGrid/eventSubscriptions"
SQL = "providers/Microsoft.SqlVirtualMachine/sqlVirtualMachines"


def test_a_topic_is_found_in_the_graph_and_at_every_scope(state: DemoEstate, subscription: str, arm: Any) -> None:
    configuration_id = add_configuration(state)
    topic_id = add_event_topic(state, configuration_id, name="Topic-1")
    scope = f"/subscriptions/{subscription}"
    (listed,) = arm.all(f"{scope}/{TOPICS}")
    assert listed["properties"]["source"] == configuration_id
    assert listed["properties"]["topicType"] == "Microsoft.Maintenance.MaintenanceConfigurations"
    assert arm.all(f"{scope}/resourceGroups/RG-Patching/{TOPICS}") == [listed]
    assert arm.all(f"{scope}/resourceGroups/rg-app/{TOPICS}") == []
    assert arm("GET", topic_id.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")).body == listed
    assert arm("GET", f"{topic_id}-2").status == 404
    (row,) = arm.query("resources | where type =~ 'Microsoft.EventGrid/systemTopics' | project id, name, properties")
    assert key(row["id"]) == key(topic_id)
    assert (row["name"], row["properties"]) == ("Topic-1", listed["properties"])


def test_topics_come_in_pages(state: DemoEstate, subscription: str, arm: Any) -> None:
    configuration_id = add_configuration(state)
    for number in range(21):
        add_event_topic(state, configuration_id, name=f"topic-{number}")
    path = f"/subscriptions/{subscription}/{TOPICS}"
    assert "nextLink" in arm("GET", path).body
    assert len({topic["name"] for topic in arm.all(path)}) == 21


def test_an_event_subscription_hangs_on_its_topic_and_on_the_configuration(state: DemoEstate, arm: Any) -> None:
    configuration_id = add_configuration(state)
    other_id = add_configuration(state, schedule=SCHEDULES[1])
    topic_id = add_event_topic(state, configuration_id.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/"))
    subscription_id = add_event_subscription(state, topic_id, "before", event_types=(PRE_EVENT,))
    add_event_subscription(state, add_event_topic(state, other_id), "of-another")

    (listed,) = arm.all(f"{topic_id}/eventSubscriptions")
    assert (listed["id"], listed["type"]) == (subscription_id, "Microsoft.EventGrid/systemTopics/eventSubscriptions")
    assert listed["properties"]["filter"]["includedEventTypes"] == [PRE_EVENT]
    assert listed["properties"]["destination"]["endpointType"] == "WebHook"
    assert listed["properties"]["destination"]["properties"]["endpointBaseUrl"].startswith("https://")
    assert "expirationTimeUtc" not in listed["properties"]
    assert arm("GET", subscription_id).body == listed

    (extension,) = arm.all(f"{configuration_id}/{ON_RESOURCE}")
    assert extension["id"] == f"{configuration_id}/{ON_RESOURCE}/before"
    assert extension["properties"]["destination"] == listed["properties"]["destination"]
    assert arm("GET", extension["id"].replace("/before", "/BEFORE")).body == extension
    assert arm("GET", f"{configuration_id}/{ON_RESOURCE}/of-another").status == 404
    assert arm("GET", f"{configuration_id}-gone/{ON_RESOURCE}").status == 404


def test_an_event_subscription_that_failed_to_be_made_and_has_expired(state: DemoEstate, arm: Any) -> None:
    function = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/f/functions/before"
    subscription_id = add_event_subscription(
        state,
        add_event_topic(state, add_configuration(state), provisioning_state="Failed"),
        provisioning_state="Failed",
        endpoint=function,
        endpoint_type="AzureFunction",
        expires=state.now - timedelta(days=1),
    )
    properties = arm("GET", subscription_id).body["properties"]
    assert properties["provisioningState"] == "Failed"
    assert properties["destination"] == {"endpointType": "AzureFunction", "properties": {"resourceId": function}}
    assert properties["expirationTimeUtc"] == "2026-06-09T12:00:00Z"


def test_a_topic_may_outlive_its_configuration(state: DemoEstate, subscription: str, arm: Any) -> None:
    configuration_id = add_configuration(state)
    add_event_topic(state, configuration_id)
    assert arm("DELETE", configuration_id).status == 200
    (topic,) = arm.all(f"/subscriptions/{subscription}/{TOPICS}")
    assert arm("GET", topic["properties"]["source"]).status == 404


def test_who_may_not_read_event_grid(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    topic_id = add_event_topic(state, add_configuration(state))
    add_event_subscription(state, topic_id)
    query = "resources | where type == 'microsoft.eventgrid/systemtopics' | project id"
    server.faults.deny(subscription, "Microsoft.EventGrid/systemTopics/eventSubscriptions/read")
    assert arm("GET", f"{topic_id}/eventSubscriptions").status == 403
    assert arm("GET", topic_id).status == 200
    assert len(arm.query(query)) == 1
    server.faults.deny(subscription, "Microsoft.EventGrid/systemTopics/read")
    assert arm("GET", topic_id).status == 403
    assert arm("GET", f"/subscriptions/{subscription}/{TOPICS}").status == 403
    assert arm.query(query) == []


@pytest.mark.parametrize("automated_patching", [True, False])
def test_a_vm_with_sql_server_may_patch_itself(
    state: DemoEstate, subscription: str, arm: Any, automated_patching: bool
) -> None:
    vm_id = add_vm(state, resource_group="RG-Data", name="vm-sql")
    sql_id = add_sql_vm(state, vm_id, automated_patching=automated_patching)
    (listed,) = arm.all(f"/subscriptions/{subscription}/{SQL}?api-version=2023-10-01")
    assert (listed["id"], listed["name"]) == (sql_id, "vm-sql")
    assert listed["properties"]["virtualMachineResourceId"] == vm_id
    patching = listed["properties"]["autoPatchingSettings"]
    assert patching["enable"] is automated_patching
    assert ("maintenanceWindowStartingHour" in patching) is automated_patching
    assert arm("GET", sql_id).body == listed
    query = "resources | where type =~ 'microsoft.sqlvirtualmachine/sqlvirtualmachines' | project id, properties"
    (row,) = arm.query(query)
    assert (key(row["id"]), row["properties"]) == (key(sql_id), listed["properties"])


def test_sql_servers_of_another_subscription_are_not_listed(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    other = add_subscription(state, "22222222-2222-2222-2222-222222222222", "other")
    add_sql_vm(state, add_vm(state, subscription=other), automated_patching=True)
    assert arm.all(f"/subscriptions/{subscription}/{SQL}") == []
    assert len(arm.all(f"/subscriptions/{other}/{SQL}")) == 1
    server.faults.deny(other, "Microsoft.SqlVirtualMachine/sqlVirtualMachines/read")
    assert arm("GET", f"/subscriptions/{other}/{SQL}").status == 403
    assert arm.query("resources | where type has 'sqlvirtualmachine' | project id") == []


def test_only_a_vm_that_exists_has_sql_server(state: DemoEstate) -> None:
    with pytest.raises(KeyError):
        add_sql_vm(state, "/subscriptions/s/none", automated_patching=True)
