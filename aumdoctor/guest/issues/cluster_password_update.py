"""WS001: a cluster cannot change the password of its computer objects, because it uses an old one that it kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issue import issue
from aumdoctor.guest.issues.cluster_events import (
    CLUSTERING,
    Cure,
    Fault,
    Move,
    PasswordFailure,
    effect_of_moving,
    other_failures,
    password_failures,
    witness_failures,
)
from aumdoctor.guest.issues.event_facts import Clock, gap, how_often, in_command, when
from aumdoctor.knowledge.cluster_password_fix import SOURCE, PasswordFix, Standing, standing_of
from aumdoctor.model.guest import (
    Differential,
    Event,
    InstalledUpdate,
    Likelihood,
    Missing,
    OperatingSystem,
    Quote,
    SecureChannel,
    Service,
    State,
    Verdict,
)

_ID = "WS001"
_NAME = "cluster-password-update"
_TITLE = "A cluster fails to change the password of its computer objects (event 1207)"

_WITH_A_FAILURE = timedelta(hours=6)
"""How near to a 1207 the failure of the share witness may be its consequence."""

_REMEDIES = ("install-cumulative-update", "move-cluster-core-group")

_VERIFICATION = (
    "On every node the build is that of the fix or higher: "
    r'reg query "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion" /v UBR',
    "No new event 1207 for 30 days (one rotation of the password): Get-WinEvent -FilterHashtable "
    "@{LogName='System'; ProviderName='Microsoft-Windows-FailoverClustering'; Id=1207} -MaxEvents 5",
    "The password was changed: Get-ADComputer <CNO> -Properties PasswordLastSet",
    "Where only the core resources were moved: it comes back after weeks to months, until the fix is on every node",
)

_READ_BUILD = r'reg query "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"'
_READ_EVENTS = (
    "Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='Microsoft-Windows-FailoverClustering'; "
    "Id=1069,1206,1207,1562,1564} | Format-List TimeCreated,Id,Message"
)
_OBJECTS = (
    "(Get-ClusterResource | Where-Object ResourceType -eq 'Network Name' | Get-ClusterParameter Name).Value | "
    "ForEach-Object"
)
_MOVE = (
    "Get-ClusterGroup | Where-Object GroupType -eq 'Cluster' | Move-ClusterGroup; Get-WinEvent -FilterHashtable "
    "@{LogName='System'; ProviderName='Microsoft-Windows-FailoverClustering'; Id=1207} -MaxEvents 5"
)


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node's build: that at the time of its newest failure where it is known, and what it is now."""

    name: str
    then: PasswordFix
    now: PasswordFix
    quote: Quote | None = None
    caveat: str = ""


