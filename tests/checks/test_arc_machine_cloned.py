import pytest

from aumdoctor.checks.arc_machine_cloned import arc_machine_cloned as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from tests.builders import arc_agent, arc_machine, azure_vm, estate, examine, finding, findings, unknowns


@pytest.mark.parametrize("reason", ["Cloned", "cloned"])
def test_a_clone_is_found_even_while_it_is_connected(reason: str) -> None:
    found = finding(estate(arc_machine(arc=arc_agent(status_reason=reason))), check)
    assert (found.check, found.severity, found.confidence) == ("AUM118", Severity.HIGH, Confidence.HIGH)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed) == ("properties.statusReason", reason)
    assert "clone" in found.message


@pytest.mark.parametrize(
    "machine",
    [
        arc_machine(),
        arc_machine(arc=arc_agent(status_reason="")),
        arc_machine(arc=arc_agent(status_reason="SomethingNew")),
        arc_machine(arc=None),
        azure_vm(),
    ],
    ids=["no reason", "empty", "a reason of the future", "no agent", "azure vm"],
)
def test_near_misses(machine: Machine) -> None:
    assert findings(estate(machine), check) == ()


def test_a_machine_that_may_not_be_read_is_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_it_explains_why_azure_calls_the_server_disconnected() -> None:
    clone = arc_machine(arc=arc_agent(status="Disconnected", status_reason="Cloned"))
    folded = {each.check: each.explained_by for each in examine(estate(clone)).findings}
    assert (folded["AUM117"], folded["AUM118"]) == ("AUM118", None)


def test_the_cure_spares_the_azure_resource_of_the_original() -> None:
    seen = examine(estate(arc_machine(arc=arc_agent(status_reason="Cloned"))), check)
    ((remedy,),) = seen.remedies
    assert remedy.name == "reonboard-cloned-machine"
    assert remedy.calls == ()
    assert any("azcmagent disconnect --force-local-only" in step for step in remedy.steps)
    assert "az connectedmachine show" in remedy.steps[-1]
