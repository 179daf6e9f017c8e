"""The demo's Azure Policy, Policy Insights, authorization and locks."""

from __future__ import annotations

import re

from aumdoctor.demo import operations
from aumdoctor.demo.machines import os_type_of, patch_settings_of
from aumdoctor.demo.plants.recipe import attach_as_policy_does
from aumdoctor.demo.policies import (
    CONTRIBUTOR,
    OWNER,
    PERIODIC_ASSESSMENT,
    PERIODIC_ASSESSMENT_AUDIT,
    READER,
    SCHEDULE_MACHINES,
    SCHEDULE_PREREQUISITES,
    set_compliance,
)
from aumdoctor.demo.state import DemoEstate, Wire, key, stable_guid, timestamp
from aumdoctor.demo.web import Answer, ArmError, Call, Handler, Route, not_found, paged, passes, route, within

PAGE = 100
STATES_PAGE = 500

_AUTHORIZATION = "Microsoft.Authorization"
_INSIGHTS = "Microsoft.PolicyInsights"
_WRITERS = {CONTRIBUTOR, OWNER}


def _scope(call: Call) -> str:
    """The scope before the last `/providers/` that the route names; empty for the tenant."""
    return call.parts.get("scope", "")


def _above_or_below(call: Call, found: dict[str, Wire]) -> list[Wire]:
    """What is written at, below or above a scope, as these providers list it; `atScope()` leaves out what is below."""
    scope = f"{key(_scope(call))}/"
    only_above = "atscope()" in call.query.get("$filter", "").lower()
    chosen = []
    for at, resource in found.items():
        own = at.split(f"/providers/{_AUTHORIZATION.lower()}/")[0] + "/"
        if scope.startswith(own) or (not only_above and own.startswith(scope)):
            chosen.append(resource)
    return chosen


def list_policy_assignments(call: Call) -> Answer:
    """The policy assignments that apply to a scope and those below it."""
    return paged(call, _above_or_below(call, call.state.policy_assignments), PAGE)


def get_policy_assignment(call: Call) -> Answer:
    """One policy assignment."""
    assignment_id = f"{_scope(call)}/providers/{_AUTHORIZATION}/policyAssignments/{call.parts['name']}"
    found = call.state.policy_assignments.get(key(assignment_id))
    if found is None:
        raise ArmError(404, "PolicyAssignmentNotFound", f"The policy assignment '{call.parts['name']}' is not found.")
    return Answer(body=found)


def query_policy_states(call: Call) -> Answer:
    """The latest compliance records below a scope, paged by `@odata.nextLink`."""
    scope = f"{key(_scope(call))}/"
    context = f"https://{call.host}{_scope(call)}/providers/{_INSIGHTS}/policyStates/$metadata#latest"
    rows = [
        {"@odata.id": None, "@odata.context": f"{context}/$entity", **found["properties"]}
        for found in call.state.policy_states.values()
        if f"{key(found['properties']['resourceId'])}/".startswith(scope)
    ]
    rows = [row for row in rows if passes(row, call.query.get("$filter"))]
    if (top := call.query.get("$top", "")).isdigit():
        rows = rows[: int(top)]
    answer = paged(call, rows, STATES_PAGE, link="@odata.nextLink")
    answer.body = {
        "@odata.nextLink": answer.body.get("@odata.nextLink"),
        "@odata.context": context,
        "@odata.count": len(answer.body["value"]),
        "value": answer.body["value"],
    }
    return answer


def list_remediations(call: Call) -> Answer:
    """The remediation tasks at and below a scope."""
    return paged(call, within(call.state.remediations.values(), _scope(call)), PAGE)


def _remediation_id(call: Call) -> str:
    return f"{_scope(call)}/providers/{_INSIGHTS}/remediations/{call.parts['name']}"


def _remediation(call: Call) -> Wire:
    found = call.state.remediations.get(key(_remediation_id(call)))
    if found is None:
        raise not_found(_remediation_id(call))
    return found


