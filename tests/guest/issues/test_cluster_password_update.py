from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.issues.cluster_password_update import cluster_password_update as issue
from aumdoctor.model.guest import (
    ClusterObject,
    Event,
    InstalledUpdate,
    Likelihood,
    Observation,
    SecureChannel,
    Service,
    State,
)
from tests.guest.issues.windows_events import (
    FROM,
    NOON,
    WRONG_PASSWORD,
    WRONG_PASSWORD_JA,
    channel,
    days,
    differential,
    event,
    failed_password_change,
    failed_witness,
    host,
    judged,
    likelihood,
    texts,
    windows,
)

CLUSTERING = "Microsoft-Windows-FailoverClustering"
OLD = windows(20348, 2113)
PERMITTED = Observation(origin=FROM, text="rights are good", subject="cluster-permissions", state=State.OK)
MOVED = Observation(origin=FROM, text="moved, and it stopped", subject="core-group-moved", state=State.OK)
MOVED_IN_VAIN = Observation(origin=FROM, text="moved, in vain", subject="core-group-moved", state=State.BAD)

ARTICLE = (
    "クラスター ネットワーク名リソース 'クラスター名' に関連付けられたコンピューター オブジェクトをドメイン "
    "'contoso.local' で Password change 操作中に更新できませんでした。\n\n"
    "関連するエラー コードのテキストは次のとおりです: 指定されたネットワーク パスワードが間違っています。\n\n"
    "クラスター ID 'CLUS01$' は、必要なアクセス許可を持っていない可能性があります。"
)
ENGLISH = (
    "The computer object associated with the cluster network name resource 'Cluster Name' could not be updated in "
    "domain 'contoso.local' during the Password change operation.\n\nThe text for the associated error code is: The "
    "specified network password is not correct.\n\nThe cluster identity 'CLUS01$' may lack permissions."
)


def moved_to(node: str, at: datetime, role: str = "クラスター グループ") -> Event:
    return event(CLUSTERING, 1641, {"role": role, "node": node}, at=at)


@pytest.mark.parametrize(
    "told",
    [
        failed_password_change(error=WRONG_PASSWORD),
        failed_password_change(error=WRONG_PASSWORD_JA),
        failed_password_change(error="指定されたネットワークパスワードが間違っています"),
        failed_password_change(error="86"),
        failed_password_change(error="0x80070056"),
        failed_password_change(error="指定的网络密码不正确。"),
        event(CLUSTERING, 1207, message=ARTICLE),
        event(CLUSTERING, 1207, message=ENGLISH),
        event("FailoverClustering", 1207, message=ARTICLE, at=None),
        event(
            CLUSTERING, 1207, {"a": "Cluster Name", "b": "x", "c": "Password change", "d": WRONG_PASSWORD, "e": "C$"}
        ),
    ],
)
def test_the_article_in_every_form_is_possible_on_a_build_without_the_fix(told: Event) -> None:
    verdict = judged(issue, host("NODE1", told, failed_witness(), OLD))
    assert verdict.likelihood is Likelihood.POSSIBLE
    assert verdict.remedies == ("install-cumulative-update", "move-cluster-core-group")
    assert "KB5035857" in verdict.said
    assert verdict.details["fix_kb"] == "KB5035857"
    # What would make it surer is named with its commands.
    for command in ("nltest /sc_verify", "dsacls", "Move-ClusterGroup"):
        assert any(command in each.command for each in verdict.missing)
    assert {each.on for each in verdict.missing} == {"NODE1"}


def test_the_domain_of_the_event_stands_in_the_command_unless_it_is_more_than_a_name() -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(), OLD))
    assert any(each.command == "nltest /sc_verify:contoso.local" for each in verdict.missing)
    hostile = event(
        CLUSTERING,
        1207,
        {
            "resource": "n",
            "domain": "x & del c:",
            "operation": "Password change",
            "error": WRONG_PASSWORD,
            "identity": "",
        },
    )
    verdict = judged(issue, host("NODE1", hostile, OLD))
    assert any(each.command == "nltest /sc_verify:<domain>" for each in verdict.missing)
    assert not any("del c:" in each.command for each in verdict.missing)


# 1207 x text of error x build x secure channel x rights x move
@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([failed_password_change(), OLD], Likelihood.POSSIBLE),
        ([failed_password_change(), OLD, channel()], Likelihood.POSSIBLE),
        ([failed_password_change(), OLD, PERMITTED], Likelihood.POSSIBLE),
        ([failed_password_change(), OLD, channel(), PERMITTED], Likelihood.LIKELY),
        ([failed_password_change(), OLD, MOVED], Likelihood.LIKELY),
        ([failed_password_change(), OLD, channel(), MOVED], Likelihood.CONFIRMED),
        ([failed_password_change(), OLD, channel(), PERMITTED, MOVED], Likelihood.CONFIRMED),
        ([failed_password_change(), OLD, channel(), PERMITTED, MOVED_IN_VAIN], Likelihood.INSUFFICIENT),
        ([failed_password_change(), OLD, channel(1311)], Likelihood.INSUFFICIENT),
        ([failed_password_change(), OLD, channel(1311), MOVED], Likelihood.INSUFFICIENT),
        ([failed_password_change(), windows(20348, 2340), channel(), PERMITTED], Likelihood.RULED_OUT),
        ([failed_password_change(), windows(20348, 2339)], Likelihood.POSSIBLE),
        ([failed_password_change(), windows(20348, 2333)], Likelihood.POSSIBLE),
        ([failed_password_change(), windows(17763, 5576)], Likelihood.RULED_OUT),
        ([failed_password_change(), windows(14393, 7335)], Likelihood.POSSIBLE),
        ([failed_password_change(), windows(14393, 4350)], Likelihood.RULED_OUT),
        ([failed_password_change(), windows(26100, 1742)], Likelihood.RULED_OUT),
        ([failed_password_change(), windows(9600)], Likelihood.RULED_OUT),
        ([failed_password_change(), windows(20348)], Likelihood.INSUFFICIENT),
        ([failed_password_change(), windows(20348, 0), channel(), PERMITTED, MOVED], Likelihood.INSUFFICIENT),
        ([failed_password_change(), windows(19042, 1000)], Likelihood.INSUFFICIENT),
        ([failed_password_change()], Likelihood.INSUFFICIENT),
        ([failed_password_change(error="Access is denied."), OLD], Likelihood.RULED_OUT),
        ([failed_password_change(operation="Enable"), OLD], Likelihood.RULED_OUT),
        ([failed_password_change(operation=""), OLD], Likelihood.INSUFFICIENT),
        ([failed_password_change(error="El texto no se conoce"), OLD], Likelihood.INSUFFICIENT),
        ([failed_password_change(error="The RPC server is unavailable."), OLD], Likelihood.RULED_OUT),
        ([failed_witness(), OLD, channel(), PERMITTED, MOVED], Likelihood.INSUFFICIENT),
    ],
)
def test_what_the_pieces_come_to_together(records: list, expected: Likelihood) -> None:
    assert likelihood(issue, host("NODE1", *records)) is expected


def test_nothing_that_touches_it_is_no_verdict() -> None:
    assert likelihood(issue, host("NODE1", OLD, channel())) is None
    assert likelihood(issue, host("NODE1", OLD, failed_witness(type="Physical Disk"))) is None
    # The id alone says nothing: another provider has it too.
    assert likelihood(issue, host("NODE1", OLD, event("MSSQLSERVER", 1207, message=ENGLISH))) is None


def test_1069_alone_is_about_the_share() -> None:
    verdict = judged(issue, host("NODE1", failed_witness(), OLD))
    assert verdict.likelihood is Likelihood.INSUFFICIENT
    assert verdict.remedies == ()
    share = differential(verdict, "witness-share-unreachable")
    assert share.state is Likelihood.POSSIBLE
    assert "Test-Path" in share.missing[0].command
    verdict = judged(issue, host("NODE1", failed_witness(), event(CLUSTERING, 1562, {"resource": "FSW"})))
    assert differential(verdict, "witness-share-unreachable").state is Likelihood.LIKELY


