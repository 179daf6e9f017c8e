"""The schedules of one machine for a person at a terminal: in or out of each, and the clauses that decide it."""

from __future__ import annotations

from collections import Counter

from rich.table import Table
from rich.text import Text

from aumdoctor.report.page import Page, sentence
from aumdoctor.report.scope import Assignment, Clause, Schedule, Scopes
from aumdoctor.report.text import count, printable

_KINDS = {"azure-vm": "Azure VM", "arc": "Arc-enabled server"}
# A mark stands for its state where there is no colour, too.
_MARKS = {"in": ("IN ", "bold green"), "out": ("OUT", "bold"), "unknown": ("?  ", "yellow")}
_MEANINGS = {
    0: "in scope of a schedule that patches guests",
    1: "in scope of no schedule that was looked at",
    3: "something could not be read, so that it cannot be told",
    130: "interrupted before everything was read",
}
_ASSIGNMENTS_SHOWN = 3
_WIDEST_NAME = 28


def render(scopes: Scopes, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The report as text of at most `width` columns; only what is to be copied may be wider.

    Of a schedule that the machine is not in it shows the clauses that keep it out; `verbose` shows every clause of
    every assignment, and the ids. With `color` the text carries ANSI escapes.
    """
    page = Page(verbose=verbose, width=width, color=color)
    if scopes.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    page.line(_ended(scopes.answer), "bold")
    machine = scopes.machine
    page.copyable(machine.resource_id, 0, "dim")
    told = (_KINDS[machine.kind], machine.os_type or "operating system not known", machine.location)
    page.line(
        ", ".join(printable(each) for each in (*told, f"{scopes.collected_at:%Y-%m-%d %H:%M} UTC") if each), "dim"
    )
    if verbose and machine.tags:
        tags = ", ".join(f"{name}={value}" for name, value in sorted(machine.tags.items()))
        page.line(f"tags: {printable(tags)}", "dim")
    bearing = Counter(schedule.name.lower() for schedule in scopes.schedules)
    for schedule in scopes.schedules:
        page.line()
        _schedule(page, schedule, verbose, with_id=verbose or bearing[schedule.name.lower()] > 1)
    _unread(page, scopes)
    page.line()
    page.line(f"Exit code {scopes.exit_code}: {_MEANINGS[scopes.exit_code]}.")
    return page.text


def _ended(answer: str) -> str:
    # Not made a sentence: most begin with the machine's name.
    text = printable(answer)
    return f"{text[:1].upper()}{text[1:]}." if text.startswith("whether ") else f"{text}."


def _schedule(page: Page, schedule: Schedule, verbose: bool, *, with_id: bool) -> None:
    mark, style = _MARKS[schedule.state]
    page.styled((mark, style), "  ", (printable(schedule.name), "bold"), f" ({printable(schedule.said)})")
    if with_id and schedule.resource_id:
        page.copyable(schedule.resource_id, 5, "dim")
    if schedule.unusable is not None and schedule.state != "out":
        page.line(sentence(f"but {schedule.unusable}" if schedule.state == "in" else schedule.unusable), "yellow", 5)
    if verbose:
        shown = schedule.assignments
    elif schedule.state == "in":
        return
    else:
        shown = schedule.assignments[:_ASSIGNMENTS_SHOWN]
    for assignment in shown:
        _assignment(page, assignment, verbose, named=len(schedule.assignments) > 1 or schedule.state == "unknown")
    if len(shown) < len(schedule.assignments):
        rest = count(len(schedule.assignments) - len(shown), "more dynamic scope")
        page.line(f"and {rest} (--verbose)", "dim", indent=5)
    if schedule.assignments_elsewhere and schedule.assignments:
        page.line(f"{count(schedule.assignments_elsewhere, 'static assignment')} elsewhere", "dim", indent=5)


def _assignment(page: Page, assignment: Assignment, verbose: bool, *, named: bool) -> None:
    clauses = [clause for clause in assignment.clauses if verbose or clause.keeps_out]
    if named or verbose:
        kind = "dynamic scope" if assignment.kind == "dynamic" else "assignment"
        near = ", by nothing but the case of letters" if assignment.near else ""
        reaches = "takes it in" if assignment.reaches else f"leaves it out{near}"
        page.line(f"{kind} {printable(assignment.name)} {reaches}", indent=5)
    if verbose:
        page.copyable(assignment.resource_id, 5, "dim")
    if not clauses:
        return
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold", max_width=_WIDEST_NAME)
    rows.add_column(overflow="fold")
    for clause in clauses:
        mark, style = _mark(clause)
        rows.add_row(Text(mark, style=style), Text(printable(clause.name)), Text(printable(clause.said)))
    page.indented(rows, indent=7 if named or verbose else 5)


def _mark(clause: Clause) -> tuple[str, str]:
    if clause.keeps_out:
        return "no", "bold red"
    return ("ok", "green") if clause.passes else ("-", "dim")


def _unread(page: Page, scopes: Scopes) -> None:
    if scopes.unread:
        page.line()
        page.line("Not known", "bold")
    for each in scopes.unread:
        needs = f"; needs {printable(each.missing_permission)}" if each.missing_permission else ""
        page.line(f"{each.fact}: {printable(each.reason)}{needs}", indent=2)
    if scopes.gaps:
        page.line()
        page.line("Not read", "bold yellow")
    for gap in scopes.gaps:
        answer = " ".join(str(part) for part in (gap.status, gap.code) if part is not None)
        page.line(f"{printable(gap.operation)}: {printable(answer)}".rstrip(": "), indent=2)
        if gap.message:
            page.line(printable(gap.message), "dim", indent=4)
