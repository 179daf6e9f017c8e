"""Cancelling the coming runs that a gate has said no to: what must hold, the question, and the journal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aumdoctor.cli.acting import recorder
from aumdoctor.cli.streams import err
from aumdoctor.diagnosis.gate import GateVerdict, Go, WindowVerdict
from aumdoctor.errors import UsageError
from aumdoctor.knowledge.time_rules import rule
from aumdoctor.report.gate import Cancelled
from aumdoctor.report.text import printable
from aumdoctor.report.window import window_of

if TYPE_CHECKING:
    from aumdoctor.cli.reach import Reach
    from aumdoctor.store.journal import Journal

_NAMED = 5
"""How many machines a question names."""


def cancel_runs(reach: Reach, verdict: GateVerdict, *, yes: bool, journal: Path | None) -> tuple[Cancelled, ...]:
    """Cancel the coming runs of the windows whose own verdict is no-go, and say what became of each.

    A run can be cancelled where somebody is told before it begins, from the time on at which that is done until shortly
    before the start (the time rules `pre-event-earliest` and `cancel-lead`), by the clock right before the request.
    Without `yes` each run is asked about on the terminal. Every step is in the journal before it is taken.

    Windows whose verdict is unknown are answered too, as not cancelled; where the whole verdict is unknown, nothing is
    cancelled. The answers are in the order of the verdict's windows. Nothing is raised for what stands in the way of
    a cancelling, for the verdict is to be reported all the same: neither it nor the exit code depends on the answer.
    """
    if reach.is_saved:
        reach.note("nothing is cancelled: a saved estate is not the present one")
        return ()
    answers: dict[int, Cancelled] = {}
    wanted: dict[int, WindowVerdict] = {}
    for place, judged in enumerate(verdict.windows):
        if judged.verdict is Go.GO:
            continue
        refusal = _refusal(reach, judged, yes=yes)
        if refusal is None:
            wanted[place] = judged
        else:
            answers[place] = _answer(judged, refusal)
    if wanted:
        answers |= _cancel(reach, verdict, wanted, yes=yes, journal=journal)
    if not answers:
        reach.note("there is no run to cancel: no window is a no-go")
    return tuple(answers[place] for place in sorted(answers))


def _refusal(reach: Reach, judged: WindowVerdict, *, yes: bool) -> str | None:
    """Why the run of a window is not to be cancelled, None where it is."""
    if judged.verdict is not Go.NO_GO:
        return "not cancelled: the verdict is unknown, and only a no-go cancels a run"
    if reach.is_demo:
        return (
            "not cancelled: the Azure of --demo is gone once it has been read; "
            "keep one running with: aumdoctor demo serve"
        )
    if judged.pre_event is None:
        return (
            "not cancelled: it is not known whether anybody is told before the run begins, and only then a run can "
            "be cancelled"
        )
    if not judged.pre_event:
        return "the run cannot be cancelled: nobody subscribes to its pre-event"
    untimely = _untimely(judged, reach.now)
    if untimely is not None:
        return untimely
    if not yes and not _can_ask():
        return "not cancelled: there is no terminal to ask on; give --yes to cancel without asking"
    return None


def _untimely(judged: WindowVerdict, now: datetime) -> str | None:
    """Why a run cannot be cancelled at a time, None where it can. Both bounds belong to the time in which it can."""
    starts_at = judged.window.occurrence.starts_at
    opens_at = starts_at - rule("pre-event-earliest").span
    if judged.window.has_begun(now):
        return f"the run cannot be cancelled any more: it began at {starts_at:%Y-%m-%d %H:%M} UTC"
    if now < opens_at:
        return (
            f"too early: the run can be cancelled from {opens_at:%Y-%m-%d %H:%M} UTC on, "
            f"until {judged.cancel_until:%H:%M} UTC"
        )
    if now > judged.cancel_until:
        return f"too late: the run could be cancelled until {judged.cancel_until:%Y-%m-%d %H:%M} UTC"
    return None


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _cancel(
    reach: Reach, verdict: GateVerdict, wanted: Mapping[int, WindowVerdict], *, yes: bool, journal: Path | None
) -> dict[int, Cancelled]:
    """Ask about runs that can be cancelled, by their places in the verdict, and cancel those that are agreed to."""
    from aumdoctor.store.journal import DEFAULT_NAME, Journal

    path = journal if journal is not None else Path(DEFAULT_NAME)
    try:
        with Journal(path) as book:
            agreed = {place: judged for place, judged in wanted.items() if yes or _is_agreed(judged)}
            refused = "not cancelled: it was not agreed to"
            answers = {place: _answer(wanted[place], refused) for place in wanted.keys() - agreed.keys()}
            # To answer the questions may have taken its time.
            for place, judged in list(agreed.items()):
                untimely = _untimely(judged, reach.now)
                if untimely is not None:
                    answers[place] = _answer(agreed.pop(place), untimely)
            return answers | _send(reach, verdict, agreed, book)
    except UsageError as error:
        advice = f"; {error.advice}" if error.advice else ""
        return {place: _answer(judged, f"not cancelled: {error.message}{advice}") for place, judged in wanted.items()}


def _is_agreed(judged: WindowVerdict) -> bool:
    occurrence, machines = judged.window.occurrence, judged.window.machines
    seen = ", ".join(machine.name for machine in machines[:_NAMED]) or "none"
    seen += f" and {len(machines) - _NAMED:,} more" if len(machines) > _NAMED else ""
    starts_at, local = occurrence.starts_at, f"{occurrence.local_start:%Y-%m-%d %H:%M} {occurrence.zone.key}"
    question = (
        f"The run of {judged.window.configuration.name} begins at {starts_at:%Y-%m-%d %H:%M} UTC ({local}). It would "
        f"be cancelled for all machines of the schedule (seen: {seen}), and cannot be brought back. Cancel it?"
    )
    try:
        return typer.confirm(printable(question), default=False, err=True)
    except typer.Abort:
        # Ctrl-C or the end of input: no is the answer, and the verdict is still to be reported.
        err("")
        return False


def _send(
    reach: Reach, verdict: GateVerdict, agreed: Mapping[int, WindowVerdict], book: Journal
) -> dict[int, Cancelled]:
    from aumdoctor.azure.actions import Cancelling, Fate, cancel_runs

    if not agreed:
        return {}
    reach.note(f"what is written to Azure is recorded in {printable(str(book.path))}")
    runs = [
        Cancelling(
            configuration_id=judged.window.configuration.id,
            starts_at=judged.window.occurrence.starts_at,
            until=judged.cancel_until,
            record=recorder(book, _why(verdict, judged), reach),
        )
        for judged in agreed.values()
    ]
    try:
        outcomes = cancel_runs(reach.connection(), runs, lambda: reach.now)
    except KeyboardInterrupt:
        err(f"it is not known what became of the cancelling: look at the runs, and at {printable(str(book.path))}")
        raise
    return {
        place: _answer(judged, outcome.said, done=outcome.fate is Fate.CANCELLED)
        for (place, judged), outcome in zip(agreed.items(), outcomes, strict=True)
    }


def _answer(judged: WindowVerdict, said: str, *, done: bool = False) -> Cancelled:
    window = window_of(judged.window.configuration, judged.window.occurrence)
    return Cancelled(window=window, done=done, said=said)


def _why(verdict: GateVerdict, judged: WindowVerdict) -> dict[str, Any]:
    """What led to the cancelling, as the journal tells it: the verdict, the window, and which machines were blocked by
    what."""
    blocked: dict[str, list[str]] = {}
    for obstacle in judged.blocked:
        blocked.setdefault(obstacle.check, []).append(obstacle.machine.id)
    return {
        "verdict": judged.verdict.value,
        "said": verdict.said,
        "judged_at": verdict.now,
        "window": {
            "maintenance_configuration": judged.window.configuration.id,
            "starts_at": judged.window.occurrence.starts_at,
            "ends_at": judged.window.occurrence.ends_at,
            "machines": len(judged.window.machines),
        },
        "blocked": blocked,
    }
