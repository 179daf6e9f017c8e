"""What happened in the windows of the past: who was patched, who was not, and what the cause of each failure is.

What Azure records lies in three places: the run of a schedule as a whole, its run on a machine, and the installation on
the machine, with the updates that failed in it. They are joined here for every window that the schedules had. A machine
without any record counts as missing, which is an inference: who is in scope, and how machines stand, is known of today
only, and the records of before say nothing of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from aumdoctor.checks.context import Context
from aumdoctor.checks.runs import (
    began,
    is_cancelled,
    schedule_key,
)
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.machine_runs import (
    BAD,
    EARLY,
    OPEN,
    Cause,
    Ended,
    MachineRun,
    Records,
    Slot,
    Trace,
    counted,
    stamp,
    when,
)
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import READ_PERMISSIONS, Fact
from aumdoctor.model.machine import Installation, Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    MaintenanceConfiguration,
    RecordedInstallation,
)
from aumdoctor.remedies.remedy import Remedy
from aumdoctor.schedule.calendar import readable_timetable, unreadable
from aumdoctor.schedule.duration import LONGEST_WINDOW, parse_duration
from aumdoctor.schedule.timetable import ClockChange, Occurrence, Timetable

KEPT = timedelta(days=30)
"""How long Azure keeps runs and installations."""

_RESTS_ON = (
    Fact.MACHINE,
    Fact.ASSIGNMENTS,
    Fact.CONFIGURATIONS,
    Fact.RUN_HISTORY,
    Fact.INSTALLATION_HISTORY,
)
"""What the answer rests on; where it is not known, something may have happened that is not seen."""
_RUN = "/providers/microsoft.maintenance/applyupdates"
_UTC = ZoneInfo("UTC")
_CLOCK_CHANGE = timedelta(hours=1)
_STARTS_MOVED = frozenset({ClockChange.START_SKIPPED, ClockChange.START_REPEATED})


class Verdict(StrEnum):
    """PATCHED: every machine of every window was patched or had nothing to do. FAILED: something failed or is missing.
    UNKNOWN: nothing that was seen did, and not all could be seen, or not all is over."""

    PATCHED = "patched"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RunCause(msgspec.Struct, frozen=True, kw_only=True):
    """The machines of a window that share an ending and a cause. `said` is what is true of all of them; of one machine
    it is the machine's own sentence. `advice` are sentences, `cure` is made out for the first machine with one."""

    ended: Ended
    check: str
    name: str
    said: str
    machines: tuple[MachineRun, ...]
    advice: tuple[str, ...]
    cure: tuple[Remedy, ...]


