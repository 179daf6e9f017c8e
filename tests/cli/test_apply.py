"""What must hold before a plan is applied: bounds, agreement, canaries, and what an earlier call has done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from aumdoctor.cli.acting import Bounds, BoundsError, agree, require_bounds
from aumdoctor.cli.apply import (
    _canary_remark,
    _parts,
    _without_their_first_half,
    bounds_of,
    interrupted_before,
    settled_before,
)
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.plan import FindingRef, PlannedAction
from aumdoctor.remedies.remedy import ArmCall
from aumdoctor.report.applied import Ending
from aumdoctor.store import plans
from aumdoctor.store.journal import Entry, Journal, RecordedAction
from tests.builders import (
    NOW,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    static_assignment,
)
from tests.cli.conftest import Ended
from tests.report.planned import HOSTILE, action, assessed_daily, attached, plan_file

Run = Callable[..., Ended]


# Options.


def test_the_help_names_what_holds_it_back(run: Run) -> None:
    out = run("apply", "--help").out
    for word in ("--canary", "--max-machines", "--stop-on-errors", "--resume", "aumdoctor:ignore", "--journal"):
        assert word in out


def test_a_plan_that_is_not_there_says_how_to_make_one(run: Run) -> None:
    ended = run("apply", "nowhere.json")
    assert (ended.code, "cannot read nowhere.json" in ended.err, "aumdoctor plan" in ended.err) == (2, True, True)


def test_nothing_is_read_for_a_plan_that_was_begun_and_not_ended(run: Run, tmp_path: Path) -> None:
    made = plan_file(assessed_daily("vm-1"))
    plans.save(tmp_path / "plan.json", made)
    record(tmp_path / "aumdoctor-journal.jsonl", made.digest, made.actions[0], "intent")
    ended = run("apply", "plan.json", "--yes")
    assert ended.code == 2
    assert "this plan was begun and not ended" in ended.err
    assert "--resume" in ended.err


@pytest.mark.parametrize(
    ("text", "allowed"), [("0", 0), ("3", 3), ("10%", 20), ("0%", 0), ("100%", 200), (" 5 ", 5), ("50 %", 100)]
)
def test_failures_that_are_let_pass_are_a_number_or_a_share(text: str, allowed: int) -> None:
    assert bounds_of(None, None, 8, 0, text).errors_of(200) == allowed


@pytest.mark.parametrize("text", ["", "%", "-1", "1.5", "101%", "many", "10%%", "²"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a number or a share"):
        bounds_of(None, None, 8, 0, text)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (Bounds(machines=3), None),
        (Bounds(machines=2), "at most 2 may be touched"),
        (Bounds(machines=0), "at most 0 may be touched"),
        (Bounds(machines_percent=30.0), None),
        (Bounds(machines_percent=29.9), "at most 2 may be touched"),
        (Bounds(machines=3, machines_percent=10.0), "at most 1 may be touched"),
    ],
)
def test_no_more_machines_are_touched_than_may_be(bounds: Bounds, said: str | None) -> None:
    seen = estate(*(azure_vm(f"vm-{number}") for number in range(10)))
    actions = [assessed_daily(f"vm-{number}") for number in range(3)] + [attached("VM-1")]
    if said is None:
        require_bounds(bounds, actions, seen)
    else:
        with pytest.raises(UsageError, match=said):
            require_bounds(bounds, actions, seen)


def test_machines_that_are_only_under_what_is_changed_are_touched_as_well() -> None:
    one, two, three, four, apart = (azure_vm(f"vm-{number}") for number in range(1, 6))
    scope = dynamic_scope(resource_groups=("rg-prod",), tags={"wave": ("1",)})
    tagged = (azure_vm(name, tags={"wave": "1"}) for name in ("wave-1", "wave-2"))
    lost = static_assignment(four, configuration("lost"))
    seen = estate(
        *(one, two, three, four, apart, *tagged),
        configurations=[configuration()],
        assignments=[static_assignment(one), static_assignment(two), scope, lost],
    )
    task = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/remediations/task-1"
    for touching, number in (
        (changed(configuration().id.upper(), three), 5),
        (changed(configuration("lost").id), 1),
        (changed(scope.id, one), 3),
        (changed(lost.id), 1),
        (changed(task, one), 7),
        (changed(f"{one.id}/providers/Microsoft.PolicyInsights/remediations/task-1", one), 1),
        (changed(azure_vm("gone").id, azure_vm("gone")), 1),
    ):
        require_bounds(Bounds(machines=number), [touching], seen)
        with pytest.raises(BoundsError, match=f"touches {number} machine"):
            require_bounds(Bounds(machines=number - 1), [touching], seen)
    with pytest.raises(BoundsError, match="at most 3 may be touched"):
        require_bounds(Bounds(machines_percent=50.0), [changed(configuration().id, one)], seen)


# Agreement.


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Answers of a person at a terminal."""
    answers: list[bool] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(typer, "confirm", lambda *_a, **_k: answers.pop(0))
    return answers


