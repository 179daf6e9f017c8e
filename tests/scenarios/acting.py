"""Plans are made, applied and taken back as a user does it, in a folder of its own and by the clock of the estate."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.cli.app import main
from aumdoctor.cli.reach import Reach
from aumdoctor.demo.estate import DemoEstate
from aumdoctor.demo.server import DemoServer, run_in_thread
from tests.demo.state_diff import difference
from tests.scenarios.conftest import Doctor, hurry

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
"""A Wednesday, far from every window of the demo's schedules."""

JOURNAL = "aumdoctor-journal.jsonl"


class Acting:
    """A user in front of one embedded Azure."""

    def __init__(self, server: DemoServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.now = NOW
        started = time.monotonic()
        clock = property(lambda _reach: self.now + timedelta(seconds=time.monotonic() - started))
        monkeypatch.setattr(Reach, "now", clock)
        hurry(monkeypatch)
        monkeypatch.chdir(folder)
        Doctor(server, monkeypatch).connection()  # sets the variables of the sign-in
        self.reach = ("--auth", "token", "--arm-endpoint", server.endpoint, "--ca-bundle", server.ca_file, "--quiet")
        self.before = server.state.snapshot()

    @property
    def state(self) -> DemoEstate:
        return self.server.state

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Run a command; its exit code and what it said on standard error."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = main((*arguments, *self.reach))
        return code, said.getvalue()

    def plan(self, *remedies: str, scope: Iterable[str] = ()) -> list[Any]:
        """Plan some remedies for the subscriptions of the scope, or for all; the actions."""
        subscriptions = [word for each in scope for word in ("--subscription", each)] or ["--all-subscriptions"]
        code, err = self("plan", *subscriptions, "--remedy", ",".join(remedies), "-o", "plan.json")
        assert code == 0, err
        actions: list[Any] = json.loads(Path("plan.json").read_bytes())["actions"]
        return actions

    def apply(self, *options: str, plan: str = "plan.json") -> tuple[int, Any]:
        """Apply the plan without being asked; the exit code and the report."""
        return self._reported("apply", plan, "--yes", *options)

    def undo(self, *options: str) -> tuple[int, Any]:
        """Take back what the journal holds; the exit code and the report."""
        return self._reported("undo", JOURNAL, "--yes", *options)

    def _reported(self, *arguments: str) -> tuple[int, Any]:
        Path("report.json").unlink(missing_ok=True)
        code, err = self(*arguments, "-o", "json=report.json")
        assert Path("report.json").exists(), err
        return code, json.loads(Path("report.json").read_bytes())

    def changes(self) -> list[str]:
        """What is otherwise than it was at the start; ids are compared without case, as Azure does."""
        return [line for line in difference(self.before, self.state.snapshot()) if not is_respelled(line)]

    @property
    def sent(self) -> list[str]:
        """The writes so far that reached Azure, as `METHOD last-segment status`."""
        reading = ("/providers/microsoft.resourcegraph/resources", "/queryresults", "/listdeployments")
        return [
            f"{each.method} {each.path.rsplit('/', 1)[-1]} {each.status}"
            for each in self.server.requests
            if each.method != "GET" and not each.path.lower().endswith(reading)
        ]


@contextlib.contextmanager
def alone(state: DemoEstate, folder: Path) -> Iterator[Acting]:
    """A user in front of an embedded Azure with this estate, outside of a test function."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        run_in_thread(estate=state, retry_after=0.001) as server,
    ):
        yield Acting(server, folder, monkeypatch)


def is_respelled(line: str) -> bool:
    """Whether a difference is only that an id came back in another case."""
    before, arrow, after = line.partition(": ")[2].partition(" -> ")
    return bool(arrow) and before.startswith("'/subscriptions/") and before.lower() == after.lower()