class WindowRuns(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one schedule.

    `planned` says that the schedule as it stands now had a window then; else there are only the records of one, and its
    length is a guess. `left_out` counts machines that are in scope now and came after the window. `next` is the
    schedule's next window, and `change_until` the time by which changes must be made to count for it.
    """

    configuration: MaintenanceConfiguration
    occurrence: Occurrence
    planned: bool
    machines: tuple[MachineRun, ...]
    causes: tuple[RunCause, ...]
    left_out: int = 0
    notes: tuple[str, ...] = ()
    next: Occurrence | None = None
    change_until: datetime | None = None

    def count(self, *ended: Ended) -> int:
        """How many machines the window ended for in one of some ways."""
        return sum(each.ended in ended for each in self.machines)


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """An installation that belongs to no window: on demand where a user started it."""

    machine: Machine | None
    installation: RecordedInstallation
    on_demand: bool


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the answer rests on and that is not known. `by_choice`: the options said not to read it."""

    scope: str
    said: str
    permission: str | None = None
    by_choice: bool = False


class PostMortem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the windows between `since` and `now`, the newest first. `said` is one sentence. `unreadable` are
    schedules whose windows cannot be told, each with why; `without_window` were asked about and had none."""

    since: datetime
    now: datetime
    verdict: Verdict
    said: str
    windows: tuple[WindowRuns, ...]
    apart: tuple[Apart, ...]
    unreadable: tuple[tuple[MaintenanceConfiguration, str], ...] = ()
    without_window: tuple[tuple[MaintenanceConfiguration, str], ...] = ()
    blind: tuple[Blind, ...] = ()

    def count(self, *ended: Ended) -> int:
        """The same over all windows: a machine counts once for each."""
        return sum(window.count(*ended) for window in self.windows)


def post_mortem(
    chains: Chains,
    since: datetime,
    *,
    configurations: Collection[str] | None = None,
    machines: Collection[str] | None = None,
) -> PostMortem:
    """What became of the windows that began between `since` and the time of the examination.

    `configurations` are the keys of the only schedules to look at, `machines` those of the only machines. Pure.
    """
    return _Enquiry(chains, since, configurations, machines).report()


class _Calendar:
    """The windows of one schedule in the time looked at, and the slot of any moment."""

    def __init__(self, configuration: MaintenanceConfiguration, since: datetime, now: datetime) -> None:
        self.configuration = configuration
        self.times: Timetable | None = None
        if configuration.exists and configuration.is_guest_patching:
            self.times = readable_timetable(configuration)
        occurrences = list(self.times.between(since, now)) if self.times is not None else []
        self.slots = [Slot(configuration, each, planned=True) for each in occurrences]
        self._starts = [each.starts_at for each in occurrences]
        self._beside: list[Slot] = []
        self._since, self._now = since, now
        self.length = parse_duration(configuration.window.duration) or LONGEST_WINDOW

    def planned(self, moment: datetime) -> Slot | None:
        """The window that is open at a moment, or begins within a quarter of an hour; where the clock changes at its
        start, within an hour more, for what Azure then does is not documented."""
        at = bisect_right(self._starts, moment + EARLY) - 1
        if at >= 0 and moment < self.slots[at].occurrence.ends_at:
            return self.slots[at]
        following = self.slots[at + 1] if at + 1 < len(self.slots) else None
        if following is not None and following.occurrence.clock in _STARTS_MOVED:
            return following if following.occurrence.starts_at - moment <= EARLY + _CLOCK_CHANGE else None
        return None

    def at(self, moment: datetime) -> Slot | None:
        """The slot of a run that began at a moment: planned, or one made for it; None outside of the time looked at."""
        found = self.planned(moment)
        if found is not None or not self._since <= moment <= self._now:
            return found
        for slot in self._beside:
            if abs(slot.occurrence.starts_at - moment) < timedelta(hours=1):
                return slot
        zone = self.times.zone if self.times is not None else _UTC
        made = Occurrence(starts_at=moment, ends_at=moment + self.length, zone=zone)
        self._beside.append(Slot(self.configuration, made, planned=False))
        return self._beside[-1]

    @property
    def all_slots(self) -> list[Slot]:
        return [*self.slots, *self._beside]


class _Enquiry:
    """One post-mortem: the records, indexed once, and what is found out of them."""

    def __init__(
        self,
        chains: Chains,
        since: datetime,
        configurations: Collection[str] | None,
        machines: Collection[str] | None,
    ) -> None:
        self.records = Records(chains)
        self.chains = chains
        self.context: Context = chains.context
        self.estate: Estate = chains.context.estate
        self.now = chains.context.now
        self.asked_since = since
        self.since = max(since, self.estate.history_since) if self.estate.history_since is not None else since
        self.configurations = configurations
        self.only = machines
        self.blind: list[Blind] = []
        self.calendars: dict[str, _Calendar] = {}
        self.reaching: dict[str, dict[str, list[ConfigurationAssignment]]] = self._reach()

    def _reach(self) -> dict[str, dict[str, list[ConfigurationAssignment]]]:
        """Which machines a schedule reaches now, and by which assignments: by the keys of both."""
        found: dict[str, dict[str, list[ConfigurationAssignment]]] = defaultdict(lambda: defaultdict(list))
        for machine, ties in self.context.attachments.items():
            if self.only is not None and machine not in self.only:
                continue
            for tie in ties:
                if tie.is_patch_schedule:
                    found[ids.key(tie.assignment.maintenance_configuration_id)][machine].append(tie.assignment)
        return found

    def _wants(self, configuration: str) -> bool:
        return self.configurations is None or configuration in self.configurations

    def _wants_machine(self, machine: str) -> bool:
        if self.only is not None:
            return machine in self.only
        return not self.estate.scope.is_narrowed or machine in self.estate.machines_by_key

    def _calendar(self, configuration: str, spelled: str = "") -> _Calendar | None:
        """The calendar of a schedule, by its key; None for one that does not patch guests or is not asked about."""
        if not self._wants(configuration):
            return None
        if configuration not in self.calendars:
            known = self.estate.configurations_by_key.get(configuration)
            if known is None:
                name = ids.name_of(spelled or configuration) or "a schedule that Azure does not name"
                known = MaintenanceConfiguration(id=spelled or configuration, name=name, exists=False)
            self.calendars[configuration] = _Calendar(known, self.since, self.now)
        found = self.calendars[configuration]
        return found if found.configuration.is_guest_patching or not found.configuration.exists else None

    def _gather(self) -> tuple[Apart, ...]:
        for configuration in self.context.guest_configurations:
            self._calendar(ids.key(configuration.id))
        for run in self.estate.configuration_runs:
            slot = self._slot_of(run)
            if slot is not None:
                slot.whole.append(run)
        for run in self.estate.runs:
            machine = ids.key(run.resource_id)
            if (run.maintenance_scope or "inguestpatch").lower() != "inguestpatch" or not self._wants_machine(machine):
                continue
            slot = self._slot_of(run)
            if slot is not None:
                slot.runs[machine].append(run)
                self.records.rows_of[machine].append((run, slot))
        return tuple(self._take_installations())

    def _slot_of(self, run: ApplyUpdate) -> Slot | None:
        key = schedule_key(run) or _schedule_in(run.correlation_id)
        moment = _named_start(run.correlation_id) or began(run)
        if not key:
            # It does not say which: where the machine has but one, it is that.
            reaching = [each for each, machines in self.reaching.items() if ids.key(run.resource_id) in machines]
            key = reaching[0] if len(reaching) == 1 else ""
        calendar = self._calendar(key, run.maintenance_configuration_id)
        return calendar.at(moment) if calendar is not None and moment is not None else None

    def _take_installations(self) -> Iterator[Apart]:
        for found in self._installations():
            machine = ids.key(found.machine_id)
            moment = found.installation.started_at
            if not self._wants_machine(machine):
                continue
            slot = self._slot_of_installation(machine, found.installation)
            if slot is not None:
                slot.installations[machine].append(found)
            elif moment is not None and moment >= self.since and self.configurations is None:
                yield Apart(
                    machine=self.estate.machines_by_key.get(machine),
                    installation=found,
                    on_demand=_is_on_demand(found.installation),
                )

    def _installations(self) -> Iterator[RecordedInstallation]:
        """The history and, where it could not be read, the newest installation of each machine."""
        yield from self.estate.installations
        for machine in self.estate.machines:
            if machine.installation is not None and not self.records.is_known(machine.key, Fact.INSTALLATION_HISTORY):
                yield RecordedInstallation(id=machine.id, machine_id=machine.key, installation=machine.installation)

    def _slot_of_installation(self, machine: str, installation: Installation) -> Slot | None:
        """The window of an installation: by the run that it names, else by its time."""
        named = installation.maintenance_run_id or ""
        rows = self.records.rows_of.get(machine, ())
        schedule, start = _schedule_in(named), _named_start(named)
        if schedule and start is not None:
            calendar = self._calendar(schedule, named[: named.lower().find(_RUN)])
            return calendar.at(start) if calendar is not None else None
        if named:
            for run, slot in rows:
                if _same_run(named, run):
                    return slot
        moment = installation.started_at
        if moment is None or _is_on_demand(installation):
            return None
        for _, slot in rows:
            if slot.occurrence.starts_at - EARLY <= moment < slot.occurrence.ends_at:
                return slot
        for tie in self.context.attachments.get(machine, ()):
            found = self.calendars.get(ids.key(tie.assignment.maintenance_configuration_id))
            slot_then = found.planned(moment) if found is not None else None
            if slot_then is not None:
                return slot_then
        return None

    def _look_for_darkness(self) -> None:
        populated = {machine.subscription_id for machine in self.estate.machines}
        told: set[tuple[str, Fact]] = set()
        for subscription in self.estate.subscriptions:
            scope = ids.subscription_scope(subscription.id)
            rests_on = _RESTS_ON if subscription.id.lower() in populated else (Fact.MACHINE,)
            for fact in rests_on:
                reading = self.estate.reading(fact, scope)
                if reading.is_known:
                    continue
                told.add((subscription.id.lower(), fact))
                name = subscription.name or subscription.id
                said = f"{_WHAT[fact]} of {name} could not be seen: {reading.reason or 'it was not read'}"
                self.blind.append(
                    Blind(scope=scope, said=said, permission=reading.permission, by_choice=reading.by_choice)
                )
        for gap in self.estate.gaps:
            if gap.fact not in _RESTS_ON or (ids.subscription_of(gap.scope), gap.fact) in told:
                continue
            answer = gap.message or gap.code or (f"HTTP {gap.status}" if gap.status is not None else "no answer came")
            self.blind.append(
                Blind(scope=gap.scope, said=f"{gap.operation}: {answer}", permission=gap.missing_permission)
            )
        if self.since > self.asked_since:
            said = f"runs before {when(self.since)} were not read: the estate reaches back no further"
            self.blind.append(Blind(scope="/", said=said))
        for configuration, machines in self.reaching.items():
            if configuration not in self.estate.configurations_by_key and self._wants(configuration):
                said = f"the schedule {ids.name_of(configuration)} could not be read, to which "
                said += f"{counted(len(machines), 'machine')} {'is' if len(machines) == 1 else 'are'} attached"
                permission = READ_PERMISSIONS[Fact.CONFIGURATIONS][0]
                self.blind.append(Blind(scope=configuration, said=said, permission=permission))

    def report(self) -> PostMortem:
        """Gather, judge and sum up."""
        self._look_for_darkness()
        apart = self._gather()
        windows = [
            window
            for calendar in self.calendars.values()
            for slot in calendar.all_slots
            if (window := self._window(calendar, slot)) is not None
        ]
        windows.sort(key=lambda each: ids.key(each.configuration.id))
        windows.sort(key=lambda each: each.occurrence.starts_at, reverse=True)
        unread = tuple(self._unreadable())
        without = tuple(self._without_window(windows))
        verdict = self._verdict(windows, unread)
        found = PostMortem(
            since=self.since,
            now=self.now,
            verdict=verdict,
            said="",
            windows=tuple(windows),
            apart=tuple(sorted(apart, key=_started, reverse=True)),
            unreadable=unread,
            without_window=without,
            blind=tuple(self.blind),
        )
        return msgspec.structs.replace(found, said=_said(found))

    def _verdict(
        self,
        windows: Sequence[WindowRuns],
        unread: Sequence[tuple[MaintenanceConfiguration, str]],
    ) -> Verdict:
        if any(window.count(*BAD) for window in windows):
            return Verdict.FAILED
        if any(window.count(*OPEN) for window in windows) or unread:
            return Verdict.UNKNOWN
        return Verdict.UNKNOWN if any(not each.by_choice for each in self.blind) else Verdict.PATCHED

    def _unreadable(self) -> Iterator[tuple[MaintenanceConfiguration, str]]:
        for key, calendar in self.calendars.items():
            fault = unreadable(calendar.configuration) if calendar.configuration.exists else None
            if fault is not None and (self.configurations is not None or self.reaching.get(key)):
                yield calendar.configuration, str(fault)

    def _without_window(self, windows: Sequence[WindowRuns]) -> Iterator[tuple[MaintenanceConfiguration, str]]:
        """Schedules that were asked about by name and whose last window lies before the time looked at."""
        seen = {ids.key(window.configuration.id) for window in windows}
        for key in self.configurations or ():
            calendar = self.calendars.get(key)
            if calendar is None or calendar.times is None or key in seen:
                continue
            last = calendar.times.previous(self.now)
            if last is None:
                continue
            said = f"its last window began {when(last.starts_at)}, before the time looked at"
            if last.starts_at < self.now - KEPT:
                said += f"; Azure keeps runs for {KEPT.days} days"
                self.blind.append(Blind(scope=calendar.configuration.id, said=f"{calendar.configuration.name}: {said}"))
                continue
            days = -((last.starts_at - self.now) // timedelta(days=1))
            yield calendar.configuration, f"{said}; --last {min(days, KEPT.days)}d reaches it"

    def _window(self, calendar: _Calendar, slot: Slot) -> WindowRuns | None:
        """A window as it went; None where it concerns nobody."""
        configuration, key = slot.configuration, ids.key(slot.configuration.id)
        due = slot.planned or any(is_cancelled(run) for run in slot.whole)
        if configuration.created_at is not None and configuration.created_at > slot.occurrence.starts_at:
            due = False  # the schedule was not there yet
        reached = self.reaching.get(key, {}) if due else {}
        left_out = 0
        judged: list[MachineRun] = []
        for machine in dict.fromkeys((*reached, *slot.runs, *slot.installations)):
            found = Trace(self.records, slot, machine, reached.get(machine)).judged()
            if found is None:
                left_out += 1
            else:
                judged.append(found)
        if not judged and (self.configurations is None or (not slot.planned and not slot.has_records)):
            return None
        next_window = calendar.times.next(self.now) if calendar.times is not None else None
        lead = self.records.lead(key)
        return WindowRuns(
            configuration=configuration,
            occurrence=slot.occurrence,
            planned=slot.planned,
            machines=tuple(judged),
            causes=tuple(self._causes(judged)),
            left_out=left_out,
            notes=tuple(self._notes(slot, judged, left_out)),
            next=next_window,
            change_until=next_window.starts_at - lead if next_window is not None else None,
        )

    def _notes(self, slot: Slot, judged: Sequence[MachineRun], left_out: int) -> Iterator[str]:
        if not slot.configuration.exists:
            yield "the schedule itself is not there any more, or could not be read; its length is a guess"
        elif not slot.planned:
            yield "the schedule as it stands now has no window then: it was changed since, or somebody started the run"
        if any(each.ended is Ended.NO_RECORD for each in judged):
            yield "who is in scope, and how machines stand, is known of today only: it may have been different then"
        gone = sum(each.machine is None for each in judged)
        if gone:
            yield f"{counted(gone, 'machine')} with a record {'is' if gone == 1 else 'are'} not in the estate any more"
        if left_out:
            yield f"{counted(left_out, 'machine')} came into scope after the window"
        if slot.occurrence.clock is not None:
            yield f"the clock changed: {slot.occurrence.clock.value.replace('-', ' ')}"

    def _causes(self, judged: Sequence[MachineRun]) -> Iterator[RunCause]:
        """The machines for which something is to be said, folded: those of one ending, check and sentence together."""
        grouped: dict[tuple[Ended, str, str], list[MachineRun]] = defaultdict(list)
        for each in judged:
            if each.cause is not None:
                grouped[each.ended, each.cause.check, each.cause.said].append(each)
        rank = {ended: position for position, ended in enumerate(_WORST_FIRST)}
        for (ended, check, said), found in sorted(
            grouped.items(), key=lambda each: (rank[each[0][0]], -len(each[1]), each[0][1:])
        ):
            own = found[0].cause
            yield RunCause(
                ended=ended,
                check=check,
                name=self._name(check),
                said=found[0].said if len(found) == 1 else said,
                machines=tuple(sorted(found, key=lambda each: each.machine_id.lower())),
                advice=self._advice(check, own) if own is not None else (),
                cure=next((each.cure for each in found if each.cure), ()),
            )

    def _name(self, check: str) -> str:
        known = self.chains.checks.get(check)
        return known.name if known is not None else _NAMES.get(check, "")

    def _advice(self, check: str, cause: Cause) -> tuple[str, ...]:
        """What to do: what is known of this very cause, else what the check's documentation says."""
        if cause.advice is not None:
            return cause.advice
        known = self.chains.checks.get(check)
        if known is None:
            return ()
        _, _, after = known.documentation.partition("## What to do\n")
        told = " ".join(after.partition("\n## ")[0].split())
        return (told,) if told else ()


_WORST_FIRST = (
    *(Ended.FAILED, Ended.CANCELLED, Ended.NO_RECORD, Ended.UNKNOWN, Ended.IN_PROGRESS),
    *(Ended.WITH_WARNINGS, Ended.NO_OP, Ended.SUCCEEDED),
)

_WHAT = {
    Fact.MACHINE: "the machines",
    Fact.ASSIGNMENTS: "the assignments of schedules",
    Fact.CONFIGURATIONS: "the maintenance configurations",
    Fact.RUN_HISTORY: "the runs of schedules",
    Fact.INSTALLATION_HISTORY: "the installations",
}

_NAMES = {
    "AUM008": "not-assessed",
    "AUM065": "classification-mismatch",
    "AUM068": "kb-filters",
    "AUM082": "late-scope-change",
    "AUM083": "pre-event-delivery-failure",
    "AUM084": "run-cancelled",
    "AUM087": "pending-update-stuck",
    "AUM101": "reboot-insufficient-time",
    "AUM106": "wsus-unapproved-updates",
    "AUM132": "install-completed-with-warnings",
    "AUM133": "install-stuck-inprogress",
    "AUM134": "run-without-machine-record",
    "AUM135": "run-no-op",
    "AUM136": "internal-execution-error",
}
"""What checks are called that may not be among those that the estate was examined with."""


def _said(found: PostMortem) -> str:
    """The answer in one sentence."""
    failed, missing = found.count(Ended.FAILED, Ended.CANCELLED), found.count(Ended.NO_RECORD)
    open_, patched = found.count(*OPEN), found.count(Ended.SUCCEEDED, Ended.WITH_WARNINGS)
    total = sum(len(window.machines) for window in found.windows)
    windows = f"{total:,} due in {counted(len(found.windows), 'window')} since {when(found.since)}"
    if found.verdict is Verdict.FAILED:
        parts = [f"{failed:,} failed or {'was' if failed == 1 else 'were'} cancelled"] if failed else []
        parts += [f"{missing:,} {'has' if missing == 1 else 'have'} no record"] if missing else []
        parts += [f"{open_:,} cannot be told"] if open_ else []
        return f"{', '.join(parts)}, of {windows}"
    if found.verdict is Verdict.UNKNOWN:
        dark = next((each for each in found.blind if not each.by_choice), None)
        if dark is not None:
            return f"not all could be seen: {dark.said}"
        if open_:
            return f"{open_:,} cannot be told, or not yet, of {windows}"
        return f"the windows of {found.unreadable[0][0].name} cannot be told: {found.unreadable[0][1]}"
    if not found.windows:
        return f"no machine had a window since {when(found.since)}"
    idle = found.count(Ended.NO_OP)
    beside = f", {idle:,} had nothing installed" if idle else ""
    return f"nothing failed: {patched:,} {'was' if patched == 1 else 'were'} patched{beside}, of {windows}"


@lru_cache(maxsize=16384)
def _named_start(run_id: str | None) -> datetime | None:
    """The start of a window by the name of its run (`…/applyupdates/20260606220000`, in UTC)."""
    name = (run_id or "").rstrip("/").rsplit("/", 1)[-1]
    if len(name) != 14 or not name.isascii() or not name.isdecimal():
        return None
    try:
        return datetime.strptime(name, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def _schedule_in(run_id: str | None) -> str:
    """The key of the configuration that a run's id names; empty where it names none."""
    lowered = ids.key(run_id or "")
    head, mark, _ = lowered.partition(_RUN)
    return head if mark and "/maintenanceconfigurations/" in head else ""


def _same_run(named: str, run: ApplyUpdate) -> bool:
    """Whether the run that an installation names, by an id without its schedule, is this one: by the last part."""
    wanted = ids.name_of(named).lower()
    return any(ids.name_of(own).lower() == wanted for own in (run.correlation_id, run.id) if own)


def _started(apart: Apart) -> tuple[float, str]:
    return stamp(apart.installation.installation.started_at), apart.installation.id


def _is_on_demand(installation: Installation) -> bool:
    """Whether a user started it: then no run of a schedule is behind it."""
    return not installation.maintenance_run_id and (installation.started_by or "").lower() == "user"
