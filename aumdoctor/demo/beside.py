"""What stands beside Azure Update Manager in the demo: Microsoft.EventGrid and Microsoft.SqlVirtualMachine, both only
read."""

from __future__ import annotations

from aumdoctor.demo.events import EVENT_GRID, subscriptions_of
from aumdoctor.demo.sql import SQL
from aumdoctor.demo.state import MAINTENANCE, Wire, key
from aumdoctor.demo.web import Answer, Call, Route, not_found, paged, route, within

EVENT_GRID_PAGE = 20
SQL_PAGE = 100

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_TOPICS = f"{EVENT_GRID}/systemTopics"
_EVENT_SUBSCRIPTIONS = f"{_TOPICS}/eventSubscriptions"
_ON_RESOURCE = f"{EVENT_GRID}/eventSubscriptions"


def _scope(call: Call) -> str:
    scope = f"/subscriptions/{call.parts['subscription']}"
    return f"{scope}/resourceGroups/{call.parts['group']}" if "group" in call.parts else scope


def list_topics(call: Call) -> Answer:
    """The system topics of a subscription or resource group."""
    return paged(call, within(call.state.event_topics.values(), _scope(call)), EVENT_GRID_PAGE)


def _topic(call: Call) -> Wire:
    topic_id = f"{_scope(call)}/providers/{_TOPICS}/{call.parts['topic']}"
    found = call.state.event_topics.get(key(topic_id))
    if found is None:
        raise not_found(topic_id)
    return found


def get_topic(call: Call) -> Answer:
    """One system topic."""
    return Answer(body=_topic(call))


def list_event_subscriptions(call: Call) -> Answer:
    """The event subscriptions of a system topic."""
    return paged(call, within(call.state.event_subscriptions.values(), _topic(call)["id"]), EVENT_GRID_PAGE)


def get_event_subscription(call: Call) -> Answer:
    """One event subscription of a system topic."""
    subscription_id = f"{_topic(call)['id']}/eventSubscriptions/{call.parts['name']}"
    found = call.state.event_subscriptions.get(key(subscription_id))
    if found is None:
        raise not_found(subscription_id)
    return Answer(body=found)


def _configuration(call: Call) -> Wire:
    name = call.parts["configuration"]
    configuration_id = f"{_scope(call)}/providers/{MAINTENANCE}/maintenanceConfigurations/{name}"
    found = call.state.configurations.get(key(configuration_id))
    if found is None:
        raise not_found(configuration_id)
    return found


def _on_configuration(call: Call) -> list[Wire]:
    """The event subscriptions of a maintenance configuration as extension resources of it: the same under other ids."""
    configuration_id = _configuration(call)["id"]
    return [
        found
        | {
            "id": f"{configuration_id}/providers/{_ON_RESOURCE}/{found['name']}",
            "type": _ON_RESOURCE,
            "properties": found["properties"] | {"topic": configuration_id},
        }
        for found in subscriptions_of(call.state, configuration_id)
    ]


def list_on_configuration(call: Call) -> Answer:
    """The event subscriptions of a maintenance configuration, whatever topic they are on."""
    return paged(call, _on_configuration(call), EVENT_GRID_PAGE)


def get_on_configuration(call: Call) -> Answer:
    """One event subscription of a maintenance configuration."""
    for found in _on_configuration(call):
        if found["name"].lower() == call.parts["name"].lower():
            return Answer(body=found)
    raise not_found(f"{_configuration(call)['id']}/providers/{_ON_RESOURCE}/{call.parts['name']}")


def list_sql_vms(call: Call) -> Answer:
    """The VMs of a subscription or resource group that the SQL IaaS extension knows."""
    return paged(call, within(call.state.sql_vms.values(), _scope(call)), SQL_PAGE)


def get_sql_vm(call: Call) -> Answer:
    """One SQL virtual machine."""
    sql_id = f"{_scope(call)}/providers/{SQL}/{call.parts['name']}"
    found = call.state.sql_vms.get(key(sql_id))
    if found is None:
        raise not_found(sql_id)
    return Answer(body=found)


_TOPIC = f"{_GROUP}/providers/{_TOPICS}/{{topic}}"
_CONFIGURATION = f"{_GROUP}/providers/{MAINTENANCE}/maintenanceConfigurations/{{configuration}}"

ROUTES: tuple[Route, ...] = (
    route("GET", f"{_SUBSCRIPTION}/providers/{_TOPICS}", f"{_TOPICS}/read", list_topics),
    route("GET", f"{_GROUP}/providers/{_TOPICS}", f"{_TOPICS}/read", list_topics),
    route("GET", _TOPIC, f"{_TOPICS}/read", get_topic),
    route("GET", f"{_TOPIC}/eventSubscriptions", f"{_EVENT_SUBSCRIPTIONS}/read", list_event_subscriptions),
    route("GET", f"{_TOPIC}/eventSubscriptions/{{name}}", f"{_EVENT_SUBSCRIPTIONS}/read", get_event_subscription),
    route("GET", f"{_CONFIGURATION}/providers/{_ON_RESOURCE}", f"{_ON_RESOURCE}/read", list_on_configuration),
    route("GET", f"{_CONFIGURATION}/providers/{_ON_RESOURCE}/{{name}}", f"{_ON_RESOURCE}/read", get_on_configuration),
    route("GET", f"{_SUBSCRIPTION}/providers/{SQL}", f"{SQL}/read", list_sql_vms),
    route("GET", f"{_GROUP}/providers/{SQL}", f"{SQL}/read", list_sql_vms),
    route("GET", f"{_GROUP}/providers/{SQL}/{{name}}", f"{SQL}/read", get_sql_vm),
)
