import shlex

from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.remedies.assign_schedule import assign_schedule
from aumdoctor.remedies.remedy import Risk
from aumdoctor.remedies.remove_assignment import remove_assignment
from tests.builders import SUBSCRIPTION, arc_machine, azure_vm, configuration, estate, patch_settings, static_assignment

WEEKLY = configuration()


def about(machine, **details: str) -> Finding:
    return Finding(
        check="AUM006",
        name="assignment-broken-by-move",
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        resource_id=machine.id,
        message="",
        evidence=(),
        details={
            "machineId": machine.id.upper(),
            "maintenanceConfigurationId": WEEKLY.id,
            "assignmentId": static_assignment(machine).id,
            **details,
        },
    )


def option(line: str, name: str) -> str:
    words = shlex.split(line)
    return words[words.index(name) + 1]


def test_a_machine_is_attached_in_its_own_region() -> None:
    vm = azure_vm()
    remedy = assign_schedule.prescribe(about(vm), estate(vm))
    assert remedy is not None
    assert (remedy.risk, remedy.reversible) == (Risk.CONSENT, True)
    (call,) = remedy.calls
    assert (call.method, call.api_version) == ("PUT", "2023-04-01")
    assert call.path == f"{vm.id}/providers/Microsoft.Maintenance/configurationAssignments/weekly"
    assert call.body == {"location": "westeurope", "properties": {"maintenanceConfigurationId": WEEKLY.id}}
    (line,) = remedy.az
    assert shlex.split(line)[:4] == ["az", "maintenance", "assignment", "create"]
    assert option(line, "--provider-name") == "Microsoft.Compute"
    assert option(line, "--resource-type") == "virtualMachines"
    assert option(line, "--resource-name") == "vm-1"
    assert option(line, "--subscription") == SUBSCRIPTION
    assert len(remedy.steps) == 1


def test_a_vm_that_a_schedule_cannot_patch_is_named_as_such_and_arc_is_not() -> None:
    vm = azure_vm(patch_settings=patch_settings(patch_mode="Manual"))
    remedy = assign_schedule.prescribe(about(vm), estate(vm))
    assert remedy is not None
    assert "customer managed schedules" in remedy.steps[1]
    arc = arc_machine()
    remedy = assign_schedule.prescribe(about(arc), estate(arc))
    assert remedy is not None
    assert len(remedy.steps) == 1
    assert option(remedy.az[0], "--provider-name") == "Microsoft.HybridCompute"
    assert option(remedy.az[0], "--resource-type") == "machines"


def test_a_machine_that_is_not_there_is_not_attached() -> None:
    assert assign_schedule.prescribe(about(azure_vm()), estate()) is None


def test_an_assignment_is_deleted_by_its_own_id() -> None:
    vm = azure_vm()
    remedy = remove_assignment.prescribe(about(vm), estate(vm))
    assert remedy is not None
    assert (remedy.calls[0].method, remedy.calls[0].path) == ("DELETE", static_assignment(vm).id)
    assert remedy.calls[0].body is None
    assert option(remedy.az[0], "--configuration-assignment-name") == "assign-1"
    assert option(remedy.az[0], "--resource-name") == "vm-1"
    assert "anew" in remedy.steps[0]


def test_of_a_machine_that_is_gone_azure_may_refuse_to_delete_it() -> None:
    remedy = remove_assignment.prescribe(about(azure_vm()), estate())
    assert remedy is not None
    assert "move it back" in remedy.steps[0]


def test_without_an_assignment_there_is_nothing_to_delete() -> None:
    bare = about(azure_vm())
    bare.details.pop("assignmentId")
    assert remove_assignment.prescribe(bare, estate()) is None
