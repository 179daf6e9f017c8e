"""Machines by the real SDK over HTTPS: what is listed, what is refused, and that writes show."""

from __future__ import annotations

import re
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient

from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, plant
from aumdoctor.demo.machines import WINDOWS_APPLICATION_HEALTH, add_extension
from aumdoctor.demo.server import DemoServer
from aumdoctor.demo.state import key

PLATFORM = {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}
BYPASS = {"automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True}}


def patch(os_type: str, **configuration: Any) -> dict[str, Any]:
    return {"properties": {"osProfile": {f"{os_type.lower()}Configuration": configuration}}}


def test_a_list_over_several_pages_loses_and_doubles_nothing(big: DemoServer, big_sdk: Any) -> None:
    for subscription in big.state.subscriptions:
        compute = big_sdk(ComputeManagementClient, subscription)
        pages = list(compute.virtual_machines.list_all().by_page())
        listed = [key(vm.id) for page in map(list, pages) for vm in page]
        assert sorted(listed) == sorted(at for at in big.state.vms if f"/{subscription}/" in at)
    assert any("skiptoken" in request.query for request in big.requests)


def test_ids_come_in_another_casing_from_the_list_than_from_a_get(big: DemoServer, big_sdk: Any) -> None:
    compute = big_sdk(ComputeManagementClient, next(iter(big.state.subscriptions)))
    listed = [vm.id for vm in compute.virtual_machines.list_all()]
    shouted = [found for found in listed if re.search(r"/resourceGroups/[^a-z/]+/", found)]
    assert shouted
    assert len(shouted) < len(listed)
    _, _, _, _, group, *_, name = shouted[0].split("/")
    assert compute.virtual_machines.get(group, name).id != shouted[0]


def test_the_instance_view_is_there_only_when_asked_for(state: DemoEstate, subscription: str, sdk: Any) -> None:
    add_vm(state, name="vm-1")
    machines = sdk(ComputeManagementClient, subscription).virtual_machines
    assert machines.get("rg-app", "vm-1").properties.instance_view is None
    view = machines.get("rg-app", "vm-1", expand="instanceView").properties.instance_view
    assert view.vm_agent.statuses[0].display_status == "Ready"
    assert "Microsoft.CPlat.Core.WindowsPatchExtension" in [
        handler.type for handler in view.vm_agent.extension_handlers
    ]
    assert view.patch_status.available_patch_summary.status == "Succeeded"
    assert view.patch_status.available_patch_summary.error.code == "0"
    assert machines.instance_view("rg-app", "vm-1").statuses[-1].code == "PowerState/running"


def test_a_deallocated_vm_reports_no_agent(state: DemoEstate, subscription: str, sdk: Any) -> None:
    add_vm(state, name="vm-1", os_type="Linux")
    machines = sdk(ComputeManagementClient, subscription).virtual_machines
    machines.begin_deallocate("rg-app", "vm-1").result()
    view = machines.instance_view("rg-app", "vm-1")
    assert view.statuses[-1].code == "PowerState/deallocated"
    assert view.vm_agent is None
    assert view.extensions is None
    machines.begin_start("rg-app", "vm-1").result()
    assert machines.instance_view("rg-app", "vm-1").vm_agent.statuses[0].display_status == "Ready"


def test_status_only_lists_power_states(state: DemoEstate, subscription: str, sdk: Any) -> None:
    plant(state, "AUM012", add_vm(state, name="vm-off"))
    add_vm(state, name="vm-on")
    listed = sdk(ComputeManagementClient, subscription).virtual_machines.list_all(status_only="true")
    states = {vm.name: vm.properties.instance_view.statuses[-1].code for vm in listed}
    assert states == {"vm-off": "PowerState/deallocated", "vm-on": "PowerState/running"}


def test_a_patch_shows_in_a_later_get_and_in_resource_graph(
    state: DemoEstate, subscription: str, sdk: Any, arm: Any
) -> None:
    vm_id = add_vm(state, name="vm-1", os_type="Linux")
    plant(state, "AUM031", vm_id)
    query = (
        "resources | where type =~ 'Microsoft.Compute/virtualMachines' | project id, bypass = properties.osProfile"
        ".linuxConfiguration.patchSettings.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"
    )
    assert arm.query(query)[0]["bypass"] is None
    machines = sdk(ComputeManagementClient, subscription).virtual_machines
    machines.begin_update("rg-app", "vm-1", patch("Linux", patchSettings=PLATFORM | BYPASS)).result()
    settings = machines.get("rg-app", "vm-1").properties.os_profile.linux_configuration.patch_settings
    assert settings.automatic_by_platform_settings.bypass_platform_safety_checks_on_user_schedule is True
    assert arm.query(query)[0]["bypass"] is True


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (patch("Windows", enableAutomaticUpdates=False), 409, "PropertyChangeNotAllowed"),
        (patch("Windows", patchSettings={"enableHotpatching": True}), 400, "InvalidParameter"),
        (patch("Windows", patchSettings={"patchMode": "ImageDefault"}), 400, "InvalidParameter"),
        (patch("Windows", patchSettings={"patchMode": "Manual"}), 400, "InvalidParameter"),
        (patch("Windows", patchSettings={"patchMode": "AutomaticByOS"}), 400, "InvalidParameter"),
        ({"properties": {"osProfile": {"allowExtensionOperations": False}}}, 409, "PropertyChangeNotAllowed"),
    ],
)
def test_a_model_that_azure_refuses_changes_nothing(
    state: DemoEstate, subscription: str, sdk: Any, change: dict[str, Any], status: int, code: str
) -> None:
    vm_id = add_vm(state, name="vm-1")
    before = state.vms[key(vm_id)]["properties"]
    with pytest.raises(HttpResponseError) as refusal:
        sdk(ComputeManagementClient, subscription).virtual_machines.begin_update("rg-app", "vm-1", change)
    assert (refusal.value.status_code, refusal.value.error.code) == (status, code)
    assert state.vms[key(vm_id)]["properties"] == before


