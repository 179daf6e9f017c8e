"""The rights as a report: reviewed pages, the published schema, what is missing and what cannot be told."""

import json as stdlib_json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from rich.cells import cell_len

from aumdoctor.checks.registry import CHECKS
from aumdoctor.model.estate import Estate, Subscription
from aumdoctor.model.facts import READ_PERMISSIONS, Fact, Gap, Outcome
from aumdoctor.model.permissions import Grant, Permissions
from aumdoctor.report import json, permissions_table
from aumdoctor.report.permissions import (
    Held,
    PermissionsReport,
    actions_of,
    assignable_scopes,
    compare,
    permissions_of,
    purposes_of,
    role_text,
)
from tests.builders import NOW, OTHER_SUBSCRIPTION, SUBSCRIPTION, azure_vm, estate, reading

SCHEMA = Path(__file__).parents[2] / "docs" / "permissions.schema.json"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
ESC = "\x1b[31m"
READER = Grant(actions=("*/read",))
PATCHING = Grant(actions=("Microsoft.Maintenance/configurationAssignments/maintenanceScope/InGuestPatch/*",))
MatchesGolden = Callable[[str, str], None]


def granted(*grants: Grant, scope: str = SCOPE, **parts: Any) -> Estate:
    return estate(azure_vm(), permissions=(Permissions(scope=scope, grants=grants),), **parts)


def held(seen: Estate, *actions: str) -> Held:
    (answer,) = compare(seen, actions)
    return answer


def report(
    task: Any = "scan", *remedies: str, seen: Estate | None = None, exit_code: int = 0, scopes: Any = None
) -> PermissionsReport:
    purposes = purposes_of(task, remedies)
    return permissions_of(
        task,
        remedies,
        purposes,
        scopes or assignable_scopes([], []),
        estate=seen,
        checked=compare(seen, actions_of(purposes)) if seen is not None else None,
        generated_at=NOW,
        exit_code=exit_code,
    )


@pytest.fixture
def lacking() -> PermissionsReport:
    """In one subscription a reader, in another nothing is granted as a whole, and a third holds no machine."""
    seen = estate(
        azure_vm(),
        azure_vm("vm-2", subscription=OTHER_SUBSCRIPTION),
        subscriptions=(
            Subscription(id=SUBSCRIPTION, name="Production"),
            Subscription(id=OTHER_SUBSCRIPTION, name="Staging"),
            Subscription(id="33333333-3333-3333-3333-333333333333", name="Hub"),
        ),
        permissions=(
            Permissions(scope=SCOPE, grants=(READER,)),
            Permissions(scope=f"/subscriptions/{OTHER_SUBSCRIPTION}"),
        ),
        readings=[reading(Fact.CALLER_PERMISSIONS, "/subscriptions/33333333-3333-3333-3333-333333333333")],
    )
    return report("scan", "assign-schedule", seen=seen, exit_code=1, scopes=assignable_scopes([SUBSCRIPTION], []))


def test_the_rights_of_a_scan_read_as_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("permissions.txt", permissions_table.render(report()))


def test_what_is_missing_reads_as_reviewed(lacking: PermissionsReport, matches_golden: MatchesGolden) -> None:
    matches_golden("permissions-check.txt", permissions_table.render(lacking))


def test_the_role_of_a_remediation_reads_as_reviewed(matches_golden: MatchesGolden) -> None:
    matches_golden("permissions-role.json", role_text(report("remediate", "assign-schedule")))


def test_the_published_schema_is_the_one_of_the_code() -> None:
    """AUMDOCTOR_TEST_WRITE_GOLDEN=1 writes it anew."""
    text = stdlib_json.dumps(json.schema("permissions"), indent=2) + "\n"
    if os.environ.get("AUMDOCTOR_TEST_WRITE_GOLDEN"):
        SCHEMA.write_text(text, encoding="utf-8")
    assert text == SCHEMA.read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.schema("permissions"))
    assert all(definition.get("description") for definition in json.schema("permissions")["$defs"].values())


