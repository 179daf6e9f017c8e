import json
from collections.abc import Callable
from typing import Any

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.knowledge.notes import notes

Run = Callable[..., Any]


@pytest.mark.parametrize("query", ["AUM018", "aum18", "extension-operations-disabled"])
def test_a_check_is_explained_with_cure_and_source(run: Run, query: str) -> None:
    ended = run("explain", query)
    assert ended.code == 0
    assert ended.out.startswith("AUM018 extension-operations-disabled\n")
    for part in ("Why it matters\n", "What to do\n", "allow-extension-operations", "AUM016", "Source\n"):
        assert part in ended.out


def test_a_code_is_explained_with_the_checks_that_find_it(run: Run) -> None:
    ended = run("explain", "0x8024402C")
    assert ended.out.startswith("0x8024402C WU_E_PT_WINHTTP_NAME_NOT_RESOLVED")
    assert "AUM025" in ended.out
    assert "AUM027" in ended.out


def test_a_negative_number_is_a_code_and_no_option(run: Run) -> None:
    assert run("explain", "-2145107924").out.startswith("0x8024402C ")


def test_a_message_needs_no_quotes(run: Run) -> None:
    ended = run("explain", *["Extension", "returned", "non-zero", "exit", "code", "for", "Install:", "88"])
    assert ended.out.startswith("88 HandlerFailed")


def test_a_text_leads_to_what_only_the_machine_itself_shows(run: Run) -> None:
    ended = run("explain", "dpkg --configure -a")
    assert ended.code == 0
    assert "Found by\n  AUM090 linux-package-manager-unhealthy\n" in ended.out
    assert not any(check.id == "AUM090" for check in CHECKS)


@pytest.mark.parametrize("query", ["WS002", "ws2", "power-off-at-logon-screen"])
def test_an_issue_of_the_guest_is_explained(run: Run, query: str) -> None:
    ended = run("explain", query)
    assert ended.code == 0
    assert ended.out.startswith("WS002 power-off-at-logon-screen\n\nSeverity high; seen inside a machine")
    for part in ("Why it matters\n", "What to do\n", "When it is wrong\n", "Source\n"):
        assert part in ended.out


def test_a_check_tells_how_the_same_issue_shows_inside(run: Run) -> None:
    assert "Inside the machine\n  aumdoctor guest and aumdoctor probe: " in run("explain", "AUM023").out
    assert "Inside the machine" not in run("explain", "AUM031").out


@pytest.mark.parametrize(
    ("code", "issue"),
    [("0x500ff", "WS002"), ("0x8009030C", "WS004"), ("0xC000015B", "WS004"), ("-2146893044", "WS004")],
)
def test_a_code_leads_to_the_issue_of_the_guest(run: Run, code: str, issue: str) -> None:
    assert f"Found by\n  {issue} " in run("explain", code).out


@pytest.mark.parametrize("code", ["12030", "0x2EFE", "ERROR_INTERNET_CONNECTION_ABORTED"])
def test_a_connection_that_was_cut_off_leads_to_both_issues_that_show_it(run: Run, code: str) -> None:
    told = run("explain", code).out
    assert "Found by\n  AUM025 windows-update-unreachable\n  WS004 replica-logon-denied\n" in told


@pytest.mark.parametrize("query", ["clear-wsus-pointer", "correct-clock", "restart-machine", "reapply", "Assess-Now"])
def test_a_remedy_is_explained(run: Run, query: str) -> None:
    ended = run("explain", query)
    assert ended.code == 0
    assert ended.out.startswith(f"{query.lower()}\n\n")
    assert "Cures\n  " in ended.out


def test_a_mistyped_remedy_is_suggested(run: Run) -> None:
    assert "did you mean clear-wsus-pointer " in run("explain", "clear-wsus-pointr").err


@pytest.mark.parametrize("query", ["AUM140", "aum140", "no-rollback", "rollback"])
def test_a_note_is_explained_and_called_one(run: Run, query: str) -> None:
    ended = run("explain", query)
    assert ended.code == 0
    assert ended.out.startswith("AUM140 no-rollback\n\nA note and no check")
    for part in ("Why it matters\n", "What to do\n", "Source\n", "(as of 20"):
        assert part in ended.out


def test_a_mistyped_note_is_suggested(run: Run) -> None:
    assert "rollback" in run("explain", "rolback").err


def test_every_note_fits_80_columns(run: Run) -> None:
    for note in notes().rows:
        lines = run("explain", note.id).out.splitlines()
        assert lines[0] == f"{note.id} {note.name}"
        assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []
        assert not any("`" in line or "##" in line for line in lines)


