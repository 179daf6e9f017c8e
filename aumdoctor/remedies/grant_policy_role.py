"""RC-12: give the identity of a policy assignment the roles that its remediation tasks need."""

import uuid

from aumdoctor.checks.policy_identity import may_contain, roles_of
from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.finding import Finding
from aumdoctor.model.policy import RoleAssignment
from aumdoctor.remedies.declared import declared_role
from aumdoctor.remedies.remedy import ArmCall, Prescription, Risk, az, remedy

API_VERSION = "2022-04-01"


@remedy(
    name="grant-policy-role",
    title="Give the policy's identity the role that it lacks",
    risk=Risk.PRIVILEGE,
    reversible=True,
    portal="(the scope of the assignment) > Access control (IAM) > Add > Add role assignment",
)
def grant_policy_role(finding: Finding, estate: Estate) -> Prescription | None:
    """PUT of the role assignments that are missing. Their names are derived from scope, role and identity, so that
    granting twice is granting once."""
    principal = finding.details.get("principalId", "")
    grants = missing_grants(finding, estate)
    if not grants:
        return None
    return Prescription(
        calls=tuple(_grant(where, role, principal) for where, _, role in grants),
        az=tuple(_line(where, name, principal) for where, name, _ in grants),
        steps=(
            "It grants a privilege: have it approved. It takes some minutes to take effect.",
            "Check it: " + az("role", "assignment", "list", "--assignee", principal, "--all", "--output", "table"),
            "Then run the remediation task again.",
        ),
        terraform="\n".join(
            declared_role(where, name, principal, f"{name.lower()}_{number}")
            for number, (where, name, _) in enumerate(grants, start=1)
        ),
    )


def missing_grants(finding: Finding, estate: Estate) -> list[tuple[str, str, str]]:
    """The roles that the identity of a finding's policy assignment needs and is not seen to have, as scope, name and id
    of the role: Contributor at the assignment's scope, Reader on galleries and disk encryption sets outside of it."""
    principal, scope = finding.details.get("principalId"), finding.details.get("scope")
    if not principal or not scope:
        return []
    needed = [(scope, "Contributor", policies.CONTRIBUTOR)]
    needed += [(resource, "Reader", policies.READER) for resource in finding.details.get("linkedResources", "").split()]
    held = roles_of(principal, estate)
    return [
        (where, name, role)
        for where, name, role in needed
        if not any(_suffices(one, role) and may_contain(one.scope, where) for one in held)
    ]


def _suffices(held: RoleAssignment, role: str) -> bool:
    enough = {policies.OWNER, policies.CONTRIBUTOR, role}
    return ids.name_of(held.role_definition_id).lower() in enough


def _line(scope: str, role_name: str, principal: str) -> str:
    whom = ("--assignee-object-id", principal, "--assignee-principal-type", "ServicePrincipal")
    return az("role", "assignment", "create", *whom, "--role", role_name, "--scope", scope)


def _grant(scope: str, role: str, principal: str) -> ArmCall:
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{ids.key(scope)} {role} {principal.lower()}")
    subscription = ids.parse(scope).subscription
    definition = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return ArmCall(
        method="PUT",
        path=f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        api_version=API_VERSION,
        body={
            "properties": {
                "roleDefinitionId": (ids.subscription_scope(subscription) if subscription else "") + definition,
                "principalId": principal,
                "principalType": "ServicePrincipal",
            }
        },
    )
