"""Azure's own bodies, decoded."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.azure.wire import (
    arc,
    authorization,
    beside,
    extensions,
    maintenance,
    pages,
    patches,
    policy,
    subscriptions,
    virtual_machines,
)
from aumdoctor.azure.wire.base import Malformed, moment

DATA = Path(__file__).parent / "data"
VM = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"


def body(name: str) -> bytes:
    return (DATA / name).read_bytes()


def vm(**properties: Any) -> bytes:
    return json.dumps({"id": VM, "name": "vm", "location": "westeurope", "properties": properties}).encode()


def test_a_recorded_instance_view_tells_agent_and_power_state() -> None:
    machine = virtual_machines.virtual_machine(body("vm_instance_view.recorded.json"))

    assert (machine.name, machine.os_type, machine.power_state) == ("cctestvm", "Linux", "running")
    assert machine.vm_agent is not None
    assert machine.vm_agent.version == "2.2.54.2"
    assert machine.vm_agent.status is not None
    assert machine.vm_agent.status.display_status == "Ready"
    assert machine.effective_patch_mode == "ImageDefault"
    assert machine.extensions == (), "CustomScript is no extension that patches"


def test_the_same_recorded_vm_from_list_and_graph_differs_only_in_what_the_graph_adds() -> None:
    listed = virtual_machines.virtual_machine(body("vm_list_row.recorded.json"))
    graphed = virtual_machines.virtual_machine(body("vm_graph_row.recorded.json"))

    assert listed.key == graphed.key
    assert listed.id != graphed.id, "Compute upper-cases the resource group, Resource Graph does not"
    differing = {field for field in listed.__struct_fields__ if getattr(listed, field) != getattr(graphed, field)} - {
        "id"
    }
    assert differing == {"image"}, "only exactVersion is the graph's own"


def test_an_official_instance_view_example_decodes_as_body_of_a_known_vm() -> None:
    view = json.loads(body("instance_view.example.json"))
    machine = virtual_machines.virtual_machine(vm(instanceView=view))

    assert machine.malformed is None
    assert machine.assessment is not None
    assert machine.assessment.status == view["patchStatus"]["availablePatchSummary"]["status"]
    assert machine.assessment.errors == (), "a null error is none"
    assert machine.installation is not None
    assert machine.installation.maintenance_window_exceeded is False


def test_an_official_arc_example_decodes() -> None:
    machine = arc.arc_machine(body("arc_machine.example.json"))

    assert machine.arc is not None
    assert machine.arc.status is None
    assert machine.arc.extensions_enabled is True, 'Azure writes "true" as a string'
    assert machine.arc.config_mode == "full"


def test_official_maintenance_examples_decode() -> None:
    configuration = maintenance.maintenance_configuration(body("configuration.example.json"))
    scope = maintenance.configuration_assignment(body("dynamic_scope.example.json"))

    assert configuration.is_guest_patching
    assert configuration.window.recur_every == "5Days"
    assert configuration.install_patches is not None
    assert configuration.install_patches.windows_classifications == ("Security",)
    assert configuration.install_patches.linux_classifications is None
    assert scope.is_dynamic
    assert scope.filter is not None
    assert scope.filter.tags["tag1"] == ("tag1Value1", "tag1Value2", "tag1Value3")
    assert scope.filter.tag_operator == "All"


def test_unknown_enum_values_and_properties_survive() -> None:
    settings = {"patchMode": "AutomaticByWizard", "somethingNew": [1, 2]}
    machine = virtual_machines.virtual_machine(
        vm(
            osProfile={"linuxConfiguration": {"patchSettings": settings}},
            storageProfile={"osDisk": {"osType": "Linux"}},
        )
    )
    assert machine.malformed is None
    assert machine.patch_settings.patch_mode == "AutomaticByWizard"


@pytest.mark.parametrize("error", [None, {"code": "0", "message": "0 error/s reported.", "details": []}, {"code": 0}])
def test_error_code_zero_is_success(error: Any) -> None:
    summary = {"status": "Succeeded", "lastModifiedTime": "2026-11-01T00:00:00Z", "error": error}
    machine = virtual_machines.virtual_machine(vm(instanceView={"patchStatus": {"availablePatchSummary": summary}}))
    assert machine.assessment is not None
    assert machine.assessment.errors == ()


def test_errors_keep_their_place_and_code() -> None:
    row = {
        "id": f"{VM}/patchAssessmentResults/latest",
        "properties": {
            "status": "Failed",
            "lastModifiedDateTime": "2026-11-01T00:00:00.1234567Z",
            "errorDetails": {"code": "1", "message": "2 errors", "details": [{"code": "X", "message": "0x8024402C"}]},
        },
    }
    machine, assessment = patches.assessment(json.dumps(row).encode())
    assert machine == VM.lower()
    assert [(error.path, error.code) for error in assessment.errors] == [
        ("properties.errorDetails.message", "1"),
        ("properties.errorDetails.details[0].message", "X"),
    ]
    assert assessment.last_modified == datetime(2026, 11, 1, 0, 0, 0, 123456, tzinfo=UTC)


def test_booleans_and_counts_may_come_as_strings() -> None:
    row = {
        "id": f"{VM}/patchinstallationresults/x",
        "properties": {"status": "Failed", "maintenanceWindowExceeded": "True", "pendingPatchCount": "3"},
    }
    _, installation = patches.installation(json.dumps(row).encode())
    assert installation.maintenance_window_exceeded is True
    assert installation.pending_count == 3


def test_a_body_of_the_wrong_shape_is_a_machine_that_could_not_be_read() -> None:
    machine = virtual_machines.virtual_machine(vm(osProfile="none of your business"))
    assert machine.malformed is not None
    assert "osProfile" in machine.malformed
    assert machine.name == "vm"


def test_a_body_without_an_id_is_malformed_unless_the_id_was_asked_for() -> None:
    with pytest.raises(Malformed):
        virtual_machines.virtual_machine(b'{"properties": {}}')
    assert virtual_machines.virtual_machine(b'{"properties": {}}', VM).name == "vm"


def test_secrets_in_texts_are_gone_before_they_are_anywhere() -> None:
    row = {"id": f"{VM}/extensions/x", "properties": {"publisher": "Microsoft.CPlat.Core", "instanceView": {
        "statuses": [{"code": "ProvisioningState/failed/1", "message": "GET https://s.blob/x?sig=AbC%2Fdef failed"}]
    }}}  # fmt: skip
    found = extensions.extension(json.dumps(row).encode())
    assert found is not None
    assert found[0] == VM
    assert found[1].status is not None
    assert "AbC" not in str(found[1].status.message)
    server = {
        "id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/a",
        "properties": {"agentConfiguration": {"proxyUrl": "http://joe:hunter2@proxy:8080"}},
    }
    machine = arc.arc_machine(json.dumps(server).encode())
    assert machine.arc is not None
    assert machine.arc.proxy_url == "http://[redacted]@proxy:8080"


def test_a_policy_state_reads_alike_from_graph_and_policy_insights() -> None:
    state = {
        "resourceId": VM,
        "policyAssignmentId": "/a",
        "policyDefinitionId": "/d",
        "complianceState": "NonCompliant",
    }
    flat = policy.policy_state(json.dumps(state).encode())
    assert flat == policy.policy_state(json.dumps({"id": "x", "properties": state}).encode())
    assert flat.compliance_state == "NonCompliant"


def test_a_remediation_failure_names_the_missing_right_not_the_wrapper() -> None:
    row = {
        "status": "Failed",
        "remediatedResourceId": VM,
        "error": {"code": "DeploymentFailed", "message": "see details", "details": [
            {"code": "LinkedAuthorizationFailed", "message": "galleries/images/versions/read"}]},
    }  # fmt: skip
    assert policy.remediation_deployment(json.dumps(row).encode()).error_code == "LinkedAuthorizationFailed"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"error": {"code": "AuthorizationFailed", "message": "no"}}', ("AuthorizationFailed", "no")),
        (b'{"code": "BadRequest", "message": "flat"}', ("BadRequest", "flat")),
        (b'{"Message": "of Maintenance"}', (None, "of Maintenance")),
        (b'{"error": "invalid_client", "error_description": "AADSTS7000215"}', ("invalid_client", "AADSTS7000215")),
        (b"<html>502</html>", (None, None)),
        (b"", (None, None)),
        (b"[]", (None, None)),
    ],
)
def test_every_shape_of_error_body_is_read(answer: bytes, expected: tuple[str | None, str | None]) -> None:
    assert pages.error_of(answer) == expected


def test_subscriptions_and_management_groups() -> None:
    found = subscriptions.subscription(b'{"id": "/subscriptions/AB", "subscriptionId": "AB", "displayName": "x"}')
    assert (found.id, found.name) == ("ab", "x")
    assert subscriptions.descendant_subscription(b'{"name": "AB", "type": "/subscriptions"}') == "ab"
    group = b'{"name": "g", "type": "Microsoft.Management/managementGroups"}'
    assert subscriptions.descendant_subscription(group) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["osProfile", "storageProfile", "instanceView", "extended", "timeCreated", "vmId", "availabilitySet", "priority"]
)


@given(properties=st.dictionaries(FIELDS, JSON, max_size=4))
def test_whatever_stands_in_a_field_a_vm_decodes_or_is_malformed(properties: dict[str, Any]) -> None:
    machine = virtual_machines.virtual_machine(vm(**properties))
    assert machine.id == VM


@given(raw=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_row_raises_anything_but_malformed(raw: bytes) -> None:
    decoders = (
        virtual_machines.virtual_machine,
        virtual_machines.power_state,
        arc.arc_machine,
        extensions.extension,
        patches.assessment,
        patches.installation,
        maintenance.maintenance_configuration,
        maintenance.configuration_assignment,
        maintenance.apply_update,
        policy.policy_assignment,
        policy.policy_state,
        policy.remediation,
        policy.remediation_deployment,
        policy.role_assignment,
        authorization.grant,
        beside.event_topic,
        beside.sql_virtual_machine,
        patches.recorded_installation,
        patches.failed_patch,
        authorization.management_lock,
        subscriptions.subscription,
        subscriptions.activity_event,
        subscriptions.registration_state,
        pages.page,
        pages.graph_page,
    )
    for decode in decoders:
        with suppress(Malformed):
            decode(msgspec.Raw(raw))
    pages.error_of(raw)


@given(st.text(max_size=40))
def test_a_time_is_read_or_absent(text: str) -> None:
    found = moment(text)
    assert found is None or found.tzinfo is not None
