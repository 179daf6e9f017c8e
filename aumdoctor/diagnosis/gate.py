"""May the coming windows go ahead? One verdict, what stands in the way, what to do first, and until when.

The gate tightens as a window nears: far from it an obstacle is news, nearer a warning, and close to it a no. A machine
that is off has until shortly before the window to be started. What could not be seen is never a go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.examine import stops_patching
from aumdoctor.diagnosis.forecast import OF_THE_PAST
from aumdoctor.diagnosis.links import Link, link_of
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.facts import Fact, Gap
from aumdoctor.model.finding import Finding, Severity, Unknown
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.remedies.remedy import Remedy
from aumdoctor.schedule.calendar import PatchWindow

MACHINE_IS_OFF = "AUM012"
"""The check whose findings count only shortly before a window: a machine can be started until then."""

_WHAT_IS_IN_SCOPE = (Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS)
_MADE_BEFORE_THE_PRE_EVENT = (Link.ASSIGNMENT, Link.SCHEDULE)


class Go(StrEnum):
    """GO: nothing that counts stands in the way. NO_GO: something does. UNKNOWN: nothing that was seen does, and not
    all that matters could be seen."""

    GO = "go"
    NO_GO = "no-go"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """How near a window is. FAR: obstacles are news. NEAR: they are warnings. DUE: they count. OPEN: it has begun."""

    FAR = "far"
    NEAR = "near"
    DUE = "due"
    OPEN = "open"


class Tolerance(msgspec.Struct, frozen=True):
    """How many machines of one window may be blocked: so many, or so many of a hundred."""

    count: int = 0
    percent: float | None = None

    def allows(self, blocked: int, of: int) -> bool:
        """Whether so many blocked machines of a window may be passed over."""
        return blocked <= self.count if self.percent is None else blocked * 100.0 <= self.percent * of

    def __str__(self) -> str:
        return str(self.count) if self.percent is None else f"{self.percent:g} %"


class GateRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate goes by.

    `fail_on` is the severity from which on a finding counts (None: none does): high and critical count where they stop
    installation or schedule, a lower one counts whatever it does. `warn_from`, `fail_from` and `power_from` are the
    times before a window's start from which on obstacles warn, count, and being off is one.
    """

    fail_on: Severity | None = Severity.HIGH
    tolerance: Tolerance = Tolerance()
    warn_from: timedelta = timedelta(hours=72)
    fail_from: timedelta = timedelta(hours=4)
    power_from: timedelta = timedelta(minutes=60)


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Why one machine of a window is not ready: what blocks it (`check` is the root cause) or what is not known of it
    (`permission` is the missing right, where that is why)."""

    machine: Machine
    check: str
    name: str
    message: str
    permission: str | None = None


class WindowVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One window: `blocked`, `unknown` and `off` are machines that are not ready, each with its first obstacle; `off`
    are those that are only switched off while that does not count yet. `ready` counts the others.

    `change_until` is the time by which changes of schedule, scope and machines must be made to count for this run,
    `start_until` that by which a machine must be on. `pre_event` says that somebody is told before the run begins: then
    it can be cancelled until `cancel_until`, and changes must be made earlier. `notes` are sentences.
    """

    window: PatchWindow
    phase: Phase
    verdict: Go
    ready: int
    blocked: tuple[Obstacle, ...] = ()
    unknown: tuple[Obstacle, ...] = ()
    off: tuple[Obstacle, ...] = ()
    change_until: datetime
    start_until: datetime
    cancel_until: datetime
    pre_event: bool | None
    notes: tuple[str, ...] = ()


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One cause to remove, over all windows: `until` is the earliest time by which it must be done, None where the
    window has begun and it is too late for it."""

    check: str
    name: str
    severity: Severity
    message: str
    machines: tuple[str, ...]
    cure: tuple[Remedy, ...]
    until: datetime | None


class GateVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate says. `said` is one sentence; `fixes` are in the order of cure; `unreadable` are schedules whose
    windows cannot be told, each with why; `blind` is what of the scope could not be seen."""

    verdict: Go
    said: str
    now: datetime
    rules: GateRules
    windows: tuple[WindowVerdict, ...]
    fixes: tuple[Fix, ...]
    unreadable: tuple[tuple[MaintenanceConfiguration, str], ...] = ()
    without_window: tuple[MaintenanceConfiguration, ...] = ()
    blind: tuple[str, ...] = ()
    missing_permissions: tuple[str, ...] = ()


