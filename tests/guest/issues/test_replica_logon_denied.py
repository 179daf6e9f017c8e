from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.replica_logon_denied import replica_logon_denied as issue
from aumdoctor.guest.judging import judge
from aumdoctor.model.guest import (
    Case,
    Event,
    EventLog,
    GroupMembers,
    Likelihood,
    Observation,
    Proxy,
    Record,
    ReplicatedMachine,
    Service,
    ServicePrincipalNames,
    State,
    Ticket,
)
from tests.guest.issues.windows_events import (
    FROM,
    NOON,
    channel,
    days,
    differential,
    event,
    failed_logon,
    host,
    judged,
    likelihood,
    refused_computer,
    right,
)

VMMS = "Microsoft-Windows-Hyper-V-VMMS"
ALLOW, DENY = "SeNetworkLogonRight", "SeDenyNetworkLogonRight"

DEFAULT = (right(ALLOW, "S-1-1-0", "S-1-5-11", "S-1-5-32-544"), right(DENY, "Guest"))
HARDENED = (right(ALLOW, "S-1-5-32-544", "S-1-5-32-551"), right(DENY, "Guest"))
DENIED = (right(ALLOW, "S-1-5-11", "S-1-5-32-544"), right(DENY, "S-1-5-32-546", "S-1-5-11"))


def aborted(at: datetime | None = NOON, *, code: str = "0x00002EFE", computer: str = "") -> Event:
    values = {"VmName": "VM-A", "ErrorMessage": "The connection was terminated abnormally", "ErrorCode": code}
    return event(VMMS, 32000, values, at=at, computer=computer)


def unauthenticated(at: datetime | None = NOON, *, code: str = "0x8009030c", computer: str = "") -> Event:
    return event(VMMS, 29212, {"ErrorMessage": "The logon attempt failed", "ErrorCode": code}, at=at, computer=computer)


def names(machine: str, *, short: bool = True, full: bool = True) -> ServicePrincipalNames:
    services = ["HOST/x", *(f"Hyper-V Replica Service/{machine}" for _ in range(short))]
    services += [f"Hyper-V Replica Service/{machine}.contoso.com" for _ in range(full)]
    return ServicePrincipalNames(
        origin=FROM, text="Registered", account=f"CN={machine},CN=Computers,DC=contoso,DC=com", names=tuple(services)
    )


def primary(*records: Record) -> Evidence:
    return host("REPLICAHOST1.contoso.com", *records)


def replica(*records: Record) -> Evidence:
    return host("REPLICAHOST2.contoso.com", *records)


def test_the_classic_case() -> None:
    verdict = judged(issue, replica(unauthenticated(), refused_computer(), *HARDENED), primary(aborted(), *HARDENED))
    assert verdict.likelihood is Likelihood.CONFIRMED
    assert verdict.hosts == ("REPLICAHOST2.contoso.com", "REPLICAHOST1.contoso.com")
    assert verdict.remedies == ("grant-network-logon",)
    assert verdict.details == {
        "primary": "REPLICAHOST1",
        "replica": "REPLICAHOST2",
        "network_logon_on_replica": "missing",
        "network_logon_on_primary": "missing",
    }
    assert "On the primary server it is the same" in verdict.said
    # The logon itself had been authenticated, so that nothing before it can be the cause.
    assert {each.state for each in verdict.differentials} == {Likelihood.RULED_OUT}
    assert {quote.host for quote in verdict.evidence} == set(verdict.hosts)
    assert any("Measure-VMReplication" in line for line in verdict.verification)
    assert any("-ReplicaServerName REPLICAHOST2" in line for line in verdict.verification)


def test_both_servers_get_one_verdict() -> None:
    hosts = (primary(aborted()), replica(unauthenticated(), refused_computer()))
    case = Case(hosts=tuple(each.host for each in hosts))
    (verdict,) = judge(case, (issue,))
    assert verdict.likelihood is Likelihood.CONFIRMED
    assert {each.on for each in verdict.missing} == {"REPLICAHOST1", "REPLICAHOST2"}


