"""An embedded Azure to talk to over HTTPS, and one way to collect from it and to examine what was collected."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from aumdoctor.azure import apply, run_command, session
from aumdoctor.azure.collect import ReadOptions, ScopeRequest, collect
from aumdoctor.azure.connection import ConnectionOptions
from aumdoctor.azure.limiter import backoff
from aumdoctor.checks.registry import CHECKS
from aumdoctor.demo import operations
from aumdoctor.demo.server import DemoServer, run_in_thread
from aumdoctor.diagnosis.examine import Examination, examine
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact

READS = frozenset(fact for check in CHECKS for fact in (*check.needs, *check.uses))


MACHINES_ALONE = frozenset({Fact.MACHINE})
"""For a test that must only know which machines there are: a tenth of the price."""


class Listener:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.notes: list[str] = []

    def stage(self, name: str, done: int, total: int | None) -> None:
        self.stages.append(name)

    def note(self, text: str) -> None:
        self.notes.append(text)


class Doctor:
    """Collects from one server with the production code and examines the result."""

    def __init__(self, server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.listener = Listener()
        self._monkeypatch = monkeypatch

    def connection(self, **options: Any) -> ConnectionOptions:
        self._monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", self.server.token)
        # Other certificates say nothing here, and to load them for each scan takes longer than to judge it.
        self._monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            self._monkeypatch.delenv(variable, raising=False)
        reach = {"auth": "token", "arm_endpoint": self.server.endpoint, "ca_bundle": self.server.ca_file}
        return ConnectionOptions(**{**reach, **options})

    def collect(
        self,
        *,
        scope: ScopeRequest | None = None,
        source: str = "auto",
        depth: str = "normal",
        facts: frozenset[Fact] = READS,
        suspects: Callable[[Estate], list[str]] | None = None,
        **connection: Any,
    ) -> Estate:
        return collect(
            self.connection(**connection),
            scope or ScopeRequest(all_subscriptions=True),
            ReadOptions(source=source, depth=depth),
            facts,
            self.listener,
            datetime.now(UTC),
            suspects,
        )

    def examine(self, **options: Any) -> Examination:
        estate = self.collect(**options)
        return examine(estate, CHECKS, estate.collected_at)

    @property
    def writes(self) -> list[str]:
        """The requests so far that were not reads (Azure made three queries POSTs)."""
        reading = ("/providers/microsoft.resourcegraph/resources", "/queryresults", "/listdeployments")
        return [
            f"{request.method} {request.path}"
            for request in self.server.requests
            if request.method != "GET" and not request.path.lower().endswith(reading)
        ]


Serve = Callable[..., Doctor]


@contextlib.contextmanager
def _untraced_threads() -> Iterator[None]:
    """Threads that start here are not traced: the embedded Azure is not what is covered, and would only be slowed."""
    trace = threading.gettrace()
    threading.settrace(None)  # what coverage does as well, to pause
    try:
        yield
    finally:
        threading.settrace(trace)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for hundredths of a second where Azure does not say how long; what it says is waited for."""
    monkeypatch.setattr(session, "backoff", lambda attempt: backoff(attempt) / 50)
    for module in (apply, run_command):
        monkeypatch.setattr(module, "_POLL_SECONDS", 0.02)
        monkeypatch.setattr(module, "_WAIT", 0.02)
    monkeypatch.setattr(operations, "SECONDS_UNASKED", 0.5)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start an embedded Azure (arguments as of run_in_thread) and give the doctor for it; stops with the test."""
    hurry(monkeypatch)
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> Doctor:
            with _untraced_threads():
                server = stack.enter_context(run_in_thread(**{"machines": 60, "retry_after": 0.001, **options}))
            return Doctor(server, monkeypatch)

        yield start
