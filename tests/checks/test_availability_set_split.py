from typing import Any

import pytest

from aumdoctor.checks.availability_set_split import availability_set_split as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    GROUP,
    SUBSCRIPTION,
    azure_vm,
    change,
    configuration,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    unknowns,
)

SET = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/availabilitySets/as-web"
ONE, TWO = azure_vm("web-1", availability_set_id=SET), azure_vm("web-2", availability_set_id=SET.upper())
WEEKLY = configuration()
LATER = change(configuration("later"), window=change(WEEKLY.window, start_date_time="2026-01-03 23:00"))
SUNDAY = change(configuration("sunday"), window=change(WEEKLY.window, recur_every="Week Sunday"))


def split(one: Any = ONE, two: Any = TWO, other: Any = LATER, **parts: Any) -> Estate:
    assignments = [static_assignment(one, WEEKLY), static_assignment(two, other)]
    return estate(one, two, **{"configurations": [WEEKLY, other], "assignments": assignments, **parts})


def test_every_vm_of_the_set_is_told_with_whom_it_meets() -> None:
    one, two = findings(split(), check)
    assert {seen.check for seen in (one, two)} == {"AUM080"}
    assert (one.severity, one.resource_id, one.machines) == (Severity.MEDIUM, ONE.id, (ONE.id,))
    assert (two.resource_id, two.machines) == (TWO.id, (TWO.id,))
    assert "it is on weekly and shares the availability set as-web with web-2 on later" in one.message
    assert "2026-06-13 23:00 UTC" in one.message
    assert one.evidence[0].observed == SET


@pytest.mark.parametrize(
    "seen",
    [
        split(other=WEEKLY),
        split(other=SUNDAY),
        split(two=change(TWO, availability_set_id=None)),
        split(two=change(TWO, availability_set_id=SET.replace("as-web", "as-db"))),
        split(other=change(LATER, maintenance_scope="Host")),
        split(other=change(LATER, window=change(LATER.window, recur_every="whenever"))),
        split(assignments=[static_assignment(ONE)]),
    ],
)
def test_one_schedule_windows_apart_or_another_set_is_healthy(seen: Estate) -> None:
    assert findings(seen, check) == ()


def test_two_that_are_on_both_schedules_conflict_each_for_itself() -> None:
    assignments = [
        static_assignment(vm, schedule, name=schedule.name) for vm in (ONE, TWO) for schedule in (WEEKLY, LATER)
    ]
    assert findings(split(assignments=assignments), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_what_may_not_be_read_is_unknown(fact: Fact) -> None:
    assert [each.fact for each in unknowns(split(denied=[fact]), check)] == [fact]


def test_the_cure_moves_the_later_schedule_once() -> None:
    examination = examine(split(), check)
    assert {remedy.calls[0].path for (remedy,) in examination.remedies} == {LATER.id}


def test_a_third_vm_on_neither_suffers_not() -> None:
    third = azure_vm("web-3", availability_set_id=SET)
    seen = split()
    told = findings(change(seen, machines=(*seen.machines, third)), check)
    assert {each.resource_id for each in told} == {ONE.id, TWO.id}


def test_one_vm_alone_is_no_split() -> None:
    assignments = [static_assignment(ONE, WEEKLY), static_assignment(ONE, LATER, name="assign-2")]
    assert findings(estate(ONE, configurations=[WEEKLY, LATER], assignments=assignments), check) == ()
    third = azure_vm("web-3", availability_set_id=SET)
    seen = estate(
        ONE, third, configurations=[WEEKLY, LATER], assignments=[*assignments, static_assignment(third, WEEKLY)]
    )
    assert finding(seen, check).resource_id == third.id
