"""The only place that writes to Azure.

Nothing leaves here but the actions that were allowed when the connection was opened, each compared with the request as
it is sent: method, path, api-version and body, at the ARM endpoint's own host. There are no redirects, there is no
automatic registration of providers, and no request is repeated while it is not known what became of it: then Azure is
asked first. Every step is told to a recorder before and after it is taken, and a recorder that fails stops what has
not been sent yet.
"""

from __future__ import annotations

import asyncio
import base64
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import aiohttp
import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import HeadersPolicy, SansIOHTTPPolicy, UserAgentPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import ARMHttpLoggingPolicy, AsyncARMChallengeAuthenticationPolicy

from aumdoctor import __version__
from aumdoctor.azure import failures
from aumdoctor.azure.connection import ConnectionOptions, Endpoints, endpoints
from aumdoctor.azure.credentials import credential
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.limiter import Key, retry_after
from aumdoctor.azure.loop import run
from aumdoctor.azure.session import Session, http_session, transport
from aumdoctor.errors import AumDoctorError, UsageError
from aumdoctor.model.redaction import redact
from aumdoctor.remedies.remedy import ArmCall

CANCEL_API_VERSION = "2023-10-01-preview"
"""The api-version in which runs are read and cancelled.

Cancelling is in 2023-09-01-preview and later, and not in the stable 2023-04-01. Of the later ones this is the first
whose specification has both the cancelling and the lists of runs; 2025-11-01 is stable, but so young that clouds other
than the public one may not have it yet.
"""

_CONNECT_SECONDS = 20
_READ_SECONDS = 30
_LOOK_SECONDS = 30
_THROTTLED_AT_MOST = 2
_LOST_AT_MOST = 3
_WAIT_WHEN_NONE_NAMED = 5.0
_LOOKS = (0.0, 1.0, 2.0, 4.0, 8.0)
_LOOKS_AFTER_LOSS = 2
_NOT_SENT = frozenset({"DnsFailure", "TlsFailure", "ProxyFailure", "AuthenticationFailed", "ForeignHost", "NotAllowed"})
_SECRET_NAME = re.compile(r"(?i)(password|passwd|pwd|secret|token|(account|access|sas)_?key|signature|protected)")


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One request that may be sent. `target` is the id of the resource that it changes, `permission` the right that it
    takes. `name` says what it is for, as a journal shows it."""

    name: str
    call: ArmCall
    target: str
    permission: str


class Principal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who acts, by the claims of the token: `oid`, `appid` (or `azp`) and `tid`."""

    object_id: str | None = None
    application_id: str | None = None
    tenant_id: str | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong with a request, without secrets."""

    code: str
    message: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an action, as it is told to the recorder.

    `intent` comes before a request is sent, `result` after its answer (or after it is known that none came), `outcome`
    at the end, when Azure was asked what became of it. `id` is the same for all steps of an action,
    `client_request_id` that of one request (Azure's support finds it by that). `before` and `after` are the resource
    as it was read, None where it did not exist or was not read; `said` is the outcome in a sentence.
    """

    event: Literal["intent", "result", "outcome"]
    id: str
    action: Action
    attempt: int
    client_request_id: str | None = None
    principal: Principal | None = None
    before: Any = None
    status: int | None = None
    request_id: str | None = None
    error: Fault | None = None
    after: Any = None
    said: str | None = None


Recorder = Callable[[Step], None]
"""Takes note of a step for good before it returns. An AumDoctorError out of it stops what was not sent yet."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for an action: `failure` is None where Azure accepted it; `wait` is the seconds that it asked to
    wait before the next request. `poll` is the URL at which a long-running operation is followed; with `has_status` its
    answers say how it stands (Azure-AsyncOperation), else their HTTP status does (Location)."""

    status: int | None = None
    request_id: str | None = None
    failure: ReadFailure | None = None
    wait: float | None = None
    poll: str | None = None
    has_status: bool = False

    @property
    def is_throttled(self) -> bool:
        """Whether Azure refused for now, without having looked at the request."""
        return self.status == 429

    @property
    def is_lost(self) -> bool:
        """Whether the request may have been carried out although no answer says so."""
        if self.failure is None:
            return False
        if self.status is None:
            return self.failure.code not in _NOT_SENT
        return self.status == 408 or self.status >= 500