def get_remediation(call: Call) -> Answer:
    """A remediation task; it goes on while somebody asks."""
    operations.look(call.azure, _remediation_id(call))
    return Answer(body=_remediation(call))


def list_deployments(call: Call) -> Answer:
    """The deployments of a remediation task."""
    return paged(call, call.state.remediation_deployments[key(_remediation(call)["id"])], PAGE)


def put_remediation(call: Call) -> Answer:
    """Start a remediation task, which repairs at its end what its identity may; one that exists is not started anew."""
    state, remediation_id = call.state, _remediation_id(call)
    properties = call.json().get("properties") or {}
    known = state.remediations.get(key(remediation_id))
    if known is not None:
        if key(known["properties"]["policyAssignmentId"]) != key(properties.get("policyAssignmentId") or ""):
            raise _refused("InvalidUpdateRemediationRequest", "The policy assignment of a remediation cannot change.")
        return Answer(body=known)
    assignment = state.policy_assignments.get(key(properties.get("policyAssignmentId") or ""))
    if assignment is None:
        raise ArmError(400, "InvalidPolicyAssignmentId", "The policy assignment of the remediation does not exist.")
    evaluates = properties.get("resourceDiscoveryMode") == "ReEvaluateCompliance"
    if evaluates and not key(_scope(call)).startswith("/subscriptions/"):
        raise _refused(
            "InvalidCreateRemediationRequest", "ReEvaluateCompliance is not supported at management group scope."
        )
    now = timestamp(call.azure.now())
    task: Wire = {
        "id": remediation_id,
        "name": call.parts["name"],
        "type": f"{_INSIGHTS}/remediations",
        "properties": {
            "resourceDiscoveryMode": "ExistingNonCompliant",
            **properties,
            "provisioningState": "Accepted",
            "createdOn": now,
            "lastUpdatedOn": now,
            "deploymentStatus": {"totalDeployments": 0, "successfulDeployments": 0, "failedDeployments": 0},
        },
    }
    state.remediations[key(remediation_id)] = task
    accepted = task | {"properties": dict(task["properties"])}

    def act() -> None:
        _run(state, task, assignment, timestamp(call.azure.now()))

    def ended(succeeded: bool) -> None:
        if not succeeded:
            task["properties"]["provisioningState"] = "Failed"

    task["properties"]["provisioningState"] = "Evaluating"
    operations.start(call, remediation_id, act, ended=ended)
    return Answer(status=201, body=accepted)


def _refused(code: str, message: str) -> ArmError:
    return ArmError(400, code, message)


def cancel_remediation(call: Call) -> Answer:
    """Cancel a remediation task that has not ended: `Cancelling` at first, `Canceled` when it is asked about again."""
    task = _remediation(call)
    running = operations.running(call.azure, task["id"])
    if not running:
        raise _refused("InvalidCancelRemediationRequest", "A completed remediation cannot be cancelled.")
    task["properties"]["provisioningState"] = "Cancelling"

    def cancelled() -> None:
        task["properties"]["provisioningState"] = "Canceled"

    for operation in running:
        operation.act, operation.held_by, operation.polls_left = cancelled, None, 0
    return Answer(body=task | {"properties": dict(task["properties"])})


def delete_remediation(call: Call) -> Answer:
    """Forget a remediation task that has ended."""
    task = call.state.remediations.get(key(_remediation_id(call)))
    if task is None:
        return Answer(204)
    if operations.running(call.azure, task["id"]):
        raise _refused("InvalidDeleteRemediationRequest", "A running remediation cannot be deleted.")
    del call.state.remediations[key(task["id"])]
    return Answer(body=task)


