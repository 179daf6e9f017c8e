"""A lease on a blob, against an endpoint that lends blobs as storage does, over HTTPS."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from aumdoctor.azure.connection import ConnectionOptions
from aumdoctor.azure.credentials import StaticToken
from aumdoctor.azure.lease import SCOPE, BlobLease
from aumdoctor.demo.certificate import write_certificate
from aumdoctor.errors import UnreadableError, UsageError
from aumdoctor.store.lease import HeldError


class Storage:
    """One account with one blob, `locks/aumdoctor`. `holder` is whose lease it is; `answers` are given first, as status
    and code."""

    def __init__(self) -> None:
        self.holder: str | None = None
        self.answers: list[tuple[int, str]] = []
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.url = self.ca_file = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        action = request.headers.get("x-ms-lease-action", "")
        self.requests.append((request.method, action))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.answers:
            status, code = self.answers.pop(0)
            return web.Response(status=status, headers={"x-ms-error-code": code} if code else {})
        if request.path != "/locks/aumdoctor" or request.query_string != "comp=lease":
            return web.Response(status=404, headers={"x-ms-error-code": "BlobNotFound"})
        mine = request.headers.get("x-ms-proposed-lease-id") or request.headers["x-ms-lease-id"]
        if action == "acquire":
            if self.holder not in (None, mine):
                return web.Response(status=409, headers={"x-ms-error-code": "LeaseAlreadyPresent"})
            self.holder = mine
            return web.Response(status=201)
        if self.holder != mine:
            return web.Response(status=409, headers={"x-ms-error-code": "LeaseIdMismatchWithLeaseOperation"})
        if action == "release":
            self.holder = None
        return web.Response(status=200)

    @property
    def actions(self) -> list[str]:
        return [action for _, action in self.requests]


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    monkeypatch.setattr("aumdoctor.azure.lease.credential", lambda *_: StaticToken("a-token"))
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    certificate, key = write_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    made = Storage()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        made.url = f"https://127.0.0.1:{runner.addresses[0][1]}/locks/aumdoctor"
        return runner

    runner = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    made.ca_file = str(certificate)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def fail(reason: str) -> None:
    raise AssertionError(reason)


def lease(storage: Storage, url: str | None = None, **more: float) -> BlobLease:
    options = ConnectionOptions(ca_bundle=storage.ca_file)
    return BlobLease(url or storage.url, options, fail, **more)


def test_it_is_taken_and_given_back_by_two_requests_and_no_other(storage: Storage) -> None:
    with lease(storage) as mine:
        assert storage.holder == mine.token
    assert storage.holder is None
    assert storage.requests == [("PUT", "acquire"), ("PUT", "release")]
    first = storage.headers[0]
    assert first["authorization"] == "Bearer a-token"
    assert (first["x-ms-lease-duration"], first["x-ms-version"], first["content-length"]) == ("60", "2021-12-02", "0")
    assert "GMT" in first["x-ms-date"]
    assert SCOPE == "https://storage.azure.com/.default"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_it_is_given_back_whatever_ends_the_run(storage: Storage, error: type[BaseException]) -> None:
    with pytest.raises(error), lease(storage):
        raise error
    assert storage.holder is None


def test_a_second_run_does_not_get_it(storage: Storage) -> None:
    with lease(storage), pytest.raises(HeldError, match="another run holds the lease") as caught, lease(storage):
        pass
    assert caught.value.exit_code == 3
    assert storage.actions == ["acquire", "acquire", "release"]


def test_a_blob_that_is_not_there_is_wrong_usage_and_a_refusal_names_the_role(storage: Storage) -> None:
    with pytest.raises(UsageError, match="there is no blob"), lease(storage, storage.url + "-2"):
        pass
    storage.answers = [(403, "AuthorizationPermissionMismatch")]
    with pytest.raises(UnreadableError, match="AuthorizationPermissionMismatch") as caught, lease(storage):
        pass
    assert "Storage Blob Data Contributor" in (caught.value.advice or "")


def test_it_goes_to_that_host_only(storage: Storage) -> None:
    storage.answers = [(307, "")]
    with pytest.raises(UnreadableError, match="Http307"), lease(storage):
        pass
    assert len(storage.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://a.blob.core.windows.net/c/b",
        "https://a.blob.core.windows.net/c",
        "https://a.blob.core.windows.net/c/b?sv=2022&sig=secret",
        "https://user:secret@a.blob.core.windows.net/c/b",
        "nonsense",
    ],
)
def test_what_is_no_url_of_a_blob_is_refused_and_not_repeated(storage: Storage, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        lease(storage, url)
    assert "secret" not in caught.value.message


def test_a_token_for_resource_manager_is_not_sent_to_storage(storage: Storage) -> None:
    with pytest.raises(UsageError, match="not for storage"):
        BlobLease(storage.url, ConnectionOptions(auth="token", ca_bundle=storage.ca_file), fail)


def test_a_busy_account_is_asked_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aumdoctor.azure.lease._TRIED_AGAIN_AFTER", 0.01)
    storage.answers = [(503, "ServerBusy"), (500, "")]
    with lease(storage):
        assert storage.actions == ["acquire"] * 3
    assert storage.holder is None


def test_it_is_renewed_while_the_run_goes_on_and_a_fault_passes(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aumdoctor.azure.lease._TRIED_AGAIN_AFTER", 0.01)
    with lease(storage, renewed_every=0.05):
        storage.answers = [(503, "ServerBusy")]
        time.sleep(0.5)
    assert storage.actions.count("renew") >= 3
    assert storage.actions[-1] == "release"


def test_one_that_somebody_else_has_is_said_once_and_not_given_back(storage: Storage) -> None:
    lost: list[str] = []
    told = threading.Event()

    def on_lost(reason: str) -> None:
        lost.append(reason)
        told.set()

    options = ConnectionOptions(ca_bundle=storage.ca_file)
    with BlobLease(storage.url, options, on_lost, renewed_every=0.05):
        storage.holder = "theirs"
        assert told.wait(10)
    assert lost == [f"the lease of {storage.url} was lost: LeaseIdMismatchWithLeaseOperation"]
    assert storage.holder == "theirs"
    assert "release" not in storage.actions