def test_1069_within_hours_of_1207_is_quoted_as_its_consequence() -> None:
    near = judged(issue, host("NODE1", failed_password_change(), failed_witness(NOON + days(0.2)), OLD))
    assert any("within hours" in quote.says for quote in near.evidence)
    assert differential(near, "witness-share-unreachable").state is Likelihood.INSUFFICIENT
    far = judged(issue, host("NODE1", failed_password_change(), failed_witness(NOON + days(2)), OLD))
    assert not any("within hours" in quote.says for quote in far.evidence)
    assert differential(far, "witness-share-unreachable").state is Likelihood.POSSIBLE
    # A time without a zone is not compared with one that has it.
    mixed = judged(issue, host("NODE1", failed_password_change(), failed_witness(NOON.replace(tzinfo=None)), OLD))
    assert not any("within hours" in quote.says for quote in mixed.evidence)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("Access is denied.", "permissions-missing"),
        ("アクセスが拒否されました。", "permissions-missing"),
        ("There is no such object on the server.", "computer-object-deleted"),
        ("0x2030", "computer-object-deleted"),
        ("The specified domain either does not exist or could not be contacted.", "domain-controller-unreachable"),
        ("指定されたドメインがないか、またはアクセスできません。", "domain-controller-unreachable"),
        ("1355", "domain-controller-unreachable"),
        ("The trust relationship between this workstation and the primary domain failed.", "secure-channel-broken"),
    ],
)
def test_another_text_of_error_is_another_cause(error: str, name: str) -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(error=error), OLD))
    assert verdict.likelihood is Likelihood.RULED_OUT
    found = differential(verdict, name)
    assert found.state is Likelihood.LIKELY
    assert found.evidence
    assert found.missing


def test_a_wrong_password_rules_out_what_would_have_another_text() -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(), OLD))
    states = {each.name: each.state for each in verdict.differentials}
    assert states["computer-object-deleted"] is Likelihood.RULED_OUT
    assert states["domain-controller-unreachable"] is Likelihood.RULED_OUT
    assert states["permissions-missing"] is Likelihood.INSUFFICIENT
    assert states["secure-channel-broken"] is Likelihood.INSUFFICIENT


def test_1206_with_access_denied_speaks_for_missing_rights() -> None:
    denied = event(CLUSTERING, 1206, {"resource": "n", "domain": "contoso.local", "error": "5", "identity": "C$"})
    verdict = judged(issue, host("NODE1", failed_password_change(), denied, OLD))
    assert differential(verdict, "permissions-missing").state is Likelihood.LIKELY
    # And 1206 alone, which names no operation, is not this issue.
    assert likelihood(issue, host("NODE1", denied, OLD)) is None


@pytest.mark.parametrize(
    ("tested", "state"),
    [
        (channel(0), Likelihood.RULED_OUT),
        (channel(5), Likelihood.CONFIRMED),
        (SecureChannel(origin=FROM, text="Test-ComputerSecureChannel: True"), Likelihood.RULED_OUT),
        (SecureChannel(origin=FROM, text="Test-ComputerSecureChannel: False"), Likelihood.CONFIRMED),
        (SecureChannel(origin=FROM, text="cut off"), Likelihood.INSUFFICIENT),
        (event("NETLOGON", 3210, message="could not authenticate"), Likelihood.LIKELY),
    ],
)
def test_the_secure_channel_has_its_own_state(tested: SecureChannel | Event, state: Likelihood) -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(), OLD, tested))
    assert differential(verdict, "secure-channel-broken").state is state


def test_an_error_in_a_language_that_is_not_known_asks_for_the_text_of_the_system() -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(error="El texto no se conoce"), OLD))
    assert any(each.command == "net helpmsg 86" for each in verdict.missing)


