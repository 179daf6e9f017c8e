"""Which minute rule ended an installation that exceeded its maintenance window (`knowledge/time-rules.toml`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aumdoctor.knowledge.time_rules import TimeRule, rule
from aumdoctor.model.finding import Confidence
from aumdoctor.model.machine import Installation
from aumdoctor.schedule.budget import Spread, in_minutes, last_install_start, restart_wait, restarts_allowed

_NO_TIME = timedelta(0)


class ExceededBy(StrEnum):
    """What ended an installation that exceeded its window.

    NO_FURTHER_UPDATE: too little was left to begin the next update. RESTART_SKIPPED: too little was left for the
    restart that was needed. RESTART_BEFORE_PATCHING: the machine was restarted first and came back late.
    RESTART_TOO_SLOW: it was not back within the time that is waited. WINDOW_OVER: the last update went on past the end.
    UNKNOWN: the record does not tell.
    """

    NO_FURTHER_UPDATE = "no-further-update"
    RESTART_SKIPPED = "restart-skipped"
    RESTART_BEFORE_PATCHING = "restart-before-patching"
    RESTART_TOO_SLOW = "restart-too-slow"
    WINDOW_OVER = "window-over"
    UNKNOWN = "unknown"


class ExceededReason(msgspec.Struct, frozen=True, kw_only=True):
    """Which minute rule ended an installation: the rules by name (`knowledge/time-rules.toml`), a sentence without its
    full stop that has the arithmetic, and how sure it is. HIGH: the record says so; LOW: the record does not tell."""

    by: ExceededBy
    explanation: str
    rules: tuple[str, ...]
    confidence: Confidence

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the rules stand, each document once."""
        return tuple(dict.fromkeys(rule(name).source for name in self.rules))


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an installation that exceeded its window; `gone` and `left` are of the window."""

    installation: Installation
    os: str
    is_arc: bool
    may_restart: bool
    length: timedelta | None
    gone: timedelta | None
    left: timedelta | None
    reboot_status: str
    texts: str

    @property
    def start(self) -> Spread:
        """What has to be left for the next update; of a system that is not known the widest of all rules."""
        setting = "IfRequired" if self.may_restart else "Never"
        found = last_install_start(self.os, is_arc=self.is_arc, reboot_setting=setting)
        if found is not None:
            return found
        package, update = rule("linux-package").span, rule("windows-update").span
        return Spread(least=package, most=update + rule("windows-restart-reserve").span)

    @property
    def longest_start(self) -> timedelta:
        """The same of the update that takes longest: a service pack on Windows."""
        if self.os == "linux":
            return self.start.most
        return rule("windows-service-pack").span + rule("windows-restart-reserve").span

    @property
    def start_rules(self) -> tuple[str, ...]:
        if self.os == "linux":
            return ("linux-package-cutoff",)
        return ("windows-update", "windows-restart-reserve")

    @property
    def reserve(self) -> TimeRule:
        return rule("linux-restart-reserve" if self.os == "linux" else "windows-restart-reserve")

    @property
    def clock(self) -> str:
        """The time that had gone, in words: `(159 of 180 min, 21 left)`."""
        if self.gone is None:
            return ""
        if self.length is None or self.left is None:
            return f" (after {in_minutes(self.gone)})"
        return f" ({_of(self.gone, self.length)}, {_whole(max(self.left, _NO_TIME))} left)"


def explain_exceeded(
    installation: Installation,
    length: timedelta | None,
    *,
    os: str | None = None,
    is_arc: bool = False,
    reboot_setting: str | None = None,
    window_end: datetime | None = None,
) -> ExceededReason:
    """Which minute rule ended an installation whose `maintenanceWindowExceeded` is true.

    `length` is that of the window, None where it is not known. Without `window_end` the window is reckoned from the
    installation's own start. The texts of the errors decide where they tell; else the counts, the reboot status and the
    clock do, and the confidence says how well.
    """
    started, ended = installation.started_at, installation.last_modified
    gone = ended - started if started is not None and ended is not None and ended >= started else None
    left = length - gone if length is not None and gone is not None else None
    if window_end is not None and ended is not None:
        left = window_end - ended
        gone = gone if length is None else length - left
    run = _Run(
        installation=installation,
        os=(os or "").lower(),
        is_arc=is_arc,
        may_restart=restarts_allowed(reboot_setting),
        length=length,
        gone=gone,
        left=left,
        reboot_status=(installation.reboot_status or "").lower(),
        texts=" ".join(error.message for error in installation.errors).lower(),
    )
    return _by_texts(run) or _by_restart(run) or _by_clock(run)


def _by_texts(run: _Run) -> ExceededReason | None:
    if "reboot failed to proceed" in run.texts:
        return _too_slow(run, Confidence.HIGH)
    skipped = "insufficient time to schedule a required reboot" in run.texts
    if "past the maintenance window cutoff" in run.texts:
        reason = _no_further(run, Confidence.HIGH)
        if not skipped:
            return reason
        return msgspec.structs.replace(
            reason,
            explanation=f"{reason.explanation}; nor was the restart made that was needed, for which "
            f"{in_minutes(run.reserve.span)} have to be left",
            rules=(*reason.rules, *(name for name in (run.reserve.name,) if name not in reason.rules)),
        )
    return _skipped(run, Confidence.HIGH) if skipped else None


def _by_restart(run: _Run) -> ExceededReason | None:
    """What the reboot status and the counts tell."""
    made = run.installation
    if run.reboot_status == "failed":
        return _too_slow(run, Confidence.MEDIUM)
    nothing_done = made.installed_count == 0 and not made.failed_count and bool(made.pending_count)
    if nothing_done and run.reboot_status in ("started", "completed"):
        return _restarted_first(run)
    if run.reboot_status == "started":
        return _too_slow(run, Confidence.MEDIUM)
    if run.reboot_status == "required" and run.may_restart and made.pending_count == 0:
        if run.left is None:
            return _skipped(run, Confidence.MEDIUM)
        # What was left when it was decided is more than what was left when the record was written.
        return _skipped(run, Confidence.HIGH if run.left < run.reserve.span else Confidence.LOW)
    return None


def _by_clock(run: _Run) -> ExceededReason:
    nothing_pending = run.installation.pending_count == 0
    if run.left is None:
        if nothing_pending:
            return _untold(run)
        return _no_further(run, Confidence.MEDIUM)
    if run.left <= _NO_TIME:
        return _over(run)
    if nothing_pending or run.left > run.longest_start:
        return _untold(run)
    if run.left > run.start.most:
        return _no_further(run, Confidence.LOW, service_pack=True)
    sure = run.left < run.start.least and bool(run.os) and run.installation.pending_count is not None
    return _also_skipped(run, _no_further(run, Confidence.HIGH if sure else Confidence.MEDIUM))


def _also_skipped(run: _Run, reason: ExceededReason) -> ExceededReason:
    """Where a restart was needed as well and the clock left no time for it, both rules."""
    too_late = run.left is not None and run.left < run.reserve.span
    if not (run.reboot_status == "required" and run.may_restart and too_late):
        return reason
    return msgspec.structs.replace(
        reason,
        explanation=f"{reason.explanation}; a restart was needed too, but with less than "
        f"{in_minutes(run.reserve.span)} left none is made",
        rules=tuple(dict.fromkeys((*reason.rules, run.reserve.name))),
    )


def _no_further(run: _Run, confidence: Confidence, *, service_pack: bool = False) -> ExceededReason:
    installed = run.installation.installed_count
    when = f"after {_counted(installed, 'update')}" if installed else "before the first update"
    if installed is None:
        when = "at some point"
    needed, other, rules = run.start.most, run.start.least, run.start_rules
    if service_pack:
        needed = other = run.longest_start
        rules = ("windows-service-pack", "windows-restart-reserve")
    few = "no more than" if run.os == "linux" else "less than"
    text = f"{few} {in_minutes(needed)} were left {when}{run.clock}, and then no further update is begun"
    text += f" ({_sum_words(run, service_pack=service_pack)})"
    if other != needed:
        text += f"; another document sets the limit at {in_minutes(other)}"
    if service_pack:
        text += "; that holds only if the next one was a service pack"
    if run.left is not None and run.left > run.longest_start:
        text += "; the window had begun before the installation did, or was shorter than the schedule's is now"
    return ExceededReason(by=ExceededBy.NO_FURTHER_UPDATE, explanation=text, rules=rules, confidence=confidence)


def _sum_words(run: _Run, *, service_pack: bool) -> str:
    """The sum behind what has to be left for the next update."""
    if run.os == "linux":
        package = in_minutes(rule("linux-package").span)
        if not run.may_restart:
            return f"{package} for a package, nothing for a restart, which the reboot setting forbids"
        return f"{package} for a package + {in_minutes(run.reserve.span)} kept for a restart"
    first = rule("windows-service-pack" if service_pack else "windows-update")
    noun = "a service pack" if service_pack else "an update"
    return (
        f"{in_minutes(first.span)} for {noun} + {in_minutes(rule('windows-restart-reserve').span)} kept for a restart"
    )


def _skipped(run: _Run, confidence: Confidence) -> ExceededReason:
    reserve = in_minutes(run.reserve.span)
    if confidence is Confidence.LOW:
        text = (
            f"a restart was needed and not made{run.clock}; the rule for that is that less than {reserve} are left, "
            "which the times of the record do not show"
        )
    else:
        text = f"a restart was needed and less than {reserve} were left{run.clock}, so none was made"
    if run.is_arc and run.os == "linux":
        text += f"; {run.reserve.elsewhere}"
    return ExceededReason(
        by=ExceededBy.RESTART_SKIPPED, explanation=text, rules=(run.reserve.name,), confidence=confidence
    )


def _too_slow(run: _Run, confidence: Confidence) -> ExceededReason:
    wait = restart_wait(is_arc=run.is_arc)
    text = f"the restart took longer than the {in_minutes(wait.span)} that are waited for it{run.clock}"
    return ExceededReason(by=ExceededBy.RESTART_TOO_SLOW, explanation=text, rules=(wait.name,), confidence=confidence)


def _restarted_first(run: _Run) -> ExceededReason:
    text = (
        f"the machine restarted before patching and came back late{run.clock}: nothing was installed, for an update is "
        f"begun only while {in_minutes(run.start.most)} are left ({_sum_words(run, service_pack=False)})"
    )
    return ExceededReason(
        by=ExceededBy.RESTART_BEFORE_PATCHING,
        explanation=text,
        rules=(restart_wait(is_arc=run.is_arc).name, *run.start_rules),
        # Only the Linux extension is known to make a pending restart first.
        confidence=Confidence.MEDIUM if run.os == "linux" else Confidence.LOW,
    )


def _over(run: _Run) -> ExceededReason:
    pending = run.installation.pending_count
    beyond = in_minutes(-(run.left or _NO_TIME))
    text = "the window was over"
    if run.gone is not None and run.length is not None:
        text += (
            f": the run went on until {in_minutes(run.gone)} after its start, and the window has {_whole(run.length)}"
        )
    else:
        text += f" by {beyond}"
    if pending:
        text += f"; what was under way was finished, and {_counted(pending, 'update')} not begun"
    if run.reboot_status == "required" and run.may_restart:
        text += "; nor was the restart made that was needed"
    return ExceededReason(
        by=ExceededBy.WINDOW_OVER, explanation=text, rules=("window-end",), confidence=Confidence.HIGH
    )


def _untold(run: _Run) -> ExceededReason:
    text = f"which rule ended it the record does not tell{run.clock}"
    if run.left is not None and run.left > run.longest_start:
        text += (
            f": no rule keeps more than {in_minutes(run.longest_start)}, so that the window had begun before the "
            "installation did, or was shorter than the schedule's is now"
        )
    else:
        text += ": no update is pending any more"
    rules = tuple(dict.fromkeys((*run.start_rules, run.reserve.name, "window-end")))
    return ExceededReason(by=ExceededBy.UNKNOWN, explanation=text, rules=rules, confidence=Confidence.LOW)


def _whole(span: timedelta) -> int:
    return span // timedelta(minutes=1)


def _of(part: timedelta, whole: timedelta) -> str:
    return f"{_whole(part)} of {in_minutes(whole)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
