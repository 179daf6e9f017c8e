"""What may leave for Azure, and what the journal is told of it."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from aumdoctor.azure.actions import Answer, OnlyAllowed, cancel_action, principal_of, redacted
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.errors import UsageError
from tests.builders import configuration

HOST = "https://management.azure.com"
START = datetime(2026, 6, 12, 23, 0, tzinfo=UTC)
ACTION = cancel_action(configuration().id, START)


def sent(method: str = "PUT", url: str | None = None, version: str = "2023-10-01-preview", **body: Any) -> Any:
    request = HttpRequest(
        method, url or HOST + ACTION.call.path, params={"api-version": version}, **(body or {"json": ACTION.call.body})
    )
    return SimpleNamespace(http_request=request)


def test_a_run_is_named_after_its_start_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert ACTION.call.path.endswith("/providers/Microsoft.Maintenance/applyUpdates/20260612230000")
    assert cancel_action(configuration().id, START.astimezone(tokyo)) == ACTION
    assert (ACTION.call.method, ACTION.call.body) == ("PUT", {"properties": {"status": "Cancel"}})
    assert ACTION.permission == "Microsoft.Maintenance/applyUpdates/write"


@pytest.mark.parametrize(
    "configuration_id",
    [
        "",
        "/subscriptions/s",
        configuration().id.replace("maintenanceConfigurations", "publicMaintenanceConfigurations"),
        configuration().id.replace("Microsoft.Maintenance", "Microsoft.Compute"),
        configuration("a?api-version=1").id,
        configuration("a#b").id,
        configuration("a/b").id,
        configuration("..").id,
        configuration("%2e%2e").id,
        configuration("a\n").id,
        configuration(resource_group="..").id,
        "//evil.example" + configuration().id,
    ],
)
def test_nothing_is_made_of_an_id_that_is_none(configuration_id: str) -> None:
    with pytest.raises(UsageError, match="not the id of a maintenance configuration"):
        cancel_action(configuration_id, START)


def test_the_allowed_request_passes_however_its_path_is_quoted() -> None:
    policy = OnlyAllowed(HOST, [ACTION])
    policy.on_request(sent())
    policy.on_request(sent(url=HOST + ACTION.call.path.replace("-", "%2D")))


@pytest.mark.parametrize(
    "request_",
    [
        sent("POST"),
        sent("DELETE"),
        sent("GET"),
        sent(version="2025-11-01"),
        sent(json={"properties": {"status": "Completed"}}),
        sent(content=b""),
        sent(url=HOST + ACTION.call.path[:-2] + "01"),
        sent(url=f"{HOST}{ACTION.call.path}?force=true"),
        sent(url=HOST + "/subscriptions/s/providers/Microsoft.Maintenance/register"),
    ],
    ids=lambda given: f"{given.http_request.method} {given.http_request.url[-40:]}",
)
def test_what_was_not_allowed_is_not_sent(request_: Any) -> None:
    with pytest.raises(ReadFailure) as caught:
        OnlyAllowed(HOST, [ACTION]).on_request(request_)
    assert caught.value.code == "NotAllowed"


@pytest.mark.parametrize("host", ["https://evil.example", "http://management.azure.com"])
def test_the_token_goes_to_no_other_host(host: str) -> None:
    with pytest.raises(ReadFailure) as caught:
        OnlyAllowed(HOST, [ACTION]).on_request(sent(url=host + ACTION.call.path))
    assert caught.value.code == "ForeignHost"


def token(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def test_who_acts_is_read_from_the_token() -> None:
    found = principal_of(token({"oid": "o", "appid": "a", "tid": "t", "upn": "me@contoso.com", "name": "Me"}))
    assert found is not None
    assert (found.object_id, found.application_id, found.tenant_id) == ("o", "a", "t")
    assert (modern := principal_of(token({"oid": "o", "azp": "a"}))) is not None
    assert modern.application_id == "a"


@pytest.mark.parametrize("text", ["", "demo-abc", "a.b.c", "a.%%%.c", token([1]), "..", token("x")])
def test_a_token_that_does_not_tell_is_no_error(text: str) -> None:
    assert principal_of(text) is None


def test_the_journal_gets_no_secret_of_what_was_read() -> None:
    seen = redacted(
        {
            "properties": {
                "errorMessage": "proxy http://me:hunter2@proxy:80, sig=abcdef",
                "adminPassword": "hunter2",
                "list": [{"clientSecret": "hunter2"}, "Bearer abcdefghijkl"],
                "status": "NotStarted",
                "count": 3,
            }
        }
    )
    assert "hunter2" not in json.dumps(seen)
    assert "abcdef" not in json.dumps(seen)
    assert (seen["properties"]["status"], seen["properties"]["count"]) == ("NotStarted", 3)


@pytest.mark.parametrize(
    ("status", "code", "is_lost"),
    [
        (None, "Timeout", True),
        (None, "ConnectionFailed", True),
        (None, "DnsFailure", False),
        (None, "AuthenticationFailed", False),
        (None, "NotAllowed", False),
        (408, "RequestTimeout", True),
        (500, "InternalServerError", True),
        (503, "ServiceUnavailable", True),
        (429, "TooManyRequests", False),
        (403, "AuthorizationFailed", False),
        (409, "Conflict", False),
        (307, "Http307", False),
    ],
)
def test_a_request_is_lost_where_it_may_have_been_carried_out(status: int | None, code: str, is_lost: bool) -> None:
    assert Answer(status=status, failure=ReadFailure(code, "x", status=status)).is_lost is is_lost
