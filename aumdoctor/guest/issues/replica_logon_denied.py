"""WS004: Hyper-V Replica cannot be enabled, because the replica server refuses the primary's network logon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import issue
from aumdoctor.guest.issues.cluster_password_update import channel_state
from aumdoctor.guest.issues.event_facts import (
    Clock,
    codes_of,
    gap,
    how_often,
    in_command,
    number_of,
    short_name,
    squeezed,
    value_of,
)
from aumdoctor.guest.issues.network_logon import NetworkLogon, Right, network_logon
from aumdoctor.model.guest import (
    Differential,
    Event,
    EventLog,
    Likelihood,
    Missing,
    Proxy,
    Quote,
    ReplicatedMachine,
    SecureChannel,
    ServicePrincipalNames,
    State,
    Ticket,
    Verdict,
)

_ID = "WS004"
_NAME = "replica-logon-denied"
_TITLE = "Hyper-V Replica fails because the replica server refuses the primary server's network logon"

_VMMS = "Microsoft-Windows-Hyper-V-VMMS"
_AUDITING = "Security-Auditing"

_ABORTED = frozenset({0x2EFE, 0x80072EFE})
"""ERROR_WINHTTP_CONNECTION_ERROR (12030), also as an HRESULT: the connection was cut off, whatever for."""

_LOGON_DENIED = 0x8009030C
"""SEC_E_LOGON_DENIED."""

_TYPE_NOT_GRANTED = 0xC000015B
"""STATUS_LOGON_TYPE_NOT_GRANTED."""

_TLS_INSPECTION = frozenset({0x2EF3, 0x80072EF3})
_CROSS_DOMAIN = 0x80090303
_CLOCK_SKEW = 0xC0000133
_NETWORK = 3

_WINHTTP = range(12001, 12200)
_FAILURE = 0x80000000
"""From here on a code is an HRESULT that tells of a failure."""

_TOGETHER = timedelta(seconds=60)
"""How near to an event 29212 a refused logon belongs to it."""

_SPN = "hyper-v replica service/"
_PLAIN = re.compile(r"[\w .-]{1,100}")


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An event that counts, and the machine that logged it."""

    event: Event
    machine: str
    evidence: Evidence


