from datetime import UTC, datetime

import pytest

from aumdoctor.checks.arc_disconnected import arc_disconnected as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Operation, Severity
from tests.builders import arc_agent, arc_machine, azure_vm, estate, finding, findings, unknowns


def test_a_disconnected_arc_machine_is_found_with_the_time_since_when() -> None:
    agent = arc_agent(status="Disconnected", last_status_change=datetime(2026, 6, 1, 4, 30, tzinfo=UTC))
    arc = arc_machine(arc=agent)
    found = finding(estate(arc), check)
    assert (found.check, found.severity, found.resource_id) == ("AUM117", Severity.CRITICAL, arc.id)
    assert "Disconnected since 2026-06-01 04:30 UTC" in found.message
    assert Operation.SCHEDULE in found.blocks
    status, since = found.evidence
    assert (status.path, status.observed, status.expected) == ("properties.status", "Disconnected", "Connected")
    assert (since.path, since.observed) == ("properties.lastStatusChange", "2026-06-01T04:30:00+00:00")


def test_an_expired_machine_has_to_be_connected_anew() -> None:
    found = finding(estate(arc_machine(arc=arc_agent(status="Expired"))), check)
    assert "connected anew" in found.message


def test_what_the_agent_said_is_evidence_and_not_too_much_of_it() -> None:
    agent = arc_agent(status="Error", last_status_change=None, error_messages=("one", "two", "three", "four"))
    found = finding(estate(arc_machine(arc=agent)), check)
    assert [evidence.observed for evidence in found.evidence] == ["Error", "one", "two", "three"]


@pytest.mark.parametrize("status", ["Connected", "connected"])
def test_a_connected_machine_is_fine_in_any_casing(status: str) -> None:
    assert findings(estate(arc_machine(arc=arc_agent(status=status))), check) == ()


def test_azure_vms_have_no_arc_agent() -> None:
    assert findings(estate(azure_vm(power_state="deallocated")), check) == ()


@pytest.mark.parametrize("agent", [None, arc_agent(status=None)], ids=["no agent", "no status"])
def test_a_machine_without_a_status_is_unknown(agent: object) -> None:
    (unknown,) = unknowns(estate(arc_machine(arc=agent)), check)
    assert unknown.fact is Fact.MACHINE


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE
