import pytest

from aumdoctor.checks.schedule_without_machines import schedule_without_machines as check
from aumdoctor.model.estate import CollectionScope, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    static_assignment,
    unknowns,
)

WEEKLY = configuration()
VM = azure_vm()


def unattached(**parts: object) -> Estate:
    return estate(VM, **{"configurations": [WEEKLY], **parts})  # type: ignore[arg-type]


def test_a_schedule_without_any_assignment() -> None:
    seen = finding(unattached(), check)
    assert (seen.check, seen.severity) == ("AUM071", Severity.LOW)
    assert (seen.resource_id, seen.machines) == (WEEKLY.id, ())
    assert seen.evidence[0].observed == []
    assert "nothing is assigned" in seen.message


def test_assignments_on_machines_that_are_gone_count_for_nothing() -> None:
    gone = azure_vm("vm-gone")
    seen = finding(unattached(assignments=[static_assignment(gone)]), check)
    assert seen.evidence[0].observed == [gone.id]
    assert "none of its 1 assignment(s)" in seen.message


def test_a_schedule_with_machines_is_healthy() -> None:
    assert findings(unattached(scheduled=True), check) == ()
    assert findings(unattached(assignments=[dynamic_scope()]), check) == ()


def test_a_dynamic_scope_that_matches_nothing_is_told_elsewhere() -> None:
    assert findings(unattached(assignments=[dynamic_scope(os_types=("Linux",))]), check) == ()


def test_hosts_and_deleted_schedules_are_not_judged() -> None:
    others = [configuration("hosts", maintenance_scope="Host"), configuration("gone", exists=False)]
    assert findings(unattached(configurations=others), check) == ()


@pytest.mark.parametrize(
    "parts",
    [
        {"scope": CollectionScope(resource_groups=("rg-prod",))},
        {"scope": CollectionScope(machines=("vm-1",))},
        {"scope": CollectionScope(tags=("env=prod",))},
        {"scope": CollectionScope(locations=("westeurope",))},
        {"interrupted": True},
    ],
)
def test_who_did_not_look_everywhere_says_nothing(parts: dict[str, object]) -> None:
    assert findings(unattached(**parts), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS])
def test_what_may_not_be_read_leaves_it_unknown(fact: Fact) -> None:
    seen = unattached(denied=[fact])
    assert unknowns(seen, check)[0].fact is fact
    if fact is not Fact.CONFIGURATIONS:
        assert findings(seen, check) == ()


def test_the_cure_is_the_owners_to_choose() -> None:
    ((advice,),) = examine(unattached(), check).remedies
    assert advice.calls == ()
    assert "az maintenance configuration delete --name weekly --resource-group rg-prod" in advice.steps[-1]
