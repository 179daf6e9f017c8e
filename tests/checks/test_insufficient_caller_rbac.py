from typing import Any

import pytest

from aumdoctor.checks.insufficient_caller_rbac import insufficient_caller_rbac as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.permissions import Grant, Permissions
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    estate,
    examine,
    finding,
    findings,
    judgement,
    unknowns,
)

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
READER = Grant(actions=("*/read",))
PATCHING = Grant(
    actions=(
        "Microsoft.Maintenance/maintenanceConfigurations/maintenanceScope/InGuestPatch/*",
        "Microsoft.Maintenance/configurationAssignments/maintenanceScope/InGuestPatch/*",
    )
)


def allowed(*grants: Grant, machines: tuple[Any, ...] = (), scope: str = SCOPE, **parts: Any) -> Estate:
    """An estate in which the caller is granted this on the subscription as a whole."""
    return estate(*(machines or (azure_vm(),)), permissions=(Permissions(scope=scope, grants=grants),), **parts)


def lacking(seen: Estate) -> list[str]:
    return finding(seen, check).details["operations"].split()


def test_a_reader_is_told_what_it_cannot_do_and_with_which_roles_it_could() -> None:
    seen = finding(allowed(READER), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM047", Severity.INFO, Confidence.MEDIUM)
    assert seen.resource_id == SCOPE
    assert seen.machines == ()
    assert "subscription production as a whole" in seen.message
    assert "assess Azure VMs" in seen.message
    assert "(smallest role: Virtual Machine Contributor)" in seen.message
    assert "read the activity log" not in seen.message
    wanted = {sign.expected for sign in seen.evidence}
    assert "Microsoft.Compute/virtualMachines/assessPatches/action" in wanted
    assert "Microsoft.Maintenance/register/action and Microsoft.Compute/register/action" in wanted
    assert {sign.observed for sign in seen.evidence} == {"not granted"}


def test_who_may_do_everything_is_told_nothing() -> None:
    assert findings(allowed(Grant(actions=("*",))), check) == ()


def test_a_contributor_may_not_give_roles() -> None:
    contributor = Grant(
        actions=("*",),
        not_actions=("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"),
    )
    assert lacking(allowed(contributor)) == ["grant-roles"]


def test_a_role_for_schedules_alone_needs_only_its_own_form_of_the_action() -> None:
    left = lacking(allowed(READER, PATCHING))
    assert {"write-schedules", "attach", "detach"}.isdisjoint(left)
    assert {"assess-vms", "cancel-run", "start-vms"} <= set(left)


def test_who_may_not_even_read_is_told_that_too() -> None:
    assert {"read-runs", "read-activity-log"} <= set(lacking(allowed(PATCHING)))


@pytest.mark.parametrize(
    ("machine", "asked", "not_asked"),
    [(azure_vm(), "assess-vms", "assess-arc"), (arc_machine(), "assess-arc", "assess-vms")],
    ids=["azure", "arc"],
)
def test_only_what_the_machines_there_need_is_asked(machine: Any, asked: str, not_asked: str) -> None:
    left = lacking(allowed(READER, machines=(machine,)))
    assert asked in left
    assert not_asked not in left
    assert {"assess-vms", "assess-arc"} <= set(lacking(allowed(READER, machines=(azure_vm(), arc_machine()))))


def test_without_any_grant_the_rights_lie_further_down() -> None:
    for seen in (allowed(), estate(azure_vm())):
        said = judgement(seen, check)
        assert (said.findings, said.unknowns, said.not_applicable) == ((), (), 1)


def test_ids_are_compared_without_regard_to_case_and_subscriptions_kept_apart() -> None:
    assert findings(allowed(READER, scope=SCOPE.upper()), check) != ()
    assert findings(allowed(READER, scope=f"/subscriptions/{OTHER_SUBSCRIPTION}"), check) == ()


def test_a_subscription_without_a_machine_in_scope_is_left_alone() -> None:
    seen = estate(permissions=(Permissions(scope=SCOPE, grants=(READER,)),))
    assert findings(seen, check) == ()


def test_the_cure_names_the_roles_that_are_missing_and_no_other() -> None:
    contributor = Grant(actions=("*",), not_actions=("Microsoft.Authorization/*/Write",))
    ((remedy,),) = examine(allowed(contributor), check).remedies
    (grant,) = [step for step in remedy.steps if "role assignment create" in step]
    assert "User Access Administrator" in grant
    assert f"--scope {SCOPE}" in grant


def test_rights_that_could_not_be_asked_for_are_unknown() -> None:
    (unknown,) = unknowns(allowed(READER, denied=[Fact.CALLER_PERMISSIONS]), check)
    assert (unknown.fact, unknown.permission) == (
        Fact.CALLER_PERMISSIONS,
        "Microsoft.Authorization/permissions/read",
    )
