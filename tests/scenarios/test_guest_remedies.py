"""Scripts inside machines: planned only when named, run by Run Command, believed by their own word, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.demo import guest_scripts
from aumdoctor.demo.estate import add_arc, add_vm, empty_estate, plant
from aumdoctor.demo.machines import set_power
from aumdoctor.demo.state import DemoEstate, key
from aumdoctor.remedies.in_guest import guest_remedy
from aumdoctor.remedies.plan import ONLY_WHEN_NAMED
from aumdoctor.remedies.run_in_guest import scripted
from tests.scenarios.acting import JOURNAL, NOW, Acting, alone

PLANTED = {
    "clear-wsus-pointer": "AUM027",
    "enable-windows-update-service": "AUM026",
    "repair-sudo": "AUM017",
    "reset-windows-update-store": "AUM028",
    "restart-auto-assess-timer": "AUM023",
    "restart-update-service": "AUM029",
}
"""Remedies of findings that Azure's side shows."""

ON_ARC = {"clear-wsus-pointer", "stop-automatic-updates"}


def machine_for(state: DemoEstate, name: str) -> str:
    """A machine of the system that a remedy is for."""
    linux = guest_remedy(name, "windows") is None or not guest_remedy(name, "windows").run  # type: ignore[union-attr]
    add = add_arc if name in ON_ARC else add_vm
    return add(
        state,
        subscription=next(iter(state.subscriptions)),
        resource_group="rg-app",
        name=f"m-{name}"[:40],
        os_type="Linux" if linux and name != "install-cumulative-update" else "Windows",
    )


class Story:
    """Everything that is named, planned for one estate, made and taken back."""

    def __init__(self, folder: Path) -> None:
        state = empty_estate(NOW)
        self.machines = {name: machine_for(state, name) for name in sorted(ONLY_WHEN_NAMED - {"install-on-demand"})}
        for name, check in PLANTED.items():
            plant(state, check, self.machines[name])
        with alone(state, folder) as acting:
            self.unnamed = acting.plan("assess-now")
            self.found = acting.plan(*PLANTED)
            self.applied = acting.apply("--stop-on-errors", "100%")
            others = [name for name in self.machines if name not in PLANTED]
            names = ",".join(others)
            machines = [word for name in others for word in ("--machine", self.machines[name])]
            code, err = acting("plan", *machines, "--remedy", names, "-o", "plan.json")
            assert code == 0, err
            self.named = json.loads(Path("plan.json").read_bytes())["actions"]
            self.applied_named = acting.apply("--stop-on-errors", "100%")
            self.run_commands = dict(state.run_commands)
            self.kept = dict(state.kept_in_guests)
            self.journal = [json.loads(line) for line in Path(JOURNAL).read_text().splitlines()]
            self.again = acting.apply("--resume", "--stop-on-errors", "100%")
            self.undone = acting.undo()
            self.left = dict(state.kept_in_guests)
            self.planted_again = {check for check, _ in state.planted}
            self.sent = acting.sent


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("guests"))


def of(actions: list[Any], name: str) -> list[Any]:
    return [action for action in actions if action["remedy"] == name]


def test_what_is_not_named_is_not_planned(story: Story) -> None:
    assert {action["remedy"] for action in story.unnamed} == {"assess-now"}


@pytest.mark.parametrize("name", PLANTED)
def test_a_finding_is_cured_by_the_script_that_is_named_for_it(story: Story, name: str) -> None:
    ours = of(story.found, name)
    assert {each["check"] for action in ours for each in action["findings"]} == {PLANTED[name]}
    ended = of(story.applied[1]["actions"], name)
    assert {each["fate"] for each in ended} == {"done"}, [each["said"] for each in ended]
    # That the timer runs again shows with the next day's assessment.
    wanted = {"not-yet"} if name == "restart-auto-assess-timer" else {"cured"}
    assert {each["cure"] for each in ended} == wanted, [each["cure_said"] for each in ended]
    assert any(" -> " in each["said"] for each in ended)


def test_the_same_scripts_are_run_where_no_check_sees_anything_when_machines_are_named(story: Story) -> None:
    others = story.machines.keys() - PLANTED.keys()
    assert {action["remedy"] for action in story.named} == others
    ended = story.applied_named[1]["actions"]
    assert {each["fate"] for each in ended} == {"done"}, [each["said"] for each in ended]
    assert all(action["findings"] == [] for action in story.named)
    assert {each["cure"] for each in ended} == {"not-yet"}
    assert all("aumdoctor probe" in each["cure_said"] for each in ended)
    assert story.applied_named[0] == 0