def test_reports_keep_to_the_schema(lacking: PermissionsReport) -> None:
    schema = stdlib_json.loads(SCHEMA.read_text(encoding="utf-8"))
    for each in (lacking, report(), report("gate"), report("remediate", "cancel-run")):
        document = stdlib_json.loads(json.render(each))
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


def test_a_scan_takes_what_its_checks_need_and_what_finds_its_scope() -> None:
    facts = {fact for check in CHECKS for fact in (*check.needs, *check.uses)}
    wanted = {action for fact in facts for action in READ_PERMISSIONS[fact]}
    actions = set(actions_of(purposes_of("scan")))
    assert actions - wanted == {
        "Microsoft.Resources/subscriptions/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    }
    assert wanted <= actions
    assert all(action.endswith("/read") for action in actions)
    assert actions_of(purposes_of("gate")) == actions_of(purposes_of("scan"))
    above = set(actions_of(purposes_of("scan", by_management_group=True)))
    assert above - actions == {"Microsoft.Management/managementGroups/descendants/read"}


def test_to_remediate_takes_the_safe_remedies_and_those_named_and_no_other() -> None:
    actions = set(actions_of(purposes_of("remediate")))
    assert {"Microsoft.Compute/virtualMachines/write", "Microsoft.Authorization/locks/read"} <= actions
    assert {"Microsoft.PolicyInsights/remediations/write", "Microsoft.Maintenance/register/action"} <= actions
    dangerous = ("restart/action", "start/action", "roleAssignments/write", "applyUpdates/write", "/delete")
    assert not [action for action in actions if action.endswith(dangerous)]
    with_run = set(actions_of(purposes_of("remediate", ["cancel-run"])))
    assert with_run - actions == {"Microsoft.Maintenance/applyUpdates/write"}


def test_the_role_is_what_azure_takes_in_stable_order_and_without_a_wildcard_but_one() -> None:
    role = stdlib_json.loads(role_text(report("remediate", "assign-schedule")))
    assert list(role) == ["Name", "Description", "IsCustom", "Actions", "NotActions", "AssignableScopes"]
    assert role["IsCustom"] is True
    assert role["NotActions"] == []
    assert role["Actions"] == sorted(set(role["Actions"]), key=str.lower)
    wild = [action for action in role["Actions"] if "*" in action]
    assert wild == ["Microsoft.Compute/virtualMachines/patchAssessmentResults/*"]
    assert role_text(report()) == role_text(report())


def test_a_holder_of_the_role_lacks_nothing() -> None:
    for task, remedies in (("scan", ()), ("gate", ("cancel-run",)), ("remediate", ("assign-schedule", "reapply"))):
        made = report(task, *remedies)
        seen = granted(Grant(actions=made.role.actions))
        assert held(seen, *made.actions).state == "complete"
        for action in made.role.actions:
            lesser = granted(Grant(actions=tuple(each for each in made.role.actions if each != action)))
            # The rights on assignments have two forms, and either will do.
            if "configurationAssignments" not in action:
                assert held(lesser, *made.actions).state == "missing", action


def test_any_form_of_a_right_will_do_as_it_does_for_the_check_of_rights() -> None:
    write = "Microsoft.Maintenance/configurationAssignments/write"
    assert held(granted(READER, PATCHING), write).state == "complete"
    assert held(granted(READER), write).missing == (write,)


def test_excluded_actions_are_missing() -> None:
    contributor = Grant(actions=("*",), not_actions=("Microsoft.Authorization/*/Write",))
    action = "Microsoft.Authorization/roleAssignments/write"
    assert held(granted(contributor), action, "a/read").missing == (action,)


def test_without_a_grant_on_the_subscription_nothing_can_be_told() -> None:
    answer = held(granted(), "a/read", "b/write")
    assert (answer.state, answer.missing, answer.unknown) == ("unknown", (), ("a/read", "b/write"))
    assert "further down" in answer.said


def test_rights_that_were_not_read_are_unknown_with_the_reason() -> None:
    answer = held(granted(READER, denied=[Fact.CALLER_PERMISSIONS]), "a/read")
    assert answer.unknown == ("a/read",)
    assert answer.said
    late = reading(Fact.CALLER_PERMISSIONS, SCOPE, Outcome.NOT_FETCHED, reason="interrupted")
    assert held(estate(azure_vm(), readings=[late]), "a/read").said == "interrupted"


def test_a_subscription_without_machines_is_not_asked_but_one_that_could_not_be_read_is_unknown() -> None:
    empty = estate(readings=[reading(Fact.CALLER_PERMISSIONS, SCOPE, Outcome.INFERRED)])
    assert (held(empty, "a/read").state, held(empty, "a/read").unknown) == ("not-asked", ())
    unread = estate(readings=[reading(Fact.CALLER_PERMISSIONS, SCOPE, Outcome.DENIED, reason="403")])
    assert (held(unread, "a/read").state, held(unread, "a/read").said) == ("unknown", "403")


def test_a_read_that_was_refused_proves_that_its_right_is_missing() -> None:
    gap = Gap(scope=azure_vm().id, operation="list", status=403, missing_permission="A/Read")
    answer = held(granted(denied=[Fact.CALLER_PERMISSIONS], gaps=(gap,)), "a/read", "b/read")
    assert (answer.state, answer.missing, answer.unknown) == ("missing", ("a/read",), ("b/read",))
    elsewhere = Gap(scope=f"/subscriptions/{OTHER_SUBSCRIPTION}", operation="list", missing_permission="a/read")
    assert held(granted(READER, gaps=(elsewhere,)), "a/read").state == "complete"


def test_rights_on_management_groups_are_not_looked_for_on_subscriptions() -> None:
    above = "Microsoft.Management/managementGroups/descendants/read"
    assert held(granted(Grant(actions=("a/read",))), above, "a/read").state == "complete"


def test_scopes_of_a_role() -> None:
    assert assignable_scopes([SUBSCRIPTION.upper(), SCOPE], []) == (SCOPE,)
    assert assignable_scopes([], ["mg-a"]) == ("/providers/Microsoft.Management/managementGroups/mg-a",)
    assert assignable_scopes(["Production"], []) == ("/subscriptions/<id of Production>",)
    assert assignable_scopes([], []) == ("/subscriptions/<subscription id>",)
    assert ESC not in assignable_scopes([f"a{ESC}"], [])[0]


def test_many_subscriptions_have_no_columns_and_their_own_lines_all_the_same() -> None:
    numbers = [f"{number:08d}-0000-0000-0000-000000000000" for number in range(25)]
    seen = estate(
        *(azure_vm(f"vm-{number}", subscription=number) for number in numbers),
        subscriptions=tuple(Subscription(id=number, name=f"sub-{number[:8]}") for number in numbers),
        permissions=tuple(Permissions(scope=f"/subscriptions/{number}", grants=(READER,)) for number in numbers),
    )
    page = permissions_table.render(report(seen=seen))
    assert page.startswith("Nothing is missing in 25 subscriptions.\n")
    assert page.count("sub-000") == 25
    assert "marks by subscription" not in page


def test_hostile_names_do_nothing_to_the_terminal() -> None:
    seen = granted(READER, subscriptions=(Subscription(id=SUBSCRIPTION, name=f"evil{ESC}\n\u202e"),))
    made = report("remediate", seen=seen, exit_code=1)
    for text in (permissions_table.render(made), json.render(made)):
        assert not re.search("[\x1b\u202e]", text)
    assert "evil\\x1b[31m" in permissions_table.render(made)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_only_what_is_to_be_copied_is_wider_than_the_page(lacking: PermissionsReport, width: int) -> None:
    for line in permissions_table.render(lacking, width=width).splitlines():
        copied = "Microsoft." in line or "aumdoctor permissions" in line or "az role" in line
        assert copied or cell_len(line) <= width, line


def test_colour_changes_nothing_but_the_colour(lacking: PermissionsReport) -> None:
    coloured = permissions_table.render(lacking, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == permissions_table.render(lacking)
