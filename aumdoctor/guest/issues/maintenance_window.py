"""AUM013: an installation ran out of its maintenance window, by the extension's own record and the minute rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from aumdoctor.guest.envelope import member, when
from aumdoctor.guest.evidence import Evidence
from aumdoctor.guest.issues.operations import (
    INSTALLATION,
    Operation,
    family_of,
    is_arc,
    length_of,
    operations,
    request_of,
)
from aumdoctor.guest.issues.verdicts import Judgement, known_issue
from aumdoctor.guest.issues.weighing import Ground, sequence_of, sign_ground, texts, weigh
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.model.finding import Confidence
from aumdoctor.model.guest import Differential, Likelihood, LogSign, Missing
from aumdoctor.model.machine import ErrorDetail, Installation
from aumdoctor.schedule.exceeded import ExceededBy, ExceededReason, explain_exceeded

_STOPPED = ("maintenance-window-exceeded", "maintenance-window-out-of-time", "windows-window-exceeded")
_CUT_OFF = "past the maintenance window cutoff"
_SURENESS = {Confidence.HIGH: "", Confidence.MEDIUM: "probably ", Confidence.LOW: "perhaps "}
_LIKELIHOOD = {
    Confidence.HIGH: Likelihood.CONFIRMED,
    Confidence.MEDIUM: Likelihood.LIKELY,
    Confidence.LOW: Likelihood.POSSIBLE,
}
_RULES = {
    ExceededBy.NO_FURTHER_UPDATE: "too little was left to begin the next update",
    ExceededBy.RESTART_SKIPPED: "too little was left for the restart",
    ExceededBy.RESTART_BEFORE_PATCHING: "the machine was restarted first and came back late",
    ExceededBy.RESTART_TOO_SLOW: "the restart took longer than is waited for it",
    ExceededBy.WINDOW_OVER: "the last update went on past the end of the window",
}


@known_issue(
    id="AUM013",
    name="maintenance-window-exceeded",
    title="The installation ran out of its maintenance window",
    source="Azure Update Manager troubleshooting: update run failed and Maintenance window exceeded shows true; "
    "update-manager/scheduled-patching.md; Azure/LinuxPatchExtension",
    seed="§13 Update run fails and Maintenance window exceeded shows true although time remained",
    explains=("AUM131",),
    remedies=("lengthen-window", "install-on-demand"),
    verification=("The next run's maintenanceWindowExceeded is false, and no update is left pending.",),
)
def maintenance_window_exceeded(evidence: Evidence) -> Judgement | None:
    """The last installation stopped early because too little of its maintenance window was left.

    ## Why it matters
    Updates are left pending, and a restart that they need may not have been made, though by the clock the window was
    not over: before each step the run looks at what is left. Windows wants 25 minutes for an update (30 for a service
    pack) and 10 for a restart; Linux begins a package while more than 20 minutes are left, or 5 where the reboot
    setting is Never, and wants 15 for a restart.

    ## What to do
    Lengthen the window, spread the machines over several schedules, or catch up now with an installation on demand with
    a longer maximum duration.

    ## When it is wrong
    After months without patches one long run is normal, and the next will fit. Which rule ended the run is reckoned
    from the request's start and length and from the times of the record: "probably" and "perhaps" say how well they
    prove it.
    """
    made = [each for each in operations(evidence, INSTALLATION) if each.is_flagged("maintenanceWindowExceeded")]
    grounds = [each.ground("the extension says that the window was exceeded") for each in made]
    stopped = [sign_ground(each, _said_of(each)) for each in evidence.signs(*_STOPPED)]
    weighed = weigh(
        (*grounds, *stopped, *texts(evidence, _CUT_OFF, says="the installation was stopped at the cut-off")),
        _later_runs(evidence),
    )
    if weighed is None:
        return None
    run = _run_of(evidence, made)
    reason = _reason(evidence, run) if run is not None else None
    said = weighed.said("the installation ran out of its maintenance window")
    if weighed.likelihood is Likelihood.RULED_OUT:
        return Judgement(likelihood=weighed.likelihood, said=said, evidence=weighed.quotes(evidence))
    if reason is not None:
        sure = "" if reason.by is ExceededBy.UNKNOWN else _SURENESS[reason.confidence]
        said = f"{said}: {sure}{reason.explanation} (time rules: {', '.join(reason.rules)})"
    elif stopped:
        said = f"{said}: {stopped[-1].says}"
    request = request_of(evidence, run) if run is not None else None
    quotes = weighed.quotes(evidence)
    if request is not None:
        quotes = (*quotes, evidence.quote(request, "what the platform asked for"))
    missing: tuple[Missing, ...] = ()
    if run is None or _window_of(evidence, run)[0] is None:
        missing = (
            Missing(
                what="when the request began and how long it may take (startTime, maximumDuration)",
                command="sudo sh -c 'cat /var/lib/waagent/*Linux*Patch*/config/*.settings'"
                if family_of(evidence) != "windows"
                else r"Get-Content C:\Packages\Plugins\*Patch*\*\RuntimeSettings\*.settings",
            ),
        )
    return Judgement(
        likelihood=weighed.likelihood,
        said=said,
        evidence=quotes,
        missing=missing,
        differentials=tuple(_differentials(reason)) if reason is not None else (),
        details=_details(evidence, run, reason),
    )


def _later_runs(evidence: Evidence) -> Iterator[Ground]:
    for each in operations(evidence, INSTALLATION):
        if each.succeeded and not each.is_flagged("maintenanceWindowExceeded") and not each.count("pendingPatchCount"):
            yield each.ground("an installation came to its end within its window")


def _run_of(evidence: Evidence, flagged: list[Operation]) -> Operation | None:
    """The run that ended early: the newest that says so, else the one that the log's sign belongs to."""
    if flagged:
        return flagged[-1]
    numbers = {sequence_of(sign) for sign in evidence.signs(*_STOPPED)} - {None}
    found = [each for each in operations(evidence, INSTALLATION) if each.status.sequence in numbers]
    return found[-1] if found else None


