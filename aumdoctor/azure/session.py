"""One ARM pipeline for all reads, with its policies named one by one.

The SDK's default pipeline is not used, because a scan must be a scan: that one registers resource providers by itself
on a 409, follows a nextLink to any host with the bearer token, and repeats POSTs. Here nothing but GET and three named
query POSTs can leave, every request goes to the ARM endpoint's own host, and waiting is shared by all workers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import (
    HeadersPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import ARMHttpLoggingPolicy, AsyncARMChallengeAuthenticationPolicy

from aumdoctor import __version__
from aumdoctor.azure import failures
from aumdoctor.azure.connection import ConnectionOptions, Endpoints, proxy_for, tls_context
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.limiter import Key, Limiter, backoff, retry_after
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.azure.wire.pages import page as decode_page

READING_POSTS = (
    re.compile(r"/providers/Microsoft\.ResourceGraph/resources", re.IGNORECASE),
    re.compile(r".*/providers/Microsoft\.PolicyInsights/policyStates/latest/queryResults", re.IGNORECASE),
    re.compile(r".*/providers/Microsoft\.PolicyInsights/remediations/[^/]+/listDeployments", re.IGNORECASE),
)
"""The POSTs that read: Azure made these queries POSTs, they change nothing."""

_TRIES_ON_FAULT = 5
_TRIES_ON_THROTTLE = 12
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_CONNECT_SECONDS = 20
_READ_SECONDS = 120
_CLOSING_SECONDS = 0.05


class ReadOnly(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Refuses any request that could write, and any that would carry the token to another host."""

    def __init__(self, arm_endpoint: str) -> None:
        self._host = urlsplit(arm_endpoint).netloc.lower()

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Raise ReadFailure where the request is not a read at the ARM endpoint."""
        method, url = request.http_request.method, urlsplit(request.http_request.url)
        if url.scheme != "https" or url.netloc.lower() != self._host:
            raise ReadFailure(
                "ForeignHost", f"Azure's answer pointed to {url.scheme}://{url.netloc}; the token is not sent there"
            )
        reads = method == "GET" or (method == "POST" and any(post.fullmatch(url.path) for post in READING_POSTS))
        if not reads:
            raise ReadFailure("ReadOnly", f"{method} {url.path} is no read, and a scan does not write")


class Session:
    """An open connection for reading. Use it as an asynchronous context manager; it closes credential and `http`.

    Every method raises ReadFailure and nothing else for what Azure or the network answers.
    """

    def __init__(
        self,
        options: ConnectionOptions,
        ends: Endpoints,
        credential: AsyncTokenCredential,
        http: aiohttp.ClientSession,
        on_wait: Callable[[float, Key], None],
    ) -> None:
        self._endpoint = ends.arm
        self._credential = credential
        self._http = http
        self._limiter = Limiter(on_wait)
        self._slots = asyncio.Semaphore(max(1, options.concurrency))
        self._graph_slots = asyncio.Semaphore(3)
        self.requests = 0
        # No redirects, no automatic provider registration, no blind retry: see the module's docstring.
        policies = [
            RequestIdPolicy(),
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy(base_user_agent=f"aumdoctor/{__version__}"),
            ReadOnly(ends.arm),
            AsyncARMChallengeAuthenticationPolicy(credential, ends.scope),
            ARMHttpLoggingPolicy(),
        ]
        self._client: AsyncARMPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncARMPipelineClient(
            base_url=ends.arm, policies=policies, transport=transport(http)
        )

    async def __aenter__(self) -> Session:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)
        await self._credential.close()
        await self._http.close()
        # TLS connections that were cut off in the middle take some turns of the loop to close (aiohttp's own advice).
        await asyncio.sleep(_CLOSING_SECONDS)

    async def get(self, path: str, api_version: str, parameters: Mapping[str, str] | None = None) -> bytes:
        """The body of a GET below the ARM endpoint."""
        return await self._read("GET", path, {"api-version": api_version, **(parameters or {})}, None)

    async def query(self, path: str, api_version: str, body: Mapping[str, Any]) -> bytes:
        """The body of one of the POSTs that read."""
        return await self._read("POST", path, {"api-version": api_version}, body)

    async def rows(
        self,
        path: str,
        api_version: str,
        parameters: Mapping[str, str] | None = None,
        *,
        post: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[msgspec.Raw]:
        """Every row of a list, over all its pages; with `post`, of a list that is asked for by POST.

        A nextLink is followed as Azure wrote it, with the method of the first page, and only at the ARM endpoint.
        Raises ReadFailure in the middle where a page fails; the rows before it have been given out.
        """
        method = "GET" if post is None else "POST"
        url, sent = path, {"api-version": api_version, **(parameters or {})}
        visited: set[str] = set()
        while True:
            found = await self._page(method, url, sent, post)
            for row in found.value or ():
                yield row
            link = found.next_link or found.odata_next_link
            if not link:
                return
            if link in visited:
                raise ReadFailure("MalformedResponse", "Azure's nextLink leads in a circle")
            visited.add(link)
            url, sent = link, {}

    async def _page(self, method: str, url: str, parameters: dict[str, str], body: Mapping[str, Any] | None) -> Any:
        for attempt in range(_TRIES_ON_FAULT):
            answer = await self._read(method, url, parameters, body)
            try:
                return decode_page(answer)
            except Malformed as error:
                # A page cut off in the middle is a fault of the way here, and worth asking for again.
                malformed = ReadFailure("MalformedResponse", f"a page of {urlsplit(url).path} is no list: {error}")
                await asyncio.sleep(backoff(attempt))
        raise malformed

    async def poll(self, url: str) -> tuple[int, bytes, float | None]:
        """One look at a long-running operation, at the URL that Azure named: status, body, and the seconds that Azure
        asks to wait before the next."""
        return await self._answer("GET", url, {}, None)

    async def _read(self, method: str, url: str, parameters: dict[str, str], body: Mapping[str, Any] | None) -> bytes:
        return (await self._answer(method, url, parameters, body))[1]

    async def _answer(
        self, method: str, url: str, parameters: dict[str, str], body: Mapping[str, Any] | None
    ) -> tuple[int, bytes, float | None]:
        target = urljoin(self._endpoint + "/", url)
        key = limiter_key(target)
        faults = throttled = 0
        while True:
            failure, wait = None, None
            try:
                await self._limiter.wait(key)
                async with self._graph_slots if key[1] == "graph" else self._slots:
                    await self._limiter.turn(key)
                    request = HttpRequest(method, target, params=parameters, json=body)
                    self.requests += 1
                    response = await self._client.send_request(request)
                    content = response.content  # read already; to read an empty one a second time is an error
                self._limiter.learn(key, response.headers)
                if response.status_code < 300:
                    return response.status_code, content, retry_after(response.headers)
                failure = failures.of_response(response, content)
                wait = retry_after(response.headers)
            except AzureError as error:
                failure = failures.of_exception(error)
            if failure.status == 429 or (failure.status == 503 and wait is not None):
                throttled += 1
                if throttled >= _TRIES_ON_THROTTLE:
                    raise failure
                self._limiter.hold(key, wait if wait is not None else backoff(throttled))
                continue
            if not _is_transient(failure):
                raise failure
            faults += 1
            if faults >= _TRIES_ON_FAULT:
                raise failure
            await asyncio.sleep(wait if wait is not None else backoff(faults - 1))


def http_session(options: ConnectionOptions) -> aiohttp.ClientSession:
    """One pool of connections for ARM and for signing in.

    The SDK's own transport would make a TLS context, and so a connection, for every request where a CA bundle is given;
    with the context in the connector they are kept open and used again. Nothing is taken from the environment: aiohttp
    would read the user's netrc for every request, and fail where it has a `default` entry beside the token.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls_context(options), limit=max(1, options.concurrency) + 8),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