class _Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A replica server and its primary server, as far as they are known ("" where not): what each of them logged.

    `aborted` are the primary's events 32000 with 0x2EFE, `denied` the replica's 29212 with 0x8009030C, `variants` the
    events of Hyper-V Replica with other codes, `refused` the replica's 4625 of a computer account.
    """

    primary: str
    replica: str
    primary_host: Evidence | None = None
    replica_host: Evidence | None = None
    aborted: tuple[_Refusal, ...] = ()
    denied: tuple[_Refusal, ...] = ()
    variants: tuple[_Refusal, ...] = ()
    refused: tuple[_Refusal, ...] = ()
    runs_hyper_v: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        named = [self.replica_host, self.primary_host]
        return tuple(dict.fromkeys(each.name for each in named if each is not None))


@issue(
    id=_ID,
    name=_NAME,
    title=_TITLE,
    source="The Case of the Unexplained Windows Server 2012 Replica Kerberos Error: 0x8009030C 0x00002EFE",
    seed="003: Hyper-V Replica 0x8009030C 0x00002EFE",
)
def replica_logon_denied(evidence: Evidence, all_hosts: Sequence[Evidence]) -> Verdict | None:
    r"""The replica server lacks "Access this computer from the network" for the primary server's computer account.

    ## Why it matters
    Replication cannot be enabled or goes on failing, so that the virtual machine has no second place to run. The errors
    mislead: the primary server says that the connection was terminated (32000, 0x00002EFE), the replica server that
    Kerberos failed (29212, 0x8009030C). Kerberos is in order; the logon that follows is refused, because a hardened
    policy took the user right from Authenticated Users. The proof stands in the Security log of the *replica* server:
    event 4625, logon type 3, status 0xC000015B, with the name of the primary's computer account. The Security log of
    the primary server shows nothing of it.

    ## What to do
    Give Authenticated Users the right *Access this computer from the network* (`SeNetworkLogonRight`) on both hosts,
    since replication can be turned round: by Group Policy or secpol.msc, then `gpupdate /force`. A file that is
    imported with secedit has to name all holders, since it replaces the list. See that nothing refuses it:
    `SeDenyNetworkLogonRight` wins.

    ## When it is wrong
    32000 alone may as well be a firewall, a listener or a proxy. 29212 alone says that authentication failed, not why.
    An event 4625 with 0xC000015B of a person, or of logon type 10, is about Remote Desktop. Service principal names,
    delegation, secure channel and tickets look healthy in this case, and a network trace and Process Monitor show
    nothing; a Kerberos trace shows 0xC000015B. That Users hold the right is taken as enough, because Authenticated
    Users are in it unless somebody took them out.
    """
    pair = _pair_of(evidence, all_hosts)
    if pair is None:
        return None
    rights = network_logon(pair.replica_host, pair.primary) if pair.replica_host is not None else _NOT_SEEN
    likelihood, said = _judged(pair, rights)
    is_ours = likelihood is not Likelihood.RULED_OUT
    back = network_logon(pair.primary_host, pair.replica) if pair.primary_host is not None else _NOT_SEEN
    is_granted = rights.right is Right.GRANTED
    wants_right = likelihood in (Likelihood.CONFIRMED, Likelihood.LIKELY, Likelihood.POSSIBLE) and not (
        is_granted and back.right is Right.GRANTED
    )
    if wants_right and back.right in (Right.MISSING, Right.DENIED):
        said += f". On the primary server it is the same: {back.said}"
    return Verdict(
        issue=_ID,
        name=_NAME,
        title=_TITLE,
        likelihood=likelihood,
        said=said,
        hosts=pair.hosts or (evidence.name,),
        evidence=tuple(_evidence(pair, rights, back)),
        missing=tuple(_missing(pair, rights, back, likelihood)) if is_ours else (),
        differentials=tuple(_differentials(pair)),
        remedies=("grant-network-logon",) if wants_right else (),
        verification=_verification(pair) if is_ours else (),
        details={
            name: value
            for name, value in (
                ("primary", pair.primary),
                ("replica", pair.replica),
                ("network_logon_on_replica", str(rights.right) if rights.is_seen else ""),
                ("network_logon_on_primary", str(back.right) if back.is_seen else ""),
            )
            if value
        },
    )


_NOT_SEEN = NetworkLogon(right=Right.UNKNOWN, said="who may log on over the network has not been seen")


def _judged(pair: _Pair, rights: NetworkLogon) -> tuple[Likelihood, str]:
    replica = pair.replica or "the replica server"
    if pair.refused:
        return _judged_by_logon(pair, rights, replica)
    if pair.denied:
        seen = (
            f"{replica} could not authenticate the primary server (29212, 0x8009030C), "
            f"{how_often([each.event.at for each in pair.denied])}"
        )
        if rights.right in (Right.MISSING, Right.DENIED):
            return Likelihood.LIKELY, f"{seen}; {rights.said}. Its Security log would prove that this is why"
        if rights.right is Right.GRANTED:
            return Likelihood.RULED_OUT, (
                f"{seen}; but {rights.said}: authentication fails for another reason, unless the right was granted "
                "since"
            )
        if _audits_logons(pair):
            return Likelihood.POSSIBLE, (
                f"{seen}; but its Security log, which reaches back that far and has failed logons, has none of a "
                "computer account that was refused (4625, 0xC000015B)"
            )
        return Likelihood.LIKELY, f"{seen}: authentication failed; its Security log tells whether a right is missing"
    if pair.aborted:
        primary = pair.primary or "the primary server"
        often = how_often([each.event.at for each in pair.aborted])
        seen = f"{primary} says that the connection was cut off (32000, 0x00002EFE), {often}"
        if rights.right in (Right.MISSING, Right.DENIED):
            return Likelihood.POSSIBLE, f"{seen}; on {replica} {rights.said}, but nothing there tells of a refusal"
        return Likelihood.INSUFFICIENT, (
            f"{seen}, which is a symptom only: a firewall, a listener or a proxy does it too. What the replica server "
            "logged is needed"
        )
    return Likelihood.RULED_OUT, (
        "Hyper-V Replica failed with another error: "
        + ", ".join(sorted({f"0x{code:08X}" for each in pair.variants for code in codes_of(each.event)})[:5])
    )


def _judged_by_logon(pair: _Pair, rights: NetworkLogon, replica: str) -> tuple[Likelihood, str]:
    newest = pair.refused[-1]
    account = value_of(newest.event, ("TargetUserName",))
    seen = (
        f"{replica} refused the network logon of {account} for want of the user right (4625, type 3, 0xC000015B), "
        f"{how_often([each.event.at for each in pair.refused])}"
    )
    if rights.right in (Right.MISSING, Right.DENIED):
        seen += f"; {rights.said}"
    if rights.right is Right.GRANTED:
        seen += f"; by now {rights.said}: granted since, or what was exported is not what was in force"
    if pair.denied or pair.aborted:
        return Likelihood.CONFIRMED, seen
    seen = f"{seen}; that it was Hyper-V Replica which logged on is not shown"
    return (Likelihood.LIKELY if pair.runs_hyper_v else Likelihood.POSSIBLE), seen


def _audits_logons(pair: _Pair) -> bool:
    """Whether the replica's Security log was read whole, covers the newest 29212, and has failed logons: without an
    audit of these its silence means nothing, and neither does that of a few events that somebody copied."""
    if pair.replica_host is None or not pair.replica_host.events(_AUDITING, 4625):
        return False
    newest = pair.denied[-1].event.at
    for log in pair.replica_host.of(EventLog):
        since, until = gap(log.first, newest), gap(newest, log.last)
        if log.channel.casefold() == "security" and since is not None and until is not None:
            return since >= timedelta(0) and until >= timedelta(0)
    return False


def _pair_of(evidence: Evidence, all_hosts: Sequence[Evidence]) -> _Pair | None:
    """The pair of servers that a host belongs to; None where it has no event that counts. A case with several primaries
    gives each of them the verdict of the replica server that names it."""
    if not any(_is_of_interest(event) for event in evidence.of(Event)):
        return None
    found = _Found(all_hosts)
    own = found.machines_of(evidence)
    replicas = [name for name in own if name in found.replicas]
    if replicas:
        return found.pair(replicas[0], "")
    primaries = [name for name in own if name in found.primaries]
    if primaries:
        return found.pair("", primaries[0])
    others = [name for name in own if name in found.others]
    return found.alone(others[0]) if others else None


class _Found:
    """What all machines of a case say of Hyper-V Replica, by the machine that says it."""

    def __init__(self, all_hosts: Sequence[Evidence]) -> None:
        self.hosts: dict[str, Evidence] = {}
        self.aborted: dict[str, list[_Refusal]] = {}
        self.denied: dict[str, list[_Refusal]] = {}
        self.refused: dict[str, list[_Refusal]] = {}
        self.others: dict[str, list[_Refusal]] = {}
        self._machines: dict[int, dict[str, None]] = {}
        self._told: list[tuple[str, str]] = []
        for evidence in all_hosts:
            if evidence.name:
                self.hosts.setdefault(short_name(evidence.name), evidence)
        for evidence in all_hosts:
            self._add(evidence)
        self._keep_computers_of_primaries()

    @property
    def replicas(self) -> set[str]:
        """The machines that refuse: the first of these is the replica server."""
        return {*self.denied, *self.refused}

    @property
    def primaries(self) -> set[str]:
        return set(self.aborted)

    def machines_of(self, evidence: Evidence) -> tuple[str, ...]:
        """The machines whose events a host of the case holds: several where one text has the events of all."""
        return tuple(dict.fromkeys([*self._machines.get(id(evidence), ()), short_name(evidence.name)]))

    def alone(self, machine: str) -> _Pair:
        """A machine with errors of Hyper-V Replica that are not these."""
        return _Pair(primary="", replica="", primary_host=self._host(machine), variants=tuple(self.others[machine]))

    def pair(self, replica: str, primary: str) -> _Pair:
        replica = replica or self._replica_of(primary)
        primary = primary or self._primary_of(replica)
        return _Pair(
            primary=primary,
            replica=replica,
            primary_host=self._host(primary),
            replica_host=self._host(replica),
            aborted=tuple(self.aborted.get(primary, ())),
            denied=tuple(self.denied.get(replica, ())),
            refused=tuple(each for each in self.refused.get(replica, ()) if _account(each.event) == primary),
            runs_hyper_v=self._runs_hyper_v(replica),
            variants=tuple(each for name in (primary, replica) for each in self.others.get(name, ())),
        )

    def _runs_hyper_v(self, machine: str) -> bool:
        """Whether anything shows that a machine is a Hyper-V host."""
        if machine in self.denied or machine in self.others or any(machine in told for told in self._told):
            return True
        host = self._host(machine)
        if host is None:
            return False
        service = host.service("vmms")
        names = (name for record in host.of(ServicePrincipalNames) for name in record.names)
        return (service is not None and service.exists) or any(_lowered(name).startswith(_SPN) for name in names)

    def _host(self, machine: str) -> Evidence | None:
        return self.hosts.get(machine) if machine else None

    def _replica_of(self, primary: str) -> str:
        """The server that refused this primary; else the one that Hyper-V names, or the only one that refused any."""
        for replica, refusals in self.refused.items():
            if any(_account(each.event) == primary for each in refusals):
                return replica
        told = next((replica for one, replica in self._told if one == primary and replica), "")
        if told:
            return told
        others = [name for name in self.denied if name != primary]
        if len(others) == 1:
            return others[0]
        # Of two machines in a case the one that is not the primary is where to look.
        rest = [name for name in self.hosts if name != primary]
        return rest[0] if len(rest) == 1 else ""

    def _primary_of(self, replica: str) -> str:
        refused = [_account(each.event) for each in self.refused.get(replica, ())]
        if refused:
            known = [name for name in reversed(refused) if name in self.aborted]
            return known[0] if known else refused[-1]
        told = next((primary for primary, one in self._told if one == replica and primary), "")
        if told:
            return told
        others = [name for name in self.aborted if name != replica]
        return others[0] if len(others) == 1 else ""

    def _add(self, evidence: Evidence) -> None:
        for each in evidence.of(ReplicatedMachine):
            primary, replica = short_name(each.primary), short_name(each.replica)
            if primary or replica:
                self._told.append((primary, replica))
        for event in evidence.of(Event):
            if not _is_of_interest(event):
                continue
            machine = short_name(event.computer or evidence.name)
            self._of(event).setdefault(machine, []).append(_Refusal(event=event, machine=machine, evidence=evidence))
            self._machines.setdefault(id(evidence), {})[machine] = None
            self.hosts.setdefault(machine, evidence)

    def _of(self, event: Event) -> dict[str, list[_Refusal]]:
        codes = codes_of(event)
        if event.event_id == 4625:
            return self.refused
        if event.event_id == 32000 and codes & _ABORTED:
            return self.aborted
        return self.denied if event.event_id == 29212 and _LOGON_DENIED in codes else self.others

    def _keep_computers_of_primaries(self) -> None:
        """Refusals of other computers are not about replication: where the primary servers are known only theirs count,
        and those that stand right beside a failed authentication of Hyper-V."""
        for replica, refusals in list(self.refused.items()):
            known = {*self.aborted, *(primary for primary, one in self._told if primary and one in ("", replica))}
            known.discard(replica)
            failed = Clock(each.event.at for each in self.denied.get(replica, ()))
            kept = [
                each
                for each in refusals
                if not known
                or _account(each.event) in known
                or failed.has(each.event.at, before=_TOGETHER, after=_TOGETHER)
            ]
            if kept:
                self.refused[replica] = kept
            else:
                del self.refused[replica]


def _is_of_interest(event: Event) -> bool:
    """Whether an event is an error of Hyper-V Replica with a code, or a computer's logon that was refused."""
    provider = event.provider.strip().casefold().removeprefix("microsoft-windows-")
    if provider == "security-auditing":
        return event.event_id == 4625 and _is_refused_computer(event)
    if provider != "hyper-v-vmms" or not (29200 <= event.event_id < 29300 or 32000 <= event.event_id < 33000):
        return False
    return any(code in _WINHTTP or code >= _FAILURE for code in codes_of(event))


