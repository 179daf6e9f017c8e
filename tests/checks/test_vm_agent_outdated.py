import pytest

from aumdoctor.checks.vm_agent_outdated import vm_agent_outdated as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import VmAgent
from tests.builders import SUCCEEDED, arc_machine, azure_vm, estate, examine, finding, findings, unknowns


def agent(version: str | None) -> VmAgent:
    return VmAgent(version=version, status=SUCCEEDED)


@pytest.mark.parametrize(
    ("os_type", "version", "expected", "confidence"),
    [
        ("Windows", "2.7.41491.1009", ">= 2.7.41491.1010", Confidence.MEDIUM),
        ("Windows", "2.7.41491.999", ">= 2.7.41491.1010", Confidence.MEDIUM),
        ("Windows", "2.4.0.2", ">= 2.7.41491.1010", Confidence.MEDIUM),
        ("Windows", "2.4.0.1", ">= 2.7.41491.1010", Confidence.HIGH),
        ("Linux", "2.2.53", ">= 2.2.53.1", Confidence.HIGH),
        ("Linux", "2.2.9.1", ">= 2.2.53.1", Confidence.HIGH),
    ],
)
def test_an_old_agent_is_found_number_by_number(
    os_type: str, version: str, expected: str, confidence: Confidence
) -> None:
    found = finding(estate(azure_vm(os_type=os_type, vm_agent=agent(version))), check)
    assert (found.check, found.severity, found.confidence) == ("AUM043", Severity.MEDIUM, confidence)
    (evidence,) = found.evidence
    assert evidence.path == "properties.instanceView.vmAgent.vmAgentVersion"
    assert (evidence.observed, evidence.expected) == (version, expected)


def test_below_both_minimums_both_are_told_with_their_sources() -> None:
    message = finding(estate(azure_vm(vm_agent=agent("2.3.1.0"))), check).message
    assert "below 2.7.41491.1010" in message
    assert "below 2.4.0.2" in message
    assert "Troubleshooter" in message


@pytest.mark.parametrize(
    ("os_type", "version"),
    [
        ("Windows", "2.7.41491.1010"),
        ("Windows", "2.7.41491.10100"),
        ("Windows", "2.10.0"),
        ("Linux", "2.2.53.1"),
        ("Linux", "2.14.0.1"),
        ("Linux", "9.9.9.9"),
    ],
)
def test_a_current_agent_is_fine(os_type: str, version: str) -> None:
    assert findings(estate(azure_vm(os_type=os_type, vm_agent=agent(version))), check) == ()


@pytest.mark.parametrize("version", [None, "", "Unknown", "2.x", "1." * 4000])
def test_what_is_no_version_says_nothing(version: str | None) -> None:
    assert findings(estate(azure_vm(vm_agent=agent(version))), check) == ()


def test_a_vm_without_an_agent_or_a_known_system_is_another_matter() -> None:
    seen = estate(azure_vm("a", vm_agent=None), azure_vm("b", os_type=None, vm_agent=agent("1.0")), arc_machine())
    assert findings(seen, check) == ()


def test_without_the_instance_view_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(vm_agent=agent("1.0")), missing=[Fact.INSTANCE_VIEW]), check)
    assert unknown.fact is Fact.INSTANCE_VIEW


def test_the_cure_is_an_update_inside_the_guest() -> None:
    ((remedy,),) = examine(estate(azure_vm(os_type="Linux", vm_agent=agent("2.2.20"))), check).remedies
    assert remedy.name == "install-vm-agent"
    assert "vmAgentVersion" in remedy.steps[-1]
