"""What may be done unattended: which remedies, on which machines, how much at once, and when not.

A policy is a value, read by `store/policies.py` from the file that a person wrote. What is judged here is whether it
makes sense (`faults`), whether a time lies in one of its freezes (`frozen`), and which actions of a plan it lets
through (`narrowed`). Where the policy names machines, an action that also touches another one is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from aumdoctor.checks.context import Context
from aumdoctor.knowledge.lookup import nearest
from aumdoctor.model import ids
from aumdoctor.model.finding import Finding, Unknown
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.plan import FindingRef, LeftOut, Plan, PlannedAction, Selection
from aumdoctor.remedies.remedy import Risk
from aumdoctor.remedies.touch import Touch
from aumdoctor.schedule.moments import nearest_time_zone, time_zone

VERSION = 1

DEFAULT_ALLOWED = (
    "register-provider",
    "enable-periodic-assessment",
    "assess-now",
    "customer-managed-schedule",
    "remediate-policy",
)
"""The remedies that are made unattended where no policy says otherwise: safe ones that end no patching."""

STOP_AFTER = 3
"""How many actions may fail by default. One that fails every night must not keep all others from being made."""

_ABOUT_SUBSCRIPTIONS = frozenset({"register-provider"})
"""Remedies that are judged by the subscription alone, whichever machines it holds."""

_MUST_PASS = {"customer-managed-schedule": {"AUM036": "hotpatching", "AUM049": "its image"}}
"""Checks that must have been answered without a finding before a remedy is made unattended."""

_GRAVE = {
    Risk.CONSENT: "needs consent",
    Risk.DISRUPTIVE: "is disruptive",
    Risk.PRIVILEGE: "grants a privilege",
    Risk.COST: "costs money",
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))")
_SHARE = re.compile(r"(100|[1-9]?\d)%")
_TAG = re.compile(r"[^=]+=.*", re.DOTALL)

Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
Text = Annotated[str, Meta(min_length=1)]
Tag = Annotated[str, Meta(pattern="^[^=]+=", description="NAME=VALUE, or NAME=* for any value.")]


class Remedies(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """Which remedies are made."""

    allow: Annotated[
        tuple[Text, ...] | None,
        Meta(description="Exactly these remedies; where it is absent, the five that are made by default."),
    ] = None
    refuse: Annotated[tuple[Text, ...], Meta(description="Of those that would be made, not these.")] = ()
    consent: Annotated[
        tuple[Text, ...],
        Meta(description="Allowed remedies of a class above safe, for which the owner has agreed."),
    ] = ()


class Matching(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """Machines by what they are called, where they lie and how they are tagged."""

    tags: tuple[Tag, ...] = ()
    resource_groups: tuple[Text, ...] = ()
    subscriptions: Annotated[tuple[Text, ...], Meta(description="Ids or names.")] = ()
    names: Annotated[tuple[Text, ...], Meta(description="Names of machines; * and ? stand for any letters.")] = ()


class Included(Matching, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The same where it lets machines in: an empty list must never be read as no restriction, so there is none."""

    tags: Annotated[tuple[Tag, ...], Meta(min_length=1)] = ()
    resource_groups: Annotated[tuple[Text, ...], Meta(min_length=1)] = ()
    subscriptions: Annotated[tuple[Text, ...], Meta(min_length=1, description="Ids or names.")] = ()
    names: Annotated[
        tuple[Text, ...], Meta(min_length=1, description="Names of machines; * and ? stand for any letters.")
    ] = ()


class Machines(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """Which machines may be touched."""

    include: Annotated[Included, Meta(description="Only machines that fit one entry of each kind that is given.")] = (
        Included()
    )
    exclude: Annotated[Matching, Meta(description="No machine that fits any entry.")] = Matching()


class Limits(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """How far a run may go."""

    max_machines: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Nothing is done where the plan touches more machines.")
    ] = None
    max_percent: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None, Meta(description="The same as a share of the machines in scope.")
    ] = None
    canary: Annotated[
        int, Meta(ge=0, description="So many machines first, alone; the rest only if that went well and cured.")
    ] = 0
    stop_on_errors: Annotated[
        Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern="^(100|[1-9]?[0-9])%$")],
        Meta(description="The run ends when more actions than that have failed: a number, or a share such as 10%."),
    ] = STOP_AFTER
    concurrency: Annotated[int, Meta(ge=1, le=64, description="Actions under way at once.")] = 8