@issue(
    id=_ID,
    name=_NAME,
    title=_TITLE,
    source=SOURCE,
    seed="000: 1207 and failing password updates in clusters",
)
def cluster_password_update(evidence: Evidence, all_hosts: Sequence[Evidence]) -> Verdict | None:
    r"""A cluster logs event 1207 because changing the password of its name object (CNO) or of a role's (VCO) failed.

    ## Why it matters
    A cluster changes the passwords of its computer objects by itself. With the updates of May 2021 and later, Windows
    Server 2016, 2019 and 2022 may keep an old password of the CNO in a cache and go on using it: the change fails with
    "the specified network password is not correct". With it the file share witness may fail (event 1069), and a
    cluster without its witness is one failure away from standing still.

    The events alone do not prove the known issue. 1207 is also logged where the cluster's account lacks rights on the
    objects, where an object was deleted, where no domain controller answers, and where the secure channel is broken;
    1069 also where nothing but the share cannot be reached. So the verdict is *possible* with the right error on a
    build without the fix, *likely* once secure channel and rights are known to be good, and *confirmed* once moving the
    core resources to another node made it stop.

    ## What to do
    Install the newest cumulative update on every node, one after the other: `Suspend-ClusterNode -Drain`, patch,
    `Resume-ClusterNode -Failback Immediate`, or with Cluster-Aware Updating. The fix came with 20348.2340 (KB5035857)
    and 17763.5576 (KB5035849) in March 2024 and with 14393.7336 (KB5043051) in September 2024; the hotpatch 20348.2333
    of March 2024 does not have it. Take a current update instead of these: those of March 2024 leaked memory in LSASS
    on domain controllers, and that of July 2025 for 2019 (KB5062557) troubled clusters with BitLocker on shared
    volumes until KB5063877.

    Until then move the core resources to another node (`Move-ClusterGroup` of the group whose GroupType is Cluster). It
    is "Cluster Group" on English systems and "クラスター グループ" on Japanese ones. That cures for weeks to months.

    ## When it is wrong
    Error texts in languages other than English, Japanese, German, French and Chinese are not recognised; then the
    verdict says so. The build is that of the node that logged 1207, at that time where the log shows it; a build that
    is known only for today may have been another then. The secure channel that nltest tests is that of the node's own
    account.
    """
    failures = password_failures(evidence)
    witness = witness_failures(evidence)
    if not failures:
        return _witness_alone(evidence, witness) if witness else None
    classic = [failure for failure in failures if failure.is_classic]
    newest = (classic or list(failures))[-1]
    node = _node(evidence, newest.event)
    move = effect_of_moving(evidence, all_hosts) if classic else Move(cure=Cure.NOT_SEEN)
    told = _told_of_moving(evidence)
    if told is not None:
        move = told
    differentials = tuple(_differentials(evidence, failures, witness, move))
    likelihood, said = _judged(failures, classic, node, move, {each.name: each.state for each in differentials})
    others = tuple(_other_nodes(evidence, all_hosts))
    is_ours = likelihood in (Likelihood.CONFIRMED, Likelihood.LIKELY, Likelihood.POSSIBLE)
    unfixed = [other.name for other in others if other.then.standing is Standing.AFFECTED]
    if unfixed and (is_ours or node.then.standing is Standing.FIXED):
        said += f". Without the fix beside it: {', '.join(name or 'a machine without a name' for name in unfixed)}"
    return Verdict(
        issue=_ID,
        name=_NAME,
        title=_TITLE,
        likelihood=likelihood,
        said=said,
        hosts=(evidence.name,),
        evidence=tuple(_evidence(evidence, failures, classic, witness, (node, *others), move)),
        missing=tuple(_missing(evidence, newest, likelihood, node, others, differentials)),
        differentials=differentials,
        remedies=() if not is_ours else _REMEDIES if node.now.standing is not Standing.FIXED else (),
        verification=_VERIFICATION if is_ours else (),
        details=_details(newest, node, others),
    )


def _judged(
    failures: Sequence[PasswordFailure],
    classic: Sequence[PasswordFailure],
    node: _Node,
    move: Move,
    differentials: dict[str, Likelihood],
) -> tuple[Likelihood, str]:
    if not classic:
        return _judged_without(failures)
    seen = (
        "changing a password failed with a wrong network password, "
        f"{how_often([failure.event.at for failure in classic])}"
    )
    then = node.then
    if then.standing is Standing.UNKNOWN:
        return Likelihood.INSUFFICIENT, f"{seen}; whether this node has the fix is not known: {then.said}"
    if then.standing is Standing.FIXED:
        said = f"{seen}; but {then.said}, so that the known issue does not explain new ones{node.caveat}"
        return Likelihood.RULED_OUT, said
    if then.standing is Standing.NOT_AFFECTED:
        return Likelihood.RULED_OUT, f"{seen}; but {then.said}, and does not have the known issue"
    seen = f"{seen}; {then.said}"
    if node.now.standing is Standing.FIXED:
        seen += f". Since then the fix was installed ({node.now.build}.{node.now.ubr})"
    proven = [name for name in _RIVALS if differentials.get(name) is Likelihood.CONFIRMED]
    if proven:
        return Likelihood.INSUFFICIENT, f"{seen}; but there is another cause that explains it: {', '.join(proven)}"
    if move.cure is Cure.NOT_CURED:
        return Likelihood.INSUFFICIENT, f"{seen}; but {move.said}, which speaks against the known issue"
    channel_is_good = differentials["secure-channel-broken"] is Likelihood.RULED_OUT
    rights_are_good = differentials["permissions-missing"] is Likelihood.RULED_OUT
    if move.cure is Cure.CURED:
        if channel_is_good:
            return Likelihood.CONFIRMED, f"{seen}; {move.said}, and the secure channel is good"
        return Likelihood.LIKELY, f"{seen}; {move.said}; the secure channel has not been tested"
    if channel_is_good and rights_are_good:
        return Likelihood.LIKELY, f"{seen}; secure channel and rights in Active Directory are good"
    return Likelihood.POSSIBLE, f"{seen}. The events alone do not prove the known issue"