def _is_refused_computer(event: Event) -> bool:
    """A network logon of a computer account that was refused for want of the right; never that of a person."""
    if not value_of(event, ("TargetUserName",)).endswith("$"):
        return False
    if number_of(value_of(event, ("LogonType",))) != _NETWORK:
        return False
    return _TYPE_NOT_GRANTED in (number_of(value_of(event, (name,))) for name in ("Status", "SubStatus"))


def _is_refused_person(event: Event) -> bool:
    codes = (number_of(value_of(event, (name,))) for name in ("Status", "SubStatus"))
    return _TYPE_NOT_GRANTED in codes and not _is_refused_computer(event)


def _account(event: Event) -> str:
    return short_name(value_of(event, ("TargetUserName",)))


def _evidence(pair: _Pair, rights: NetworkLogon, back: NetworkLogon) -> Iterator[Quote]:
    for found, says in (
        (pair.refused, "the replica server refused the primary's computer account for want of the user right"),
        (pair.denied, "the replica server could not authenticate the primary server"),
        (pair.aborted, "the primary server saw its connection cut off: the symptom"),
        (() if pair.refused or pair.denied or pair.aborted else pair.variants, "another error of Hyper-V Replica"),
    ):
        for each in found[-3:]:
            yield _quote(each, says)
    for host, logon in ((pair.replica_host, rights), (pair.primary_host, back)):
        if host is not None:
            yield from host.quotes(logon.records, logon.said, most=2)