def restart(name: str) -> PlannedAction:
    path = azure_vm(name).id
    return action("restart-machine", ArmCall(method="POST", path=f"{path}/restart", api_version="1"), path)


def test_a_person_sees_the_counts_and_the_three_gravest(
    terminal: list[bool], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.append(True)
    daily = [assessed_daily(f"vm-{number}") for number in range(5)]
    agree([*daily, attached("vm-1"), restart(HOSTILE), restart("vm-3")], yes=False, what="applied")
    first, *gravest, _end = capsys.readouterr().err.split("\n")
    assert first == "8 actions: 5 safe, 2 disruptive, 1 needs-consent"
    assert [line.split(":")[0].strip() for line in gravest] == ["disruptive", "disruptive", "needs-consent"]
    assert "\x1b" not in "".join(gravest)


def test_a_no_is_a_no(terminal: list[bool]) -> None:
    terminal.append(False)
    with pytest.raises(UsageError, match="nothing was applied: it was not agreed to"):
        agree([attached("vm-1")], yes=False, what="applied")


@pytest.mark.parametrize("stdin", [None, SimpleNamespace(isatty=lambda: False)])
def test_without_a_terminal_it_takes_a_yes(monkeypatch: pytest.MonkeyPatch, stdin: Any) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UsageError, match="there is no terminal to ask on"):
        agree([attached("vm-1")], yes=False, what="applied")
    agree([attached("vm-1")], yes=True, what="applied")
    agree([], yes=False, what="applied")


# Canary and what rests on what.


def changed(path: str, *machines: Machine, **more: Any) -> PlannedAction:
    """A change of something for the sake of some machines; they are what it touches where nothing else is said."""
    call = ArmCall(method="PATCH", path=path, api_version="1", body={"a": 1})
    return action("lengthen-window", call, *(machine.id for machine in machines), **more)


def touched(actions: list[PlannedAction]) -> dict[str, tuple[str, ...]]:
    return {each.id: tuple(map(ids.key, each.machines)) for each in actions}


def parts_of(actions: list[PlannedAction], canary: int) -> list[list[str]]:
    """The parts, each action by the last segment of its target."""
    parts = _parts(actions, canary, touched(actions))
    return [
        [ids.name_of(each.target.path.partition("/providers/Microsoft.Maintenance")[0]) for each in part]
        for part in parts
    ]


def test_the_first_machines_go_alone_with_all_that_is_about_them() -> None:
    actions = [assessed_daily("vm-1"), assessed_daily("vm-2"), assessed_daily("vm-3"), attached("vm-1")]
    assert parts_of(actions, 1) == [["vm-1", "vm-1"], ["vm-2", "vm-3"]]
    assert parts_of(actions, 0) == [["vm-1", "vm-2", "vm-3", "vm-1"]]
    assert parts_of(actions, 9) == [["vm-1", "vm-2", "vm-3", "vm-1"]]
    assert parts_of([], 1) == [[]]


def test_what_rests_on_a_later_action_is_no_canary() -> None:
    later = assessed_daily("vm-2")
    assert parts_of([attached("vm-1", after=(later.id,)), later], 1) == [["vm-2"], ["vm-1"]]


VMS = [azure_vm(f"vm-{number}") for number in range(1, 11)]


def schedule(name: str, *machines: Machine, **more: Any) -> PlannedAction:
    return changed(f"/subscriptions/{name}", *machines, **more)


def test_a_canary_is_made_of_what_is_about_few_machines_wherever_it_stands() -> None:
    actions = [schedule("weekly", *VMS[:5]), *(assessed_daily(vm.name) for vm in VMS[5:])]
    assert parts_of(actions, 2) == [["vm-6", "vm-7"], ["weekly", "vm-8", "vm-9", "vm-10"]]


def test_where_all_is_about_many_machines_the_canary_is_the_fewest_leading_actions() -> None:
    a, b, c = schedule("a", *VMS[:3]), schedule("b", *VMS[2:6]), schedule("c", *VMS)
    assert parts_of([a, b, c], 2) == [["a"], ["b", "c"]]
    assert parts_of([b, a, c], 2) == [["b"], ["a", "c"]]
    assert parts_of([c, a], 2) == [["c"], ["a"]]
    assert parts_of([a, b, c], 5) == [["a"], ["b", "c"]], "three machines fit into five"
    assert parts_of([c], 2) == [["c"]], "one action has no part"
    nowhere = schedule("nowhere")
    assert parts_of([nowhere, c], 2) == [["nowhere", "c"]], "what is about no machine is no canary"
    assert parts_of([nowhere, c, a], 2) == [["nowhere", "c"], ["a"]]


