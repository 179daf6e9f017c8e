import pytest

from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready as check
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Status, VmAgent
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, reading, unknowns

UNRESPONSIVE = VmAgent(
    version="Unknown",
    status=Status(
        code="ProvisioningState/Unavailable",
        level="Warning",
        display_status="Not Ready",
        message="VM Agent is unresponsive.",
    ),
)


def test_a_running_vm_whose_agent_is_unresponsive_is_found() -> None:
    found = finding(estate(azure_vm(vm_agent=UNRESPONSIVE)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM042", Severity.CRITICAL, Confidence.HIGH)
    assert "VM Agent is unresponsive." in found.message
    code, display, message, power = found.evidence
    assert code.path == "properties.instanceView.vmAgent.statuses[0].code"
    assert (code.observed, code.expected) == ("ProvisioningState/Unavailable", "ProvisioningState/succeeded")
    assert (display.observed, display.expected) == ("Not Ready", "Ready")
    assert message.observed == "VM Agent is unresponsive."
    assert power.observed == "PowerState/running"


def test_a_code_that_succeeded_does_not_outweigh_not_ready() -> None:
    agent = VmAgent(status=Status(code="ProvisioningState/succeeded", display_status="Not Ready"))
    assert finding(estate(azure_vm(vm_agent=agent)), check)


def test_a_bare_code_is_evidence_enough() -> None:
    agent = VmAgent(status=Status(code="ProvisioningState/Unavailable"))
    found = finding(estate(azure_vm(vm_agent=agent)), check)
    assert "ProvisioningState/Unavailable" in found.message
    assert len(found.evidence) == 2


@pytest.mark.parametrize("power_state", ["deallocated", "stopped", "starting", "deallocating"])
@pytest.mark.parametrize("agent", [None, UNRESPONSIVE], ids=["no status", "stale status"])
def test_a_vm_that_is_off_has_no_agent_status_and_is_not_judged(power_state: str, agent: VmAgent | None) -> None:
    seen = estate(azure_vm(power_state=power_state, vm_agent=agent))
    assert findings(seen, check) == ()
    assert unknowns(seen, check) == ()


def test_a_running_vm_whose_agent_never_reported_is_found_with_less_confidence() -> None:
    found = finding(estate(azure_vm(vm_agent=None)), check)
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.MEDIUM)
    assert "never reported" in found.message
    assert found.evidence[0].path == "properties.instanceView.vmAgent"


def test_what_a_fresh_assessment_proves_is_not_doubted() -> None:
    vm = azure_vm(vm_agent=None)
    seen = estate(vm, readings=[reading(Fact.INSTANCE_VIEW, vm.id, Outcome.INFERRED)])
    assert findings(seen, check) == ()
    assert unknowns(seen, check) == ()


def test_an_empty_status_list_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(vm_agent=VmAgent(version="2.7.1.0"))), check)
    assert unknown.fact is Fact.INSTANCE_VIEW


@pytest.mark.parametrize("code", ["ProvisioningState/succeeded", "provisioningstate/Succeeded", None])
def test_a_ready_agent_is_fine_in_any_casing(code: str | None) -> None:
    agent = VmAgent(status=Status(code=code, display_status="Ready"))
    assert findings(estate(azure_vm(vm_agent=agent)), check) == ()


def test_an_unknown_power_state_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(power_state="unknown", vm_agent=None)), check)
    assert unknown.fact is Fact.POWER_STATE


@pytest.mark.parametrize("fact", [Fact.INSTANCE_VIEW, Fact.POWER_STATE])
def test_without_instance_view_or_power_state_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(vm_agent=None), denied=[fact]), check)
    assert unknown.fact is fact


def test_arc_machines_have_no_vm_agent() -> None:
    assert findings(estate(arc_machine()), check) == ()


def test_both_cures_are_offered_advice_first() -> None:
    (remedies,) = examine(estate(azure_vm(vm_agent=UNRESPONSIVE)), check).remedies
    assert [remedy.name for remedy in remedies] == ["restart-vm-agent", "reapply"]