class _Transport(AioHttpTransport):  # type: ignore[misc]
    """Sends by the proxy that the environment names for a host, looked up once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._proxies: dict[str, str | None] = {}

    async def send(self, request: Any, **options: Any) -> Any:
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._proxies:
            self._proxies[origin] = await asyncio.to_thread(proxy_for, origin)  # it may look names up
        return await super().send(request, proxy=self._proxies[origin], **options)


def transport(
    http: aiohttp.ClientSession, *, connect_seconds: float = _CONNECT_SECONDS, read_seconds: float = _READ_SECONDS
) -> AioHttpTransport:
    """The SDK's transport over a session that it does not close; proxies by HTTPS_PROXY and NO_PROXY."""
    return _Transport(session=http, session_owner=False, connection_timeout=connect_seconds, read_timeout=read_seconds)


def _is_transient(failure: ReadFailure) -> bool:
    if failure.status is not None:
        return failure.status in _TRANSIENT
    return failure.code in ("ConnectionFailed", "Timeout")


def limiter_key(url: str) -> Key:
    """Which of Azure's buckets a request draws from."""
    path = urlsplit(url).path.lower()
    if path.startswith("/providers/microsoft.resourcegraph"):
        return "tenant", "graph"
    segments = path.split("/", 3)
    subscription = segments[2] if path.startswith("/subscriptions/") and len(segments) > 2 and segments[2] else "tenant"
    return subscription, "compute" if "/providers/microsoft.compute/" in path else "arm"