def test_an_assessment_brings_the_patch_extension_back(state: DemoEstate, subscription: str, sdk: Any) -> None:
    plant(state, "AUM016", add_vm(state, name="vm-1"))
    compute = sdk(ComputeManagementClient, subscription)

    def extensions() -> set[str]:
        return {found.name for found in compute.virtual_machine_extensions.list("rg-app", "vm-1").value}

    assert "WindowsPatchExtension" not in extensions()
    poller = compute.virtual_machines.begin_assess_patches("rg-app", "vm-1")
    assert poller.status() == "InProgress"
    assert poller.result().status == "Succeeded"
    assert "WindowsPatchExtension" in extensions()


def test_an_assessment_fails_again_where_the_guest_is_at_fault(state: DemoEstate, subscription: str, sdk: Any) -> None:
    plant(state, "AUM025", add_vm(state, name="vm-1"))
    result = sdk(ComputeManagementClient, subscription).virtual_machines.begin_assess_patches("rg-app", "vm-1").result()
    assert result.status == "Failed"
    assert "0x80072EE2" in result.error.details[0].message


def test_a_transient_fault_is_gone_at_the_second_try(state: DemoEstate, subscription: str, sdk: Any) -> None:
    plant(state, "AUM029", add_vm(state, name="vm-1"))
    result = sdk(ComputeManagementClient, subscription).virtual_machines.begin_assess_patches("rg-app", "vm-1").result()
    assert result.status == "Succeeded"


@pytest.mark.parametrize(("check", "code"), [("AUM012", "OperationNotAllowed"), ("AUM018", "OperationNotAllowed")])
def test_some_machines_cannot_be_assessed(
    state: DemoEstate, subscription: str, sdk: Any, check: str, code: str
) -> None:
    plant(state, check, add_vm(state, name="vm-1"))
    with pytest.raises(ResourceExistsError) as refusal:
        sdk(ComputeManagementClient, subscription).virtual_machines.begin_assess_patches("rg-app", "vm-1")
    assert refusal.value.error.code == code


def test_without_an_agent_the_operation_starts_and_fails(state: DemoEstate, subscription: str, sdk: Any) -> None:
    plant(state, "AUM042", add_vm(state, name="vm-1"))
    machines = sdk(ComputeManagementClient, subscription).virtual_machines
    with pytest.raises(HttpResponseError) as failure:
        machines.begin_assess_patches("rg-app", "vm-1").result()
    assert failure.value.error.code == "VMAgentStatusCommunicationError"


