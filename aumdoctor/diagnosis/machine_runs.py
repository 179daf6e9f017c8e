"""One machine in one window of the past: how it ended, what the cause was, and what that rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from aumdoctor.checks.context import Context
from aumdoctor.checks.patch_errors import place
from aumdoctor.checks.runs import BY_PLATFORM, SUCCEEDED, WAITING, began, is_cancelled, is_under_way, texts_of
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.examine import stops_patching
from aumdoctor.knowledge.entry import Entry
from aumdoctor.knowledge.lookup import look_up
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Reading
from aumdoctor.model.finding import Evidence, Finding
from aumdoctor.model.machine import ErrorDetail, Installation, Machine
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    MaintenanceConfiguration,
    RecordedInstallation,
)
from aumdoctor.remedies.remedy import Remedy
from aumdoctor.schedule.exceeded import explain_exceeded
from aumdoctor.schedule.timetable import Occurrence

EARLY = timedelta(minutes=15)
"""How long before a window a record may begin that is counted as the window's."""

_LAG = timedelta(hours=3)
"""Resource Graph lags: how long after a window a record may still be missing."""
_GRACE = timedelta(hours=1)
"""How long after its window a run may still be in progress before it counts as stuck; Azure names no limit."""
_SHUT_DOWN = "shutdownorunresponsive"
_DELETE = "microsoft.compute/virtualmachines/delete"
_WSUS = frozenset({"wsus", "wu_wsus", "wu-wsus"})


class Ended(StrEnum):
    """How a window ended for a machine.

    SUCCEEDED: it was patched. WITH_WARNINGS: it was, and something is left to do. NO_OP: the run succeeded and
    installed nothing. FAILED, CANCELLED: as it says. NO_RECORD: the machine is in scope and there is no trace of a run.
    IN_PROGRESS: it goes on. UNKNOWN: it cannot be told.
    """

    SUCCEEDED = "succeeded"
    WITH_WARNINGS = "succeeded-with-warnings"
    NO_OP = "no-op"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NO_RECORD = "no-record"
    IN_PROGRESS = "in-progress"
    UNKNOWN = "unknown"


BAD = frozenset({Ended.FAILED, Ended.CANCELLED, Ended.NO_RECORD})
"""The endings after which a machine was not patched, or not as it should have been."""

OPEN = frozenset({Ended.IN_PROGRESS, Ended.UNKNOWN})
"""The endings that are none: it is not known, or not yet."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a window ended for a machine as it did. `check` is the id of the check that knows of it, `said` what is true
    of every machine with this cause, `advice` what to do about it: None where the check's own documentation says it."""

    check: str
    said: str
    advice: tuple[str, ...] | None = None