def _judged_without(failures: Sequence[PasswordFailure]) -> tuple[Likelihood, str]:
    """Where no failure is both a password change and a wrong password."""
    last = failures[-1]
    at = when(last.event.at)
    if any(each.is_password_change is not False and each.fault is Fault.UNREADABLE for each in failures):
        return Likelihood.INSUFFICIENT, f"event 1207 was logged ({at}), but its text of error could not be read"
    if any(each.is_password_change is None and each.fault is Fault.WRONG_PASSWORD for each in failures):
        return Likelihood.INSUFFICIENT, f"event 1207 tells of a wrong password ({at}), but not of which operation"
    return Likelihood.RULED_OUT, f"event 1207 was logged ({at}), but not for a password change on a wrong password"


_RIVALS = ("secure-channel-broken", "permissions-missing")


def _differentials(
    evidence: Evidence, failures: Sequence[PasswordFailure], witness: Sequence[Event], move: Move
) -> Iterator[Differential]:
    others = other_failures(evidence)
    every = (*failures, *others)
    all_are_passwords = all(failure.fault is Fault.WRONG_PASSWORD for failure in failures)
    yield _permissions(evidence, every, move)
    yield _by_fault(
        evidence,
        every,
        Fault.NO_OBJECT,
        "computer-object-deleted",
        "the computer object is not in Active Directory",
        "the error names a password, not a missing object" if all_are_passwords else "",
        Missing(
            what="whether the cluster's computer objects are there",
            command=f"{_OBJECTS} {{ Get-ADComputer $_ -Properties PasswordLastSet }}",
            on=evidence.name,
        ),
    )
    domain = in_command(failures[-1].domain if failures else "", "<domain>")
    yield _by_fault(
        evidence,
        every,
        Fault.NO_DOMAIN,
        "domain-controller-unreachable",
        "no domain controller could be reached, or only a read-only one",
        "a domain controller answered: it refused the password" if all_are_passwords else "",
        Missing(
            what="whether a writable domain controller answers",
            command=f"nltest /dsgetdc:{domain} /writable",
            on=evidence.name,
        ),
    )
    yield _secure_channel(evidence, every, domain)
    if witness:
        yield _share(evidence, witness, failures)