def test_a_list_with_the_events_of_both_servers_in_one_file() -> None:
    first = event(
        VMMS,
        32000,
        message="Hyper-V failed to enable replication for virtual machine 'VM-A': The connection with the server was "
        "terminated abnormally (0x00002EFE).",
        computer="REPLICAHOST1.contoso.com",
        at=None,
    )
    second = event(
        VMMS,
        29212,
        message="Hyper-V failed to authenticate the primary server using Kerberos authentication. Error: The logon "
        "attempt failed (0x8009030C)",
        computer="REPLICAHOST2.contoso.com",
        at=None,
    )
    verdict = judged(issue, host("", first, second))
    assert verdict.likelihood is Likelihood.LIKELY
    assert (verdict.details["primary"], verdict.details["replica"]) == ("REPLICAHOST1", "REPLICAHOST2")
    verdict = judged(issue, host("", first, second, refused_computer(None)))
    assert verdict.likelihood is Likelihood.CONFIRMED


# What each server shows x the right on the replica server
@pytest.mark.parametrize(
    ("of_replica", "of_primary", "expected"),
    [
        ([unauthenticated(), refused_computer()], [], Likelihood.CONFIRMED),
        ([refused_computer()], [aborted()], Likelihood.CONFIRMED),
        ([unauthenticated(), refused_computer(), *DEFAULT], [aborted()], Likelihood.CONFIRMED),
        ([refused_computer(), Service(origin=FROM, name="vmms", state="running")], [], Likelihood.LIKELY),
        ([refused_computer(), names("REPLICAHOST2")], [], Likelihood.LIKELY),
        ([refused_computer()], [], Likelihood.POSSIBLE),
        ([unauthenticated()], [aborted()], Likelihood.LIKELY),
        ([unauthenticated()], [], Likelihood.LIKELY),
        ([unauthenticated(code="-2146893044")], [], Likelihood.LIKELY),
        ([unauthenticated(code="%%2148074252")], [], Likelihood.LIKELY),
        ([unauthenticated(), *HARDENED], [], Likelihood.LIKELY),
        ([unauthenticated(), *DENIED], [], Likelihood.LIKELY),
        ([unauthenticated(), *DEFAULT], [aborted()], Likelihood.RULED_OUT),
        ([unauthenticated(), failed_logon(NOON - days(1))], [], Likelihood.LIKELY),
        ([unauthenticated(code="0x80090303")], [], Likelihood.RULED_OUT),
        # Of people, and of other computers.
        ([unauthenticated(), refused_computer(user="alice")], [], Likelihood.LIKELY),
        ([refused_computer(user="BACKUP01$")], [], Likelihood.POSSIBLE),
    ],
)
def test_what_the_replica_server_shows(
    of_replica: list[Record], of_primary: list[Record], expected: Likelihood
) -> None:
    assert likelihood(issue, replica(*of_replica), primary(*of_primary)) is expected


@pytest.mark.parametrize(
    ("of_primary", "of_replica", "expected"),
    [
        ([aborted()], [], Likelihood.INSUFFICIENT),
        ([aborted(code="12030")], [], Likelihood.INSUFFICIENT),
        ([aborted(code="0x80072efe")], [], Likelihood.INSUFFICIENT),
        ([aborted()], [*DEFAULT], Likelihood.INSUFFICIENT),
        ([aborted()], [*HARDENED], Likelihood.POSSIBLE),
        ([aborted(), failed_logon()], [], Likelihood.INSUFFICIENT),
        ([aborted()], [refused_computer(user="BACKUP01$")], Likelihood.INSUFFICIENT),
        ([aborted(code="0x00002ef3")], [], Likelihood.RULED_OUT),
    ],
)
def test_what_the_primary_server_shows(
    of_primary: list[Record], of_replica: list[Record], expected: Likelihood
) -> None:
    assert likelihood(issue, primary(*of_primary), replica(*of_replica)) is expected


@pytest.mark.parametrize(
    "records",
    [
        [],
        [*HARDENED],
        [failed_logon(status="0xc000015b", sub_status="0x0")],
        [failed_logon(status="0xc000015b", kind="10", user="REPLICAHOST1$")],
        [failed_logon(status="0xc000015b", kind="3", user="alice")],
        [failed_logon(kind="3", user="REPLICAHOST1$", status="0xc000006d")],
        [event(VMMS, 18304, {"VmName": "VM-A"})],
        [event("Other", 29212, {"ErrorCode": "0x8009030c"})],
    ],
)
def test_nothing_that_touches_it_is_no_verdict(records: list[Record]) -> None:
    assert likelihood(issue, host("REPLICAHOST2", *records)) is None