def test_a_build_without_its_revision_asks_for_it() -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(), windows(20348)))
    assert "not known" in verdict.said
    assert verdict.remedies == ()
    assert any("CurrentVersion" in each.command and each.on == "NODE1" for each in verdict.missing)


def test_an_installed_update_stands_for_the_revision() -> None:
    update = InstalledUpdate(origin=FROM, text="KB5036909", kb="KB5036909")
    assert likelihood(issue, host("NODE1", failed_password_change(), windows(20348), update)) is Likelihood.RULED_OUT


def test_the_build_that_counts_is_that_of_the_time_of_the_event() -> None:
    boots = (windows(20348, 2113, at=NOON - days(3)), windows(20348, 2402, at=NOON + days(90)))
    verdict = judged(issue, host("NODE1", failed_password_change(), *boots))
    assert verdict.likelihood is Likelihood.POSSIBLE
    assert "Since then the fix was installed (20348.2402)" in verdict.said
    assert verdict.remedies == ()
    assert verdict.verification
    # After that boot it is another matter.
    again = failed_password_change(NOON + days(100))
    assert likelihood(issue, host("NODE1", failed_password_change(), again, *boots)) is Likelihood.RULED_OUT


def test_a_fix_that_is_only_known_for_later_is_not_told_as_more_than_that() -> None:
    old = judged(issue, host("NODE1", failed_password_change(datetime(2023, 11, 2)), windows(20348, 2402)))
    assert old.likelihood is Likelihood.RULED_OUT
    assert "older than the fix itself" in old.said
    late = NOON.replace(month=5)
    later = judged(issue, host("NODE1", failed_password_change(late), windows(20348, 2402, at=late + days(1))))
    assert "may have been another" in later.said


def test_every_node_of_the_case_is_told_with_its_own_build() -> None:
    failing = host("NODE1", failed_password_change(), OLD)
    fixed = host("NODE2", windows(20348, 2402))
    unknown = host("NODE3", Service(origin=FROM, text="ClusSvc", name="ClusSvc", state="running"))
    apart = host("DC1", windows(20348, 2113), Service(origin=FROM, text="-", name="ClusSvc", exists=False))
    linux = host("WEB1")
    verdict = judged(issue, failing, fixed, unknown, apart, linux)
    assert verdict.hosts == ("NODE1",)
    assert verdict.details["node NODE1"] == "20348.2113 affected"
    assert verdict.details["node NODE2"] == "20348.2402 fixed"
    assert verdict.details["node NODE3"] == "unknown unknown"
    assert not {"node DC1", "node WEB1"} & verdict.details.keys()
    assert {quote.host for quote in verdict.evidence} == {"NODE1", "NODE2"}
    assert any(each.on == "NODE3" for each in verdict.missing)
    assert issue.judge(fixed, (failing, fixed)) is None


def test_a_node_with_the_fix_beside_one_without() -> None:
    failing = host("NODE1", failed_password_change(NOON.replace(month=6)), windows(20348, 2402))
    other = host("NODE2", windows(20348, 2113))
    verdict = judged(issue, failing, other)
    assert verdict.likelihood is Likelihood.RULED_OUT
    assert "Without the fix beside it: NODE2" in verdict.said


def months_of_failures(count: int = 3) -> list[Event]:
    return [failed_password_change(NOON + days(30 * number)) for number in range(count)]