def judge_windows(
    chains: Chains,
    windows: Sequence[PatchWindow],
    rules: GateRules,
    *,
    unreadable: Sequence[tuple[MaintenanceConfiguration, str]] = (),
    without_window: Sequence[MaintenanceConfiguration] = (),
) -> GateVerdict:
    """Judge some windows of an examined estate. Pure; the time is that of the examination.

    `unreadable` are schedules that were asked about and whose times cannot be read, `without_window` those that have no
    window to come.
    """
    now = chains.context.now
    blind, permissions = _blind(chains)
    judged = tuple(_judge(chains, window, rules) for window in windows)
    permissions += [found.permission for each in judged for found in each.unknown if found.permission]
    verdicts = {each.verdict for each in judged}
    if Go.NO_GO in verdicts or without_window:
        verdict = Go.NO_GO
    elif Go.UNKNOWN in verdicts or unreadable or blind:
        verdict = Go.UNKNOWN
    else:
        verdict = Go.GO
    return GateVerdict(
        verdict=verdict,
        said=_said(verdict, judged, unreadable, without_window, blind),
        now=now,
        rules=rules,
        windows=judged,
        fixes=_fixes(chains, judged, rules),
        unreadable=tuple(unreadable),
        without_window=tuple(without_window),
        blind=tuple(blind),
        missing_permissions=tuple(dict.fromkeys(permissions)),
    )


def _judge(chains: Chains, window: PatchWindow, rules: GateRules) -> WindowVerdict:
    now, starts_at = chains.context.now, window.occurrence.starts_at
    left = starts_at - now
    power_counts = left <= rules.power_from
    blocked, unknown, off = [], [], []
    for machine in window.machines:
        found = _blocking(chains, machine, rules)
        counting = [finding for finding in found if power_counts or not _is_about_power(finding)]
        not_known = _not_known(chains, machine, power_counts)
        if counting:
            blocked.append(_obstacle(chains, machine, counting[0]))
        elif not_known is not None:
            unknown.append(_missing(chains, machine, not_known))
        elif found:
            off.append(_obstacle(chains, machine, found[0]))
    of_schedule = [
        _missing(chains, machine, dark)
        for dark in chains.unknowns_about(window.configuration.id)
        if chains.can_stop(dark)
        for machine in window.machines[:1]
    ]
    phase = _phase(left, rules)
    counts = phase in (Phase.DUE, Phase.OPEN)
    told = chains.context.told_before_runs.get(ids.key(window.configuration.id), ())
    scope = window.configuration.id
    events_known = chains.context.estate.reading(Fact.EVENT_SUBSCRIPTIONS, scope).is_known
    if counts and rules.fail_on is not None and not rules.tolerance.allows(len(blocked), len(window.machines)):
        verdict = Go.NO_GO
    elif unknown or of_schedule:
        verdict = Go.UNKNOWN
    else:
        verdict = Go.GO
    lead = rule("change-lead-with-pre-event" if told else "change-lead").span
    return WindowVerdict(
        window=window,
        phase=phase,
        verdict=verdict,
        ready=len(window.machines) - len(blocked) - len(unknown) - len(off),
        blocked=tuple(blocked),
        unknown=(*unknown, *of_schedule),
        off=tuple(off),
        change_until=starts_at - lead,
        start_until=starts_at - rule("machine-on-lead").span,
        cancel_until=starts_at - rule("cancel-lead").span,
        pre_event=bool(told) if told or events_known else None,
        notes=tuple(_notes(window, phase, rules, len(blocked), len(off), now)),
    )


def _phase(left: timedelta, rules: GateRules) -> Phase:
    if left <= timedelta(0):
        return Phase.OPEN
    if left <= rules.fail_from:
        return Phase.DUE
    return Phase.NEAR if left <= rules.warn_from else Phase.FAR


