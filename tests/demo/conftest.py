"""Embedded Azures to talk to: one that is only read, and a fresh small one for whoever writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
import requests
from azure.core.credentials import AccessToken

from aumdoctor.demo.estate import DemoEstate, empty_estate
from aumdoctor.demo.server import DemoServer, run_in_thread

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


class StaticCredential:
    def __init__(self, token: str) -> None:
        self.token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self.token, int(time.time()) + 3600)


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any


class Caller:
    """Plain HTTPS, where the SDK would hide what is looked at."""

    def __init__(self, server: DemoServer) -> None:
        self.server = server
        self.session = requests.Session()
        # The variables of who runs the tests (REQUESTS_CA_BUNDLE, proxies) are not to be heard.
        self.session.trust_env = False
        self.session.verify = server.ca_file

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        api_version: str | None = "2024-07-01",
    ) -> Reply:
        url = path if path.startswith("https://") else self.server.endpoint + path
        parameters = {"api-version": api_version} if api_version and "api-version=" not in path else None
        headers = {} if token is None else {"Authorization": f"Bearer {token or self.server.token}"}
        reply = self.session.request(method, url, json=body, params=parameters, headers=headers, timeout=20)
        return Reply(reply.status_code, reply.json() if reply.content else None, reply.headers)

    def all(self, path: str) -> list[Any]:
        """Every item of a list, following nextLink."""
        items: list[Any] = []
        link: str | None = path
        while link:
            page = self("GET", link).body
            items += page["value"]
            link = page.get("nextLink")
        return items

    def query(self, kql: str, *, top: int = 1000, **more: Any) -> list[Any]:
        """Every row of a Resource Graph query, following $skipToken."""
        rows: list[Any] = []
        options: dict[str, Any] = {"$top": top}
        while True:
            body = {"query": kql, "options": options, **more}
            page = self("POST", "/providers/Microsoft.ResourceGraph/resources", body, api_version="2021-03-01").body
            rows += page["data"]
            if "$skipToken" not in page:
                return rows
            options = {"$top": top, "$skipToken": page["$skipToken"]}


Clients = Callable[..., Any]


@contextmanager
def _clients(server: DemoServer) -> Iterator[Clients]:
    with ExitStack() as stack:

        def make(kind: Any, *arguments: Any, **options: Any) -> Any:
            client = kind(
                StaticCredential(server.token),
                *arguments,
                base_url=server.endpoint,
                credential_scopes=[f"{server.endpoint}/.default"],
                connection_verify=server.ca_file,
                retry_total=0,
                **options,
            )
            return stack.enter_context(client)

        yield make


@pytest.fixture(scope="session")
def big() -> Iterator[DemoServer]:
    """A generated estate of 700 machines; nobody writes to it."""
    with run_in_thread(machines=700, seed=7) as server:
        yield server


@pytest.fixture
def state() -> DemoEstate:
    """One subscription with nothing in it, for a test to fill before it asks for `server`."""
    return empty_estate(NOW)


@pytest.fixture
def subscription(state: DemoEstate) -> str:
    return next(iter(state.subscriptions))


@pytest.fixture
def server(state: DemoEstate) -> Iterator[DemoServer]:
    with run_in_thread(estate=state, retry_after=0.02) as running:
        yield running


@pytest.fixture
def arm(server: DemoServer) -> Iterator[Caller]:
    caller = Caller(server)
    yield caller
    caller.session.close()


@pytest.fixture
def big_arm(big: DemoServer) -> Iterator[Caller]:
    caller = Caller(big)
    yield caller
    caller.session.close()


@pytest.fixture
def sdk(server: DemoServer) -> Iterator[Clients]:
    """Makes SDK clients of the small Azure: `sdk(ComputeManagementClient, subscription)`."""
    with _clients(server) as make:
        yield make


@pytest.fixture
def big_sdk(big: DemoServer) -> Iterator[Clients]:
    with _clients(big) as make:
        yield make
