import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aumdoctor.model.facts import Fact, Gap
from tests.builders import azure_vm, estate

Run = Callable[..., Any]
HEALTHY = estate(azure_vm(), scheduled=True)
FORBIDDEN = estate(azure_vm(allow_extension_operations=False), scheduled=True)
GAP = Gap(scope="/subscriptions/s", operation="list", status=403, code="AuthorizationFailed")


def test_a_healthy_estate_ends_with_0(replay: Run) -> None:
    ended = replay(HEALTHY)
    assert (ended.code, ended.err) == (0, "")
    assert "The machine is patchable." in ended.out


def test_a_finding_ends_with_1_and_shows_its_cure(replay: Run) -> None:
    ended = replay(FORBIDDEN)
    assert ended.code == 1
    assert "az vm update --ids" in ended.out


def test_the_same_file_gives_the_same_report(replay: Run) -> None:
    first, second = (json.loads(replay(FORBIDDEN, "-o", "json").out) for _ in range(2))
    assert first["collected_at"] == "2026-06-10T12:00:00Z"
    assert first | {"generated_at": ""} == second | {"generated_at": ""}


def test_table_and_json_of_one_run_agree(replay: Run, tmp_path: Path) -> None:
    ended = replay(FORBIDDEN, "-o", f"json={tmp_path / 'report.json'}", "-o", "table")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["exit_code"] == ended.code == 1
    for diagnosis in report["diagnoses"]:
        assert f"{diagnosis['cause']} {diagnosis['name']}" in ended.out


def test_the_checks_can_be_chosen_by_id_and_by_name(replay: Run) -> None:
    report = json.loads(
        replay(
            FORBIDDEN, "-o", "json", "--checks", "aum45,extension-operations-disabled", "--skip-checks", "AUM018"
        ).out
    )
    assert report["checks"] == ["AUM045"]
    assert report["findings"] == []


def test_an_unknown_check_names_the_nearest(replay: Run) -> None:
    ended = replay(HEALTHY, "--checks", "extension-operation-disabled")
    assert ended.code == 2
    assert "error: there is no check 'extension-operation-disabled'" in ended.err
    assert "did you mean extension-operations-disabled" in ended.err


def test_no_check_left_is_an_error(replay: Run) -> None:
    assert replay(HEALTHY, "--checks", "AUM018", "--skip-checks", "AUM018").code == 2


def test_min_severity_hides_and_does_not_change_the_exit_code(replay: Run) -> None:
    ended = replay(FORBIDDEN, "-o", "json", "--min-severity", "critical", "--fail-on", "medium")
    report = json.loads(ended.out)
    assert {found["severity"] for found in report["findings"]} == {"critical"}
    assert ended.code == 1
    only_medium = estate(azure_vm(patch_settings=azure_vm().patch_settings.__class__()))
    hidden = replay(only_medium, "--min-severity", "critical", "--fail-on", "medium")
    assert hidden.code == 1
    assert "below critical not shown" in hidden.out


@pytest.mark.parametrize(
    ("seen", "options", "code"),
    [
        (FORBIDDEN, ["--fail-on", "critical"], 1),
        (FORBIDDEN, ["--fail-on", "never"], 0),
        (estate(azure_vm(allow_extension_operations=False), gaps=(GAP,)), [], 1),
        (estate(azure_vm(allow_extension_operations=False), gaps=(GAP,)), ["--fail-on", "never"], 3),
        (estate(azure_vm(), scheduled=True, gaps=(GAP,)), [], 3),
        (estate(azure_vm(), scheduled=True, denied=[Fact.PROVIDERS]), [], 3),
        (estate(azure_vm(allow_extension_operations=False), gaps=(GAP,), interrupted=True), [], 130),
        (estate(), [], 0),
    ],
)
def test_the_exit_code(replay: Run, seen: object, options: list[str], code: int) -> None:
    ended = replay(seen, *options)
    assert ended.code == code
    assert f"Exit code {code}:" in ended.out


def test_a_gap_beside_findings_is_shown(replay: Run) -> None:
    ended = replay(estate(azure_vm(allow_extension_operations=False), gaps=(GAP,)))
    assert "Not read" in ended.out
    assert "and something could not be read" in ended.out


def test_without_a_scope_nothing_is_scanned(run: Run) -> None:
    ended = run("scan")
    assert (ended.code, ended.out) == (2, "")
    for option in ("--subscription", "--management-group", "--all-subscriptions", "--demo", "--from"):
        assert option in ended.err


@pytest.mark.parametrize(
    "option", [("--subscription", "s"), ("--depth", "quick"), ("--demo",), ("--tag", "a=b"), ("--save", "x.json")]
)
def test_a_replay_refuses_what_it_would_ignore(replay: Run, option: tuple[str, ...]) -> None:
    ended = replay(HEALTHY, *option)
    assert ended.code == 2
    assert f"error: {option[0]} does nothing together with --from" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "xml"), "there is no such output"),
        (("-o", "json="), "there is no such output"),
        (("-o", "json", "-o", "table"), "two outputs cannot both go to standard output"),
        (("-o", "json=nowhere/report.json"), "the folder is not there"),
        (("--depth", "quik"), "'quik' is not one of"),
        (("--fail-on", "bad"), "'bad' is not one of"),
        (("--timeout", "0"), "--timeout"),
        (("--subscriptoin", "x"), "--subscriptoin"),
        (("surprise",), "surprise"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_message(replay: Run, arguments: tuple[str, ...], message: str) -> None:
    ended = replay(HEALTHY, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.startswith("error: ")
    assert "next step: " in ended.err
    assert "Traceback" not in ended.err


def test_a_tag_needs_a_value(run: Run) -> None:
    ended = run("scan", "--all-subscriptions", "--tag", "PatchGroup")
    assert ended.code == 2
    assert "NAME=VALUE" in ended.err


def test_a_file_that_is_no_estate_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    ended = run("scan", "--from", "notes.txt")
    assert ended.code == 2
    assert "error: notes.txt is no saved estate" in ended.err


def test_a_hostile_file_name_cannot_steer_the_terminal(run: Run) -> None:
    ended = run("scan", "--from", "x\x1b[2J")
    assert "\x1b" not in ended.err


def test_a_hostile_machine_name_cannot_steer_the_terminal(replay: Run) -> None:
    seen = estate(azure_vm("vm\x1b[2J\nExit code 0", allow_extension_operations=False))
    for output in ("table", "json"):
        assert "\x1b" not in replay(seen, "--verbose", "-o", output).out


def test_debug_shows_where_an_error_came_from(replay: Run) -> None:
    assert "Traceback" in replay(HEALTHY, "--checks", "nonsense", "--debug").err


def test_a_fault_of_our_own_is_a_sentence_too(replay: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("aumdoctor.diagnosis.examine.examine", broken)
    ended = replay(HEALTHY)
    assert ended.code == 3
    assert "RuntimeError: a bug" in ended.err
    assert "--debug" in ended.err
    assert "Traceback" not in ended.err


def test_an_interrupt_ends_with_130(replay: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aumdoctor.diagnosis.examine.examine", interrupted)
    assert replay(HEALTHY).code == 130


def test_reports_that_go_to_files_only_are_named(replay: Run) -> None:
    to_files = ("-o", "json=rep.json", "-o", "table=rep.txt")
    ended = replay(FORBIDDEN, *to_files)
    assert (ended.out, ended.err) == ("", "written to rep.json\nwritten to rep.txt\n")
    assert replay(FORBIDDEN, *to_files, "--quiet").err == ""
    assert replay(FORBIDDEN, "-o", "json=rep.json", "-o", "table").err == ""