def test_every_script_is_tried(story: Story) -> None:
    assert scripted() <= story.machines.keys()
    assert {name.rpartition(" ")[2] for name in story.kept} == scripted()


def test_of_a_run_command_nothing_is_left_on_the_server(story: Story) -> None:
    assert story.run_commands == {}


def test_the_journal_holds_what_the_script_found_and_left(story: Story) -> None:
    [outcome] = [
        line
        for line in story.journal
        if line["event"] == "outcome"
        and line["action"]["name"] == "enable-windows-update-service"
        and line["action"]["path"].endswith("/runCommand")
    ]
    assert outcome["after"]["before"] == {"start type of the service wuauserv": "disabled"}
    assert outcome["after"]["after"] == {"start type of the service wuauserv": "manual"}
    assert outcome["after"]["state"] == "changed"


def test_what_was_done_is_not_done_again(story: Story) -> None:
    assert {each["fate"] for each in story.again[1]["actions"]} <= {"skipped"}


@pytest.mark.parametrize("name", sorted(scripted()))
def test_undo_runs_the_way_back_or_says_that_there_is_none(story: Story, name: str) -> None:
    ended = [each for each in story.undone[1]["actions"] if each["remedy"] in (name, f"undo-{name}")]
    has_undo = any(
        inside is not None and inside.undo for inside in (guest_remedy(name, "linux"), guest_remedy(name, "windows"))
    )
    wanted = "done" if has_undo else "skipped"
    assert {each["fate"] for each in ended} == {wanted}, [each["said"] for each in ended]
    kept = f"{key(story.machines[name])} {name}"
    assert (kept in story.left) is not has_undo


def test_what_was_planted_is_there_again(story: Story) -> None:
    assert story.planted_again >= {PLANTED[name] for name in PLANTED if name != "restart-update-service"}


# What goes wrong.


@pytest.fixture
def acting(tmp_path: Path) -> Iterator[Acting]:
    state = empty_estate(NOW)
    machine = add_vm(state, subscription=next(iter(state.subscriptions)), name="vm-1", os_type="Windows")
    plant(state, "AUM027", machine)
    with alone(state, tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    ("printed", "fate", "said"),
    [
        (None, "unknown", "its last line is not in"),
        ("This is a sample script\n", "unknown", "its last line is not in"),
        (
            '{"remedy":"x","step":"end","state":"refused","said":"the server answers"}\n',
            "failed",
            "changed nothing: the server answers",
        ),
        ('{"remedy":"x","step":"end","state":"failed","said":"broke"}\n', "unknown", "ended as failed: broke"),
        ('{"remedy":"x","step":"end","state":"unchanged","said":"it stood so"}\n', "done", "nothing was to be done"),
    ],
)
def test_a_script_is_believed_by_its_own_word(
    acting: Acting, monkeypatch: pytest.MonkeyPatch, printed: str | None, fate: str, said: str
) -> None:
    acting.plan("clear-wsus-pointer")
    monkeypatch.setattr(guest_scripts, "printed", lambda *_: printed)
    _, report = acting.apply()
    script, assess = report["actions"]
    assert script["fate"] == fate
    assert said in script["said"]
    assert (assess["fate"] in ("skipped", "not-run")) == (fate != "done")


def test_a_machine_that_is_off_is_not_touched(acting: Acting) -> None:
    acting.plan("clear-wsus-pointer")
    set_power(acting.state, next(iter(acting.state.vms.values()))["id"], "deallocated")
    acting.apply()
    assert acting.state.kept_in_guests == {}


def test_somebody_elses_script_is_waited_for(acting: Acting) -> None:
    acting.plan("clear-wsus-pointer")
    acting.server.faults.fail(
        "/runCommand$",
        409,
        2,
        code="Conflict",
        message="Run command extension execution is in progress. Please wait for completion.",
    )
    code, report = acting.apply()
    assert (code, report["actions"][0]["fate"]) == (0, "done")


def test_a_remedy_without_a_finding_asks_for_machines(acting: Acting, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = acting("plan", "--all-subscriptions", "--remedy", "set-send-extra-record")
    assert code == 0
    assert "name the machines: --machine" in " ".join(capsys.readouterr().out.split())


def test_the_plan_shows_the_script_to_who_asks_for_it(acting: Acting, capsys: pytest.CaptureFixture[str]) -> None:
    acting.reach = tuple(word for word in acting.reach if word != "--quiet")
    for options in ((), ("-v",)):
        acting("plan", "--all-subscriptions", "--remedy", "clear-wsus-pointer", *options)
        shown = capsys.readouterr().out
        assert ("function Invoke-Remedy" in shown) == ("-v" in options)
        assert "commandId" not in shown
