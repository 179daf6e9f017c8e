import uuid

from aumdoctor.knowledge import policies
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.remedies.grant_policy_role import grant_policy_role
from aumdoctor.remedies.remedy import Risk
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, estate

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
PRINCIPAL = "99999999-9999-9999-9999-999999999999"
GALLERY = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/galleries/gal"


def denied(**details: str) -> Finding:
    return Finding(
        check="AUM004",
        name="policy-remediation-denied",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id=f"{SCOPE}/providers/Microsoft.Authorization/policyAssignments/p",
        message="",
        evidence=(),
        details=details,
    )


def test_contributor_on_the_assignment_s_scope_and_reader_on_what_lies_outside() -> None:
    finding = denied(principalId=PRINCIPAL, scope=SCOPE, linkedResources=GALLERY)
    remedy = grant_policy_role.prescribe(finding, estate())
    assert remedy is not None
    assert remedy.risk is Risk.PRIVILEGE
    contributor, reader = remedy.calls
    assert contributor.path.startswith(f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/")
    uuid.UUID(contributor.path.rsplit("/", 1)[-1])
    assert contributor.body == {
        "properties": {
            "roleDefinitionId": f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{policies.CONTRIBUTOR}",
            "principalId": PRINCIPAL,
            "principalType": "ServicePrincipal",
        }
    }
    assert reader.path.startswith(f"{GALLERY}/providers/Microsoft.Authorization/roleAssignments/")
    assert reader.body is not None
    assert reader.body["properties"]["roleDefinitionId"].endswith(policies.READER)
    assert remedy.az[0] == (
        f"az role assignment create --assignee-object-id {PRINCIPAL} --assignee-principal-type ServicePrincipal "
        f"--role Contributor --scope {SCOPE}"
    )
    assert "approved" in remedy.steps[0]


def test_granting_twice_is_granting_once_however_the_scope_is_spelled() -> None:
    first = grant_policy_role.prescribe(denied(principalId=PRINCIPAL, scope=SCOPE), estate())
    again = grant_policy_role.prescribe(denied(principalId=PRINCIPAL.upper(), scope=SCOPE.upper()), estate())
    assert first is not None
    assert again is not None
    assert first.calls[0].path.rsplit("/", 1)[-1] == again.calls[0].path.rsplit("/", 1)[-1]


def test_on_a_management_group_the_role_definition_has_no_subscription() -> None:
    group = "/providers/Microsoft.Management/managementGroups/corp"
    remedy = grant_policy_role.prescribe(denied(principalId=PRINCIPAL, scope=group), estate())
    assert remedy is not None
    assert remedy.calls[0].body is not None
    definition = remedy.calls[0].body["properties"]["roleDefinitionId"]
    assert definition == f"/providers/Microsoft.Authorization/roleDefinitions/{policies.CONTRIBUTOR}"


def test_an_assignment_without_an_identity_cannot_be_given_a_role() -> None:
    assert grant_policy_role.prescribe(denied(scope=SCOPE), estate()) is None
