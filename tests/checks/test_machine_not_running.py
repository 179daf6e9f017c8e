import pytest

from aumdoctor.checks.arc_disconnected import arc_disconnected
from aumdoctor.checks.machine_not_running import machine_not_running as check
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from tests.builders import (
    arc_agent,
    arc_machine,
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

OFF = ["deallocated", "stopped", "stopping", "deallocating"]


@pytest.mark.parametrize("power_state", OFF)
def test_a_scheduled_vm_that_is_off_misses_its_window(power_state: str) -> None:
    vm = azure_vm(power_state=power_state, vm_agent=None, extension_handlers=())
    found = finding(estate(vm, scheduled=True), check)
    assert (found.check, found.severity) == ("AUM012", Severity.HIGH)
    assert "weekly" in found.message
    power, schedule = found.evidence
    assert (power.observed, power.expected) == (f"PowerState/{power_state}", "PowerState/running")
    assert power.path.startswith("properties.instanceView.statuses")
    assert schedule.resource_id == static_assignment(vm).id
    assert schedule.observed == configuration().id


def test_a_dynamic_scope_counts_as_a_schedule() -> None:
    vm = azure_vm(power_state="deallocated", tags={"ring": "1"})
    seen = estate(vm, assignments=[dynamic_scope(tags={"ring": ("1",)})])
    assert finding(seen, check).severity is Severity.HIGH


@pytest.mark.parametrize("power_state", OFF)
def test_a_vm_without_a_schedule_that_is_off_is_a_remark(power_state: str) -> None:
    seen = estate(azure_vm(power_state=power_state))
    assert finding(seen, check).severity is Severity.LOW
    assert examine(seen, check).machines[0].verdict is Verdict.PATCHABLE


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_vm_that_is_starting_is_a_remark(scheduled: bool) -> None:
    found = finding(estate(azure_vm(power_state="starting"), scheduled=scheduled), check)
    assert found.severity is Severity.LOW
    assert "starting" in found.message


def test_a_running_vm_and_a_connected_arc_machine_are_fine() -> None:
    assert findings(estate(azure_vm(), arc_machine(), scheduled=True), check) == ()


@pytest.mark.parametrize("power_state", ["unknown", None])
def test_a_power_state_that_azure_does_not_know_is_unknown_and_not_off(power_state: str | None) -> None:
    seen = estate(azure_vm(power_state=power_state), scheduled=True)
    assert findings(seen, check) == ()
    (unknown,) = unknowns(seen, check)
    assert unknown.fact is Fact.POWER_STATE
    assert examine(seen, check).machines[0].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("status", ["Disconnected", "Expired", "Error", "AwaitingConnection"])
def test_a_scheduled_arc_machine_that_is_not_connected_misses_its_window(status: str) -> None:
    arc = arc_machine(arc=arc_agent(status=status))
    found = finding(estate(arc, scheduled=True), check)
    assert found.severity is Severity.HIGH
    assert (found.evidence[0].path, found.evidence[0].observed) == ("properties.status", status)


def test_on_arc_the_lost_connection_is_the_cause() -> None:
    arc = arc_machine(arc=arc_agent(status="Disconnected"))
    folded = {each.check: each.explained_by for each in examine(estate(arc, scheduled=True)).findings}
    assert folded["AUM012"] == "AUM117"


def test_an_arc_machine_without_a_schedule_is_left_to_the_arc_check() -> None:
    seen = estate(arc_machine(arc=arc_agent(status="Disconnected")))
    assert findings(seen, check) == ()
    assert finding(seen, arc_disconnected).check == "AUM117"


def test_an_arc_status_in_another_casing_is_the_same_status() -> None:
    assert findings(estate(arc_machine(arc=arc_agent(status="connected")), scheduled=True), check) == ()


def test_an_arc_machine_without_a_status_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(arc=arc_agent(status=None)), scheduled=True), check)
    assert unknown.fact is Fact.POWER_STATE


@pytest.mark.parametrize("fact", [Fact.POWER_STATE, Fact.ASSIGNMENTS])
def test_without_power_state_or_assignments_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(power_state="deallocated"), missing=[fact]), check)
    assert unknown.fact is fact


def test_a_vm_that_is_off_can_be_started_and_an_arc_machine_cannot() -> None:
    vm, arc = azure_vm(power_state="deallocated"), arc_machine(arc=arc_agent(status="Disconnected"))
    offered = examine(estate(vm, arc, scheduled=True), check).remedies
    assert [[remedy.name for remedy in remedies] for remedies in offered] == [
        ["start-machine"],
        ["reconnect-arc-agent"],
    ]
