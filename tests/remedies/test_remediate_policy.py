import shlex
from datetime import timedelta

from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.remedies.remediate_policy import remediate_policy
from aumdoctor.remedies.remedy import Risk
from tests.builders import NOW, SUBSCRIPTION, azure_vm, estate

ASSIGNMENT = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/schedule"


def about(resource_id: str, **details: str) -> Finding:
    return Finding(
        check="AUM003",
        name="schedule-policy-missed",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        resource_id=resource_id,
        message="",
        evidence=(),
        details={"policyAssignmentId": ASSIGNMENT, **details},
    )


def test_on_a_machine_its_compliance_is_evaluated_anew() -> None:
    vm = azure_vm()
    remedy = remediate_policy.prescribe(about(vm.id), estate(vm))
    assert remedy is not None
    assert remedy.risk is Risk.SAFE
    (call,) = remedy.calls
    assert call.method == "PUT"
    assert call.path.startswith(f"{vm.id}/providers/Microsoft.PolicyInsights/remediations/aumdoctor-20260610120000-")
    assert call.api_version == "2021-10-01"
    assert call.body == {
        "properties": {"policyAssignmentId": ASSIGNMENT, "resourceDiscoveryMode": "ReEvaluateCompliance"}
    }
    words = shlex.split(remedy.az[0])
    assert words[:4] == ["az", "policy", "remediation", "create"]
    assert words[words.index("--resource") + 1] == vm.id


def test_within_an_initiative_the_policy_s_place_is_named() -> None:
    vm = azure_vm()
    remedy = remediate_policy.prescribe(about(vm.id, policyDefinitionReferenceId="prepare vms"), estate(vm))
    assert remedy is not None
    assert remedy.calls[0].body is not None
    assert remedy.calls[0].body["properties"]["policyDefinitionReferenceId"] == "prepare vms"
    words = shlex.split(remedy.az[0])
    assert words[words.index("--definition-reference-id") + 1] == "prepare vms"


def test_the_prerequisites_come_before_the_schedule() -> None:
    vm = azure_vm()
    remedy = remediate_policy.prescribe(about(vm.id, thenPolicyAssignmentId=f"{ASSIGNMENT}-2"), estate(vm))
    assert remedy is not None
    assert [call.body["properties"]["policyAssignmentId"] for call in remedy.calls if call.body] == [
        ASSIGNMENT,
        f"{ASSIGNMENT}-2",
    ]
    assert remedy.calls[0].path != remedy.calls[1].path
    assert "when the first has ended" in remedy.steps[0]


def test_about_an_assignment_the_known_non_compliant_resources_of_its_scope_are_taken() -> None:
    for scope, option in [
        (f"/subscriptions/{SUBSCRIPTION}", ["--subscription", SUBSCRIPTION]),
        (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg",
            ["--resource-group", "rg", "--subscription", SUBSCRIPTION],
        ),
        ("/providers/Microsoft.Management/managementGroups/corp", ["--management-group", "corp"]),
    ]:
        assignment = f"{scope}/providers/Microsoft.Authorization/policyAssignments/schedule"
        finding = about(assignment, policyAssignmentId=assignment)
        remedy = remediate_policy.prescribe(finding, estate())
        assert remedy is not None
        assert remedy.calls[0].path.startswith(f"{scope}/providers/Microsoft.PolicyInsights/remediations/")
        assert remedy.calls[0].body is not None
        assert remedy.calls[0].body["properties"]["resourceDiscoveryMode"] == "ExistingNonCompliant"
        words = shlex.split(remedy.az[0])
        at = words.index(option[0])
        assert words[at : at + len(option)] == option


def test_another_scan_starts_another_task_and_the_same_scan_the_same() -> None:
    vm = azure_vm()
    first = remediate_policy.prescribe(about(vm.id), estate(vm))
    assert first == remediate_policy.prescribe(about(vm.id), estate(vm))
    later = remediate_policy.prescribe(about(vm.id), estate(vm, collected_at=NOW + timedelta(hours=1)))
    assert first is not None
    assert later is not None
    assert first.calls[0].path != later.calls[0].path


def test_without_an_assignment_there_is_nothing_to_remediate() -> None:
    vm = azure_vm()
    bare = about(vm.id)
    bare.details.pop("policyAssignmentId")
    assert remediate_policy.prescribe(bare, estate(vm)) is None
