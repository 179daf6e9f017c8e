"""What became of a plan for a person at a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from aumdoctor.model import ids
from aumdoctor.report.applied import Applied, AppliedAction
from aumdoctor.report.page import Page, sentence
from aumdoctor.report.text import count, printable

_ORDER = ("failed", "unknown", "not-run", "skipped", "done")
_STYLES = {"failed": "bold red", "unknown": "bold yellow", "not-run": "yellow", "skipped": "yellow", "done": "green"}
_WORDS = {
    "failed": "Failed",
    "unknown": "Not known what became of them",
    "not-run": "Not run",
    "skipped": "Skipped",
    "done": "Done",
}
_CURES = {"cured": "cured", "not-yet": "not yet", "not-cured": "NOT CURED", "unknown": "cure not known"}
_SHOWN = 5
_MEANINGS = {
    0: "all that was to be done was done",
    1: "something failed, was held back or is not cured",
    3: "something could not be told",
    130: "interrupted",
}
_OF_UNDO = {0: "all was put back", 1: "something failed, was held back or has no way back"}


def render(report: Applied, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The ends of actions as text of at most `width` columns; `verbose` names every one."""
    page = Page(verbose=verbose, width=width, color=color)
    counts = report.counts
    parts = [
        (counts.done, "done"),
        (counts.failed, "failed"),
        (counts.unknown, "not known"),
        (counts.skipped, "skipped"),
        (counts.not_run, "not run"),
    ]
    told = ", ".join(f"{number:,} {what}" for number, what in parts if number) or "nothing to do"
    cured = f"; {counts.cured:,} cured" if report.command != "undo" else ""
    page.line(f"{count(len(report.actions), 'action')}: {told}{cured}", "bold")
    if report.stopped:
        word = "Incomplete" if report.command == "undo" else "Stopped"
        page.line(f"{word}: {sentence(report.stopped)}", "bold red")
    for fate in _ORDER:
        found = [action for action in report.actions if action.fate == fate]
        if found:
            page.line()
            page.line(_WORDS[fate], _STYLES[fate])
            _group(page, found, verbose)
    if any(action.journal_id for action in report.actions):
        page.line()
        page.line(f"journal: {printable(report.journal)}", "dim")
        if report.command != "undo" and counts.done:
            page.copyable(f"aumdoctor undo {report.journal}", 2, "dim")
    page.line()
    page.line(f"Exit code {report.exit_code}: {_meaning(report)}.")
    return page.text


def _meaning(report: Applied) -> str:
    if report.command == "undo" and report.exit_code in _OF_UNDO:
        return _OF_UNDO[report.exit_code]
    if report.exit_code == 0 and not report.actions:
        return "nothing was to be done within what is allowed, which says nothing of what else is wrong"
    if report.exit_code == 0 and any(action.cure == "not-yet" for action in report.actions):
        return f"{_MEANINGS[0]}; whether it cured is to be seen later"
    return _MEANINGS[report.exit_code]


def _group(page: Page, actions: Sequence[AppliedAction], verbose: bool) -> None:
    """Actions of one end, those together that ended for the same reason."""
    alike: dict[tuple[str, str, str], list[AppliedAction]] = defaultdict(list)
    for action in actions:
        cure = f"{_CURES[action.cure]}: {action.cure_said}" if action.cure is not None else ""
        if action.cure_until is not None:
            cure += f" (scan again after {action.cure_until:%H:%M} UTC)"
        alike[action.remedy, action.said, "" if action.cure == "cured" else cure].append(action)
    for (remedy, said, cure), group in alike.items():
        page.line(f"{remedy} on {len(group):,}: {printable(said)}", indent=2)
        if cure:
            page.line(printable(cure), "yellow", indent=4)
        elif group[0].cure == "cured":
            page.line("cured", "green", indent=4)
        shown = group if verbose else group[:_SHOWN]
        names = ", ".join(printable(ids.name_of(_about(action))) for action in shown)
        more = f" and {len(group) - len(shown):,} more (--verbose)" if len(shown) < len(group) else ""
        page.line(f"{names}{more}", "dim", indent=4)


def _about(action: AppliedAction) -> str:
    """What an action is about: its machine, else the resource that it changes."""
    if len(action.machines) == 1:
        return action.machines[0]
    return action.call.path.rpartition("/")[0] if action.call.method == "POST" else action.call.path
