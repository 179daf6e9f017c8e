"""The report on the schedules of one machine: a reviewed page, the schema, hostile names."""

import json as stdlib_json
from collections.abc import Callable

import msgspec
import pytest
from rich.cells import cell_len

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.report import json, scope_table
from aumdoctor.report.scope import Scopes, scopes_of
from aumdoctor.schedule.scope import schedule_answers
from tests.builders import (
    NOW,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    arc_machine,
    azure_vm,
    change,
    configuration,
    dynamic_scope,
    estate,
    static_assignment,
)

MatchesGolden = Callable[[str, str], None]


def scopes(seen: Estate, exit_code: int = 1) -> Scopes:
    machine = seen.machines[0]
    return scopes_of(seen, machine, schedule_answers(seen, machine), generated_at=NOW, exit_code=exit_code)


@pytest.fixture
def mixed() -> Estate:
    """In one schedule, attached to a deleted one, nearly in a third, and out of two for other reasons."""
    vm = azure_vm("vm-042", resource_group="rg-shop", tags={"PatchGroup": "a", "env": "prod"})
    weekly, gone, near, ring, hand = (
        configuration(name, exists=name != "mc-gone")
        for name in ("mc-weekly", "mc-gone", "mc-wave-a", "mc-ring-2", "mc-by-hand")
    )
    linux = dynamic_scope(
        ring, name="scope-linux", resource_group="rg-bank", os_types=("Linux",), tags={"PatchGroup": ("b", "c")}
    )
    return estate(
        vm,
        configurations=[weekly, gone, near, ring, hand],
        assignments=[
            dynamic_scope(weekly, name="scope-prod", os_types=("Windows",), tags={"env": ("prod",)}),
            static_assignment(vm, gone, name="left-over"),
            dynamic_scope(near, name="scope-wave-a", tags={"PatchGroup": ("A",)}),
            linux,
            change(linux, id=f"{linux.id}-2", name="scope-any", filter=change(linux.filter, tag_operator="Any")),
            static_assignment(azure_vm("vm-2"), ring),
            static_assignment(azure_vm("vm-3"), hand),
        ],
    )


def test_a_page_of_80_columns_reads_as_it_was_reviewed(mixed: Estate, matches_golden: MatchesGolden) -> None:
    matches_golden("scope.txt", scope_table.render(scopes(mixed, 0)))


def test_a_verbose_page_reads_as_it_was_reviewed(mixed: Estate, matches_golden: MatchesGolden) -> None:
    matches_golden("scope-verbose.txt", scope_table.render(scopes(mixed, 0), verbose=True, width=100))


@pytest.mark.parametrize("exit_code", [0, 1, 3, 130])
def test_a_report_keeps_to_its_contract(mixed: Estate, exit_code: int) -> None:
    """What is written can be read back into the same structs: nothing is missing and nothing of another type."""
    unread = estate(arc_machine(), denied=[Fact.ASSIGNMENTS], assignments=[dynamic_scope()])
    for report in (scopes(mixed, exit_code), scopes(unread, exit_code)):
        assert msgspec.json.decode(json.render(report), type=Scopes, strict=True) == report


def test_every_struct_and_every_field_that_needs_it_is_described() -> None:
    (_, components) = msgspec.json.schema_components([Scopes])
    assert all(component.get("description") for component in components.values())


def test_the_answer_counts_the_schedules_that_patch_it(mixed: Estate) -> None:
    assert scopes(mixed, 0).answer == "vm-042 is in scope of mc-weekly (1 of 5 schedules)"
    without = change(mixed, assignments=mixed.assignments[2:])
    assert scopes(without).answer == (
        "vm-042 is in scope of none of 4 schedules; mc-wave-a misses it by the case of letters"
    )


def test_the_answer_names_what_is_missed_by_case_and_what_does_not_patch() -> None:
    vm = azure_vm("vm-1", tags={"Ring": "one"})
    missed = dynamic_scope(tags={"ring": ("one",)})
    assert scopes(estate(vm, assignments=[missed])).answer == ("vm-1 is not in scope of weekly, by the case of letters")
    gone = configuration("gone", exists=False)
    useless = estate(vm, configurations=[gone], assignments=[static_assignment(vm, gone)])
    assert scopes(useless).answer == "vm-1 is in scope of no schedule that patches guests, only of gone"
    unread = estate(vm, configurations=[], assignments=[static_assignment(vm)])
    assert scopes(unread, 3).answer == ("vm-1 is in scope of weekly, but whether that patches guests is not known")


def test_of_many_dynamic_scopes_the_nearest_are_shown() -> None:
    vm = azure_vm(tags={"ring": "ONE"})
    far = [dynamic_scope(name=f"far-{number}", subscription=OTHER_SUBSCRIPTION, tags={"x": ()}) for number in range(9)]
    seen = estate(vm, assignments=[*far, dynamic_scope(name="near", tags={"ring": ("one",)})])
    page = scope_table.render(scopes(seen))
    assert "dynamic scope near leaves it out, by nothing but the case of letters" in page
    assert page.count("leaves it out") == 3
    assert "and 7 more dynamic scopes (--verbose)" in page
    assert scope_table.render(scopes(seen), verbose=True).count("leaves it out") == 10


def test_what_is_not_known_is_shown_with_the_right_that_is_missing() -> None:
    gap = Gap(
        scope=f"/subscriptions/{SUBSCRIPTION}",
        operation="list configuration assignments",
        status=403,
        code="AuthorizationFailed",
        message="no right",
        fact=Fact.ASSIGNMENTS,
    )
    aside = Gap(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list locks", status=403, fact=Fact.LOCKS)
    report = scopes(estate(azure_vm(), denied=[Fact.ASSIGNMENTS], gaps=(gap, aside)), 3)
    page = scope_table.render(report)
    assert "?    weekly (the configuration assignments are not known: Azure answered 403)" in page.replace("\n", " ")
    assert "Microsoft.Maintenance/configurationAssignments/read" in page
    assert "list configuration assignments: 403 AuthorizationFailed" in page
    assert "list locks" not in page


@pytest.mark.parametrize("width", [40, 80, 120])
def test_only_what_is_copied_is_wider_than_the_page(mixed: Estate, width: int) -> None:
    for verbose in (False, True):
        lines = scope_table.render(scopes(mixed), verbose=verbose, width=width).splitlines()
        assert all(line.strip().startswith("/subscriptions/") for line in lines if cell_len(line) > width)


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b31m", "a\r\nExit code 0", "\u202egnp.exe"])
def test_a_name_from_azure_cannot_steer_the_terminal(evil: str) -> None:
    vm = azure_vm(f"vm{evil}", tags={f"Ring{evil}": evil, evil: "x"}, location=evil, os_type=evil)
    schedule = configuration(f"mc{evil}")
    asked = {f"ring{evil}": (evil,), evil: (f"X{evil}",)}
    assignments = [
        dynamic_scope(schedule, name=f"s{evil}", resource_group=evil, os_types=(evil, "x"), tags=asked),
        dynamic_scope(schedule, name=f"t{evil}", locations=(f"{evil}x",), tags=asked, tag_operator="Any"),
    ]
    for denied in ([], [Fact.ASSIGNMENTS]):
        report = scopes(estate(vm, configurations=[schedule], assignments=assignments, denied=denied))
        for text in (scope_table.render(report, verbose=True), scope_table.render(report), json.render(report)):
            assert all(line.isprintable() for line in text.split("\n"))
        assert stdlib_json.loads(json.render(report))["machine"]["name"] == f"vm{evil}"
