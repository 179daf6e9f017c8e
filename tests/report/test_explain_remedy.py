"""What `aumdoctor explain` says of a remedy."""

import pytest

from aumdoctor.checks.registry import CHECKS
from aumdoctor.remedies.catalogue import REMEDIES
from aumdoctor.remedies.in_guest import rows
from aumdoctor.report.explain_remedy import match_remedy, of_remedy, remedy_names


def told(name: str) -> str:
    return of_remedy(name, CHECKS, 80)


def test_a_script_says_what_it_changes_how_grave_it_is_and_what_it_cures() -> None:
    text = told("clear-wsus-pointer")
    assert "Risk: needs consent; reversible, by aumdoctor undo." in " ".join(text.split())
    assert text.startswith("clear-wsus-pointer\n\nTake the pointer to a dead WSUS server away.")
    for part in (
        "What it changes (Windows)\n",
        "UseWUServer: 1 ->",
        "Cures\n  AUM025 windows-update-unreachable\n  AUM027 wsus-misconfigured\n",
        "aumdoctor plan --remedy clear-wsus-pointer -o plan.json",
        "docs/guest-remedies.md#clear-wsus-pointer-windows",
    ):
        assert part in text


def test_steps_for_a_person_are_shown_and_called_so() -> None:
    text = told("correct-clock")
    assert "For a person: there is no script" in text
    assert "Steps (Linux and Windows)\n" in text
    assert "w32tm /resync" in text
    assert "--remedy correct-clock" not in text
    assert "docs/guest-remedies.md#correct-clock-linux-and-windows" in text


def test_a_remedy_of_both_kinds_shows_both() -> None:
    text = told("enable-tls12")
    assert "What it changes (Windows)\n" in text
    assert "Steps (Linux)\n" in text


def test_a_request_says_what_it_does_and_where_the_portal_has_it() -> None:
    text = told("register-provider")
    assert "POST register, then wait until registrationState is Registered" in text
    assert "safe; not reversible" in text
    assert "AUM045 maintenance-provider-unregistered" in text
    assert "In the portal\n  Subscriptions > " in text


def test_an_issue_that_only_a_machine_shows_is_named() -> None:
    assert "WS002 power-off-at-logon-screen" in told("forbid-shutdown-without-logon")


@pytest.mark.parametrize("name", remedy_names())
def test_every_remedy_can_be_explained(name: str) -> None:
    text = told(name)
    assert text.startswith(f"{name}\n\n")
    assert "`" not in text
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []


def test_the_names_are_those_of_the_catalogue_and_of_the_steps() -> None:
    assert set(remedy_names()) == {kind.name for kind in REMEDIES} | {row.name for row in rows()}
    assert match_remedy("Clear-WSUS-pointer ") == "clear-wsus-pointer"
    assert match_remedy("0x8024402C") is None
