"""Azure Policy around Azure Update Manager, in wire shape: assignments, compliance, remediations, roles."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.state import DemoEstate, Wire, key, stable_guid, timestamp

PERIODIC_ASSESSMENT = "59efceea-0c96-497e-a4a1-4eb2290dac15"
PERIODIC_ASSESSMENT_AUDIT = "bd876905-5b84-4f73-ab2d-2e7a7c4568d9"
SCHEDULE_MACHINES = "ba0df93e-e4ac-479a-aac2-134bbae39a1a"
SCHEDULE_PREREQUISITES = "9905ca54-1471-49c6-8291-7582c04cd4d4"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
VIRTUAL_MACHINE_CONTRIBUTOR = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"

DISPLAY_NAMES = {
    PERIODIC_ASSESSMENT: "Configure periodic checking for missing system updates on azure virtual machines",
    PERIODIC_ASSESSMENT_AUDIT: "Machines should be configured to periodically check for missing system updates",
    SCHEDULE_MACHINES: "Schedule recurring updates using Azure Update Manager",
    SCHEDULE_PREREQUISITES: "Set prerequisites for Scheduling recurring updates on Azure virtual machines.",
}


def subscription_of(resource_id: str) -> str:
    """The subscription in an id, as it is spelled there."""
    return resource_id.split("/")[2]


def add_policy_assignment(
    state: DemoEstate,
    scope: str,
    name: str,
    definition: str,
    *,
    role: str | None = CONTRIBUTOR,
    configuration_id: str | None = None,
) -> str:
    """Assign a built-in policy at a scope; an identity with a role is made for policies that change something."""
    assignment_id = f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"
    if key(assignment_id) in state.policy_assignments:
        return assignment_id
    assignment: Wire = {
        "id": assignment_id,
        "name": name,
        "type": "Microsoft.Authorization/policyAssignments",
        "location": "westeurope",
        "properties": {
            "displayName": DISPLAY_NAMES[definition],
            "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
            "scope": scope,
            "notScopes": [],
            "enforcementMode": "Default",
            "parameters": {},
        },
    }
    if configuration_id is not None:
        assignment["properties"]["parameters"]["maintenanceConfigurationResourceId"] = {"value": configuration_id}
    if role is not None:
        principal_id = stable_guid(assignment_id, "identity")
        assignment["identity"] = {
            "type": "SystemAssigned",
            "principalId": principal_id,
            "tenantId": state.tenant_id,
        }
        add_role_assignment(state, scope, principal_id, role)
    state.policy_assignments[key(assignment_id)] = assignment
    state.touch(assignment_id)
    return assignment_id


def add_role_assignment(state: DemoEstate, scope: str, principal_id: str, role: str) -> str:
    """Give a principal a built-in role at a scope. Returns the id of the role assignment."""
    name = stable_guid(scope, principal_id, role)
    assignment_id = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    definition = f"/subscriptions/{subscription_of(scope)}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    state.role_assignments[key(assignment_id)] = {
        "id": assignment_id,
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": definition,
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
            "scope": scope,
        },
    }
    state.touch(assignment_id)
    return assignment_id


def set_compliance(state: DemoEstate, machine_id: str, assignment_id: str, compliance_state: str) -> None:
    """What Azure Policy says about a machine under an assignment. It need not be true."""
    assignment = state.policy_assignments[key(assignment_id)]
    definition_id = assignment["properties"]["policyDefinitionId"]
    subscription = subscription_of(machine_id)
    name = stable_guid(machine_id, assignment_id)
    state_id = f"/subscriptions/{subscription}/providers/Microsoft.PolicyInsights/policyStates/{name}"
    state.policy_states[key(state_id)] = {
        "id": state_id,
        "name": name,
        "type": "Microsoft.PolicyInsights/policyStates",
        "properties": {
            "timestamp": timestamp(state.now - timedelta(hours=9)),
            "resourceId": machine_id,
            "policyAssignmentId": assignment_id,
            "policyAssignmentName": assignment["name"],
            "policyAssignmentScope": assignment["properties"]["scope"],
            "policyDefinitionId": definition_id,
            "policyDefinitionName": definition_id.rsplit("/", 1)[-1],
            "policyDefinitionReferenceId": "",
            "policySetDefinitionId": "",
            "complianceState": compliance_state,
            "isCompliant": compliance_state == "Compliant",
            "subscriptionId": subscription,
            "resourceGroup": machine_id.split("/")[4].lower(),
            "resourceType": state.machine(machine_id)["type"],
            "resourceLocation": state.machine(machine_id)["location"],
        },
    }
    state.touch(state_id)


def add_failed_deployment(state: DemoEstate, assignment_id: str, machine_id: str, code: str, message: str) -> None:
    """A remediation task of the assignment that could not repair a machine (one task per assignment)."""
    scope = state.policy_assignments[key(assignment_id)]["properties"]["scope"]
    name = f"remediate-{assignment_id.rsplit('/', 1)[-1]}"
    remediation_id = f"{scope}/providers/Microsoft.PolicyInsights/remediations/{name}"
    failed_at = timestamp(state.now - timedelta(days=2, hours=3))
    remediation = state.remediations.setdefault(
        key(remediation_id),
        {
            "id": remediation_id,
            "name": name,
            "type": "Microsoft.PolicyInsights/remediations",
            "properties": {
                "policyAssignmentId": assignment_id,
                "provisioningState": "Failed",
                "createdOn": timestamp(state.now - timedelta(days=2, hours=4)),
                "lastUpdatedOn": failed_at,
                "resourceDiscoveryMode": "ExistingNonCompliant",
                "deploymentStatus": {"totalDeployments": 0, "successfulDeployments": 0, "failedDeployments": 0},
            },
        },
    )
    deployments = state.remediation_deployments[key(remediation_id)]
    group = "/".join(machine_id.split("/")[:5])
    deployments.append(
        {
            "remediatedResourceId": machine_id,
            "deploymentId": f"{group}/providers/Microsoft.Resources/deployments/{stable_guid(machine_id, name)}",
            "status": "Failed",
            "resourceLocation": state.machine(machine_id)["location"],
            "error": {"code": code, "message": message},
            "createdOn": timestamp(state.now - timedelta(days=2, hours=4)),
            "lastUpdatedOn": failed_at,
        }
    )
    counts = remediation["properties"]["deploymentStatus"]
    counts["totalDeployments"] = counts["failedDeployments"] = len(deployments)
