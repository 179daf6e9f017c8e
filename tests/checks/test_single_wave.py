from typing import Any

import pytest

from aumdoctor.checks.single_wave import single_wave as check
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    unknowns,
)

TEN = [*(azure_vm(f"vm-{number}") for number in range(9)), arc_machine()]
WEEKLY = configuration()
MONTHLY = configuration("monthly")


def at_once(*machines: Any, **parts: Any) -> Estate:
    return estate(*(machines or TEN), **{"scheduled": True, **parts})


def test_ten_machines_on_one_schedule_are_one_wave() -> None:
    seen = finding(at_once(), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM081", Severity.INFO, Confidence.LOW)
    assert seen.resource_id == ids.subscription_scope(SUBSCRIPTION)
    assert len(seen.machines) == 10
    assert "all 10 scheduled machines" in seen.message
    assert "weekly" in seen.message


def test_a_dynamic_scope_makes_a_wave_as_well() -> None:
    assert finding(at_once(scheduled=False, assignments=[dynamic_scope()]), check)


@pytest.mark.parametrize(
    "seen",
    [
        at_once(*TEN[:9]),
        at_once(*TEN[:9], change(TEN[0], id=TEN[0].id + "x", name="x", availability_set_id="/as/1")),
        at_once(scheduled=False),
        at_once(assignments=[static_assignment(TEN[0], MONTHLY, name="other")], configurations=[WEEKLY, MONTHLY]),
        at_once(configurations=[change(WEEKLY, maintenance_scope="Host")]),
        at_once(configurations=[]),
    ],
)
def test_fewer_machines_sets_that_take_turns_or_a_second_wave_are_healthy(seen: Estate) -> None:
    assert findings(seen, check) == ()


def test_machines_without_a_schedule_are_no_wave_and_no_part_of_one() -> None:
    idle = azure_vm("idle")
    seen = at_once()
    assert idle.id not in finding(change(seen, machines=(*seen.machines, idle)), check).machines


def test_after_a_narrowed_or_interrupted_scan_nothing_is_said() -> None:
    seen = at_once()
    assert findings(change(seen, scope=change(seen.scope, tags=("env=prod",))), check) == ()
    assert findings(change(seen, interrupted=True), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_what_may_not_be_read_is_unknown(fact: Fact) -> None:
    assert [each.fact for each in unknowns(at_once(denied=[fact]), check)] == [fact]


def test_how_to_split_them_is_advice() -> None:
    ((remedy,),) = examine(at_once(), check).remedies
    assert (remedy.name, remedy.calls) == ("split-into-waves", ())
