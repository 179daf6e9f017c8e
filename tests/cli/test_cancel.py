"""What must hold before a run is cancelled, and who is asked."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer

from aumdoctor.azure import actions
from aumdoctor.azure.actions import Cancelling, Fate, Outcome
from aumdoctor.cli.cancel import cancel_runs
from aumdoctor.diagnosis.gate import GateRules, GateVerdict, Go, Obstacle, Phase, WindowVerdict
from aumdoctor.report.gate import Cancelled
from aumdoctor.schedule.calendar import PatchWindow
from aumdoctor.schedule.timetable import Occurrence
from tests.builders import NOW, azure_vm, configuration

START = NOW + timedelta(minutes=20)


def judged(
    name: str = "weekly", *, verdict: Go = Go.NO_GO, pre_event: bool | None = True, start: datetime = START
) -> WindowVerdict:
    machine = azure_vm()
    occurrence = Occurrence(starts_at=start, ends_at=start + timedelta(hours=3), zone=ZoneInfo("Europe/Berlin"))
    window = PatchWindow(configuration=configuration(name), occurrence=occurrence, machines=(machine,))
    return WindowVerdict(
        window=window,
        phase=Phase.DUE,
        verdict=verdict,
        ready=0,
        blocked=(Obstacle(machine=machine, check="AUM018", name="no-extensions", message="forbidden"),),
        change_until=start,
        start_until=start,
        cancel_until=start - timedelta(minutes=10),
        pre_event=pre_event,
    )


def verdict(*windows: WindowVerdict) -> GateVerdict:
    verdicts = {each.verdict for each in windows}
    whole = Go.NO_GO if Go.NO_GO in verdicts else Go.UNKNOWN if Go.UNKNOWN in verdicts else Go.GO
    return GateVerdict(verdict=whole, said="1 machine", now=NOW, rules=GateRules(), windows=windows, fixes=())


class Scene:
    """A terminal that answers, an Azure that takes what it gets, and a clock that can be set."""

    def __init__(self) -> None:
        self.now = NOW
        self.notes: list[str] = []
        self.questions: list[str] = []
        self.sent: list[Cancelling] = []
        self.answers: Callable[[str], bool] = lambda _question: True
        self.reach: Any = SimpleNamespace(is_saved=False, is_demo=False, note=self.notes.append, connection=lambda: 1)

    def ask(self, question: str, **options: Any) -> bool:
        assert options == {"default": False, "err": True}
        self.questions.append(question)
        return self.answers(question)

    def send(self, _connection: Any, runs: list[Cancelling], _now: Any) -> tuple[Outcome, ...]:
        self.sent += runs
        return tuple(Outcome(fate=Fate.CANCELLED, said="done") for _ in runs)

    def cancel(self, *windows: WindowVerdict, yes: bool = True, journal: Path | None = None) -> tuple[Cancelled, ...]:
        self.reach.now = self.now
        return cancel_runs(self.reach, verdict(*windows), yes=yes, journal=journal)

    def refusal(self, window: WindowVerdict, **options: Any) -> str:
        [cancelled] = self.cancel(window, **options)
        assert not cancelled.done
        assert self.sent == []
        return cancelled.said


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    found = Scene()
    monkeypatch.setattr(actions, "cancel_runs", found.send)
    monkeypatch.setattr(typer, "confirm", found.ask)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    return found


def test_a_no_go_in_time_is_cancelled(scene: Scene) -> None:
    [cancelled] = scene.cancel(judged())
    assert (cancelled.done, cancelled.said, cancelled.window.starts_at) == (True, "done", START)
    [run] = scene.sent
    assert (run.configuration_id, run.starts_at, run.until) == (
        configuration().id,
        START,
        START - timedelta(minutes=10),
    )
    assert scene.questions == []
    assert scene.notes == ["what is written to Azure is recorded in aumdoctor-journal.jsonl"]


def test_only_windows_whose_own_verdict_is_no_go_are_cancelled(scene: Scene) -> None:
    unknown, no_go = scene.cancel(judged("a", verdict=Go.UNKNOWN), judged("b", verdict=Go.GO), judged("c"))
    assert (unknown.window.schedule.name, unknown.done) == ("a", False)
    assert "only a no-go cancels a run" in unknown.said
    assert (no_go.window.schedule.name, no_go.done) == ("c", True)
    assert [run.configuration_id for run in scene.sent] == [configuration("c").id]


def test_unknown_does_not_cancel(scene: Scene) -> None:
    assert "the verdict is unknown" in scene.refusal(judged(verdict=Go.UNKNOWN))


def test_go_has_nothing_to_cancel(scene: Scene, tmp_path: Path) -> None:
    assert scene.cancel(judged(verdict=Go.GO)) == ()
    assert scene.notes == ["there is no run to cancel: no window is a no-go"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("minutes_before", "said"),
    [
        (41, "too early: the run can be cancelled from 2026-06-10 11:40 UTC on, until 12:10 UTC"),
        (9, "too late: the run could be cancelled until 2026-06-10 12:10 UTC"),
        (0, "the run cannot be cancelled any more: it began at 2026-06-10 12:20 UTC"),
        (-30, "the run cannot be cancelled any more: it began at 2026-06-10 12:20 UTC"),
    ],
)
def test_out_of_time_nothing_is_sent_and_the_time_is_told(scene: Scene, minutes_before: int, said: str) -> None:
    scene.now = START - timedelta(minutes=minutes_before)
    assert scene.refusal(judged()) == said


@pytest.mark.parametrize("minutes_before", [40, 10])
def test_both_bounds_are_in_time(scene: Scene, minutes_before: int) -> None:
    scene.now = START - timedelta(minutes=minutes_before)
    assert [found.done for found in scene.cancel(judged())] == [True]


@pytest.mark.parametrize(
    ("pre_event", "said"),
    [
        (False, "the run cannot be cancelled: nobody subscribes to its pre-event"),
        (None, "not cancelled: it is not known whether anybody is told before the run begins"),
    ],
)
def test_a_run_without_a_pre_event_cannot_be_cancelled(scene: Scene, pre_event: bool | None, said: str) -> None:
    assert scene.refusal(judged(pre_event=pre_event)).startswith(said)


def test_a_person_is_asked_about_each_run(scene: Scene) -> None:
    scene.answers = lambda question: "The run of b " in question
    first, second = scene.cancel(judged("a"), judged("b"), yes=False)
    assert (first.done, first.said) == (False, "not cancelled: it was not agreed to")
    assert second.done
    assert scene.questions[0] == (
        "The run of a begins at 2026-06-10 12:20 UTC (2026-06-10 14:20 Europe/Berlin). It would be cancelled for all "
        "machines of the schedule (seen: vm-1), and cannot be brought back. Cancel it?"
    )


def test_a_name_cannot_steer_the_terminal_of_the_question(scene: Scene) -> None:
    scene.cancel(judged("a\x1b[2J"), yes=False)
    assert "\x1b" not in scene.questions[0]


def test_ctrl_c_at_the_question_is_a_no(scene: Scene) -> None:
    def abort(_question: str) -> bool:
        raise typer.Abort

    scene.answers = abort
    assert scene.refusal(judged(), yes=False) == "not cancelled: it was not agreed to"


def test_who_thinks_too_long_is_too_late(scene: Scene) -> None:
    def think(_question: str) -> bool:
        scene.reach.now = START - timedelta(minutes=5)
        return True

    scene.answers = think
    assert scene.refusal(judged(), yes=False).startswith("too late")


@pytest.mark.parametrize("stdin", [None, SimpleNamespace(isatty=lambda: False)])
def test_without_a_terminal_it_takes_a_yes(scene: Scene, monkeypatch: pytest.MonkeyPatch, stdin: Any) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "give --yes" in scene.refusal(judged(), yes=False)
    assert scene.questions == []


def test_what_is_saved_or_gone_is_not_cancelled(scene: Scene) -> None:
    scene.reach.is_demo = True
    assert "aumdoctor demo serve" in scene.refusal(judged())
    scene.reach.is_saved = True
    assert scene.cancel(judged()) == ()
    assert "a saved estate" in scene.notes[-1]


def test_without_a_journal_nobody_is_asked_and_nothing_sent(scene: Scene, tmp_path: Path) -> None:
    said = scene.refusal(judged(), yes=False, journal=tmp_path / "nowhere" / "journal.jsonl")
    assert "cannot be written: No such file" in said
    assert "--journal" in said
    assert scene.questions == []


def test_an_interrupt_while_sending_says_that_it_is_not_known(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(actions, "cancel_runs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scene.cancel(judged())
    assert "it is not known what became of the cancelling" in capsys.readouterr().err