def test_a_remedy_of_two_requests_is_not_split_by_a_canary() -> None:
    """Its first half alone would not cure, and the canary would stop the rest."""
    first = assessed_daily("vm-1")
    second = schedule("a", *VMS[:5], after=(first.id,), findings=first.findings)
    assert parts_of([first, second, assessed_daily("vm-9")], 1) == [["vm-9"], ["vm-1", "a"]]
    assert parts_of([first, second, schedule("b", *VMS)], 1) == [["vm-1", "a"], ["b"]]
    assert parts_of([first, second], 1) == [["vm-1", "a"]]
    ref = FindingRef(check="AUM013", resource_id=VMS[0].id)
    other = schedule("a", *VMS[:5], after=(first.id,), findings=(ref,))
    assert parts_of([first, other], 1) == [["vm-1"], ["a"]], "another remedy, that only comes later"


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ([], None),
        ([assessed_daily("vm-1"), assessed_daily("vm-2"), assessed_daily("vm-3")], None),
        ([assessed_daily("vm-1")], "a canary of 2: the plan touches no more than that, all of it is made at once"),
        (
            [schedule("a", *VMS[:5])],
            "a canary of 2: the plan cannot be made in parts, all of it is made at once and touches 5 machines",
        ),
        (
            [schedule("a", *VMS[:5]), schedule("b", *VMS)],
            "a canary of 2: no action is about so few machines, the first part touches 5 machines",
        ),
    ],
)
def test_a_canary_that_is_other_than_asked_for_is_told(actions: list[PlannedAction], said: str | None) -> None:
    about = touched(actions)
    assert _canary_remark(_parts(actions, 2, about), 2, about) == said
    assert _canary_remark(_parts(actions, 0, about), 0, about) is None


def test_what_rests_on_what_was_not_carried_out_is_left_out_and_so_is_what_rests_on_that() -> None:
    first = assessed_daily("vm-1")
    second = attached("vm-1", after=(first.id,))
    third = attached("vm-2", after=(second.id,))
    for fate, said, count in (("failed", "no", 2), ("done", "carried out", 0), ("skipped", "it stands so already", 0)):
        ending = Ending(action=first, fate=fate, said=said)  # type: ignore[arg-type]
        held, free = _without_their_first_half([second, third], [ending])
        assert (len(held), len(free)) == (count, 2 - count)


# What the journal says of an earlier call.


def record(path: Path, digest: str, action: PlannedAction, *steps: str, undo: str = "", id: str = "j") -> None:
    """Lines of an action in a journal: `intent`, or the end that the outcome tells of."""
    call = action.call
    recorded = RecordedAction(name=action.remedy, method=call.method, path=call.path, api_version=call.api_version)
    why = {"undo": [undo]} if undo else {"plan": digest, "action": action.id}
    with Journal(path) as journal:
        for step in steps:
            event: Any = step if step == "intent" else "outcome"
            journal.add(
                Entry(
                    at=NOW,
                    event=event,
                    id=id,
                    action=recorded,
                    target=call.path,
                    why=why if event == "intent" else None,
                    said=None if event == "intent" else f"{step}: so it was",
                )
            )


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.mark.parametrize(
    ("planned", "steps", "fate"),
    [
        (restart("vm-1"), ("intent",), "unknown"),
        (restart("vm-1"), ("intent", "unknown"), "unknown"),
        (restart("vm-1"), ("intent", "done"), "skipped"),
        (restart("vm-1"), ("intent", "failed"), None),
        # A setting shows whether it was made: its target is looked at, and it is sent again where it was not.
        (assessed_daily("vm-1"), ("intent",), None),
        (assessed_daily("vm-1"), ("intent", "done"), None),
    ],
)
def test_what_an_earlier_call_sent_is_not_sent_twice(
    book: Path, planned: PlannedAction, steps: tuple[str, ...], fate: str | None
) -> None:
    made = plan_file(planned)
    record(book, made.digest, planned, *steps)
    settled = settled_before(book, made)
    assert [ending.fate for ending in settled.values()] == ([fate] if fate else [])
    assert interrupted_before(book, made) is (steps == ("intent",))


def test_a_journal_of_another_plan_says_nothing_of_this_one(book: Path) -> None:
    made = plan_file(restart("vm-1"))
    record(book, "sha256:other", made.actions[0], "intent")
    assert settled_before(book, made) == {}
    assert not interrupted_before(book, made)


def test_what_was_taken_back_is_to_be_done_again(book: Path) -> None:
    made = plan_file(restart("vm-1"))
    record(book, made.digest, made.actions[0], "intent", "done", id="j")
    assert len(settled_before(book, made)) == 1
    record(book, made.digest, made.actions[0], "intent", "failed", undo="j", id="u")
    assert len(settled_before(book, made)) == 1
    record(book, made.digest, made.actions[0], "intent", "done", undo="j", id="v")
    assert settled_before(book, made) == {}


def test_what_was_begun_a_second_time_and_cut_off_has_no_end(book: Path) -> None:
    made = plan_file(restart("vm-1"))
    record(book, made.digest, made.actions[0], "intent", "failed", id="1")
    record(book, made.digest, made.actions[0], "intent", id="2")
    assert interrupted_before(book, made)
