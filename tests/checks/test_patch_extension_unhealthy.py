import pytest

from aumdoctor.checks.patch_extension_unhealthy import patch_extension_unhealthy as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, ExtensionHandler, Machine, Status, VmAgent
from tests.builders import azure_vm, estate, examine, finding, findings, patch_extension_type, unknowns

EXIT_88 = "Extension returned non-zero exit code for Install: 88"


def vm_with_handler(status: Status | None, **overrides: object) -> Machine:
    handler = ExtensionHandler(type=patch_extension_type("Linux"), version="1.6.60", status=status)
    return azure_vm(**{"os_type": "Linux", "extension_handlers": (handler,), **overrides})  # type: ignore[arg-type]


def test_a_handler_that_is_not_ready_is_found_with_what_it_said() -> None:
    status = Status(code="ProvisioningState/failed/88", level="Error", display_status="Not Ready", message=EXIT_88)
    found = finding(estate(vm_with_handler(status)), check)
    assert (found.check, found.severity, found.confidence) == ("AUM017", Severity.HIGH, Confidence.HIGH)
    assert EXIT_88 in found.message
    code, display, message = found.evidence
    handler = "properties.instanceView.vmAgent.extensionHandlers[?type == 'Microsoft.CPlat.Core.LinuxPatchExtension']"
    assert code.path == f"{handler}.status.code"
    assert (code.observed, code.expected) == ("ProvisioningState/failed/88", "ProvisioningState/succeeded")
    assert (display.observed, message.observed) == ("Not Ready", EXIT_88)


def test_a_failed_extension_under_a_ready_handler_is_found() -> None:
    failed = Extension(
        name="LinuxPatchExtension",
        status=Status(code="ProvisioningState/failed/52", level="Error", message="no python"),
    )
    found = finding(estate(azure_vm(os_type="Linux", extensions=(failed,))), check)
    assert found.evidence[0].observed == "ProvisioningState/failed/52"


def test_a_failed_resource_is_found() -> None:
    failed = Extension(
        name="x", publisher="Microsoft.CPlat.Core", type="WindowsPatchExtension", provisioning_state="Failed"
    )
    found = finding(estate(azure_vm(extensions=(failed,))), check)
    assert found.evidence[0].path == "extensions[?name == 'x'].properties.provisioningState"


def test_a_handler_that_is_being_installed_is_only_suspected() -> None:
    status = Status(code="ProvisioningState/installing", level="Info", display_status="Installing")
    found = finding(estate(vm_with_handler(status)), check)
    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "not ready yet" in found.message


@pytest.mark.parametrize(
    "status",
    [
        Status(code="ProvisioningState/succeeded", level="Info", display_status="Ready"),
        Status(code="PROVISIONINGSTATE/SUCCEEDED", display_status="ready"),
        Status(display_status="Ready"),
        Status(),
        None,
    ],
    ids=["ready", "other casing", "display only", "empty", "absent"],
)
def test_a_ready_handler_and_one_without_a_status_are_fine(status: Status | None) -> None:
    assert findings(estate(vm_with_handler(status)), check) == ()


def test_an_extension_at_work_is_fine() -> None:
    at_work = Extension(
        name="LinuxPatchExtension",
        provisioning_state="Updating",
        status=Status(code="ProvisioningState/transitioning", level="Info", display_status="Transitioning"),
    )
    assert findings(estate(azure_vm(os_type="Linux", extensions=(at_work,))), check) == ()


def test_the_failure_of_another_extension_is_none_of_ours() -> None:
    other = ExtensionHandler(type="Microsoft.Azure.Monitor.Agent", status=Status(code="ProvisioningState/failed/1"))
    assert findings(estate(azure_vm(extension_handlers=(other,))), check) == ()


FAILED = Status(code="ProvisioningState/failed/88", display_status="Not Ready")


def test_a_vm_that_is_off_is_not_judged_by_what_it_said_when_it_ran() -> None:
    assert findings(estate(vm_with_handler(FAILED, power_state="deallocated")), check) == ()


def test_an_unknown_power_state_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(vm_with_handler(FAILED, power_state=None)), check)
    assert unknown.fact is Fact.POWER_STATE


def test_what_a_fresh_assessment_proves_is_not_doubted() -> None:
    assert findings(estate(vm_with_handler(FAILED), inferred=[Fact.INSTANCE_VIEW]), check) == ()


def test_an_instance_view_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(vm_with_handler(FAILED), denied=[Fact.INSTANCE_VIEW]), check)
    assert unknown.permission == "Microsoft.Compute/virtualMachines/instanceView/read"


def test_an_agent_that_is_not_ready_explains_it() -> None:
    agent = VmAgent(status=Status(code="ProvisioningState/Unavailable", display_status="Not Ready"))
    folded = {
        each.check: each.explained_by for each in examine(estate(vm_with_handler(FAILED, vm_agent=agent))).findings
    }
    assert folded["AUM017"] == "AUM042"