def test_with_one_server_only_what_is_missing_names_the_other() -> None:
    alone = judged(issue, primary(aborted(), failed_logon()))
    (security,) = (each for each in alone.missing if "Security log" in each.what)
    assert security.on == "the replica server"
    assert "that of the primary server proves nothing" in security.what
    assert any("VMMS-Admin" in each.command and each.on == "the replica server" for each in alone.missing)
    assert any("secedit" in each.command and each.on == "REPLICAHOST1" for each in alone.missing)
    other = judged(issue, replica(unauthenticated()))
    assert any("VMMS-Admin" in each.command and each.on == "the primary server" for each in other.missing)
    assert any("wevtutil epl Security" in each.command and each.on == "REPLICAHOST2" for each in other.missing)


def test_the_replica_server_is_the_one_that_hyper_v_names() -> None:
    told = ReplicatedMachine(
        origin=FROM, name="VM-A", primary="REPLICAHOST1.contoso.com", replica="REPLICAHOST2.contoso.com"
    )
    verdict = judged(issue, primary(aborted(), told), replica(*HARDENED), host("DC1"))
    assert verdict.details["replica"] == "REPLICAHOST2"
    assert verdict.likelihood is Likelihood.POSSIBLE


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (DEFAULT, "granted"),
        (HARDENED, "missing"),
        (DENIED, "denied"),
        ((right(ALLOW, "S-1-5-32-545"), right(DENY)), "granted"),
        ((right(ALLOW, r"BUILTIN\Users"), right(DENY)), "granted"),
        ((right(ALLOW, "Authenticated Users"), right(DENY, "Guests")), "granted"),
        ((right(ALLOW, r"CONTOSO\REPLICAHOST1$"), right(DENY)), "granted"),
        ((right(ALLOW, r"CONTOSO\OTHER$"), right(DENY)), "missing"),
        ((right(ALLOW, "S-1-5-21-1-2-3-515"), right(DENY)), "granted"),
        ((right(ALLOW, "S-1-5-21-1-2-3-512"), right(DENY)), "missing"),
        ((right(ALLOW, "S-1-5-11"), right(DENY, "S-1-5-32-545")), "denied"),
        ((right(ALLOW, "S-1-5-11"), right(DENY, "REPLICAHOST1$")), "denied"),
        ((right(ALLOW, "S-1-5-11"), right(DENY, "S-1-5-113", "S-1-5-114")), "granted"),
        ((right(ALLOW, "S-1-5-11"), right(DENY, "S-1-5-21-1-2-3-1105")), "unknown"),
        ((right(ALLOW, "S-1-5-32-544", "S-1-5-21-1-2-3-1105"), right(DENY)), "unknown"),
        ((right(ALLOW, "S-1-5-32-544"), right(DENY, "S-1-5-21-1-2-3-1105")), "missing"),
        ((right(ALLOW, "S-1-5-11"),), "unknown"),
        ((right(DENY),), "unknown"),
        ((right(ALLOW), right(DENY)), "missing"),
        (
            (right(ALLOW, "S-1-5-32-545"), right(DENY), GroupMembers(origin=FROM, group="Users", members=("alice",))),
            "unknown",
        ),
        (
            (
                right(ALLOW, "S-1-5-32-545"),
                right(DENY),
                GroupMembers(origin=FROM, group="Users", members=(r"CONTOSO\Domain Users",)),
            ),
            "missing",
        ),
        (
            (
                right(ALLOW, r"CONTOSO\Hyper-V Hosts"),
                right(DENY),
                GroupMembers(origin=FROM, group="Hyper-V Hosts", members=(r"CONTOSO\More",)),
                GroupMembers(origin=FROM, group="More", members=(r"CONTOSO\Hyper-V Hosts", r"CONTOSO\REPLICAHOST1$")),
            ),
            "granted",
        ),
        (
            (
                right(ALLOW, "S-1-5-32-544"),
                right(DENY),
                GroupMembers(origin=FROM, group="Administrators", members=(r"CONTOSO\REPLICAHOST1$",)),
            ),
            "granted",
        ),
        ((Observation(origin=FROM, subject="network-logon", state=State.OK),), "granted"),
        ((Observation(origin=FROM, subject="network-logon", state=State.BAD),), "missing"),
    ],
)
def test_who_holds_the_right(rights: tuple[Record, ...], expected: str) -> None:
    verdict = judged(issue, replica(unauthenticated(), refused_computer(), *rights))
    assert verdict.details["network_logon_on_replica"] == expected
    assert verdict.likelihood is Likelihood.CONFIRMED


