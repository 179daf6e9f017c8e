from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.issues.power_off_at_logon_screen import power_off_at_logon_screen as issue
from aumdoctor.model.guest import Event, EventLog, Likelihood, LogSign, Record
from tests.guest.issues.windows_events import (
    FROM,
    NOON,
    days,
    differential,
    event,
    failed_logon,
    host,
    judged,
    likelihood,
    shutdown,
    texts,
    value,
    windows,
)

POLICIES = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
RDP = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
RDP_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"

OPEN = value(POLICIES, "shutdownwithoutlogon", 1)
CLOSED = value(POLICIES, "ShutdownWithoutLogon", 0)
NOT_SET = value(POLICIES, "ShutdownWithoutLogon", None, exists=False)
NLA_OFF = value(RDP, "UserAuthentication", 0)
NLA_ON = value(RDP, "UserAuthentication", 1)

MINUTE = timedelta(minutes=1)
FIRST, SECOND, THIRD = NOON, NOON + days(3), NOON + days(4)

JAPANESE = (
    "次の理由で、プロセス C:\\Windows\\system32\\winlogon.exe (TS01) は、ユーザー NT AUTHORITY\\SYSTEM の代わりに、"
    "コンピューター TS01 の 電源を切る を始めました: この理由のタイトルが見つかりません\n"
    " 理由コード: 0x500ff\n シャットダウンの種類: 電源を切る\n コメント: "
)
ENGLISH = (
    "The process C:\\Windows\\system32\\winlogon.exe (TS01) has initiated the power off of computer TS01 on behalf of "
    "user NT AUTHORITY\\SYSTEM for the following reason: No title for this reason could be found\n"
    " Reason Code: 0x500ff\n Shutdown Type: power off\n Comment: "
)


def by_shutdown_exe(at: datetime | None = NOON) -> Event:
    program = r"C:\Windows\system32\shutdown.exe (TS01)"
    return shutdown(at, program=program, code="0x800000ff", user=r"CONTOSO\admin")


def by_update(at: datetime | None = NOON, program: str = "svchost.exe") -> Event:
    return shutdown(at, program=rf"C:\Windows\System32\{program} (TS01)", code="0x80020010", kind="restart")


def dirty_start(at: datetime = NOON, bugcheck: str = "0", button: str = "0") -> Event:
    return event(
        "Microsoft-Windows-Kernel-Power", 41, {"BugcheckCode": bugcheck, "PowerButtonTimestamp": button}, at=at
    )


@pytest.mark.parametrize(
    "told",
    [
        shutdown(),
        shutdown(code="327935"),
        shutdown(code="0x800500ff"),
        shutdown(kind="restart"),
        shutdown(user=r"AUTORITE NT\Système"),
        shutdown(user=r"NT-AUTORITÄT\SYSTEM"),
        shutdown(user="", program="winlogon.exe"),
        event("USER32", 1074, message=JAPANESE, user="SYSTEM"),
        event("User32", 1074, message=JAPANESE),
        event("User32", 1074, message=ENGLISH),
    ],
)
def test_the_thread_in_every_form(told: Event) -> None:
    verdict = judged(issue, host("TS01", told))
    assert verdict.likelihood is Likelihood.POSSIBLE
    assert any("ShutdownWithoutLogon" in each.command for each in verdict.missing)
    assert any("wevtutil epl Security" in each.command and each.on == "TS01" for each in verdict.missing)
    assert verdict.remedies == ("forbid-shutdown-without-logon", "require-network-level-authentication")


def test_the_classic_case() -> None:
    records: list[Record] = [OPEN, NLA_OFF]
    for at in (FIRST, SECOND, THIRD):
        records += [failed_logon(at - MINUTE), shutdown(at)]
    verdict = judged(issue, host("TS01", *records))
    assert verdict.likelihood is Likelihood.CONFIRMED
    assert "3 of 3 (a strong sign)" in verdict.said
    assert verdict.details == {"occurrences": "3", "logon_failures_in_front": "3/3"}
    assert verdict.missing == ()
    assert any("for 6 days" in line for line in verdict.verification)
    says = {quote.says for quote in verdict.evidence}
    assert "a logon failed at the screen just before" in says
    assert {each.state for each in verdict.differentials if each.name != "power-button-or-hypervisor"} == {
        Likelihood.RULED_OUT
    }


