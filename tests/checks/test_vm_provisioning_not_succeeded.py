import pytest

from aumdoctor.checks.vm_provisioning_not_succeeded import vm_provisioning_not_succeeded as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, unknowns


@pytest.mark.parametrize("state", ["Failed", "failed"])
def test_a_failed_model_is_found_and_can_be_re_applied(state: str) -> None:
    seen = examine(estate(azure_vm(provisioning_state=state)), check)
    (found,) = seen.findings
    assert (found.check, found.severity, found.confidence) == ("AUM044", Severity.MEDIUM, Confidence.MEDIUM)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == ("properties.provisioningState", state, "Succeeded")
    assert [remedy.name for remedy in seen.remedies[0]] == ["reapply"]


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting"])
def test_a_change_under_way_weighs_little_and_is_left_alone(state: str) -> None:
    vm = azure_vm(provisioning_state=state)
    found = finding(estate(vm), check)
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.LOW)
    assert state in found.message
    assert examine(estate(vm), check).remedies == ((),)


@pytest.mark.parametrize("state", ["Succeeded", "succeeded", None, "", "Migrating"])
def test_success_absence_and_what_is_not_known_are_not_judged(state: str | None) -> None:
    assert findings(estate(azure_vm(provisioning_state=state)), check) == ()


def test_an_arc_machines_state_means_something_else() -> None:
    assert findings(estate(arc_machine(provisioning_state="Failed")), check) == ()


def test_without_the_model_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(provisioning_state="Failed"), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE
