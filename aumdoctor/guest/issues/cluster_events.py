"""What failover clusters log about the passwords of their computer objects, and where the core resources are. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.event_facts import gap, is_naive, number_of, short_name, squeezed, texts_of, value_of
from aumdoctor.model.guest import ClusterObject, Event, EventLog

CLUSTERING = "Microsoft-Windows-FailoverClustering"

_WORD = re.compile(r"[\w.-]+")

_LONGEST_CALM = timedelta(days=30)
"""A machine's password is changed every 30 days by default: the calm that says something where there is no rhythm."""

_SHORTEST_CALM = timedelta(days=1)


class Fault(StrEnum):
    """What the text of error in an event 1207 or 1206 says. UNREADABLE: in a language that is not known here."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105
    ACCESS_DENIED = "access-denied"
    NO_OBJECT = "no-such-object"
    NO_DOMAIN = "no-domain-controller"
    NO_TRUST = "no-trust"
    OTHER = "other"
    UNREADABLE = "unreadable"


_CODES = {
    86: Fault.WRONG_PASSWORD,
    5: Fault.ACCESS_DENIED,
    0x2030: Fault.NO_OBJECT,
    1355: Fault.NO_DOMAIN,
    1311: Fault.NO_DOMAIN,
    1789: Fault.NO_TRUST,
    1787: Fault.NO_TRUST,
}
"""Win32 codes; an HRESULT carries one in its lower half."""

_TEXTS = {
    Fault.WRONG_PASSWORD: (
        "The specified network password is not correct",
        "指定されたネットワーク パスワードが間違っています",
        "Das angegebene Netzwerkkennwort ist falsch",
        "Le mot de passe réseau spécifié est incorrect",
        "指定的网络密码不正确",
        "指定的網路密碼不正確",
    ),
    Fault.ACCESS_DENIED: (
        "Access is denied",
        "アクセスが拒否されました",
        "Zugriff verweigert",
        "Accès refusé",
        "拒绝访问",
    ),
    Fault.NO_OBJECT: (
        "There is no such object on the server",
        "There is no such object",
        "そのようなオブジェクトはサーバー",
        "そのようなオブジェクトは、サーバー",
    ),
    Fault.NO_DOMAIN: (
        "The specified domain either does not exist or could not be contacted",
        "指定されたドメインがないか、またはアクセスできません",
        "指定されたドメインは存在しないか、またはアクセスできません",
        "There are currently no logon servers available",
        "ログオン サーバーはありません",
        "ログオン サーバーがありません",
    ),
    Fault.NO_TRUST: (
        "The trust relationship between this workstation and the primary domain failed",
        "プライマリ ドメインとの信頼関係に失敗しました",
        "プライマリ ドメインの間の信頼関係に失敗しました",
    ),
}
_FRAGMENTS = tuple((squeezed(text), fault) for fault, texts in _TEXTS.items() for text in texts)

_OPERATION = tuple(squeezed(text) for text in ("Password change", "パスワードの変更", "パスワード変更"))
_CORE_GROUPS = frozenset(
    squeezed(name)
    for name in (
        "Cluster Group",
        "クラスター グループ",
        "クラスタ グループ",
        "Clustergruppe",
        "Groupe de cluster",
        "群集组",
    )
)


class PasswordFailure(msgspec.Struct, frozen=True, kw_only=True):
    """An event 1207 (1206 has no operation): what the cluster tried, and what stopped it.

    `is_password_change` is None where the event does not tell the operation.
    """

    event: Event
    node: str
    fault: Fault
    is_password_change: bool | None
    domain: str = ""
    identity: str = ""
    resource: str = ""

    @property
    def is_classic(self) -> bool:
        """A password change that failed on a wrong password: what the known issue looks like."""
        return self.is_password_change is True and self.fault is Fault.WRONG_PASSWORD


def password_failures(evidence: Evidence) -> tuple[PasswordFailure, ...]:
    """The events 1207 of a machine in the order of their time, each once however many artefacts show it."""
    found: dict[tuple[object, ...], PasswordFailure] = {}
    for number, event in enumerate(evidence.events(CLUSTERING, 1207)):
        failure = _failure(event, evidence.name)
        own = event.at.replace(microsecond=0) if event.at is not None else number
        found.setdefault((own, failure.resource, failure.fault), failure)
    return tuple(found.values())


def other_failures(evidence: Evidence) -> tuple[PasswordFailure, ...]:
    """The events 1206: they tell a code, and not the operation."""
    return tuple(_failure(event, evidence.name) for event in evidence.events(CLUSTERING, 1206))


def witness_failures(evidence: Evidence) -> tuple[Event, ...]:
    """The events 1069 of a file share witness. Only its type tells that; names of resources are chosen by people."""
    return tuple(event for event in evidence.events(CLUSTERING, 1069) if _is_witness(event))


def core_group_names(hosts: Sequence[Evidence]) -> frozenset[str]:
    """What the group of the core resources is called on these machines, squeezed: it is named in the language of the
    system on which the cluster was made."""
    found = set(_CORE_GROUPS)
    for evidence in hosts:
        for part in evidence.of(ClusterObject):
            if part.kind == "group" and squeezed(part.type) == "cluster":
                found.add(squeezed(part.name))
        for event in witness_failures(evidence):
            role = value_of(event, ("role", "ResourceGroup"), 1)
            if role:
                found.add(squeezed(role))
    return frozenset(found)


class Cure(StrEnum):
    """What moving the core resources did to the failures."""

    CURED = "cured"
    NOT_CURED = "not-cured"
    TOO_EARLY = "too-early"
    NOT_SEEN = "not-seen"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What came of moving the core resources: the event that shows the move, and what it led to."""

    cure: Cure
    event: Event | None = None
    said: str = ""


