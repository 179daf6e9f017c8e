from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.issues.schannel_record_splitting import schannel_record_splitting as issue
from aumdoctor.model.guest import Event, InstalledUpdate, Likelihood, LogSign, Record, Service, UpdateEvent
from tests.guest.issues.windows_events import (
    FROM,
    NOON,
    days,
    differential,
    event,
    host,
    judged,
    likelihood,
    value,
    windows,
)

SCHANNEL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
SETUP = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Setup"

CU6 = InstalledUpdate(origin=FROM, text="KB2626076", kb="KB2626076")
PATCH = InstalledUpdate(origin=FROM, text="KB2585542", kb="KB2585542", at=NOON)
WITHOUT_CU6 = value(SETUP, "ServerVersion", "6.1.7221.81")
R2 = value(SETUP, "ServerVersion", "6.1.7221.0")
SCOM_2012 = value(SETUP, "ServerVersion", "7.0.8560.0")
OFF = value(SCHANNEL, "SendExtraRecord", 2)
ON = value(SCHANNEL, "SendExtraRecord", 1)
DEFAULT = value(SCHANNEL, "SendExtraRecord", 0)
ABSENT = value(SCHANNEL, "SendExtraRecord", None, exists=False)

JAPANESE = (
    "失敗しました\nメッセージ: インストールされたエージェントを正常に初期化できませんでした。\n"
    "詳細: WinRM クライアントは、リモート WS-Management サービスから HTTP 状態コード 501 を受け取りました。"
)
ENGLISH = "The WinRM client received an HTTP status code of 501 from the remote WS-Management service."


def logged(message: str, at: datetime | None = NOON) -> Event:
    return event("Cross Platform Modules", 256, message=message, at=at, channel="Operations Manager")


HTTP_501 = logged(ENGLISH)
NO_AGENT = Service(origin=FROM, name="HealthService", exists=False)
CURE, RESET = ("install-scom-cu6", "set-send-extra-record"), ("reset-send-extra-record",)
HEARTBEAT = logged("Heartbeat Failures of the Unix agent", at=NOON - days(90))


# Cumulative Update 6 x SendExtraRecord x patch x symptoms
@pytest.mark.parametrize(
    ("records", "expected", "state", "remedies"),
    [
        ([WITHOUT_CU6, PATCH, DEFAULT, HTTP_501], "confirmed", "affected", CURE),
        ([WITHOUT_CU6, PATCH, ABSENT, HTTP_501], "confirmed", "affected", CURE),
        ([WITHOUT_CU6, PATCH, ON, HTTP_501], "confirmed", "affected", CURE),
        ([WITHOUT_CU6, ABSENT, HTTP_501], "likely", "affected", CURE),
        ([WITHOUT_CU6, PATCH, HTTP_501], "possible", "affected", CURE),
        ([WITHOUT_CU6, PATCH, ABSENT, HEARTBEAT], "possible", "affected", CURE),
        ([WITHOUT_CU6, PATCH, ABSENT], "possible", "exposed", CURE),
        ([WITHOUT_CU6, ABSENT], "insufficient-evidence", "exposed", ()),
        ([WITHOUT_CU6, PATCH, OFF], "likely", "worked-around", ("install-scom-cu6",)),
        ([WITHOUT_CU6, PATCH, OFF, HTTP_501], "insufficient-evidence", "worked-around", ()),
        ([R2, PATCH, ABSENT, HTTP_501], "possible", "affected", CURE),
        ([R2, PATCH, OFF], "insufficient-evidence", "worked-around", ()),
        ([R2, PATCH, ABSENT], "insufficient-evidence", "exposed", ()),
        ([R2, CU6, PATCH, OFF], "confirmed", "left-over-workaround", RESET),
        ([value(SETUP, "ServerVersion", "6.1.7221.99"), OFF], "confirmed", "left-over-workaround", RESET),
        ([CU6, OFF, HTTP_501], "confirmed", "left-over-workaround", RESET),
        ([CU6, PATCH, DEFAULT], "ruled-out", "clean", ()),
        ([CU6, PATCH, ABSENT], "ruled-out", "clean", ()),
        ([CU6, PATCH, ON], "ruled-out", "clean", ()),
        ([CU6, PATCH, ABSENT, HEARTBEAT], "ruled-out", "clean", ()),
        ([CU6, PATCH], "insufficient-evidence", "fixed", ()),
        ([SCOM_2012, OFF], "ruled-out", "hardening", RESET),
        ([windows(20348, 2402), OFF], "ruled-out", "hardening", RESET),
        ([NO_AGENT, OFF], "ruled-out", "hardening", RESET),
        ([value(SETUP, "", None, exists=False), OFF], "ruled-out", "hardening", RESET),
        ([SCOM_2012, HTTP_501], "ruled-out", "not-applicable", ()),
        ([OFF], "insufficient-evidence", "workaround-of-unknown-use", ()),
        ([HTTP_501], "insufficient-evidence", "symptoms-only", ()),
    ],
)  # fmt: skip
def test_the_states_of_the_article(records: list[Record], expected: str, state: str, remedies: tuple[str, ...]) -> None:
    verdict = judged(issue, host("SCOM01", *records))
    assert verdict.likelihood is Likelihood(expected)
    assert verdict.details["state"] == state
    assert verdict.remedies == remedies


