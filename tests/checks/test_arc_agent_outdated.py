import pytest

from aumdoctor.checks.arc_agent_outdated import arc_agent_outdated as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Finding, Severity
from tests.builders import arc_agent, arc_machine, azure_vm, estate, examine, findings, unknowns


def found_with(version: str | None, **agent: object) -> tuple[Finding, ...]:
    return findings(estate(arc_machine(arc=arc_agent(version=version, **agent))), check)


def test_an_agent_below_the_troubleshooters_minimum() -> None:
    (found,) = found_with("1.38.02567.1706")
    assert (found.check, found.severity, found.confidence) == ("AUM119", Severity.MEDIUM, Confidence.HIGH)
    (evidence,) = found.evidence
    assert (evidence.path, evidence.observed) == ("properties.agentVersion", "1.38.02567.1706")
    assert evidence.expected == ">= 1.39"
    assert "troubleshooter" in found.message
    assert "Run Command" not in found.message


@pytest.mark.parametrize("version", ["1.32.02399.1173", "1.9", "0.12"])
def test_a_still_older_one_is_refused_by_run_command_too(version: str) -> None:
    (found,) = found_with(version)
    assert "below 1.39" in found.message
    assert "below 1.33" in found.message


@pytest.mark.parametrize(
    "version", ["1.39", "1.39.0", "1.56.02167.2345", "1.100", "2.0", "", "preview", None, "9" * 900]
)
def test_newer_versions_and_those_that_are_no_numbers_say_nothing(version: str | None) -> None:
    assert found_with(version) == ()


def test_licensed_security_updates_need_a_newer_agent() -> None:
    (found,) = found_with(
        "1.55.03133.2780", os_sku="Windows Server 2016 Datacenter", esu_license_assignment_state="Assigned"
    )
    assert "Extended Security Updates of Windows Server 2016" in found.message
    assert found.evidence[0].expected == ">= 1.62"


@pytest.mark.parametrize(
    ("sku", "state"),
    [
        ("Windows Server 2016 Datacenter", "NotAssigned"),
        ("Windows Server 2016 Datacenter", None),
        ("Windows Server 2012 R2 Standard", "Assigned"),
        ("Windows Server 2022 Datacenter", "Assigned"),
    ],
    ids=["no licence", "not said", "this agent will do", "needs none"],
)
def test_without_such_a_licence_it_does_not_matter(sku: str, state: str | None) -> None:
    assert found_with("1.55.03133.2780", os_sku=sku, esu_license_assignment_state=state) == ()


def test_an_azure_vm_has_no_such_agent_and_an_unread_machine_is_unknown() -> None:
    assert findings(estate(azure_vm()), check) == ()
    (unknown,) = unknowns(estate(arc_machine(), denied=[Fact.MACHINE]), check)
    assert unknown.fact is Fact.MACHINE


@pytest.mark.parametrize(("os_type", "command"), [("Windows", "msiexec.exe"), ("Linux", "sudo apt update")])
def test_the_cure_is_for_the_system_and_ends_with_a_proof(os_type: str, command: str) -> None:
    old = arc_machine(os_type=os_type, arc=arc_agent(version="1.20"))
    ((remedy,),) = examine(estate(old), check).remedies
    assert command in remedy.steps[0]
    assert "enableAutomaticUpgrade" in remedy.steps[-2]
    assert "agentVersion" in remedy.steps[-1]
