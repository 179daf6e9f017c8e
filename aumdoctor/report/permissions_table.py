"""The rights that a task takes, for a person at a terminal: the answer, what is missing where, what each is for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from aumdoctor.model import ids
from aumdoctor.remedies import rights
from aumdoctor.report.page import Page, sentence
from aumdoctor.report.permissions import Held, PermissionsReport
from aumdoctor.report.text import count, printable

# A mark stands for its state where there is no colour, too.
_STATES = {
    "complete": ("ok", "green"),
    "missing": ("MISSING", "bold red"),
    "unknown": ("?", "yellow"),
    "not-asked": ("-", "dim"),
}
_COLUMNS_AT_MOST = 20
"""Subscriptions that have a column of marks of their own."""


def render(report: PermissionsReport, *, width: int = 80, color: bool = False) -> str:
    """The report as text of at most `width` columns; only actions and what is to be copied may be wider.

    With `color` the text carries ANSI escapes.
    """
    page = Page(verbose=True, width=width, color=color)
    if report.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    if report.checked is not None:
        page.line(_answer(report, report.checked), "bold")
    page.line(_extent(report), "bold" if report.checked is None else "dim")
    if report.checked is not None:
        _subscriptions(page, report.checked)
    _purposes(page, report)
    _role(page, report)
    _gaps(page, report)
    page.line()
    page.line(f"Exit code {report.exit_code}: {_meaning(report)}.")
    return page.text


def _extent(report: PermissionsReport) -> str:
    changing = [action for action in report.actions if not action.endswith("/read")]
    verb = "changes" if len(changing) == 1 else "change"
    told = f"{len(changing)} of them {verb} something" if changing else "all of them only read"
    named = f" with {', '.join(report.remedies)}" if report.remedies else ""
    return f"aumdoctor takes {count(len(report.actions), 'action')} for {report.task}{named}: {told}."


def _answer(report: PermissionsReport, checked: Sequence[Held]) -> str:
    compared = [held for held in checked if held.state != "not-asked"]
    lacking = [held for held in compared if held.missing]
    untold = [held for held in compared if held.unknown]
    if lacking:
        missing = len({action for held in lacking for action in held.missing})
        verb = "is" if missing == 1 else "are"
        where = f"{len(lacking)} of {count(len(compared), 'subscription')}"
        return f"{missing} of {count(len(report.actions), 'action')} {verb} missing in {where}."
    if untold or not compared:
        where = f" in {len(untold)} of {count(len(compared), 'subscription')}" if compared else ""
        return f"It cannot be told whether anything is missing{where}."
    return f"Nothing is missing in {count(len(compared), 'subscription')}."


def _meaning(report: PermissionsReport) -> str:
    if report.checked is None:
        return "listed, and compared with nothing (--check does)"
    return {
        0: "nothing is missing",
        1: "rights are missing",
        3: "it could not be told of every right whether it is there",
        130: "interrupted before everything was read",
    }[report.exit_code]


def _subscriptions(page: Page, checked: Sequence[Held]) -> None:
    """A line for each subscription, numbered for the columns below; then what is missing in it, and why not told."""
    page.line()
    page.line("Subscriptions", "bold")
    for number, held in enumerate(checked, 1):
        mark, style = _STATES[held.state]
        lacks = f", {count(len(held.missing), 'action')}" if held.missing else ""
        page.styled(f"  {number:>3}  ", (f"{mark:<8}", style), f"{printable(held.name or held.id)}{lacks}")
        for action in held.missing:
            page.copyable(action, 7)
        if held.unknown and held.missing:
            page.line(f"{len(held.unknown)} more could not be told.", indent=7)
        if held.said:
            page.line(sentence(held.said), "dim", indent=7)
    page.line(
        "What is granted on a resource group or a machine alone does not show, nor do deny assignments.", "dim", 2
    )


def _purposes(page: Page, report: PermissionsReport) -> None:
    checked = report.checked or ()
    columns = checked if len(checked) <= _COLUMNS_AT_MOST else ()
    page.line()
    page.line("What for", "bold")
    if columns:
        page.line(f"marks by subscription 1 to {len(columns)}: + granted, X missing, ? not told, - not asked", "dim", 2)
    for purpose in report.purposes:
        page.line(purpose.name if purpose.kind != "remedy" else f"remedy {purpose.name}", indent=2)
        for action in purpose.actions:
            marks = "".join(_mark(held, action) for held in columns)
            page.copyable(f"{marks}  {action}" if marks else action, 4, "red" if "X" in marks else "")


def _mark(held: Held, action: str) -> str:
    if action in held.missing:
        return "X"
    if action in held.unknown:
        return "?"
    return "-" if held.state == "not-asked" else "+"


def _role(page: Page, report: PermissionsReport) -> None:
    page.line()
    page.line("A role with just these", "bold")
    page.copyable(_command(report), 2)
    page.copyable("az role definition create --role-definition @role.json", 2)
    for action in report.role.actions:
        if "*" in action:
            said = f"{action}: Azure takes no role with the plain read there, and only reads lie below it."
            page.line(said, "dim", 2)
    if any("<" in scope for scope in report.role.assignable_scopes):
        page.line("Fill in the id of a subscription or management group at <…> in AssignableScopes.", "dim", 2)


def _command(report: PermissionsReport) -> str:
    """The command line that writes the role of this report."""
    words = ["aumdoctor", "permissions", "--for", report.task]
    for remedy in report.remedies:
        if report.task != "remediate" or remedy not in rights.safe():
            words += ["--remedy", remedy]
    for scope in report.role.assignable_scopes:
        option = "--management-group" if "/managementGroups/" in scope else "--subscription"
        words += [option, "ID" if "<" in scope else ids.name_of(scope)]
    return shlex.join([*words, "-o", "role=role.json"])


def _gaps(page: Page, report: PermissionsReport) -> None:
    if not report.gaps:
        return
    page.line()
    page.line("Not read", "bold yellow")
    for gap in report.gaps:
        answer = " ".join(str(part) for part in (gap.status, gap.code) if part is not None)
        page.line(f"{printable(gap.operation)}: {printable(answer)}".rstrip(": "), indent=2)
        if gap.message:
            page.line(printable(gap.message), "dim", indent=4)
