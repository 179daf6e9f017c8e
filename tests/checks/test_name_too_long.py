from typing import Any

import pytest

from aumdoctor.checks.name_too_long import name_too_long as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import azure_vm, configuration, estate, examine, finding, findings, static_assignment, unknowns

VM = azure_vm()


def named(name: int, group: int, **parts: Any) -> Estate:
    """A machine on a schedule whose name and resource group have so many characters."""
    schedule = configuration("n" * name, resource_group="g" * group, **parts.pop("schedule", {}))
    given = {"configurations": [schedule], "assignments": [static_assignment(VM, schedule)], **parts}
    return estate(VM, **given)


@pytest.mark.parametrize(("name", "group"), [(64, 64), (100, 90), (127, 1)])
def test_both_names_have_128_characters_or_more(name: int, group: int) -> None:
    seen = finding(named(name, group), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM078", Severity.LOW, Confidence.MEDIUM)
    assert seen.machines == (VM.id,)
    assert f"{name + group} characters" in seen.message


@pytest.mark.parametrize(("name", "group"), [(63, 64), (8, 20)])
def test_fewer_are_healthy(name: int, group: int) -> None:
    assert findings(named(name, group), check) == ()


def test_an_id_of_more_than_256_characters_may_fail() -> None:
    machine = azure_vm("v" * 64, resource_group="g" * 90)
    base = len(machine.id)
    exact = azure_vm("v" * (64 + 256 - base), resource_group="g" * 90)
    longer = azure_vm("v" * (65 + 256 - base), resource_group="g" * 90)
    assert (len(exact.id), len(longer.id)) == (256, 257)
    assert findings(estate(exact, scheduled=True), check) == ()
    seen = finding(estate(longer, scheduled=True), check)
    assert (seen.resource_id, seen.confidence, seen.evidence[0].path) == (longer.id, Confidence.LOW, "id")
    assert findings(estate(longer), check) == (), "a machine without a schedule needs no assignment"


@pytest.mark.parametrize("schedule", [{"maintenance_scope": "Host"}, {"exists": False}])
def test_schedules_for_hosts_and_deleted_ones_are_not_judged(schedule: dict[str, Any]) -> None:
    assert findings(named(100, 90, schedule=schedule), check) == ()


def test_a_schedule_without_machines_is_not_judged() -> None:
    assert findings(named(100, 90, assignments=[]), check) == ()


def test_schedules_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(named(100, 90, denied=[Fact.CONFIGURATIONS]), check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_the_cure_is_a_schedule_under_another_name() -> None:
    ((advice,),) = examine(named(100, 90), check).remedies
    assert advice.calls == ()
    assert "n" * 100 in advice.steps[0]
