"""What stands between the command and Azure: a proxy, and what else the environment says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from aumdoctor.demo.estate import add_vm, empty_estate, plant
from tests.scenarios.acting import NOW, alone
from tests.scenarios.conftest import MACHINES_ALONE, Serve


class Proxy:
    """An HTTP proxy that makes tunnels for who has its password, and remembers where to."""

    def __init__(self) -> None:
        self.tunnels: list[str] = []
        self.refused = 0
        self.url = ""
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_up = threading.Event()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        wanted = "Basic " + base64.b64encode(b"me:s3cret").decode()
        if method != "CONNECT" or f"proxy-authorization: {wanted}".lower() not in head.lower():
            self.refused += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        self.tunnels.append(target)
        host, port = target.rsplit(":", 1)
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        self.url = f"http://me:s3cret@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._is_up.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    @contextlib.contextmanager
    def running(self) -> Iterator[Proxy]:
        thread = threading.Thread(target=asyncio.run, args=(self._serve(),))
        thread.start()
        assert self._is_up.wait(10)
        yield self
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        thread.join()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Proxy().running() as running:
        yield running


def test_azure_is_reached_through_the_proxy_of_the_environment(
    serve: Serve, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = serve(machines=5)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    estate = doctor.collect(facts=MACHINES_ALONE)
    assert len(estate.machines) == 5
    assert set(proxy.tunnels) == {doctor.server.endpoint.removeprefix("https://")}
    assert proxy.refused == 0


def test_a_host_that_needs_no_proxy_is_reached_directly(
    serve: Serve, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = serve(machines=5)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert len(doctor.collect(facts=MACHINES_ALONE).machines) == 5
    assert proxy.tunnels == []


def test_passwords_for_other_programs_are_left_alone(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A netrc with a `default` entry is a password for every host there is."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    doctor = serve(machines=5)
    assert len(doctor.collect(facts=MACHINES_ALONE).machines) == 5


def test_what_is_written_goes_the_same_way_as_what_is_read(
    serve: Serve, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = empty_estate(NOW)
    machine = add_vm(state, subscription=next(iter(state.subscriptions)), name="vm-1", os_type="Windows")
    plant(state, "AUM039", machine)
    ways: list[tuple[str, str | None]] = []
    send = AioHttpTransport.send

    async def seen(self: AioHttpTransport, request: Any, **options: Any) -> Any:
        ways.append((request.method, options.get("proxy")))
        return await send(self, request, **options)

    monkeypatch.setattr(AioHttpTransport, "send", seen)
    with alone(state, tmp_path) as acting:
        acting.plan("enable-periodic-assessment")
        ways.clear()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        code, report = acting.apply()
    assert (code, report["counts"]["done"]) == (0, 1)
    assert {method for method, _ in ways} >= {"GET", "PATCH"}
    assert {way for _, way in ways} == {proxy.url}
