"""Writes: what they change and nothing else, ETags, locks, tags, roles, remediations, limits, answers that get lost."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
import requests

from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, plant
from aumdoctor.demo.machines import patch_settings_of
from aumdoctor.demo.policies import (
    CONTRIBUTOR,
    PERIODIC_ASSESSMENT,
    READER,
    SCHEDULE_PREREQUISITES,
    add_policy_assignment,
    set_compliance,
)
from aumdoctor.demo.schedules import add_configuration, add_dynamic_scope, assign
from aumdoctor.demo.server import DemoServer, run_in_thread
from aumdoctor.demo.state import add_lock, key
from tests.demo.conftest import Caller
from tests.demo.state_diff import difference

ASSIGNMENTS = "providers/Microsoft.Maintenance/configurationAssignments"
CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
REMEDIATIONS = "providers/Microsoft.PolicyInsights/remediations"


def settings(os_type: str = "Windows", **members: Any) -> dict[str, Any]:
    return {"properties": {"osProfile": {f"{os_type.lower()}Configuration": {"patchSettings": members}}}}


def patched(arm: Any, vm_id: str, body: Any, **headers: str) -> Any:
    return arm.session.request(
        "PATCH",
        f"{arm.server.endpoint}{vm_id}?api-version=2024-07-01",
        json=body,
        headers={"Authorization": f"Bearer {arm.server.token}", **headers},
        timeout=20,
    )


# What changes.


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"assessmentMode": "ImageDefault"}, "assessmentMode: 'AutomaticByPlatform' -> 'ImageDefault'"),
        ({"automaticByPlatformSettings": {"rebootSetting": "Never"}}, "rebootSetting: (absent) -> 'Never'"),
        (
            {"automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": False}},
            "bypassPlatformSafetyChecksOnUserSchedule: True -> False",
        ),
    ],
)
def test_a_patch_of_a_vm_changes_the_member_that_it_names_and_no_other(
    state: DemoEstate, server: DemoServer, arm: Any, members: dict[str, Any], path: str
) -> None:
    vm_id = add_vm(state)
    before = state.snapshot()
    assert arm("PATCH", vm_id, settings(**members)).status == 200
    server.settle()
    (line,) = difference(before, state.snapshot())
    assert line.startswith(f"vms {key(vm_id)} properties.osProfile.windowsConfiguration.patchSettings.")
    assert line.endswith(path)


def test_what_is_null_or_read_only_is_not_written(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id, arc_id = add_vm(state), add_arc(state)
    configuration_id = add_configuration(state)
    before = state.snapshot()
    arm("PATCH", vm_id, settings(automaticByPlatformSettings=None))
    server.settle()
    arm("PATCH", vm_id, {"properties": {"vmId": "0", "provisioningState": "Failed", "instanceView": {}}, "tags": None})
    arm("PATCH", arc_id, {"properties": {"status": "Connected", "agentVersion": "9"}, "tags": None})
    arm("PATCH", configuration_id, {"properties": {"maintenanceWindow": {"expirationDateTime": None}}})
    server.settle()
    assert difference(before, state.snapshot()) == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (settings(patchMod="Manual"), 400, "BadRequest"),
        (settings(assessmentMode="Sometimes"), 400, "InvalidParameter"),
        (settings(automaticByPlatformSettings={"rebootSetting": "RebootIfRequired"}), 400, "InvalidParameter"),
        (settings("Linux", assessmentMode="ImageDefault"), 400, "InvalidParameter"),
    ],
)
def test_what_compute_does_not_know_is_refused(
    state: DemoEstate, arm: Any, change: dict[str, Any], status: int, code: str
) -> None:
    vm_id = add_vm(state)
    before = state.snapshot()
    reply = arm("PATCH", vm_id, change)
    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert difference(before, state.snapshot()) == []


def test_hotpatching_is_for_platform_patching_on_windows(state: DemoEstate, arm: Any) -> None:
    vm_id, linux_id = add_vm(state), add_vm(state, name="vm-2", os_type="Linux")
    reply = arm("PATCH", vm_id, settings(enableHotpatching=True))
    assert "BypassPlatformSafetyChecksOnUserSchedule" in reply.body["error"]["message"]
    patch_settings_of(state.machine(vm_id))["patchMode"] = "AutomaticByOS"
    patch_settings_of(state.machine(vm_id)).pop("automaticByPlatformSettings")
    assert arm("PATCH", vm_id, settings(enableHotpatching=True)).status == 400
    assert arm("PATCH", linux_id, settings("Linux", enableHotpatching=False)).body["error"]["code"] == "BadRequest"


def test_tags_of_a_vm_can_be_patched_where_its_patch_settings_are_at_odds(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    patch_settings_of(state.machine(vm_id))["patchMode"] = "Manual"  # and the flag of the platform mode is still set
    assert arm("PATCH", vm_id, {"tags": {"owner": "me"}}).body["tags"] == {"owner": "me"}


@pytest.mark.parametrize("api_version", ["2023-04-01", "2023-10-01-preview"])
def test_a_window_may_last_from_an_hour_and_a_half_to_three_fifty_five(
    state: DemoEstate, arm: Any, api_version: str
) -> None:
    configuration_id = add_configuration(state)
    before = state.snapshot()
    for duration in ("03:56", "04:00", "01:29", "soon"):
        body = {"properties": {"maintenanceWindow": {"duration": duration}}}
        reply = arm("PATCH", configuration_id, body, api_version=api_version)
        assert (reply.status, list(reply.body)) == (400, ["Message"])
    late = {"startDateTime": "2026-01-01 00:00", "expirationDateTime": "2025-01-01 00:00"}
    assert arm("PATCH", configuration_id, {"properties": {"maintenanceWindow": late}}).status == 400
    assert difference(before, state.snapshot()) == []
    for duration in ("03:55", "01:30"):
        body = {"properties": {"maintenanceWindow": {"duration": duration}}}
        assert arm("PATCH", configuration_id, body, api_version=api_version).status == 200
    assert len(difference(before, state.snapshot())) == 1


def test_a_schedule_that_is_put_back_is_what_it_was(state: DemoEstate, arm: Any) -> None:
    configuration_id = add_configuration(state)
    was, before = arm("GET", configuration_id).body, state.snapshot()
    assert arm("DELETE", configuration_id).status == 200
    assert arm("DELETE", configuration_id).status == 204
    (gone,) = difference(before, state.snapshot())
    assert gone == f"configurations {key(configuration_id)}: deleted"
    body = {name: was[name] for name in ("location", "tags", "properties")}
    assert arm("PUT", configuration_id, body).status == 201
    (left,) = difference(before, state.snapshot())
    assert "systemData" in left


def test_assignments_come_and_go(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id, configuration_id = add_vm(state), add_configuration(state)
    before = state.snapshot()
    for scope in (vm_id, f"/subscriptions/{subscription}", f"/subscriptions/{subscription}/resourceGroups/rg-app"):
        body = {"location": "westeurope", "properties": {"maintenanceConfigurationId": configuration_id}}
        path = f"{scope}/{ASSIGNMENTS}/by-hand"
        assert [arm("PUT", path, body, api_version="2023-04-01").status for _ in range(2)] == [201, 200]
        (made,) = difference(before, state.snapshot())
        assert made == f"assignments {key(path)}: created"
        assert [arm("DELETE", path, api_version="2023-04-01").status for _ in range(2)] == [200, 204]
        assert difference(before, state.snapshot()) == []


def test_an_assignment_that_is_put_back_is_what_it_was(state: DemoEstate, subscription: str, arm: Any) -> None:
    configuration_id = add_configuration(state)
    static = assign(state, add_vm(state), configuration_id)
    group = f"/subscriptions/{subscription}/resourceGroups/rg-app"
    dynamic = add_dynamic_scope(state, group, configuration_id, "all", {"osTypes": ["Linux"]})
    before = state.snapshot()
    for assignment_id in (static, dynamic):
        was = arm("GET", assignment_id).body
        assert arm("DELETE", assignment_id).status == 200
        assert arm("PUT", assignment_id, {name: was[name] for name in ("location", "properties")}).status == 201
    assert difference(before, state.snapshot()) == []


def test_an_assignment_is_put_again_with_another_location(state: DemoEstate, subscription: str, arm: Any) -> None:
    configuration_id = add_configuration(state)
    static = assign(state, add_vm(state), configuration_id, location="eastus")
    scope = f"/subscriptions/{subscription}"
    dynamic = add_dynamic_scope(state, scope, configuration_id, "all", {"osTypes": ["Linux"]})
    before = state.snapshot()
    properties = {"maintenanceConfigurationId": configuration_id}
    arm("PUT", static, {"location": "westeurope", "properties": properties}, api_version="2023-04-01")
    properties |= {"resourceId": scope, "filter": {"osTypes": ["Linux"], "locations": ["westeurope"]}}
    arm("PUT", dynamic, {"location": "global", "properties": properties}, api_version="2023-04-01")
    changed = [line.split("configurationassignments/")[1] for line in difference(before, state.snapshot())]
    assert sorted(changed) == [
        "all properties.filter.locations: (absent) -> ['westeurope']",
        "mc-weekly-saturday-assignment location: 'eastus' -> 'westeurope'",
    ]


def test_a_provider_is_registered_once(state: DemoEstate, subscription: str, server: DemoServer, arm: Any) -> None:
    path = f"/subscriptions/{subscription}/providers/Microsoft.Maintenance"
    reply = arm("POST", f"{path}/register", api_version="2021-04-01")
    assert (reply.status, reply.body["registrationState"]) == (200, "Registered")
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    before = state.snapshot()
    for _ in range(2):
        reply = arm("POST", f"{path}/register", api_version="2021-04-01")
        assert (reply.status, reply.body["registrationState"]) == (200, "Registering")
    server.settle()
    (line,) = difference(before, state.snapshot())
    assert line.endswith("registrationState: 'NotRegistered' -> 'Registered'")


def test_tags_are_a_resource_of_their_own(state: DemoEstate, subscription: str, arm: Any) -> None:
    vm_id = add_vm(state, tags={"PatchGroup": "A", "owner": "me"})
    for scope in (vm_id, "/".join(vm_id.split("/")[:5]), f"/subscriptions/{subscription}"):
        assert arm("GET", f"{scope}/providers/Microsoft.Resources/tags/default").status == 200
    path = f"{vm_id}/providers/Microsoft.Resources/tags/default"

    def change(operation: str, **tags: str) -> Any:
        reply = arm("PATCH", path, {"operation": operation, "properties": {"tags": tags}}, api_version="2021-04-01")
        return reply.body["properties"]["tags"] if reply.status == 200 else reply.status

    assert change("Merge", patchgroup="B", stage="test") == {"PatchGroup": "B", "owner": "me", "stage": "test"}
    assert change("Delete", owner="me", stage="prod") == {"PatchGroup": "B", "stage": "test"}
    assert change("Replace", owner="you") == {"owner": "you"} == arm("GET", vm_id).body["tags"]
    assert change("Sort") == 400
    assert arm("DELETE", path).status == 200
    assert arm("GET", vm_id).body["tags"] == {}


def test_roles_are_given_once_and_taken(state: DemoEstate, subscription: str, arm: Any) -> None:
    scope = f"/subscriptions/{subscription}"
    roles = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions"
    body = {"properties": {"roleDefinitionId": f"{definition}/{CONTRIBUTOR}", "principalId": "p"}}
    before = state.snapshot()
    assert [arm("PUT", f"{roles}/one", body).status for _ in range(2)] == [201, 200]
    assert arm("PUT", f"{roles}/two", body).body["error"]["code"] == "RoleAssignmentExists"
    other = {"properties": body["properties"] | {"principalId": "q"}}
    assert arm("PUT", f"{roles}/one", other).body["error"]["code"] == "RoleAssignmentUpdateNotPermitted"
    assert arm("GET", f"{roles}/one").body["properties"]["principalId"] == "p"
    assert [arm("DELETE", f"{roles}/one").status for _ in range(2)] == [200, 204]
    assert arm("GET", f"{roles}/one").status == 404
    assert difference(before, state.snapshot()) == []


# Remediations.


def remediate(arm: Any, scope: str, name: str, assignment_id: str, mode: str = "ExistingNonCompliant") -> Any:
    body = {"properties": {"policyAssignmentId": assignment_id, "resourceDiscoveryMode": mode}}
    reply = arm("PUT", f"{scope}/{REMEDIATIONS}/{name}", body, api_version="2021-10-01")
    assert reply.status == 201
    return reply


def test_a_remediation_of_one_machine_repairs_that_one(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    ids = [add_vm(state, name=f"vm-{number}") for number in range(2)]
    scope = f"/subscriptions/{subscription}"
    assessment = add_policy_assignment(state, scope, "assess", PERIODIC_ASSESSMENT)
    prerequisites = add_policy_assignment(state, scope, "prepare", SCHEDULE_PREREQUISITES)
    for vm_id in ids:
        patch_settings_of(state.machine(vm_id)).clear()
        for assignment in (assessment, prerequisites):
            set_compliance(state, vm_id, assignment, "Compliant")  # which is wrong
    remediate(arm, ids[0], "believes", assessment)
    server.settle()
    assert patch_settings_of(state.machine(ids[0])) == {}, "what counts as compliant is left alone"
    for assignment in (assessment, prerequisites):
        remediate(arm, ids[0], f"looks-{assignment[-3:]}", assignment, "ReEvaluateCompliance")
        server.settle()
    assert patch_settings_of(state.machine(ids[0])) == {
        "assessmentMode": "AutomaticByPlatform",
        "patchMode": "AutomaticByPlatform",
        "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True},
    }
    assert patch_settings_of(state.machine(ids[1])) == {}


def test_a_remediation_needs_the_right_on_the_image_too(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    vm_id = add_vm(state, os_type="Linux")
    assignment_id = plant(state, "AUM004", vm_id)
    group = "/".join(vm_id.split("/")[:5])
    image = state.machine(vm_id)["properties"]["storageProfile"]["imageReference"]["id"]
    principal = state.policy_assignments[key(assignment_id)]["identity"]["principalId"]

    def run(name: str) -> tuple[str, list[str | None]]:
        task = f"{group}/{REMEDIATIONS}/{name}"
        remediate(arm, group, name, assignment_id)
        server.settle()
        deployments = arm("POST", f"{task}/listDeployments").body["value"]
        ended = arm("GET", task).body["properties"]["provisioningState"]
        return ended, [(found.get("error") or {}).get("code") for found in deployments]

    def grant(scope: str, role: str) -> None:
        definition = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        body = {"properties": {"roleDefinitionId": definition, "principalId": principal}}
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{role}"
        assert arm("PUT", path, body, api_version="2022-04-01").status == 201

    assert run("first") == ("Failed", ["AuthorizationFailed"])
    grant(group, CONTRIBUTOR)
    assert run("second") == ("Failed", ["LinkedAuthorizationFailed"])
    grant(image, READER)
    assert run("third") == ("Succeeded", [None])
    assert any(at.startswith(f"{key(vm_id)}/") for at in state.assignments)


def test_a_remediation_is_cancelled_while_it_runs(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    vm_id = add_vm(state)
    plant(state, "AUM002", vm_id)
    (assignment,) = state.policy_assignments.values()
    before = state.snapshot()
    server.faults.never_ends(f"PUT .*{REMEDIATIONS}")
    scope = f"/subscriptions/{subscription}"
    task = f"{scope}/{REMEDIATIONS}/fix"
    remediate(arm, scope, "fix", assignment["id"])
    assert {arm("GET", task).body["properties"]["provisioningState"] for _ in range(3)} == {"Evaluating"}
    assert arm("DELETE", task).body["error"]["code"] == "InvalidDeleteRemediationRequest"
    assert arm("POST", f"{task}/cancel").body["properties"]["provisioningState"] == "Cancelling"
    assert arm("GET", task).body["properties"]["provisioningState"] == "Canceled"
    assert arm("POST", f"{task}/cancel").body["error"]["code"] == "InvalidCancelRemediationRequest"
    assert [arm("DELETE", task).status for _ in range(2)] == [200, 204]
    assert difference(before, state.snapshot()) == []


def test_a_task_that_ended_is_not_started_again_under_its_name(
    state: DemoEstate, subscription: str, server: DemoServer, arm: Any
) -> None:
    vm_id = add_vm(state)
    plant(state, "AUM002", vm_id)
    (assignment,) = state.policy_assignments.values()
    scope = f"/subscriptions/{subscription}"
    remediate(arm, scope, "fix", assignment["id"])
    server.settle()
    ended = state.snapshot()
    body = {"properties": {"policyAssignmentId": assignment["id"]}}
    reply = arm("PUT", f"{scope}/{REMEDIATIONS}/fix", body)
    assert (reply.status, reply.body["properties"]["provisioningState"]) == (200, "Succeeded")
    assert difference(ended, state.snapshot()) == []
    management_group = "/providers/Microsoft.Management/managementGroups/mg-contoso"
    body["properties"]["resourceDiscoveryMode"] = "ReEvaluateCompliance"
    reply = arm("PUT", f"{management_group}/{REMEDIATIONS}/fix", body)
    assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidCreateRemediationRequest")


# Who else wrote.


def test_an_etag_is_another_after_every_write_and_after_nothing_else(
    state: DemoEstate, server: DemoServer, arm: Any
) -> None:
    vm_id = add_vm(state)

    def etag() -> str:
        return str(arm("GET", f"{vm_id}?$expand=instanceView&api-version=2024-07-01").body["etag"])

    first = etag()
    arm("POST", f"{vm_id}/assessPatches")
    server.settle()
    arm("POST", f"{vm_id}/deallocate")
    assert etag() == first
    server.settle()
    assert etag() == first
    assert patched(arm, vm_id, settings(assessmentMode="ImageDefault"), **{"If-Match": first}).status_code == 200
    server.settle()
    refused = patched(arm, vm_id, settings(assessmentMode="AutomaticByPlatform"), **{"If-Match": first})
    assert (refused.status_code, refused.json()["error"]["code"]) == (412, "PreconditionFailed")
    arm("PATCH", vm_id, settings(assessmentMode="AutomaticByPlatform"))
    server.settle()
    assert etag() != first, "the model is what it was, but it was written"
    assert patched(arm, vm_id, settings(), **{"If-Match": "*"}).status_code == 200
    server.settle()
    assert patched(arm, vm_id, settings(), **{"If-None-Match": "*"}).status_code == 412


def test_where_azure_has_no_etag_there_is_none(state: DemoEstate, arm: Any) -> None:
    vm_id = add_vm(state)
    assert "etag" not in arm("GET", vm_id, api_version="2023-09-01").body
    for resource_id in (add_arc(state), add_configuration(state), assign(state, vm_id, add_configuration(state))):
        assert "etag" not in arm("GET", resource_id).body


def test_somebody_writes_in_between(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    etag = arm("GET", vm_id).body["etag"]

    def drift(estate: DemoEstate) -> None:
        patch_settings_of(estate.machine(vm_id))["assessmentMode"] = "ImageDefault"
        estate.touch(vm_id)

    server.faults.meanwhile(f"PATCH .*{vm_id}", drift)
    assert patched(arm, vm_id, settings(), **{"If-Match": etag}).status_code == 412
    assert arm("GET", vm_id).body["etag"] != etag


# Locks.


@pytest.mark.parametrize("depth", [3, 5, 9])
@pytest.mark.parametrize("level", ["ReadOnly", "CanNotDelete"])
def test_a_lock_holds_below_where_it_is(state: DemoEstate, arm: Any, depth: int, level: str) -> None:
    vm_id, other_id = add_vm(state), add_vm(state, name="vm-2", resource_group="rg-other")
    configuration_id = add_configuration(state)
    assignment_id = assign(state, vm_id, configuration_id)
    scope = "/".join(vm_id.split("/")[:depth])
    add_lock(state, scope, level)
    before = state.snapshot()
    writes = [("PATCH", vm_id, settings()), ("DELETE", assignment_id, None)]
    writes += [("POST", f"{vm_id}/{action}", None) for action in ("start", "restart", "assessPatches", "deallocate")]
    refused = []
    for method, path, body in writes:
        reply = arm(method, path, body)
        if reply.status != 409:
            continue
        refused.append(path)
        assert reply.body["error"]["code"] == "ScopeLocked"
        assert re.fullmatch(
            rf"The scope '[^']+' cannot perform (write|delete) operation because following scope\(s\) are locked: "
            rf"'{scope}'\. Please remove the lock and try again\.",
            reply.body["error"]["message"],
        )
        if level == "CanNotDelete":
            break
    if level == "ReadOnly":
        assert len(refused) == len(writes)
        assert "restart" not in arm("POST", f"{vm_id}/restart").body["error"]["message"]
        assert difference(before, state.snapshot()) == []
    else:
        assert refused == [assignment_id]
    assert (arm("POST", f"{other_id}/assessPatches").status == 202) == (depth > 3 or level == "CanNotDelete")


# Limits.


def test_the_limits_of_writes(state: DemoEstate, subscription: str) -> None:
    vm_id, other_id = add_vm(state), add_vm(state, name="vm-2")
    with run_in_thread(estate=state, throttle=True, operation_polls=0) as server:
        arm = Caller(server)
        first = arm("POST", f"{vm_id}/assessPatches")
        assert first.headers["x-ms-ratelimit-remaining-subscription-writes"] == "199"
        remaining = "Microsoft.Compute/VMGuestPatch;599,Microsoft.Compute/VMGuestPatchResource;5"
        assert first.headers["x-ms-ratelimit-remaining-resource"] == remaining
        statuses = [arm("POST", f"{vm_id}/assessPatches").status for _ in range(7)]
        assert statuses == [202] * 5 + [429] * 2
        refused = arm("POST", f"{vm_id}/assessPatches")
        assert refused.headers["x-ms-ratelimit-remaining-resource"].endswith("VMGuestPatchResource;0")
        assert 20 <= int(refused.headers["Retry-After"]) <= 30
        assert arm("POST", f"{other_id}/assessPatches").status == 202
        patches = [arm("PATCH", vm_id, settings(assessmentMode="ImageDefault")) for _ in range(14)]
        assert [reply.status for reply in patches] == [200] * 12 + [429] * 2
        before = state.snapshot()
        server.azure.throttling.buckets[subscription, "writes"].tokens = 0
        refused = arm("PATCH", other_id, settings(assessmentMode="ImageDefault"))
        assert (refused.status, refused.headers["x-ms-ratelimit-remaining-subscription-writes"]) == (429, "0")
        assert difference(before, state.snapshot()) == []
        arm.session.close()


def test_429_with_and_without_a_time(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    before = state.snapshot()
    for retry_after in (7, None):
        server.faults.throttle("PATCH", retry_after)
        reply = arm("PATCH", vm_id, settings(assessmentMode="ImageDefault"))
        assert (reply.status, reply.headers.get("Retry-After")) == (429, None if retry_after is None else "7")
    assert difference(before, state.snapshot()) == []


# Answers that get lost, tokens that run out.


@pytest.mark.parametrize("status", [500, 503])
def test_the_server_acts_and_answers_an_error(state: DemoEstate, server: DemoServer, arm: Any, status: int) -> None:
    vm_id = add_vm(state)
    path = f"{vm_id}/{ASSIGNMENTS}/by-hand"
    body = {"location": "westeurope", "properties": {"maintenanceConfigurationId": add_configuration(state)}}
    server.faults.act_then_fail("PUT .*configurationAssignments", status)
    assert arm("PUT", path, body).status == status
    assert arm("GET", path).status == 200
    assert arm("PUT", path, body).status == 200, "and not 201: it was there already"


def test_the_server_acts_and_the_connection_breaks(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    server.faults.act_then_reset("POST .*assessPatches")
    with pytest.raises(requests.ConnectionError):
        arm("POST", f"{vm_id}/assessPatches")
    assert arm("POST", f"{vm_id}/assessPatches").body["error"]["code"] == "Conflict"
    assert [request.status for request in server.requests] == [0, 409]


def test_the_server_acts_and_says_so_late(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    server.faults.act_then_slow("PATCH", 5)
    with pytest.raises(requests.Timeout):
        arm.session.patch(
            f"{server.endpoint}{vm_id}?api-version=2024-07-01",
            json=settings(assessmentMode="ImageDefault"),
            headers={"Authorization": f"Bearer {server.token}"},
            timeout=0.5,
        )
    assert patch_settings_of(state.machine(vm_id))["assessmentMode"] == "ImageDefault"


@pytest.mark.parametrize(
    ("claims", "code", "challenge"),
    [
        (None, "ExpiredAuthenticationToken", 'error="invalid_token"'),
        (CLAIMS, "InvalidAuthenticationToken", base64.b64encode(CLAIMS.encode()).decode()),
    ],
)
def test_a_token_runs_out_in_the_middle(
    state: DemoEstate, server: DemoServer, arm: Any, claims: str | None, code: str, challenge: str
) -> None:
    vm_id = add_vm(state)
    before = state.snapshot()
    server.faults.expire_token("PATCH", claims=claims)
    reply = arm("PATCH", vm_id, settings(assessmentMode="ImageDefault"))
    assert (reply.status, reply.body["error"]["code"]) == (401, code)
    assert challenge in reply.headers["WWW-Authenticate"]
    assert difference(before, state.snapshot()) == []
    assert arm("PATCH", vm_id, settings(assessmentMode="ImageDefault")).status == 200


def test_412_can_be_injected(state: DemoEstate, server: DemoServer, arm: Any) -> None:
    vm_id = add_vm(state)
    server.faults.precondition_failed("PATCH")
    assert arm("PATCH", vm_id, settings()).body["error"]["code"] == "PreconditionFailed"
    assert arm("PATCH", vm_id, settings()).status == 200
