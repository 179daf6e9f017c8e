import pytest

from aumdoctor.checks.patch_extension_missing import patch_extension_missing as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Extension, ExtensionHandler, Machine, Status, VmAgent
from tests.builders import SUCCEEDED, arc_machine, azure_vm, estate, examine, finding, findings, unknowns

NOT_READY = VmAgent(version="Unknown", status=Status(code="ProvisioningState/Unavailable", display_status="Not Ready"))


def bare_vm(**overrides: object) -> Machine:
    return azure_vm(**{"extension_handlers": (), "extensions": (), **overrides})  # type: ignore[arg-type]


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_a_running_vm_without_the_patch_extension_is_found(os_type: str) -> None:
    monitor = ExtensionHandler(type="Microsoft.Azure.Monitor.AzureMonitorWindowsAgent", status=SUCCEEDED)
    found = finding(estate(bare_vm(os_type=os_type, extension_handlers=(monitor,))), check)
    assert (found.check, found.severity, found.confidence) == ("AUM016", Severity.MEDIUM, Confidence.HIGH)
    handlers = found.evidence[0]
    assert handlers.path == "properties.instanceView.vmAgent.extensionHandlers[].type"
    assert handlers.observed == ["Microsoft.Azure.Monitor.AzureMonitorWindowsAgent"]
    assert handlers.expected == f"Microsoft.CPlat.Core.{os_type}PatchExtension"


@pytest.mark.parametrize(
    "present",
    [
        {"extension_handlers": (ExtensionHandler(type="microsoft.cplat.core.windowspatchextension"),)},
        {"extension_handlers": (ExtensionHandler(type="Microsoft.CPlat.Core.LinuxPatchExtension"),)},
        {"extensions": (Extension(name="x", publisher="Microsoft.CPlat.Core", type="WindowsPatchExtension"),)},
        {"extensions": (Extension(name="WindowsPatchExtension"),)},
        {"extensions": (Extension(name="vm-1/LinuxPatchExtension"),)},
        {"extensions": (Extension(name="Patch", type="Microsoft.CPlat.Core.WindowsPatchExtension"),)},
    ],
    ids=["handler in lower case", "Linux handler", "type", "name", "name with the VM's", "full type"],
)
def test_it_is_recognised_wherever_azure_shows_it(present: dict[str, object]) -> None:
    assert findings(estate(bare_vm(**present)), check) == ()


@pytest.mark.parametrize("power_state", ["deallocated", "stopped", "starting"])
def test_a_vm_that_is_off_reports_no_handlers_and_is_not_judged(power_state: str) -> None:
    seen = estate(bare_vm(power_state=power_state, vm_agent=None))
    assert findings(seen, check) == ()
    assert unknowns(seen, check) == ()


def test_a_power_state_that_azure_does_not_know_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(bare_vm(power_state="unknown")), check)
    assert unknown.fact is Fact.POWER_STATE


def test_what_a_fresh_assessment_proves_is_not_doubted() -> None:
    assert findings(estate(bare_vm(vm_agent=None), inferred=[Fact.INSTANCE_VIEW]), check) == ()


def test_an_instance_view_that_was_not_read_leaves_it_unknown() -> None:
    (unknown,) = unknowns(estate(bare_vm(), missing=[Fact.INSTANCE_VIEW]), check)
    assert unknown.fact is Fact.INSTANCE_VIEW


def test_an_agent_that_is_not_ready_explains_it_and_makes_it_less_sure() -> None:
    seen = estate(bare_vm(vm_agent=NOT_READY))
    assert finding(seen, check).confidence is Confidence.MEDIUM
    folded = {each.check: each.explained_by for each in examine(seen).findings}
    assert folded["AUM016"] == "AUM042"


def test_extension_operations_that_are_off_explain_it() -> None:
    folded = {
        each.check: each.explained_by for each in examine(estate(bare_vm(allow_extension_operations=False))).findings
    }
    assert folded["AUM016"] == "AUM018"


def test_arc_machines_are_judged_by_their_own_extension() -> None:
    assert findings(estate(arc_machine(extensions=())), check) == ()
