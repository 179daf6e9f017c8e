"""What the providers of the embedded Azure share: calls, answers, errors, routes, paging, long-running operations."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from aumdoctor.demo.faults import Fault, Faults
from aumdoctor.demo.graph import ResourceGraph
from aumdoctor.demo.state import DemoEstate, Wire, key
from aumdoctor.demo.throttling import Throttling


class Recorded(NamedTuple):
    """A request that was answered; `status` is 0 where the connection was broken instead."""

    method: str
    path: str
    query: str
    status: int


class ArmError(Exception):
    """Ends a call with ARM's error envelope."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Wire = {"error": {"code": code, "message": message, **more}}


def not_found(resource_id: str) -> ArmError:
    """404 for a resource that is not there."""
    group = resource_id.split("/")[4] if resource_id.count("/") > 3 else ""
    return ArmError(
        404, "ResourceNotFound", f"The Resource '{resource_id}' under resource group '{group}' was not found."
    )


class Answer(msgspec.Struct):
    """A status, a body (JSON, or bytes as they are; None for none) and headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}


class Operation(msgspec.Struct, kw_only=True):
    """Something that goes on after it was accepted, see `aumdoctor.demo.operations`.

    `target` is the key of the resource that it works on, `kind` the last segment of the request (`start`,
    `assessPatches`). It ends when it has been asked about `polls_left` times or at `ends_at` (seconds of the monotonic
    clock), unless `held_by` is a fault that lets it go on for ever. What it does, it does at its end: `act` returns the
    result, `ended` hears whether it succeeded.
    """

    id: str
    target: str
    kind: str
    polls_left: int
    ends_at: float
    started: datetime
    act: Callable[[], Any]
    ended: Callable[[bool], None]
    held_by: Fault | None = None
    status: str = "InProgress"
    result: Any = None
    error: Wire | None = None


class Azure:
    """One running embedded Azure: the state and everything around it that is not a resource."""

    def __init__(
        self,
        state: DemoEstate,
        *,
        token: str,
        throttle: bool = False,
        fault_rate: float = 0.0,
        operation_polls: int = 1,
        retry_after: float = 1,
        now: datetime | None = None,
    ) -> None:
        self.state = state
        self.tenant_id = state.tenant_id
        self.tokens = {token: state.tenant_id}
        self.graph = ResourceGraph(state)
        self.faults = Faults(state, fault_rate)
        self.throttling = Throttling(enforced=throttle)
        self.operations: dict[str, Operation] = {}
        self.running: list[Operation] = []
        self.requests: list[Recorded] = []
        self.operation_polls = operation_polls
        self.retry_after = retry_after
        self._start = now
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The demo's time: the estate's own (or that of `set_now`), going on since the start."""
        start = self._start or self.state.now
        return start + timedelta(seconds=int(time.monotonic() - self._started))

    def set_now(self, now: datetime) -> None:
        """Let it be another time from here on; what exists stays as it is."""
        self._start, self._started = now, time.monotonic()

    def retry_headers(self) -> dict[str, str]:
        """When to poll again; below a second in Azure's own millisecond header, for tests in a hurry."""
        if self.retry_after >= 1:
            return {"Retry-After": str(int(self.retry_after))}
        return {"x-ms-retry-after-ms": str(int(self.retry_after * 1000))}


class Call(msgspec.Struct, kw_only=True):
    """One request: `query` and `headers` have lower-case names, `query` decoded values; `parts` is what the route's
    pattern took. `struck` are the faults that a test wished upon it."""

    azure: Azure
    method: str
    host: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str] = {}
    struck: tuple[Fault, ...] = ()
    parts: dict[str, str] = {}

    @property
    def state(self) -> DemoEstate:
        return self.azure.state

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    def json(self) -> Any:
        """The body. Raises ArmError 400 where it is no JSON object."""
        try:
            decoded = msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise ArmError(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error
        if not isinstance(decoded, dict):
            raise ArmError(400, "InvalidRequestContent", "The request content must be a JSON object.")
        return decoded

    def url(self, path: str, **query: str) -> str:
        """An absolute URL of this server with the api-version of the call."""
        parameters = {"api-version": self.api_version, **query}
        return f"https://{self.host}{quote(path, safe='/')}?{urlencode(parameters)}"


Handler = Callable[[Call], Answer]


class Route(NamedTuple):
    """A pattern of paths, the permission that the call takes, and Compute's throttling policy where it has one."""

    method: str
    pattern: re.Pattern[str]
    operation: str
    handler: Handler
    compute_policy: str | None = None


def route(method: str, template: str, operation: str, handler: Handler, compute_policy: str | None = None) -> Route:
    """A route by a template: `{name}` takes one segment, `{name:path}` several. Paths are compared without case."""
    pattern = "".join(
        f"(?P<{piece[1:-6]}>.+?)"
        if piece.endswith(":path}")
        else f"(?P<{piece[1:-1]}>[^/]+)"
        if piece.startswith("{")
        else re.escape(piece)
        for piece in re.split(r"(\{[^}]+\})", template)
    )
    return Route(method, re.compile(f"^{pattern}/?$", re.IGNORECASE), operation, handler, compute_policy)


def paged(
    call: Call, items: Sequence[Any], size: int, *, link: str = "nextLink", show: Callable[[Any], Any] | None = None
) -> Answer:
    """One page of a list with a link to the next; the token says where the page starts."""
    start = _start_of(call.query.get("$skiptoken"))
    chosen = items[start : start + size]
    body: Wire = {"value": [show(item) for item in chosen] if show else list(chosen)}
    if start + size < len(items):
        token = base64.urlsafe_b64encode(f"from:{start + size}".encode()).decode()
        kept = {name: value for name, value in call.query.items() if name not in ("$skiptoken", "api-version")}
        body[link] = call.url(call.path, **kept, **{"$skiptoken": token})
    return Answer(body=body)


def _start_of(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from:"))
    except ValueError as error:
        raise ArmError(400, "InvalidParameter", f"The skip token '{token}' is invalid.") from error


_CONDITION = re.compile(r"(\w+(?:/\w+)*)\s+(eq|ne|ge|le|gt|lt)\s+'((?:[^']|'')*)'", re.IGNORECASE)


def passes(row: Wire, condition: str | None) -> bool:
    """Whether a row passes an OData filter of comparisons joined by `and` and `or` (parentheses are not read)."""
    if not condition:
        return True
    return any(
        all(_compare(row, *found) for found in _CONDITION.findall(alternative))
        for alternative in re.split(r"\s+or\s+", condition, flags=re.IGNORECASE)
    )


def _compare(row: Wire, name: str, operator: str, literal: str) -> bool:
    value = row.get(name)
    text, wanted = str(value or "").lower(), literal.replace("''", "'").lower()
    match operator.lower():
        case "eq":
            return text == wanted
        case "ne":
            return text != wanted
        case "ge":
            return text >= wanted
        case "le":
            return text <= wanted
        case "gt":
            return text > wanted
    return text < wanted


def within(resources: Iterable[Wire], scope: str) -> list[Wire]:
    """The resources whose id lies below a scope, or is it."""
    prefix = key(scope) + "/"
    return [resource for resource in resources if f"{key(resource['id'])}/".startswith(prefix)]
