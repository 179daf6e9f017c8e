"""examples/pre-event-function: events as Event Grid sends them are posted to the function, and what it puts into its
queue is given to the other one; behind both is an embedded Azure."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import azure.functions as func
import pytest
from azure.functions.blob import BlobConverter, InputStream
from azure.functions.queue import QueueMessageInConverter, QueueMessageOutConverter
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.azure.actions import CANCEL_PERMISSION
from aumdoctor.demo.estate import DemoEstate
from aumdoctor.demo.server import DemoServer, run_in_thread
from tests.examples.coming_window import coming_window, hinder
from tests.examples.conftest import EXAMPLES

Event = dict[str, Any]
FOLDER = EXAMPLES / "pre-event-function"
WRITE = "Microsoft.Maintenance/applyUpdates/write"
READ_VM = "Microsoft.Compute/virtualMachines/read"


class Out(func.Out[Any]):
    """What a function hands to an output binding."""

    def __init__(self) -> None:
        self.value: Any = None

    def set(self, val: Any) -> None:
        self.value = val

    def get(self) -> Any:
        return self.value


class Deployed:
    """The functions as the host calls them, with its queue and its blobs."""

    def __init__(self, app: ModuleType) -> None:
        self.app = app
        self.gatekeeper: ModuleType = sys.modules["gatekeeper"]
        self.queue: list[str] = []
        self.blobs: dict[str, str] = {}
        self._workers = ThreadPoolExecutor(1)  # the host calls plain functions on threads

    def call(self, body: bytes, method: str = "POST", **headers: str) -> func.HttpResponse:
        request = func.HttpRequest(
            method=method,
            url="https://patch-gate.azurewebsites.net/api/pre-maintenance",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            body=body,
        )
        runs = Out()
        response: func.HttpResponse = self._workers.submit(self.app.announce, request, runs).result()
        self.queue += runs.value or []
        return response

    def post(self, *events: Event) -> tuple[int, dict[str, Any]]:
        response = self.call(json.dumps(events).encode(), aeg_event_type="Notification")
        return response.status_code, json.loads(response.get_body())

    def work(self) -> list[Any]:
        """Deal with what is in the queue. What fails stays in it and is raised, as the host would deliver it again."""
        records = []
        while self.queue:
            message = self.queue[0]
            at = json.loads(message)["record"]
            kept = InputStream(data=self.blobs[at].encode()) if at in self.blobs else None
            keep = Out()
            self._workers.submit(self.app.judge, func.QueueMessage(body=message), kept, keep).result()
            if keep.value is not None:
                self.blobs[at] = keep.value
            records.append(json.loads(keep.value) if keep.value is not None else None)
            del self.queue[0]
        return records


Deploy = Callable[..., Deployed]


@pytest.fixture
def deploy(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Load the function app with settings, as a worker that starts."""
    for name, value in environment.items():
        if name.startswith("AUMDOCTOR_"):
            monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(FOLDER))
    modules = ("function_app", "gatekeeper")

    def load(**variables: str) -> Deployed:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for name in modules:
            sys.modules.pop(name, None)
        return Deployed(importlib.import_module("function_app"))

    yield load
    for name in modules:
        sys.modules.pop(name, None)


@pytest.fixture
def minutes() -> int:
    """From now until the run begins."""
    return 25


@pytest.fixture
def azure(minutes: int) -> Iterator[DemoServer]:
    with run_in_thread(estate=coming_window(minutes, pre_event=True)) as server:
        yield server


@pytest.fixture
def deployed(deploy: Deploy) -> Deployed:
    return deploy()