def _permissions(evidence: Evidence, failures: Iterable[PasswordFailure], move: Move) -> Differential:
    name = "permissions-missing"
    denied = [failure for failure in failures if failure.fault is Fault.ACCESS_DENIED]
    told = next(
        (each for each in evidence.observations("cluster-permissions") if each.state is not State.UNKNOWN), None
    )
    if told is not None and told.state is State.BAD:
        said = "the cluster's account lacks rights on the computer objects"
        return Differential(name=name, state=Likelihood.CONFIRMED, said=said, evidence=(evidence.quote(told, said),))
    if denied:
        said = "an event says that access was denied: the cluster's account lacks Reset password or Write on the object"
        quotes = evidence.quotes((failure.event for failure in denied), "access is denied", most=3)
        return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=quotes, missing=(_acl(evidence),))
    if told is not None and told.state is State.OK:
        said = "the cluster's account has its rights on the computer objects"
        return Differential(name=name, state=Likelihood.RULED_OUT, said=said, evidence=(evidence.quote(told, said),))
    if move.cure is Cure.CURED:
        said = "on another node the same account could change the password: it has the rights"
        return Differential(name=name, state=Likelihood.RULED_OUT, said=said)
    said = "what the cluster's account may do to the computer objects has not been seen"
    return Differential(name=name, state=Likelihood.INSUFFICIENT, said=said, missing=(_acl(evidence),))


def _acl(evidence: Evidence) -> Missing:
    return Missing(
        what="whether the cluster's account (CNO) may reset the password of, and write to, the computer objects",
        command=f"{_OBJECTS} {{ dsacls (Get-ADComputer $_).DistinguishedName }}",
        on=evidence.name,
    )


def _by_fault(
    evidence: Evidence,
    failures: Iterable[PasswordFailure],
    fault: Fault,
    name: str,
    said: str,
    otherwise: str,
    missing: Missing,
) -> Differential:
    """A cause that the text of error names. `otherwise` is why it is none where all texts name something else."""
    found = [failure.event for failure in failures if failure.fault is fault]
    if found:
        quotes = evidence.quotes(found, said, most=3)
        return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=quotes, missing=(missing,))
    if otherwise:
        return Differential(name=name, state=Likelihood.RULED_OUT, said=otherwise)
    return Differential(
        name=name, state=Likelihood.INSUFFICIENT, said="nothing speaks for it or against it", missing=(missing,)
    )


def _secure_channel(evidence: Evidence, failures: Iterable[PasswordFailure], domain: str) -> Differential:
    name = "secure-channel-broken"
    tested = [
        (channel, state) for channel in evidence.of(SecureChannel) if (state := channel_state(channel)) is not None
    ]
    if tested:
        broken = [channel for channel, is_good in tested if not is_good]
        if tested[-1][1] and not broken:
            quote = evidence.quote(tested[-1][0], "the secure channel is good")
            said = "the secure channel to the domain is good"
            return Differential(name=name, state=Likelihood.RULED_OUT, said=said, evidence=(quote,))
        said = "the secure channel to the domain is broken"
        return Differential(
            name=name, state=Likelihood.CONFIRMED, said=said, evidence=evidence.quotes(broken, said, most=2)
        )
    test = Missing(
        what="whether the secure channel to the domain is good",
        command=f"nltest /sc_verify:{domain}",
        on=evidence.name,
    )
    distrusted = [failure.event for failure in failures if failure.fault is Fault.NO_TRUST]
    distrusted.extend(evidence.events("NETLOGON", 3210, 5721))
    if distrusted:
        said = "an event says that the machine and its domain do not trust each other"
        quotes = evidence.quotes(distrusted, said, most=3)
        return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=quotes, missing=(test,))
    return Differential(
        name=name, state=Likelihood.INSUFFICIENT, said="the secure channel has not been tested", missing=(test,)
    )


def channel_state(channel: SecureChannel) -> bool | None:
    """Whether a secure channel is good; None where the answer does not say. Test-ComputerSecureChannel answers True or
    False instead of a number."""
    if channel.status is not None:
        return channel.status == 0
    word = channel.text.strip().rstrip(".").rpartition(" ")[2].casefold()
    return {"true": True, "false": False}.get(word)


