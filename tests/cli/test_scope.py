"""`aumdoctor scope` on saved estates, on the command line's edges, and once on the demo."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.store.estates import save
from tests.builders import (
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    azure_vm,
    configuration,
    dynamic_scope,
    estate,
    static_assignment,
    subscription,
)

Run = Callable[..., Any]
VM = azure_vm("vm-042", tags={"PatchGroup": "a"})
WEEKLY, MONTHLY = configuration("mc-weekly"), configuration("mc-monthly")
IN_WEEKLY = dynamic_scope(WEEKLY, name="scope-a", tags={"PatchGroup": ("a",)})
OUT_OF_MONTHLY = dynamic_scope(MONTHLY, name="scope-A", tags={"PatchGroup": ("A",)})
SEEN = estate(VM, configurations=[WEEKLY, MONTHLY], assignments=[IN_WEEKLY, OUT_OF_MONTHLY])


@pytest.fixture
def scope(run: Run, tmp_path: Path) -> Run:
    """Ask about a machine of an estate that was saved before."""

    def call(seen: Estate, *arguments: str) -> Any:
        save(tmp_path / "estate.json.zst", seen)
        return run("scope", "--from", str(tmp_path / "estate.json.zst"), *arguments)

    return call


def test_in_at_least_one_schedule_ends_with_0(scope: Run) -> None:
    ended = scope(SEEN, "VM-042")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("vm-042 is in scope of mc-weekly (1 of 2 schedules).")
    assert "IN   mc-weekly (by dynamic scope scope-a)" in ended.out


def test_the_clause_that_keeps_it_out_is_told(scope: Run) -> None:
    ended = scope(SEEN, "vm-042", "--schedule", "MC-Monthly")
    assert ended.code == 1
    assert "mc-weekly" not in ended.out
    assert "OUT  mc-monthly" in ended.out
    assert "tag PatchGroup=a ≠ A: values are compared case-sensitively" in " ".join(ended.out.split())


def test_verbose_shows_the_clauses_that_hold_too(scope: Run) -> None:
    ended = scope(SEEN, "vm-042", "-v", "--schedule", "mc-weekly")
    assert "ok resourceTypes empty: restricts nothing" in " ".join(ended.out.split())
    assert WEEKLY.id in ended.out


def test_what_was_not_read_ends_with_3_and_never_with_out(scope: Run) -> None:
    for fact in (Fact.ASSIGNMENTS, Fact.CONFIGURATIONS):
        seen = estate(VM, configurations=[WEEKLY], denied=[fact])
        ended = scope(seen, "vm-042")
        assert ended.code == 3
        assert ended.out.startswith("Whether vm-042 is in scope of a schedule is not known.")
        assert "Azure answered 403" in ended.out
    assert "OUT" not in scope(estate(VM, configurations=[WEEKLY], denied=[Fact.ASSIGNMENTS]), "vm-042").out


def test_out_of_the_named_schedule_is_sure_although_others_could_not_be_listed(scope: Run) -> None:
    gap = Gap(
        scope="/subscriptions/elsewhere",
        operation="read maintenance configurations",
        fact=Fact.CONFIGURATIONS,
        code="x",
    )
    assert scope(estate(VM, configurations=[WEEKLY], gaps=(gap,)), "vm-042", "--schedule", "mc-weekly").code == 1


def test_a_machine_of_no_schedule_ends_with_1(scope: Run) -> None:
    ended = scope(estate(VM, configurations=[]), "vm-042")
    assert ended.code == 1
    assert ended.out.startswith("vm-042 is in scope of no schedule")


def test_a_deleted_configuration_is_no_schedule(scope: Run) -> None:
    gone = configuration("mc-gone", exists=False)
    ended = scope(estate(VM, configurations=[gone], assignments=[static_assignment(VM, gone)]), "vm-042")
    assert ended.code == 1
    assert "IN   mc-gone (by assignment assign-1)" in ended.out
    assert "But the configuration was deleted" in ended.out


def test_an_interrupted_reading_ends_with_130(scope: Run) -> None:
    ended = scope(estate(VM, interrupted=True), "vm-042")
    assert ended.code == 130
    assert ended.out.startswith("Interrupted")


def test_age_makes_unknown(scope: Run) -> None:
    assert scope(SEEN, "vm-042", "--max-age", "1h").code == 3


def test_a_schedule_that_is_nowhere_gets_the_nearest(scope: Run) -> None:
    ended = scope(SEEN, "vm-042", "--schedule", "mc-weekley")
    assert ended.code == 2
    assert "there is no maintenance configuration 'mc-weekley'" in ended.err
    assert "did you mean mc-weekly?" in ended.err


def test_a_schedule_that_may_lie_in_what_was_not_read_is_no_wrong_usage(scope: Run) -> None:
    ended = scope(estate(VM, configurations=[], denied=[Fact.CONFIGURATIONS]), "vm-042", "--schedule", "mc-x")
    assert ended.code == 3
    assert "among those that could be read: Azure answered 403" in ended.err


def test_a_schedule_by_the_id_of_a_subscription_that_was_not_looked_at(scope: Run) -> None:
    ended = scope(SEEN, "vm-042", "--schedule", configuration(subscription=OTHER_SUBSCRIPTION).id)
    assert ended.code == 2
    assert "--subscription" in ended.err


def test_of_several_schedules_of_one_name_all_are_answered_with_their_ids(scope: Run) -> None:
    twin = configuration("mc-weekly", resource_group="rg-other")
    seen = estate(VM, configurations=[WEEKLY, twin], assignments=[IN_WEEKLY])
    document = json.loads(scope(seen, "vm-042", "--schedule", "mc-weekly", "-o", "json").out)
    states = {schedule["resource_id"]: schedule["state"] for schedule in document["schedules"]}
    assert states == {WEEKLY.id: "in", twin.id: "out"}
    assert twin.id in scope(seen, "vm-042").out


def test_the_id_of_a_schedule_is_compared_without_case(scope: Run) -> None:
    document = json.loads(scope(SEEN, VM.id.upper(), "--schedule", WEEKLY.id.upper(), "-o", "json").out)
    assert [schedule["name"] for schedule in document["schedules"]] == ["mc-weekly"]
    assert document["machine"]["tags"] == {"PatchGroup": "a"}


def test_a_machine_is_found_as_why_finds_it(scope: Run, run: Run) -> None:
    ended = scope(SEEN, "vm-043")
    assert ended.code == 2
    assert "did you mean vm-042?" in ended.err
    gap = Gap(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list machines", status=403, code="AuthorizationFailed")
    assert scope(estate(VM, gaps=(gap,)), "vm-elsewhere").code == 3
    assert run("scope", "vm-1").code == 2


def test_what_does_not_go_together_is_refused(scope: Run) -> None:
    ended = scope(SEEN, "vm-042", "--subscription", "production")
    assert ended.code == 2
    assert "--subscription does nothing together with --from" in ended.err


def test_options_come_from_its_own_table(scope: Run, tmp_path: Path) -> None:
    (tmp_path / "aumdoctor.toml").write_text('[scope]\nschedule = ["mc-monthly"]\noutput = ["json"]\n')
    document = json.loads(scope(SEEN, "vm-042").out)
    assert [schedule["name"] for schedule in document["schedules"]] == ["mc-monthly"]


def test_subscriptions_that_hold_no_machine_change_nothing(scope: Run) -> None:
    both = [subscription(), subscription(OTHER_SUBSCRIPTION)]
    assert scope(estate(VM, subscriptions=both, assignments=[static_assignment(VM)]), "vm-042").code == 0


def test_the_machine_that_a_scan_finds_missed_is_explained_over_https(run: Run) -> None:
    scanned = json.loads(run("scan", "--demo", "-q", "--checks", "AUM072", "-o", "json").out)
    missed = next(finding for finding in scanned["findings"] if "scope-wave-a" in finding["message"])
    ended = run("scope", missed["machines"][0], "--demo", "-q", "-o", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["unread"]) == (1, [])
    (near,) = (
        assignment
        for schedule in document["schedules"]
        for assignment in schedule["assignments"]
        if assignment["resource_id"].lower() == missed["resource_id"].lower()
    )
    assert near["near"]
    assert [clause["said"] for clause in near["clauses"] if clause["keeps_out"]] == [
        "tag PatchWave=Wave-A ≠ wave-a: values are compared case-sensitively"
    ]