def test_an_installation_shows_in_the_instance_view(state: DemoEstate, subscription: str, sdk: Any) -> None:
    add_vm(state, name="vm-1")
    machines = sdk(ComputeManagementClient, subscription).virtual_machines
    result = machines.begin_install_patches(
        "rg-app", "vm-1", {"maximumDuration": "PT1H", "rebootSetting": "IfRequired"}
    ).result()
    assert result.status == "Succeeded"
    summary = machines.instance_view("rg-app", "vm-1").patch_status.last_patch_installation_summary
    assert summary.installation_activity_id == result.installation_activity_id


def test_run_command_answers_in_the_shape_of_the_os(state: DemoEstate, subscription: str, sdk: Any) -> None:
    add_vm(state, name="vm-1", os_type="Linux")
    command = {"commandId": "RunShellScript", "script": ["id"]}
    result = (
        sdk(ComputeManagementClient, subscription)
        .virtual_machines.begin_run_command("rg-app", "vm-1", command)
        .result()
    )
    assert "[stdout]" in result.value[0].message


def test_the_patch_extension_cannot_be_put_by_hand(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    body = {"properties": {"publisher": "Microsoft.CPlat.Core", "type": "WindowsPatchExtension"}}
    reply = arm("PUT", f"{vm_id}/extensions/WindowsPatchExtension", body)
    assert (reply.status, reply.body["error"]["code"]) == (409, "OperationNotAllowed")
    assert "reserved for internal use" in reply.body["error"]["message"]


def test_extensions_can_be_removed(state: DemoEstate, subscription: str, sdk: Any) -> None:
    add_vm(state, name="vm-1")
    extensions = sdk(ComputeManagementClient, subscription).virtual_machine_extensions
    extensions.begin_delete("rg-app", "vm-1", "WindowsPatchExtension").result()
    with pytest.raises(ResourceNotFoundError):
        extensions.get("rg-app", "vm-1", "WindowsPatchExtension")


def test_arc_machines_are_listed_patched_and_assessed(state: DemoEstate, subscription: str, arm: Any) -> None:
    arc_id = add_arc(state, name="srv-1", os_type="Linux")
    plant(state, "AUM014", arc_id)
    plant(state, "AUM039", arc_id)
    (listed,) = arm.all(f"/subscriptions/{subscription}/providers/Microsoft.HybridCompute/machines")
    assert listed["properties"]["status"] == "Connected"
    change = patch("Linux", patchSettings={"assessmentMode": "AutomaticByPlatform"})
    settings = arm("PATCH", arc_id, change).body["properties"]["osProfile"]["linuxConfiguration"]["patchSettings"]
    assert settings["assessmentMode"] == "AutomaticByPlatform"
    reply = arm("POST", f"{arc_id}/assessPatches")
    assert reply.status == 202
    result = arm("GET", reply.headers["Location"])
    while result.status == 202:
        result = arm("GET", reply.headers["Location"])
    assert result.body["startedBy"] == "User"
    names = [extension["name"] for extension in arm.all(f"{arc_id}/extensions")]
    assert "LinuxOsUpdateExtension" in names


def test_a_disconnected_arc_machine_refuses(state: DemoEstate, arm: Any) -> None:
    arc_id = add_arc(state)
    plant(state, "AUM117", arc_id)
    assert arm("POST", f"{arc_id}/assessPatches").status == 409


def test_a_vm_names_its_availability_set_in_capitals_and_its_health_extension(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state, resource_group="rg-app", availability_set="avset-1")
    add_extension(state, vm_id, *WINDOWS_APPLICATION_HEALTH)
    found = arm("GET", f"{vm_id}?$expand=instanceView").body
    assert found["properties"]["availabilitySet"]["id"].endswith(
        "/RG-APP/providers/Microsoft.Compute/availabilitySets/AVSET-1"
    )
    types = [extension["type"] for extension in found["properties"]["instanceView"]["extensions"]]
    assert "Microsoft.ManagedServices.ApplicationHealthWindows" in types
    extensions = "resources | where type has '/extensions' and properties.publisher =~ 'Microsoft.ManagedServices'"
    (row,) = arm.query(f"{extensions} | project name, properties")
    assert (row["name"], row["properties"]["provisioningState"]) == ("ApplicationHealthWindows", "Succeeded")
    whole = f"{vm_id.rsplit('/', 1)[0].replace('virtualMachines', 'availabilitySets')}/by-id"
    other = add_vm(state, name="vm-2", availability_set=whole)
    assert arm("GET", other).body["properties"]["availabilitySet"] == {"id": whole}
    assert "availabilitySet" not in arm("GET", add_vm(state, name="vm-3")).body["properties"]
