"""A lease on a blob: what keeps two unattended runs on different hosts from acting at once.

The blob is a lock and nothing else: its content is neither read nor written, and no other request is made than the
three that take, renew and give back a lease. Storage lends it for a minute; it is renewed from a thread while the run
goes on, and is free by itself soon after the run is gone. Source: the REST reference of Blob Storage, Lease Blob.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, HeadersPolicy, UserAgentPolicy
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from aumdoctor import __version__
from aumdoctor.azure import failures
from aumdoctor.azure.connection import ConnectionOptions, endpoints
from aumdoctor.azure.credentials import credential
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.session import http_session, transport
from aumdoctor.errors import AumDoctorError, UnreadableError, UsageError
from aumdoctor.store.lease import HeldError

API_VERSION = "2021-12-02"
SCOPE = "https://storage.azure.com/.default"
"""What tokens for Blob Storage are asked for, in every cloud."""
ROLE = "Storage Blob Data Contributor"

_SECONDS = 60
"""How long storage lends a blob; it takes 15 to 60 seconds."""
_RENEWED_EVERY = 15.0
_TRIED_AGAIN_AFTER = 2.0
_TRIES = 3
_REQUEST_SECONDS = 10


class BlobLease:
    """A lease on a blob, held from entering the context to leaving it, also by an error or Ctrl-C.

    `url` is that of the blob, https and without a query; UsageError is raised for anything else, and for a sign-in by a
    bearer token, which is for Resource Manager and must not be sent elsewhere. Entering raises
    HeldError where another run has it, UsageError where there is no such blob, UnreadableError where storage cannot be
    reached or refuses. Nothing is ever taken over: `taken_over` is empty. `on_lost` is called once, from a thread,
    where the lease could not be renewed in time or somebody else has it: the run must end.
    """

    def __init__(
        self,
        url: str,
        options: ConnectionOptions,
        on_lost: Callable[[str], None],
        *,
        renewed_every: float = _RENEWED_EVERY,
    ) -> None:
        parts = urlsplit(url)
        is_blob = parts.scheme == "https" and parts.hostname and len(parts.path.strip("/").split("/")) >= 2
        if not is_blob or parts.query or parts.fragment or parts.username or parts.password:
            raise UsageError(
                "--lease-url is not the URL of a blob, or has more than that in it",
                advice="give https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB, without a signature",
            )
        if options.auth == "token":
            raise UsageError(
                "--lease-url does not work with --auth token: that token is for Resource Manager, not for storage",
                advice="sign in in another way, or keep the lease in a file: --lease",
            )
        self.place = self.url = url
        self.taken_over = ""
        self.token = str(uuid.uuid4())
        self._options = options
        self._on_lost = on_lost
        self._renewed_every = renewed_every
        self._began = threading.Event()
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="aumdoctor-lease", daemon=True)

    def __enter__(self) -> BlobLease:
        self._thread.start()
        try:
            self._began.wait()
        except BaseException:
            self._end()
            raise
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._hold())
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for, or ends the run
            if self._began.is_set():
                self._on_lost(f"the lease could not be renewed: {error}")
            else:
                self._failure = error
        finally:
            self._began.set()

    async def _hold(self) -> None:
        ends = endpoints(self._options)
        http = http_session(self._options)
        http._retry_connection = False  # aiohttp would repeat a PUT by itself
        way = transport(http, connect_seconds=_REQUEST_SECONDS, read_seconds=_REQUEST_SECONDS)
        try:
            sign_in = credential(self._options, ends, way)
        except UsageError:
            await http.close()
            raise
        try:
            async with _client(self.url, sign_in, way) as client:
                held_until = time.monotonic() + _SECONDS
                await self._acquire(client)
                self._began.set()
                lost = await self._keep(client, held_until)
                if lost:
                    self._on_lost(lost)
                else:
                    await self._ask(client, "release")
        finally:
            await sign_in.close()
            await http.close()

    async def _acquire(self, client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse]) -> None:
        """Raises HeldError, UsageError and UnreadableError. To take one's own lease again is no error in storage, so
        that a request without an answer can be repeated."""
        for attempt in range(_TRIES):
            code = await self._ask(client, "acquire")
            if code == "" or not _may_pass(code) or attempt == _TRIES - 1:
                break
            await asyncio.sleep(_TRIED_AGAIN_AFTER)
        if code:
            raise self._refused(code)

    async def _keep(self, client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse], held_until: float) -> str:
        """Renew until the run ends; why the lease was lost, empty where it was not."""
        pause = self._renewed_every
        while not await asyncio.to_thread(self._ended.wait, pause):
            asked_at = time.monotonic()
            code = await self._ask(client, "renew")
            if not code:
                held_until, pause = asked_at + _SECONDS, self._renewed_every
                continue
            if not _may_pass(code):
                return f"the lease of {self.url} was lost: {code}"
            pause = min(_TRIED_AGAIN_AFTER, self._renewed_every)
            if time.monotonic() + _REQUEST_SECONDS + pause >= held_until:
                return f"the lease of {self.url} could not be renewed: {code}"
        return ""

    async def _ask(self, client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse], action: str) -> str:
        """Send one of the three requests; storage's code or the kind of failure, empty where it did it. Never raises
        for what storage or the network answers."""
        name = "x-ms-proposed-lease-id" if action == "acquire" else "x-ms-lease-id"
        headers = {
            "x-ms-lease-action": action,
            name: self.token,
            "x-ms-date": format_datetime(datetime.now(UTC), usegmt=True),
            "x-ms-client-request-id": str(uuid.uuid4()),
            "Content-Length": "0",
        }
        if action == "acquire":
            headers["x-ms-lease-duration"] = str(_SECONDS)
        request = HttpRequest("PUT", self.url, params={"comp": "lease"}, headers=headers)
        try:
            response = await client.send_request(request)
        except AzureError as error:
            return failures.of_exception(error).code
        except ReadFailure as failure:
            return failure.code
        if response.status_code < 300:
            return ""
        return response.headers.get("x-ms-error-code") or f"Http{response.status_code}"

    def _refused(self, code: str) -> AumDoctorError:
        if code == "LeaseAlreadyPresent":
            return HeldError(
                f"another run holds the lease on {self.url}",
                advice="let it end; where its host is gone, the lease ends by itself within a minute",
            )
        if code in ("BlobNotFound", "ContainerNotFound", "ResourceNotFound"):
            return UsageError(
                f"there is no blob {self.url} ({code})",
                advice="make an empty one: az storage blob upload --auth-mode login --data '' --blob-url URL",
            )
        return UnreadableError(
            f"no lease on {self.url} could be had: {code}",
            advice=f"the sign-in needs the role {ROLE} on the container, and a way to the account",
        )


def _client(
    url: str, sign_in: AsyncTokenCredential, way: AioHttpTransport
) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
    """A pipeline without redirects and without retries: the token goes to this host and no other."""
    policies: list[Any] = [
        HeadersPolicy({"x-ms-version": API_VERSION}),
        UserAgentPolicy(base_user_agent=f"aumdoctor/{__version__}"),
        AsyncBearerTokenCredentialPolicy(sign_in, SCOPE),
    ]
    return AsyncPipelineClient(base_url=url, policies=policies, transport=way)


_LOST = frozenset(
    {
        "LeaseAlreadyPresent",
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseIsBrokenAndCannotBeRenewed",
        "LeaseIsBreakingAndCannotBeAcquired",
        "LeaseLost",
        "LeaseNotPresentWithLeaseOperation",
    }
)


def _may_pass(code: str) -> bool:
    """Whether the same request may succeed later: a broken connection or a busy server, and not a refusal."""
    passing = code in ("ConnectionFailed", "Timeout", "DnsFailure", "ServerBusy", "InternalError", "OperationTimedOut")
    return code not in _LOST and (passing or code.startswith("Http5") or code == "Http429")