def effect_of_moving(failing: Evidence, hosts: Sequence[Evidence]) -> Move:
    """Whether the failures stopped when the core resources went to another node.

    The calm after the move has to be longer than the gaps before it (a day at least; 30 days where there was only one
    failure), and the log of the node that they went to has to show it. Failures that come back after such a calm are
    what the article foretells, and no contradiction.
    """
    names = core_group_names(hosts)
    best = Move(cure=Cure.NOT_SEEN)
    order = (Cure.NOT_SEEN, Cure.TOO_EARLY, Cure.NOT_CURED, Cure.CURED)
    moments = [each.event.at for evidence in hosts for each in password_failures(evidence) if each.is_classic]
    for naive in (False, True):
        failures = sorted(moment for moment in moments if moment is not None and is_naive(moment) is naive)
        if not failures:
            continue
        ends = {id(evidence): _end(evidence, naive) for evidence in hosts}
        longest = _longest_gaps(failures)
        for at, event, target in _arrivals(failing, hosts, names, naive):
            move = _effect(at, event, failures, longest, ends[id(target)])
            if order.index(move.cure) > order.index(best.cure):
                best = move
    return best


def _failure(event: Event, node: str) -> PasswordFailure:
    by_code = event.event_id == 1206
    error = value_of(event, ("error", "ErrorText", "ErrorCode", "Status"), 2 if by_code else 3)
    return PasswordFailure(
        event=event,
        node=node,
        fault=_fault(error, event),
        is_password_change=None if by_code else _is_password_change(event),
        domain=value_of(event, ("domain", "DomainName"), 1),
        identity=value_of(event, ("identity", "ClusterIdentity"), 3 if by_code else 4),
        resource=value_of(event, ("resource", "ResourceName"), 0),
    )


def _is_password_change(event: Event) -> bool | None:
    told = value_of(event, ("operation",), 2)
    if told and any(name in squeezed(told) for name in _OPERATION):
        return True
    if any(name in squeezed(text) for text in texts_of(event) for name in _OPERATION):
        return True
    return False if told or event.message else None


