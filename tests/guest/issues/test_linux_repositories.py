import pytest

from aumdoctor.guest.issues.linux_repositories import (
    linux_repositories_unreachable as issue,
)
from aumdoctor.guest.issues.linux_repositories import (
    rhui_unreachable_or_cert_expired as rhui,
)
from aumdoctor.guest.issues.linux_repositories import unsupported_repo_only as private
from tests.guest.issues.updating_records import (
    after,
    assessed,
    likelihood,
    ok,
    proxy,
    saw,
    sign,
    states,
    told,
)

UPDATE = "sudo apt-get -q update"


def fetch(reason: str, name: str = "apt-fetch-failed", minutes: float = 0, **values: str):
    given = {"host": "archive.ubuntu.com", "reason": reason, "command": UPDATE, "exit_code": "0", **values}
    return sign(name, "W: Failed to fetch", at=after(minutes), **given)


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("dns", "name resolution"),
        ("refused", "no connection"),
        ("timeout", "no connection"),
        ("unreachable", "no connection"),
        ("reset", "no connection"),
        ("proxy", "proxy"),
        ("proxy-auth", "proxy"),
        ("tls-untrusted", "TLS"),
        ("tls", "TLS"),
        ("tls-client-expired", "client certificate"),
        ("http-404", "not there"),
        ("http-403", "not there"),
    ],
)
def test_the_reason_of_a_fetch_decides_between_the_differentials(reason: str, name: str) -> None:
    verdict = told(issue, fetch(reason))
    assert verdict.likelihood == "confirmed"
    assert states(verdict)[name] == "confirmed"
    assert sum(state == "confirmed" for state in states(verdict).values()) == 1
    assert "archive.ubuntu.com" in verdict.said


def test_another_address_that_refuses_is_a_dead_proxy() -> None:
    verdict = told(issue, fetch("refused", proxy="yes", peer="10.0.0.4:3128"))
    assert states(verdict)["proxy"] == "confirmed"
    assert states(verdict)["no connection"] == "ruled-out"
    assert verdict.remedies[0] == "correct-proxy"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("repository-key-expired", "signature or index"),
        ("repository-has-no-release-file", "not there"),
        ("repositories-none", "source list"),
        ("apt-source-malformed", "source list"),
    ],
)
def test_signs_beside_fetches_count_too(name: str, expected: str) -> None:
    assert states(told(issue, sign(name)))[expected] == "confirmed"


def test_with_apt_a_success_after_it_proves_nothing() -> None:
    assert likelihood(issue, fetch("dns"), assessed(at=after(60), sequence=6)) == "confirmed"


def test_with_yum_a_success_after_it_does() -> None:
    assert likelihood(issue, fetch("dns", "yum-fetch-failed"), assessed(at=after(60), sequence=6)) == "ruled-out"


def test_only_the_same_command_heals_when_it_runs_well_later() -> None:
    other = sign("repository-refreshed", at=after(1), command="sudo apt-get -q update -o Dir::Etc::SourceList=security")
    again = sign("repository-refreshed", at=after(60), log="6.core.log", command="sudo  apt-get -q update")
    assert likelihood(issue, fetch("dns"), other) == "confirmed"
    assert likelihood(issue, fetch("dns"), again) == "ruled-out"


def test_a_bare_return_code_is_likely_and_asks_for_the_log() -> None:
    text = (
        "Customer environment error: Investigate and resolve unexpected return code (100) from package manager on comma"
    )
    verdict = told(issue, assessed("error", text))
    assert verdict.likelihood == "likely"
    assert any("core.log" in each.what for each in verdict.missing)
    assert likelihood(issue, assessed("error", text), assessed(at=after(60), sequence=6)) == "ruled-out"


@pytest.mark.parametrize(
    "known", ["dpkg-interrupted", "disk-full", "apt-source-unknown-type", "package-manager-locked"]
)
def test_a_return_code_that_is_explained_otherwise_is_left_to_that(known: str) -> None:
    text = "unexpected return code (100) from package manager on command: sudo apt-get update"
    assert likelihood(issue, assessed("error", text), sign(known)) is None


def test_installing_and_upgrading_are_not_fetching_lists() -> None:
    install = sign("package-manager-failed", command="sudo apt-get -y install tzdata")
    update = sign("package-manager-failed", command="sudo apt-get -q update")
    assert likelihood(issue, install) is None
    assert likelihood(issue, update) == "likely"


def test_the_troubleshooter_s_word_on_deb822_systems_only_hints() -> None:
    assert likelihood(issue, saw("repository", weak=True)) == "possible"
    assert likelihood(issue, saw("repository", host="rhui4-1.microsoft.com")) == "confirmed"


def test_a_proxy_that_is_set_stands_among_the_differentials() -> None:
    assert states(told(issue, fetch("dns"), proxy("http://p:3128", "environment")))["a proxy is set"] == "possible"


@pytest.mark.parametrize("record", [ok("repository"), assessed(), sign("repository-refreshed"), proxy("http://p:3128")])
def test_nothing_is_said_where_no_repository_failed(record) -> None:
    assert likelihood(issue, record) is None


RHUI = "rhui-1.microsoft.com"


def test_curl_58_is_the_certificate() -> None:
    verdict = told(rhui, fetch("tls-client-expired", "yum-fetch-failed", host=RHUI, curl="58"))
    assert (verdict.likelihood, verdict.details["reason"]) == ("confirmed", "certificate")
    assert "AUM024" in verdict.explains


def test_curl_28_is_not_the_certificate_whatever_the_label_says() -> None:
    label = sign("extension-label-expired-certificates", "Customer environment error (expired SSL certs)")
    verdict = told(rhui, fetch("timeout", "yum-fetch-failed", host=RHUI, curl="28"), label)
    assert verdict.likelihood == "confirmed"
    assert states(verdict) == {"certificate expired": "ruled-out", "not reached": "confirmed"}


def test_the_label_alone_is_possible_and_asks_for_the_log() -> None:
    verdict = told(rhui, assessed("error", "Customer environment error (expired SSL certs): [Command=sudo yum"))
    assert verdict.likelihood == "possible"
    assert any("core.log" in each.what for each in verdict.missing)


def test_the_label_on_a_repository_that_is_not_rhui_is_nothing_of_rhui() -> None:
    label = sign("extension-label-expired-certificates", "expired SSL certs")
    assert likelihood(rhui, label, fetch("dns", "yum-fetch-failed", host="mirror.example.com")) is None


def test_an_assessment_after_it_rules_rhui_out() -> None:
    bad = fetch("timeout", "yum-fetch-failed", host=RHUI, curl="28")
    assert likelihood(rhui, bad, assessed(at=after(60), sequence=6)) == "ruled-out"


def unclassified(**counts: int):
    return assessed(**{"criticalAndSecurityPatchCount": 0, "otherPatchCount": 40, **counts})


def test_private_mirrors_whose_updates_are_all_unclassified() -> None:
    mirrors = [saw("repository", host=host) for host in ("10.1.2.3", "mirror", "repo.contoso.local")]
    assert likelihood(private, unclassified(), *mirrors) == "possible"
    assert likelihood(private, unclassified(criticalAndSecurityPatchCount=1), *mirrors) is None
    assert likelihood(private, unclassified(), *mirrors, saw("repository", host="archive.ubuntu.com")) is None
    assert likelihood(private, unclassified()) is None
