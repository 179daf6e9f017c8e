import pytest

from aumdoctor.checks.arc_extension_stuck_deleting import arc_extension_stuck_deleting as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, Status
from tests.builders import arc_machine, azure_vm, estate, examine, finding, findings, os_update_extension, unknowns

MONITOR = Extension(
    name="AzureMonitorWindowsAgent", publisher="Microsoft.Azure.Monitor", provisioning_state="Deleting", version="1.30"
)


@pytest.mark.parametrize("state", ["Deleting", "deleting"])
def test_the_update_extension_that_is_being_deleted(state: str) -> None:
    found = finding(estate(arc_machine(extensions=(os_update_extension(provisioning_state=state),))), check)
    assert (found.check, found.severity, found.confidence) == ("AUM123", Severity.MEDIUM, Confidence.LOW)
    (evidence,) = found.evidence
    assert evidence.path == "extensions[?name == 'WindowsOsUpdateExtension'].properties.provisioningState"
    assert evidence.observed == state
    assert found.details == {"extension": "WindowsOsUpdateExtension"}


def test_the_extension_of_the_daily_assessment_counts_as_well() -> None:
    periodic = Extension(name="WindowsPatchExtension", provisioning_state="Deleting")
    assert finding(estate(arc_machine(extensions=(periodic,))), check).severity is Severity.MEDIUM


def test_an_extension_that_patching_does_not_rest_on_weighs_less() -> None:
    found = finding(estate(arc_machine(extensions=(os_update_extension(), MONITOR))), check)
    assert found.severity is Severity.LOW
    assert "AzureMonitorWindowsAgent" in found.message


def test_a_message_that_names_the_missing_file_proves_it() -> None:
    status = Status(level="Error", message="Failed to find HandlerManifest.json for the handler")
    seen = os_update_extension(provisioning_state="Deleting", status=status)
    found = finding(estate(arc_machine(extensions=(seen,))), check)
    assert found.confidence is Confidence.HIGH
    assert "handler manifest is missing" in found.message
    assert found.evidence[1].observed == status.message


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Creating", "Updating", "", None])
def test_other_states_are_other_issues(state: str | None) -> None:
    assert findings(estate(arc_machine(extensions=(os_update_extension(provisioning_state=state),))), check) == ()


def test_no_extensions_and_azure_vms_are_no_matter() -> None:
    assert findings(estate(arc_machine(extensions=())), check) == ()
    assert findings(estate(azure_vm(extensions=(MONITOR,))), check) == ()


def test_extensions_that_were_not_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(estate(arc_machine(), missing=[Fact.EXTENSIONS]), check)
    assert unknown.fact is Fact.EXTENSIONS


def test_it_explains_why_the_update_extension_is_not_well() -> None:
    seen = arc_machine(extensions=(os_update_extension(provisioning_state="Deleting"),))
    folded = {each.check: each.explained_by for each in examine(estate(seen)).findings}
    assert folded["AUM015"] == "AUM123"


@pytest.mark.parametrize(("os_type", "folder"), [("Windows", "C:\\Packages\\Plugins"), ("Linux", "/var/lib/waagent")])
def test_the_cure_looks_where_the_system_keeps_its_extensions(os_type: str, folder: str) -> None:
    stuck = os_update_extension(os_type, provisioning_state="Deleting")
    ((remedy,),) = examine(estate(arc_machine(os_type=os_type, extensions=(stuck,))), check).remedies
    assert any(folder in step for step in remedy.steps)
    assert "az connectedmachine extension show" in remedy.steps[-1]
