"""Long-running operations: when they take effect, what refuses another meanwhile, how they end, and what tests wish."""

from __future__ import annotations

import time
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient

from aumdoctor.demo import operations
from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, plant
from aumdoctor.demo.machines import set_power
from aumdoctor.demo.server import DemoServer, run_in_thread
from aumdoctor.demo.state import key
from tests.demo.conftest import Caller
from tests.demo.state_diff import difference

CARRY_ON = {
    "properties": {"osProfile": {"windowsConfiguration": {"patchSettings": {"assessmentMode": "ImageDefault"}}}}
}


def power(arm: Any, vm_id: str) -> str:
    return str(arm("GET", f"{vm_id}/instanceView").body["statuses"][-1]["code"])


def test_a_vm_starts_and_then_runs(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    set_power(state, vm_id, "deallocated")
    reply = arm("POST", f"{vm_id}/start")
    assert reply.status == 202
    assert {"Azure-AsyncOperation", "Location"} <= set(reply.headers)
    assert power(arm, vm_id) == "PowerState/starting"
    assert power(arm, vm_id) == "PowerState/running"
    assert arm("GET", reply.headers["Azure-AsyncOperation"]).body["status"] == "Succeeded"


@pytest.mark.parametrize("how", ["Azure-AsyncOperation", "Location"])
def test_the_operation_is_followed_by_either_header(state: DemoEstate, arm: Any, how: str) -> None:
    vm_id = add_vm(state)
    reply = arm("POST", f"{vm_id}/assessPatches")
    first, second = (arm("GET", reply.headers[how]) for _ in range(2))
    if how == "Location":
        assert (first.status, second.status, second.body["status"]) == (202, 200, "Succeeded")
    else:
        assert (first.body["status"], second.body["status"]) == ("InProgress", "Succeeded")
        assert second.body["properties"]["output"]["status"] == "Succeeded"


def test_the_arc_provider_is_followed_by_location(state: DemoEstate, arm: Any) -> None:
    reply = arm("POST", f"{add_arc(state)}/assessPatches", api_version="2026-07-15")
    assert "Azure-AsyncOperation" not in reply.headers
    assert "/providers/Microsoft.HybridCompute/locations/" in reply.headers["Location"]


def test_an_operation_that_succeeds_can_carry_a_failure(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    plant(state, "AUM025", vm_id)
    url = arm("POST", f"{vm_id}/assessPatches").headers["Azure-AsyncOperation"]
    arm("GET", url)
    ended = arm("GET", url).body
    assert (ended["status"], ended["properties"]["output"]["status"]) == ("Succeeded", "Failed")


def test_an_assessment_shows_in_the_instance_view_while_it_runs(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    arm("POST", f"{vm_id}/assessPatches")
    seen = [
        arm("GET", f"{vm_id}/instanceView").body["patchStatus"]["availablePatchSummary"]["status"] for _ in range(2)
    ]
    assert seen == ["InProgress", "Succeeded"]


def test_a_patched_vm_is_updating_at_first(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    plant(state, "AUM044", vm_id)
    reply = arm("PATCH", vm_id, CARRY_ON)
    assert (reply.status, reply.body["properties"]["provisioningState"]) == (200, "Updating")
    assert "Azure-AsyncOperation" in reply.headers
    states = [arm("GET", vm_id).body["properties"]["provisioningState"] for _ in range(2)]
    assert states == ["Updating", "Succeeded"]


def test_another_operation_is_refused_meanwhile(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    arc_id = add_arc(state)
    for machine_id, code in ((vm_id, "Conflict"), (arc_id, "HCRP409")):
        assert arm("POST", f"{machine_id}/assessPatches").status == 202
        reply = arm("POST", f"{machine_id}/assessPatches")
        assert (reply.status, reply.body["error"]["code"]) == (409, code)
    assert arm("PATCH", vm_id, CARRY_ON).status == 409
    assert arm("DELETE", f"{vm_id}/extensions/WindowsPatchExtension").status == 409
    assert arm("POST", f"{add_vm(state, name='vm-2')}/assessPatches").status == 202, "that is another VM"
    server.settle()
    assert arm("PATCH", vm_id, CARRY_ON).status == 200


def test_nobody_has_to_ask(state: DemoEstate, arm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    vm_id = add_vm(state)
    arm("POST", f"{vm_id}/deallocate")
    query = (
        "resources | where type =~ 'microsoft.compute/virtualmachines' | project code = tostring(properties.extended"
    )
    query += ".instanceView.powerState.code), id"
    assert arm.query(query)[0]["code"] == "PowerState/deallocating"
    later = time.monotonic() + operations.SECONDS_UNASKED + 1
    monkeypatch.setattr("aumdoctor.demo.operations.time.monotonic", lambda: later)
    assert arm.query(query)[0]["code"] == "PowerState/deallocated"


def test_without_polls_everything_happens_at_once(state: DemoEstate) -> None:
    vm_id = add_vm(state)
    with run_in_thread(estate=state, operation_polls=0) as server:
        arm = Caller(server)
        for action in ("powerOff", "deallocate", "start", "restart", "reapply", "assessPatches"):
            assert arm("POST", f"{vm_id}/{action}").status == 202
        assert power(arm, vm_id) == "PowerState/running"
        arm.session.close()


def test_what_never_ends_goes_on_when_the_faults_are_cleared(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    server.faults.never_ends("POST .*/deallocate")
    url = arm("POST", f"{vm_id}/deallocate").headers["Azure-AsyncOperation"]
    assert {arm("GET", url).body["status"] for _ in range(5)} == {"InProgress"}
    server.settle()
    assert power(arm, vm_id) == "PowerState/deallocating"
    assert arm("POST", f"{vm_id}/start").status == 409
    server.faults.clear()
    server.settle()
    assert power(arm, vm_id) == "PowerState/deallocated"


def test_a_registration_that_never_ends(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    server.faults.never_ends("/register")
    path = f"/subscriptions/{subscription}/providers/Microsoft.Maintenance"
    assert arm("POST", f"{path}/register").body["registrationState"] == "Registering"
    assert {arm("GET", path).body["registrationState"] for _ in range(4)} == {"Registering"}


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
def test_an_operation_can_be_told_to_fail(
    state: DemoEstate, subscription: str, server: DemoServer, sdk: Any, status: str
) -> None:
    add_vm(state, name="vm-1")
    before = state.snapshot()
    server.faults.operation_fails("assessPatches|extensions", "GuestGone", "It is gone.", None, status=status)
    compute = sdk(ComputeManagementClient, subscription)
    for begin in (compute.virtual_machines.begin_assess_patches, compute.virtual_machine_extensions.begin_delete):
        names = ("rg-app", "vm-1", *(["WindowsPatchExtension"] if begin.__name__ == "begin_delete" else []))
        with pytest.raises(HttpResponseError):
            begin(*names).result()
    assert difference(before, state.snapshot()) == []


def test_a_start_that_fails_leaves_the_vm_off(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    set_power(state, vm_id, "deallocated")
    server.faults.operation_fails("/start", "AllocationFailed", "There is no room.")
    url = arm("POST", f"{vm_id}/start").headers["Azure-AsyncOperation"]
    server.settle()
    assert arm("GET", url).body["error"]["code"] == "AllocationFailed"
    assert power(arm, vm_id) == "PowerState/deallocated"
    assert arm("GET", vm_id).body["properties"]["provisioningState"] == "Failed"
    assert arm("POST", f"{vm_id}/restart").body["error"]["code"] == "OperationNotAllowed"


def test_an_extension_is_deleting_and_then_gone(state: DemoEstate, arm: Any) -> None:
    arc_id = add_arc(state)
    path = f"{arc_id}/extensions/WindowsOsUpdateExtension"
    before = state.snapshot()
    assert arm("DELETE", path).status == 202
    assert arm("GET", path).body["properties"]["provisioningState"] == "Deleting"
    assert arm("GET", path).status == 404
    assert arm("DELETE", path).status == 204
    (gone,) = difference(before, state.snapshot())
    assert gone.startswith(f"extensions {key(arc_id)} windowsosupdateextension: ")
    assert gone.endswith("-> (absent)")
    arm("POST", f"{arc_id}/assessPatches")
    for _ in range(2):
        arm("GET", f"{arc_id}/extensions/WindowsPatchExtension")
    assert arm("GET", path).body["properties"]["provisioningState"] == "Succeeded"


def test_following_an_operation_takes_a_right_of_its_own(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    vm_id = add_vm(state)
    server.faults.deny(subscription, "Microsoft.Compute/locations/operations/read")
    reply = arm("POST", f"{vm_id}/assessPatches")
    assert reply.status == 202
    assert arm("GET", reply.headers["Azure-AsyncOperation"]).status == 403
