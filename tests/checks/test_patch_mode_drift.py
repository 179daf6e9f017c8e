from datetime import timedelta

import pytest

from aumdoctor.checks.patch_mode_drift import patch_mode_drift as check
from aumdoctor.knowledge.policies import (
    PERIODIC_ASSESSMENT_VM,
    SCHEDULE_PREREQUISITES,
    SCHEDULE_RECURRING_UPDATES,
)
from aumdoctor.model.estate import ActivityEvent, Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from tests.builders import (
    NOW,
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

RESET = patch_settings(patch_mode="AutomaticByOS", bypass_platform_safety_checks_on_user_schedule=None)


def write(machine: Machine, **overrides: object) -> ActivityEvent:
    values: dict[str, object] = {
        "resource_id": machine.id.lower(),
        "operation": "Microsoft.Compute/virtualMachines/write",
        "status": "Succeeded",
        "at": NOW - timedelta(hours=2),
        "caller": "terraform@contoso.com",
    }
    return ActivityEvent(**{**values, **overrides})  # type: ignore[arg-type]


def drifted(
    vm: Machine,
    *events: ActivityEvent,
    policy: str = SCHEDULE_PREREQUISITES,
    compliance: str = "Compliant",
    **kw: object,
) -> Estate:
    assignment = policy_assignment(policy)
    return estate(
        vm,
        policy_assignments=(assignment,),
        policy_states=(policy_state(vm, assignment, compliance),),
        activity=events,
        **kw,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("policy", [SCHEDULE_PREREQUISITES, SCHEDULE_RECURRING_UPDATES])
def test_a_write_after_the_policy_was_satisfied_is_named_with_its_author(policy: str) -> None:
    vm = azure_vm(patch_settings=RESET)
    found = finding(drifted(vm, write(vm), policy=policy), check)
    assert (found.check, found.severity, found.confidence) == ("AUM041", Severity.MEDIUM, Confidence.LOW)
    assert "written by terraform@contoso.com since" in found.message
    told = {sign.path.rsplit(".", 1)[-1]: sign.observed for sign in found.evidence}
    assert told["patchMode"] == "AutomaticByOS"
    assert told["complianceState"] == "Compliant"
    assert told["caller"] == "terraform@contoso.com"


def test_of_several_writes_the_newest_is_named() -> None:
    vm = azure_vm(patch_settings=RESET)
    older = write(vm, caller="older@contoso.com", at=NOW - timedelta(hours=5))
    assert "terraform@contoso.com" in finding(drifted(vm, older, write(vm)), check).message


def test_a_write_before_the_compliance_state_was_judged_by_it() -> None:
    vm = azure_vm(patch_settings=RESET)
    assert findings(drifted(vm, write(vm, at=NOW - timedelta(hours=20))), check) == ()


def test_the_policys_own_write_is_no_drift() -> None:
    vm = azure_vm(patch_settings=RESET)
    own = (policy_assignment(SCHEDULE_PREREQUISITES).principal_id or "").upper()
    assert findings(drifted(vm, write(vm, caller=own)), check) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"operation": "Microsoft.Compute/virtualMachines/start/action"},
        {"status": "Failed"},
        {"at": None},
        {"resource_id": azure_vm("vm-2").id},
    ],
    ids=["a start", "a write that failed", "no time", "another VM"],
)
def test_other_events_prove_nothing(other: dict[str, object]) -> None:
    vm = azure_vm(patch_settings=RESET)
    assert findings(drifted(vm, write(vm, **other)), check) == ()


def test_without_any_event_nothing_is_claimed() -> None:
    assert findings(drifted(azure_vm(patch_settings=RESET)), check) == ()


def test_a_vm_that_is_as_the_policy_wants_it_has_not_drifted() -> None:
    vm = azure_vm()
    assert findings(drifted(vm, write(vm)), check) == ()


def test_where_policy_admits_it_another_check_speaks() -> None:
    vm = azure_vm(patch_settings=RESET)
    assert findings(drifted(vm, write(vm), compliance="NonCompliant"), check) == ()
    assert findings(drifted(vm, write(vm), policy=PERIODIC_ASSESSMENT_VM), check) == ()


def test_arc_machines_have_no_patch_mode_to_lose() -> None:
    machine = arc_machine()
    assert findings(drifted(machine, write(machine)), check) == ()


@pytest.mark.parametrize("fact", [Fact.MACHINE, Fact.POLICY_STATES])
def test_without_model_or_compliance_it_is_unknown(fact: Fact) -> None:
    (unknown,) = unknowns(estate(azure_vm(patch_settings=RESET), denied=[fact]), check)
    assert unknown.fact is fact


def test_without_the_log_only_those_are_unknown_that_it_would_tell_of() -> None:
    (unknown,) = unknowns(drifted(azure_vm(patch_settings=RESET), denied=[Fact.ACTIVITY_LOG]), check)
    assert unknown.fact is Fact.ACTIVITY_LOG
    assert unknowns(drifted(azure_vm(), denied=[Fact.ACTIVITY_LOG]), check) == ()


def test_the_cure_mends_the_vm_and_its_declaration() -> None:
    vm = azure_vm(patch_settings=RESET)
    (remedies,) = examine(drifted(vm, write(vm), scheduled=True), check).remedies
    assert [remedy.name for remedy in remedies] == ["customer-managed-schedule", "declare-patch-settings"]
    declared = remedies[1]
    assert "patchMode: 'AutomaticByPlatform'" in declared.bicep
    assert "bypass_platform_safety_checks_on_user_schedule_enabled = true" in declared.terraform
    assert "activity-log" in declared.steps[0]


def test_without_a_schedule_no_cure_would_leave_the_vm_to_nobody() -> None:
    vm = azure_vm(patch_settings=RESET)
    assert examine(drifted(vm, write(vm)), check).remedies == ((),)