# The setting x failed logons in front of the shutdowns
@pytest.mark.parametrize(
    ("setting", "logons", "expected"),
    [
        ([OPEN], [], Likelihood.LIKELY),
        ([OPEN], [FIRST], Likelihood.LIKELY),
        ([OPEN], [FIRST, SECOND], Likelihood.CONFIRMED),
        ([value(POLICIES, "ShutdownWithoutLogon", "1")], [FIRST, SECOND], Likelihood.CONFIRMED),
        ([CLOSED], [], Likelihood.INSUFFICIENT),
        ([CLOSED], [FIRST, SECOND], Likelihood.INSUFFICIENT),
        ([NOT_SET], [FIRST, SECOND], Likelihood.INSUFFICIENT),
        ([NOT_SET, windows(20348, name="Windows Server 2022 Datacenter")], [], Likelihood.INSUFFICIENT),
        ([NOT_SET, windows(22631, name="Windows 11 Pro")], [], Likelihood.LIKELY),
        ([], [FIRST, SECOND], Likelihood.POSSIBLE),
    ],
)
def test_what_the_pieces_come_to_together(setting: list[Record], logons: list[datetime], expected: Likelihood) -> None:
    failures = [failed_logon(at - 5 * MINUTE) for at in logons]
    assert likelihood(issue, host("TS01", shutdown(FIRST), shutdown(SECOND), *failures, *setting)) is expected


def test_the_only_one_with_a_failed_logon_in_front_is_a_moderate_sign() -> None:
    verdict = judged(issue, host("TS01", failed_logon(NOON - MINUTE), shutdown(), OPEN))
    assert verdict.likelihood is Likelihood.CONFIRMED
    assert "moderate" in verdict.said


@pytest.mark.parametrize(
    "other",
    [
        failed_logon(NOON - 11 * MINUTE),
        failed_logon(NOON + MINUTE),
        failed_logon(NOON - MINUTE, kind="3"),
        failed_logon(NOON - MINUTE, kind="5"),
        failed_logon(NOON - MINUTE, sub_status="0xc0000064"),
        failed_logon(NOON - MINUTE, user="TS01$"),
        failed_logon(NOON - MINUTE, user="-"),
        failed_logon((NOON - MINUTE).replace(tzinfo=None)),
        failed_logon(None),
    ],
)
def test_logons_that_do_not_count(other: Event) -> None:
    assert likelihood(issue, host("TS01", other, shutdown(), OPEN)) is Likelihood.LIKELY


@pytest.mark.parametrize("kind", ["2", "7", "10", ""])
def test_logons_at_the_screen(kind: str) -> None:
    assert (
        likelihood(issue, host("TS01", failed_logon(NOON - MINUTE, kind=kind), shutdown(), OPEN))
        is Likelihood.CONFIRMED
    )


def test_failed_logons_without_end_say_nothing() -> None:
    guessing = [failed_logon(NOON - number * 3 * MINUTE) for number in range(1, 400)]
    verdict = judged(issue, host("TS01", *guessing, shutdown(), OPEN))
    assert verdict.likelihood is Likelihood.LIKELY
    assert "too frequent" in verdict.said


def test_a_security_log_that_does_not_reach_back_is_asked_for() -> None:
    verdict = judged(issue, host("TS01", shutdown(FIRST), shutdown(SECOND), failed_logon(SECOND - MINUTE), OPEN))
    assert verdict.likelihood is Likelihood.LIKELY
    assert verdict.details["logon_failures_in_front"] == "1/1"
    assert any("wevtutil epl Security" in each.command for each in verdict.missing)
    log = EventLog(origin=FROM, channel="Security", events=9, first=FIRST - days(1), last=THIRD)
    verdict = judged(issue, host("TS01", shutdown(FIRST), failed_logon(SECOND), log, OPEN))
    assert verdict.details["logon_failures_in_front"] == "0/1"