class Freeze(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """A time in which nothing is written: once (`from` and `until`), or every week (`days`, `hours` or both)."""

    name: Annotated[str, Meta(description="What it is called in messages.")] = ""
    from_: Annotated[str | None, Meta(description="Date and time, without offset in `time-zone`.")] = msgspec.field(
        default=None, name="from"
    )
    until: Annotated[str | None, Meta(description="Date and time at which writing is allowed again.")] = None
    days: Annotated[tuple[Day, ...], Meta(description="Days on which it begins; every day where absent.")] = ()
    hours: Annotated[
        str | None,
        Meta(description="HH:MM-HH:MM, over midnight where the second is not later; the whole day where absent."),
    ] = None
    time_zone: Annotated[
        str, Meta(description="IANA (Europe/Berlin) or Windows (W. Europe Standard Time) name; UTC where absent.")
    ] = "UTC"


class Policy(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What `aumdoctor remediate --auto` may do."""

    version: Literal[1]
    remedies: Remedies = Remedies()
    machines: Machines = Machines()
    limits: Limits = Limits()
    freeze: tuple[Freeze, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """The remedies that are made."""
        wanted = DEFAULT_ALLOWED if self.remedies.allow is None else self.remedies.allow
        return tuple(name for name in dict.fromkeys(wanted) if name not in self.remedies.refuse)

    @property
    def selection(self) -> Selection:
        """What may be planned. A policy without faults allows at least one remedy: an empty selection would be read as
        one by class of risk."""
        return Selection(remedies=self.allowed, refused=self.remedies.refuse)


class Fault(NamedTuple):
    """Something in a policy that makes no sense: its key, what is wrong, and what to do."""

    key: str
    said: str
    advice: str


def faults(policy: Policy) -> Iterator[Fault]:
    """What makes no sense in a policy whose keys and types are right. Pure."""
    yield from _faults_of_remedies(policy)
    for part, matching in (("include", policy.machines.include), ("exclude", policy.machines.exclude)):
        for tag in matching.tags:
            if not _TAG.fullmatch(tag):
                yield Fault(f"machines.{part}.tags", f"{tag!r} is not of the form NAME=VALUE", 'for example "tier=web"')
    stop = policy.limits.stop_on_errors
    if isinstance(stop, str) and not _SHARE.fullmatch(stop):
        yield Fault("limits.stop-on-errors", f"{stop!r} is not a number or a share", 'give 3 or "10%"')
    for number, freeze in enumerate(policy.freeze, start=1):
        yield from _faults_of_freeze(freeze, f"freeze {number}")


def _faults_of_remedies(policy: Policy) -> Iterator[Fault]:
    remedies = policy.remedies
    for key, names in (("allow", remedies.allow or ()), ("refuse", remedies.refuse), ("consent", remedies.consent)):
        for name in names:
            if name not in BY_NAME:
                close = nearest(name, tuple(BY_NAME), count=1)
                advice = f"did you mean {close[0]!r}?" if close else "aumdoctor plan names the remedies"
                yield Fault(f"remedies.{key}", f"there is no remedy {name!r}", advice)
    for name in remedies.allow or ():
        kind = BY_NAME.get(name)
        if kind is None:
            continue
        if name in remedies.refuse:
            yield Fault("remedies.refuse", f"{name!r} stands in allow as well", "leave it out of one of them")
        elif kind.risk is Risk.ADVICE:
            yield Fault(
                "remedies.allow", f"{name!r} cannot be made by a program: only a person can do it", "leave it out"
            )
        elif kind.risk in _GRAVE and name not in remedies.consent:
            yield Fault(
                "remedies.allow",
                f"{name!r} {_GRAVE[kind.risk]}, and the policy does not say that somebody has agreed to it",
                f'name it in consent as well: consent = ["{name}"]',
            )
    for name in remedies.consent:
        if name in BY_NAME and name not in policy.allowed:
            yield Fault("remedies.consent", f"{name!r} is not allowed, so that consent has no effect", "allow it, too")
    if not policy.allowed:
        yield Fault("remedies", "it leaves no remedy that may be made", "allow one, or do not run remediate")


def _faults_of_freeze(freeze: Freeze, key: str) -> Iterator[Fault]:
    zone = zone_of(freeze.time_zone)
    if zone is None:
        close = nearest_time_zone(freeze.time_zone) or next(iter(nearest(freeze.time_zone, _iana(), count=1)), None)
        yield Fault(
            f"{key}.time-zone",
            f"{freeze.time_zone!r} is no time zone",
            f"did you mean {close!r}?" if close else "give a name such as Europe/Berlin or W. Europe Standard Time",
        )
    once = freeze.from_ is not None or freeze.until is not None
    weekly = bool(freeze.days) or freeze.hours is not None
    if once == weekly:
        said = "it is both once and every week" if once else "it does not say when"
        yield Fault(key, said, "give from and until, or days and hours")
        return
    if weekly:
        if freeze.hours is not None and not _HOURS.fullmatch(freeze.hours.strip()):
            yield Fault(f"{key}.hours", f"{freeze.hours!r} is no span of hours", 'for example "18:00-06:00"')
        return
    times = {}
    for name, text in (("from", freeze.from_), ("until", freeze.until)):
        times[name] = _moment(text, zone or ZoneInfo("UTC"), late=name == "until")
        if times[name] is None:
            said = f"{text!r} is no date and time" if text is not None else "it is missing"
            yield Fault(f"{key}.{name}", said, "for example 2026-12-20T00:00:00")
    begins, ends = times["from"], times["until"]
    if begins is not None and ends is not None and ends <= begins:
        yield Fault(f"{key}.until", "it is not later than from", "exchange the two")


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of an IANA or a Windows name, compared without regard to case; None where there is none."""
    known = {each.lower(): each for each in _iana()}.get(name.strip().lower())
    return ZoneInfo(known) if known is not None else time_zone(name)


@lru_cache(maxsize=1)
def _iana() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _moment(text: str | None, zone: ZoneInfo, *, late: bool) -> datetime | None:
    """A date and time; without offset it is local."""
    if text is None or len(text.strip()) <= len("2026-12-20"):
        return None
    try:
        written = datetime.fromisoformat(text.strip())
        return written.astimezone(UTC) if written.tzinfo is not None else _instant(written, zone, late=late)
    except (ValueError, OverflowError):
        return None


def _instant(local: datetime, zone: ZoneInfo, *, late: bool) -> datetime:
    """A time by the clock on the wall. Where the clock skips or repeats it, a freeze is the longer one: it begins at
    the earlier of the two instants and ends at the later, of which in a gap `fold=1` is the earlier."""
    both = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(both) if late else min(both)


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """That nothing may be written now: `until` is the time from which on nothing of the policy stands in the way."""

    said: str
    until: datetime


_CHAIN = 64
"""How many freezes that follow upon each other are looked through for the end."""


def frozen(policy: Policy, now: datetime) -> Frozen | None:
    """The freeze in which a time lies; None where it lies in none. The policy must be without faults. Pure."""
    found = [(end, freeze) for freeze in policy.freeze if (end := _end(freeze, now)) is not None]
    if not found:
        return None
    until, freeze = max(found, key=lambda one: one[0])
    for _ in range(_CHAIN):
        later = max((end for each in policy.freeze if (end := _end(each, until)) is not None), default=until)
        if later <= until:
            break
        until = later
    zone = zone_of(freeze.time_zone) or ZoneInfo("UTC")
    called = f"the freeze {freeze.name}" if freeze.name else "a freeze"
    local = f" ({until.astimezone(zone):%Y-%m-%d %H:%M} {freeze.time_zone})" if zone.key != "UTC" else ""
    return Frozen(
        said=f"nothing is written in {called}, which lasts until {until:%Y-%m-%d %H:%M} UTC{local}", until=until
    )


def _end(freeze: Freeze, now: datetime) -> datetime | None:
    """When a freeze ends that holds at a time, None where it does not hold."""
    zone = zone_of(freeze.time_zone) or ZoneInfo("UTC")
    if freeze.from_ is not None or freeze.until is not None:
        begins, ends = _moment(freeze.from_, zone, late=False), _moment(freeze.until, zone, late=True)
        return ends if begins is not None and ends is not None and begins <= now < ends else None
    first, length = _span(freeze.hours)
    midnight = now.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0, fold=0)
    found = []
    # A midnight that the clock skips begins a freeze on the day before, or ends one on the day after.
    for days_ago in (2, 1, 0, -1):
        day = midnight - timedelta(days=days_ago)
        if freeze.days and _DAYS[day.weekday()] not in freeze.days:
            continue
        begins, ends = _instant(day + first, zone, late=False), _instant(day + first + length, zone, late=True)
        if begins <= now < ends:
            found.append(ends)
    return max(found, default=None)


def _span(hours: str | None) -> tuple[timedelta, timedelta]:
    """When on its day a weekly freeze begins, and how long it lasts by the clock on the wall."""
    found = _HOURS.fullmatch((hours or "00:00-24:00").strip())
    if found is None:
        return timedelta(), timedelta(days=1)
    first = timedelta(hours=int(found[1]), minutes=int(found[2]))
    last = timedelta(hours=int(found[3] or found[5]), minutes=int(found[4] or found[6]))
    return first, last - first if last > first else last - first + timedelta(days=1)


def narrowed(
    plan: Plan, policy: Policy, context: Context, findings: Iterable[Finding], unknowns: Iterable[Unknown]
) -> Plan:
    """The plan without the actions that the policy does not let through, and without those that rest on them.

    `context` is the estate that the plan was made of, `findings` and `unknowns` what was seen on it. What is taken away
    is told among the findings that are left out. Pure.
    """
    seen = tuple(findings)
    messages = {(each.check, ids.key(each.resource_id)): each.message for each in seen}
    names = {each.id.lower(): each.name for each in context.estate.subscriptions}
    doubts, touch = _doubts(seen, unknowns), Touch(context)
    dropped: dict[str, str] = {}
    for action in plan.actions:
        needed = next((key for key in action.after if key in dropped), None)
        reason = (
            f"what has to come first is left out: {dropped[needed]}"
            if needed is not None
            else _objection(action, policy, touch, names) or _unproved(action, doubts)
        )
        if reason is not None:
            dropped[action.id] = reason
    # A remedy is made as a whole or not at all: what came before a dropped call for the same findings goes with it.
    for action in plan.actions:
        if action.id not in dropped:
            continue
        for earlier in plan.actions:
            if earlier.id in action.after and set(earlier.findings) <= set(action.findings):
                dropped.setdefault(earlier.id, dropped[action.id])
    still = {ref for action in plan.actions if action.id not in dropped for ref in action.findings}
    left_out: dict[FindingRef, LeftOut] = {}
    for action in plan.actions:
        for ref in action.findings if action.id in dropped else ():
            if ref not in still:
                message = messages.get((ref.check, ids.key(ref.resource_id)), "")
                left_out.setdefault(
                    ref, LeftOut(finding=ref, message=message, reason=dropped[action.id], remedy=action.remedy)
                )
    return Plan(
        actions=tuple(action for action in plan.actions if action.id not in dropped),
        left_out=(*plan.left_out, *left_out.values()),
    )


def _objection(action: PlannedAction, policy: Policy, touch: Touch, names: Mapping[str, str]) -> str | None:
    """Why the policy's choice of machines keeps an action from being made."""
    include, exclude = policy.machines.include, policy.machines.exclude
    if not (any(_kinds(include)) or any(_kinds(exclude))):
        return None
    path = action.target.path
    lies = (ids.subscription_of(path), ids.resource_group_of(path))
    if action.remedy in _ABOUT_SUBSCRIPTIONS:
        return _placed((lies[0], ""), include, exclude, names, "the subscription", about_groups=False)
    touched = touch.machines(action)
    known = {machine.key for machine in touched}
    unseen = next((machine for machine in action.machines if ids.key(machine) not in known), None)
    if unseen is not None:
        return f"whether the policy includes {ids.name_of(unseen)} is not known: it could not be read"
    for machine in touched:
        reason = machine_objection(machine, policy, names)
        if reason is not None:
            return reason
    if touched:
        return None
    if include.tags or include.names:
        return "it is about no machine that the policy includes"
    return _placed(lies, include, exclude, names, f"what {ids.name_of(path)} lies in", about_groups=True)


def machine_objection(machine: Machine, policy: Policy, names: Mapping[str, str]) -> str | None:
    """Why a policy does not let a machine be touched, None where it does. `names` are those of the subscriptions by
    their ids in lower case."""
    include, exclude = policy.machines.include, policy.machines.exclude
    if machine.malformed is not None and (include.tags or exclude.tags):
        return f"whether the policy includes {machine.name} is not known: its tags could not be read"
    for kind, entries in _kinds(exclude):
        hit = next((entry for entry in entries if _fits(machine, kind, entry, names)), None)
        if hit is not None:
            return f"the policy excludes {machine.name} ({kind}: {hit})"
    for kind, entries in _kinds(include):
        if not any(_fits(machine, kind, entry, names) for entry in entries):
            return f"the policy does not include {machine.name} ({kind})"
    return None


def _kinds(matching: Matching) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is asked for, by the keys of the file; a kind that is not asked for is passed over."""
    kinds = {
        "tags": matching.tags,
        "resource-groups": matching.resource_groups,
        "subscriptions": matching.subscriptions,
        "names": matching.names,
    }
    return ((kind, entries) for kind, entries in kinds.items() if entries)


def _fits(machine: Machine, kind: str, entry: str, names: Mapping[str, str]) -> bool:
    if kind == "tags":
        wanted, _, value = entry.partition("=")
        return any(name.lower() == wanted.strip().lower() and value in ("*", own) for name, own in machine.tags.items())
    if kind == "names":
        return fnmatchcase(machine.name.lower(), entry.lower())
    place = (machine.subscription_id, machine.resource_group)
    return _lies_in(place, kind, entry, names)


def _lies_in(place: tuple[str, str], kind: str, entry: str, names: Mapping[str, str]) -> bool:
    subscription, group = place
    if kind == "resource-groups":
        return group.lower() == entry.lower()
    return entry.lower() in (subscription.lower(), names.get(subscription.lower(), "").lower() or None)


def _placed(
    place: tuple[str, str],
    include: Matching,
    exclude: Matching,
    names: Mapping[str, str],
    what: str,
    *,
    about_groups: bool,
) -> str | None:
    """Why the policy leaves out what is no machine, by the subscription and resource group that it lies in."""
    looked_at = ("subscriptions", "resource-groups") if about_groups else ("subscriptions",)
    for kind, entries in _kinds(exclude):
        if kind in looked_at and any(_lies_in(place, kind, entry, names) for entry in entries):
            return f"the policy excludes {what} ({kind})"
    for kind, entries in _kinds(include):
        if kind in looked_at and not any(_lies_in(place, kind, entry, names) for entry in entries):
            return f"the policy does not include {what} ({kind})"
    return None


def _doubts(findings: Iterable[Finding], unknowns: Iterable[Unknown]) -> dict[tuple[str, str], str]:
    """What was seen or could not be told of a resource by a check."""
    seen = {(each.check, ids.key(each.resource_id)): f"could not be told: {each.reason}" for each in unknowns}
    return seen | {(each.check, ids.key(each.resource_id)): f"stands in the way: {each.message}" for each in findings}


def _unproved(action: PlannedAction, doubts: Mapping[tuple[str, str], str]) -> str | None:
    """Which check keeps a remedy from being made without a person."""
    for check, what in _MUST_PASS.get(action.remedy, {}).items():
        for machine in action.machines:
            doubt = doubts.get((check, ids.key(machine)))
            if doubt is not None:
                return f"{what} of {ids.name_of(machine)} ({check}) {doubt}"
    return None
