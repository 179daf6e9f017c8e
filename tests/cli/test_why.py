"""`aumdoctor why` on saved estates and on the command line's edges."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.store.estates import save
from tests.builders import SUBSCRIPTION, azure_vm, estate, patch_settings, static_assignment

Run = Callable[..., Any]
OFF = azure_vm("vm-off", power_state="deallocated")
FINE = azure_vm("vm-fine")
SEEN = estate(OFF, FINE, scheduled=True)


@pytest.fixture
def why(run: Run, tmp_path: Path) -> Run:
    """Ask about a machine of an estate that was saved before."""

    def call(seen: Estate, *arguments: str) -> Any:
        save(tmp_path / "estate.json.zst", seen)
        return run("why", "--from", str(tmp_path / "estate.json.zst"), *arguments)

    return call


def test_a_machine_that_is_blocked_ends_with_1_and_the_answer(why: Run) -> None:
    ended = why(SEEN, "vm-off")
    assert ended.code == 1
    assert ended.out.startswith("vm-off is not patched, because the VM is deallocated")
    assert "az vm start" in ended.out


def test_a_machine_that_is_fine_ends_with_0_although_another_is_not(why: Run) -> None:
    ended = why(SEEN, "VM-Fine")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Nothing stops the patching of vm-fine: its schedule patches it.")


def test_what_was_not_read_ends_with_3(why: Run) -> None:
    ended = why(estate(FINE, denied=[Fact.ASSIGNMENTS]), "vm-fine")
    assert ended.code == 3
    assert "Microsoft.Maintenance/configurationAssignments/read" in ended.out.replace("\n    ", " ")


def test_an_interrupted_reading_ends_with_130(why: Run) -> None:
    ended = why(estate(FINE, interrupted=True), "vm-fine")
    assert ended.code == 130
    assert ended.out.startswith("Interrupted")


def test_the_resource_id_is_compared_without_case(why: Run) -> None:
    assert json.loads(why(SEEN, OFF.id.upper(), "-o", "json").out)["machine"]["resource_id"] == OFF.id


def test_json_goes_to_a_file_where_one_is_named(why: Run, tmp_path: Path) -> None:
    ended = why(SEEN, "vm-off", "-o", "json=why.json", "-o", "table")
    assert json.loads((tmp_path / "why.json").read_text())["exit_code"] == ended.code == 1
    assert ended.out.startswith("vm-off")


def test_a_name_that_is_nowhere_gets_the_nearest(why: Run) -> None:
    ended = why(SEEN, "vm-of")
    assert ended.code == 2
    assert "there is no machine 'vm-of'" in ended.err
    assert "vm-off" in ended.err


def test_a_name_that_may_lie_in_what_was_not_read_is_no_wrong_usage(why: Run) -> None:
    gap = Gap(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list machines", status=403, code="AuthorizationFailed")
    ended = why(estate(FINE, gaps=(gap,)), "vm-elsewhere")
    assert ended.code == 3
    assert "list machines: AuthorizationFailed" in ended.err


def test_a_cause_that_lies_in_another_resource_is_found_in_a_saved_estate(why: Run) -> None:
    moved, old = azure_vm("vm-moved", resource_group="rg-new"), azure_vm("vm-moved", resource_group="rg-old")
    ended = why(estate(moved, assignments=[static_assignment(old)]), moved.id)
    assert ended.code == 1
    assert "(AUM006)" in ended.out


def test_a_name_that_two_machines_bear_is_not_guessed(why: Run) -> None:
    twins = estate(azure_vm("vm-1", resource_group="rg-a"), azure_vm("vm-1", resource_group="rg-b"), scheduled=True)
    ended = why(twins, "vm-1")
    assert ended.code == 2
    assert "rg-a" in ended.err
    assert "rg-b" in ended.err
    assert why(twins, twins.machines[0].id).code == 0


def test_without_a_subscription_only_a_full_id_will_do(run: Run) -> None:
    ended = run("why", "vm-1")
    assert ended.code == 2
    assert "--subscription" in ended.err


def test_what_does_not_go_together_is_refused(why: Run) -> None:
    ended = why(SEEN, "vm-off", "--subscription", "production")
    assert ended.code == 2
    assert "--subscription does nothing together with --from" in ended.err


def test_age_counts_for_one_machine_too(why: Run) -> None:
    assert why(SEEN, "vm-fine", "--max-age", "1h").code == 3


def test_an_old_gap_does_not_make_a_known_machine_unknown(why: Run) -> None:
    gap = Gap(scope=f"/subscriptions/{SUBSCRIPTION}", operation="list locks", status=403, code="AuthorizationFailed")
    ended = why(estate(FINE, scheduled=True, gaps=(gap,)), "vm-fine")
    assert ended.code == 0
    assert "list locks" in ended.out


def test_options_come_from_its_own_table_and_from_variables(
    why: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aumdoctor.toml").write_text('[scan]\nfail-on = "never"\n\n[why]\noutput = ["json"]\n')
    monkeypatch.setenv("AUMDOCTOR_MIN_SEVERITY", "low")  # an option of scan: nothing to why
    ended = why(SEEN, "vm-off")
    assert json.loads(ended.out)["exit_code"] == 1
    monkeypatch.setenv("AUMDOCTOR_MIN_SEVERTY", "low")
    assert why(SEEN, "vm-off").code == 2


def test_verbose_shows_every_cure(why: Run) -> None:
    manual = azure_vm("vm-m", patch_settings=patch_settings(patch_mode="Manual"))
    ended = why(estate(manual, scheduled=True), "vm-m", "--verbose")
    assert "PATCH /subscriptions/" in ended.out
