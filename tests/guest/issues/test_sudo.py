import pytest

from aumdoctor.guest.issues.sudo import sudo_missing as issue
from tests.guest.issues.updating_records import after, assessed, likelihood, ok, saw, sign, states, told, wrapper

ANSWERS = {
    "password": "[sudo] password for azureuser:  False",
    "terminal": "sudo: sorry, you must have a tty to run sudo",
    "missing": "timeout: failed to run command \N{LEFT SINGLE QUOTATION MARK}sudo: No such file or directory",
    "not allowed": "root is not in the sudoers file.  This incident will be reported.",
    "sudoers broken": "sudo: parse error in /etc/sudoers near line 28",
}


@pytest.mark.parametrize("reason", list(ANSWERS))
def test_the_extension_s_own_words_name_the_reason_and_rule_the_others_out(reason: str) -> None:
    verdict = told(issue, sign("sudo-failed", f"Unable to invoke sudo successfully. Output: {ANSWERS[reason]}"))
    assert verdict.likelihood == "confirmed"
    assert states(verdict) == {name: "confirmed" if name == reason else "ruled-out" for name in ANSWERS}
    assert verdict.details == {"reason": reason}
    assert "AUM017" in verdict.explains
    assert verdict.remedies[0] == "repair-sudo"


def test_a_status_alone_confirms_it_though_it_is_cut_before_the_reason() -> None:
    verdict = told(
        issue, assessed("error", "Terminal exception Exception('Unable to invoke sudo successfully. Outp...")
    )
    assert verdict.likelihood == "confirmed"
    assert set(states(verdict).values()) == {"insufficient-evidence"}
    assert any("sudo id" in each.command for each in verdict.missing)


def test_a_person_who_is_asked_for_a_password_proves_nothing() -> None:
    line = sign("sudo-password-required", "[sudo] password for azureuser:", log="history.txt", user="azureuser")
    assert likelihood(issue, line) == "possible"


def test_the_same_words_count_beside_the_extension_s_complaint() -> None:
    line = sign("sudo-password-required", "[sudo] password for azureuser:", user="azureuser")
    verdict = told(issue, line, sign("sudo-failed", "Customer environment error (sudo failure)."))
    assert states(verdict)["password"] == "confirmed"


def test_requiretty_alone_only_hints() -> None:
    assert likelihood(issue, saw("requiretty", where="/etc/sudoers")) == "possible"
    verdict = told(issue, saw("requiretty"), saw("sudo", output=ANSWERS["terminal"]))
    assert states(verdict)["terminal"] == "confirmed"


@pytest.mark.parametrize(
    "good",
    [
        sign("sudo-works", "[BST] Sudo status check: True", at=after(5)),
        assessed(at=after(30), sequence=6),
        ok("sudo", at=after(30)),
    ],
)
def test_what_worked_since_rules_it_out(good) -> None:
    verdict = told(issue, sign("sudo-failed"), good)
    assert verdict.likelihood == "ruled-out"
    assert "since then" in verdict.said
    assert (verdict.remedies, verdict.explains) == ((), ())


def test_what_worked_before_does_not() -> None:
    assert likelihood(issue, sign("sudo-works", at=after(-60)), sign("sudo-failed")) == "confirmed"


def test_a_probe_without_time_leaves_the_order_open() -> None:
    assert likelihood(issue, sign("sudo-failed"), ok("sudo")) == "possible"


@pytest.mark.parametrize(
    "record", [ok("sudo"), sign("sudo-works"), sign("sudoers-unreadable"), assessed(), wrapper(88)]
)
def test_nothing_is_said_where_nothing_speaks_of_sudo(record) -> None:
    assert likelihood(issue, record) is None


def test_a_weak_answer_is_possible_at_most() -> None:
    assert likelihood(issue, saw("sudo", weak=True)) == "possible"
