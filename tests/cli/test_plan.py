"""`aumdoctor plan` as a user calls it, of saved estates."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.remedies.plan import PlanFile
from aumdoctor.store.estates import save
from aumdoctor.store.plans import load
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, azure_vm, estate, patch_settings, subscription
from tests.report.planned import HOSTILE

Run = Callable[..., Any]
OFF = azure_vm("vm-off", power_state="deallocated")
LAX = azure_vm("vm-lax", patch_settings=patch_settings(assessment_mode="ImageDefault"))
SHUT = azure_vm("vm-shut", allow_extension_operations=False)
HEALTHY = estate(azure_vm(), scheduled=True)
ILL = estate(LAX, SHUT, OFF, scheduled=True)


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Run:
    """Plan for an estate that was saved before."""

    def call(seen: Estate, *arguments: str) -> Any:
        save(tmp_path / "estate.json.zst", seen)
        return run("plan", "--from", str(tmp_path / "estate.json.zst"), *arguments)

    return call


def remedies(file: PlanFile) -> set[str]:
    return {action.remedy for action in file.actions}


def test_help_says_what_ends_how(run: Run) -> None:
    ended = run("plan", "--help")
    assert ended.code == 0
    for text in ("--remedy", "--risk", "--emit", "Reads only", "3: something"):
        assert text in ended.out


def test_nothing_to_do_ends_with_0(plan: Run) -> None:
    ended = plan(HEALTHY)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("No action: nothing was found that has to be cured.")


def test_a_plan_of_a_saved_estate_says_that_nothing_was_read_as_it_stands(plan: Run) -> None:
    ended = plan(ILL)
    assert ended.code == 0
    assert "1 enable-periodic-assessment" in ended.out
    assert "made of a saved estate" in ended.out
    assert "not read -> AutomaticByPlatform" in " ".join(ended.out.split())
    assert ended.out.rstrip().endswith("Exit code 0: planned.")


@pytest.mark.parametrize("wanted", ["plan.json", "json=plan.json", "json=plan"])
def test_the_file_can_be_loaded_and_says_what_it_was_made_of(plan: Run, tmp_path: Path, wanted: str) -> None:
    ended = plan(ILL, "-o", wanted)
    name = wanted.rpartition("=")[2]
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"1 action written to {name}; aumdoctor apply {name} makes it\n"
    file = load(tmp_path / name)
    assert remedies(file) == {"enable-periodic-assessment"}
    assert (file.subscriptions, file.cloud, file.tenant_id) == ((SUBSCRIPTION,), "public", None)
    assert file.collected_at == ILL.collected_at
    assert file.estate.startswith("sha256:")
    assert [action.before for action in file.actions] == [None]


def test_table_file_and_script_of_one_run_are_one_plan(plan: Run, tmp_path: Path) -> None:
    ended = plan(ILL, "-o", "table", "-o", "plan.json", "--emit", "bash=plan.sh", "--emit", "pwsh=plan.ps1", "-v")
    assert ended.code == 0
    for action in load(tmp_path / "plan.json").actions:
        assert action.id in ended.out
        assert action.az in ended.out
        assert action.az in (tmp_path / "plan.sh").read_text()
        assert action.id in (tmp_path / "plan.ps1").read_text()


def test_quiet_says_nothing(plan: Run) -> None:
    assert plan(ILL, "-q", "-o", "plan.json")[1:] == ("", "")


def test_json_on_standard_output_is_the_file(plan: Run, tmp_path: Path) -> None:
    ended = plan(ILL, "-o", "json")
    (tmp_path / "plan.json").write_text(ended.out)
    assert remedies(load(tmp_path / "plan.json")) == {"enable-periodic-assessment"}


def test_the_same_estate_gives_the_same_actions(plan: Run) -> None:
    first, second = (json.loads(plan(ILL, "-o", "json").out) for _ in range(2))
    made = ("made_at", "digest")
    assert {name: first[name] for name in first if name not in made} == {
        name: second[name] for name in second if name not in made
    }


@pytest.mark.parametrize(
    ("arguments", "planned"),
    [
        ((), {"enable-periodic-assessment"}),
        (("--risk", "consent"), {"enable-periodic-assessment", "allow-extension-operations"}),
        (("--remedy", "start-machine"), {"start-machine"}),
        (("--remedy", "Start-Machine,allow-extension-operations"), {"start-machine", "allow-extension-operations"}),
        (("--skip-checks", "AUM039"), set()),
        (("--risk", "consent", "--checks", "AUM018"), {"allow-extension-operations"}),
    ],
)
def test_what_is_planned_can_be_chosen(
    plan: Run, tmp_path: Path, arguments: tuple[str, ...], planned: set[str]
) -> None:
    plan(ILL, *arguments, "-o", "plan.json")
    assert remedies(load(tmp_path / "plan.json")) == planned


def test_a_remedy_that_cures_nothing_here_is_told(plan: Run) -> None:
    ended = plan(HEALTHY, "--remedy", "register-provider")
    assert ended.code == 0
    assert "nothing that was found is cured by register-provider" in spaced(ended.out).lower()
    assert plan(HEALTHY, "--remedy", "register-provider", "-o", "json").err == (
        "nothing that was found is cured by register-provider\n"
    )


def spaced(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


def test_a_script_that_nothing_asks_for_wants_machines_and_says_for_which_system(plan: Run) -> None:
    ended = plan(HEALTHY, "--remedy", "repair-sudo", "-q")
    assert ended.code == 0
    assert "cured by repair-sudo; to make it whatever was found, name the machines: --machine" in spaced(ended.out)
    assert "It is for Linux only." in spaced(ended.out)


def test_a_script_for_another_system_says_so() -> None:
    """--machine needs Azure, so what says it is asked itself."""
    from aumdoctor.cli.plan import _why_not
    from aumdoctor.remedies.plan import Plan, Selection

    unnamed = azure_vm("vm-new", os_type=None)
    seen = estate(LAX, unnamed)

    def told(*machines: str) -> str:
        chosen = Selection(remedies=("repair-sudo",), machines=machines)
        return _why_not("repair-sudo", Plan(actions=(), left_out=()), chosen, seen)

    assert told(LAX.id) == "repair-sudo does not fit: vm-lax runs Windows. It is for Linux only."
    assert "vm-new runs a system that Azure does not name" in told(unnamed.id)


def test_advice_that_is_named_is_told_to_be_steps(plan: Run) -> None:
    ended = plan(ILL, "--remedy", "correct-wsus-pointer")
    assert ended.code == 0
    assert "it is steps for a person: aumdoctor explain correct-wsus-pointer" in spaced(ended.out)


def test_an_unknown_remedy_names_the_nearest(plan: Run) -> None:
    ended = plan(ILL, "--remedy", "start-machines")
    assert ended.code == 2
    assert "error: there is no remedy 'start-machines'" in ended.err
    assert "did you mean start-machine" in ended.err
    assert "docs/guest-remedies.md" in plan(ILL, "--remedy", "zzz").err
    assert "did you mean clear-wsus-pointer or correct-wsus-pointer" in plan(ILL, "--remedy", "remove-wsus").err


@pytest.mark.parametrize("name", ["correct-clock", "Correct-Proxy", "attach-ubuntu-pro"])
def test_a_remedy_that_is_only_steps_is_called_so_and_says_where_to_read_them(plan: Run, name: str) -> None:
    ended = plan(ILL, "--remedy", name)
    assert ended.code == 2
    assert f"{name.lower()} is no request that could be planned, it is steps for a person" in ended.err
    assert f"aumdoctor explain {name.lower()}" in ended.err


def test_a_misspelt_remedy_of_steps_is_suggested_as_well(plan: Run) -> None:
    assert "did you mean correct-clock?" in plan(ILL, "--remedy", "corect-clock").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--risk", "everything"), "everything"),
        (("--risk", "safe", "--remedy", "assess-now"), "--risk does nothing together with --remedy"),
        (("--emit", "perl"), "--emit perl: there is no such script"),
        (("--emit", "bash="), "--emit bash=: there is no such script"),
        (("--emit", "bash", "--emit", "pwsh"), "two outputs cannot both go to standard output"),
        (("--emit", "bash", "-o", "table"), "two outputs cannot both go to standard output"),
        (("-o", "bash"), "--output bash: there is no such output"),
        (("-o", "nowhere/plan.json"), "the folder is not there"),
        (("--checks", "AUM999"), "there is no check"),
        (("--machine", "vm-1"), "--machine does nothing together with --from"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_next_step(plan: Run, arguments: tuple[str, ...], told: str) -> None:
    ended = plan(ILL, *arguments)
    assert ended.code == 2
    assert told in ended.err
    assert "next step: " in ended.err
    assert ended.out == ""


def test_it_has_to_be_said_where_to_look(run: Run) -> None:
    ended = run("plan")
    assert ended.code == 2
    assert "it was not said what to scan" in ended.err


def test_a_script_alone_takes_standard_output(plan: Run) -> None:
    ended = plan(ILL, "--emit", "bash")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("#!/usr/bin/env bash\n")
    assert subprocess.run(["bash", "-n"], input=ended.out, text=True, check=False).returncode == 0


def test_a_script_in_a_file_leaves_the_table_where_it_was(plan: Run, tmp_path: Path) -> None:
    ended = plan(ILL, "--emit", "bicep=main.bicep", "--emit", "terraform=main.tf")
    assert ended.out.startswith("1 action on 1 machine")
    assert "resource vm_1 '" in (tmp_path / "main.bicep").read_text()
    assert 'resource "azurerm_windows_virtual_machine" "vm_1" {' in (tmp_path / "main.tf").read_text()


def test_what_could_not_be_read_ends_with_3(plan: Run) -> None:
    gap = Gap(
        scope=f"/subscriptions/{SUBSCRIPTION}",
        operation="list",
        status=403,
        code="AuthorizationFailed",
        missing_permission="Microsoft.Maintenance/maintenanceConfigurations/read",
    )
    for seen in (estate(LAX, gaps=(gap,)), estate(LAX, denied=[Fact.PROVIDERS])):
        ended = plan(seen)
        assert ended.code == 3
        assert "Not seen" in ended.out
        assert "missing permissions: Microsoft." in ended.out
        assert "Exit code 3" in ended.out


def test_an_interrupted_collection_ends_with_130(plan: Run) -> None:
    assert plan(estate(LAX, interrupted=True)).code == 130


def test_a_plan_is_for_one_tenant(plan: Run, tmp_path: Path) -> None:
    one, two = subscription(SUBSCRIPTION, tenant_id="T-1"), subscription(OTHER_SUBSCRIPTION, tenant_id="t-2")
    ended = plan(estate(LAX, subscriptions=[one, two]), "-o", "plan.json")
    assert ended.code == 2
    assert "the subscriptions lie in 2 tenants (t-1, t-2)" in ended.err
    assert not (tmp_path / "plan.json").exists()
    same = subscription(OTHER_SUBSCRIPTION, tenant_id="t-1")
    assert plan(estate(LAX, subscriptions=[one, same]), "-o", "plan.json").code == 0
    assert load(tmp_path / "plan.json").tenant_id == "t-1"


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-o", "json"), *((("--emit", name)) for name in ("bash", "pwsh"))])
def test_a_hostile_name_steers_no_terminal(plan: Run, arguments: tuple[str, ...]) -> None:
    lax = azure_vm(HOSTILE, patch_settings=patch_settings(assessment_mode="ImageDefault"))
    ended = plan(estate(lax, scheduled=True), "--risk", "disruptive", *arguments)
    assert ended.code == 0
    assert "owned-1" in ended.out
    assert all(line.isprintable() for line in ended.out.split("\n"))