def _run(state: DemoEstate, task: Wire, assignment: Wire, now: str) -> None:
    """What a remediation task does: a deployment for each machine below its scope that is not compliant."""
    properties = task["properties"]
    scope = re.split(f"/providers/{_INSIGHTS}/", task["id"], flags=re.IGNORECASE)[0]
    if properties["resourceDiscoveryMode"] == "ReEvaluateCompliance":
        _evaluate(state, assignment, scope)
    deployments = state.remediation_deployments[key(task["id"])]
    for found in list(state.policy_states.values()):
        compliance = found["properties"]
        machine_id = compliance["resourceId"]
        if key(compliance["policyAssignmentId"]) != key(assignment["id"]) or compliance["isCompliant"]:
            continue
        if not f"{key(machine_id)}/".startswith(f"{key(scope)}/"):
            continue
        error = _why_denied(state, assignment, machine_id)
        if error is None:
            _repair(state, assignment, machine_id)
        group = "/".join(machine_id.split("/")[:5])
        deployment: Wire = {
            "remediatedResourceId": machine_id,
            "deploymentId": f"{group}/providers/Microsoft.Resources/deployments/{stable_guid(machine_id, task['id'])}",
            "status": "Succeeded" if error is None else "Failed",
            "resourceLocation": state.machine(machine_id)["location"],
            "createdOn": now,
            "lastUpdatedOn": now,
        }
        deployments.append(deployment if error is None else deployment | {"error": error})
    failed = sum(deployment["status"] == "Failed" for deployment in deployments)
    properties["provisioningState"] = "Failed" if failed else "Succeeded"
    properties["lastUpdatedOn"] = now
    properties["deploymentStatus"] = {
        "totalDeployments": len(deployments),
        "successfulDeployments": len(deployments) - failed,
        "failedDeployments": failed,
    }


def _definition_of(assignment: Wire) -> str:
    return str(assignment["properties"]["policyDefinitionId"]).rsplit("/", 1)[-1]


def _evaluate(state: DemoEstate, assignment: Wire, scope: str) -> None:
    """Say anew which VMs below a scope are compliant with an assignment."""
    for vm in within(within(state.vms.values(), assignment["properties"]["scope"]), scope):
        compliant = _is_compliant(state, vm, _definition_of(assignment))
        set_compliance(state, vm["id"], assignment["id"], "Compliant" if compliant else "NonCompliant")


def _is_compliant(state: DemoEstate, vm: Wire, definition: str) -> bool:
    configuration = vm["properties"].get("osProfile", {}).get(f"{os_type_of(vm).lower()}Configuration", {})
    settings = configuration.get("patchSettings", {})
    if definition in (PERIODIC_ASSESSMENT, PERIODIC_ASSESSMENT_AUDIT):
        return bool(settings.get("assessmentMode") == "AutomaticByPlatform")
    if definition == SCHEDULE_PREREQUISITES:
        platform = settings.get("automaticByPlatformSettings") or {}
        is_bypassed = platform.get("bypassPlatformSafetyChecksOnUserSchedule") is True
        return bool(settings.get("patchMode") == "AutomaticByPlatform" and is_bypassed)
    assigned = f"{key(vm['id'])}/providers/microsoft.maintenance/configurationassignments/"
    return any(at.startswith(assigned) for at in state.assignments)


def _repair(state: DemoEstate, assignment: Wire, machine_id: str) -> None:
    """What the deployment of a policy changes on one machine."""
    definition = _definition_of(assignment)
    if definition == PERIODIC_ASSESSMENT:
        patch_settings_of(state.machine(machine_id))["assessmentMode"] = "AutomaticByPlatform"
    elif definition == SCHEDULE_PREREQUISITES:
        settings = patch_settings_of(state.machine(machine_id))
        settings["patchMode"] = "AutomaticByPlatform"
        settings.setdefault("automaticByPlatformSettings", {})["bypassPlatformSafetyChecksOnUserSchedule"] = True
    elif definition == SCHEDULE_MACHINES:
        parameters = assignment["properties"]["parameters"]
        attach_as_policy_does(state, machine_id, parameters["maintenanceConfigurationResourceId"]["value"])
    else:
        return
    set_compliance(state, machine_id, assignment["id"], "Compliant")
    state.touch(machine_id)