def test_an_error_text_leads_to_its_note(run: Run) -> None:
    for text in ("WireServerConnectivityCheck.Passed.Port32526Failed", "cannot reach 168.63.129.16:80"):
        told = run("explain", text).out
        assert "See also\n  AUM076 wireserver-blocked: " in told
        assert "Found by\n  AUM042 vm-agent-not-ready" in told


def test_an_unknown_word_ends_with_2_and_the_nearest(run: Run) -> None:
    ended = run("explain", "ShutdownOrUnresponsiv")
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean ShutdownOrUnresponsive" in ended.err
    assert run("explain", "qqqqqqqqq").code == 2
    assert run("explain").code == 2


def test_a_mistyped_matrix_is_suggested_and_nothing_far_fetched(run: Run) -> None:
    assert "did you mean matrix" in run("explain", "matrx").err
    assert "did you mean" not in run("explain", "registration of a subscription").err


@pytest.mark.parametrize("code", ["MissingSubscriptionRegistration", "PropertyChangeNotAllowed", "AuthorizationFailed"])
def test_an_error_of_the_resource_manager_names_it_as_its_source(run: Run, code: str) -> None:
    told = run("explain", code).out
    assert "Azure Resource Manager" in told
    assert "LinuxPatchExtension" not in told


@pytest.mark.parametrize("word", ["matrix", "Matrix"])
def test_the_matrix_says_who_patches_a_machine(run: Run, word: str) -> None:
    ended = run("explain", word)
    assert ended.code == 0
    lines = ended.out.splitlines()
    rows = [line for line in lines if line[:1].isdigit()]
    assert len(rows) == 8
    assert rows[2].split() == ["3", "yes", "no", "yes", "nobody,", "runs", "fail", "AUM031"]
    assert any(line.split() == ["AutomaticByPlatform", "false", "disputed", "1", "Manual"] for line in lines)
    assert any(line.startswith("Arc-enabled server") for line in lines)
    assert "sources disagree" in ended.out
    assert all(len(line) <= 80 for line in lines)
    named = {word for row in rows for word in row.split() if word.startswith("AUM")}
    assert named <= {check.id for check in CHECKS}


def test_the_matrix_on_a_narrow_page_wraps_its_cells(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = run("explain", "matrix").out.splitlines()
    before_the_modes = lines[: lines.index("Which patch modes a VM can have")]
    assert all(len(line) <= 60 for line in before_the_modes)
    assert [line[0] for line in before_the_modes if line[:1].isdigit() and line[1:3] == "  "] == list("12345678")


def test_every_check_can_be_shown_at_80_columns(run: Run) -> None:
    for check in CHECKS:
        ended = run("checks", "show", check.id)
        assert ended.code == 0
        assert ended.out.startswith(f"{check.id} {check.name}\n")
        too_wide = [line for line in ended.out.splitlines() if len(line) > 80 and " " in line.strip()]
        assert too_wide == []
        assert "`" not in ended.out
        assert "##" not in ended.out


def test_the_list_names_every_check(run: Run) -> None:
    listed = run("checks", "list").out.splitlines()
    assert [line.split()[0] for line in listed] == [check.id for check in CHECKS]


def test_the_list_as_json_carries_what_a_program_needs(run: Run) -> None:
    listed = json.loads(run("checks", "list", "-o", "json").out)
    assert [check["id"] for check in listed] == [check.id for check in CHECKS]
    assert all(check["documentation"] and check["severity"] for check in listed)
    # That reads were refused shows in the gaps, whatever was read.
    assert [check["id"] for check in listed if not check["needs"]] == ["AUM139"]
    (shown,) = json.loads(run("checks", "show", "AUM018", "-o", "json").out)
    assert shown == next(check for check in listed if check["id"] == "AUM018")


def test_a_note_is_shown_as_well_and_not_listed(run: Run) -> None:
    ended = run("checks", "show", "AUM140")
    assert ended.code == 0
    assert ended.out == run("explain", "AUM140").out
    (shown,) = json.loads(run("checks", "show", "no-rollback", "-o", "json").out)
    assert (shown["id"], shown["note"]) == ("AUM140", True)
    assert "## What to do" in shown["documentation"]
    assert "AUM140" not in run("checks", "list").out


def test_a_note_cannot_be_scanned_for(run: Run) -> None:
    ended = run("scan", "--demo", "--checks", "AUM140")
    assert ended.code == 2
    assert "AUM140 no-rollback is a note and no check" in ended.err
    assert "aumdoctor explain AUM140" in ended.err


def test_an_unknown_check_cannot_be_shown(run: Run) -> None:
    ended = run("checks", "show", "AUM999")
    assert ended.code == 2
    assert "there is no check 'AUM999'" in ended.err
