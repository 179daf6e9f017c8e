import pytest

from aumdoctor.checks.assessment_policy_missed import assessment_policy_missed as check
from aumdoctor.checks.periodic_assessment_off import periodic_assessment_off
from aumdoctor.knowledge.policies import PERIODIC_ASSESSMENT_ARC, PERIODIC_ASSESSMENT_AUDIT, PERIODIC_ASSESSMENT_VM
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import PatchSettings
from tests.builders import (
    arc_machine,
    azure_vm,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    policy_assignment,
    policy_state,
    unknowns,
)

OFF = patch_settings(assessment_mode="ImageDefault")
POLICY = policy_assignment(PERIODIC_ASSESSMENT_VM)


def covered(machine, assignment=POLICY, *states, **overrides):
    return estate(machine, policy_assignments=(assignment,), policy_states=states, **overrides)


def test_a_vm_that_azure_policy_itself_calls_non_compliant() -> None:
    vm = azure_vm(patch_settings=OFF)
    seen = finding(covered(vm, POLICY, policy_state(vm, POLICY)), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM002", Severity.MEDIUM, Confidence.HIGH)
    assert "Policy patching" in seen.message
    mode, state = seen.evidence
    assert mode.path == "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode"
    assert (mode.observed, mode.expected) == ("ImageDefault", "AutomaticByPlatform")
    assert (state.observed, state.resource_id) == ("NonCompliant", POLICY.id)
    assert seen.details == {"policyAssignmentId": POLICY.id}


def test_an_absent_setting_means_off() -> None:
    vm = azure_vm(patch_settings=patch_settings(assessment_mode=None))
    assert finding(covered(vm, POLICY, policy_state(vm, POLICY)), check).evidence[0].observed is None


def test_a_restored_vm_that_the_audit_policy_calls_compliant() -> None:
    vm = azure_vm(patch_settings=PatchSettings(), has_os_profile=False, os_disk_create_option="Attach")
    audit = policy_assignment(PERIODIC_ASSESSMENT_AUDIT, name="audit")
    seen = finding(covered(vm, POLICY, policy_state(vm, audit, "Compliant")), check)
    assert "Compliant all the same" in seen.message
    assert "specialized disk or image" in seen.message
    assert seen.confidence is Confidence.MEDIUM
    assert (seen.evidence[1].observed, seen.evidence[1].resource_id) == ("Compliant", audit.id)


def test_without_a_word_of_azure_policy_the_parameters_may_leave_an_ordinary_vm_out() -> None:
    assert finding(covered(azure_vm(patch_settings=OFF)), check).confidence is Confidence.LOW


def test_the_policy_for_arc_covers_arc_only() -> None:
    arc = arc_machine(patch_settings=PatchSettings())
    for_arc = policy_assignment(PERIODIC_ASSESSMENT_ARC)
    assert finding(covered(arc, for_arc, policy_state(arc, for_arc)), check).check == "AUM002"
    assert findings(covered(arc), check) == ()
    assert findings(covered(azure_vm(patch_settings=OFF), for_arc), check) == ()


def test_an_initiative_is_named_with_the_policy_s_place_in_it() -> None:
    vm = azure_vm(patch_settings=OFF)
    initiative = policy_assignment("00000000-aaaa-bbbb-cccc-000000000000", name="baseline")
    state = policy_state(
        vm,
        initiative,
        policy_definition_id=POLICY.definition_id.upper(),
        policy_definition_reference_id="assess-vms",
        resource_id=vm.id.upper(),
    )
    seen = finding(covered(vm, initiative, state), check)
    assert seen.details == {"policyAssignmentId": initiative.id, "policyDefinitionReferenceId": "assess-vms"}


@pytest.mark.parametrize(
    "policy",
    [
        policy_assignment(PERIODIC_ASSESSMENT_VM, enforcement_mode="DoNotEnforce"),
        policy_assignment(PERIODIC_ASSESSMENT_VM, not_scopes=("/subscriptions/11111111-1111-1111-1111-111111111111",)),
        policy_assignment(PERIODIC_ASSESSMENT_VM, scope="/subscriptions/22222222-2222-2222-2222-222222222222"),
        policy_assignment(PERIODIC_ASSESSMENT_AUDIT),
    ],
    ids=["not enforced", "excluded", "elsewhere", "audit only"],
)
def test_a_policy_that_did_not_promise_it(policy) -> None:
    assert findings(covered(azure_vm(patch_settings=OFF), policy), check) == ()


def test_a_vm_that_is_assessed_is_healthy_whatever_policy_says() -> None:
    vm = azure_vm()
    assert findings(covered(vm, POLICY, policy_state(vm, POLICY)), check) == ()


def test_it_is_the_cause_of_the_switch_being_off() -> None:
    vm = azure_vm(patch_settings=OFF)
    seen = examine(covered(vm, POLICY, policy_state(vm, POLICY)), check, periodic_assessment_off)
    assert {found.check: found.explained_by for found in seen.findings} == {"AUM002": None, "AUM039": "AUM002"}
    (cause,) = seen.diagnoses
    assert cause.cure[0].name == "remediate-policy"


def test_policies_that_may_not_be_read_are_unknown() -> None:
    (unknown,) = unknowns(covered(azure_vm(patch_settings=OFF), denied=[Fact.POLICY_STATES]), check)
    assert unknown.fact is Fact.POLICY_STATES
