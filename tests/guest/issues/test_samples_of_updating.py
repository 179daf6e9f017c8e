"""What the doctor says of genuine artefacts, from the file to the verdict."""

from functools import cache
from pathlib import Path

import pytest

from aumdoctor.guest.collecting import read_case
from aumdoctor.guest.issues.updating import ISSUES_OF_UPDATING
from aumdoctor.guest.judging import judge
from aumdoctor.model.guest import Host, Verdict

SAMPLES = Path(__file__).parents[1] / "samples"
ARCHIVE = Path(__file__).parent / "samples" / "linux-scenarios.tar.xz"

SCENARIOS = {
    "core-arc-assessment": {},
    "core-assessment-success-apt": {"GST003": "confirmed"},
    "core-auto-assessment": {},
    "core-configure-patching-no-systemd": {"AUM023": "confirmed", "AUM094": "confirmed"},
    "core-configure-patching-success": {},
    "core-install-success-apt": {"AUM102": "confirmed"},
    "core-install-success-regular-apt": {},
    "core-install-success-yum": {},
    "core-maintenance-window-exceeded": {"AUM013": "confirmed"},
    "core-old-agent": {"AUM043": "confirmed"},
    "core-package-install-failed-apt": {"AUM099": "confirmed", "AUM131": "confirmed"},
    "core-reboot-failed": {"AUM101": "confirmed", "GST003": "confirmed"},
    "core-reboot-pending-never": {"AUM069": "confirmed", "GST003": "confirmed"},
    "core-sudo-failure": {"AUM019": "confirmed"},
    "core-sudo-tty-required": {"AUM019": "confirmed"},
    "core-yum-rhui-timeout": {"AUM024": "confirmed", "AUM092": "confirmed"},
    "core-zypper-locked": {"AUM090": "ruled-out"},
    "e2e-apt-connection-refused": {"AUM024": "confirmed", "GST001": "confirmed"},
    "e2e-apt-dns-unresolvable": {"AUM024": "confirmed", "GST001": "confirmed"},
    "e2e-apt-repo-404": {"AUM024": "confirmed"},
    "e2e-assessment-success-debian12": {},
    "e2e-operation-not-supported": {"AUM017": "confirmed"},
    "e2e-sudo-missing": {"AUM017": "confirmed", "AUM019": "confirmed"},
}

OUTPUTS = {
    "troubleshooter/azure-all-passed.txt": {},
    "troubleshooter/azure-deb822-repo-false-failure.txt": {"AUM024": "possible"},
    "troubleshooter/azure-rhel-rhui-unreachable.txt": {"AUM024": "confirmed", "AUM092": "confirmed"},
    "troubleshooter/azure-timer-inactive-no-extension.txt": {"AUM016": "confirmed", "AUM023": "likely"},
    "troubleshooter/azure-tls11.txt": {"AUM021": "confirmed"},
    "troubleshooter/arc-ubuntu2204.txt": {"AUM095": "possible"},
    "troubleshooter/arc-rhel94.txt": {},
    "runcommand/probe-linux-healthy.jsonl": {},
    "runcommand/probe-linux-sudo-failed.jsonl": {"AUM019": "confirmed"},
    "runcommand/action-probe-linux-healthy.json": {},
    "runcommand/action-conflict-409.json": {},
    "windows/sc-qc-wuauserv-disabled.txt": {"AUM026": "confirmed"},
    "windows/reg-query-wsus.txt": {"AUM027": "likely"},
    "windows/netsh-winhttp-direct-ja.txt": {},
    "windows/netsh-winhttp-proxy.txt": {"AUM020": "possible"},
    "windows/WindowsUpdateExtension-8024402c.log": {"AUM025": "confirmed", "AUM027": "insufficient-evidence"},
    "windows/aggregatestatus.json": {"AUM025": "confirmed", "AUM027": "insufficient-evidence"},
    "windows/ReportingEvents.log": {"AUM115": "likely", "AUM025": "ruled-out", "AUM026": "ruled-out"},
}


@cache
def archived() -> dict[str, Host]:
    """The machines of the archive: one for each of its folders."""
    case = read_case([str(ARCHIVE)])
    return {host.name: host for host in case.hosts}


def verdicts_of(name: str) -> tuple[Verdict, ...]:
    from aumdoctor.model.guest import Case

    folder = SAMPLES / "linux" / name
    case = read_case([str(folder)]) if folder.is_dir() else Case(hosts=(archived()[name],))
    return judge(case, ISSUES_OF_UPDATING)


def said(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {verdict.issue: str(verdict.likelihood) for verdict in verdicts}


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_each_run_of_the_genuine_extension(name: str) -> None:
    verdicts = verdicts_of(name)
    assert said(verdicts) == SCENARIOS[name]
    for verdict in verdicts:
        assert all(quote.origin.file and quote.text for quote in verdict.evidence)


@pytest.mark.parametrize("name", list(OUTPUTS))
def test_each_output_of_a_tool(name: str) -> None:
    assert said(judge(read_case([str(SAMPLES / name)]), ISSUES_OF_UPDATING)) == OUTPUTS[name]


def test_the_pointer_and_the_failure_together_confirm_it() -> None:
    paths = [str(SAMPLES / "windows" / name) for name in ("WindowsUpdateExtension-8024402c.log", "reg-query-wsus.txt")]
    found = said(judge(read_case([f"web={path}" for path in paths]), ISSUES_OF_UPDATING))
    assert (found["AUM025"], found["AUM027"]) == ("confirmed", "confirmed")


def test_the_reason_is_told_in_words() -> None:
    (window,) = verdicts_of("core-maintenance-window-exceeded")
    assert "75 of 90 min, 14 left" in window.said
    false = next(each for each in verdicts_of("e2e-apt-dns-unresolvable") if each.issue == "GST001")
    assert "azure.archive.ubuntu.invalid" in false.said
    rhui = next(each for each in verdicts_of("core-yum-rhui-timeout") if each.issue == "AUM092")
    assert "its certificate is not the reason" in rhui.said