def _quote(found: _Refusal, says: str) -> Quote:
    """An event as evidence of the machine that logged it, which in a list of the events of several is not its host."""
    quote = found.evidence.quote(found.event, says)
    is_own = not found.machine or short_name(found.evidence.name) == found.machine
    return quote if is_own else msgspec.structs.replace(quote, host=found.machine)


def _missing(pair: _Pair, rights: NetworkLogon, back: NetworkLogon, likelihood: Likelihood) -> Iterator[Missing]:
    replica = pair.replica or "the replica server"
    primary = pair.primary or "the primary server"
    if not pair.refused:
        silent = ""
        if pair.primary_host is not None and pair.primary_host.events(_AUDITING, 4625):
            silent = "; that of the primary server proves nothing"
        yield Missing(
            what="the Security log of the replica server: event 4625, logon type 3, status 0xC000015B, of the primary "
            f"server's computer account{silent}",
            command=r'wevtutil epl Security C:\Windows\Temp\Security.evtx "/q:*[System[(EventID=4625)]]"',
            on=replica,
        )
    if not pair.denied and likelihood is not Likelihood.CONFIRMED:
        yield Missing(what="what Hyper-V logged on the replica server (29212)", command=_READ_VMMS, on=replica)
    if not pair.aborted and likelihood is not Likelihood.CONFIRMED:
        yield Missing(what="what Hyper-V logged on the primary server (32000)", command=_READ_VMMS, on=primary)
    for on, logon in ((replica, rights), (primary, back)):
        if logon.right is not Right.UNKNOWN:
            continue
        if logon.groups:
            for group in logon.groups[:5]:
                yield Missing(what=f"whether computer accounts are in {group}", command=_read_group(group), on=on)
        else:
            yield Missing(
                what="who may log on over the network, and who is refused it",
                command=r"secedit /export /areas USER_RIGHTS /cfg C:\Windows\Temp\rights.inf",
                on=on,
            )


