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
from aumdoctor.diagnosis.forecast import OF_THE_PAST, is_of_another_schedule
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

SCHEDULE_HAS_ENDED = "AUM062"
"""The check of schedules whose end has passed."""

_CLASHES = ("AUM009", "AUM079")
"""Checks of windows that get into each other's way on a machine."""

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
    unknown_tolerance: Tolerance = Tolerance()
    warn_from: timedelta = timedelta(hours=72)
    fail_from: timedelta = timedelta(hours=4)
    power_from: timedelta = timedelta(minutes=60)


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Why one machine of a window is not ready: what blocks it (`check` is the root cause) or what is not known of it
    (`permission` is the missing right, where that is why). One below `fail_on` does not count, and is told all the
    same."""

    machine: Machine
    check: str
    name: str
    message: str
    permission: str | None = None
    counts: bool = True


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
    """One cause to remove, over all windows: `until` is the earliest time by which it must be done, None where it is
    too late for all of them."""

    check: str
    name: str
    severity: Severity
    message: str
    machines: tuple[str, ...]
    cure: tuple[Remedy, ...]
    until: datetime | None


class GateVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate says. `said` is one sentence; `fixes` are in the order of cure; `unreadable` are schedules whose
    windows cannot be told, each with why; `unscheduled` are machines that no schedule reaches; `blind` is what of the
    scope could not be seen."""

    verdict: Go
    said: str
    now: datetime
    rules: GateRules
    windows: tuple[WindowVerdict, ...]
    fixes: tuple[Fix, ...]
    unreadable: tuple[tuple[MaintenanceConfiguration, str], ...] = ()
    without_window: tuple[MaintenanceConfiguration, ...] = ()
    unscheduled: tuple[Machine, ...] = ()
    blind: tuple[str, ...] = ()
    missing_permissions: tuple[str, ...] = ()


def judge_windows(
    chains: Chains,
    windows: Sequence[PatchWindow],
    rules: GateRules,
    *,
    unreadable: Sequence[tuple[MaintenanceConfiguration, str]] = (),
    without_window: Sequence[MaintenanceConfiguration] = (),
    unscheduled: Sequence[Machine] = (),
    of_everything: bool = True,
) -> GateVerdict:
    """Judge some windows of an examined estate. Pure; the time is that of the examination.

    `unreadable` are schedules that were asked about and whose times cannot be read, `without_window` those that have no
    window to come, `unscheduled` machines that were asked about and have no schedule. `of_everything` says that all
    windows of the scope were asked about: then what could not be seen of any schedule or machine may matter.
    """
    now = chains.context.now
    blind, permissions = _blind(chains, windows, of_everything=of_everything)
    judged = tuple(_judge(chains, window, rules) for window in windows)
    permissions += [found.permission for each in judged for found in each.unknown if found.permission]
    verdicts = {each.verdict for each in judged}
    if Go.NO_GO in verdicts or ((without_window or unscheduled) and not blind):
        verdict = Go.NO_GO
    elif Go.UNKNOWN in verdicts or unreadable or blind:
        verdict = Go.UNKNOWN
    else:
        verdict = Go.GO
    return GateVerdict(
        verdict=verdict,
        said=_said(verdict, judged, unreadable, without_window, unscheduled, blind),
        now=now,
        rules=rules,
        windows=judged,
        fixes=_fixes(chains, judged, rules),
        unreadable=tuple(unreadable),
        without_window=tuple(without_window),
        unscheduled=tuple(unscheduled),
        blind=tuple(blind),
        missing_permissions=tuple(dict.fromkeys(permissions)),
    )


def _judge(chains: Chains, window: PatchWindow, rules: GateRules) -> WindowVerdict:
    now, starts_at = chains.context.now, window.occurrence.starts_at
    left = starts_at - now
    power_counts = left <= rules.power_from
    blocked, unknown, off = [], [], []
    for machine in window.machines:
        found = _blocking(chains, machine, window, rules)
        timely = [finding for finding in found if power_counts or not _is_about_power(finding)]
        counting = [finding for finding in timely if rules.fail_on is not None and finding.severity >= rules.fail_on]
        not_known = _not_known(chains, machine, power_counts)
        if timely:
            blocked.append(_obstacle(chains, machine, (counting or timely)[0], counts=bool(counting)))
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
    cancelled = chains.context.is_cancelled(window)
    of_weight = sum(obstacle.counts for obstacle in blocked)
    too_many = not rules.tolerance.allows(of_weight, len(window.machines))
    too_dark = not rules.unknown_tolerance.allows(len(unknown), len(window.machines))
    if cancelled or (counts and too_many):
        verdict = Go.NO_GO
    elif too_dark or of_schedule or not window.machines:
        verdict = Go.UNKNOWN
    else:
        verdict = Go.GO
    # Where it is not known whether somebody is told beforehand, the earlier time is the safe one.
    lead = rule("change-lead" if events_known and not told else "change-lead-with-pre-event").span
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
        notes=(
            *(("its run was cancelled: it will not take place",) if cancelled else ()),
            *_notes(window, phase, rules, len(blocked), len(off), now),
            *_reservations(chains, window),
            *_age_of_assignments(chains, window),
        ),
    )


