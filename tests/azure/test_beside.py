"""Event Grid topics and subscriptions, and SQL VMs, as ARM sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aumdoctor.azure.wire.beside import EventTopic, event_subscription, event_topic, sql_virtual_machine

SCHEDULE = "/subscriptions/s/resourcegroups/rg/providers/microsoft.maintenance/maintenanceconfigurations/mc"
TOPIC = EventTopic(
    id="/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/systemTopics/t",
    maintenance_configuration_id=SCHEDULE,
    provisioning_state="Succeeded",
)


def raw(body: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(body))


def subscription(**properties: Any) -> msgspec.Raw:
    return raw({"id": f"{TOPIC.id}/eventSubscriptions/before", "name": "before", "properties": properties})


def test_a_topic_of_a_schedule_names_the_schedule() -> None:
    properties = {"source": SCHEDULE, "topicType": "microsoft.maintenance.maintenanceconfigurations"}
    found = event_topic(raw({"id": TOPIC.id, "properties": {**properties, "provisioningState": "Succeeded"}}))
    assert found == TOPIC


def test_a_topic_of_anything_else_is_passed_over() -> None:
    properties = {"source": "/subscriptions/s", "topicType": "Microsoft.Resources.Subscriptions"}
    assert event_topic(raw({"id": TOPIC.id, "properties": properties})) is None


def test_an_endpoint_is_kept_without_what_may_be_a_secret() -> None:
    url = "https://user:pw@hooks.example.com/webhooks?token=s3cret%3d"
    found = event_subscription(
        subscription(
            provisioningState="Succeeded",
            destination={"endpointType": "WebHook", "properties": {"endpointBaseUrl": url}},
            filter={"includedEventTypes": ["Microsoft.Maintenance.PreMaintenanceEvent"]},
            expirationTimeUtc="2026-12-01T00:00:00Z",
        ),
        TOPIC,
    )
    assert found.endpoint == "https://hooks.example.com"
    assert found.is_before_runs
    assert found.expires_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_function_is_named_by_its_id_also_behind_an_identity() -> None:
    function = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/gate/functions/before"
    destination = {"endpointType": "AzureFunction", "properties": {"resourceId": function}}
    found = event_subscription(subscription(deliveryWithResourceIdentity={"destination": destination}), TOPIC)
    assert found.endpoint == function


@pytest.mark.parametrize(
    ("kinds", "before"),
    [
        ([], True),
        (["Microsoft.Maintenance.PostMaintenanceEvent"], False),
        (["microsoft.maintenance.premaintenanceevent", "Microsoft.Maintenance.PostMaintenanceEvent"], True),
    ],
)
def test_who_is_told_before_a_run(kinds: list[str], before: bool) -> None:
    assert event_subscription(subscription(filter={"includedEventTypes": kinds}), TOPIC).is_before_runs is before


@pytest.mark.parametrize(("enable", "day"), [(True, "Sunday"), ("True", "Sunday"), (False, None), (None, None)])
def test_the_window_of_sql_counts_only_where_it_is_on(enable: Any, day: str | None) -> None:
    settings = {"enable": enable, "dayOfWeek": "Sunday", "maintenanceWindowStartingHour": 2}
    settings["maintenanceWindowDuration"] = 60
    found = sql_virtual_machine(
        raw({"id": "/x", "properties": {"virtualMachineResourceId": "/vm", "autoPatchingSettings": settings}})
    )
    assert found.virtual_machine_id == "/vm"
    assert found.day_of_week == day
    assert (found.starting_hour, found.duration) == ((2, 60) if day else (None, None))


def test_a_url_that_is_none_is_left_out() -> None:
    destination = {"endpointType": "WebHook", "properties": {"endpointBaseUrl": "https://[bad"}}
    assert event_subscription(subscription(destination=destination), TOPIC).endpoint is None
