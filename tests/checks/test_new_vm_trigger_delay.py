from datetime import datetime, timedelta

import pytest

from aumdoctor.checks.engine import AnswerState, answers
from aumdoctor.checks.new_vm_trigger_delay import new_vm_trigger_delay as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    finding,
    findings,
    run,
    unknowns,
)

NOON = change(configuration(), window=change(configuration().window, start_date_time="2026-01-03 12:00"))
DAILY = change(NOON, window=change(NOON.window, recur_every="Day"))


def created(moment: datetime | None, **parts: object) -> Estate:
    return estate(azure_vm(time_created=moment), **{"configurations": [DAILY], "scheduled": True, **parts})  # type: ignore[arg-type]


def test_a_vm_created_shortly_before_its_window_is_an_info() -> None:
    seen = created(NOW - timedelta(minutes=10))
    told = finding(seen, check, now=NOW - timedelta(minutes=5))
    assert (told.check, told.severity, told.blocks) == ("AUM010", Severity.INFO, ())
    assert "created 10 min before the window of weekly at 2026-06-10 12:00 UTC" in told.message
    assert examine(seen, check).machines[0].verdict is Verdict.PATCHABLE


def test_it_is_told_until_the_following_window_begins() -> None:
    seen = created(NOW - timedelta(minutes=10))
    assert finding(seen, check, now=NOW + timedelta(hours=23)).details["nextRun"] == "2026-06-11 12:00 UTC"
    assert findings(seen, check, now=NOW + timedelta(hours=25)) == ()


@pytest.mark.parametrize("minutes", [15, 16, 600, -1])
def test_a_quarter_of_an_hour_is_enough(minutes: int) -> None:
    assert findings(created(NOW - timedelta(minutes=minutes)), check, now=NOW + timedelta(minutes=5)) == ()


def test_once_there_is_a_run_nothing_is_said() -> None:
    seen = created(NOW - timedelta(minutes=10))
    ran = run(seen.machines[0], started_at=NOW)
    later = NOW + timedelta(hours=1)
    assert findings(change(seen, runs=(ran,)), check, now=later) == ()
    elsewhere = change(ran, maintenance_configuration_id=configuration("other").id)
    assert finding(change(seen, runs=(elsewhere,)), check, now=later)


def test_what_was_never_told_is_not_judged() -> None:
    for seen in (created(None), created(NOW, scheduled=False)):
        assert findings(seen, check) == ()
        (answer,) = answers(seen, [check], seen.machines[0], NOW)
        assert answer.state is AnswerState.NOT_APPLICABLE


def test_arc_machines_are_not_asked_and_unreadable_schedules_say_nothing() -> None:
    assert findings(estate(arc_machine(), scheduled=True, configurations=[DAILY]), check) == ()
    odd = change(DAILY, window=change(DAILY.window, recur_every="sometimes"))
    assert findings(created(NOW - timedelta(minutes=10), configurations=[odd]), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_what_may_not_be_read_is_unknown(fact: Fact) -> None:
    assert [each.fact for each in unknowns(created(NOW, denied=[fact]), check)] == [fact]


def test_the_advice_names_the_next_run_and_makes_no_call() -> None:
    seen = created(NOW - timedelta(minutes=10))
    ((remedy,),) = examine(seen, check).remedies
    assert (remedy.name, remedy.calls) == ("await-next-run", ())
    assert any("2026-06-11 12:00 UTC" in step for step in remedy.steps)
