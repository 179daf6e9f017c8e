"""The gate for a person at a terminal: the verdict first, then each window, then what to do and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aumdoctor.report.gate import Fix, Gate, Obstacle, WindowVerdict
from aumdoctor.report.page import STYLES, Page, sentence
from aumdoctor.report.text import count, printable
from aumdoctor.report.window import names_of

_VERDICTS = {"go": ("GO", "bold green"), "no-go": ("NO-GO", "bold red"), "unknown": ("UNKNOWN", "bold yellow")}
_PHASES = {"far": "far away", "near": "near", "due": "due", "open": "open now"}
_SHOWN = 5
_MEANINGS = {
    0: "go",
    1: "no-go",
    3: "it cannot be told",
    130: "interrupted before it was known",
}


def render(gate: Gate, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The verdict as text of at most `width` columns; only what is to be copied may be wider.

    `verbose` names every machine and every cure. With `color` the text carries ANSI escapes.
    """
    page = Page(verbose=verbose, width=width, color=color)
    if gate.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    word, style = _VERDICTS[gate.verdict]
    page.line(f"{word}: {printable(gate.said)}.", style)
    page.line(
        f"judged at {gate.judged_at:%Y-%m-%d %H:%M} UTC, blocked machines tolerated: {gate.rules.max_blocked}", "dim"
    )
    names = names_of(judged.window.schedule for judged in gate.windows)
    for judged in gate.windows:
        _window(page, judged, names[judged.window.schedule.resource_id], verbose)
    for schedule in gate.without_window:
        page.line()
        page.line(f"{printable(schedule.name)}: no window is to come", "bold red")
    for machine in gate.unscheduled:
        page.line()
        page.line(f"{printable(machine.name)}: no schedule that patches guests reaches it", "bold red")
    for each in gate.unreadable:
        page.line()
        page.line(f"{printable(each.schedule.name)}: its windows cannot be told", "bold yellow")
        page.line(printable(each.reason), indent=2)
    _fixes(page, gate, verbose)
    _not_seen(page, gate)
    for cancelled in gate.cancelled:
        page.line()
        run = f"{printable(cancelled.window.schedule.name)} at {cancelled.window.starts_at:%Y-%m-%d %H:%M} UTC"
        page.line(f"{run}: {sentence(cancelled.said)}", "bold" if cancelled.done else "bold red")
    page.line()
    page.line(f"Exit code {gate.exit_code}: {_MEANINGS[gate.exit_code]}.")
    return page.text


def _window(page: Page, judged: WindowVerdict, name: str, verbose: bool) -> None:
    window = judged.window
    word, style = _VERDICTS[judged.verdict]
    page.line()
    page.styled((word, style), f"  {name}")
    local = datetime.fromisoformat(window.local_start)
    page.line(
        f"{window.starts_at:%a %Y-%m-%d %H:%M} UTC ({local:%H:%M %z} local), {window.minutes} min, "
        f"{_PHASES[judged.phase]}",
        indent=2,
    )
    told = [f"{judged.ready} of {count(judged.machines, 'machine')} ready"]
    told += [f"{len(judged.blocked)} blocked"] if judged.blocked else []
    told += [f"{len(judged.unknown)} unknown"] if judged.unknown else []
    told += [f"{len(judged.off)} off as yet"] if judged.off else []
    page.line(", ".join(told), indent=2)
    _machines(page, "blocked", judged.blocked, verbose)
    _machines(page, "unknown", judged.unknown, verbose)
    _machines(page, "off", judged.off, verbose)
    for note in judged.notes:
        page.line(sentence(note), "dim", indent=2)


def _machines(page: Page, state: str, obstacles: Sequence[Obstacle], verbose: bool) -> None:
    shown = obstacles if verbose else obstacles[:_SHOWN]
    for obstacle in shown:
        needs = f" (needs {printable(obstacle.missing_permission)})" if obstacle.missing_permission else ""
        said = f"{printable(obstacle.machine.name)}: {printable(obstacle.message)} ({obstacle.check}){needs}"
        page.line(f"{state:8} {said}", indent=4)
    if len(shown) < len(obstacles):
        page.line(f"and {len(obstacles) - len(shown)} more (--verbose)", "dim", indent=4)


def _fixes(page: Page, gate: Gate, verbose: bool) -> None:
    if not gate.fixes:
        return
    page.line()
    page.line("What to do, in this order", "bold")
    for number, fix in enumerate(gate.fixes, start=1):
        page.styled(
            f"  {number}. {fix.check} {printable(fix.name)}  ",
            (fix.severity, STYLES[fix.severity]),
            f"  {count(len(fix.machines), 'machine')}, {_until(fix)}",
        )
        page.line(sentence(fix.message), indent=5)
        for cure in fix.cure if verbose else fix.cure[:1]:
            whose = ", made out for one of them" if len(fix.machines) > 1 else ""
            page.cure(cure, whose)


def _until(fix: Fix) -> str:
    return f"until {fix.until:%Y-%m-%d %H:%M} UTC" if fix.until is not None else "too late for this run"


def _not_seen(page: Page, gate: Gate) -> None:
    if gate.blind or gate.missing_permissions:
        page.line()
        page.line("Not seen", "bold yellow")
    for text in gate.blind:
        page.line(printable(text), indent=2)
    if gate.missing_permissions:
        page.line(f"missing permissions: {', '.join(map(printable, gate.missing_permissions))}", indent=2)