def _share(evidence: Evidence, witness: Sequence[Event], failures: Sequence[PasswordFailure]) -> Differential:
    """The failure of the file share witness, which has its own causes."""
    name = "witness-share-unreachable"
    test = Missing(
        what="whether this node reaches the share of the witness",
        command="Get-ClusterResource | Where-Object ResourceType -eq 'File Share Witness' | Get-ClusterParameter "
        "SharePath | ForEach-Object { Test-Path $_.Value }",
        on=evidence.name,
    )
    unreached = evidence.events(CLUSTERING, 1562, 1564)
    if unreached:
        said = "the cluster says itself that it cannot reach the share of the witness (1562, 1564)"
        quotes = evidence.quotes((*unreached, *witness), said, most=3)
        return Differential(name=name, state=Likelihood.LIKELY, said=said, evidence=quotes, missing=(test,))
    near = _near(witness, failures)
    said = "the witness failed within hours of event 1207, which may be its consequence"
    state = Likelihood.INSUFFICIENT
    if not near:
        said = "the file share witness failed (1069): it fails where its share cannot be reached"
        state = Likelihood.POSSIBLE
    quotes = evidence.quotes(near or witness, "the file share witness failed", most=2)
    return Differential(name=name, state=state, said=said, evidence=quotes, missing=(test,))


def _near(witness: Sequence[Event], failures: Sequence[PasswordFailure]) -> list[Event]:
    """The failures of the witness that stand within hours of a failed update."""
    clock = Clock(failure.event.at for failure in failures)
    return [event for event in witness if clock.has(event.at, before=_WITH_A_FAILURE, after=_WITH_A_FAILURE)]


def _witness_alone(evidence: Evidence, witness: Sequence[Event]) -> Verdict:
    """1069 without 1207: it never stands for the known issue."""
    share = _share(evidence, witness, ())
    return Verdict(
        issue=_ID,
        name=_NAME,
        title=_TITLE,
        likelihood=Likelihood.INSUFFICIENT,
        said="the file share witness failed (1069), which alone says nothing of passwords; no event 1207 was found",
        hosts=(evidence.name,),
        evidence=evidence.quotes(witness, "the file share witness failed", most=3),
        missing=(
            Missing(what="whether event 1207 was logged as well", command=_READ_EVENTS, on=evidence.name),
            *share.missing,
        ),
        differentials=(share,),
    )


def _told_of_moving(evidence: Evidence) -> Move | None:
    """What a person says of moving the core resources."""
    for told in evidence.observations("core-group-moved"):
        if told.state is State.OK:
            return Move(cure=Cure.CURED, said="after the core resources had been moved it stopped, as was observed")
        if told.state is State.BAD:
            return Move(cure=Cure.NOT_CURED, said="it went on after the core resources had been moved, as was observed")
    return None


def _node(evidence: Evidence, event: Event | None) -> _Node:
    """The build of a node, at the time of an event where records of it are older than that, and as it is known last."""
    systems = [each for each in evidence.of(OperatingSystem) if each.build is not None]
    installed = tuple(update.kb for update in evidence.of(InstalledUpdate))
    now = _newest(systems)
    before = [
        each
        for each in systems
        if event is not None and (age := gap(each.at, event.at)) is not None and age >= timedelta(0)
    ]
    then = _newest(before) or now
    standing = _standing(then, installed if then is now else ())
    return _Node(
        name=evidence.name,
        then=standing,
        now=_standing(now, installed),
        quote=evidence.quote(then, standing.said) if then is not None else None,
        caveat=_caveat(event, then, standing),
    )


def _standing(system: OperatingSystem | None, installed: tuple[str, ...]) -> PasswordFix:
    return standing_of(system.build if system else None, system.ubr if system else None, installed)


def _newest(systems: Sequence[OperatingSystem]) -> OperatingSystem | None:
    """The record that tells most of a machine as it is now: builds and UBRs only ever grow."""
    return max(systems, key=lambda each: (each.build or 0, each.ubr or 0), default=None)