def _window_of(evidence: Evidence, run: Operation) -> tuple[timedelta | None, datetime | None]:
    """How long the window was and when it ended: as the platform asked for, else as the log printed it."""
    request = request_of(evidence, run)
    length = length_of(member(request.settings, "maximumDuration")) if request is not None else None
    begun = when(member(request.settings, "startTime")) if request is not None else None
    if length is None:
        for sign in evidence.signs("maintenance-window-used", "operation-started"):
            if sequence_of(sign) in (None, run.status.sequence):
                length = length_of(sign.values.get("window")) or length
    begun = begun or run.started_at
    try:
        return length, begun + length if length is not None and begun is not None else None
    except OverflowError:
        return length, None


def _reason(evidence: Evidence, run: Operation) -> ExceededReason | None:
    length, end = _window_of(evidence, run)
    ended, started = run.ended_at, run.started_at
    if ended is not None and end is not None and (ended.utcoffset() is None) != (end.utcoffset() is None):
        end = None
    if ended is not None and started is not None and (ended.utcoffset() is None) != (started.utcoffset() is None):
        started = None
    body = run.summary.body
    reboot_status = member(body, "rebootStatus")
    made = Installation(
        status=run.summary.status,
        started_at=started,
        last_modified=ended,
        maintenance_window_exceeded=True,
        reboot_status=str(reboot_status) if reboot_status is not None else None,
        installed_count=run.count("installedPatchCount"),
        failed_count=run.count("failedPatchCount"),
        pending_count=run.count("pendingPatchCount"),
        errors=tuple(
            ErrorDetail(path="errors.details", message=text)
            for text in (*run.texts, *_texts_of_log(evidence, run.status.sequence))
        ),
    )
    return explain_exceeded(
        made,
        length,
        os=family_of(evidence),
        is_arc=is_arc(evidence),
        reboot_setting=_reboot_setting(evidence, run),
        window_end=end,
    )


def _texts_of_log(evidence: Evidence, sequence: int | None) -> Iterator[str]:
    for sign in evidence.signs("maintenance-window-exceeded", "reboot-no-time", "reboot-failed"):
        if sequence is None or sequence_of(sign) in (None, sequence):
            yield sign.text


def _reboot_setting(evidence: Evidence, run: Operation) -> str | None:
    request = request_of(evidence, run)
    setting = member(request.settings, "rebootSetting") if request is not None else None
    # Windows logs have numbers here, whose meaning is not published.
    return setting if isinstance(setting, str) and not setting.isdecimal() else None


def _differentials(reason: ExceededReason) -> Iterator[Differential]:
    """The rules that may end a run, each with its state: one of them did."""
    if reason.by is ExceededBy.UNKNOWN:
        return
    state = _LIKELIHOOD[reason.confidence]
    for by, text in _RULES.items():
        if by is reason.by:
            yield Differential(name=str(by), state=state, said=reason.explanation)
        else:
            other = Likelihood.RULED_OUT if state is Likelihood.CONFIRMED else Likelihood.INSUFFICIENT
            yield Differential(name=str(by), state=other, said=f"nothing in the record says that {text}")


def _details(evidence: Evidence, run: Operation | None, reason: ExceededReason | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if run is not None:
        length, _ = _window_of(evidence, run)
        pending = run.count("pendingPatchCount")
        found = {
            "sequence": str(run.status.sequence or ""),
            "window_minutes": str(length // timedelta(minutes=1)) if length is not None else "",
            "pending": str(pending) if pending is not None else "",
        }
    if reason is not None:
        found["rule"] = ", ".join(reason.rules)
    return {name: value for name, value in found.items() if value}


def _said_of(sign: LogSign) -> str:
    if sign.sign == "windows-window-exceeded":
        needed = rule("windows-update").span + rule("windows-restart-reserve").span
        left = sign.values.get("minutes_left", "")
        seen = f"{left} min were left" if left else "too little was left"
        return f"{seen}, and Windows begins an update only while {needed // timedelta(minutes=1)} min are left"
    remaining, cutoff = sign.values.get("remaining", ""), sign.values.get("cutoff", "")
    if remaining and cutoff:
        return f"{remaining} was left, and the cut-off is at {cutoff}"
    return "the extension stopped at the cut-off of the window"
