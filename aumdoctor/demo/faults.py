"""What goes wrong with the embedded Azure: rights that are missing, answers that fail, connections that break."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import msgspec

from aumdoctor.demo.state import DemoEstate

ALL = "*"


class Fault(msgspec.Struct, kw_only=True):
    """One injected fault: for requests whose `METHOD /path?query` matches, at most `times` times (None: always)."""

    pattern: re.Pattern[str]
    times: int | None = None
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = {}
    seconds: float = 0.0
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
        """Everything works again (a provider that was unregistered stays so)."""
        self.denials.clear()
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
