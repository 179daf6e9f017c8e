"""The post-mortem for a person at a terminal: the answer, then window by window who was not patched and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from aumdoctor.model import ids
from aumdoctor.report.page import Page, sentence
from aumdoctor.report.runs import ApartInstallation, Counts, MachineRun, RunCause, Runs, UnreadableSchedule, WindowRuns
from aumdoctor.report.text import count, printable

_VERDICTS = {"patched": "bold green", "failed": "bold red", "unknown": "bold yellow"}
# A word stands for its state where there is no colour, too.
_WORDS = {
    "succeeded": ("patched", "green"),
    "succeeded-with-warnings": ("WARNING", "yellow"),
    "no-op": ("NOTHING INSTALLED", "yellow"),
    "failed": ("FAILED", "bold red"),
    "cancelled": ("CANCELLED", "bold red"),
    "no-record": ("NO RECORD", "bold red"),
    "in-progress": ("in progress", "cyan"),
    "unknown": ("NOT KNOWN", "bold yellow"),
}
_MEANINGS = {
    0: "every machine was patched or had nothing to do",
    1: "something failed or is missing",
    3: "it cannot be told of everything",
    130: "interrupted before everything was read",
}
_NAMES_SHOWN = 5
_APART_SHOWN = 5


def render(runs: Runs, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The report as text of at most `width` columns; only what is to be copied may be wider.

    `verbose` names every machine with its own sentence and evidence, and every cure. With `color` the text carries ANSI
    escapes.
    """
    page = Page(verbose=verbose, width=width, color=color)
    if runs.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    page.line(sentence(runs.said), _VERDICTS[runs.verdict])
    left_out = ", what went well left out" if runs.failed_only else ""
    page.line(f"{runs.since:%Y-%m-%d %H:%M} to {runs.collected_at:%Y-%m-%d %H:%M} UTC{left_out}", "dim")
    bearing: dict[str, set[str]] = defaultdict(set)
    for window in runs.windows:
        bearing[window.window.schedule.name.lower()].add(window.window.schedule.resource_id.lower())
    for window in runs.windows:
        several = len(bearing[window.window.schedule.name.lower()]) > 1
        _window(page, window, verbose, with_id=verbose or several)
    _apart(page, "On demand", runs.on_demand, verbose)
    _apart(page, "Outside of windows", runs.outside_windows, verbose)
    _schedules(page, "Windows that cannot be told", runs.unreadable)
    _schedules(page, "Without a window in that time", runs.without_window)
    _not_seen(page, runs)
    page.line()
    page.line(f"Exit code {runs.exit_code}: {_MEANINGS[runs.exit_code]}.")
    return page.text


def _window(page: Page, found: WindowRuns, verbose: bool, *, with_id: bool) -> None:
    window = found.window
    local = datetime.fromisoformat(window.local_start)
    page.line()
    page.line(printable(window.schedule.name), "bold")
    page.line(
        f"{window.starts_at:%a %Y-%m-%d %H:%M} UTC ({local:%a %H:%M %z} local), "
        f"{window.minutes if found.planned else 'about ' + str(window.minutes)} min",
        indent=2,
    )
    if with_id:
        page.copyable(window.schedule.resource_id, 2, "dim")
    page.line(_numbers(found.counts), indent=2)
    machines = {run.machine.resource_id: run for run in found.machines}
    for cause in found.causes:
        _cause(page, cause, machines, verbose)
    for note in found.notes:
        page.line(sentence(note), "dim", indent=2)
    if any(cause.ended != "in-progress" for cause in found.causes):
        page.line(_next(found), "dim", indent=2)


def _numbers(counts: Counts) -> str:
    told = [count(counts.machines, "machine")]
    told += [f"{counts.succeeded + counts.with_warnings} patched"]
    for number, word in (
        (counts.with_warnings, "of them with warnings"),
        (counts.no_op, "with nothing installed"),
        (counts.failed, "failed"),
        (counts.cancelled, "cancelled"),
        (counts.no_record, "without a record"),
        (counts.in_progress, "in progress"),
        (counts.unknown, "not known"),
    ):
        told += [f"{number} {word}"] if number else []
    return ", ".join(told)


def _next(found: WindowRuns) -> str:
    if found.next_start is None or found.change_until is None:
        return "The schedule has no window to come."
    return f"Next window: {found.next_start:%a %Y-%m-%d %H:%M} UTC; changes count until {found.change_until:%H:%M} UTC."


def _cause(page: Page, cause: RunCause, machines: dict[str, MachineRun], verbose: bool) -> None:
    word, style = _WORDS[cause.ended]
    name = f" {printable(cause.name)}" if cause.name else ""
    page.styled("  ", (word, style), f"  {count(len(cause.machines), 'machine')}  {cause.check}{name}")
    page.line(sentence(cause.said), indent=4)
    runs = [machines[resource_id] for resource_id in cause.machines if resource_id in machines]
    if verbose:
        for run in runs:
            _machine(page, run, cause)
    else:
        names = [printable(ids.name_of(each)) for each in cause.machines[:_NAMES_SHOWN]]
        more = f" and {len(cause.machines) - len(names)} more (--verbose)" if len(cause.machines) > len(names) else ""
        page.line(f"{', '.join(names)}{more}", indent=4)
        if len(runs) == 1:
            page.evidence(runs[0].evidence[:3], indent=4)
    if cause.cure:
        whose = ", made out for one of them" if len(cause.machines) > 1 else ""
        for cure in cause.cure if verbose else cause.cure[:1]:
            page.cure(cure, whose)
        return
    for line in cause.advice:
        page.labelled("do", sentence(line))


def _machine(page: Page, run: MachineRun, cause: RunCause) -> None:
    page.copyable(run.machine.resource_id, 4)
    if run.said and run.said != cause.said:
        page.line(sentence(run.said), indent=6)
    for likely in run.likely[1:]:
        page.line(f"perhaps also: {printable(likely.message)} ({likely.check})", indent=6)
    page.evidence(run.evidence, indent=6)


def _apart(page: Page, title: str, found: Sequence[ApartInstallation], verbose: bool) -> None:
    if not found:
        return
    page.line()
    page.line(title, "bold")
    shown = found if verbose else found[:_APART_SHOWN]
    for each in shown:
        when = f"{each.started_at:%Y-%m-%d %H:%M} UTC" if each.started_at is not None else "at a time not given"
        told = [f"{printable(each.machine.name)}, {when}: {printable(each.status or 'status not given')}"]
        told += [f"{each.installed} installed"] if each.installed is not None else []
        told += [f"{each.failed} failed"] if each.failed else []
        told += [", ".join(map(printable, each.failed_patches))] if each.failed_patches else []
        page.line(", ".join(told), indent=2)
        if each.errors and (each.status or "").lower() == "failed":
            page.line(sentence(each.errors[0]), "dim", indent=4)
    if len(shown) < len(found):
        page.line(f"and {len(found) - len(shown)} more (--verbose)", "dim", indent=2)


def _schedules(page: Page, title: str, found: Sequence[UnreadableSchedule]) -> None:
    if not found:
        return
    page.line()
    page.line(title, "bold yellow")
    for each in found:
        page.line(f"{printable(each.schedule.name)}: {printable(each.reason)}", indent=2)


def _not_seen(page: Page, runs: Runs) -> None:
    if not runs.blind:
        return
    page.line()
    page.line("Not seen", "bold yellow")
    for each in runs.blind:
        needs = f" (needs {printable(each.missing_permission)})" if each.missing_permission else ""
        chosen = " (as the options say)" if each.by_choice else ""
        page.line(f"{printable(each.said)}{needs}{chosen}", indent=2)