@pytest.mark.parametrize(
    "before",
    [
        by_shutdown_exe(NOON - timedelta(seconds=3)),
        by_shutdown_exe(NOON - timedelta(seconds=120)),
        by_shutdown_exe(NOON),
        by_update(NOON - timedelta(seconds=20)),
        shutdown(NOON - timedelta(seconds=4), program=r"C:\Windows\explorer.exe", code="0x0", user=r"CONTOSO\alice"),
        shutdown(NOON - timedelta(seconds=4), user=r"CONTOSO\alice"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_echo_of_an_ordinary_shutdown_never_is_it(before: Event, order: int) -> None:
    logon = failed_logon(NOON - 2 * MINUTE)
    records = [before, shutdown()][::order]
    verdict = judged(issue, host("TS01", logon, *records, OPEN, NLA_OFF))
    assert verdict.likelihood is Likelihood.RULED_OUT
    assert verdict.remedies == ()


SYSTEM_LOG = EventLog(origin=FROM, channel="System", events=99, first=NOON - days(90), last=NOON + days(9))


def cut(oldest: datetime | None) -> LogSign:
    """The mark of a list that shows no events before the oldest."""
    return LogSign(origin=FROM, at=oldest, text="the newest 8 of 23 events", sign="events-cut")


@pytest.mark.parametrize(
    ("oldest", "others", "expected"),
    [
        (NOON, [], Likelihood.INSUFFICIENT),
        (NOON - MINUTE, [event("EventLog", 6008, at=NOON - MINUTE)], Likelihood.INSUFFICIENT),
        (None, [], Likelihood.INSUFFICIENT),
        (NOON - 3 * MINUTE, [event("EventLog", 6008, at=NOON - 3 * MINUTE)], Likelihood.LIKELY),
        (NOON, [SYSTEM_LOG], Likelihood.LIKELY),
        (NOON, [EventLog(origin=FROM, channel="System", events=9, first=NOON, last=NOON)], Likelihood.INSUFFICIENT),
        (NOON, [shutdown(SECOND)], Likelihood.LIKELY),
    ],
)
def test_what_stood_before_the_end_of_a_cut_list_may_be_what_it_is_the_echo_of(
    oldest: datetime | None, others: list[Record], expected: Likelihood
) -> None:
    verdict = judged(issue, host("TS01", cut(oldest), shutdown(NOON), OPEN, *others))
    assert verdict.likelihood is expected
    if expected is Likelihood.INSUFFICIENT:
        assert any("wevtutil epl System" in each.command for each in verdict.missing)
        assert verdict.explains == ()
        assert Likelihood.RULED_OUT not in {each.state for each in verdict.differentials}


def test_a_cut_list_of_other_shutdowns_rules_nothing_out() -> None:
    ordinary = (by_shutdown_exe(NOON), shutdown(NOON + MINUTE))
    assert likelihood(issue, host("TS01", *ordinary, OPEN)) is Likelihood.RULED_OUT
    verdict = judged(issue, host("TS01", *ordinary, OPEN, cut(NOON)))
    assert verdict.likelihood is Likelihood.INSUFFICIENT
    assert "only the newest" in verdict.said
    assert any("wevtutil epl System" in each.command for each in verdict.missing)
    assert likelihood(issue, host("TS01", *ordinary, OPEN, cut(NOON), SYSTEM_LOG)) is Likelihood.RULED_OUT


def test_beyond_two_minutes_it_is_no_echo() -> None:
    assert likelihood(issue, host("TS01", by_shutdown_exe(NOON - timedelta(seconds=121)), shutdown(), OPEN)) is (
        Likelihood.LIKELY
    )


def test_an_echo_with_a_time_of_another_kind_is_not_seen() -> None:
    other = by_shutdown_exe((NOON - timedelta(seconds=3)).replace(tzinfo=None))
    assert likelihood(issue, host("TS01", other, shutdown(), OPEN)) is Likelihood.LIKELY


def test_the_same_event_in_two_artefacts_is_no_echo_of_itself() -> None:
    twice = (shutdown(), shutdown(NOON + timedelta(microseconds=400), file="System.xml"))
    verdict = judged(issue, host("TS01", *twice, OPEN))
    assert verdict.likelihood is Likelihood.LIKELY
    assert verdict.details["occurrences"] == "1"


def test_a_log_and_a_pasted_text_of_it_do_not_hinder_each_other() -> None:
    local = FIRST.replace(tzinfo=None) + timedelta(hours=9)
    records = (shutdown(FIRST), failed_logon(FIRST - MINUTE), shutdown(local, file="pasted.txt"), OPEN)
    assert likelihood(issue, host("TS01", *records)) is Likelihood.CONFIRMED


@pytest.mark.parametrize(
    ("records", "name"),
    [
        ([by_update()], "windows-update-restart"),
        ([by_update(program="TrustedInstaller.exe")], "windows-update-restart"),
        ([by_shutdown_exe(), shutdown(NOON + timedelta(seconds=5))], "ordinary-shutdown"),
        ([shutdown(user=r"CONTOSO\alice")], "user-who-is-logged-on"),
        ([shutdown(user="CONTOSO\\山田")], "user-who-is-logged-on"),
        ([shutdown(), event("Microsoft-Windows-Kernel-Power", 42, at=NOON + MINUTE)], "sleep"),
        ([shutdown(), event("Kernel-Power", 187, at=NOON - MINUTE)], "sleep"),
        ([dirty_start(bugcheck="159")], "stop-error"),
        ([event("BugCheck", 1001, message="0x0000009f")], "stop-error"),
        ([dirty_start(), event("EventLog", 6008)], "power-loss"),
        (
            [by_shutdown_exe(), event("Kernel-Power", 109, message="Shutdown Reason: Button or Lid")],
            "power-button-or-hypervisor",
        ),
        ([dirty_start(button="132712345")], "power-button-or-hypervisor"),
    ],
)
def test_another_cause_has_its_own_state(records: list[Record], name: str) -> None:
    if name == "stop-error" and len(records) == 1 and records[0].provider == "BugCheck":  # type: ignore[attr-defined]
        records = [*records, dirty_start(bugcheck="159")]
    verdict = judged(issue, host("TS01", *records, OPEN))
    assert verdict.likelihood is Likelihood.RULED_OUT
    found = differential(verdict, name)
    assert found.state is Likelihood.CONFIRMED
    assert found.evidence


def test_beside_the_real_thing_others_explain_only_others() -> None:
    records = (by_update(NOON - days(2)), shutdown(NOON - days(2) + timedelta(seconds=9)), dirty_start(NOON - days(1)))
    verdict = judged(issue, host("TS01", *records, shutdown(), OPEN))
    assert verdict.likelihood is Likelihood.LIKELY
    assert verdict.details["occurrences"] == "1"
    for name in ("windows-update-restart", "power-loss", "driver-load-or-hardware"):
        assert differential(verdict, name).state is Likelihood.RULED_OUT
    near = judged(issue, host("TS01", shutdown(), dirty_start(NOON + 3 * MINUTE, bugcheck="159"), OPEN))
    assert differential(near, "stop-error").state is Likelihood.POSSIBLE


def test_with_the_setting_off_something_outside_is_left() -> None:
    verdict = judged(issue, host("TS01", shutdown(), CLOSED, NLA_ON))
    assert verdict.likelihood is Likelihood.INSUFFICIENT
    assert "contradicts" in verdict.said
    found = differential(verdict, "power-button-or-hypervisor")
    assert found.state is Likelihood.POSSIBLE
    assert "activity-log" in found.missing[0].command
    assert verdict.remedies == ()


def test_the_policy_for_network_level_authentication_wins() -> None:
    on = value(RDP_POLICY, "UserAuthentication", 1)
    assert judged(issue, host("TS01", shutdown(), OPEN, NLA_OFF, on)).remedies == ("forbid-shutdown-without-logon",)
    off = value(RDP_POLICY, "UserAuthentication", 0)
    assert "require-network-level-authentication" in judged(issue, host("TS01", shutdown(), OPEN, NLA_ON, off)).remedies


def test_a_text_without_times_is_a_weak_sign() -> None:
    alone = judged(issue, host("TS01", event("User32", 1074, message=JAPANESE, at=None), OPEN))
    assert alone.likelihood is Likelihood.POSSIBLE
    assert "no times" in alone.said
    beside = judged(issue, host("TS01", by_shutdown_exe(None), shutdown(None), OPEN))
    assert beside.likelihood is Likelihood.INSUFFICIENT
    assert any("times" in each.what for each in beside.missing)
    other_file = judged(issue, host("TS01", by_shutdown_exe(None), shutdown(None, file="other.txt"), OPEN))
    assert other_file.likelihood is Likelihood.POSSIBLE


def test_the_setting_alone_is_an_exposure() -> None:
    verdict = judged(issue, host("TS01", OPEN))
    assert verdict.likelihood is Likelihood.INSUFFICIENT
    assert "forbid-shutdown-without-logon" in verdict.remedies
    assert likelihood(issue, host("TS01", CLOSED)) is None
    assert likelihood(issue, host("TS01", OPEN, windows(22631, name="Windows 11 Pro"))) is None
    assert likelihood(issue, host("TS01")) is None


def test_an_event_that_cannot_be_read_is_not_healthy() -> None:
    verdict = judged(issue, host("TS01", event("User32", 1074, message="")))
    assert verdict.likelihood is Likelihood.INSUFFICIENT
    assert verdict.missing


def test_it_tells_what_was_disproved_and_what_is_no_protection() -> None:
    verdict = judged(issue, host("TS01", shutdown(), OPEN))
    assert "load" in texts(verdict)
    for word in ("another port is no protection", "CredSSP", "P:4:2", "hardware", "count how often"):
        assert word in " ".join(issue.doc.split())
    for heading in ("## Why it matters", "## What to do", "## When it is wrong"):
        assert heading in issue.doc


_TIMES = st.one_of(
    st.none(), st.datetimes(), st.datetimes(timezones=st.just(UTC)), st.just(datetime.max), st.just(datetime.min)
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([("User32", 1074), ("Kernel-Power", 41), ("Security-Auditing", 4625), ("EventLog", 6008)]),
            st.dictionaries(
                st.sampled_from(["param1", "param4", "param7", "LogonType", "TargetUserName", "BugcheckCode"]),
                st.one_of(st.text(max_size=20), st.sampled_from(["winlogon.exe", "0x500ff", "10", "NT\\SYSTEM"])),
            ),
            st.text(max_size=60),
            _TIMES,
        ),
        max_size=6,
    )
)
def test_no_events_are_too_odd(rows: list) -> None:
    records = [event(*kind, data, at=at, message=message) for kind, data, message, at in rows]
    issue.judge(host("TS01", *records, OPEN), ())
