from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled as check
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Operation, Severity
from tests.builders import arc_machine, azure_vm, estate, finding, findings, reading, unknowns


def test_a_vm_on_which_extensions_may_not_run_is_found() -> None:
    vm = azure_vm(allow_extension_operations=False)
    found = finding(estate(vm), check)
    assert found.check == "AUM018"
    assert found.severity is Severity.CRITICAL
    assert found.confidence is Confidence.HIGH
    assert found.resource_id == vm.id
    assert Operation.SCHEDULE in found.blocks
    (evidence,) = found.evidence
    assert evidence.path == "properties.osProfile.allowExtensionOperations"
    assert (evidence.observed, evidence.expected) == (False, True)
    assert evidence.source == "arm"


def test_an_absent_property_means_that_extensions_are_allowed() -> None:
    assert findings(estate(azure_vm(allow_extension_operations=None)), check) == ()
    assert findings(estate(azure_vm(allow_extension_operations=True)), check) == ()


def test_it_matters_on_linux_and_on_a_deallocated_vm_too() -> None:
    vm = azure_vm(os_type="Linux", power_state="deallocated", vm_agent=None, allow_extension_operations=False)
    assert finding(estate(vm), check).check == "AUM018"


def test_an_arc_machine_is_not_asked() -> None:
    assert findings(estate(arc_machine(allow_extension_operations=False)), check) == ()


def test_a_vm_whose_model_was_denied_is_unknown_not_healthy() -> None:
    vm = azure_vm(allow_extension_operations=False)
    (unknown,) = unknowns(estate(vm, readings=[reading(Fact.MACHINE, vm.id, Outcome.DENIED)]), check)
    assert unknown.fact is Fact.MACHINE
    assert unknown.permission == "Microsoft.Compute/virtualMachines/read"
