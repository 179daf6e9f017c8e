"""The embedded Azure as a server: HTTPS on loopback with a certificate of its own and one static token.

`run_in_thread` serves a `with` block, `serve_forever` a process. What a test injects goes through `.faults`, what was
asked is in `.requests`, what exists is in `.state`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import ssl
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from aumdoctor.demo import dispatch, operations
from aumdoctor.demo.certificate import write_certificate
from aumdoctor.demo.estate import DemoEstate, generate
from aumdoctor.demo.faults import Fault, Faults
from aumdoctor.demo.web import Answer, Azure, Call, Recorded

HOST = "127.0.0.1"
START_SECONDS = 30.0
_encoder = msgspec.json.Encoder()


class DemoServer:
    """A running embedded Azure: how to reach it, and what is going on in it."""

    def __init__(self, azure: Azure, token: str, ca_file: str, latency_ms: float) -> None:
        self.azure = azure
        self.token = token
        self.ca_file = ca_file
        self.latency_ms = latency_ms
        self.endpoint = ""
        self._transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()

    @property
    def state(self) -> DemoEstate:
        return self.azure.state

    @property
    def tenant_id(self) -> str:
        return self.azure.tenant_id

    @property
    def faults(self) -> Faults:
        return self.azure.faults

    @property
    def requests(self) -> list[Recorded]:
        return self.azure.requests

    def set_now(self, now: datetime) -> None:
        """Let it be another time from here on, such as twenty minutes before a run; what exists stays as it is."""
        self.azure.set_now(now)

    def settle(self) -> None:
        """Let every operation that can end do so now, as if enough time had passed."""
        operations.settle(self.azure, at_once=True)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, with the latency and the faults that were asked for."""
        azure = self.azure
        if request.transport is not None:
            self._transports.add(request.transport)
        line = f"{request.method} {request.path_qs}"
        query = {name.lower(): value for name, value in request.query.items()}
        body = await request.read()
        struck = azure.faults.strike(line)
        delay = self.latency_ms / 1000 + sum(fault.seconds for fault in struck)
        if delay:
            await asyncio.sleep(delay)
        for fault in struck:
            if fault.meanwhile is not None:
                fault.meanwhile(azure.state)
        if any(fault.is_reset and not fault.acts_first for fault in struck):
            azure.requests.append(Recorded(request.method, request.path, request.query_string, 0))
            return _broken(request)
        call = Call(
            azure=azure,
            method=request.method,
            host=request.host,
            path=request.path,
            query=query,
            body=body,
            headers={name.lower(): value for name, value in request.headers.items()},
            struck=tuple(struck),
        )
        result = _injected(struck, acts_first=False)
        if result is None:
            result = dispatch.answer(call, request.headers.get("Authorization"))
            result = _injected(struck, acts_first=True) or result
        lost = any(fault.is_reset for fault in struck)
        status = 0 if lost else result.status
        azure.requests.append(Recorded(request.method, request.path, request.query_string, status))
        if after := sum(fault.seconds_after for fault in struck):
            await asyncio.sleep(after)
        return _broken(request) if lost else await _send(request, result, struck)

    async def close(self, runner: web.AppRunner) -> None:
        """Stop listening and let go of every connection, those included whose client never says goodbye."""
        await runner.cleanup()
        unfinished = asyncio.all_tasks() - {asyncio.current_task()}
        for task in unfinished:  # answers that were to come late, and whose client has gone
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        for transport in list(self._transports):
            transport.abort()
        for _ in range(5):  # the loop needs some turns to close the sockets below
            await asyncio.sleep(0)


def _injected(struck: list[Fault], *, acts_first: bool) -> Answer | None:
    for fault in struck:
        if fault.status is not None and fault.acts_first == acts_first:
            return Answer(fault.status, fault.body, dict(fault.headers))
    return None


def _broken(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _send(request: web.Request, result: Answer, struck: list[Fault]) -> web.StreamResponse:
    content = result.body if isinstance(result.body, bytes) else b""
    if result.body is not None and not isinstance(result.body, bytes):
        content = _encoder.encode(result.body)
        for fault in struck:
            if fault.rewrite is not None:
                content = _encoder.encode(fault.rewrite(msgspec.json.decode(content)))
    request_id = request.headers.get("x-ms-client-request-id") or str(uuid.uuid4())
    headers = {**dispatch.standard_headers(request_id), **result.headers}
    if content and "Content-Type" not in headers:
        headers["Content-Type"] = "application/json; charset=utf-8"
    if not any(fault.is_truncation for fault in struck):
        return web.Response(status=result.status, body=content, headers=headers)
    response = web.StreamResponse(status=result.status, headers=headers)
    response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


@contextlib.contextmanager
def _prepared(
    *,
    machines: int,
    seed: int,
    latency_ms: float,
    throttle: bool,
    fault_rate: float,
    estate: DemoEstate | None,
    operation_polls: int,
    retry_after: float,
    now: datetime | None,
) -> Iterator[tuple[DemoServer, ssl.SSLContext]]:
    """A server that is not yet listening, with its certificate in a folder that goes away with it."""
    state = estate if estate is not None else generate(machines, seed, now=now or datetime.now(UTC))
    token = f"demo-{secrets.token_urlsafe(24)}"
    azure = Azure(
        state,
        token=token,
        throttle=throttle,
        fault_rate=fault_rate,
        operation_polls=operation_polls,
        retry_after=retry_after,
        now=now,
    )
    with tempfile.TemporaryDirectory(prefix="aumdoctor-demo-") as folder, contextlib.closing(azure.graph):
        certificate_file, key_file = write_certificate(Path(folder))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate_file, key_file)
        key_file.unlink()  # it is in memory now, and a killed process would leave it behind
        yield DemoServer(azure, token, str(certificate_file), latency_ms), tls


async def _listen(server: DemoServer, tls: ssl.SSLContext, port: int) -> web.AppRunner:
    app = web.Application(client_max_size=16 * 1024**2)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, HOST, port, ssl_context=tls).start()
    server.endpoint = f"https://{HOST}:{runner.addresses[0][1]}"
    return runner


@contextlib.contextmanager
def run_in_thread(
    *,
    machines: int = 500,
    seed: int = 1,
    latency_ms: float = 0,
    throttle: bool = False,
    fault_rate: float = 0.0,
    estate: DemoEstate | None = None,
    port: int = 0,
    operation_polls: int = 1,
    retry_after: float = 1,
    now: datetime | None = None,
) -> Iterator[DemoServer]:
    """Serve an embedded Azure from another thread for the duration of the block.

    `estate` instead of a generated one of `machines` machines from `seed`. `latency_ms` is waited before each answer,
    `throttle` enforces Azure's limits, `fault_rate` (0 to 1) is the share of requests that fail. A long-running
    operation or registration answers "in progress" `operation_polls` times, `retry_after` seconds apart. `now` is the
    time at the start (default: that of the estate); `DemoServer.set_now` changes it later. Raises OSError where the
    port cannot be had.
    """
    with _prepared(
        machines=machines,
        seed=seed,
        latency_ms=latency_ms,
        throttle=throttle,
        fault_rate=fault_rate,
        estate=estate,
        operation_polls=operation_polls,
        retry_after=retry_after,
        now=now,
    ) as (server, tls):
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="aumdoctor-demo", daemon=True)
        thread.start()
        runner: web.AppRunner | None = None
        try:
            runner = _wait(loop, _listen(server, tls, port))
            yield server
        finally:
            if runner is not None:
                _wait(loop, server.close(runner))
            loop.call_soon_threadsafe(loop.stop)
            thread.join(START_SECONDS)
            loop.close()


def _wait(loop: asyncio.AbstractEventLoop, coroutine: Any) -> Any:
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(START_SECONDS)


def serve_forever(
    *,
    machines: int = 500,
    seed: int = 1,
    latency_ms: float = 0,
    throttle: bool = False,
    fault_rate: float = 0.0,
    port: int = 0,
    on_ready: Callable[[DemoServer], None] | None = None,
) -> None:
    """Serve in the foreground until interrupted or told to end; `on_ready` is called once the server can be reached."""

    async def run(server: DemoServer, tls: ssl.SSLContext) -> None:
        stopped = asyncio.Event()
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        runner = await _listen(server, tls, port)
        try:
            if on_ready is not None:
                on_ready(server)
            await stopped.wait()
        finally:
            await server.close(runner)

    with (
        _prepared(
            machines=machines,
            seed=seed,
            latency_ms=latency_ms,
            throttle=throttle,
            fault_rate=fault_rate,
            estate=None,
            operation_polls=1,
            retry_after=1,
            now=None,
        ) as (server, tls),
        contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError),
    ):
        asyncio.run(run(server, tls))