def _reservations(chains: Chains, window: PatchWindow) -> Iterable[str]:
    """What is said of the schedule itself, or of clashes on its machines, and stops nothing."""
    clashing: dict[str, int] = defaultdict(int)
    for machine in window.machines:
        for check in {finding.check for finding in chains.findings_of(machine)}.intersection(_CLASHES):
            clashing[check] += 1
    for check, machines in sorted(clashing.items()):
        name = chains.checks[check].name.replace("-", " ")
        yield f"{_count(machines)} {'has' if machines == 1 else 'have'} {name} ({check}): the run may be late or missed"
    for finding in chains.findings_about(window.configuration.id):
        if finding.severity >= Severity.MEDIUM and not stops_patching(finding):
            yield f"{finding.message} ({finding.check})"


def _count(machines: int) -> str:
    return f"{machines:,} machine{'' if machines == 1 else 's'}"


def _age_of_assignments(chains: Chains, window: PatchWindow) -> Iterable[str]:
    """That who is in scope comes from Resource Graph, which lags: Resource Manager does not list it everywhere."""
    subscriptions = dict.fromkeys(machine.subscription_id for machine in window.machines)
    for subscription in subscriptions:
        reading = chains.context.estate.reading(Fact.ASSIGNMENTS, ids.subscription_scope(subscription))
        if reading.source == "graph":
            yield "who is in its scope is told by Resource Graph, which lags some minutes behind"
            return


def _phase(left: timedelta, rules: GateRules) -> Phase:
    if left <= timedelta(0):
        return Phase.OPEN
    if left <= rules.fail_from:
        return Phase.DUE
    return Phase.NEAR if left <= rules.warn_from else Phase.FAR


def _blocking(chains: Chains, machine: Machine, window: PatchWindow, rules: GateRules) -> list[Finding]:
    """The findings that may keep a machine out of a window, or that are to count, those that are not about power
    first. A schedule that has ended goes on with a run that began before."""
    threshold = rules.fail_on if rules.fail_on is not None else Severity.HIGH
    begun = window.has_begun(chains.context.now)
    found = [
        finding
        for finding in chains.findings_of(machine)
        if (stops_patching(finding) or (threshold < Severity.HIGH and finding.severity >= threshold))
        and not OF_THE_PAST.intersection((finding.check, finding.explained_by))
        and not (begun and SCHEDULE_HAS_ENDED in (finding.check, finding.explained_by))
        and not is_of_another_schedule(chains.root_of(finding), window.configuration, chains.context)
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


def _obstacle(chains: Chains, machine: Machine, finding: Finding, *, counts: bool = True) -> Obstacle:
    root = chains.root_of(finding)
    return Obstacle(machine=machine, check=root.check, name=root.name, message=root.message, counts=counts)


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
        yield (
            "no machine was seen in its scope: the run would patch nothing, or its machines lie in subscriptions that "
            "were not looked at"
        )
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
            until = _until(each, obstacle.check)
            late = each.phase is Phase.OPEN or until < chains.context.now
            deadlines[obstacle.check].append(None if late else until)
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


def _blind(chains: Chains, windows: Sequence[PatchWindow], *, of_everything: bool) -> tuple[list[str], list[str]]:
    """What of the scope could not be seen, so that machines and windows may be missing; and the rights for it."""
    estate = chains.context.estate
    asked = {ids.key(window.configuration.id) for window in windows}
    asked |= {machine.key for window in windows for machine in window.machines}
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
        of_one = "/providers/" in gap.scope.lower()
        if of_one and not of_everything and ids.key(gap.scope) not in asked:
            continue
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
    unscheduled: Sequence[Machine],
    blind: Sequence[str],
) -> str:
    blocked = len({obstacle.machine.key for each in judged for obstacle in each.blocked})
    off = len({obstacle.machine.key for each in judged for obstacle in each.off})
    unknown = len({obstacle.machine.key for each in judged for obstacle in each.unknown})
    machines = _count(len({machine.key for each in judged for machine in each.window.machines}))
    windows = f"{len(judged)} window{'' if len(judged) == 1 else 's'}"
    worst = next((each for each in judged if each.verdict is Go.NO_GO), None)
    empty = next((each for each in judged if not each.window.machines), None)
    if verdict is Go.NO_GO:
        if worst is None and without_window:
            return f"{without_window[0].name} has no window to come: no run will take place"
        if worst is None:
            return f"{unscheduled[0].name} has no window to come: none of the schedules asked about reaches it"
        if not worst.blocked:
            return f"the run of {worst.window.configuration.name} was cancelled: it will not take place"
        begins = f"{worst.window.configuration.name} begins {worst.window.occurrence.starts_at:%Y-%m-%d %H:%M} UTC"
        return f"{blocked:,} of {machines} would not be patched; {begins}"
    if verdict is Go.UNKNOWN:
        if blind:
            return f"not all of the scope could be seen: {blind[0]}"
        if unreadable:
            return f"the windows of {unreadable[0][0].name} cannot be told: {unreadable[0][1]}"
        if empty is not None and not unknown:
            return f"no machine was seen in the scope of {empty.window.configuration.name}"
        return f"of {unknown:,} of {machines} it cannot be told whether they will be patched"
    if not judged:
        return "no window begins in that time"
    aside = [f"{blocked:,} blocked, which is tolerated or does not count yet"] if blocked else []
    aside += [f"{off:,} off as yet"] if off else []
    aside += [f"{unknown:,} unknown, which is tolerated"] if unknown else []
    if aside:
        return f"of {machines} in {windows} {', '.join(aside)}"
    return f"nothing stands in the way of {machines} in {windows}"
