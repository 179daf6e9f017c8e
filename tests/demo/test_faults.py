"""Refusals, limits and faults: everything that a client has to live with."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient

from aumdoctor.demo.estate import DemoEstate, add_vm
from aumdoctor.demo.server import DemoServer, run_in_thread, serve_forever
from aumdoctor.demo.throttling import COMPUTE_LIMITS


def vms(subscription: str) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines"


@pytest.mark.parametrize(
    ("token", "code"), [(None, "AuthenticationFailed"), ("not-a-token", "InvalidAuthenticationToken")]
)
def test_without_a_good_token_nothing_is_told(arm: Any, token: str | None, code: str) -> None:
    reply = arm("GET", "/subscriptions", token=token)
    assert (reply.status, reply.body["error"]["code"]) == (401, code)
    assert "authorization_uri=" in reply.headers["WWW-Authenticate"]


def test_the_api_version_is_required(arm: Any) -> None:
    reply = arm("GET", "/subscriptions", api_version=None)
    assert (reply.status, reply.body["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_what_is_not_there(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state)
    codes = {
        vms("00000000-0000-0000-0000-000000000000"): "SubscriptionNotFound",
        vm_id + "x": "ResourceNotFound",
        vm_id.replace("rg-app", "rg-none"): "ResourceGroupNotFound",
        f"/subscriptions/{subscription}/providers/Microsoft.Nothing": "InvalidResourceNamespace",
        f"/subscriptions/{subscription}/nothing": "InvalidResourceType",
    }
    for path, code in codes.items():
        reply = arm("GET", path)
        assert (reply.status, reply.body["error"]["code"]) == (404, code)
    assert arm("DELETE", vm_id).status == 405


def test_a_real_client_secret_credential_signs_in(state: DemoEstate, subscription: str, server: DemoServer) -> None:
    add_vm(state, name="vm-1")
    with (
        ClientSecretCredential(
            server.tenant_id,
            "demo-client",
            "demo-secret",
            authority=server.endpoint.removeprefix("https://"),
            disable_instance_discovery=True,
            connection_verify=server.ca_file,
        ) as credential,
        ComputeManagementClient(
            credential,
            subscription,
            base_url=server.endpoint,
            credential_scopes=[f"{server.endpoint}/.default"],
            connection_verify=server.ca_file,
        ) as compute,
    ):
        assert [vm.name for vm in compute.virtual_machines.list_all()] == ["vm-1"]


def test_a_token_of_another_tenant_is_refused(server: DemoServer, arm: Any) -> None:
    form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s", "scope": "x/.default"}
    url = f"{server.endpoint}/other-tenant/oauth2/v2.0/token"
    token = arm.session.post(url, data=form).json()["access_token"]
    reply = arm("GET", "/subscriptions", token=token)
    assert (reply.status, reply.body["error"]["code"]) == (401, "InvalidAuthenticationTokenTenant")
    assert arm.session.post(url, data=form | {"client_secret": ""}).status_code == 400


def test_a_denied_operation_names_itself(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    server.faults.deny(subscription, "Microsoft.Compute/virtualMachines/instanceView/read")
    assert arm("GET", vm_id).status == 200
    reply = arm("GET", f"{vm_id}/instanceView")
    assert (reply.status, reply.body["error"]["code"]) == (403, "AuthorizationFailed")
    assert "Microsoft.Compute/virtualMachines/instanceView/read" in reply.body["error"]["message"]
    server.faults.deny(subscription)
    assert arm("GET", vms(subscription)).status == 403
    assert len(arm.all("/subscriptions")) == 1
    server.faults.clear()
    assert arm("GET", vms(subscription)).status == 200


def test_injected_answers(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    add_vm(state)
    server.faults.fail("virtualMachines", 503, times=2, headers={"Retry-After": "7"})
    replies = [arm("GET", vms(subscription)) for _ in range(3)]
    assert [reply.status for reply in replies] == [503, 503, 200]
    assert replies[0].headers["Retry-After"] == "7"
    server.faults.answer("virtualMachines", b"<html>gateway</html>", 502, headers={"Content-Type": "text/html"})
    with pytest.raises(requests.JSONDecodeError):
        arm("GET", vms(subscription))

    def elsewhere(body: Any) -> Any:
        return body | {"nextLink": "https://evil.example/more"}

    server.faults.rewrite("virtualMachines", elsewhere)
    assert arm("GET", vms(subscription)).body["nextLink"] == "https://evil.example/more"
    assert [request.status for request in server.requests] == [503, 503, 200, 502, 200]


def test_connections_break_before_and_within_an_answer(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    add_vm(state)
    server.faults.reset("virtualMachines")
    with pytest.raises(requests.ConnectionError):
        arm("GET", vms(subscription))
    server.faults.truncate("virtualMachines")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        arm("GET", vms(subscription))
    assert arm("GET", vms(subscription)).status == 200
    assert [request.status for request in server.requests] == [0, 200, 200]


def test_a_reset_does_nothing(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    server.faults.reset("POST .*deallocate")
    with pytest.raises(requests.ConnectionError):
        arm("POST", f"{vm_id}/deallocate")
    assert arm("GET", f"{vm_id}/instanceView").body["statuses"][-1]["code"] == "PowerState/running"


def test_slow_answers(subscription: str, server: DemoServer, arm: Any) -> None:
    server.faults.slow("virtualMachines", 0.2, times=1)
    began = time.monotonic()
    arm("GET", vms(subscription))
    assert time.monotonic() - began >= 0.2


def test_the_default_pipeline_of_the_sdk_walks_into_the_trap(
    subscription: str, server: DemoServer, sdk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that is answered 409 makes it *register the provider*: a scan must not use that pipeline."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    server.faults.unregister(subscription, "Microsoft.Compute")
    assert list(sdk(ComputeManagementClient, subscription).virtual_machines.list_all()) == []
    assert "POST" in [request.method for request in server.requests]
    assert server.state.is_registered(subscription, "Microsoft.Compute")


def test_arm_refuses_once_the_bucket_is_empty(state: DemoEstate, subscription: str) -> None:
    add_vm(state)
    with run_in_thread(estate=state, throttle=True) as server, requests.Session() as session:
        session.trust_env = False
        session.verify = server.ca_file
        session.headers["Authorization"] = f"Bearer {server.token}"
        url = f"{server.endpoint}{vms(subscription)}?api-version=2024-07-01"
        first = session.get(url)
        assert first.headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"
        left = COMPUTE_LIMITS["HighCostGet"].size - 1
        assert first.headers["x-ms-ratelimit-remaining-resource"] == f"Microsoft.Compute/HighCostGet;{left}"
        server.azure.throttling.buckets[subscription, "reads"].tokens = 0
        refused = session.get(url)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"]["code"] == "TooManyRequests"


def test_resource_graph_takes_fifteen_queries_in_five_seconds(state: DemoEstate) -> None:
    with run_in_thread(estate=state, throttle=True) as server, requests.Session() as session:
        session.trust_env = False
        session.verify = server.ca_file
        session.headers["Authorization"] = f"Bearer {server.token}"
        url = f"{server.endpoint}/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
        replies = [session.post(url, json={"query": "resources | project id"}) for _ in range(17)]
        statuses = [reply.status_code for reply in replies]
        assert statuses[:15] == [200] * 15
        assert 429 in statuses[15:]
        assert [int(reply.headers["x-ms-user-quota-remaining"]) for reply in replies[:3]] == [14, 13, 12]
        assert 1 <= int(replies[statuses.index(429)].headers["Retry-After"]) <= 5


def test_a_rate_of_faults_hits_about_that_many(subscription: str, state: DemoEstate) -> None:
    state.seed = 3
    with run_in_thread(estate=state, fault_rate=0.3) as server:
        struck = [server.faults.strike("GET /") for _ in range(400)]
        assert 80 < sum(map(bool, struck)) < 160


def test_the_certificate_goes_with_the_server() -> None:
    with run_in_thread(machines=5) as server:
        ca_file = Path(server.ca_file)
        assert b"BEGIN CERTIFICATE" in ca_file.read_bytes()
    assert not ca_file.exists()


def test_serving_in_the_foreground_tells_when_it_is_ready_and_ends_on_an_interrupt() -> None:
    seen: list[tuple[str, int]] = []

    def ready(server: DemoServer) -> None:
        seen.append((server.endpoint, len(server.state.vms) + len(server.state.arc)))
        raise KeyboardInterrupt

    serve_forever(machines=8, on_ready=ready)
    ((endpoint, machines),) = seen
    assert endpoint.startswith("https://127.0.0.1:")
    assert machines == 8


def test_it_is_the_time_that_somebody_says(state: DemoEstate) -> None:
    then = datetime(2026, 6, 12, 22, 40, tzinfo=UTC)
    with run_in_thread(estate=state, now=then) as server:
        assert then <= server.azure.now() < then + timedelta(minutes=1)
        server.set_now(then + timedelta(hours=1))
        assert then + timedelta(hours=1) <= server.azure.now() < then + timedelta(hours=1, minutes=1)
        assert server.state.now == state.now != then