_READ_VMMS = r"wevtutil epl Microsoft-Windows-Hyper-V-VMMS-Admin C:\Windows\Temp\VMMS-Admin.evtx"


def _read_group(group: str) -> str:
    """The command that lists a group, which the artefact names by its SID or by its name."""
    if group.upper().startswith("S-1-5-21-"):
        return f"Get-ADGroupMember -Recursive -Identity {in_command(group, '<SID>')}"
    name = group.rpartition("\\")[2]
    return f'net localgroup "{name if _PLAIN.fullmatch(name) else "<group>"}"'


def _differentials(pair: _Pair) -> Iterator[Differential]:
    yield _spn(pair)
    yield _secure_channel(pair)
    yield _delegation(pair)
    yield _tickets(pair)
    yield _clock(pair)
    yield _path(pair)
    yield _variants(pair)
    person = _person(pair)
    if person is not None:
        yield person


def _passed(pair: _Pair) -> tuple[Quote, ...]:
    """The refusal of the right itself: by then the account had been authenticated."""
    return tuple(each.evidence.quote(each.event, "authentication had succeeded by then") for each in pair.refused[-1:])


def _undecided(pair: _Pair, name: str, said: str, missing: tuple[Missing, ...], *, by_logon: str = "") -> Differential:
    """A cause for which there is no evidence of its own. An account whose logon is refused for want of a right has been
    authenticated before, which takes care of most."""
    if pair.refused and by_logon:
        return Differential(name=name, state=Likelihood.RULED_OUT, said=by_logon, evidence=_passed(pair))
    return Differential(name=name, state=Likelihood.INSUFFICIENT, said=said, missing=missing)


