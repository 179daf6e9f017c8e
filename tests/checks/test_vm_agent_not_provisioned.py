import pytest

from aumdoctor.checks.not_assessed import not_assessed
from aumdoctor.checks.patch_extension_missing import patch_extension_missing
from aumdoctor.checks.vm_agent_not_provisioned import vm_agent_not_provisioned as check
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready
from aumdoctor.diagnosis.examine import Verdict
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine, Status, VmAgent
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, reading, unknowns

UNRESPONSIVE = VmAgent(
    version="Unknown", status=Status(code="ProvisioningState/Unavailable", display_status="Not Ready")
)


def without_agent(**overrides: object) -> Machine:
    return azure_vm(**{"provision_vm_agent": False, "vm_agent": None, "extension_handlers": (), **overrides})  # type: ignore[arg-type]


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_running_vm_created_without_an_agent(os_type: str) -> None:
    found = finding(estate(without_agent(os_type=os_type)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM038", Severity.CRITICAL, Confidence.HIGH)
    prop, agent = found.evidence
    assert prop.path == f"properties.osProfile.{os_type.lower()}Configuration.provisionVMAgent"
    assert (prop.observed, prop.expected) == (False, True)
    assert (agent.observed, agent.expected) == (None, "ProvisioningState/succeeded")


def test_an_agent_that_somebody_installed_later_is_as_good() -> None:
    assert findings(estate(azure_vm(provision_vm_agent=False)), check) == ()


def test_so_is_one_that_a_fresh_assessment_proves() -> None:
    vm = without_agent()
    assert findings(estate(vm, readings=[reading(Fact.INSTANCE_VIEW, vm.id, Outcome.INFERRED)]), check) == ()


def test_an_agent_that_does_not_report_changes_nothing() -> None:
    found = finding(estate(without_agent(vm_agent=UNRESPONSIVE)), check)
    assert found.confidence is Confidence.HIGH
    assert found.evidence[1].observed == "ProvisioningState/Unavailable"


def test_of_a_vm_that_is_off_it_is_less_sure() -> None:
    found = finding(estate(without_agent(power_state="deallocated")), check)
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.MEDIUM)
    assert "is not known" in found.message
    assert len(found.evidence) == 1


def test_so_it_is_where_the_instance_view_was_not_read() -> None:
    assert finding(estate(without_agent(), denied=[Fact.INSTANCE_VIEW]), check).confidence is Confidence.MEDIUM


@pytest.mark.parametrize("provisioned", [True, None])
def test_true_and_absent_are_healthy(provisioned: bool | None) -> None:
    assert findings(estate(azure_vm(provision_vm_agent=provisioned, vm_agent=None)), check) == ()


def test_arc_machines_have_no_vm_agent() -> None:
    assert findings(estate(arc_machine(provision_vm_agent=False)), check) == ()


def test_without_the_model_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(without_agent(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


def test_it_explains_agent_extension_and_assessment() -> None:
    vm = without_agent(vm_agent=UNRESPONSIVE, assessment=None)
    seen = examine(estate(vm), check, vm_agent_not_ready, patch_extension_missing, not_assessed)
    assert {found.check: found.explained_by for found in seen.findings} == {
        "AUM008": "AUM038",
        "AUM016": "AUM038",
        "AUM038": None,
        "AUM042": "AUM038",
    }
    assert seen.machines[0].verdict is Verdict.BLOCKED
    assert seen.machines[0].causes == ("AUM038",)


@pytest.mark.parametrize(("os_type", "how"), [("Windows", "msiexec"), ("Linux", "walinuxagent")])
def test_the_cure_is_advice_for_the_system_it_runs(os_type: str, how: str) -> None:
    ((remedy,),) = examine(estate(without_agent(os_type=os_type)), check).remedies
    assert remedy.name == "install-vm-agent"
    assert how in "\n".join(remedy.steps)