def announced(state: DemoEstate, **data: Any) -> Event:
    """The pre-maintenance event of the schedule's next run, as documented; the topic is the configuration."""
    (configuration,) = state.configurations.values()
    first = datetime.fromisoformat(configuration["properties"]["maintenanceWindow"]["startDateTime"])
    start = first.replace(tzinfo=UTC) + timedelta(days=60)
    topic = configuration["id"]
    run = f"{topic}/providers/microsoft.maintenance/applyupdates/{start:%Y%m%d%H%M%S}"
    documented = {
        "CorrelationId": run,
        "MaintenanceConfigurationId": topic,
        "StartDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "EndDateTime": f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}",
        "CancellationCutOffDateTime": f"{start - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "ResourceSubscriptionIds": list(state.subscriptions),
    }
    return {
        "id": run,
        "topic": topic,
        "subject": configuration["name"],
        "data": {**documented, **data},
        "eventType": "Microsoft.Maintenance.PreMaintenanceEvent",
        "eventTime": f"{start - timedelta(minutes=35):%Y-%m-%dT%H:%M:%S}.3717473Z",
        "dataVersion": "1.0",
        "metadataVersion": "1",
    }


def in_camel_case(event: Event) -> Event:
    return {**event, "data": {name[0].lower() + name[1:]: value for name, value in event["data"].items()}}


def as_cloud_event(event: Event) -> Event:
    names = {"topic": "source", "eventType": "type", "eventTime": "time"}
    kept = {names.get(name, name): value for name, value in event.items() if not name.endswith("Version")}
    return {**kept, "specversion": "1.0"}


def writes(server: DemoServer) -> list[tuple[str, int]]:
    return [(request.method, request.status) for request in server.requests if request.method in ("PUT", "PATCH")]


def status_of_the_run(state: DemoEstate) -> list[str]:
    return [run["properties"]["status"] for run in state.runs.values()]


# How it is bound.


def test_the_bindings_lead_from_the_one_function_to_the_other(deployed: Deployed) -> None:
    found = {function.get_function_name(): function.get_bindings_dict()["bindings"] for function in bound(deployed)}
    http, queue = (
        next(each for each in found["announce"] if each["type"] == kind) for kind in ("httpTrigger", "queue")
    )
    assert (http["authLevel"], http["route"]) == (func.AuthLevel.FUNCTION, "pre-maintenance")
    assert {method.value for method in http["methods"]} == {"POST", "OPTIONS"}
    trigger, *blobs = sorted(found["judge"], key=lambda each: each["type"] != "queueTrigger")
    assert trigger["queueName"] == queue["queueName"]
    assert {blob["path"] for blob in blobs} == {"patch-gate/{record}"}


def bound(deployed: Deployed) -> list[Any]:
    functions: list[Any] = deployed.app.app.get_functions()
    return functions


def test_the_worker_takes_the_types_of_the_arguments(deployed: Deployed) -> None:
    """What the worker checks when it loads the functions."""
    announce, judge = (function.get_user_function().__annotations__ for function in bound(deployed))
    assert QueueMessageOutConverter.check_output_type_annotation(*announce["runs"].__args__)
    assert QueueMessageInConverter.check_input_type_annotation(judge["message"])
    assert BlobConverter.check_input_type_annotation(judge["kept"])
    assert BlobConverter.check_output_type_annotation(*judge["keep"].__args__)
    nothing: Any = None
    assert BlobConverter.decode(nothing, trigger_metadata=None) is None, "a blob that is not there"


def test_messages_are_dealt_with_one_at_a_time() -> None:
    queues = json.loads((FOLDER / "host.json").read_text())["extensions"]["queues"]
    assert (queues["batchSize"], queues["newBatchThreshold"]) == (1, 0)


def test_the_role_in_the_readme_is_the_one_right_that_it_takes() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    role = json.loads(text[text.index("{\n") : text.index("\n}\n") + 2])
    assert role["Actions"] == [WRITE] == [CANCEL_PERMISSION]


def test_the_example_settings_are_options_that_there_are(deploy: Deploy, azure: DemoServer) -> None:
    values = json.loads((FOLDER / "local.settings.json.example").read_text())["Values"]
    mine = {name: value for name, value in values.items() if name.startswith(("AUMDOCTOR_", "GATE_"))}
    assert mine.pop("AUMDOCTOR_AUTH") == "cli"
    deployed = deploy(**mine)
    deployed.post(announced(azure.state))
    (record,) = deployed.work()
    assert record["verdict"] == "go"


