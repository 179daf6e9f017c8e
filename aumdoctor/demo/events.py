"""Event Grid around maintenance configurations, in wire shape: system topics and the event subscriptions on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aumdoctor.demo.state import DemoEstate, Wire, add_resource_group, key, stable_guid, timestamp

EVENT_GRID = "Microsoft.EventGrid"
TOPIC_TYPE = "Microsoft.Maintenance.MaintenanceConfigurations"
PRE_EVENT = "Microsoft.Maintenance.PreMaintenanceEvent"
POST_EVENT = "Microsoft.Maintenance.PostMaintenanceEvent"


def add_event_topic(
    state: DemoEstate,
    configuration_id: str,
    *,
    name: str | None = None,
    resource_group: str | None = None,
    provisioning_state: str = "Succeeded",
    topic_type: str = TOPIC_TYPE,
) -> str:
    """A system topic of a maintenance configuration (that need not exist), beside it unless a group is named.

    A topic of another type has something else as its source. Returns the id of the topic.
    """
    segments = configuration_id.split("/")
    source = state.configurations.get(key(configuration_id))
    location = str(source["location"]) if source is not None else "westeurope"
    name = name or f"topic-{segments[-1]}"
    group_id = add_resource_group(state, segments[2], resource_group or segments[4], location)
    topic_id = f"{group_id}/providers/{EVENT_GRID}/systemTopics/{name}"
    state.event_topics[key(topic_id)] = {
        "id": topic_id,
        "name": name,
        "type": f"{EVENT_GRID}/systemTopics",
        "location": location,
        "tags": {},
        "properties": {
            "provisioningState": provisioning_state,
            "source": configuration_id,
            "topicType": topic_type,
            "metricResourceId": stable_guid(topic_id, "metrics"),
        },
    }
    state.touch(topic_id)
    return topic_id


def add_event_subscription(
    state: DemoEstate,
    topic_id: str,
    name: str = "before-and-after",
    *,
    event_types: Sequence[str] | None = (PRE_EVENT, POST_EVENT),
    provisioning_state: str = "Succeeded",
    endpoint: str = "https://contoso-automation.azurewebsites.net/api/before-patching",
    endpoint_type: str = "WebHook",
    expires: datetime | None = None,
) -> str:
    """An event subscription on a topic. `endpoint` is a URL, or an ARM id where the endpoint type names a resource
    (`AzureFunction`, `EventHub`, …). Without `event_types` (None) it takes all. Returns its id."""
    subscription_id = f"{topic_id}/eventSubscriptions/{name}"
    where = "endpointBaseUrl" if endpoint_type == "WebHook" else "resourceId"
    event_filter: Wire = {"subjectBeginsWith": "", "subjectEndsWith": "", "enableAdvancedFilteringOnArrays": True}
    if event_types is not None:
        event_filter["includedEventTypes"] = list(event_types)
    properties: Wire = {
        "topic": topic_id,
        "provisioningState": provisioning_state,
        "destination": {"endpointType": endpoint_type, "properties": {where: endpoint}},
        "filter": event_filter,
        "labels": [],
        "eventDeliverySchema": "EventGridSchema",
        "retryPolicy": {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440},
    }
    if expires is not None:
        properties["expirationTimeUtc"] = timestamp(expires)
    state.event_subscriptions[key(subscription_id)] = {
        "id": subscription_id,
        "name": name,
        "type": f"{EVENT_GRID}/systemTopics/eventSubscriptions",
        "properties": properties,
    }
    return subscription_id


def subscriptions_of(state: DemoEstate, configuration_id: str) -> list[Wire]:
    """The event subscriptions on the topics of a maintenance configuration."""
    topics = {
        at for at, topic in state.event_topics.items() if key(topic["properties"]["source"]) == key(configuration_id)
    }
    return [found for found in state.event_subscriptions.values() if key(found["properties"]["topic"]) in topics]


def has_pre_event(state: DemoEstate, configuration_id: str) -> bool:
    """Whether somebody asked to be told of a configuration's runs before they begin."""
    wanted = (
        found["properties"]["filter"].get("includedEventTypes") for found in subscriptions_of(state, configuration_id)
    )
    return any(types is None or PRE_EVENT in types for types in wanted)