class OnlyAllowed(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Refuses every request that is not one of the allowed actions, and any at another host."""

    def __init__(self, arm_endpoint: str, allowed: Iterable[Action]) -> None:
        self._host = urlsplit(arm_endpoint).netloc.lower()
        self._calls = tuple(action.call for action in allowed)

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Raise ReadFailure where the request may not be sent."""
        sent = request.http_request
        url = urlsplit(sent.url)
        if url.scheme != "https" or url.netloc.lower() != self._host:
            raise ReadFailure("ForeignHost", f"{sent.method} {url.scheme}://{url.netloc}: the token is not sent there")
        if not any(_is_call(call, sent) for call in self._calls):
            raise ReadFailure("NotAllowed", f"{sent.method} {url.path} was not allowed, and is not sent")


def _is_call(call: ArmCall, sent: HttpRequest) -> bool:
    url = urlsplit(sent.url)
    body = msgspec.json.decode(sent.content) if sent.content else None
    return (
        sent.method == call.method
        and unquote(url.path) == call.path
        and parse_qsl(url.query, keep_blank_values=True) == [("api-version", call.api_version)]
        and body == call.body
    )


class Writer:
    """An open connection that sends the actions that it was opened for. `session` reads beside it."""

    def __init__(
        self,
        session: Session,
        ends: Endpoints,
        sign_in: AsyncTokenCredential,
        http: aiohttp.ClientSession,
        allowed: Iterable[Action],
    ) -> None:
        self.session = session
        self._ends = ends
        self._credential = sign_in
        # No redirects, no automatic provider registration, no retries: see the module's docstring.
        policies = [
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy(base_user_agent=f"aumdoctor/{__version__}"),
            OnlyAllowed(ends.arm, allowed),
            AsyncARMChallengeAuthenticationPolicy(sign_in, ends.scope),
            ARMHttpLoggingPolicy(),
        ]
        way = transport(http, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS)
        self._client: AsyncARMPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncARMPipelineClient(
            base_url=ends.arm, policies=policies, transport=way
        )

    async def send(self, action: Action, client_request_id: str, *, if_match: str | None = None) -> Answer:
        """Send an action once, where `if_match` is given only if the resource still has that ETag. Never raises for
        what Azure or the network answers."""
        request = HttpRequest(
            action.call.method,
            self._ends.arm + quote(action.call.path, safe="/"),
            params={"api-version": action.call.api_version},
            json=action.call.body,
            headers={"x-ms-client-request-id": client_request_id} | ({"If-Match": if_match} if if_match else {}),
        )
        try:
            response = await self._client.send_request(request)
            body = response.content  # read already; to read an empty one a second time is an error
        except AzureError as error:
            return Answer(failure=failures.of_exception(error))
        except ReadFailure as failure:
            return Answer(failure=failure)
        answered = Answer(
            status=response.status_code,
            request_id=response.headers.get("x-ms-request-id") or response.headers.get("x-ms-correlation-request-id"),
            wait=retry_after(response.headers),
            poll=response.headers.get("Azure-AsyncOperation") or response.headers.get("Location"),
            has_status="Azure-AsyncOperation" in response.headers,
        )
        if response.status_code < 300:
            return answered
        return msgspec.structs.replace(answered, failure=failures.of_response(response, body))

    async def read(self, path: str, api_version: str, *, with_view: bool = False) -> Any:
        """A resource as Azure shows it, without secrets, `with_view` with its instance view; None where Azure answers
        that it does not exist.

        Raises ReadFailure where that cannot be told.
        """
        try:
            parameters = {"$expand": "instanceView"} if with_view else None
            body = await self.session.get(quote(path, safe="/"), api_version, parameters)
        except ReadFailure as failure:
            if failure.status == 404 and failure.code not in ("SubscriptionNotFound", "InvalidResourceType"):
                return None
            raise
        try:
            return redacted(msgspec.json.decode(body))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReadFailure("MalformedResponse", f"the answer about {path} is no JSON: {error}") from error

    async def principal(self) -> Principal | None:
        """Who acts, None where the token does not tell or there is none."""
        try:
            token = await self._credential.get_token(self._ends.scope)
        except AzureError:
            return None
        return principal_of(token.token)


@asynccontextmanager
async def writing(options: ConnectionOptions, allowed: Iterable[Action]) -> AsyncIterator[Writer]:
    """Open a connection for some actions and no others. Raises UsageError for options that cannot be used."""
    ends = endpoints(options)
    http = http_session(options)
    # aiohttp repeats a PUT or DELETE by itself where the connection breaks before the answer, and offers no option
    # against it but this attribute, which its own test client sets. A test counts the requests.
    http._retry_connection = False
    try:
        sign_in = credential(options, ends, transport(http))
    except UsageError:
        await http.close()
        raise
    async with Session(options, ends, sign_in, http, _wait_unheard) as session:
        yield Writer(session, ends, sign_in, http, allowed)


def _wait_unheard(_seconds: float, _key: Key) -> None:
    """The waits of the few reads here are not worth a remark."""


def principal_of(token: str) -> Principal | None:
    """Who a bearer token is for, by its payload, which is not verified: that is for Azure. None for a token that is no
    JSON Web Token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = msgspec.json.decode(payload)
    except (ValueError, msgspec.DecodeError):
        return None
    if not isinstance(claims, dict):
        return None

    def claim(*names: str) -> str | None:
        return next((claims[name] for name in names if isinstance(claims.get(name), str)), None)

    return Principal(object_id=claim("oid"), application_id=claim("appid", "azp"), tenant_id=claim("tid"))


def redacted(value: Any) -> Any:
    """A JSON value without secrets: texts are searched for them, and members that are named like one are replaced."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, dict):
        return {
            name: "[redacted]" if isinstance(item, str) and _SECRET_NAME.search(name) else redacted(item)
            for name, item in value.items()
        }
    return value


# Cancelling the run of a maintenance configuration.

CANCEL_PERMISSION = "Microsoft.Maintenance/applyUpdates/write"
"""The right to cancel a run. The role Contributor has it."""

READ_RUN_PERMISSION = "Microsoft.Maintenance/applyUpdates/read"
"""The right to see what a run's status is. The role Reader has it."""

_CONFIGURATION_ID = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourcegroups/(?!\.\.?/)[^/?#%\\\s]+"
    r"/providers/microsoft\.maintenance/maintenanceconfigurations/(?!\.\.?$)[^/?#%\\\s]+",
    re.IGNORECASE,
)
_BEGUN = frozenset(
    {"inprogress", "succeeded", "completed", "completedwithwarnings", "failed", "retrynow", "retrylater"}
)
"""The statuses, in lower case, of runs that have begun or ended. One that is not known is left to Azure to refuse."""


class Fate(StrEnum):
    """What became of a cancelling. CANCELLED: Azure shows the run as Cancelled. REFUSED: the run was not cancelled.
    UNKNOWN: it may have been."""

    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Cancelling(msgspec.Struct, frozen=True, kw_only=True):
    """A run to cancel: `starts_at` is its start, `until` the time after which nothing is sent any more. `record`
    takes note of the steps."""

    configuration_id: str
    starts_at: datetime
    until: datetime
    record: Recorder


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a cancelling, and in a sentence why. `permission` is the right that was missing."""

    fate: Fate
    said: str
    permission: str | None = None


def cancel_action(configuration_id: str, starts_at: datetime) -> Action:
    """The request that cancels the run of a configuration which begins at a time.

    A run is named after its start in UTC (`yyyyMMddHHmmss`); `Cancel` is the status to be set and `Cancelled` the one
    to be read (azure-rest-api-specs: Microsoft.Maintenance 2023-10-01-preview, ApplyUpdates_CreateOrUpdateOrCancel).
    Raises UsageError for an id that is not one of a maintenance configuration.
    """
    if not _CONFIGURATION_ID.fullmatch(configuration_id):
        raise UsageError(f"{configuration_id!r} is not the id of a maintenance configuration: nothing is sent to it")
    name = f"{starts_at.astimezone(UTC):%Y%m%d%H%M%S}"
    run_id = f"{configuration_id}/providers/Microsoft.Maintenance/applyUpdates/{name}"
    body = {"properties": {"status": "Cancel"}}
    call = ArmCall(method="PUT", path=run_id, api_version=CANCEL_API_VERSION, body=body)
    return Action(name="cancel-run", call=call, target=run_id, permission=CANCEL_PERMISSION)


def cancel_runs(
    options: ConnectionOptions,
    runs: Sequence[Cancelling],
    now: Callable[[], datetime],
    looks: Sequence[float] = _LOOKS,
) -> tuple[Outcome, ...]:
    """Cancel some runs, all at once; blocks until it is known what became of each.

    `now` is the clock; `looks` are the seconds to wait before each look at what became of a run. Raises UsageError for
    connection options that cannot be used or an id that is none; everything else is in the outcomes, in the order of
    `runs`.
    """
    actions = tuple(cancel_action(run.configuration_id, run.starts_at) for run in runs)

    async def all_of_them() -> tuple[Outcome, ...]:
        async with writing(options, actions) as writer:
            ends = [asyncio.create_task(cancel_run(writer, run, now, looks)) for run in runs]
            # Each is seen through to its end, whatever happens to the others.
            await asyncio.gather(*ends, return_exceptions=True)
            return tuple(end.result() for end in ends)

    return run(all_of_them())


async def cancel_run(
    writer: Writer, run: Cancelling, now: Callable[[], datetime], looks: Sequence[float] = _LOOKS
) -> Outcome:
    """Cancel one run, by a writer that was opened for it.

    The run is read first: one that is Cancelled already is left alone, and so is one that has begun. Done is only what
    Azure then shows as Cancelled. A refusal for now (429) is waited out twice where that ends before `run.until`. Where
    an answer was lost the run is read before the request is sent again.
    """
    return await _Course(writer, run, now, looks).follow()


class _Course:
    """The course of one cancelling, and what has been seen and sent so far."""

    def __init__(self, writer: Writer, run: Cancelling, now: Callable[[], datetime], looks: Sequence[float]) -> None:
        self._writer = writer
        self._run = run
        self._now = now
        self._looks = looks
        self._action = cancel_action(run.configuration_id, run.starts_at)
        self._id = str(uuid.uuid4())
        self._attempts = 0
        self._seen: Any = None
        self._unrecorded: str | None = None

    async def follow(self) -> Outcome:
        try:
            self._seen = await self._read(max(1.0, (self._run.until - self._now()).total_seconds()))
        except ReadFailure as failure:
            said = f"the run could not be read, so nothing was sent: {_told(failure)}"
            return _refused(said, failure, READ_RUN_PERMISSION)
        if self._is_cancelled:
            return Outcome(fate=Fate.CANCELLED, said="the run had been cancelled before")
        if self._has_begun:
            return _refused(f"the run has begun, its status is {self._status}: it cannot be cancelled any more")
        outcome = await self._cancel()
        if self._attempts and self._unrecorded is None:
            self._note("outcome", after=self._seen, said=outcome.said)
        if self._attempts and self._unrecorded is not None:
            outcome = msgspec.structs.replace(outcome, said=f"{outcome.said}; {self._unrecorded}")
        return outcome

    async def _cancel(self) -> Outcome:
        before, principal = self._seen, await self._writer.principal()
        throttled = lost = 0
        while True:
            if self._now() > self._run.until:
                return _refused(f"since {self._run.until:%H:%M} UTC it is too late to cancel the run")
            request_id = str(uuid.uuid4())
            request: dict[str, Any] = {"client_request_id": request_id, "principal": principal}
            try:
                self._attempts += 1
                self._run.record(self._step("intent", before=before, **request))
            except AumDoctorError as unrecorded:
                self._attempts -= 1
                return _refused(f"nothing {'more ' * bool(self._attempts)}was sent: {unrecorded.message}")
            try:
                answer = await self._writer.send(self._action, request_id)
            except asyncio.CancelledError:
                self._note("result", error=Fault(code="Interrupted", message="no answer was waited for"), **request)
                raise
            failure = answer.failure
            error = Fault(code=failure.code, message=failure.message) if failure is not None else None
            self._note("result", status=answer.status, request_id=answer.request_id, error=error, **request)
            if failure is None:
                return await self._after_acceptance()
            if answer.is_throttled and throttled < _THROTTLED_AT_MOST:
                throttled += 1
                wait = answer.wait if answer.wait is not None else _WAIT_WHEN_NONE_NAMED
                if self._now() + timedelta(seconds=wait) > self._run.until:
                    return _refused(f"Azure asks to wait {wait:.0f} s, and then it is too late: {_told(failure)}")
                await asyncio.sleep(wait)
                continue
            if not answer.is_lost:
                return _refused(f"Azure refused to cancel the run: {_told(failure)}", failure, CANCEL_PERMISSION)
            lost += 1
            found = await self._after_loss(failure, is_last=lost >= _LOST_AT_MOST)
            if found is not None:
                return found

    async def _after_acceptance(self) -> Outcome:
        """What Azure shows once it has accepted the request."""
        try:
            await self._look(self._looks)
        except ReadFailure as failure:
            said = f"Azure accepted the request, but the run could not be read again: {_told(failure)}"
            return Outcome(fate=Fate.UNKNOWN, said=said)
        if self._is_cancelled:
            return Outcome(fate=Fate.CANCELLED, said="the run is cancelled: Azure shows it as Cancelled")
        said = f"Azure accepted the request, but shows the run as {self._status}, not as Cancelled"
        return Outcome(fate=Fate.UNKNOWN, said=said)

    async def _after_loss(self, lost: ReadFailure, *, is_last: bool) -> Outcome | None:
        """What Azure shows where no answer came; None where the request is worth sending again."""
        try:
            await self._look(self._looks[:_LOOKS_AFTER_LOSS])
        except ReadFailure as failure:
            said = f"no answer came ({_told(lost)}), and the run could not be read again: {_told(failure)}"
            return Outcome(fate=Fate.UNKNOWN, said=said)
        if self._is_cancelled:
            said = "the run is cancelled: the answer was lost, but Azure shows it as Cancelled"
            return Outcome(fate=Fate.CANCELLED, said=said)
        if self._has_begun:
            return _refused(f"no answer came ({_told(lost)}), and the run has begun: its status is {self._status}")
        if not is_last:
            return None
        said = f"no answer came in {_LOST_AT_MOST} tries ({_told(lost)}), and Azure shows the run as {self._status}"
        return Outcome(fate=Fate.UNKNOWN, said=said)

    async def _look(self, looks: Sequence[float]) -> None:
        """Read the run until it is cancelled or has begun, or there is no further look. Raises ReadFailure."""
        for pause in looks:
            await asyncio.sleep(pause)
            self._seen = await self._read(_LOOK_SECONDS)
            if self._is_cancelled or self._has_begun:
                return

    async def _read(self, seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await self._writer.read(self._action.call.path, self._action.call.api_version)
        except TimeoutError as error:
            raise ReadFailure("Timeout", f"the run was not read within {seconds:.0f} s") from error

    @property
    def _status(self) -> str:
        """The status of the run as it was last seen."""
        properties = self._seen.get("properties") if isinstance(self._seen, dict) else None
        status = properties.get("status") if isinstance(properties, dict) else None
        return status if isinstance(status, str) else "not announced yet" if self._seen is None else "unknown"

    @property
    def _is_cancelled(self) -> bool:
        return self._status.lower() == "cancelled"

    @property
    def _has_begun(self) -> bool:
        return self._status.lower() in _BEGUN

    def _step(self, event: Literal["intent", "result", "outcome"], **more: Any) -> Step:
        return Step(event=event, id=self._id, action=self._action, attempt=self._attempts, **more)

    def _note(self, event: Literal["result", "outcome"], **more: Any) -> None:
        """Record what has happened already; a failure is told with the outcome, for it cannot be stopped any more."""
        try:
            self._run.record(self._step(event, **more))
        except AumDoctorError as error:
            self._unrecorded = f"what became of it could not be recorded: {error.message}"


def _refused(said: str, failure: ReadFailure | None = None, permission: str | None = None) -> Outcome:
    """A refusal; `permission` is the right that the request took, for where a denial does not name the missing one."""
    missing = None
    if failure is not None and failure.is_denied:
        missing = failure.missing_permission or (permission if failure.status == 403 else None)
    if missing is not None:
        said = f"{said}; the missing permission is {missing}"
    return Outcome(fate=Fate.REFUSED, said=said, permission=missing)


def _told(failure: ReadFailure) -> str:
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    return f"{failure.code}: {failure.message}{request}"