LAST = NOON + days(60)
QUIET = event(CLUSTERING, 1135, {"node": "x"}, at=LAST + days(40))


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        # The log of the other node shows more than a rotation of calm.
        ([moved_to("NODE2", LAST + days(1))], [QUIET], Likelihood.CONFIRMED),
        ([], [event(CLUSTERING, 1201, {"role": "Cluster Group"}, at=LAST + days(1)), QUIET], Likelihood.CONFIRMED),
        ([], [moved_to("NODE2", LAST + days(1)), QUIET], Likelihood.CONFIRMED),
        # It came back after months, as the article says it will.
        (
            [moved_to("NODE2", LAST + days(1))],
            [failed_password_change(LAST + days(80)), windows(20348, 2113)],
            Likelihood.CONFIRMED,
        ),
        # Too early: the calm is shorter than the gaps before.
        ([moved_to("NODE2", LAST + days(1))], [event(CLUSTERING, 1135, at=LAST + days(9))], Likelihood.POSSIBLE),
        # The other node's log is not there, or has no times of the same kind.
        ([moved_to("NODE2", LAST + days(1)), QUIET], [], Likelihood.POSSIBLE),
        ([moved_to("NODE9", LAST + days(1)), QUIET], [QUIET], Likelihood.POSSIBLE),
        # Another group moved, or it moved before.
        ([moved_to("NODE2", LAST + days(1), role="SQL Server")], [QUIET], Likelihood.POSSIBLE),
        ([moved_to("NODE2", NOON - days(1))], [QUIET], Likelihood.POSSIBLE),
        # The group came online again where it was.
        ([event(CLUSTERING, 1201, {"role": "Cluster Group"}, at=LAST + days(1)), QUIET], [QUIET], Likelihood.POSSIBLE),
        # On the other node it went on.
        ([moved_to("NODE2", LAST + days(1))], [failed_password_change(LAST + days(2))], Likelihood.INSUFFICIENT),
    ],
)
def test_moving_the_core_resources_is_the_proof(here: list[Event], there: list[Event], expected: Likelihood) -> None:
    failing = host("NODE1.contoso.local", *months_of_failures(), *here, OLD, channel())
    assert likelihood(issue, failing, host("node2", *there)) is expected


def test_the_core_group_is_known_by_what_the_cluster_calls_it() -> None:
    group = ClusterObject(origin=FROM, text="Kern", kind="group", name="Kern", type="Cluster", owner="NODE1")
    records = (*months_of_failures(), moved_to("NODE2", LAST + days(1), role="Kern"), OLD, channel())
    other = host("NODE2", QUIET)
    assert likelihood(issue, host("NODE1", *records), other) is Likelihood.POSSIBLE
    assert likelihood(issue, host("NODE1", *records, group), other) is Likelihood.CONFIRMED


def test_after_a_single_failure_a_whole_rotation_of_calm_is_needed() -> None:
    failing = host("NODE1", failed_password_change(), moved_to("NODE2", NOON + days(1)), OLD, channel())
    assert likelihood(issue, failing, host("NODE2", event(CLUSTERING, 1135, at=NOON + days(20)))) is Likelihood.POSSIBLE
    assert (
        likelihood(issue, failing, host("NODE2", event(CLUSTERING, 1135, at=NOON + days(32)))) is Likelihood.CONFIRMED
    )


def test_the_same_event_in_two_artefacts_counts_once() -> None:
    verdict = judged(issue, host("NODE1", failed_password_change(), failed_password_change(), OLD))
    assert "password, once, on" in verdict.said


def test_it_says_that_a_move_is_for_weeks_to_months_only() -> None:
    assert "weeks to months" in texts(judged(issue, host("NODE1", failed_password_change(), OLD)))
    for heading in ("## Why it matters", "## What to do", "## When it is wrong"):
        assert heading in issue.doc


@given(
    st.dictionaries(
        st.sampled_from(["resource", "domain", "operation", "error", "identity", "x"]), st.text(max_size=30)
    ),
    st.lists(st.text(max_size=20), max_size=8),
    st.text(max_size=200),
    st.sampled_from([1207, 1206, 1069, 1641, 1201]),
    st.one_of(st.none(), st.datetimes(), st.just(NOON)),
)
def test_no_event_is_too_odd(
    data: dict[str, str], values: list[str], message: str, event_id: int, at: datetime | None
) -> None:
    odd = Event(
        origin=FROM, at=at, provider=CLUSTERING, event_id=event_id, data=data, values=tuple(values), message=message
    )
    records = (odd, failed_password_change(), moved_to("NODE2", NOON + days(1)), OLD)
    issue.judge(host("NODE1", *records), (host("NODE1", *records), host("NODE2", odd)))
