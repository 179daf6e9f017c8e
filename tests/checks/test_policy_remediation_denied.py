from datetime import timedelta

import pytest

from aumdoctor.checks.policy_remediation_denied import policy_remediation_denied as check
from aumdoctor.checks.schedule_policy_missed import schedule_policy_missed
from aumdoctor.knowledge import policies
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Confidence, Operation, Severity
from aumdoctor.model.machine import ImageReference
from aumdoctor.model.policy import RemediationDeployment
from tests.builders import (
    NOW,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    azure_vm,
    denied_remediation,
    estate,
    examine,
    finding,
    findings,
    policy_assignment,
    policy_state,
    reading,
    role_assignment,
    subscription,
    unknowns,
)

POLICY = policy_assignment(policies.SCHEDULE_RECURRING_UPDATES, name="schedule")


def gallery(in_subscription: str = SUBSCRIPTION) -> str:
    return f"/subscriptions/{in_subscription}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gal"


def from_gallery(name: str = "vm-1", in_subscription: str = SUBSCRIPTION):
    image = ImageReference(id=f"{gallery(in_subscription)}/images/golden/versions/1.4.0")
    return azure_vm(name, image=image)


def test_a_remediation_that_was_denied_a_linked_right() -> None:
    vm, healthy = from_gallery(), azure_vm("vm-2")
    denied = denied_remediation(POLICY, vm)
    seen = finding(estate(vm, healthy, policy_assignments=(POLICY,), remediations=(denied,)), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM004", Severity.HIGH, Confidence.HIGH)
    assert seen.resource_id == POLICY.id
    assert seen.machines == (vm.id,)
    assert seen.blocks == (Operation.POLICY,)
    (error,) = seen.evidence
    assert (error.path, error.resource_id) == ("deployments[0].error", denied.id)
    assert "galleries/images/versions/read" in error.observed
    assert seen.details == {
        "policyAssignmentId": POLICY.id,
        "principalId": POLICY.principal_id,
        "scope": POLICY.scope,
    }


def test_a_gallery_outside_of_the_assignment_s_scope_is_named_for_the_cure() -> None:
    vm = from_gallery(in_subscription=OTHER_SUBSCRIPTION)
    seen = finding(estate(vm, policy_assignments=(POLICY,), remediations=(denied_remediation(POLICY, vm),)), check)
    assert seen.details["linkedResources"] == gallery(OTHER_SUBSCRIPTION)


def test_the_outer_code_may_hide_the_reason_and_ids_differ_in_case() -> None:
    vm = from_gallery()
    hidden = RemediationDeployment(
        remediated_resource_id=vm.id.upper(),
        error_code="DeploymentFailed",
        error_message="At least one resource deployment operation failed: AuthorizationFailed",
    )
    denied = denied_remediation(POLICY, policy_assignment_id=POLICY.id.upper(), failures=(hidden,))
    seen = finding(estate(vm, policy_assignments=(POLICY,), remediations=(denied,)), check)
    assert seen.machines == (vm.id,)


def test_it_explains_what_the_policy_missed_on_the_machine() -> None:
    vm = from_gallery()
    built = examine(
        estate(
            vm,
            policy_assignments=(POLICY,),
            policy_states=(policy_state(vm, POLICY),),
            remediations=(denied_remediation(POLICY, vm),),
        ),
        check,
        schedule_policy_missed,
    )
    assert {found.check: found.explained_by for found in built.findings} == {"AUM003": "AUM004", "AUM004": None}
    assert [remedy.name for remedy in built.diagnoses[0].cure] == ["grant-policy-role"]


def test_once_the_role_is_there_the_task_is_run_again() -> None:
    vm = from_gallery(in_subscription=OTHER_SUBSCRIPTION)

    def cure(*roles):
        built = examine(
            estate(
                vm,
                policy_assignments=(POLICY,),
                remediations=(denied_remediation(POLICY, vm),),
                role_assignments=roles,
            ),
            check,
        )
        (diagnosis,) = built.diagnoses
        return {remedy.name: [call.path for call in remedy.calls] for remedy in diagnosis.cure}

    contributor = role_assignment(POLICY, policies.CONTRIBUTOR, POLICY.scope)
    reader = role_assignment(POLICY, policies.READER, gallery(OTHER_SUBSCRIPTION))
    (still,) = cure(contributor)["grant-policy-role"]
    assert still.startswith(gallery(OTHER_SUBSCRIPTION))
    assert list(cure(contributor, reader)) == ["remediate-policy"]
    assert list(cure(role_assignment(POLICY, policies.OWNER, POLICY.scope), reader)) == ["remediate-policy"]
    assert list(cure(role_assignment(POLICY, policies.READER, POLICY.scope), reader)) == ["grant-policy-role"]


def test_another_failure_is_none_of_its_business() -> None:
    vm = from_gallery()
    busy = RemediationDeployment(remediated_resource_id=vm.id, error_code="Conflict", error_message="being updated")
    denied = denied_remediation(POLICY, failures=(busy,))
    assert findings(estate(vm, policy_assignments=(POLICY,), remediations=(denied,)), check) == ()


def test_a_policy_of_something_else_is_none_of_its_business() -> None:
    vm = from_gallery()
    backup = policy_assignment("00000000-0000-0000-0000-00000000beef", name="backup")
    seen = estate(vm, policy_assignments=(backup,), remediations=(denied_remediation(backup, vm),))
    assert findings(seen, check) == ()
    unread = estate(vm, remediations=(denied_remediation(POLICY, vm),))
    assert findings(unread, check) == ()


def test_an_initiative_is_recognised_by_its_states() -> None:
    vm = from_gallery()
    initiative = policy_assignment("00000000-aaaa-bbbb-cccc-000000000000", name="baseline")
    state = policy_state(
        vm,
        initiative,
        policy_definition_id=f"/providers/x/{policies.SCHEDULE_PREREQUISITES}",
        policy_definition_reference_id="prepare",
    )
    denied = denied_remediation(initiative, vm, policy_definition_reference_id="prepare")
    seen = finding(estate(vm, policy_assignments=(initiative,), policy_states=(state,), remediations=(denied,)), check)
    assert seen.details["policyDefinitionReferenceId"] == "prepare"


@pytest.mark.parametrize(
    ("scope", "outcome", "still_broken"),
    [
        (POLICY.scope, "Succeeded", False),
        (azure_vm().id, "Complete", False),
        (azure_vm("another").id, "Succeeded", True),
        (POLICY.scope, "Evaluating", True),
    ],
)
def test_a_later_task_over_the_same_machine_supersedes(scope: str, outcome: str, still_broken: bool) -> None:
    vm = from_gallery()
    later = denied_remediation(
        POLICY,
        name="again",
        id=f"{scope}/providers/Microsoft.PolicyInsights/remediations/again",
        provisioning_state=outcome,
        last_updated=NOW - timedelta(hours=1),
    )
    seen = estate(vm, policy_assignments=(POLICY,), remediations=(denied_remediation(POLICY, vm), later))
    assert bool(findings(seen, check)) is still_broken


def predicted(*roles, machine=None, policy=POLICY, **overrides):
    machine = machine or from_gallery()
    return estate(machine, policy_assignments=(policy,), role_assignments=roles, **overrides)


VM_CONTRIBUTOR = role_assignment(POLICY, policies.VIRTUAL_MACHINE_CONTRIBUTOR)


def test_an_identity_with_nothing_but_vm_contributor_is_predicted_to_fail() -> None:
    seen = finding(predicted(VM_CONTRIBUTOR), check)
    assert (seen.severity, seen.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert seen.resource_id == POLICY.id
    assert "would fail" in seen.message
    (role,) = seen.evidence
    assert (role.observed, role.resource_id) == (policies.VIRTUAL_MACHINE_CONTRIBUTOR, VM_CONTRIBUTOR.id)


def test_a_disk_encryption_set_has_to_be_read_as_well() -> None:
    vault = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-keys/providers/Microsoft.Compute/diskEncryptionSets/des"
    vm = azure_vm(disk_encryption_set_id=vault)
    assert finding(predicted(VM_CONTRIBUTOR, machine=vm), check).machines == (vm.id,)
    reader = role_assignment(POLICY, policies.READER, vault.rpartition("/providers/")[0])
    assert findings(predicted(VM_CONTRIBUTOR, reader, machine=vm), check) == ()


@pytest.mark.parametrize(
    "roles",
    [
        (),
        (role_assignment(POLICY, policies.CONTRIBUTOR),),
        (VM_CONTRIBUTOR, role_assignment(POLICY, policies.CONTRIBUTOR)),
        (VM_CONTRIBUTOR, role_assignment(POLICY, policies.READER, gallery())),
        (VM_CONTRIBUTOR, role_assignment(POLICY, "00000000-0000-0000-0000-0000c0570300")),
        (
            VM_CONTRIBUTOR,
            role_assignment(POLICY, policies.READER, "/providers/Microsoft.Management/managementGroups/corp"),
        ),
    ],
    ids=["no roles read", "contributor only", "contributor too", "reader there", "custom role", "management group"],
)
def test_an_identity_that_may_read_or_is_not_understood_is_not_suspected(roles) -> None:
    assert findings(predicted(*roles), check) == ()


def test_a_reader_elsewhere_does_not_help() -> None:
    elsewhere = role_assignment(POLICY, policies.READER, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-other")
    assert finding(predicted(VM_CONTRIBUTOR, elsewhere), check).confidence is Confidence.LOW


def test_a_marketplace_image_needs_no_right() -> None:
    assert findings(predicted(VM_CONTRIBUTOR, machine=azure_vm()), check) == ()


def test_roles_that_were_not_read_on_either_side_predict_nothing() -> None:
    assert findings(predicted(VM_CONTRIBUTOR, denied=[Fact.ROLE_ASSIGNMENTS]), check) == ()
    abroad = from_gallery(in_subscription=OTHER_SUBSCRIPTION)
    assert findings(predicted(VM_CONTRIBUTOR, machine=abroad), check) == ()


def test_a_failure_says_more_than_a_prediction() -> None:
    vm = from_gallery()
    seen = predicted(VM_CONTRIBUTOR, machine=vm, remediations=(denied_remediation(POLICY, vm),))
    assert finding(seen, check).severity is Severity.HIGH


def test_a_subscription_whose_remediations_may_not_be_read_is_unknown_beside_one_that_is_known() -> None:
    vm = from_gallery()
    scope = f"/subscriptions/{OTHER_SUBSCRIPTION}"
    seen = estate(
        vm,
        subscriptions=[subscription(), subscription(OTHER_SUBSCRIPTION)],
        policy_assignments=(POLICY,),
        remediations=(denied_remediation(POLICY, vm),),
        readings=[reading(Fact.REMEDIATIONS, scope, Outcome.DENIED)],
    )
    (unknown,) = unknowns(seen, check)
    assert (unknown.resource_id, unknown.fact) == (scope, Fact.REMEDIATIONS)
    assert finding(seen, check).resource_id == POLICY.id
