"""The demo's Azure Policy, Policy Insights, authorization and locks."""

from __future__ import annotations

import re

from aumdoctor.demo.machines import patch_settings_of
from aumdoctor.demo.plants.recipe import attach_as_policy_does
from aumdoctor.demo.policies import (
    PERIODIC_ASSESSMENT,
    SCHEDULE_MACHINES,
    VIRTUAL_MACHINE_CONTRIBUTOR,
    set_compliance,
)
from aumdoctor.demo.state import DemoEstate, Wire, key, timestamp
from aumdoctor.demo.web import Answer, ArmError, Call, Handler, Route, not_found, paged, passes, route, within

PAGE = 100
STATES_PAGE = 500

_AUTHORIZATION = "Microsoft.Authorization"
_INSIGHTS = "Microsoft.PolicyInsights"


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
    """A remediation task; one that was just accepted is through by the time somebody asks."""
    found = _remediation(call)
    if found["properties"]["provisioningState"] == "Accepted":
        found["properties"]["provisioningState"] = "Succeeded"
    return Answer(body=found)


def list_deployments(call: Call) -> Answer:
    """The deployments of a remediation task."""
    return paged(call, call.state.remediation_deployments[key(_remediation(call)["id"])], PAGE)


def put_remediation(call: Call) -> Answer:
    """Start a remediation task: repairs what its assignment calls non-compliant, as far as its identity may."""
    state = call.state
    properties = call.json().get("properties") or {}
    assignment = state.policy_assignments.get(key(properties.get("policyAssignmentId") or ""))
    if assignment is None:
        raise ArmError(400, "InvalidPolicyAssignmentId", "The policy assignment of the remediation does not exist.")
    now = timestamp(call.azure.now())
    repaired = _repair(state, assignment)
    remediation_id = _remediation_id(call)
    state.remediations[key(remediation_id)] = {
        "id": remediation_id,
        "name": call.parts["name"],
        "type": f"{_INSIGHTS}/remediations",
        "properties": {
            **properties,
            "provisioningState": "Accepted",
            "createdOn": now,
            "lastUpdatedOn": now,
            "deploymentStatus": {
                "totalDeployments": len(repaired),
                "successfulDeployments": len(repaired),
                "failedDeployments": 0,
            },
        },
    }
    return Answer(status=201, body=state.remediations[key(remediation_id)])


def _repair(state: DemoEstate, assignment: Wire) -> list[str]:
    if _role_of(state, assignment) == VIRTUAL_MACHINE_CONTRIBUTOR:
        return []
    repaired = []
    definition = assignment["properties"]["policyDefinitionId"].rsplit("/", 1)[-1]
    for found in list(state.policy_states.values()):
        compliance = found["properties"]
        if key(compliance["policyAssignmentId"]) != key(assignment["id"]) or compliance["isCompliant"]:
            continue
        machine_id = compliance["resourceId"]
        if definition == PERIODIC_ASSESSMENT:
            patch_settings_of(state.machine(machine_id))["assessmentMode"] = "AutomaticByPlatform"
        elif definition == SCHEDULE_MACHINES:
            parameters = assignment["properties"]["parameters"]
            attach_as_policy_does(state, machine_id, parameters["maintenanceConfigurationResourceId"]["value"])
        else:
            continue
        set_compliance(state, machine_id, assignment["id"], "Compliant")
        state.touch(machine_id)
        repaired.append(machine_id)
    return repaired


def _role_of(state: DemoEstate, assignment: Wire) -> str | None:
    principal_id = assignment.get("identity", {}).get("principalId")
    roles = {
        role["properties"]["roleDefinitionId"].rsplit("/", 1)[-1]
        for role in state.role_assignments.values()
        if role["properties"]["principalId"] == principal_id
    }
    return VIRTUAL_MACHINE_CONTRIBUTOR if roles == {VIRTUAL_MACHINE_CONTRIBUTOR} else next(iter(sorted(roles)), None)


def list_role_assignments(call: Call) -> Answer:
    """The role assignments at, above and below a scope, of one principal where the filter names one."""
    found = _above_or_below(call, call.state.role_assignments)
    wanted = re.search(r"(?:principalId\s+eq\s+|assignedTo\()'([^']+)'", call.query.get("$filter", ""), re.IGNORECASE)
    if wanted:
        found = [role for role in found if role["properties"]["principalId"].lower() == wanted[1].lower()]
    return paged(call, found, PAGE)


def put_role_assignment(call: Call) -> Answer:
    """Give a principal a role."""
    properties = call.json().get("properties") or {}
    name = call.parts["name"]
    assignment_id = f"{_scope(call)}/providers/{_AUTHORIZATION}/roleAssignments/{name}"
    call.state.role_assignments[key(assignment_id)] = {
        "id": assignment_id,
        "name": name,
        "type": f"{_AUTHORIZATION}/roleAssignments",
        "properties": {**properties, "scope": _scope(call)},
    }
    call.state.touch(assignment_id)
    return Answer(status=201, body=call.state.role_assignments[key(assignment_id)])


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
    _scoped("GET", f"{_AUTHORIZATION}/locks", f"{_AUTHORIZATION}/locks/read", list_locks),
    _scoped("GET", f"{_AUTHORIZATION}/permissions", f"{_AUTHORIZATION}/permissions/read", list_permissions),
)