def test_the_members_of_a_group_that_is_not_known_are_asked_for() -> None:
    verdict = judged(issue, replica(unauthenticated(), right(ALLOW, "S-1-5-21-1-2-3-1105"), right(DENY)))
    assert any(each.command == "Get-ADGroupMember -Recursive -Identity S-1-5-21-1-2-3-1105" for each in verdict.missing)
    verdict = judged(issue, replica(unauthenticated(), right(ALLOW, 'x" & del'), right(DENY)))
    assert any(each.command == 'net localgroup "<group>"' for each in verdict.missing)


def test_a_right_that_is_there_now_may_have_been_granted_since() -> None:
    verdict = judged(issue, replica(unauthenticated(), *DEFAULT))
    assert verdict.likelihood is Likelihood.RULED_OUT
    assert "unless the right was granted since" in verdict.said


def test_a_right_that_was_given_since_needs_no_remedy_where_both_have_it() -> None:
    both = judged(issue, replica(unauthenticated(), refused_computer(), *DEFAULT), primary(aborted(), *DEFAULT))
    assert both.remedies == ()
    assert "granted since" in both.said
    one = judged(issue, replica(unauthenticated(), refused_computer(), *DEFAULT), primary(aborted(), *HARDENED))
    assert one.remedies == ("grant-network-logon",)


@pytest.mark.parametrize(
    ("records", "name", "state"),
    [
        ([names("REPLICAHOST2"), names("REPLICAHOST1")], "service-principal-names", Likelihood.RULED_OUT),
        ([names("REPLICAHOST2"), names("REPLICAHOST1", full=False)], "service-principal-names", Likelihood.LIKELY),
        ([names("REPLICAHOST2", short=False)], "service-principal-names", Likelihood.LIKELY),
        ([names("REPLICAHOST2")], "service-principal-names", Likelihood.INSUFFICIENT),
        (
            [
                ServicePrincipalNames(
                    origin=FROM, names=("Hyper-V Replica Service/REPLICAHOST2",), duplicates=True, text="duplicate"
                )
            ],
            "service-principal-names",
            Likelihood.LIKELY,
        ),
        ([channel(0)], "secure-channel-broken", Likelihood.INSUFFICIENT),
        ([channel(1311)], "secure-channel-broken", Likelihood.LIKELY),
        ([Ticket(origin=FROM, server="krbtgt/CONTOSO.COM")], "no-kerberos-tickets", Likelihood.RULED_OUT),
        ([failed_logon(status="0xc0000133", kind="3")], "clock-skew", Likelihood.LIKELY),
        ([Observation(origin=FROM, subject="clock", state=State.BAD)], "clock-skew", Likelihood.LIKELY),
        ([], "delegation", Likelihood.INSUFFICIENT),
        ([], "firewall-listener-or-proxy", Likelihood.RULED_OUT),
        ([], "other-replica-errors", Likelihood.RULED_OUT),
        ([failed_logon(status="0xc000015b", sub_status="0x0")], "rights-of-people", Likelihood.RULED_OUT),
    ],
)
def test_every_other_cause_has_its_own_state(records: list[Record], name: str, state: Likelihood) -> None:
    found = differential(judged(issue, replica(unauthenticated(), *records), primary(aborted())), name)
    assert found.state is state
    assert found.evidence or found.missing or name in ("other-replica-errors", "firewall-listener-or-proxy")


def test_both_secure_channels_have_to_be_good() -> None:
    hosts = (replica(unauthenticated(), channel(0)), primary(aborted(), channel(0)))
    assert differential(judged(issue, *hosts), "secure-channel-broken").state is Likelihood.RULED_OUT


