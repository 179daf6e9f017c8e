from datetime import timedelta

import pytest

from aumdoctor.checks.shutdown_or_unresponsive import shutdown_or_unresponsive as check
from aumdoctor.model.estate import ActivityEvent
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    NOW,
    arc_machine,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    installation,
    run,
    static_assignment,
    unknowns,
)

STARTED = NOW - timedelta(days=4)


def failed(vm, **overrides):
    return run(vm, **{"status": "Failed", "error_code": "ShutdownOrUnresponsive", **overrides})


def deleted(vm, at=STARTED - timedelta(hours=4), status="Succeeded"):
    operation = "Microsoft.Compute/virtualMachines/delete"
    return ActivityEvent(resource_id=vm.id.upper(), operation=operation, status=status, at=at)


def test_a_vm_that_was_off_when_its_turn_came() -> None:
    vm = azure_vm()
    built = examine(estate(vm, runs=(failed(vm),), scheduled=True), check)
    (seen,) = built.findings
    assert (seen.check, seen.severity) == ("AUM011", Severity.HIGH)
    assert "off or not responding" in seen.message
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed) == ("properties.errorCode", "ShutdownOrUnresponsive")
    assert evidence.resource_id == failed(vm).id
    # Its assignment is sound: nothing is to be removed.
    assert [remedy.name for remedy in built.remedies[0]] == ["keep-running-in-window"]


def test_a_vm_that_was_created_again_under_its_id() -> None:
    vm = azure_vm(time_created=STARTED - timedelta(hours=3))
    tie = static_assignment(vm)
    built = examine(estate(vm, runs=(failed(vm),), assignments=[tie]), check)
    (seen,) = built.findings
    assert "recreated with the same id" in seen.message
    assert "8 hours" in seen.message
    assert "12" in seen.message
    assert seen.evidence[1].path == "properties.timeCreated"
    assert seen.details["assignmentId"] == tie.id
    recreate = built.remedies[0][0]
    assert recreate.name == "recreate-assignment"
    assert [call.method for call in recreate.calls] == ["DELETE", "PUT"], (
        "neither alone: between them nobody patches it"
    )
    assert recreate.calls[1].body["properties"]["maintenanceConfigurationId"] == configuration().id


def test_a_deletion_in_the_activity_log_tells_it_too() -> None:
    vm = azure_vm()
    seen = finding(estate(vm, runs=(failed(vm),), activity=(deleted(vm),)), check)
    assert "recreated" in seen.message
    assert seen.evidence[1].observed.startswith("Microsoft.Compute/virtualMachines/delete")


@pytest.mark.parametrize(
    "event",
    [
        deleted(azure_vm(), status="Failed"),
        deleted(azure_vm(), at=STARTED - timedelta(hours=30)),
        deleted(azure_vm(), at=STARTED + timedelta(hours=1)),
        deleted(azure_vm("vm-2")),
    ],
    ids=["failed", "long before", "after the run", "another vm"],
)
def test_another_deletion_does_not(event: ActivityEvent) -> None:
    vm = azure_vm(time_created=STARTED - timedelta(hours=9))
    assert "off or not responding" in finding(estate(vm, runs=(failed(vm),), activity=(event,)), check).message


def test_a_dynamic_scope_has_no_assignment_to_renew() -> None:
    vm = azure_vm(time_created=STARTED - timedelta(hours=3))
    built = examine(estate(vm, runs=(failed(vm),), assignments=[dynamic_scope()]), check)
    assert "assignmentId" not in built.findings[0].details
    assert [remedy.name for remedy in built.remedies[0]] == ["keep-running-in-window"]


def test_the_word_may_stand_in_the_message_or_in_an_installation() -> None:
    vm = azure_vm()
    told = failed(vm, error_code=None, error_message="Run failed with shutdownOrUnresponsive.")
    assert finding(estate(vm, runs=(told,)), check).evidence[0].path == "properties.errorMessage"
    in_summary = azure_vm(installation=installation("ShutdownOrUnresponsive"))
    assert finding(estate(in_summary), check).evidence[0].observed == "ShutdownOrUnresponsive"


def test_a_vm_that_is_off_now_is_to_be_started() -> None:
    vm = azure_vm(power_state="deallocated")
    built = examine(estate(vm, runs=(failed(vm),)), check)
    assert [remedy.name for remedy in built.remedies[0]] == ["start-machine", "keep-running-in-window"]


def test_what_came_later_counts() -> None:
    vm = azure_vm()
    later = run(vm, started_at=NOW - timedelta(days=1))
    assert findings(estate(vm, runs=(failed(vm), later)), check) == ()
    recovered = azure_vm(installation=installation(started_at=NOW - timedelta(days=2), last_modified=NOW))
    assert findings(estate(recovered, runs=(failed(recovered),)), check) == ()
    other_trouble = run(vm, started_at=NOW - timedelta(days=1), status="Failed", error_code="Timeout")
    assert findings(estate(vm, runs=(failed(vm), other_trouble)), check) == ()
    under_way = run(vm, started_at=NOW - timedelta(minutes=5), status="InProgress")
    assert finding(estate(vm, runs=(under_way, failed(vm))), check).check == "AUM011"
    earlier = run(vm, started_at=NOW - timedelta(days=11))
    assert finding(estate(vm, runs=(earlier, failed(vm))), check).check == "AUM011"


def test_near_misses() -> None:
    assert findings(estate(azure_vm(), runs=(run(azure_vm()),)), check) == ()
    assert findings(estate(azure_vm(), runs=(failed(azure_vm("vm-2")),)), check) == ()
    arc = arc_machine()
    assert findings(estate(arc, runs=(failed(arc),)), check) == ()
    vm = azure_vm(installation=installation("ShutdownOrUnresponsive", status="Succeeded"))
    assert findings(estate(vm), check) == ()


def test_without_the_activity_log_it_answers_without_runs_it_does_not() -> None:
    vm = azure_vm()
    assert finding(estate(vm, runs=(failed(vm),), denied=[Fact.ACTIVITY_LOG]), check).check == "AUM011"
    (unknown,) = unknowns(estate(vm, denied=[Fact.RUNS]), check)
    assert unknown.fact is Fact.RUNS
