"""Who may log on to a Windows machine over the network: the right, its refusal, and who is in which group. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.event_facts import short_name, squeezed
from aumdoctor.model.guest import GroupMembers, Observation, Record, State, UserRight

ALLOW = "SeNetworkLogonRight"
DENY = "SeDenyNetworkLogonRight"


class Right(StrEnum):
    """Whether a computer account of the domain may log on over the network. DENIED: a refusal, which wins over every
    permission. UNKNOWN: groups hold it of which nobody knows who is in them, or nobody looked."""

    GRANTED = "granted"
    MISSING = "missing"
    DENIED = "denied"
    UNKNOWN = "unknown"


class NetworkLogon(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for a machine, why, and the records that it rests on. `groups` are those whose members would decide;
    `is_seen` False where nothing was found that tells of the right."""

    right: Right
    said: str
    records: tuple[Record, ...] = ()
    groups: tuple[str, ...] = ()
    is_seen: bool = False


_EVERYBODY = frozenset({"S-1-1-0", "S-1-5-11", "S-1-5-2", "S-1-5-15"})
"""Everyone, Authenticated Users, Network, This Organization: every account of the domain is in them, computers too."""

_USERS = "S-1-5-32-545"

_WITHOUT_COMPUTERS = frozenset(
    {
        "S-1-5-32-544", "S-1-5-32-546", "S-1-5-32-547", "S-1-5-32-551", "S-1-5-32-555", "S-1-5-32-568", "S-1-5-32-578",
        "S-1-5-32-580", "S-1-5-7", "S-1-5-9", "S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-113", "S-1-5-114",
    }
)  # fmt: skip
"""Groups and accounts in which another machine's account is not by itself: administrators, guests, local accounts, …"""

_NAMES = {
    "S-1-1-0": ("Everyone", "Jeder", "Tout le monde", "Todos", "所有人", "모든 사람"),
    "S-1-5-11": (
        "Authenticated Users",
        "Authentifizierte Benutzer",
        "Utilisateurs authentifiés",
        "Usuarios autentificados",
        "经过身份验证的用户",
    ),
    _USERS: ("Users", "Benutzer", "Utilisateurs", "Usuarios"),
    "S-1-5-32-544": ("Administrators", "Administratoren", "Administrateurs", "Administradores", "Administrator"),
    "S-1-5-32-546": ("Guests", "Guest", "Gäste", "Gast", "Invités", "Invité", "Invitados", "Invitado"),
    "S-1-5-32-551": ("Backup Operators", "Sicherungsoperatoren", "Opérateurs de sauvegarde"),
    "S-1-5-32-555": ("Remote Desktop Users", "Remotedesktopbenutzer"),
    "S-1-5-32-578": ("Hyper-V Administrators", "Hyper-V-Administratoren"),
    "S-1-5-9": ("Enterprise Domain Controllers",),
    "S-1-5-113": ("Local account",),
    "S-1-5-114": ("Local account and member of Administrators group",),
}
_SID_OF = {squeezed(name): sid for sid, names in _NAMES.items() for name in names}

_SID = re.compile(r"S-1-[0-9]{1,10}(?:-[0-9]{1,10}){0,15}", re.IGNORECASE)
_DOMAIN_COMPUTERS = re.compile(r"S-1-5-21-[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}-515", re.IGNORECASE)
_ADMINISTRATIVE = re.compile(
    r"S-1-5-21-[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}-(?:500|501|502|512|513|514|516|518|519|520)"
)
"""Of a domain: the administrator, the guest, krbtgt, the groups of administrators, users, guests and controllers."""
_COMPUTER_GROUPS = frozenset(
    squeezed(name) for name in ("Domain Computers", "Domänencomputer", "Ordinateurs du domaine")
)
_ADMINISTRATIVE_NAMES = frozenset(
    squeezed(name)
    for name in ("Domain Admins", "Enterprise Admins", "Domain Users", "Domain Guests", "Domain Controllers")
)


