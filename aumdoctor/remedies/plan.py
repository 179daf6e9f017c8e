"""What is to be done: actions made of remedies, in the order in which to do them, and what is left out and why.

A plan is a value. It is made of an examined estate, shown, saved, reviewed and then applied; nothing here talks to
Azure. The actions are the calls that the remedies prescribe, each once, however many findings ask for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from aumdoctor.model import ids
from aumdoctor.model.finding import Finding
from aumdoctor.remedies.remedy import ArmCall, Remedy, Risk
from aumdoctor.remedies.run_in_guest import is_run, scripted

SELECTABLE = {
    "safe": frozenset({Risk.SAFE}),
    "consent": frozenset({Risk.SAFE, Risk.CONSENT}),
    "disruptive": frozenset({Risk.SAFE, Risk.CONSENT, Risk.DISRUPTIVE}),
}
"""Which classes of risk `--risk` lets in. What costs money or grants a privilege has to be named."""

ONLY_WHEN_NAMED = frozenset({"install-cumulative-update", "install-on-demand", *scripted()})
"""Remedies that change the guest: they are planned only where somebody names them, whatever the class of risk."""


class FindingRef(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that an action cures: the check, and what the finding is about."""

    check: str
    resource_id: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How the resource that an action changes is read: a GET of `path`, with the instance view where `with_view`."""

    path: str
    api_version: str
    with_view: bool = False


class PlannedAction(msgspec.Struct, frozen=True, kw_only=True):
    """One request to be made.

    `id` is the same for the same request. `target` is what it changes, `machines` are those that it is about, `after`
    the ids of actions that have to come first (other calls of the same remedy, or what Azure refuses it beside).
    `changes` maps the leaves that the request sets, as JSON paths, to their new values; `before` is what was read there
    when the plan was made, without leaves that an earlier action sets as well, None where nothing was read.
    """

    id: str
    remedy: str
    title: str
    risk: Risk
    reversible: bool
    call: ArmCall
    az: str
    target: Reading
    machines: tuple[str, ...]
    findings: tuple[FindingRef, ...]
    changes: dict[str, Any] = {}
    before: dict[str, Any] | None = None
    after: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    bicep: str = ""
    terraform: str = ""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that no action cures, and why. `remedy` is the cure that there would be."""

    finding: FindingRef
    message: str
    reason: str
    remedy: str | None = None
    steps: tuple[str, ...] = ()


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What may be planned: remedies up to a class of risk, or exactly those that are named, and which are refused.
    `machines` are those on which named remedies that change the guest are made whatever was found: much of what they
    cure shows only inside."""

    risk: str = "safe"
    remedies: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()

    def objection(self, remedy: Remedy) -> str | None:
        """Why a remedy is not to be planned, None where it is."""
        if remedy.name in self.refused:
            return "it is refused"
        if self.remedies:
            return None if remedy.name in self.remedies else "it is not among the remedies that are named"
        if remedy.name in ONLY_WHEN_NAMED:
            return f"it changes the guest and is made only when named: --remedy {remedy.name}"
        if remedy.risk in SELECTABLE[self.risk]:
            return None
        return {
            Risk.CONSENT: "it needs consent: --risk consent",
            Risk.DISRUPTIVE: "it is disruptive: --risk disruptive",
            Risk.PRIVILEGE: f"it grants a privilege and has to be named: --remedy {remedy.name}",
            Risk.COST: f"it costs money and has to be named: --remedy {remedy.name}",
        }.get(remedy.risk, "only a person can do it")


class Prescribed(msgspec.Struct, frozen=True, kw_only=True):
    """A root cause seen on a resource, with its remedies, best first, and the place of its cure among all. A finding
    whose check is "" was not found, but named by a person."""

    finding: Finding
    remedies: tuple[Remedy, ...]
    order: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Actions in the order in which to make them, and what is left out."""

    actions: tuple[PlannedAction, ...]
    left_out: tuple[LeftOut, ...]