@pytest.mark.parametrize(
    "records",
    [[], [PATCH], [DEFAULT], [ABSENT], [ON], [SCOM_2012], [PATCH, DEFAULT, windows(7601)], [logged("All is well")]],
)
def test_nothing_that_touches_it_is_no_verdict(records: list[Record]) -> None:
    assert likelihood(issue, host("WEB01", *records)) is None


@pytest.mark.parametrize(
    "told",
    [
        logged(JAPANESE),
        logged(JAPANESE.replace("コード 501 を", "コード501を")),
        logged(ENGLISH),
        LogSign(origin=FROM, sign="scom-discovery-failed", text=ENGLISH),
    ],
)
def test_http_501_in_every_form(told: Record) -> None:
    assert likelihood(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, told)) is Likelihood.CONFIRMED


@pytest.mark.parametrize(
    "message",
    [
        ENGLISH.replace("501", "500"),
        ENGLISH.replace("501", "5012"),
        "The web server answered with HTTP status code 501.",
        "Event 501 of WS-Management",
    ],
)
def test_what_looks_like_501_and_is_not(message: str) -> None:
    assert judged(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, logged(message))).details["state"] == "exposed"


@pytest.mark.parametrize(
    ("at", "expected"),
    [(NOON + days(1), Likelihood.LIKELY), (NOON + days(30), Likelihood.POSSIBLE), (NOON - days(1), Likelihood.POSSIBLE),
     (None, Likelihood.POSSIBLE), ((NOON + days(1)).replace(tzinfo=None), Likelihood.POSSIBLE)],
)  # fmt: skip
def test_heartbeats_count_right_after_the_patch(at: datetime | None, expected: Likelihood) -> None:
    beat = logged("Unix ハートビート モニタ: ハートビート エラー (Heartbeat Failures)", at=at)
    assert likelihood(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, beat)) is expected
    earlier = logged("Heartbeat Failure, Linux", at=NOON - days(40))
    assert likelihood(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, beat, earlier)) is Likelihood.POSSIBLE


def test_heartbeats_of_windows_agents_do_not_count() -> None:
    beat = logged("Health Service Heartbeat Failure on WEB01", at=NOON + days(1))
    assert judged(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, beat)).details["state"] == "exposed"


def test_that_the_patch_is_not_listed_proves_nothing() -> None:
    verdict = judged(issue, host("SCOM01", WITHOUT_CU6, ABSENT))
    assert any("proves nothing" in each.what and "Get-HotFix" in each.command for each in verdict.missing)


def test_the_history_of_updates_counts_only_where_it_succeeded() -> None:
    title = "Security Update for Windows Server 2008 R2 (KB2585542)"
    done = UpdateEvent(origin=FROM, code=183, hresult=0, title=title)
    failed = UpdateEvent(origin=FROM, code=182, hresult=0x80070643, title=title)
    assert likelihood(issue, host("SCOM01", WITHOUT_CU6, ABSENT, HTTP_501, done)) is Likelihood.CONFIRMED
    assert likelihood(issue, host("SCOM01", WITHOUT_CU6, ABSENT, HTTP_501, failed)) is Likelihood.LIKELY


def test_what_is_missing_is_named_with_its_command() -> None:
    verdict = judged(issue, host("SCOM01", R2))
    commands = "\n".join(each.command for each in verdict.missing)
    for command in ("SendExtraRecord", "Operations Manager", "Get-HotFix", r"3.0\Setup"):
        assert command in commands
    assert {each.on for each in verdict.missing} == {"SCOM01"}


def test_the_other_causes_of_silent_agents() -> None:
    with_501 = judged(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, HTTP_501))
    assert differential(with_501, "port-1270-blocked").state is Likelihood.RULED_OUT
    assert differential(with_501, "agent-certificate").state is Likelihood.RULED_OUT
    without = judged(issue, host("SCOM01", WITHOUT_CU6, PATCH, ABSENT, HEARTBEAT))
    for name in ("port-1270-blocked", "agent-certificate", "agent-or-sudo"):
        found = differential(without, name)
        assert found.state is Likelihood.POSSIBLE
        assert found.missing[0].command


def test_a_system_this_old_is_beyond_update_manager() -> None:
    assert "does not support" in judged(issue, host("SCOM01", WITHOUT_CU6, windows(7601))).said
    assert "does not support" not in judged(issue, host("SCOM01", WITHOUT_CU6)).said


def test_it_verifies_what_the_article_asks_for() -> None:
    verification = "\n".join(judged(issue, host("SCOM01", CU6, OFF)).verification)
    for word in ("SendExtraRecord is 0", "heartbeat", "discovery", "restarted"):
        assert word in verification
    for heading in ("## Why it matters", "## What to do", "## When it is wrong"):
        assert heading in issue.doc


@given(
    st.one_of(st.text(max_size=80), st.integers(), st.none()),
    st.one_of(st.text(max_size=20), st.integers(), st.none()),
    st.text(max_size=200),
    st.text(max_size=12),
    st.one_of(st.none(), st.datetimes()),
)
def test_no_record_is_too_odd(
    version: str | int | None, setting: str | int | None, message: str, kb: str, at: datetime | None
) -> None:
    records = (
        value(SETUP, "ServerVersion", version),
        value(SCHANNEL, "SendExtraRecord", setting),
        logged(message, at=at),
        InstalledUpdate(origin=FROM, kb=kb, title=message, at=at),
        HEARTBEAT,
    )
    issue.judge(host("SCOM01", *records), ())