def _caveat(event: Event | None, system: OperatingSystem | None, standing: PasswordFix) -> str:
    """What to say where a build with the fix is not known to be that of the time of the event."""
    if event is None or event.at is None or system is None or standing.fix is None:
        return ""
    if f"{event.at:%Y-%m}" < standing.fix.release:
        return "; these events are older than the fix itself, so that they may have been the known issue before it"
    after = gap(event.at, system.at)
    if after is not None and after > timedelta(0):
        return f"; the build is that of {when(system.at)}, and may have been another at the time of the events"
    return ""


def _other_nodes(evidence: Evidence, all_hosts: Sequence[Evidence]) -> Iterator[_Node]:
    """The other machines of the case that may be nodes: those that log as one, and those of which nobody knows."""
    for other in all_hosts:
        if other is evidence or not _is_windows(other):
            continue
        service = other.service("ClusSvc")
        if service is None or service.exists:
            yield _node(other, None)


def _is_windows(evidence: Evidence) -> bool:
    systems = evidence.of(OperatingSystem)
    if systems:
        return any(each.family.casefold() == "windows" for each in systems)
    return bool(evidence.events(CLUSTERING, 1201, 1207, 1069, 1641)) or any(
        each.name.casefold() == "clussvc" for each in evidence.of(Service)
    )


def _evidence(
    evidence: Evidence,
    failures: Sequence[PasswordFailure],
    classic: Sequence[PasswordFailure],
    witness: Sequence[Event],
    nodes: Sequence[_Node],
    move: Move,
) -> Iterator[Quote]:
    says = "a password change failed on a wrong password" if classic else "event 1207, of another kind"
    # The newest are those on which the verdict rests.
    yield from evidence.quotes([failure.event for failure in (classic or failures)][-3:], says)
    near = _near(witness, failures)
    yield from evidence.quotes(near, "the file share witness failed within hours of it", most=1)
    yield from (node.quote for node in nodes if node.quote is not None)
    if move.event is not None and move.said:
        yield msgspec.structs.replace(evidence.quote(move.event, move.said), host=move.event.computer or evidence.name)


def _missing(
    evidence: Evidence,
    newest: PasswordFailure,
    likelihood: Likelihood,
    node: _Node,
    others: Iterable[_Node],
    differentials: Iterable[Differential],
) -> Iterator[Missing]:
    if node.then.standing is Standing.UNKNOWN:
        yield Missing(what="the build and update revision (UBR) of this node", command=_READ_BUILD, on=evidence.name)
    for other in others:
        if other.now.standing is Standing.UNKNOWN:
            yield Missing(what="the build and update revision (UBR) of this node", command=_READ_BUILD, on=other.name)
    if likelihood is Likelihood.RULED_OUT or likelihood is Likelihood.CONFIRMED:
        return
    if newest.fault is Fault.UNREADABLE:
        yield Missing(
            what="what a wrong network password is called in this system's language, to compare with the event",
            command="net helpmsg 86",
            on=evidence.name,
        )
    if newest.is_password_change is None:
        yield Missing(what="the whole text of event 1207", command=_READ_EVENTS, on=evidence.name)
    for differential in differentials:
        if differential.name in _RIVALS and differential.state is Likelihood.INSUFFICIENT:
            yield from differential.missing
    if likelihood in (Likelihood.POSSIBLE, Likelihood.LIKELY):
        yield Missing(
            what="whether event 1207 stops once the core resources are on another node (this command moves them)",
            command=_MOVE,
            on=evidence.name,
        )


def _details(newest: PasswordFailure, node: _Node, others: Iterable[_Node]) -> dict[str, str]:
    found = {"domain": newest.domain, "identity": newest.identity, "resource": newest.resource}
    if node.then.fix is not None:
        found["fix_kb"] = node.then.fix.kb
        found["fix_build"] = f"{node.then.fix.build}.{node.then.fix.ubr}"
    for each in (node, *others):
        shown = f"{each.now.build}.{each.now.ubr}" if each.now.ubr else str(each.now.build or "unknown")
        found[f"node {each.name}".strip()] = f"{shown} {each.now.standing}"
    return {name: value for name, value in found.items() if value}
