"""What a gate tells a pipeline's log: one entry for each cause, not for each machine, and the verdict at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from aumdoctor.report.gate import Fix, Gate
from aumdoctor.report.text import count, printable

NAMED_AT_MOST = 5


Level = Literal["error", "warning", "notice"]


class Entry(NamedTuple):
    """An entry of a log: how grave it is, what it is called, and one line of text."""

    level: Level
    title: str
    text: str


def entries(gate: Gate) -> Iterator[Entry]:
    """The entries of a gate, in the order of cure; the verdict comes last.

    A cause is an error where it makes the verdict no-go, a notice where its windows are far away, else a warning; what
    could not be seen is an error where the verdict is unknown for it.
    """
    counting = {obstacle.check for judged in gate.windows if judged.verdict == "no-go" for obstacle in judged.blocked}
    warning = {obstacle.check for judged in gate.windows if judged.phase != "far" for obstacle in judged.blocked}
    for fix in gate.fixes:
        level: Level = "error" if fix.check in counting else "warning" if fix.check in warning else "notice"
        yield Entry(level, f"{fix.check} {printable(fix.name)}", _fix(fix))
    for schedule in gate.without_window:
        yield Entry("error", printable(schedule.name), "no window of this schedule is to come")
    for machine in gate.unscheduled:
        yield Entry("error", printable(machine.name), "no schedule that patches guests reaches it")
    unknown: Level = "error" if gate.verdict == "unknown" else "warning"
    for each in gate.unreadable:
        yield Entry(unknown, printable(each.schedule.name), printable(each.reason))
    for text in gate.blind:
        yield Entry(unknown, "not seen", printable(text))
    reasons: dict[tuple[str, str], int] = {}
    for judged in gate.windows:
        for obstacle in judged.unknown:
            key = obstacle.check, obstacle.message
            reasons[key] = reasons.get(key, 0) + 1
    for (check, message), machines in reasons.items():
        yield Entry(unknown, check, f"{count(machines, 'machine')}: not known, {printable(message)}")
    for cancelled in gate.cancelled:
        yield Entry("notice" if cancelled.done else "error", "cancel run", printable(cancelled.said))
    last: Level = "notice" if gate.verdict == "go" else "error"
    yield Entry(last, f"aumdoctor gate: {gate.verdict}", printable(gate.said))


def _fix(fix: Fix) -> str:
    names = [machine.rstrip("/").rsplit("/", 1)[-1] for machine in fix.machines]
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    until = f"{fix.until:%Y-%m-%d %H:%M} UTC" if fix.until is not None else "too late for this run"
    cure = f" Cure until {until}: {fix.cure[0].title}." if fix.cure else f" Until {until}."
    return printable(
        f"{count(len(names), 'machine')} ({', '.join(names[:NAMED_AT_MOST])}{more}): {fix.message.rstrip('.')}.{cure}"
    )