def _why_denied(state: DemoEstate, assignment: Wire, machine_id: str) -> Wire | None:
    """The error of a deployment whose identity lacks a right: on the machine, or on the image that it was made from."""
    principal_id = assignment.get("identity", {}).get("principalId")
    if not _roles_of(state, principal_id, machine_id) & _WRITERS:
        return _denial(principal_id, "Microsoft.Compute/virtualMachines/write", machine_id)
    image_id = state.machine(machine_id)["properties"].get("storageProfile", {}).get("imageReference", {}).get("id")
    if image_id is not None and not _roles_of(state, principal_id, image_id) & {*_WRITERS, READER}:
        return _denial(principal_id, "Microsoft.Compute/galleries/images/versions/read", image_id)
    return None


def _denial(principal_id: str | None, action: str, scope: str) -> Wire:
    return {
        "code": "LinkedAuthorizationFailed" if action.endswith("/read") else "AuthorizationFailed",
        "message": f"The client '{principal_id}' with object id '{principal_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid.",
    }


def _roles_of(state: DemoEstate, principal_id: str | None, resource_id: str) -> set[str]:
    """The roles of a principal that hold for a resource; those of a management group hold everywhere here."""
    return {
        role["properties"]["roleDefinitionId"].rsplit("/", 1)[-1].lower()
        for role in state.role_assignments.values()
        if role["properties"]["principalId"] == principal_id
        and (
            f"{key(resource_id)}/".startswith(f"{key(role['properties']['scope'])}/")
            or not key(role["properties"]["scope"]).startswith("/subscriptions/")
        )
    }


def list_role_assignments(call: Call) -> Answer:
    """The role assignments at, above and below a scope, of one principal where the filter names one."""
    found = _above_or_below(call, call.state.role_assignments)
    wanted = re.search(r"(?:principalId\s+eq\s+|assignedTo\()'([^']+)'", call.query.get("$filter", ""), re.IGNORECASE)
    if wanted:
        found = [role for role in found if role["properties"]["principalId"].lower() == wanted[1].lower()]
    return paged(call, found, PAGE)


def _role_assignment_id(call: Call) -> str:
    return f"{_scope(call)}/providers/{_AUTHORIZATION}/roleAssignments/{call.parts['name']}"


def get_role_assignment(call: Call) -> Answer:
    """One role assignment."""
    found = call.state.role_assignments.get(key(_role_assignment_id(call)))
    if found is None:
        name = call.parts["name"]
        raise ArmError(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
    return Answer(body=found)


def put_role_assignment(call: Call) -> Answer:
    """Give a principal a role: 201, 200 where it was there under this name, 409 where it is under another."""
    state, assignment_id = call.state, _role_assignment_id(call)
    properties = {**(call.json().get("properties") or {}), "scope": _scope(call)}
    for name in ("roleDefinitionId", "principalId"):
        if not properties.get(name):
            raise ArmError(400, "InvalidRequestContent", f"Required property '{name}' is missing.")
    known = state.role_assignments.get(key(assignment_id))
    if known is not None:
        if _grant_of(known["properties"]) != _grant_of(properties):
            message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            raise ArmError(400, "RoleAssignmentUpdateNotPermitted", message)
        return Answer(body=known)
    if any(_grant_of(role["properties"]) == _grant_of(properties) for role in state.role_assignments.values()):
        raise ArmError(409, "RoleAssignmentExists", "The role assignment already exists.")
    state.role_assignments[key(assignment_id)] = {
        "id": assignment_id,
        "name": call.parts["name"],
        "type": f"{_AUTHORIZATION}/roleAssignments",
        "properties": properties,
    }
    state.touch(assignment_id)
    return Answer(status=201, body=state.role_assignments[key(assignment_id)])


def _grant_of(properties: Wire) -> tuple[str, str, str]:
    role = str(properties["roleDefinitionId"]).rsplit("/", 1)[-1]
    return key(properties["scope"]), str(properties["principalId"]).lower(), role.lower()


def delete_role_assignment(call: Call) -> Answer:
    """Take a role away; 204 where it was not there."""
    found = call.state.role_assignments.pop(key(_role_assignment_id(call)), None)
    call.state.touch(_role_assignment_id(call))
    return Answer(200, found) if found else Answer(204)


def list_locks(call: Call) -> Answer:
    """The locks at, above and below a scope."""
    return paged(call, _above_or_below(call, call.state.locks), PAGE)


def list_permissions(call: Call) -> Answer:
    """What the caller may do: what is granted in the subscription, else everything but what is denied there."""
    subscription = _scope(call).split("/")[2] if _scope(call).lower().startswith("/subscriptions/") else ""
    refused = [found.operation for found in call.azure.faults.denials if found.subscription == subscription.lower()]
    everything: Wire = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}
    granted = call.state.caller_permissions.get(subscription.lower(), [everything])
    return Answer(body={"value": [found | {"notActions": [*found["notActions"], *refused]} for found in granted]})