def _blocking(chains: Chains, machine: Machine, rules: GateRules) -> list[Finding]:
    """The findings that may keep a machine out of its window, those that are not about power first."""
    threshold = rules.fail_on if rules.fail_on is not None else Severity.HIGH
    found = [
        finding
        for finding in chains.findings_of(machine)
        if finding.severity >= threshold
        and (stops_patching(finding) or threshold < Severity.HIGH)
        and not OF_THE_PAST.intersection((finding.check, finding.explained_by))
    ]
    return sorted(found, key=lambda each: (_is_about_power(each), -each.severity, each.check))


def _is_about_power(finding: Finding) -> bool:
    return MACHINE_IS_OFF in (finding.check, finding.explained_by)


def _not_known(chains: Chains, machine: Machine, power_counts: bool) -> Unknown | None:
    for unknown in chains.unknowns_of(machine):
        if not chains.can_stop(unknown) or unknown.check in OF_THE_PAST:
            continue
        if unknown.check == MACHINE_IS_OFF and not power_counts:
            continue
        return unknown
    return None


def _obstacle(chains: Chains, machine: Machine, finding: Finding) -> Obstacle:
    root = chains.root_of(finding)
    return Obstacle(machine=machine, check=root.check, name=root.name, message=root.message)


def _missing(chains: Chains, machine: Machine, unknown: Unknown) -> Obstacle:
    return Obstacle(
        machine=machine,
        check=unknown.check,
        name=chains.checks[unknown.check].name,
        message=unknown.reason,
        permission=unknown.permission,
    )


def _notes(window: PatchWindow, phase: Phase, rules: GateRules, blocked: int, off: int, now: datetime) -> Iterable[str]:
    starts_at = window.occurrence.starts_at
    if not window.machines:
        yield "no machine is in its scope now: the run would patch nothing"
    if phase is Phase.OPEN:
        yield f"it began at {starts_at:%H:%M} UTC: changes come too late for this run"
    if blocked and phase is Phase.FAR:
        yield f"what blocks machines is told as news: it warns from {starts_at - rules.warn_from:%Y-%m-%d %H:%M} UTC on"
    if blocked and phase in (Phase.FAR, Phase.NEAR):
        yield f"what blocks machines counts from {starts_at - rules.fail_from:%Y-%m-%d %H:%M} UTC on"
    if off:
        yield f"machines that are off count from {max(now, starts_at - rules.power_from):%Y-%m-%d %H:%M} UTC on"
    if window.occurrence.clock is not None:
        yield f"the clock changes: {window.occurrence.clock.value.replace('-', ' ')}"


def _fixes(chains: Chains, judged: Sequence[WindowVerdict], rules: GateRules) -> tuple[Fix, ...]:
    """The causes behind what is blocked, in the order of cure, each until the earliest window that it spoils."""
    machines: dict[str, dict[str, None]] = defaultdict(dict)
    deadlines: dict[str, list[datetime | None]] = defaultdict(list)
    for each in judged:
        for obstacle in (*each.blocked, *each.off):
            machines[obstacle.check][obstacle.machine.id] = None
            late = each.phase is Phase.OPEN
            deadlines[obstacle.check].append(None if late else _until(each, obstacle.check))
    fixes = []
    for diagnosis in sorted(chains.examination.diagnoses, key=lambda found: found.cure_order):
        if diagnosis.cause not in machines:
            continue
        affected = tuple(machines[diagnosis.cause])
        known = [until for until in deadlines[diagnosis.cause] if until is not None]
        fixes.append(
            Fix(
                check=diagnosis.cause,
                name=diagnosis.name,
                severity=diagnosis.severity,
                message=_message(chains, diagnosis.cause, diagnosis.message, affected),
                machines=affected,
                cure=_cure(chains, diagnosis.cause, affected) or diagnosis.cure,
                until=min(known) if known else None,
            )
        )
    return tuple(fixes)


