from datetime import timedelta

import pytest

from aumdoctor.checks.assignment_broken_by_move import assignment_broken_by_move as check
from aumdoctor.model.estate import ActivityEvent, CollectionScope
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    NOW,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    reading,
    static_assignment,
    unknowns,
)

BEFORE = azure_vm(resource_group="rg-old")
AFTER = azure_vm(resource_group="rg-new")
LEFT_BEHIND = static_assignment(BEFORE)
MOVE = ActivityEvent(
    resource_id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-OLD",
    operation="Microsoft.Resources/subscriptions/resourceGroups/moveResources/action",
    status="Succeeded",
    at=NOW - timedelta(days=12),
)


def moved(*machines, **overrides):
    return estate(*(machines or (AFTER,)), **{"assignments": [LEFT_BEHIND], **overrides})


def test_a_vm_that_left_its_assignment_behind() -> None:
    seen = finding(moved(), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM006", Severity.HIGH, Confidence.MEDIUM)
    assert seen.resource_id == LEFT_BEHIND.id
    assert seen.machines == (AFTER.id,)
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == ("properties.resourceId", BEFORE.id, AFTER.id)
    assert seen.details["maintenanceConfigurationId"] == configuration().id
    assert seen.details["machineId"] == AFTER.id


def test_a_move_in_the_activity_log_makes_it_sure() -> None:
    seen = finding(moved(activity=(MOVE,)), check)
    assert seen.confidence is Confidence.HIGH
    assert seen.evidence[1].observed == MOVE.operation


@pytest.mark.parametrize(
    "event",
    [
        ActivityEvent(resource_id=MOVE.resource_id, operation=MOVE.operation, status="Failed", at=MOVE.at),
        ActivityEvent(
            resource_id=MOVE.resource_id, operation=MOVE.operation, status="Succeeded", at=NOW - timedelta(days=150)
        ),
        ActivityEvent(resource_id=f"{MOVE.resource_id}er", operation=MOVE.operation, status="Succeeded", at=MOVE.at),
    ],
    ids=["failed", "before the assignment", "another group"],
)
def test_another_event_does_not(event: ActivityEvent) -> None:
    assert finding(moved(activity=(event,)), check).confidence is Confidence.MEDIUM


def test_names_and_ids_are_compared_without_regard_to_case() -> None:
    loud = static_assignment(BEFORE, id=LEFT_BEHIND.id.upper(), resource_id=BEFORE.id.upper())
    assert finding(moved(assignments=[loud]), check).machines == (AFTER.id,)
    still_there = estate(BEFORE, AFTER, assignments=[loud])
    assert findings(still_there, check) == ()


def test_an_arc_machine_may_be_left_behind_too_but_not_by_a_vm() -> None:
    before, after = arc_machine(resource_group="rg-old"), arc_machine(resource_group="rg-new")
    seen = finding(estate(after, assignments=[static_assignment(before)]), check)
    assert seen.machines == (after.id,)
    namesake = azure_vm("arc-1")
    assert findings(estate(namesake, assignments=[static_assignment(before)]), check) == ()


def test_a_machine_that_has_a_schedule_again_is_healthy() -> None:
    assert findings(moved(assignments=[LEFT_BEHIND, static_assignment(AFTER)]), check) == ()


def test_a_deleted_machine_without_a_namesake_or_with_several_is_not_a_move() -> None:
    assert findings(moved(azure_vm("vm-9")), check) == ()
    assert findings(moved(AFTER, azure_vm(resource_group="rg-third")), check) == ()


def test_an_assignment_for_hosts_is_none_of_its_business() -> None:
    hosts = configuration(maintenance_scope="Host")
    assert findings(moved(configurations=[hosts]), check) == ()


@pytest.mark.parametrize(
    "scope",
    [
        CollectionScope(resource_groups=("rg-new",)),
        CollectionScope(machines=("vm-1",)),
        CollectionScope(tags=("env=prod",)),
        CollectionScope(locations=("westeurope",)),
    ],
)
def test_a_narrowed_scan_proves_nothing_about_what_is_missing(scope: CollectionScope) -> None:
    assert findings(moved(scope=scope), check) == ()


def test_a_subscription_that_was_not_read_proves_nothing() -> None:
    elsewhere = static_assignment(azure_vm(subscription=OTHER_SUBSCRIPTION))
    assert findings(moved(assignments=[elsewhere]), check) == ()
    scope = f"/subscriptions/{SUBSCRIPTION}"
    hidden = moved(readings=[reading(Fact.MACHINE, scope, Outcome.DENIED)])
    assert findings(hidden, check) == ()
    (unknown,) = unknowns(hidden, check)
    assert (unknown.fact, unknown.resource_id) == (Fact.MACHINE, scope)


def test_the_cure_attaches_the_new_id_and_deletes_the_old_assignment() -> None:
    (attach, delete) = examine(moved(), check).remedies[0]
    assert attach.calls[0].path.startswith(AFTER.id)
    assert (delete.calls[0].method, delete.calls[0].path) == ("DELETE", LEFT_BEHIND.id)