def test_a_wrong_setting_is_seen_at_the_start(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match="GATE_ON_UNKNOWN is 'stop': it must be continue or cancel"):
        deploy(GATE_ON_UNKNOWN="stop")


# The handshakes.


def test_the_validation_code_is_given_back(deployed: Deployed) -> None:
    event = {
        "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
        "topic": "/subscriptions/00000000-0000-0000-0000-000000000000",
        "subject": "",
        "data": {"validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6", "validationUrl": "https://rp.example/x"},
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": "2026-06-12T22:12:19.4556811Z",
        "metadataVersion": "1",
        "dataVersion": "1",
    }
    assert deployed.post(event) == (200, {"validationResponse": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"})
    assert deployed.post({**event, "data": {}}) == (400, {"error": "event 0: data has no validationCode"})
    assert deployed.queue == []


def test_event_grid_may_deliver_cloud_events_and_others_may_not(deployed: Deployed) -> None:
    response = deployed.call(b"", "OPTIONS", webhook_request_origin="eventgrid.azure.net")
    assert response.status_code == 200
    assert response.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert response.headers["WebHook-Allowed-Rate"] == "*"
    for origin in ("eventgrid.azure.net.example.com", ""):
        refused = deployed.call(b"", "OPTIONS", WebHook_Request_Origin=origin)
        assert refused.status_code == 403
        assert "WebHook-Allowed-Origin" not in refused.headers


# From the event to the run.


@pytest.mark.parametrize("schema", [lambda event: event, in_camel_case, as_cloud_event])
def test_a_run_that_may_go_ahead_is_left_alone(
    deployed: Deployed, azure: DemoServer, schema: Callable[[Event], Event]
) -> None:
    event = schema(announced(azure.state))
    assert deployed.post(event) == (202, {"events": [{"id": event["id"], "outcome": "queued"}]})
    assert azure.requests == [], "Event Grid does not wait for the judging"
    (record,) = deployed.work()
    assert (record["verdict"], record["cancelled"], record["written"]) == ("go", False, [])
    (window,) = record["gate"]["windows"]
    assert (window["ready"], window["pre_event"]) == (2, True)
    assert writes(azure) == []


def test_a_single_cloud_event_comes_without_a_list(deployed: Deployed, azure: DemoServer) -> None:
    response = deployed.call(json.dumps(as_cloud_event(announced(azure.state))).encode())
    assert response.status_code == 202
    assert len(deployed.queue) == 1


def test_a_run_that_may_not_is_cancelled_once(deployed: Deployed, azure: DemoServer) -> None:
    hinder(azure.state)
    event = announced(azure.state)
    deployed.post(event)
    (record,) = deployed.work()
    assert (record["verdict"], record["cancelled"]) == ("no-go", True)
    assert status_of_the_run(azure.state) == ["Cancelled"]
    assert [line["event"] for line in record["written"]] == ["intent", "result", "outcome"]
    assert [each["check"] for each in record["gate"]["fixes"]] == ["AUM030"]

    # The same event again: what is kept says that it was dealt with.
    before = len(azure.requests)
    assert deployed.post(event)[0] == 202
    assert deployed.work() == [None]
    assert len(azure.requests) == before

    # And where what was kept is lost, Azure says so.
    deployed.blobs.clear()
    deployed.post(event)
    (again,) = deployed.work()
    assert (again["cancelled"], again["written"]) == (True, [])
    assert writes(azure) == [("PUT", 200)]


def test_a_cancelling_that_failed_is_tried_again(
    deployed: Deployed, azure: DemoServer, caplog: pytest.LogCaptureFixture
) -> None:
    hinder(azure.state)
    azure.faults.fail(r"PUT /[^?]*/applyUpdates/", 403, 1, code="AuthorizationFailed", message="no")
    deployed.post(announced(azure.state))
    with pytest.raises(deployed.gatekeeper.NotCancelledError, match=WRITE):
        deployed.work()
    assert deployed.blobs == {}
    assert [entry.levelno for entry in caplog.records if entry.name == "gatekeeper"] == [logging.ERROR]
    (record,) = deployed.work()
    assert record["cancelled"]
    assert status_of_the_run(azure.state) == ["Cancelled"]


@pytest.mark.parametrize("minutes", [5])
def test_a_late_event_cancels_nothing(
    deployed: Deployed,
    azure: DemoServer,
    minutes: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hinder(azure.state)
    event = announced(azure.state)
    assert deployed.post(event) == (200, {"events": [{"id": event["id"], "outcome": "late"}]})
    assert deployed.queue == []
    assert "was announced too late to cancel it" in caplog.text

    # In time for the event, too late for the message: it lay in the queue meanwhile.
    with monkeypatch.context() as earlier:
        earlier.setattr(deployed.app, "now", lambda: datetime.now(UTC) - timedelta(minutes=20))
        assert deployed.post(event)[0] == 202
    assert deployed.work() == [None]
    assert "too late since" in caplog.text
    assert azure.requests == []


def test_the_earlier_of_the_cut_offs_counts(deployed: Deployed, azure: DemoServer) -> None:
    for before, counts in ((1, 10), (20, 20)):
        event = announced(azure.state)
        start = datetime.fromisoformat(event["data"]["StartDateTime"])
        event["data"]["CancellationCutOffDateTime"] = (start - timedelta(minutes=before)).isoformat()
        run = deployed.gatekeeper.run_of(deployed.gatekeeper._event(event))
        assert run.cancel_until == start - timedelta(minutes=counts)


def test_every_subscription_of_the_run_is_read_once(deployed: Deployed, azure: DemoServer) -> None:
    (own,) = azure.state.subscriptions
    other = "aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e"
    for listed in ([own.upper(), other, other.upper()], [other]):
        deployed.post(announced(azure.state, ResourceSubscriptionIds=listed))
        assert json.loads(deployed.queue.pop())["subscriptions"] == [own, other]


@pytest.mark.parametrize(("otherwise", "cancelled"), [("continue", False), ("cancel", True)])
def test_where_it_cannot_be_told_the_setting_decides(
    deploy: Deploy, azure: DemoServer, otherwise: str, cancelled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    deployed = deploy(GATE_ON_UNKNOWN=otherwise)
    azure.faults.deny(next(iter(azure.state.subscriptions)), READ_VM)
    deployed.post(announced(azure.state))
    (record,) = deployed.work()
    assert (record["verdict"], record["cancelled"]) == ("unknown", cancelled)
    assert READ_VM in record["gate"]["missing_permissions"]
    assert status_of_the_run(azure.state) == (["Cancelled"] if cancelled else [])
    assert [step["event"] for step in record["written"]] == (["intent", "result", "outcome"] if cancelled else [])
    assert "unknown, the run " in caplog.text


@pytest.mark.parametrize(
    ("assigned", "said"),
    [(True, "no window any more"), (False, "aumdoctor ended with 2: error: there is no maintenance configuration")],
)
def test_a_configuration_that_is_gone_is_unknown(
    deployed: Deployed, azure: DemoServer, assigned: bool, said: str
) -> None:
    event = announced(azure.state)
    azure.state.configurations.clear()
    if not assigned:
        azure.state.assignments.clear()
    assert deployed.post(event)[0] == 202
    (record,) = deployed.work()
    assert (record["verdict"], record["cancelled"]) == ("unknown", False)
    assert said in record["said"]
    assert writes(azure) == []


def test_a_schedule_that_was_moved_since_is_unknown(deployed: Deployed, azure: DemoServer) -> None:
    hinder(azure.state)
    event = announced(azure.state)
    (configuration,) = azure.state.configurations.values()
    configuration["properties"]["maintenanceWindow"]["recurEvery"] = "2Months"
    deployed.post(event)
    (record,) = deployed.work()
    assert record["verdict"] == "unknown"
    assert "no window any more" in record["said"]
    assert writes(azure) == []


# What is not such an event.


def without(event: Event, name: str) -> Event:
    return {key: value for key, value in event.items() if key != name}


def with_data(event: Event, **data: Any) -> Event:
    return {**event, "data": {**event["data"], **data}}


OTHER = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/x/providers/Microsoft.Compute/disks/d"


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (lambda event: without(event, "id"), "missing required field `id`"),
        (lambda event: without(event, "dataVersion"), "missing required field `dataVersion`"),
        (lambda event: {**event, "eventTime": "yesterday"}, "$.eventTime"),
        (lambda event: {**event, "data": None}, "data is no object"),
        (lambda event: {**event, "data": without(event["data"], "StartDateTime")}, "`startDateTime`"),
        (lambda event: {**as_cloud_event(event), "specversion": "0.3"}, "$.specversion"),
        (lambda event: with_data(event, EndDateTime=event["data"]["StartDateTime"]), "endDateTime is not after"),
        (lambda event: with_data(event, MaintenanceConfigurationId=OTHER), "not the id of a maintenance configuration"),
        (lambda event: with_data(event, MaintenanceConfigurationId="--all-subscriptions"), "not the id of"),
        (lambda event: with_data(event, CorrelationId=OTHER), "data.correlationId is not the run"),
        (lambda event: with_data(event, StartDateTime="2020-01-01T00:00:00Z"), "data.correlationId is not the run"),
        (lambda event: with_data(event, ResourceSubscriptionIds=["--demo"]), "not the id of a subscription"),
        (lambda event: with_data(event, ResourceSubscriptionIds="x"), "$.resourceSubscriptionIds"),
        (lambda event: "PreMaintenanceEvent", "Expected `object`"),
    ],
)
def test_a_malformed_event_is_refused_with_the_reason(
    deployed: Deployed, azure: DemoServer, spoilt: Callable[[Event], Event], reason: str
) -> None:
    status, body = deployed.post(spoilt(announced(azure.state)))
    assert status == 400
    assert reason in body["error"]
    assert deployed.queue == []


@pytest.mark.parametrize(("body", "reason"), [(b"", "no JSON"), (b"\xff", "no JSON"), (b"[]", "an empty list")])
def test_a_body_that_is_none_is_refused(deployed: Deployed, body: bytes, reason: str) -> None:
    response = deployed.call(body)
    assert response.status_code == 400
    assert reason in json.loads(response.get_body())["error"]


def test_a_malformed_event_does_not_take_others_with_it(deployed: Deployed, azure: DemoServer) -> None:
    event = announced(azure.state)
    status, body = deployed.post(without(event, "id"), event)
    assert status == 400
    assert body["error"].startswith("event 0: ")
    assert len(deployed.queue) == 1


def test_other_events_are_left_alone(deployed: Deployed, azure: DemoServer) -> None:
    event = {**announced(azure.state), "eventType": "Microsoft.Maintenance.PostMaintenanceEvent", "data": {}}
    assert deployed.post(event) == (200, {"events": [{"id": event["id"], "outcome": "ignored"}]})
    assert deployed.queue == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_whatever_is_posted_is_answered(deployed: Deployed, azure: DemoServer) -> None:
    whole = announced(azure.state)
    now = datetime.now(UTC)

    @settings(max_examples=60, deadline=None, database=None)
    @given(name=st.sampled_from([*whole, *whole["data"]]), value=JSON)
    def holds(name: str, value: Any) -> None:
        event = {**whole, name: value} if name in whole else with_data(whole, **{name: value})
        for sent in (event, as_cloud_event(event), value):
            answer = deployed.gatekeeper.answer("POST", {}, json.dumps(sent).encode(), now)
            assert answer.status in (200, 202, 400)
            assert (answer.status == 400) == ("error" in answer.body)

    holds()
