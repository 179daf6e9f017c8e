"""Killed at any step, `apply --resume` and `undo` end where they should: nothing is done twice, nothing is lost.

The killed process is a real one and dies by SIGKILL: at a line of its journal, or by the embedded Azure while it waits
for an answer.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from aumdoctor.demo.estate import DemoEstate, add_vm, empty_estate, plant
from tests.scenarios.acting import JOURNAL, NOW, Acting, alone

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")

DRIVER = """
import os, signal, sys, time
from datetime import datetime, timedelta
from aumdoctor.cli.app import main
from aumdoctor.cli.reach import Reach
from aumdoctor.store.journal import Journal

start, began = datetime.fromisoformat(sys.argv[1]), time.monotonic()
Reach.now = property(lambda _: start + timedelta(seconds=time.monotonic() - began))
when, event, method = sys.argv[2:5]
add = Journal.add

def die_at(journal, entry):
    is_it = (entry.event, entry.action.method) == (event, method)
    if is_it and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    add(journal, entry)
    if is_it and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)

Journal.add = die_at
print(os.getpid(), flush=True)
sys.exit(main(sys.argv[5:]))
"""
REMEDIES = ("recreate-assignment", "restart-machine")


class Kill(NamedTuple):
    """When the process dies: before or after a line of its journal (event, method), or by Azure's hand when it has got
    a request, before or after it is carried out."""

    name: str
    when: str
    event: str
    method: str


KILLS = (
    Kill("with the intent recorded and nothing sent", "after", "intent", "DELETE"),
    Kill("with the request sent and no answer", "azure", "", "DELETE"),
    Kill("with the answer recorded and no outcome", "before", "outcome", "PUT"),
    Kill("between two actions", "after", "outcome", "DELETE"),
    Kill("with a restart sent and no answer", "azure", "", "POST"),
)


def two_machines() -> DemoEstate:
    state = empty_estate(NOW)
    [subscription] = state.subscriptions
    for name, check in (("vm-1", "AUM011"), ("vm-2", "AUM069")):
        vm = add_vm(state, subscription=subscription, resource_group=f"rg-{name}", name=name, os_type="Windows")
        plant(state, check, vm)
    return state


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The plan is the same for each test, as its estate is."""
    with alone(two_machines(), tmp_path_factory.mktemp("plan")) as user:
        user.plan(*REMEDIES)
        return Path("plan.json").read_bytes()


@pytest.fixture
def user(plan: bytes, tmp_path: Path) -> Iterator[Acting]:
    with alone(two_machines(), tmp_path) as found:
        Path("plan.json").write_bytes(plan)
        yield found


def apply_and_die(user: Acting, kill: Kill) -> None:
    """Apply the plan in a process of its own, which is killed."""
    process: list[subprocess.Popen[str]] = []

    def strike(_state: DemoEstate) -> None:
        process[0].send_signal(signal.SIGKILL)
        process[0].wait(10)

    if kill.when == "azure":
        user.server.faults.meanwhile(f"^{kill.method} .*/(applyUpdates|configurationAssignments|restart)", strike)
    arguments = ("apply", "plan.json", "--yes", "--parallel", "1", *user.reach)
    at = (NOW.isoformat(), kill.when, kill.event, kill.method)
    started = subprocess.Popen(
        [sys.executable, "-c", DRIVER, *at, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    process.append(started)
    out, _ = started.communicate(timeout=60)
    assert started.returncode == -signal.SIGKILL, out


@pytest.mark.parametrize("kill", KILLS, ids=[kill.name.replace(" ", "-") for kill in KILLS])
def test_killed_resumed_and_taken_back(user: Acting, kill: Kill) -> None:
    apply_and_die(user, kill)
    assert Path(JOURNAL).stat().st_size > 0

    if kill.event != "outcome" or kill.when == "before":
        code, err = user("apply", "plan.json", "--yes")
        assert (code, "says that this plan was begun and not ended" in err) == (2, True)
    _, report = user.apply("--resume", "--stop-on-errors", "100%")

    # All is done, once.
    carried_out = [request for request in user.sent if not request.endswith(" 0")]
    assert sorted(re.sub(r" \d+$", "", request) for request in carried_out) == [
        "DELETE mc-weekly-saturday-assignment",
        "POST restart",
        "PUT mc-weekly-saturday",
    ]
    assert [re.sub(r".*/|: .*", "", line) for line in user.changes() if "assignments" in line] == [
        "mc-weekly-saturday",
        "mc-weekly-saturday-assignment",
    ]
    fates = {action["call"]["method"]: action["fate"] for action in report["actions"]}
    assert fates["POST"] == ("unknown" if kill.method == "POST" else "skipped")
    assert "failed" not in fates.values()

    # And all that can be is taken back.
    user.undo()
    user.server.settle()
    assert user.changes() == []


def test_what_has_ended_needs_no_resuming(user: Acting) -> None:
    user.apply()
    sent = list(user.sent)
    code, report = user.apply()
    assert (code, user.sent) == (0, sent)
    assert {action["fate"] for action in report["actions"]} == {"skipped"}
