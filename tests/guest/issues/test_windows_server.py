"""The articles end to end: from artefacts to verdicts."""

from pathlib import Path

import pytest

from aumdoctor.guest.collecting import read_case
from aumdoctor.guest.issues.windows_server import ISSUES_OF_WINDOWS_SERVER
from aumdoctor.guest.judging import judge
from aumdoctor.model.guest import Likelihood, Verdict

SAMPLES = Path(__file__).parent.parent / "samples"
EVENTS, OUTPUTS = SAMPLES / "events", SAMPLES / "windows"


def verdicts(*paths: str) -> dict[str, Verdict]:
    found = judge(read_case(paths), ISSUES_OF_WINDOWS_SERVER)
    assert len({each.issue for each in found}) == len(found)
    return {each.issue: each for each in found}


@pytest.mark.parametrize(
    ("paths", "issue", "expected"),
    [
        # 000: binary log and pasted Japanese text, with and without the build.
        ([f"{EVENTS}/seed000-system-ja.evtx.gz"], "WS001", "insufficient-evidence"),
        (
            [f"{EVENTS}/seed000-system-ja.evtx.gz", f"NODE1={OUTPUTS}/reg-query-currentversion.txt"],
            "WS001",
            "possible",
        ),
        (
            [f"NODE1={EVENTS}/event-1207-eventviewer-ja.txt", f"NODE1={OUTPUTS}/reg-query-currentversion.txt"],
            "WS001",
            "possible",
        ),
        (
            [
                f"NODE1={EVENTS}/event-1207-eventviewer-ja.txt",
                f"NODE1={OUTPUTS}/reg-query-currentversion.txt",
                f"NODE1={OUTPUTS}/nltest-sc-verify-broken.txt",
            ],
            "WS001",
            "insufficient-evidence",
        ),
        # 001
        (
            [
                f"{EVENTS}/seed001-system-ja.evtx.gz",
                f"{EVENTS}/seed001-security.evtx.gz",
                f"TS01={OUTPUTS}/reg-query-seed001.txt",
            ],
            "WS002",
            "confirmed",
        ),
        ([f"{EVENTS}/seed001-system-ja.evtx.gz", f"TS01={OUTPUTS}/reg-query-seed001.txt"], "WS002", "likely"),
        ([f"{EVENTS}/seed001-system-ja.evtx.gz"], "WS002", "possible"),
        ([f"{EVENTS}/event-1074-eventviewer-ja.txt"], "WS002", "possible"),
        (
            [
                f"TS01={EVENTS}/event-1074-eventviewer-ja.txt",
                f"TS01={EVENTS}/event-4625-eventviewer-ja.txt",
                f"TS01={OUTPUTS}/reg-query-seed001.txt",
            ],
            "WS002",
            "confirmed",
        ),
        ([f"{EVENTS}/control-unexpected-41-6008-system.evtx.gz"], "WS002", "ruled-out"),
        ([f"{EVENTS}/system-selected-events.xml"], "WS002", "ruled-out"),
        # 002
        ([f"{OUTPUTS}/reg-query-seed002-workaround.txt"], "WS003", "insufficient-evidence"),
        # 003
        (
            [
                f"{EVENTS}/seed003-primary-vmms.evtx.gz",
                f"{EVENTS}/seed003-replica-vmms.evtx.gz",
                f"{EVENTS}/seed003-replica-security.evtx.gz",
                f"REPLICAHOST2={OUTPUTS}/secedit-hardened-broken.inf",
            ],
            "WS004",
            "confirmed",
        ),
        ([f"{EVENTS}/event-list-psloglist-style-vmms.txt"], "WS004", "likely"),
        (
            [
                f"{EVENTS}/event-list-psloglist-style-vmms.txt",
                f"{EVENTS}/event-4625-eventviewer-en-replica.txt",
            ],
            "WS004",
            "confirmed",
        ),
        ([f"{EVENTS}/seed003-primary-vmms.evtx.gz"], "WS004", "insufficient-evidence"),
        ([f"{EVENTS}/seed003-replica-vmms.evtx.gz"], "WS004", "likely"),
        (
            [
                f"{EVENTS}/seed003-replica-vmms.evtx.gz",
                f"REPLICAHOST2={OUTPUTS}/secedit-default-ok.inf",
            ],
            "WS004",
            "ruled-out",
        ),
    ],
)
def test_the_articles_from_artefacts(paths: list[str], issue: str, expected: str) -> None:
    found = verdicts(*paths)
    assert set(found) == {issue}
    assert found[issue].likelihood is Likelihood(expected)
    assert found[issue].evidence


def test_a_refusal_that_wins_over_the_right() -> None:
    found = verdicts(f"{EVENTS}/seed003-replica-vmms.evtx.gz", f"REPLICAHOST2={OUTPUTS}/secedit-deny-wins.inf")
    assert found["WS004"].details["network_logon_on_replica"] == "denied"


def test_a_host_without_the_names_of_the_replica_service() -> None:
    found = verdicts(
        f"{EVENTS}/event-list-psloglist-style-vmms.txt", f"REPLICAHOST1={OUTPUTS}/setspn-L-missing-replica-spn.txt"
    )
    (names,) = (each for each in found["WS004"].differentials if each.name == "service-principal-names")
    assert names.state is Likelihood.LIKELY


@pytest.mark.parametrize("file", ["wu-client-system.evtx.gz", "security-short-selected.evtx.gz"])
def test_other_logs_touch_none_of_them(file: str) -> None:
    assert verdicts(f"{EVENTS}/{file}") == {}


def test_every_issue_is_documented_like_a_check() -> None:
    assert [each.id for each in ISSUES_OF_WINDOWS_SERVER] == ["WS001", "WS002", "WS003", "WS004"]
    for each in ISSUES_OF_WINDOWS_SERVER:
        headings = [line for line in each.doc.splitlines() if line.startswith("## ")]
        assert headings == ["## Why it matters", "## What to do", "## When it is wrong"]
        assert each.source
        assert each.seed[:3] in ("000", "001", "002", "003")
        assert each.doc.splitlines()[0].endswith(".")