def _spn(pair: _Pair) -> Differential:
    """The names that Hyper-V Replica is registered under, short and full, for the host that is called."""
    name = "service-principal-names"
    for host in _hosts(pair):
        for record in host.of(ServicePrincipalNames):
            if record.duplicates and any(squeezed(each).startswith(squeezed(_SPN)) for each in record.names):
                said = "a name of the Hyper-V Replica service is registered for more than one account"
                return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=(host.quote(record, said),))
    missing: list[Missing] = []
    quotes: list[Quote] = []
    lacking: list[str] = []
    for machine in dict.fromkeys((pair.replica, pair.primary)):
        seen = _registered(pair, machine)
        if seen is None:
            missing.append(
                Missing(
                    what="the names registered for the host's account (and, with setspn -X, those registered twice)",
                    command=f"setspn -L {in_command(machine, '<host>')}",
                    on=machine or "both servers",
                )
            )
            continue
        owner, record = seen
        services = [each[len(_SPN) :] for each in map(_lowered, record.names) if each.startswith(_SPN)]
        has_short = any("." not in each for each in services)
        has_full = any("." in each for each in services)
        if not has_short or not has_full:
            lacking.append(machine)
        quotes.append(owner.quote(record, f"{len(services)} names of the Hyper-V Replica service"))
    if lacking:
        said = f"the names of the Hyper-V Replica service are not registered for {', '.join(lacking)}"
        state = Likelihood.LIKELY
        if pair.refused:
            state, said = Likelihood.POSSIBLE, f"{said}; but the logon that was refused had got its ticket"
        return Differential(name=name, state=state, said=said, evidence=tuple(quotes))
    if quotes and not missing:
        said = "the names of the Hyper-V Replica service are registered for both servers, short and full"
        return Differential(name=name, state=Likelihood.RULED_OUT, said=said, evidence=tuple(quotes))
    return _undecided(
        pair,
        name,
        "what is registered has not been seen of both servers",
        tuple(missing),
        by_logon="the primary server got its ticket: its logon was refused only after authentication",
    )


def _lowered(name: str) -> str:
    return " ".join(name.casefold().split())


def _registered(pair: _Pair, machine: str) -> tuple[Evidence, ServicePrincipalNames] | None:
    """The names registered for a machine, whichever of the hosts was asked."""
    for host in _hosts(pair):
        for record in reversed(host.of(ServicePrincipalNames)):
            if not record.duplicates and machine and _common_name(record.account) == machine:
                return host, record
    return None