def plan(prescribed: Iterable[Prescribed], selection: Selection) -> Plan:
    """Plan the first remedy of each finding that the selection lets in.

    One action is planned for each request, and one for each property of a resource: where two remedies would set the
    same property to different values, or one deletes what another sets, the one that comes first in the order of cure
    is planned, the other is left out. A request whose properties are all set by planned ones already is not made again.
    """
    drafts: dict[str, _Draft] = {}
    claimed: dict[tuple[str, str], _Claim] = {}
    left_out: list[LeftOut] = []
    for each in sorted(prescribed, key=lambda one: (one.order, one.finding.resource_id.lower(), one.finding.check)):
        chosen, reason = _chosen(each.remedies, selection)
        ref = FindingRef(check=each.finding.check, resource_id=each.finding.resource_id)
        if chosen is None:
            made = [remedy for remedy in each.remedies if remedy.calls]
            first = next(iter(made or each.remedies), None)
            left_out.append(
                LeftOut(
                    finding=ref,
                    message=each.finding.message,
                    reason=reason,
                    remedy=first.name if first is not None else None,
                    steps=first.steps if first is not None else (),
                )
            )
            continue
        rival = _rival(chosen, claimed, drafts)
        if rival is not None:
            left_out.append(
                LeftOut(finding=ref, message=each.finding.message, reason=rival, remedy=chosen.name, steps=())
            )
            continue
        earlier: dict[str, None] = {}
        for number, call in enumerate(chosen.calls):
            keys = (key,) if (key := action_id(call)) in drafts else _made_already(call, claimed)
            if not keys:
                keys = (key,)
                drafts[key] = _Draft(chosen, number)
                for path, value in _claims(call).items():
                    claimed[ids.key(call.path), path] = _Claim(key, chosen.name, value)
            for known in keys:
                drafts[known].take(each.finding, ref, earlier)
            earlier |= dict.fromkeys(keys)
    _after_hotpatching(claimed, drafts)
    actions = tuple(drafts[key].action(key) for key in _in_order(drafts))
    return Plan(actions=actions, left_out=tuple(left_out))


class _Claim(NamedTuple):
    """That a planned action sets a property to a value."""

    action: str
    remedy: str
    value: Any


_WHOLE = ""
"""Stands for a resource as a whole among its properties: whether it is to be there."""


def _claims(call: ArmCall) -> dict[str, Any]:
    """What a request decides, by property in lower case; a resource that is set or deleted is there or not."""
    if call.method == "DELETE":
        return {_WHOLE: "deletes"}
    if call.method not in ("PATCH", "PUT"):
        return {}
    return {_WHOLE: "sets"} | {path.lower(): value for path, value in changes_of(call).items()}


def _made_already(call: ArmCall, claimed: Mapping[tuple[str, str], _Claim]) -> tuple[str, ...]:
    """The planned actions that together set all that a PATCH would set; none where something is left to it."""
    changes = changes_of(call) if call.method == "PATCH" else {}
    found = [(claimed.get((ids.key(call.path), path.lower())), value) for path, value in changes.items()]
    makers = [claim.action for claim, value in found if claim is not None and claim.value == value]
    return tuple(dict.fromkeys(makers)) if len(makers) == len(changes) else ()


def _after_hotpatching(claimed: Mapping[tuple[str, str], _Claim], drafts: Mapping[str, _Draft]) -> None:
    """Azure takes no bypass flag beside hotpatching: where both are changed on a VM, hotpatching is ended first."""
    ends = {resource: claim.action for (resource, path), claim in claimed.items() if path.endswith(_HOTPATCHING)}
    for (resource, path), claim in claimed.items():
        if resource in ends and path.endswith(_BYPASS) and claim.value is True:
            drafts[claim.action].after[ends[resource]] = None


_HOTPATCHING = ".patchsettings.enablehotpatching"
_BYPASS = ".automaticbyplatformsettings.bypassplatformsafetychecksonuserschedule"


def _in_order(drafts: Mapping[str, _Draft]) -> Iterable[str]:
    """The actions in the order in which they were asked for, but each after those that have to come before it. Where
    two remedies want two requests in opposite orders, the first one's order stands."""
    ordered: dict[str, None] = {}

    def place(key: str, above: frozenset[str]) -> None:
        if key in ordered:
            return
        above |= {key}
        for earlier in tuple(drafts[key].after):
            if earlier in above:
                del drafts[key].after[earlier]
            else:
                place(earlier, above)
        ordered[key] = None

    for key in drafts:
        place(key, frozenset())
    return ordered


def _chosen(remedies: Sequence[Remedy], selection: Selection) -> tuple[Remedy | None, str]:
    reasons = []
    for remedy in remedies:
        if not remedy.calls:
            if remedy.name in ONLY_WHEN_NAMED and remedy.risk is not Risk.ADVICE:
                reasons.append(f"{remedy.name}: {selection.objection(remedy)}")
            continue
        objection = selection.objection(remedy)
        if objection is None:
            return remedy, ""
        reasons.append(f"{remedy.name}: {objection}")
    if reasons:
        return None, "; ".join(reasons)
    return None, "only a person can do it" if remedies else "no cure is known that could be made out for it"