class MachineRun(msgspec.Struct, frozen=True, kw_only=True):
    """One machine in one window.

    `machine` is None where it is not in the estate any more. `in_scope` is as of today. `said` is a sentence, empty
    where all went well. `likely` are findings of today that may be why there is no record, the likeliest first; `cure`
    is what cures the first of them, or today's finding of the cause where there is one.
    """

    machine_id: str
    machine: Machine | None
    in_scope: bool
    ended: Ended
    said: str = ""
    cause: Cause | None = None
    evidence: tuple[Evidence, ...] = ()
    likely: tuple[Finding, ...] = ()
    cure: tuple[Remedy, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    installed: int | None = None
    failed: int | None = None
    pending: int | None = None
    failed_patches: tuple[str, ...] = ()

    @property
    def went_well(self) -> bool:
        """Whether there is nothing to say of it."""
        return self.ended is Ended.SUCCEEDED or (self.ended is Ended.NO_OP and self.cause is None)


class Slot:
    """A window of a schedule while its records are gathered, by machine."""

    def __init__(self, configuration: MaintenanceConfiguration, occurrence: Occurrence, *, planned: bool) -> None:
        self.configuration = configuration
        self.occurrence = occurrence
        self.planned = planned
        self.runs: dict[str, list[ApplyUpdate]] = defaultdict(list)
        self.installations: dict[str, list[RecordedInstallation]] = defaultdict(list)
        self.whole: list[ApplyUpdate] = []
        self.notes: list[str] = []

    @property
    def has_records(self) -> bool:
        return bool(self.runs or self.installations or self.whole)


class Records:
    """What is looked up for every machine, looked up once: readings, changes, the runs of each machine."""

    def __init__(self, chains: Chains) -> None:
        self.chains = chains
        self.context: Context = chains.context
        self.estate: Estate = chains.context.estate
        self.now = chains.context.now
        self.rows_of: dict[str, list[tuple[ApplyUpdate, Slot]]] = defaultdict(list)
        self._readings: dict[tuple[str, Fact], Reading] = {}
        self._changes: dict[str, list[datetime]] = defaultdict(list)
        for event in self.estate.maintenance_changes:
            if event.at is not None and event.operation.lower().endswith("/write"):
                self._changes[ids.key(event.resource_id)].append(event.at)

    def scope_of(self, machine: str) -> str:
        """What the readings of a machine are looked up by: itself where it has some of its own, else its
        subscription."""
        if self.estate.own_readings(machine):
            return machine
        return ids.subscription_scope(ids.subscription_of(machine))

    def is_known(self, machine: str, fact: Fact) -> bool:
        """Whether a fact about a machine was read."""
        return self._reading(self.scope_of(machine), fact).is_known

    def _reading(self, scope: str, fact: Fact) -> Reading:
        found = self._readings.get((scope, fact))
        if found is None:
            found = self._readings[scope, fact] = self.estate.reading(fact, scope)
        return found

    def lead(self, configuration: str) -> timedelta:
        """How long before a window changes must be made to count for it."""
        told = self.context.told_before_runs.get(configuration)
        return rule("change-lead-with-pre-event" if told else "change-lead").span

    def evidence(
        self, scope: str, fact: Fact, path: str, observed: Any, expected: Any = None, resource_id: str | None = None
    ) -> Evidence:
        """One observation, with the source and the time of its reading; `scope` as of `scope_of`."""
        reading = self._reading(scope, fact)
        return Evidence(
            path=path,
            observed=observed,
            expected=None if expected == observed else expected,
            source=reading.source,
            observed_at=reading.observed_at,
            resource_id=resource_id,
        )

    def changed(self, resource_id: str, after: datetime, before: datetime | None = None) -> datetime | None:
        """When something was written to a schedule or an assignment in a time, None where it was not."""
        found = self._changes.get(ids.key(resource_id), ())
        return max((at for at in found if at >= after and (before is None or at <= before)), default=None)


_LIKELY = (
    *("AUM030", "AUM031", "AUM032", "AUM012", "AUM117"),
    *("AUM070", "AUM071", "AUM072", "AUM073", "AUM074", "AUM082", "AUM084", "AUM009", "AUM062"),
)
"""What mostly is behind a machine without a record, the likeliest first."""

_OF_RUNS = frozenset({"AUM011", "AUM013", "AUM087", "AUM130", "AUM131", "AUM132", "AUM133", "AUM134", "AUM135"})
"""Checks that tell how something ended, and so are no reason why a run left no record."""


_WITH_A_CURE_OF_ITS_OWN = frozenset({"AUM011", "AUM134"})
"""Checks whose finding of today may be about another window, or another cause, than the one judged."""


def _place_of(check: str) -> int:
    return _LIKELY.index(check) if check in _LIKELY else len(_LIKELY)


class Trace:
    """What is known of one machine in one window, and what follows from it."""

    def __init__(self, records: Records, slot: Slot, key: str, ties: Sequence[ConfigurationAssignment] | None) -> None:
        self.records = records
        self.slot = slot
        self.key = key
        self.ties = ties
        self.scope = records.scope_of(key)
        self.machine = records.estate.machines_by_key.get(key)
        self.run = _newest_run(slot.runs.get(key, ()))
        self.recorded = _newest_installation(slot.installations.get(key, ()))
        self.installation = self.recorded.installation if self.recorded is not None else None
        self.starts_at, self.ends_at = slot.occurrence.starts_at, slot.occurrence.ends_at

    def judged(self) -> MachineRun | None:
        """How the window ended for the machine; None where it was not yet in scope."""
        if self.run is None and self.recorded is None:
            return self._without_record()
        for judge in (self._cancelled, self._shut_down, self._under_way, self._exceeded, self._failed, self._warned):
            found = judge()
            if found is not None:
                return found
        return self._well()

    def _without_record(self) -> MachineRun | None:
        if self._came_later():
            return None
        whole = next((run for run in self.slot.whole if is_cancelled(run)), None)
        if whole is not None:
            return self._cancelled_by(whole)
        doubt = self._doubt()
        if doubt:
            return self._ended(Ended.UNKNOWN, Cause(check="AUM134", said=doubt, advice=()), doubt)
        likely = tuple(self._likely())
        late = self._late_change()
        reason = self._first_reason(likely, late)
        said = "no run is recorded for the machine, though it is in scope"
        if reason:
            said += f"; as things stand today, likely because {reason}"
        else:
            said += "; nothing that was found today explains it"
        cures = (self._cure(each) for each in likely)
        return self._ended(
            Ended.NO_RECORD,
            Cause(check="AUM134", said=said, advice=_AFTER_NO_RECORD),
            said,
            evidence=tuple(self._signs_of_absence(likely, late)),
            likely=likely,
            cure=next((cure for cure in cures if cure), ()) if likely else self._cure_of_this_window(),
        )

    def _first_reason(self, likely: Sequence[Finding], late: tuple[str, datetime] | None) -> str:
        """What most likely is behind there being no record: findings of today, and what the records themselves show."""
        reasons = [(_place_of(each.check), f"{each.message} ({each.check})") for each in likely[:1]]
        if late is not None:
            told = f"{late[0]} was changed at {when(late[1])}, too shortly before the window (AUM082)"
            reasons.append((_place_of("AUM082"), told))
        meanwhile = self._other_run()
        if meanwhile:
            reasons.append((_place_of("AUM009"), f"the schedule {meanwhile} was at work on it meanwhile (AUM009)"))
        return min(reasons, default=(0, ""))[1]

    def _cure_of_this_window(self) -> tuple[Remedy, ...]:
        """The cure of today's finding that there is no record, where it is about this very window."""
        today = self._today("AUM134")
        if today is None or ids.key(today.details.get("maintenanceConfigurationId", "")) != ids.key(
            self.slot.configuration.id
        ):
            return ()
        return self._cure(today) if when(self.starts_at) in today.message else ()

    def _came_later(self) -> bool:
        created = self.machine.time_created if self.machine is not None else None
        if created is not None and created > self.starts_at - EARLY:
            return True
        ties = self.ties or ()
        return bool(ties) and all(tie.created_at is not None and tie.created_at > self.starts_at for tie in ties)

    def _doubt(self) -> str:
        """Why nothing follows from there being no record; empty where something does."""
        records = self.records
        if not records.is_known(self.key, Fact.RUN_HISTORY):
            reading = records.estate.reading(Fact.RUN_HISTORY, self.key)
            return f"the runs could not be read: {reading.reason or 'they were not read'}"
        if records.now < self.ends_at:
            return "the window is open, and nothing is recorded yet"
        if records.now < self.ends_at + _LAG:
            return "the window has only just ended, and Resource Graph lags: nothing is recorded yet"
        if not self.slot.has_records:
            configuration = self.slot.configuration
            since = configuration.last_modified_at
            if since is None or since <= self.starts_at:
                since = records.changed(configuration.id, self.starts_at)
            if since is not None:
                return f"the schedule was changed on {when(since)}: whether it had this window is not known"
        # A static tie that is known to be older than the window holds whatever was written to it since.
        ties = self.ties or ()
        if ties and all(records.changed(tie.id, self.starts_at) is not None for tie in ties):
            if any(not tie.is_dynamic and tie.created_at is not None for tie in ties):
                return ""
            return "its assignment was changed after the window: whether it was in scope then is not known"
        return ""

    def _late_change(self) -> tuple[str, datetime] | None:
        """What was written to just before the window, so that this run did not heed it."""
        configuration = self.slot.configuration
        since = self.starts_at - self.records.lead(ids.key(configuration.id))
        named = [(configuration.id, f"the schedule {configuration.name}")]
        named += [(tie.id, f"the assignment {tie.name}") for tie in self.ties or ()]
        for resource_id, words in named:
            at = self.records.changed(resource_id, since, self.starts_at)
            if at is not None:
                return words, at
        return None

    def _other_run(self) -> str:
        """The name of another schedule whose run on the machine overlaps with the window."""
        for run, slot in self.records.rows_of.get(self.key, ()):
            began_at = began(run)
            if slot is self.slot or began_at is None or slot.configuration.id == self.slot.configuration.id:
                continue
            if began_at < self.ends_at and (run.ended_at or began_at) > self.starts_at - EARLY:
                return slot.configuration.name
        return ""

    def _likely(self) -> list[Finding]:
        """Findings of today that explain that there is no record: the usual ones in their order, then whatever else
        stops patching."""
        if self.machine is None:
            return []
        found = [
            each
            for each in self.records.chains.findings_of(self.machine)
            if each.check in _LIKELY or (stops_patching(each) and each.check not in _OF_RUNS)
        ]
        return sorted(found, key=lambda each: (_place_of(each.check), -each.severity, each.check))

    def _signs_of_absence(self, likely: Sequence[Finding], late: tuple[str, datetime] | None) -> Iterator[Evidence]:
        yield self._sign(
            Fact.RUN_HISTORY, "maintenanceresources: applyupdates", None, f"a run of {self.starts_at.isoformat()}"
        )
        recurs = self.slot.configuration.window.recur_every
        yield self._sign(
            Fact.CONFIGURATIONS,
            "properties.maintenanceWindow.recurEvery",
            recurs,
            resource_id=self.slot.configuration.id,
        )
        if late is not None:
            yield self._sign(Fact.MAINTENANCE_CHANGES, "eventTimestamp", late[1].isoformat())
        for finding in likely[:1]:
            yield from finding.evidence

    def _cancelled(self) -> MachineRun | None:
        if self.installation is not None and not _is_waiting(self.installation):
            return None
        if self.run is not None and is_cancelled(self.run):
            return self._cancelled_by(self.run)
        whole = next((run for run in self.slot.whole if is_cancelled(run)), None)
        if whole is not None and (self.run is None or is_under_way(self.run)):
            return self._cancelled_by(whole)
        return None

    def _cancelled_by(self, run: ApplyUpdate) -> MachineRun:
        told = run.error_message or f"the run's status is {run.status}"
        by_platform = BY_PLATFORM in texts_of(run)
        if by_platform:
            said = "Azure itself cancelled the run, as it does where the event before a run cannot be delivered, or "
            said += "where schedule or scope were changed too shortly before"
        else:
            said = "the run was cancelled through the cancellation API, by somebody or by a handler of its pre-event"
            if "maintenance cancelled" not in texts_of(run):
                said = "the run was cancelled; by whom is not recorded"
        late = self._late_change()
        check = "AUM083" if by_platform else "AUM084"
        if by_platform and late is not None:
            check = "AUM082"
            said = f"Azure itself cancelled the run: {late[0]} was changed at {when(late[1])}, too shortly before it"
        signs = [*self._run_signs(run)]
        if late is not None:
            signs.append(self._sign(Fact.MAINTENANCE_CHANGES, "eventTimestamp", late[1].isoformat()))
        advice = _ADVICE.get(check, ())
        cause = Cause(check=check, said=said, advice=advice)
        return self._ended(Ended.CANCELLED, cause, f"{said}: {told}", evidence=tuple(signs))

    def _shut_down(self) -> MachineRun | None:
        texts = " ".join(self._texts()).lower()
        if self.run is not None:
            texts += " " + texts_of(self.run)
        if _SHUT_DOWN not in texts or (self.installation is not None and status_of(self.installation) in SUCCEEDED):
            return None
        started = (self.run.started_at if self.run is not None else None) or self.starts_at
        signs = [*self._signs()]
        proofs = list(self._recreated(started))
        if proofs:
            said = "the machine was deleted and created again under its id shortly before, and the schedule was still "
            said += "tied to the old one (ShutdownOrUnresponsive)"
            if any(each.path == "operationName" for each in proofs):
                told = f"{said}, as the activity log shows"
            else:
                why = "shows no deletion" if self._is_known(Fact.ACTIVITY_LOG) else "could not be read"
                told = f"{said}; concluded from its time of creation, for the activity log {why}"
            advice: tuple[str, ...] = ("delete its assignment and create it anew, or wait 12 hours after the creation",)
        else:
            said = "the machine was off or did not answer when the run began (ShutdownOrUnresponsive)"
            told = said
            if self.machine is not None and not self._is_known(Fact.ACTIVITY_LOG):
                told += "; the activity log could not be read, which would tell whether it had been created again"
            if self.machine is not None and self.machine.is_reachable is False:
                told += "; it is not running now either"
            advice = (
                f"see that it runs at least {rule('machine-on-lead').span // timedelta(minutes=1)} minutes before "
                "the window begins",
            )
        cause = Cause(check="AUM011", said=said, advice=advice)
        # Today's finding is about the newest run, which may have failed for the other of the two reasons.
        today = self._today("AUM011")
        same = today is not None and (today.details.get("cause") == "recreated") is bool(proofs)
        cure = self._cure(today) if today is not None and same else ()
        return self._ended(Ended.FAILED, cause, told, evidence=(*proofs, *signs), cure=cure)

    def _recreated(self, started: datetime) -> Iterator[Evidence]:
        """That the machine was created again shortly before a run: by its time of creation and the activity log."""
        within = rule("recreated-machine")
        created = self.machine.time_created if self.machine is not None else None
        if created is not None and timedelta(0) <= started - created < within.span:
            expected = f"more than {within.hours} hours before the run"
            yield self._sign(Fact.MACHINE, "properties.timeCreated", created.isoformat(), expected)
        for event in self.records.context.activity_by_resource.get(self.key, ()):
            if event.operation.lower() != _DELETE or (event.status or "").lower() != "succeeded" or event.at is None:
                continue
            if timedelta(0) <= started - event.at < (within.elsewhere_span or within.span):
                by = f" by {event.caller}" if event.caller else ""
                yield self._sign(Fact.ACTIVITY_LOG, "operationName", f"{event.operation} at {event.at.isoformat()}{by}")
                return

    def _under_way(self) -> MachineRun | None:
        made, run = self.installation, self.run
        status = made.status if made is not None else run.status if run is not None else None
        goes_on = is_going_on(made) if made is not None else run is not None and is_under_way(run)
        if not goes_on or not status:  # a record without a status tells nothing
            return None
        signs = tuple(self._signs())
        if self.records.now <= self.ends_at + _GRACE:
            said = f"it goes on (status {status})"
            return self._ended(Ended.IN_PROGRESS, Cause(check="AUM133", said=said, advice=()), said, evidence=signs)
        waits = made is None and status.lower() in WAITING
        if waits:
            hours = rule("pending-update-retry").span // timedelta(hours=1)
            said = f"the run never began on the machine: its status is still {status}"
            advice = (f"Azure tries again after {hours} hours; install on demand to catch up now",)
            return self._ended(Ended.FAILED, Cause(check="AUM087", said=said, advice=advice), said, evidence=signs)
        said = f"it is still {status}, more than an hour after its window"
        return self._ended(Ended.FAILED, Cause(check="AUM133", said=said), said, evidence=signs)

    def _exceeded(self) -> MachineRun | None:
        made = self.installation
        if made is None or made.maintenance_window_exceeded is not True:
            return None
        machine, configuration = self.machine, self.slot.configuration
        known = self.slot.planned
        reason = explain_exceeded(
            made,
            self.ends_at - self.starts_at if known else None,
            os=machine.os_type if machine is not None else None,
            is_arc=machine.is_arc if machine is not None else "/microsoft.hybridcompute/" in self.key,
            reboot_setting=_reboot_setting(machine, configuration),
            window_end=self.ends_at if known else None,
        )
        rules = f"time rule{'' if len(reason.rules) == 1 else 's'}: {', '.join(reason.rules)}"
        left = f"; {counted(made.pending_count, 'update')} left pending" if made.pending_count else ""
        cause = Cause(
            check="AUM013",
            said=f"the installation ran out of its window: {_EXCEEDED[reason.by.value]} ({rules})",
        )
        ended = Ended.FAILED if status_of(made) == "failed" or made.failed_count else Ended.WITH_WARNINGS
        said = f"the installation ran out of its window: {reason.explanation} ({rules}){left}"
        signs = [*self._signs(), self._of_installation("maintenanceWindowExceeded", True, False)]
        if made.reboot_status:
            signs.append(self._of_installation("rebootStatus", made.reboot_status))
        duration = configuration.window.duration
        signs.append(
            self._sign(
                Fact.CONFIGURATIONS, "properties.maintenanceWindow.duration", duration, resource_id=configuration.id
            )
        )
        return self._ended(ended, cause, said, evidence=tuple(signs))

    def _failed(self) -> MachineRun | None:
        made, run = self.installation, self.run
        install_failed = made is not None and (status_of(made) == "failed" or bool(made.failed_count))
        run_failed = run is not None and (run.status or "").lower() in ("failed", "timedout", "timeout")
        if not install_failed and not run_failed:
            return None
        patches = self.recorded.failed_patches if self.recorded is not None else ()
        failed = made.failed_count if made is not None else None
        which = ", ".join(patches) if patches else (counted(failed, "update") if failed else "")
        cause, quoted = self._cause_by_texts(which)
        signs = [*self._signs()]
        if cause is not None and cause.check == "AUM130":
            cause, more = self._why_not_assessed(cause)
            signs += more
        if cause is None:
            if which:
                said = f"{which} failed to install"
            elif made is None:
                said = "the run failed before anything was installed, and Azure gives no reason"
            else:
                said = "the installation failed, and Azure gives no reason"
            if made is not None and not install_failed:
                said = "the run failed though its installation did not, and Azure gives no reason"
            cause = Cause(check="AUM131", said=said)
        told = f"{cause.said}: {quoted}" if quoted and quoted.lower() not in cause.said.lower() else cause.said
        return self._ended(Ended.FAILED, cause, told, evidence=tuple(signs))

    def _cause_by_texts(self, which: str) -> tuple[Cause | None, str]:
        """The cause that the error texts name, and the text to quote."""
        texts = self._texts()
        quoted = texts[0] if texts else ""
        failing = f"{which} failed: " if which else ""
        for text in texts:
            lowered = text.lower()
            if "prerequisite" in lowered:
                mode = self._today("AUM030", "AUM031", "AUM032")
                check = mode.check if mode is not None else "AUM030"
                said = "a prerequisite was missing: the patch mode or the safety flag keeps the schedule out"
                return Cause(check=check, said=f"{failing}{said}"), text
            for entry in _entries(text):
                check = self._check_of(entry)
                if check:
                    means = entry.means[:1].lower() + entry.means[1:].rstrip(".") if entry.means else entry.name
                    code = f" ({entry.code})" if entry.code else ""
                    return Cause(check=check, said=f"{failing}{means}{code}", advice=entry.advice), text
        if quoted and which:
            return Cause(check="AUM131", said=f"{which} failed to install"), quoted
        if quoted:
            return Cause(check="AUM131", said=f"the installation failed: {quoted}"), quoted
        return None, ""

    def _why_not_assessed(self, cause: Cause) -> tuple[Cause, list[Evidence]]:
        """The same of a run that failed with its assessment, with what the newest assessment says, if that failed."""
        result = self.machine.assessment if self.machine is not None else None
        if result is None or (result.status or "").lower() != "failed":
            return cause, []
        for error in result.errors:
            path = place(result, error.path)
            signs = [self._sign(Fact.ASSESSMENT, path, error.message)]
            for entry in _entries(error.message):
                check = self._check_of(entry)
                if check and check != cause.check:
                    means = entry.means[:1].lower() + entry.means[1:].rstrip(".")
                    said = f"the assessment that every run makes failed, as it does now: {means}"
                    return Cause(check=check, said=said, advice=entry.advice), signs
        return cause, []

    def _check_of(self, entry: Entry) -> str:
        """The check of an error text: the one that is found on the machine today, else the first, AUM008 for a code."""
        if not entry.checks:
            return "AUM008" if entry.code.startswith("0x") else ""
        if "AUM130" in entry.checks and entry.name == "assessment failure":
            return "AUM130"
        if "AUM027" in entry.checks and self._uses_wsus():
            return "AUM027"
        found = self._today(*entry.checks)
        return found.check if found is not None and found.check not in ("AUM008", "AUM131") else entry.checks[0]

    def _warned(self) -> MachineRun | None:
        made = self.installation
        statuses = [made.status if made is not None else None, self.run.status if self.run is not None else None]
        if "completedwithwarnings" not in [(status or "").lower() for status in statuses]:
            return None
        signs = [*self._signs()]
        entries = [entry for text in self._texts() for entry in _entries(text) if entry.checks]
        if made is not None and (made.reboot_status or "").lower() == "required":
            signs.append(self._of_installation("rebootStatus", made.reboot_status, "Completed"))
            said = "it was patched, and a restart is required that was not made"
            if (_reboot_setting(self.machine, self.slot.configuration) or "").lower().startswith("never"):
                said += ", because the reboot setting is Never"
            cause = Cause(check="AUM132", said=said)
        elif entries:
            means = entries[0].means[:1].lower() + entries[0].means[1:].rstrip(".")
            cause = Cause(check=entries[0].checks[0], said=f"it was patched with a warning: {means}")
        else:
            told = next(iter(self._texts()), "Azure gives no reason")
            cause = Cause(check="AUM132", said=f"it was patched with a warning: {told}")
        return self._ended(Ended.WITH_WARNINGS, cause, cause.said, evidence=tuple(signs))

    def _well(self) -> MachineRun:
        made, run = self.installation, self.run
        statuses = [status_of(made) if made is not None else "", (run.status or "").lower() if run is not None else ""]
        signs = tuple(self._signs())
        if not SUCCEEDED.intersection(statuses):
            named = made.status if made is not None else run.status if run is not None else None
            said = (
                f"its status is {named}, of which it is not known what it means" if named else "no status is recorded"
            )
            return self._ended(Ended.UNKNOWN, Cause(check="AUM131", said=said), said, evidence=signs)
        if made is None:
            if "noupdatespending" in statuses:
                return self._ended(Ended.NO_OP, None, "nothing was pending", evidence=signs)
            return self._ended(Ended.SUCCEEDED, None, "", evidence=signs)
        if made.installed_count != 0:
            return self._ended(Ended.SUCCEEDED, None, "", evidence=signs)
        return self._no_op(made, signs)

    def _no_op(self, made: Installation, signs: tuple[Evidence, ...]) -> MachineRun:
        counts = (("notSelectedPatchCount", made.not_selected_count), ("excludedPatchCount", made.excluded_count))
        signs += tuple(self._of_installation(name, number) for name, number in counts if number)
        if made.not_selected_count:
            number = counted(made.not_selected_count, "update")
            cause = Cause(
                check="AUM065",
                said="nothing was installed: the schedule does not select what is pending",
                advice=("compare the classifications of the schedule with those of the pending updates",),
            )
            return self._ended(Ended.NO_OP, cause, f"{cause.said} ({number})", evidence=signs)
        if made.excluded_count:
            number = counted(made.excluded_count, "update")
            cause = Cause(
                check="AUM068",
                said="nothing was installed: the schedule excludes what is pending",
                advice=("see which KBs or packages the schedule excludes, and whether that is still meant",),
            )
            return self._ended(Ended.NO_OP, cause, f"{cause.said} ({number})", evidence=signs)
        if made.pending_count:
            said = "nothing was installed, and updates are pending all the same"
            cause = Cause(check="AUM135", said=said)
            return self._ended(Ended.NO_OP, cause, f"{said} ({made.pending_count})", evidence=signs)
        assessment = self.machine.assessment if self.machine is not None else None
        urgent = (assessment.critical_and_security_count or 0) if assessment is not None else 0
        if self._uses_wsus() and urgent:
            said = "nothing was installed: the machine gets its updates from WSUS, which may not have approved them"
            told = f"{said}; today {counted(urgent, 'critical or security update')} pending"
            cause = Cause(
                check="AUM106", said=said, advice=("see on the WSUS server whether the updates are approved",)
            )
            return self._ended(Ended.NO_OP, cause, told, evidence=signs)
        return self._ended(Ended.NO_OP, None, "nothing was pending", evidence=signs)

    def _ended(
        self,
        ended: Ended,
        cause: Cause | None,
        said: str,
        *,
        evidence: tuple[Evidence, ...] = (),
        likely: tuple[Finding, ...] = (),
        cure: tuple[Remedy, ...] = (),
    ) -> MachineRun:
        made, run = self.installation, self.run
        if cause is not None and cause.check not in _WITH_A_CURE_OF_ITS_OWN and not cure:
            today = self._today(cause.check)
            cure = self._cure(today) if today is not None else ()
        started = (made.started_at if made is not None else None) or (run.started_at if run is not None else None)
        last = made.last_modified if made is not None and not is_going_on(made) else None
        return MachineRun(
            machine_id=self.machine.id if self.machine is not None else self._spelled(),
            machine=self.machine,
            in_scope=self.ties is not None,
            ended=ended,
            said=said,
            cause=cause,
            evidence=evidence,
            likely=likely,
            cure=cure,
            started_at=started,
            ended_at=last or (run.ended_at if run is not None else None),
            installed=made.installed_count if made is not None else None,
            failed=made.failed_count if made is not None else None,
            pending=made.pending_count if made is not None else None,
            failed_patches=self.recorded.failed_patches if self.recorded is not None else (),
        )

    def _spelled(self) -> str:
        return self.run.resource_id if self.run is not None else self.key

    def _today(self, *checks: str) -> Finding | None:
        """Today's finding of one of some checks on the machine."""
        if self.machine is None:
            return None
        found = {each.check: each for each in self.records.chains.findings_of(self.machine)}
        return next((found[check] for check in checks if check in found), None)

    def _cure(self, finding: Finding) -> tuple[Remedy, ...]:
        chains = self.records.chains
        return chains.cure_of(finding) or chains.cure_of(chains.root_of(finding))

    def _uses_wsus(self) -> bool:
        assessment = self.machine.assessment if self.machine is not None else None
        return assessment is not None and (assessment.patch_service_used or "").lower() in _WSUS

    def _is_known(self, fact: Fact) -> bool:
        return self.records.is_known(self.key, fact)

    def _texts(self) -> list[str]:
        """The error texts: of the installation, details before the summary that only counts them, then of the run."""
        errors: Sequence[ErrorDetail] = self.installation.errors if self.installation is not None else ()
        ordered = sorted(errors, key=lambda each: "details[" not in each.path)
        found = [f"{each.code}: {each.message}" if _is_telling(each.code) else each.message for each in ordered]
        if self.run is not None:
            told = [self.run.error_message, self.run.error_code]
            found += [each for each in told if each and each not in ("0", "1")]
        return [text for text in found if text]

    def _sign(
        self, fact: Fact, path: str, observed: Any, expected: Any = None, resource_id: str | None = None
    ) -> Evidence:
        return self.records.evidence(self.scope, fact, path, observed, expected, resource_id)

    def _of_installation(self, member: str, observed: Any, expected: Any = None) -> Evidence:
        path = place(self.installation, member.removeprefix("properties.")) if self.installation is not None else member
        row = self.recorded.id if self.recorded is not None else None
        return self._sign(Fact.INSTALLATION_HISTORY, path, observed, expected, resource_id=row)

    def _run_signs(self, run: ApplyUpdate) -> Iterator[Evidence]:
        expected = None if (run.status or "").lower() in SUCCEEDED else "Succeeded"
        yield self._sign(Fact.RUN_HISTORY, "properties.status", run.status, expected, resource_id=run.id)
        code, message = run.error_code, run.error_message
        if code and code.lower() not in (message or "").lower():
            yield self._sign(Fact.RUN_HISTORY, "properties.errorCode", code, resource_id=run.id)
        if message:
            yield self._sign(Fact.RUN_HISTORY, "properties.errorMessage", message, resource_id=run.id)

    def _signs(self) -> Iterator[Evidence]:
        """What the run and the installation say of themselves."""
        if self.run is not None:
            yield from self._run_signs(self.run)
        if self.recorded is None:
            return
        made = self.recorded.installation
        expected = None if status_of(made) in SUCCEEDED else "Succeeded"
        yield self._of_installation("status", made.status, expected)
        if made.failed_count:
            yield self._of_installation("failedPatchCount", made.failed_count, 0)
        for error in made.errors[:2]:
            yield self._of_installation(error.path, error.message)


_EXCEEDED = {
    "no-further-update": "too little was left to begin the next update",
    "restart-skipped": "too little was left for the restart that was needed",
    "restart-before-patching": "the machine was restarted first and came back late",
    "restart-too-slow": "the restart took longer than is waited for it",
    "window-over": "the last update went on past its end",
    "unknown": "by which rule the record does not tell",
}

_AFTER_NO_RECORD = (
    "see in the activity logs of machine and schedule what happened around the window",
    "catch up with an installation on demand",
)

_ADVICE = {
    "AUM082": ("make changes of schedule and scope at least 40 minutes before a run with a pre-event",),
    "AUM083": ("see that the event subscription of the schedule and the endpoint behind it work",),
    "AUM084": ("ask who called the cancellation, and look at what the handler of the pre-event decided",),
}


@lru_cache(maxsize=4096)
def _entries(text: str) -> tuple[Entry, ...]:
    """What is known of an error text; many machines bear the same."""
    return look_up(text)


def _newest_run(runs: Sequence[ApplyUpdate]) -> ApplyUpdate | None:
    """The last of several attempts in one window; of two begun together the one that has ended."""
    if len(runs) < 2:
        return runs[0] if runs else None
    return max(runs, key=lambda run: (stamp(run.started_at), not is_under_way(run), stamp(run.ended_at), run.id))


def _newest_installation(found: Sequence[RecordedInstallation]) -> RecordedInstallation | None:
    if len(found) < 2:
        return found[0] if found else None
    return max(found, key=lambda each: (stamp(each.installation.started_at), each.id))


def stamp(moment: datetime | None) -> float:
    """A time as a number to sort by; what has none comes first."""
    return moment.timestamp() if moment is not None else 0.0


def status_of(installation: Installation) -> str:
    """The status of an installation in lower case."""
    return (installation.status or "").lower()


def is_going_on(installation: Installation) -> bool:
    """Whether an installation has not ended, by its status."""
    return status_of(installation) in ("inprogress", "notstarted")


def _is_waiting(installation: Installation) -> bool:
    return status_of(installation) == "notstarted"


def _is_telling(code: str | None) -> bool:
    """Whether an error's code says more than that there is one."""
    return bool(code) and not str(code).isdecimal() and code not in ("ERROR", "OPERATION_FAILED", "INFORMATIONAL")


def _reboot_setting(machine: Machine | None, configuration: MaintenanceConfiguration) -> str | None:
    """The machine's own reboot setting, which goes before that of the schedule."""
    own = machine.patch_settings.reboot_setting if machine is not None else None
    if own is not None and own.lower() != "unknown":
        return own
    patches = configuration.install_patches
    return patches.reboot_setting if patches is not None else None


def when(moment: datetime) -> str:
    """A time as sentences write it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def counted(number: int, noun: str) -> str:
    """`1 machine`, `1,200 machines`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