def _common_name(account: str) -> str:
    r"""`REPLICAHOST1` of `CN=REPLICAHOST1,CN=Computers,DC=…`, and of `REPLICADOMAIN\REPLICAHOST1$`."""
    first = account.strip().partition(",")[0]
    return short_name(first[3:] if first[:3].casefold() == "cn=" else first)


def _secure_channel(pair: _Pair) -> Differential:
    name = "secure-channel-broken"
    good: list[Quote] = []
    for host in _hosts(pair):
        for channel in host.of(SecureChannel):
            is_good = channel_state(channel)
            if is_good is False:
                said = "the secure channel to the domain is broken"
                quote = host.quote(channel, said)
                return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=(quote,))
            if is_good:
                good.append(host.quote(channel, "the secure channel is good"))
    untested = [machine for machine, host in _sides(pair) if host is None or not host.of(SecureChannel)]
    if good and not untested:
        said = "the secure channels of both servers are good"
        return Differential(name=name, state=Likelihood.RULED_OUT, said=said, evidence=tuple(good[:2]))
    missing = tuple(
        Missing(what="whether the secure channel is good", command=f"nltest /sc_verify:{_domain(pair)}", on=machine)
        for machine in untested
    )
    return _undecided(
        pair,
        name,
        "the secure channel has not been tested on both servers",
        missing,
        by_logon="the domain vouched for the account: its logon was refused only after authentication",
    )


def _domain(pair: _Pair) -> str:
    told = value_of(pair.refused[-1].event, ("TargetDomainName",)) if pair.refused else ""
    return in_command(told, "<domain>")


def _delegation(pair: _Pair) -> Differential:
    """Replication needs none; moving a machine over Kerberos does."""
    host = in_command(pair.replica, "<host>")
    return _undecided(
        pair,
        "delegation",
        "how the computer accounts may delegate has not been seen (replication itself needs none)",
        (
            Missing(
                what="how the computer account may delegate",
                command=f"Get-ADComputer {host} -Properties TrustedForDelegation, msDS-AllowedToDelegateTo",
                on=pair.replica or "the replica server",
            ),
        ),
        by_logon="delegation has no part in a logon that is refused for want of a right",
    )


def _tickets(pair: _Pair) -> Differential:
    name = "no-kerberos-tickets"
    for host in _hosts(pair):
        tickets = host.of(Ticket)
        if tickets:
            said = "the domain hands out Kerberos tickets"
            quotes = host.quotes(tickets, said, most=1)
            return Differential(name=name, state=Likelihood.RULED_OUT, said=said, evidence=quotes)
    missing = Missing(
        what="whether the computer account gets tickets",
        command="klist -li 0x3e7",
        on=pair.primary or "the primary server",
    )
    return _undecided(
        pair, name, "tickets have not been seen", (missing,), by_logon="the primary server came with a Kerberos ticket"
    )


def _clock(pair: _Pair) -> Differential:
    name = "clock-skew"
    for host in _hosts(pair):
        skewed = [
            event
            for event in host.events(_AUDITING, 4625)
            if _CLOCK_SKEW in (number_of(value_of(event, (each,))) for each in ("Status", "SubStatus"))
        ]
        bad = [seen for seen in host.observations("clock") if seen.state is State.BAD]
        if skewed or bad:
            said = "the clocks of the servers differ by more than Kerberos allows (5 minutes)"
            quotes = host.quotes([*skewed[-2:], *bad[:1]], said)
            return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=quotes)
    missing = tuple(
        Missing(
            what="how far the clock is from the domain's",
            command=f"w32tm /stripchart /computer:{_domain(pair)} /samples:3 /dataonly",
            on=machine or "both servers",
        )
        for machine, _ in _sides(pair)
    )
    return _undecided(
        pair,
        name,
        "the clocks have not been compared",
        missing,
        by_logon="Kerberos accepted the primary server's time",
    )


