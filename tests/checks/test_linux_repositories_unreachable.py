from datetime import timedelta

import pytest

from aumdoctor.checks.linux_repositories_unreachable import linux_repositories_unreachable as check
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from tests.builders import (
    NOW,
    arc_machine,
    assessment,
    azure_vm,
    error_details,
    estate,
    failed_assessment,
    finding,
    findings,
    installation,
    unknowns,
)

RETURN_CODE = "Unexpected return code (100) from package manager on command: sudo apt-get -q update"


@pytest.mark.parametrize("machine", [azure_vm, arc_machine])
@pytest.mark.parametrize(
    "text",
    [
        "E: Failed to fetch http://azure.archive.ubuntu.com/ubuntu/dists/jammy/InRelease",
        "W: Could not resolve 'security.ubuntu.com'",
        "Temporary failure resolving 'archive.ubuntu.com'",
        "Curl error (28): Timeout was reached for https://rhui4-1.microsoft.com/pulp/repos",
        "Errors during downloading metadata for repository 'rhel-8'",
        "Timeout exceeded when accessing 'https://smt-azure.susecloud.net'",
        "connect: Network is unreachable",
        "Cannot find a valid baseurl for repo: base/7/x86_64",
        "Cannot retrieve metalink for repository: epel/x86_64. Please verify its path and try again",
        "Could not retrieve mirrorlist http://mirrorlist.centos.org/?release=7 error was",
        'http://mirror.local/repomd.xml: [Errno 14] curl#7 - "Failed connect to mirror.local:80; No route"',
        "http://mirror.local/repomd.xml: [Errno 12] Timeout on http://mirror.local/repomd.xml",
        "Download (curl) error for 'https://smt.local/repo': Error code: Connection failed",
        "Failed to retrieve new repository metadata.",
        "Temporary failure in name resolution",
        "getaddrinfo: Name or service not known",
    ],
)
def test_the_words_of_a_package_manager_without_a_way_out(machine, text: str) -> None:
    seen = finding(estate(machine(os_type="Linux", assessment=failed_assessment(text))), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM024", Severity.HIGH, Confidence.HIGH)
    assert "does not reach its repositories" in seen.message
    (evidence,) = seen.evidence
    assert evidence.observed == text


def test_a_bare_return_code_is_less_sure() -> None:
    seen = finding(estate(azure_vm(os_type="Linux", assessment=failed_assessment(RETURN_CODE))), check)
    assert (seen.severity, seen.confidence) == (Severity.HIGH, Confidence.MEDIUM)


@pytest.mark.parametrize(
    "other",
    [
        "Package manager on machine is not healthy. To fix, please run: sudo dpkg --configure -a",
        "E: Type 'Types:' is not known on line 1 in source list /etc/apt/sources.list.d/ubuntu.sources",
        "Customer environment error (expired SSL certs)",
    ],
)
def test_texts_that_name_another_reason_are_left_to_it(other: str) -> None:
    assert findings(estate(azure_vm(os_type="Linux", assessment=failed_assessment(RETURN_CODE, other))), check) == ()
    assert (
        findings(estate(azure_vm(os_type="Linux", assessment=failed_assessment(f"{RETURN_CODE} {other}"))), check) == ()
    )


def test_windows_and_successful_operations_are_near_misses() -> None:
    windows = azure_vm(assessment=failed_assessment("Could not resolve host"))
    assert findings(estate(windows), check) == ()
    recovered = assessment(errors=error_details("Failed to fetch, tried again"))
    assert findings(estate(azure_vm(os_type="Linux", assessment=recovered)), check) == ()


def test_an_installation_with_warnings_counts_until_an_assessment_succeeds() -> None:
    warned = installation("Failed to fetch http://repo", status="CompletedWithWarnings")
    old = assessment(last_modified=NOW - timedelta(days=6))
    assert (
        finding(estate(azure_vm(os_type="Linux", installation=warned, assessment=old)), check).severity is Severity.HIGH
    )
    history = finding(estate(azure_vm(os_type="Linux", installation=warned)), check)
    assert (history.severity, history.confidence) == (Severity.LOW, Confidence.MEDIUM)


def test_without_installations_it_is_unknown() -> None:
    (unknown,) = unknowns(estate(azure_vm(os_type="Linux"), denied=[Fact.INSTALLATION]), check)
    assert unknown.fact is Fact.INSTALLATION