def network_logon(evidence: Evidence, computer: str = "") -> NetworkLogon:
    """Whether a computer account may log on to this machine over the network.

    Args:
        evidence: the machine that is logged on to.
        computer: the name of the machine that logs on (`REPLICAHOST1`), "" where it is not known.
    """
    allowed = _newest(evidence, ALLOW)
    denied = _newest(evidence, DENY)
    if allowed is None and denied is None:
        return _observed(evidence)
    groups = {squeezed(_bare(each.group)): each.members for each in evidence.of(GroupMembers) if each.group}
    records = tuple(each for each in (allowed, denied) if each is not None)
    refused, refused_unknown = _reaches(denied.holders, computer, groups) if denied is not None else ("", ())
    if refused:
        said = f"the refusal of network logons ({DENY}) holds {refused}, and wins over the right"
        return NetworkLogon(right=Right.DENIED, said=said, records=records, is_seen=True)
    if allowed is None:
        return _unknown(f"who holds {ALLOW} is not known", records)
    holder, unknown = _reaches(allowed.holders, computer, groups)
    if not holder and not unknown:
        said = f"neither Authenticated Users nor a group with computer accounts holds {ALLOW}"
        return NetworkLogon(right=Right.MISSING, said=said, records=records, is_seen=True)
    if not holder:
        return _unknown(f"{ALLOW} is held by groups whose members are not known", records, unknown)
    if refused_unknown:
        return _unknown(f"{holder} holds {ALLOW}, and {DENY} groups that are not known", records, refused_unknown)
    if denied is None:
        return _unknown(f"{holder} holds {ALLOW}; whom {DENY} refuses is not known", records)
    return NetworkLogon(right=Right.GRANTED, said=f"{holder} holds {ALLOW}", records=records, is_seen=True)


def _newest(evidence: Evidence, right: str) -> UserRight | None:
    found = (each for each in reversed(evidence.of(UserRight)) if each.right.casefold() == right.casefold())
    return next(found, None)


def _observed(evidence: Evidence) -> NetworkLogon:
    """What the probe says, where there is no export of the rights."""
    for seen in evidence.observations("network-logon"):
        if seen.state in (State.OK, State.BAD):
            return _of_observation(seen)
    return NetworkLogon(right=Right.UNKNOWN, said="who may log on over the network has not been seen")


def _of_observation(seen: Observation) -> NetworkLogon:
    if seen.state is State.OK:
        said = "computer accounts may log on over the network, as the probe saw"
        return NetworkLogon(right=Right.GRANTED, said=said, records=(seen,), is_seen=True)
    said = "computer accounts may not log on over the network, as the probe saw"
    return NetworkLogon(right=Right.MISSING, said=said, records=(seen,), is_seen=True)


def _unknown(said: str, records: tuple[Record, ...], groups: Iterable[str] = ()) -> NetworkLogon:
    return NetworkLogon(right=Right.UNKNOWN, said=said, records=records, groups=tuple(groups), is_seen=True)


def _reaches(holders: Iterable[str], computer: str, groups: dict[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    """The first holder that a computer account of the domain is in, "" where there is none; and those of which nobody
    knows. Groups whose members are known are looked into, each once."""
    waiting = [(holder, holder) for holder in reversed(tuple(holders))]
    seen: set[str] = set()
    unknown: list[str] = []
    while waiting:
        holder, top = waiting.pop()
        own = squeezed(_bare(holder))
        if not own or own in seen:
            continue
        seen.add(own)
        sid = holder.upper() if _SID.fullmatch(holder) else _SID_OF.get(own, "")
        if sid in _EVERYBODY or _is_computer(holder, computer) or _holds_computers(holder, own):
            return (_named(top) if top == holder else f"{_named(top)} (with {_named(holder)} in it)"), ()
        members = _members(own, sid, groups)
        if members is not None:
            waiting.extend((member, top) for member in reversed(members))
        elif sid == _USERS:
            # Authenticated Users are in it unless somebody took them out.
            return f"{_named(top)} (Authenticated Users are in it by default)", ()
        elif not (sid in _WITHOUT_COMPUTERS or _is_of_people(holder, own)):
            unknown.append(holder)
    return "", tuple(unknown)


def _members(own: str, sid: str, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The members of a group by its name or by its SID, whichever the artefact has; None where they are not known."""
    for name in (own, squeezed(sid), *(squeezed(name) for name in _NAMES.get(sid, ()))):
        if name and name in groups:
            return groups[name]
    return None


def _is_computer(holder: str, computer: str) -> bool:
    return bool(computer) and holder.rstrip().endswith("$") and short_name(holder) == short_name(computer)


def _holds_computers(holder: str, own: str) -> bool:
    return _DOMAIN_COMPUTERS.fullmatch(holder) is not None or own in _COMPUTER_GROUPS


def _is_of_people(holder: str, own: str) -> bool:
    """Whether a holder is known not to hold computers: another computer's account, administrators, services."""
    if holder.rstrip().endswith("$") or _ADMINISTRATIVE.fullmatch(holder.upper()) or own in _ADMINISTRATIVE_NAMES:
        return True
    return holder.upper().startswith(("S-1-5-80-", "S-1-5-82-", "S-1-5-90-", "S-1-5-83-"))


def _bare(name: str) -> str:
    r"""A name without what stands before it: `BUILTIN\Users` is `Users`."""
    return name.strip().rpartition("\\")[2]


def _named(holder: str) -> str:
    names = _NAMES.get(holder.upper())
    return f"{names[0]} ({holder})" if names else holder