def test_a_symptom_on_the_primary_leaves_the_way_there_open() -> None:
    found = differential(judged(issue, primary(aborted())), "firewall-listener-or-proxy")
    assert found.state is Likelihood.INSUFFICIENT
    assert "Test-NetConnection" in found.missing[0].command
    proxy = Proxy(origin=FROM, text="proxy", where="winhttp", address="http://proxy:8080")
    found = differential(judged(issue, primary(aborted(), proxy)), "firewall-listener-or-proxy")
    assert found.state is Likelihood.POSSIBLE


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (event(VMMS, 29210, {"ErrorCode": "0x80090303"}), "different domains"),
        (aborted(code="0x00002EF3"), "TLS"),
    ],
)
def test_the_variants_are_told_apart(other: Event, word: str) -> None:
    verdict = judged(issue, replica(other))
    assert verdict.likelihood is Likelihood.RULED_OUT
    found = differential(verdict, "other-replica-errors")
    assert found.state is Likelihood.LIKELY
    assert word in found.said


def test_names_that_are_not_registered_do_not_undo_a_refused_logon() -> None:
    records = (unauthenticated(), refused_computer(), names("REPLICAHOST2", full=False))
    verdict = judged(issue, replica(*records))
    assert verdict.likelihood is Likelihood.CONFIRMED
    assert differential(verdict, "service-principal-names").state is Likelihood.POSSIBLE


def test_a_refusal_beside_29212_counts_though_another_primary_is_known() -> None:
    near = refused_computer(user="THIRDHOST$")
    verdict = judged(issue, replica(unauthenticated(), near), primary(aborted()))
    assert (verdict.likelihood, verdict.details["primary"]) == (Likelihood.CONFIRMED, "THIRDHOST")
    far = refused_computer(NOON - days(3), user="THIRDHOST$")
    assert likelihood(issue, replica(unauthenticated(), far), primary(aborted())) is not Likelihood.CONFIRMED


@pytest.mark.parametrize(
    ("first", "last", "logons", "expected"),
    [
        (NOON - days(9), NOON + days(2), [failed_logon(NOON - days(3))], Likelihood.POSSIBLE),
        # It ended before, it begins after, nobody audits, its times are of another kind.
        (NOON - days(9), NOON - days(2), [failed_logon(NOON - days(3))], Likelihood.LIKELY),
        (NOON + days(1), NOON + days(2), [failed_logon(NOON + days(1))], Likelihood.LIKELY),
        (NOON - days(9), NOON + days(2), [], Likelihood.LIKELY),
        (NOON.replace(tzinfo=None) - days(9), NOON.replace(tzinfo=None) + days(2), [failed_logon()], Likelihood.LIKELY),
    ],
)
def test_only_a_whole_security_log_says_something_by_its_silence(
    first: datetime, last: datetime, logons: list[Record], expected: Likelihood
) -> None:
    log = EventLog(origin=FROM, channel="Security", events=3, first=first, last=last)
    assert likelihood(issue, replica(unauthenticated(), *logons, log)) is expected


def test_it_tells_what_was_looked_at_in_vain() -> None:
    for word in ("network trace", "Process Monitor", "primary server shows nothing", "both hosts", "wins"):
        assert word in " ".join(issue.doc.split())
    for heading in ("## Why it matters", "## What to do", "## When it is wrong"):
        assert heading in issue.doc


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(VMMS, 32000), (VMMS, 29212), ("Security-Auditing", 4625), (VMMS, 29210)]),
            st.dictionaries(
                st.sampled_from(["ErrorCode", "TargetUserName", "LogonType", "Status", "TargetDomainName"]),
                st.one_of(st.text(max_size=20), st.sampled_from(["0x8009030c", "A$", "3", "0xc000015b", "0x2efe"])),
            ),
            st.text(max_size=12),
            st.one_of(st.none(), st.datetimes()),
        ),
        max_size=6,
    ),
    st.lists(st.text(max_size=20), max_size=5),
)
def test_no_records_are_too_odd(rows: list, holders: list[str]) -> None:
    records = [event(*kind, data, at=at, computer=computer) for kind, data, computer, at in rows]
    hosts = (
        host("A", *records, right(ALLOW, *holders), right(DENY, *holders)),
        host("", *records, GroupMembers(origin=FROM, group="x", members=tuple(holders))),
    )
    for each in hosts:
        issue.judge(each, hosts)