def _scoped(method: str, path: str, operation: str, handler: Handler) -> Route:
    return route(method, f"{{scope:path}}/providers/{path}", operation, handler)


ROUTES: tuple[Route, ...] = (
    _scoped(
        "GET",
        f"{_AUTHORIZATION}/policyAssignments",
        f"{_AUTHORIZATION}/policyAssignments/read",
        list_policy_assignments,
    ),
    _scoped(
        "GET",
        f"{_AUTHORIZATION}/policyAssignments/{{name}}",
        f"{_AUTHORIZATION}/policyAssignments/read",
        get_policy_assignment,
    ),
    _scoped(
        "POST",
        f"{_INSIGHTS}/policyStates/latest/queryResults",
        f"{_INSIGHTS}/policyStates/queryResults/read",
        query_policy_states,
    ),
    _scoped("GET", f"{_INSIGHTS}/remediations", f"{_INSIGHTS}/remediations/read", list_remediations),
    _scoped("GET", f"{_INSIGHTS}/remediations/{{name}}", f"{_INSIGHTS}/remediations/read", get_remediation),
    _scoped("PUT", f"{_INSIGHTS}/remediations/{{name}}", f"{_INSIGHTS}/remediations/write", put_remediation),
    _scoped("DELETE", f"{_INSIGHTS}/remediations/{{name}}", f"{_INSIGHTS}/remediations/delete", delete_remediation),
    _scoped(
        "POST",
        f"{_INSIGHTS}/remediations/{{name}}/cancel",
        f"{_INSIGHTS}/remediations/cancel/action",
        cancel_remediation,
    ),
    _scoped(
        "POST",
        f"{_INSIGHTS}/remediations/{{name}}/listDeployments",
        f"{_INSIGHTS}/remediations/listDeployments/read",
        list_deployments,
    ),
    _scoped(
        "GET", f"{_AUTHORIZATION}/roleAssignments", f"{_AUTHORIZATION}/roleAssignments/read", list_role_assignments
    ),
    _scoped(
        "PUT",
        f"{_AUTHORIZATION}/roleAssignments/{{name}}",
        f"{_AUTHORIZATION}/roleAssignments/write",
        put_role_assignment,
    ),
    _scoped(
        "GET",
        f"{_AUTHORIZATION}/roleAssignments/{{name}}",
        f"{_AUTHORIZATION}/roleAssignments/read",
        get_role_assignment,
    ),
    _scoped(
        "DELETE",
        f"{_AUTHORIZATION}/roleAssignments/{{name}}",
        f"{_AUTHORIZATION}/roleAssignments/delete",
        delete_role_assignment,
    ),
    _scoped("GET", f"{_AUTHORIZATION}/locks", f"{_AUTHORIZATION}/locks/read", list_locks),
    _scoped("GET", f"{_AUTHORIZATION}/permissions", f"{_AUTHORIZATION}/permissions/read", list_permissions),
)