def _findings_behind(chains: Chains, cause: str, machines: Sequence[str]) -> Iterable[Finding]:
    """The findings of a cause about some machines."""
    wanted = set(map(ids.key, machines))
    for finding in chains.examination.findings:
        subjects = {ids.key(finding.resource_id), *map(ids.key, finding.machines)}
        if finding.check == cause and not wanted.isdisjoint(subjects):
            yield finding


def _message(chains: Chains, cause: str, message: str, machines: Sequence[str]) -> str:
    """The cause in its own words where the gate's machines have one finding of it, else what the check says."""
    messages = list(dict.fromkeys(finding.message for finding in _findings_behind(chains, cause, machines)))
    if len(messages) == 1:
        return messages[0]
    return chains.checks[cause].summary.rstrip(".") if messages else message


def _cure(chains: Chains, cause: str, machines: Sequence[str]) -> tuple[Remedy, ...]:
    first = next(iter(_findings_behind(chains, cause, machines)), None)
    return chains.cure_of(first) if first is not None else ()


def _until(judged: WindowVerdict, check: str) -> datetime:
    if check == MACHINE_IS_OFF:
        return judged.start_until
    if link_of(check) in _MADE_BEFORE_THE_PRE_EVENT:
        return judged.change_until
    return judged.window.occurrence.starts_at - rule("change-lead").span


def _blind(chains: Chains) -> tuple[list[str], list[str]]:
    """What of the scope could not be seen, so that machines and windows may be missing; and the rights for it."""
    estate = chains.context.estate
    blind, permissions = [], []
    for subscription in estate.subscriptions:
        scope = ids.subscription_scope(subscription.id)
        for fact in _WHAT_IS_IN_SCOPE:
            reading = estate.reading(fact, scope)
            if not reading.is_known:
                name = subscription.name or subscription.id
                blind.append(f"{fact.value} of subscription {name}: {reading.reason}")
                permissions += [reading.permission] if reading.permission else []
    told = {ids.key(ids.subscription_scope(each.id)) for each in estate.subscriptions}
    for gap in estate.gaps:
        if gap.fact in (None, *_WHAT_IS_IN_SCOPE) and _is_further(gap, told, blind):
            blind.append(f"{gap.operation} in {gap.scope}: {gap.code or gap.status or ''} {gap.message}".rstrip())
            permissions += [gap.missing_permission] if gap.missing_permission else []
    return blind, permissions


def _is_further(gap: Gap, told: set[str], blind: list[str]) -> bool:
    """Whether a gap says more than the readings of the subscriptions that have been named already."""
    return not (ids.key(gap.scope) in told and blind)


def _said(
    verdict: Go,
    judged: Sequence[WindowVerdict],
    unreadable: Sequence[tuple[MaintenanceConfiguration, str]],
    without_window: Sequence[MaintenanceConfiguration],
    blind: Sequence[str],
) -> str:
    blocked = len({obstacle.machine.key for each in judged for obstacle in each.blocked})
    unknown = len({obstacle.machine.key for each in judged for obstacle in each.unknown})
    machines = len({machine.key for each in judged for machine in each.window.machines})
    windows = f"{len(judged)} window{'' if len(judged) == 1 else 's'}"
    if verdict is Go.NO_GO and without_window:
        return f"{without_window[0].name} has no window to come: no run will take place"
    if verdict is Go.NO_GO:
        worst = next(each for each in judged if each.verdict is Go.NO_GO)
        return (
            f"{blocked} of {machines} machines would not be patched; {worst.window.configuration.name} begins "
            f"{worst.window.occurrence.starts_at:%Y-%m-%d %H:%M} UTC"
        )
    if verdict is Go.UNKNOWN and blind:
        return f"not all of the scope could be seen: {blind[0]}"
    if verdict is Go.UNKNOWN and unreadable:
        return f"the windows of {unreadable[0][0].name} cannot be told: {unreadable[0][1]}"
    if verdict is Go.UNKNOWN:
        return f"of {unknown} of {machines} machines it cannot be told whether they will be patched"
    if not judged:
        return "no window begins in that time"
    if blocked:
        return f"{blocked} of {machines} machines in {windows} are blocked, which is tolerated or does not count yet"
    return f"nothing stands in the way of {machines} machines in {windows}"
