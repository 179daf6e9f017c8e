"""The way back: what was read before an action is what its inverse puts there again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.remedies.inverse import Inverse, inverse_of, power_state, writable
from aumdoctor.remedies.plan import PlannedAction, action_id, at_path, changes_of, reading_of
from aumdoctor.remedies.remedy import ArmCall, Risk
from tests.builders import SUBSCRIPTION, arc_machine, azure_vm, configuration, static_assignment

VM = azure_vm().id
ASSIGNMENT = static_assignment(azure_vm()).id
PATCH_SETTINGS = "properties.osProfile.windowsConfiguration.patchSettings"


def planned(method: str, path: str, body: dict[str, Any] | None = None) -> PlannedAction:
    call = ArmCall(method=method, path=path, api_version="2024-07-01", body=body)
    return PlannedAction(
        id=action_id(call),
        remedy="a-remedy",
        title="A remedy",
        risk=Risk.SAFE,
        reversible=True,
        call=call,
        az=call.az_rest,
        target=reading_of(call),
        machines=(),
        findings=(),
        changes=changes_of(call),
    )


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def back(action: PlannedAction, before: Any) -> ArmCall:
    inverse = inverse_of(action, before)
    assert inverse.why_not == ""
    (call,) = inverse.calls
    return call


def test_a_property_gets_the_value_that_was_read() -> None:
    action = planned("PATCH", VM, nested(f"{PATCH_SETTINGS}.patchMode", "AutomaticByPlatform"))
    before = nested(f"{PATCH_SETTINGS}.patchMode", "Manual") | {"location": "westeurope"}
    inverse = inverse_of(action, before)
    (call,) = inverse.calls
    assert (call.method, call.path, call.api_version) == ("PATCH", VM, "2024-07-01")
    assert call.body == nested(f"{PATCH_SETTINGS}.patchMode", "Manual")
    assert inverse.expects == {f"{PATCH_SETTINGS}.patchMode": "AutomaticByPlatform"}


@pytest.mark.parametrize(
    ("path", "value", "default"),
    [
        (f"{PATCH_SETTINGS}.assessmentMode", "AutomaticByPlatform", "ImageDefault"),
        (f"{PATCH_SETTINGS}.patchMode", "AutomaticByPlatform", "AutomaticByOS"),
        (
            "properties.osProfile.linuxConfiguration.patchSettings.patchMode",
            "AutomaticByPlatform",
            "ImageDefault",
        ),
        (
            f"{PATCH_SETTINGS}.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule",
            True,
            False,
        ),
        (f"{PATCH_SETTINGS}.enableHotpatching", True, False),
        ("properties.osProfile.allowExtensionOperations", False, True),
    ],
)
def test_what_was_absent_gets_its_documented_default(path: str, value: Any, default: Any) -> None:
    action = planned("PATCH", VM, nested(path, value))
    for before in ({}, {"properties": None}, nested(path, None)):
        assert back(action, before).body == nested(path, default)


def test_a_vm_that_did_not_update_itself_goes_back_to_manual() -> None:
    action = planned("PATCH", VM, nested(f"{PATCH_SETTINGS}.patchMode", "AutomaticByPlatform"))
    before = nested("properties.osProfile.windowsConfiguration.enableAutomaticUpdates", False)
    assert back(action, before).body == nested(f"{PATCH_SETTINGS}.patchMode", "Manual")


def test_what_was_absent_and_has_no_default_cannot_be_put_back() -> None:
    action = planned("PATCH", VM, {"properties": {"somethingNew": 1}})
    inverse = inverse_of(action, {"properties": {}})
    assert inverse.calls == ()
    assert "properties.somethingNew was absent before" in inverse.why_not


@pytest.mark.parametrize("before", [None, "text", []])
def test_nothing_is_put_back_where_it_is_not_known_what_stood_there(before: Any) -> None:
    action = planned("PATCH", VM, nested(f"{PATCH_SETTINGS}.patchMode", "Manual"))
    assert inverse_of(action, before).calls == ()
    assert inverse_of(action, before).why_not


def test_a_request_that_set_nothing_is_not_taken_back_by_an_empty_one() -> None:
    assert inverse_of(planned("PATCH", VM, {}), {"properties": {}}).calls == ()


values = st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
trees = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.recursive(values, lambda inner: st.dictionaries(st.sampled_from(["d", "e"]), inner, min_size=1), max_leaves=4),
    min_size=1,
)


@settings(max_examples=80, deadline=None)
@given(old=trees, new=trees)
def test_every_changed_leaf_is_put_back_to_what_was_read(old: dict[str, Any], new: dict[str, Any]) -> None:
    action = planned("PATCH", VM, {"properties": new})
    inverse = inverse_of(action, {"properties": old})
    for call in inverse.calls:
        assert changes_of(call).keys() >= {path for path in action.changes if not _holds(old, path)}
        assert all(at_path(call.body, path) == at_path({"properties": old}, path) for path in action.changes)
    if not inverse.calls:
        assert inverse.why_not


def _holds(old: dict[str, Any], path: str) -> bool:
    return isinstance(at_path({"properties": old}, path), dict)


def test_what_was_created_is_deleted_again() -> None:
    action = planned("PUT", ASSIGNMENT, {"properties": {"maintenanceConfigurationId": configuration().id}})
    inverse = inverse_of(action, None)
    assert [(call.method, call.path, call.body) for call in inverse.calls] == [("DELETE", ASSIGNMENT, None)]
    assert inverse.expects == action.changes


def test_what_was_replaced_is_put_back_without_what_cannot_be_written() -> None:
    schedule = configuration().id
    before = {
        "id": schedule,
        "name": "weekly",
        "type": "Microsoft.Maintenance/maintenanceConfigurations",
        "systemData": {"createdBy": "somebody"},
        "etag": "1",
        "location": "westeurope",
        "tags": {"a": "b"},
        "properties": {"provisioningState": "Succeeded", "maintenanceScope": "InGuestPatch"},
    }
    call = back(planned("PUT", schedule, {"location": "northeurope"}), before)
    assert (call.method, call.path) == ("PUT", schedule)
    assert call.body == {
        "location": "westeurope",
        "tags": {"a": "b"},
        "properties": {"maintenanceScope": "InGuestPatch"},
    }


def test_what_was_deleted_is_created_again() -> None:
    before = {"id": ASSIGNMENT, "location": "westeurope", "properties": {"maintenanceConfigurationId": "/c"}}
    call = back(planned("DELETE", ASSIGNMENT), before)
    assert (call.method, call.body) == (
        "PUT",
        {"location": "westeurope", "properties": {"maintenanceConfigurationId": "/c"}},
    )
    assert inverse_of(planned("DELETE", ASSIGNMENT), None).calls == ()


def test_an_extension_is_left_to_azure() -> None:
    action = planned("DELETE", f"{arc_machine().id}/extensions/WindowsOsUpdateExtension")
    inverse = inverse_of(action, {"properties": {}})
    assert inverse == Inverse(why_not="Azure installs the extension itself, with the next assessment")


def test_a_remediation_task_cannot_be_taken_back() -> None:
    scope = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/remediations/r"
    assert inverse_of(planned("PUT", scope, {"properties": {}}), None).calls == ()


@pytest.mark.parametrize(
    ("state", "verb"),
    [("deallocated", "deallocate"), ("stopped", "powerOff"), ("Deallocated", "deallocate")],
)
def test_a_started_vm_goes_back_to_how_it_was_off(state: str, verb: str) -> None:
    before = {"properties": {"instanceView": {"statuses": [{"code": f"PowerState/{state}"}]}}}
    call = back(planned("POST", f"{VM}/start"), before)
    assert (call.method, call.path, call.body) == ("POST", f"{VM}/{verb}", None)


@pytest.mark.parametrize("state", ["running", "starting", "unknown"])
def test_a_vm_that_was_not_off_is_not_turned_off(state: str) -> None:
    before = {"properties": {"instanceView": {"statuses": [{"code": f"PowerState/{state}"}]}}}
    assert inverse_of(planned("POST", f"{VM}/start"), before).calls == ()
    assert inverse_of(planned("POST", f"{VM}/start"), None).calls == ()


@pytest.mark.parametrize("verb", ["assessPatches", "installPatches", "restart", "reapply", "register", "somethingNew"])
def test_what_has_no_way_back_says_why(verb: str) -> None:
    inverse = inverse_of(planned("POST", f"{VM}/{verb}"), {})
    assert inverse.calls == ()
    assert inverse.why_not


@pytest.mark.parametrize(
    ("action", "before"),
    [
        (planned("DELETE", ASSIGNMENT), {"properties": {"settings": {"adminPassword": "[redacted]"}}}),
        (planned("PUT", configuration().id, {"location": "x"}), {"tags": {"c": "AccountKey=[redacted]"}}),
        (planned("PATCH", VM, {"tags": {"a": "b"}}), {"tags": {"a": "token=[redacted]"}}),
        (planned("PATCH", VM, {"tags": {"a": ["b"]}}), {"tags": {"a": ["pwd=[redacted]"]}}),
    ],
)
def test_a_secret_that_was_not_kept_is_not_overwritten_with_its_mask(action: PlannedAction, before: Any) -> None:
    inverse = inverse_of(action, before)
    assert inverse.calls == ()
    assert "secret" in inverse.why_not


@pytest.mark.parametrize(
    "body", [None, {}, {"properties": {"instanceView": {"statuses": [None, "x", {}, {"code": 1}]}}}]
)
def test_no_power_state_is_made_up(body: Any) -> None:
    assert power_state(body) is None


def test_what_can_be_written_is_a_copy() -> None:
    before = {"id": "/x", "properties": {"provisioningState": "Succeeded", "a": 1}}
    assert writable(before) == {"properties": {"a": 1}}
    assert before["id"] == "/x"