def _path(pair: _Pair) -> Differential:
    """Firewall, listener, proxy: what cuts a connection off before anybody is asked who they are."""
    name = "firewall-listener-or-proxy"
    arrived = (*pair.refused[-1:], *pair.denied[-1:])
    if arrived:
        said = "the primary server's request reached the replica server, which refused it"
        quotes = tuple(each.evidence.quote(each.event, said) for each in arrived)
        return Differential(name=name, state=Likelihood.RULED_OUT, said=said, evidence=quotes)
    host = in_command(pair.replica, "<replica server>")
    missing = Missing(
        what="whether the replica server's listener is reached (port 80 for Kerberos, 443 for certificates)",
        command=f"Test-NetConnection {host} -Port 80",
        on=pair.primary or "the primary server",
    )
    if pair.primary_host is not None:
        proxies = [proxy for proxy in pair.primary_host.of(Proxy) if proxy.address and proxy.where == "winhttp"]
        if proxies:
            said = "the primary server sends its requests through a proxy"
            quotes = pair.primary_host.quotes(proxies, said, most=1)
            return Differential(name=name, state=Likelihood.POSSIBLE, said=said, evidence=quotes, missing=(missing,))
    return Differential(
        name=name,
        state=Likelihood.INSUFFICIENT,
        said="nothing shows that the request reached the replica server",
        missing=(missing,),
    )


def _variants(pair: _Pair) -> Differential:
    name = "other-replica-errors"
    crossing = [each for each in pair.variants if _CROSS_DOMAIN in codes_of(each.event)]
    inspected = [each for each in pair.variants if codes_of(each.event) & _TLS_INSPECTION]
    for found, said in (
        (
            crossing,
            "the target's name could not be found (0x80090303): the servers are in different domains, or WinRM's name",
        ),
        (inspected, "the connection was refused on its way (0x00002EF3): a proxy that inspects TLS"),
        (pair.variants, "Hyper-V Replica logged errors with other codes as well"),
    ):
        if found:
            quotes = tuple(each.evidence.quote(each.event, said) for each in found[-2:])
            is_only = not (pair.refused or pair.denied or pair.aborted)
            known = found is not pair.variants
            state = Likelihood.LIKELY if is_only and known else Likelihood.POSSIBLE
            return Differential(name=name, state=state, said=said, evidence=quotes)
    return Differential(
        name=name, state=Likelihood.RULED_OUT, said="no error of Hyper-V Replica with another code was found"
    )


def _person(pair: _Pair) -> Differential | None:
    """People who lack the right to log on: never this issue."""
    for host in _hosts(pair):
        people = [event for event in host.events(_AUDITING, 4625) if _is_refused_person(event)]
        if people:
            said = "logons of people were refused for want of a right (Remote Desktop): another issue"
            quotes = host.quotes(people[-2:], said)
            return Differential(name="rights-of-people", state=Likelihood.RULED_OUT, said=said, evidence=quotes)
    return None


def _sides(pair: _Pair) -> tuple[tuple[str, Evidence | None], ...]:
    return (
        (pair.replica or "the replica server", pair.replica_host),
        (pair.primary or "the primary server", pair.primary_host),
    )


def _hosts(pair: _Pair) -> tuple[Evidence, ...]:
    found = {id(each): each for each in (pair.replica_host, pair.primary_host) if each is not None}
    return tuple(found.values())


def _verification(pair: _Pair) -> tuple[str, ...]:
    replica = in_command(pair.replica, "<replica server>")
    return (
        "On the primary server: Test-VMReplicationConnection -ReplicaServerName "
        f"{replica} -ReplicaServerPort 80 -AuthenticationType Kerberos (the server by its full name)",
        "On the primary server, replication health Normal: Measure-VMReplication",
        "On both servers the right is there: secedit /export /areas USER_RIGHTS /cfg C:\\Windows\\Temp\\rights.inf",
        "No new event 4625 with 0xC000015B in the replica's Security log, and no new 29212",
    )