def _fault(error: str, event: Event) -> Fault:
    for text in (error, *texts_of(event)):
        code = number_of(text)
        known = _CODES.get(code & 0xFFFF) if code is not None else None
        if known is not None:
            return known
        plain = squeezed(text)
        for fragment, fault in _FRAGMENTS:
            if fragment in plain:
                return fault
    if number_of(error) is not None or any(_is_understood(text) for text in (error, event.message)):
        return Fault.OTHER
    return Fault.UNREADABLE


def _is_understood(text: str) -> bool:
    """Whether a text is in English or Japanese, so that what it says would have been known."""
    begins_english = text.strip().casefold().startswith(("the ", "there ", "a ", "an ", "access "))
    return begins_english or any("\u3041" <= character <= "\u30ff" for character in text[:400])


def _is_witness(event: Event) -> bool:
    kind = value_of(event, ("type", "ResTypeDll", "ResourceType"), 2)
    if kind:
        return squeezed(kind) == "filesharewitness"
    return any("filesharewitness" in squeezed(text) for text in texts_of(event))


def _arrivals(
    failing: Evidence, hosts: Sequence[Evidence], names: frozenset[str], naive: bool
) -> list[tuple[datetime, Event, Evidence]]:
    """When the core resources came to another node than the failing one: event 1201 in that node's own log, or 1641 in
    any log with that node's name in it."""
    found = []
    others = {short_name(each.name): each for each in hosts if each is not failing and each.name}
    for evidence in hosts:
        for event in evidence.events(CLUSTERING, 1201, 1641):
            if event.at is None or is_naive(event.at) is not naive or not _is_core(event, names):
                continue
            target: Evidence | None = evidence if evidence is not failing else None
            if event.event_id == 1641:
                target = _named(event, others)
            if target is not None:
                found.append((event.at, event, target))
    return sorted(found, key=lambda each: each[0])


def _is_core(event: Event, names: frozenset[str]) -> bool:
    told = value_of(event, ("role", "ResourceGroup", "GroupName"), 0)
    if told:
        return squeezed(told) in names
    return any(name in squeezed(text) for text in texts_of(event) for name in names)


def _named(event: Event, hosts: dict[str, Evidence]) -> Evidence | None:
    words = (word for text in texts_of(event) for word in _WORD.findall(text))
    return next((hosts[name] for name in map(short_name, words) if name in hosts), None)


def _end(evidence: Evidence, naive: bool) -> datetime | None:
    """How far a node's log reaches: the newest event that is not from the Security log, which ends apart."""
    ends = [event.at for event in evidence.of(Event) if event.channel.casefold() != "security"]
    ends.extend(log.last for log in evidence.of(EventLog) if log.channel.casefold() == "system")
    return max((end for end in ends if end is not None and is_naive(end) is naive), default=None)


def _longest_gaps(failures: Sequence[datetime]) -> list[timedelta]:
    """For each failure the longest gap between failures up to it."""
    found = [timedelta(0)]
    for earlier, later in pairwise(failures):
        found.append(max(found[-1], later - earlier))
    return found


def _effect(
    at: datetime, event: Event, failures: Sequence[datetime], longest: Sequence[timedelta], end: datetime | None
) -> Move:
    before = bisect_left(failures, at)
    if before == 0:
        return Move(cure=Cure.NOT_SEEN)
    needed = max(_SHORTEST_CALM, longest[before - 1]) if before > 1 else _LONGEST_CALM
    after = bisect_right(failures, at)
    is_back = after < len(failures)
    calm = (failures[after] - at) if is_back else gap(at, end)
    if calm is None:
        return Move(cure=Cure.TOO_EARLY, event=event)
    days = f"{max(calm, timedelta(0)) / timedelta(days=1):.0f} days"
    if calm >= needed:
        back = ", then came back, as it does until the fix is there" if is_back else ""
        return Move(
            cure=Cure.CURED, event=event, said=f"after the core resources had moved it stayed away for {days}{back}"
        )
    if is_back:
        return Move(cure=Cure.NOT_CURED, event=event, said="it went on after the core resources had moved")
    return Move(cure=Cure.TOO_EARLY, event=event)
