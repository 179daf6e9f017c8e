import pytest

from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.schedule_policy_missed import schedule_policy_missed as check
from aumdoctor.knowledge.policies import SCHEDULE_PREREQUISITES, SCHEDULE_RECURRING_UPDATES
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    arc_machine,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    policy_assignment,
    policy_state,
    static_assignment,
    unknowns,
)

WEEKLY = configuration()
SCHEDULE = policy_assignment(SCHEDULE_RECURRING_UPDATES, name="schedule", maintenance_configuration_id=WEEKLY.id)
PREREQUISITES = policy_assignment(SCHEDULE_PREREQUISITES, name="prerequisites")
UNPREPARED = patch_settings(patch_mode="AutomaticByOS", bypass_platform_safety_checks_on_user_schedule=None)


def covered(machine, *policies, compliance="NonCompliant", **overrides):
    states = tuple(policy_state(machine, policy, compliance) for policy in policies) if compliance else ()
    return estate(machine, policy_assignments=policies, policy_states=states, **overrides)


def test_a_vm_that_the_policy_did_not_attach() -> None:
    seen = finding(covered(azure_vm(), SCHEDULE), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM003", Severity.HIGH, Confidence.HIGH)
    assert "not attached to the policy's schedule" in seen.message
    attachment, state = seen.evidence
    assert (attachment.observed, attachment.expected) == (None, WEEKLY.id)
    assert (state.observed, state.resource_id) == ("NonCompliant", SCHEDULE.id)
    assert seen.details == {"policyAssignmentId": SCHEDULE.id, "scheduled": "false"}


def test_a_vm_that_was_not_prepared_either_is_prepared_first() -> None:
    vm = azure_vm(patch_settings=UNPREPARED)
    built = examine(covered(vm, SCHEDULE, PREREQUISITES), check)
    (seen,) = built.findings
    assert [evidence.path.rsplit(".", 1)[-1] for evidence in seen.evidence[:2]] == [
        "patchMode",
        "bypassPlatformSafetyChecksOnUserSchedule",
    ]
    assert seen.details["policyAssignmentId"] == PREREQUISITES.id
    assert seen.details["thenPolicyAssignmentId"] == SCHEDULE.id
    (remediation,) = built.remedies[0]  # the VM has no schedule: preparing it alone would leave it unpatched
    assert [call.body["properties"]["policyAssignmentId"] for call in remediation.calls] == [
        PREREQUISITES.id,
        SCHEDULE.id,
    ]


def test_it_is_the_cause_where_a_schedule_waits_for_an_unprepared_vm() -> None:
    vm = azure_vm(patch_settings=UNPREPARED)
    built = examine(covered(vm, PREREQUISITES, scheduled=True), check, patch_mode_not_schedulable)
    assert {found.check: found.explained_by for found in built.findings} == {"AUM003": None, "AUM030": "AUM003"}
    assert [remedy.name for remedy in built.diagnoses[0].cure] == ["remediate-policy", "customer-managed-schedule"]


@pytest.mark.parametrize(
    "tie",
    [lambda vm: static_assignment(vm), lambda vm: dynamic_scope(os_types=("windows",))],
    ids=["static", "dynamic"],
)
def test_a_vm_on_the_policy_s_schedule_is_healthy_however_it_got_there(tie) -> None:
    vm = azure_vm()
    assert findings(covered(vm, SCHEDULE, PREREQUISITES, assignments=[tie(vm)]), check) == ()


def test_another_schedule_than_the_policy_s_does_not_count_but_casing_does_not_matter() -> None:
    vm, other = azure_vm(), configuration("other")
    assert finding(
        covered(vm, SCHEDULE, configurations=[WEEKLY, other], assignments=[static_assignment(vm, other)]), check
    )
    shouted = static_assignment(vm, maintenance_configuration_id=WEEKLY.id.upper())
    assert findings(covered(vm, SCHEDULE, assignments=[shouted]), check) == ()


def test_where_the_policy_s_schedule_is_not_known_any_schedule_will_do() -> None:
    policy = policy_assignment(SCHEDULE_RECURRING_UPDATES)
    assert findings(covered(azure_vm(), policy, scheduled=True), check) == ()
    assert finding(covered(azure_vm(), policy), check).check == "AUM003"


@pytest.mark.parametrize("compliance", [None, "Compliant"])
def test_where_azure_policy_does_not_own_up_it_weighs_less(compliance) -> None:
    seen = finding(covered(azure_vm(), SCHEDULE, compliance=compliance), check)
    assert (seen.severity, seen.confidence) == (Severity.MEDIUM, Confidence.LOW)
    restored = azure_vm(has_os_profile=False, os_disk_create_option="Attach")
    assert finding(covered(restored, SCHEDULE, compliance=compliance), check).confidence is Confidence.MEDIUM


def test_near_misses() -> None:
    assert findings(covered(azure_vm(patch_settings=UNPREPARED)), check) == ()
    assert findings(covered(azure_vm(), PREREQUISITES), check) == ()
    assert findings(covered(arc_machine(), SCHEDULE), check) == ()
    relaxed = policy_assignment(SCHEDULE_RECURRING_UPDATES, enforcement_mode="DoNotEnforce")
    assert findings(covered(azure_vm(), relaxed), check) == ()


def test_assignments_that_may_not_be_read_are_unknown() -> None:
    (unknown,) = unknowns(covered(azure_vm(), SCHEDULE, denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS
