from typing import Any

import pytest

from aumdoctor.checks.assignment_location_mismatch import assignment_location_mismatch as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.maintenance import ConfigurationAssignment
from tests.builders import (
    GROUP,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    run,
    static_assignment,
    unknowns,
)

VM = azure_vm()
ELSEWHERE = static_assignment(VM, location="eastus2")


def assigned(*assignments: ConfigurationAssignment, **parts: Any) -> Estate:
    return estate(VM, arc_machine(), **{"assignments": assignments, **parts})


def test_the_assignment_lies_elsewhere_than_its_machine() -> None:
    seen = finding(assigned(ELSEWHERE), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM075", Severity.MEDIUM, Confidence.LOW)
    assert (seen.resource_id, seen.machines) == (ELSEWHERE.id, (VM.id,))
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == ("location", "eastus2", "westeurope")


def test_arc_enabled_servers_have_a_location_too() -> None:
    server = arc_machine()
    assert finding(assigned(static_assignment(server, location="eastus2")), check).machines == (server.id,)


def test_a_dynamic_scope_on_a_subscription_is_global() -> None:
    scope = change(dynamic_scope(), location="westeurope")
    seen = finding(assigned(scope), check)
    assert (seen.resource_id, len(seen.machines)) == (scope.id, 2)
    assert seen.evidence[0].expected == "global"


@pytest.mark.parametrize("location", ["westeurope", "West Europe", "WESTEUROPE", "global", None, ""])
def test_the_same_region_however_it_is_spelled_and_none_at_all_are_healthy(location: str | None) -> None:
    assert findings(assigned(static_assignment(VM, location=location)), check) == ()


@pytest.mark.parametrize(
    "scope",
    [
        dynamic_scope(),
        change(dynamic_scope(), location="Global"),
        change(dynamic_scope(), location=None),
        change(dynamic_scope(resource_group=GROUP), location="westeurope"),
        change(dynamic_scope(tags={"ring": ("9",)}), location="westeurope"),
    ],
)
def test_the_other_scopes_are_healthy(scope: ConfigurationAssignment) -> None:
    assert findings(assigned(scope), check) == ()


def test_a_run_that_succeeded_settles_it() -> None:
    assert findings(assigned(ELSEWHERE, runs=(run(VM),)), check) == ()
    assert finding(assigned(ELSEWHERE, runs=(run(VM, status="Failed"),)), check)
    scope = change(dynamic_scope(), location="westeurope")
    assert findings(assigned(scope, runs=(run(VM),)), check) == ()


def test_a_machine_that_is_gone_or_has_no_location_is_not_compared() -> None:
    gone = static_assignment(azure_vm("vm-9"), location="eastus2")
    assert findings(assigned(gone), check) == ()
    assert findings(estate(azure_vm(location=""), assignments=[ELSEWHERE]), check) == ()


@pytest.mark.parametrize("schedule", [{"maintenance_scope": "Host"}, {"exists": False}])
def test_schedules_for_hosts_and_deleted_ones_are_not_judged(schedule: dict[str, Any]) -> None:
    assert findings(assigned(ELSEWHERE, configurations=[configuration(**schedule)]), check) == ()


def test_a_schedule_that_could_not_be_read_is_judged() -> None:
    assert finding(assigned(ELSEWHERE, configurations=[]), check)


def test_assignments_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(assigned(ELSEWHERE, denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS


def test_the_cure_puts_the_assignment_again() -> None:
    ((remedy,),) = examine(assigned(ELSEWHERE), check).remedies
    (call,) = remedy.calls
    assert (call.method, call.path) == ("PUT", ELSEWHERE.id)
    assert call.body == {
        "location": "westeurope",
        "properties": {"maintenanceConfigurationId": configuration().id},
    }
    scope = change(dynamic_scope(os_types=("Windows",)), location="westeurope")
    ((remedy,),) = examine(assigned(scope), check).remedies
    body = remedy.calls[0].body
    assert body is not None
    assert (body["location"], body["properties"]["filter"]) == ("global", {"osTypes": ["Windows"]})


def test_nor_does_the_spelling_of_the_machines_region_matter() -> None:
    shown = azure_vm(location="West Europe")
    assert findings(estate(shown, assignments=[static_assignment(shown, location="westeurope")]), check) == ()
