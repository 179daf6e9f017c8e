"""What goes wrong with the embedded Azure: rights that are missing, answers that fail, connections that break."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable
from typing import Any

import msgspec

from aumdoctor.demo.state import DemoEstate

ALL = "*"


class Fault(msgspec.Struct, kw_only=True):
    """One injected fault: for requests whose `METHOD /path?query` matches, at most `times` times (None: always).

    `acts_first` lets the request be carried out before its answer is lost. `never_ends` and `fails` are about the
    operation that the request begins. `is_released` is set when the faults are cleared.
    """

    pattern: re.Pattern[str]
    times: int | None = None
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = {}
    seconds: float = 0.0
    seconds_after: float = 0.0
    acts_first: bool = False
    never_ends: bool = False
    fails: tuple[str, dict[str, Any]] | None = None
    meanwhile: Callable[[DemoEstate], None] | None = None
    is_released: bool = False
    is_reset: bool = False
    is_truncation: bool = False
    rewrite: Callable[[Any], Any] | None = None

    def take(self, request_line: str) -> bool:
        """Whether the fault strikes now; counts it."""
        if self.times == 0 or not self.pattern.search(request_line):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Denial(msgspec.Struct, frozen=True):
    """An operation (`Microsoft.Compute/virtualMachines/read`, `*` for all) that is refused in a subscription."""

    subscription: str
    operation: str
    code: str


class Faults:
    """Through which tests inject faults. Patterns are regular expressions, sought in `METHOD /path?query`.

    Thread-safe enough for its use: a test's thread appends, the server's thread reads.
    """

    def __init__(self, state: DemoEstate, rate: float = 0.0) -> None:
        self.state = state
        self.rate = rate
        self.random = random.Random(state.seed)
        self.denials: list[Denial] = []
        self.faults: list[Fault] = []
        self.trapped_providers: set[str] = set()

    def clear(self) -> None:
        """Everything works again (a provider that was unregistered stays so), and what would never end goes on."""
        self.denials.clear()
        for fault in self.faults:
            fault.is_released = True
        self.faults.clear()
        self.trapped_providers.clear()

    def deny(self, subscription: str, operation: str = ALL, code: str = "AuthorizationFailed") -> None:
        """Answer 403 to an operation in a subscription; Resource Graph leaves out what may not be read.

        The subscription stays listed, as one is where a right is held on any resource in it.
        """
        self.denials.append(Denial(subscription.lower(), operation.lower(), code))

    def denied(self, subscription: str, operation: str) -> Denial | None:
        """The denial that an operation runs into."""
        for denial in self.denials:
            if denial.subscription == subscription.lower() and denial.operation in (ALL, operation.lower()):
                return denial
        return None

    def hidden_rows(self) -> list[tuple[str, str]]:
        """(subscription, resource type or `*`) of the rows that Resource Graph must not show."""
        return [
            (denial.subscription, ALL if denial.operation == ALL else denial.operation.removesuffix("/read"))
            for denial in self.denials
            if denial.operation == ALL or denial.operation.endswith("/read")
        ]

    def fail(
        self,
        path_regex: str,
        status: int = 503,
        times: int | None = 1,
        headers: dict[str, str] | None = None,
        *,
        code: str = "ServiceUnavailable",
        message: str = "The demo was told to fail here.",
    ) -> Fault:
        """Answer with an error envelope instead of what was asked for."""
        return self.answer(path_regex, {"error": {"code": code, "message": message}}, status, times, headers)

    def answer(
        self,
        path_regex: str,
        body: Any,
        status: int = 200,
        times: int | None = 1,
        headers: dict[str, str] | None = None,
    ) -> Fault:
        """Answer with this body: JSON, or bytes as they are."""
        return self._add(path_regex, times=times, status=status, body=body, headers=headers or {})

    def reset(self, path_regex: str, times: int | None = 1) -> Fault:
        """Break the connection before an answer; nothing is done."""
        return self._add(path_regex, times=times, is_reset=True)

    def act_then_fail(
        self,
        path_regex: str,
        status: int = 503,
        times: int | None = 1,
        headers: dict[str, str] | None = None,
        *,
        code: str = "ServiceUnavailable",
        message: str = "The demo was told to lose the answer here.",
    ) -> Fault:
        """Do what was asked for, and answer with an error envelope as if it had failed."""
        fault = self.fail(path_regex, status, times, headers, code=code, message=message)
        fault.acts_first = True
        return fault

    def act_then_reset(self, path_regex: str, times: int | None = 1) -> Fault:
        """Do what was asked for, and break the connection instead of saying so."""
        return self._add(path_regex, times=times, is_reset=True, acts_first=True)

    def act_then_slow(self, path_regex: str, seconds: float, times: int | None = 1) -> Fault:
        """Do what was asked for at once, and say so late."""
        return self._add(path_regex, times=times, seconds_after=seconds)

    def never_ends(self, path_regex: str, times: int | None = None) -> Fault:
        """Accept what these requests begin (an operation, a registration, a remediation) and go on with it until the
        faults are cleared."""
        return self._add(path_regex, times=times, never_ends=True)

    def operation_fails(
        self,
        path_regex: str,
        code: str = "InternalExecutionError",
        message: str = "An internal execution error occurred. Please retry later.",
        times: int | None = 1,
        *,
        status: str = "Failed",
    ) -> Fault:
        """Accept the operation that these requests begin, and let it end as `Failed` or `Canceled` without effect."""
        return self._add(path_regex, times=times, fails=(status, {"code": code, "message": message}))

    def throttle(self, path_regex: str, retry_after: int | None = None, times: int | None = 1) -> Fault:
        """Answer 429 without having looked at the request; without `retry_after` it is not said when to come back."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        message = "The request is being throttled. Please try again later."
        return self.fail(path_regex, 429, times, headers, code="TooManyRequests", message=message)

    def expire_token(self, path_regex: str, times: int | None = 1, *, claims: str | None = None) -> Fault:
        """Answer 401 with the challenge as if the token had run out; with `claims` (JSON) as if Entra ID had revoked it
        (continuous access evaluation), which a client answers by a token for these claims."""
        authority = f'authorization_uri="https://login.microsoftonline.com/{self.state.tenant_id}"'
        if claims is None:
            code, message = "ExpiredAuthenticationToken", "The access token has expired, renew it and try again."
            challenge = f'Bearer {authority}, error="invalid_token", error_description="{message}"'
        else:
            code, message = "InvalidAuthenticationToken", "Continuous access evaluation resulted in claims challenge."
            encoded = base64.b64encode(claims.encode()).decode()
            challenge = f'Bearer {authority}, error="insufficient_claims", claims="{encoded}"'
        headers = {"WWW-Authenticate": challenge}
        return self.fail(path_regex, 401, times, headers, code=code, message=message)

    def precondition_failed(self, path_regex: str, times: int | None = 1) -> Fault:
        """Answer 412, as where somebody else has written in the meantime."""
        message = "The condition specified using HTTP conditional header(s) is not met."
        return self.fail(path_regex, 412, times, code="PreconditionFailed", message=message)

    def meanwhile(self, path_regex: str, change: Callable[[DemoEstate], None], times: int | None = 1) -> Fault:
        """Let somebody else change the estate right before these requests are answered (and say so by `touch`)."""
        return self._add(path_regex, times=times, meanwhile=change)

    def truncate(self, path_regex: str, times: int | None = 1) -> Fault:
        """Break the connection in the middle of the answer."""
        return self._add(path_regex, times=times, is_truncation=True)

    def slow(self, path_regex: str, seconds: float, times: int | None = None) -> Fault:
        """Answer late."""
        return self._add(path_regex, times=times, seconds=seconds)

    def rewrite(self, path_regex: str, change: Callable[[Any], Any], times: int | None = 1) -> Fault:
        """Change the decoded body of a true answer, to leave out a property or point a nextLink elsewhere."""
        return self._add(path_regex, times=times, rewrite=change)

    def unregister(self, subscription: str, namespace: str) -> None:
        """Unregister a provider and answer 409 MissingSubscriptionRegistration to every request to it, reads
        included: what leads the SDK's default pipeline to register it by itself."""
        self.state.set_provider(subscription, namespace, "NotRegistered")
        self.trapped_providers.add(f"{subscription}/{namespace}".lower())

    def is_trapped(self, subscription: str, namespace: str) -> bool:
        """Whether even reads of this provider are refused until it is registered."""
        trapped = f"{subscription}/{namespace}".lower() in self.trapped_providers
        return trapped and not self.state.is_registered(subscription, namespace)

    def strike(self, request_line: str) -> list[Fault]:
        """The faults that strike a request: injected ones, or by the rate one at random."""
        struck = [fault for fault in self.faults if fault.take(request_line)]
        if not struck and self.rate and self.random.random() < self.rate:
            struck.append(self._random_fault())
        return struck

    def _add(self, path_regex: str, **how: Any) -> Fault:
        fault = Fault(pattern=re.compile(path_regex, re.IGNORECASE), **how)
        self.faults.append(fault)
        return fault

    def _random_fault(self) -> Fault:
        everything = re.compile("")
        match self.random.randrange(4):
            case 0:
                return Fault(pattern=everything, is_reset=True)
            case 1:
                return Fault(pattern=everything, seconds=1.0)
            case 2:
                body = {"error": {"code": "TooManyRequests", "message": "The request is being throttled."}}
                return Fault(pattern=everything, status=429, body=body, headers={"Retry-After": "1"})
            case _:
                body = {"error": {"code": "InternalServerError", "message": "Encountered internal server error."}}
                return Fault(pattern=everything, status=self.random.choice((500, 502, 503)), body=body)