def _rival(remedy: Remedy, claimed: Mapping[tuple[str, str], _Claim], drafts: Mapping[str, _Draft]) -> str | None:
    """Why a remedy cannot be planned beside what is planned already."""
    for call in remedy.calls:
        if action_id(call) in drafts:
            continue
        for path, value in _claims(call).items():
            other = claimed.get((ids.key(call.path), path))
            if other is None or other.value == value:
                continue
            if path == _WHOLE:
                return f"{other.remedy} {other.value} the same resource"
            return f"{other.remedy} sets {path} of the same resource to another value"
    return None


class _Draft:
    """An action while findings that ask for it are still being gathered."""

    def __init__(self, remedy: Remedy, number: int) -> None:
        self.remedy = remedy
        self.number = number
        self.findings: list[FindingRef] = []
        self.machines: dict[str, None] = {}
        self.after: dict[str, None] = {}

    def take(self, finding: Finding, ref: FindingRef, earlier: Iterable[str]) -> None:
        if ref.check and ref not in self.findings:
            self.findings.append(ref)
        self.machines |= dict.fromkeys(finding.machines)
        self.after |= dict.fromkeys(earlier)

    def action(self, key: str) -> PlannedAction:
        remedy, call = self.remedy, self.remedy.calls[self.number]
        return PlannedAction(
            id=key,
            remedy=remedy.name,
            title=remedy.title,
            risk=remedy.risk,
            reversible=remedy.reversible,
            call=call,
            az=remedy.az[self.number] if len(remedy.az) == len(remedy.calls) else call.az_rest,
            target=reading_of(call),
            machines=tuple(self.machines),
            findings=tuple(self.findings),
            changes=changes_of(call),
            after=tuple(self.after),
            steps=remedy.steps,
            bicep=remedy.bicep if self.number == 0 else "",
            terraform=remedy.terraform if self.number == 0 else "",
        )


def action_id(call: ArmCall) -> str:
    """What names a request: twelve digits of a digest of method, path (without case), api-version and body."""
    text = json.dumps(
        [call.method, ids.key(call.path), call.api_version, call.body], sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def changes_of(call: ArmCall) -> dict[str, Any]:
    """The leaves that a PATCH or PUT sets, by JSON path: `properties.osProfile.….patchMode`. Lists are leaves, and so
    is an object with a name that holds a dot (tags may), to which a path would not lead back."""
    if call.method not in ("PATCH", "PUT") or call.body is None or is_run(call):
        return {}
    return dict(_leaves(call.body, ""))


def _leaves(value: dict[str, Any], above: str) -> Iterable[tuple[str, Any]]:
    for name, below in value.items():
        path = f"{above}.{name}" if above else name
        if isinstance(below, dict) and below and not any("." in name for name in below):
            yield from _leaves(below, path)
        else:
            yield path, below


def at_path(body: Any, path: str) -> Any:
    """What stands at a JSON path of a body, names compared without case; None where nothing does."""
    found = body
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = next((value for own, value in found.items() if own.lower() == name.lower()), None)
    return found


_ACTIONS_ON_MACHINES = frozenset(
    {"assesspatches", "installpatches", "start", "restart", "reapply", "deallocate", "poweroff"}
)


def reading_of(call: ArmCall) -> Reading:
    """How to read the resource that a request changes: itself, or what an action is called on."""
    if call.method != "POST":
        return Reading(path=call.path, api_version=call.api_version)
    above, _, verb = call.path.rpartition("/")
    is_vm = "/microsoft.compute/" in ids.key(call.path)
    return Reading(
        path=above,
        api_version=call.api_version,
        with_view=is_vm and verb.lower() in _ACTIONS_ON_MACHINES,
    )


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it is saved: what it was made from and for whom, and a digest over all of it.

    `collected_at` is the time of the estate, `tenant_id` and `cloud` are where it lies, `subscriptions` what was looked
    at, `checks` the ids of the checks that were run (none: all), `estate` is a fingerprint of what was seen. `digest`
    is that of everything else: a plan that was edited by hand does not match it.
    """

    format: str = "aumdoctor-plan"
    version: int = 1
    tool: str
    made_at: Annotated[datetime, Meta(tz=True)]
    collected_at: Annotated[datetime, Meta(tz=True)]
    cloud: str
    tenant_id: str | None
    subscriptions: tuple[str, ...]
    checks: tuple[str, ...] = ()
    selection: Selection
    estate: str
    actions: tuple[PlannedAction, ...]
    left_out: tuple[LeftOut, ...]
    digest: str = ""

    def computed_digest(self) -> str:
        """The digest that the plan should carry."""
        bare = msgspec.to_builtins(msgspec.structs.replace(self, digest=""))
        text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def sealed(self) -> PlanFile:
        """The same plan with its digest."""
        return msgspec.structs.replace(self, digest=self.computed_digest())

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed since the plan was made."""
        return self.digest == self.computed_digest()
