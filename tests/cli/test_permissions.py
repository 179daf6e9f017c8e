"""`aumdoctor permissions` as a user calls it, without a server: the role, wrong input, a saved estate."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aumdoctor.model.permissions import Grant, Permissions
from aumdoctor.store.estates import save
from tests.builders import SUBSCRIPTION, azure_vm, estate
from tests.cli.conftest import Ended

Run = Callable[..., Ended]


def test_offline_it_lists_the_rights_of_a_scan(run: Run) -> None:
    ended = run("permissions")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("aumdoctor takes ")
    assert "all of them only read" in " ".join(ended.out.split())
    assert "compared with nothing" in ended.out.splitlines()[-1]


def test_a_role_goes_to_its_file_with_the_scope_that_was_named(run: Run, own_folder: Path) -> None:
    ended = run("permissions", "--subscription", SUBSCRIPTION, "-o", "role=role.json")
    assert (ended.code, ended.out, ended.err) == (0, "", "written to role.json\n")
    role = json.loads((own_folder / "role.json").read_text(encoding="utf-8"))
    assert role["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    assert role["Name"] == "aumdoctor scan"
    ended = run("permissions", "--management-group", "mg-a", "-o", "role")
    role = json.loads(ended.out)
    assert role["AssignableScopes"] == ["/providers/Microsoft.Management/managementGroups/mg-a"]
    assert "Microsoft.Management/managementGroups/descendants/read" in role["Actions"]


@pytest.mark.parametrize("scope", [(), ("--subscription", "Production"), ("--all-subscriptions",)])
def test_a_placeholder_is_explained(run: Run, scope: tuple[str, ...]) -> None:
    ended = run("permissions", *scope, "-o", "role")
    assert ended.code == 0
    assert "<" in json.loads(ended.out)["AssignableScopes"][0]
    assert "fill in an id" in ended.err
    assert run("permissions", *scope, "-o", "role", "--quiet").err == ""


def test_a_remedy_adds_its_calls(run: Run) -> None:
    run_more = json.loads(run("permissions", "--for", "gate", "--remedy", "cancel-run", "-o", "json").out)
    assert run_more["task"] == "gate"
    assert run_more["remedies"] == ["cancel-run"]
    assert "Microsoft.Maintenance/applyUpdates/write" in run_more["actions"]
    assert run_more["checked"] is None
    assert "cancel-run" in run_more["role"]["Description"]


@pytest.mark.parametrize(
    ("words", "says", "next_step"),
    [
        (("--remedy", "asess-now"), "there is no such remedy", "did you mean assess-now?"),
        (("--remedy", "zzz"), "there is no such remedy", "there are allow-extension-operations"),
        (("--remedy", "ask-for-rights"), "makes no call", "leave it out"),
        (("--for", "everything"), "everything", "--help"),
        (("-o", "yaml"), "there is no such output", "role"),
        (("-o", "table", "-o", "role"), "standard output", "file"),
        (("--check",), "it was not said what to scan", "--subscription"),
        (("--demo",), "--check", "add --check"),
        (("--from", "estate.json"), "--check", "add --check"),
        (("--management-group", "a", "--management-group", "b", "-o", "role"), "one management group", "for each"),
    ],
)
def test_wrong_input_is_told_with_the_next_step(run: Run, words: tuple[str, ...], says: str, next_step: str) -> None:
    ended = run("permissions", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert next_step in ended.err.splitlines()[-1]


def test_the_options_can_stand_in_the_file(run: Run, own_folder: Path) -> None:
    (own_folder / "aumdoctor.toml").write_text(
        f'[permissions]\nfor = "remediate"\nsubscription = ["{SUBSCRIPTION}"]\n', encoding="utf-8"
    )
    ended = run("permissions", "-o", "json", "-q")
    document = json.loads(ended.out)
    assert document["task"] == "remediate"
    assert document["role"]["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]


@pytest.mark.parametrize(
    ("grants", "code", "says"),
    [
        ((Grant(actions=("*/read",)),), 0, "Nothing is missing in 1 subscription."),
        ((Grant(actions=("Microsoft.Compute/*",)),), 1, "are missing in 1 of 1 subscription."),
        ((), 3, "It cannot be told whether anything is missing in 1 of 1 subscription."),
    ],
)
def test_a_saved_estate_is_compared(
    run: Run, own_folder: Path, grants: tuple[Grant, ...], code: int, says: str
) -> None:
    granted = (Permissions(scope=f"/subscriptions/{SUBSCRIPTION}", grants=grants),)
    save(own_folder / "estate.json.zst", estate(azure_vm(), permissions=granted))
    ended = run("permissions", "--check", "--from", "estate.json.zst")
    assert ended.code == code
    assert ended.out.splitlines()[0].endswith(says)
    assert ended.out.splitlines()[-1].startswith(f"Exit code {code}: ")


def test_an_estate_without_a_subscription_to_compare_proves_nothing(run: Run, own_folder: Path) -> None:
    save(own_folder / "estate.json.zst", estate())
    ended = run("permissions", "--check", "--from", "estate.json.zst")
    assert ended.code == 3
    assert ended.out.startswith("It cannot be told whether anything is missing")
