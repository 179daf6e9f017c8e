"""The report on one machine for a person at a terminal: the answer, the chain, the cure, what is not known."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from aumdoctor.report.page import STYLES, Page, sentence
from aumdoctor.report.result import Unknown
from aumdoctor.report.text import printable
from aumdoctor.report.why import ChainLink, Why

# A mark stands for its state where there is no colour, too.
MARKS = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "broken": ("BROKEN", "bold red"),
    "unknown": ("?", "yellow"),
    "not-applicable": ("-", "dim"),
}
_KINDS = {"azure-vm": "Azure VM", "arc": "Arc-enabled server"}


def render(why: Why, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The report as text of at most `width` columns; only what is to be copied may be wider.

    `verbose` adds the evidence of links that hold, and every cure. With `color` the text carries ANSI escapes.
    """
    page = Page(verbose=verbose, width=width, color=color)
    if why.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    # Not made a sentence: it is one, and begins with a name.
    page.line(printable(why.answer.replace("`", "")), "bold")
    page.copyable(why.machine.resource_id, 0, "dim")
    page.line(f"{_KINDS[why.machine.kind]}, {why.machine.verdict}, {why.collected_at:%Y-%m-%d %H:%M} UTC", "dim")
    page.line()
    chain = Table.grid(padding=(0, 2, 0, 0))
    chain.add_column(no_wrap=True)
    chain.add_column(no_wrap=True)
    chain.add_column(overflow="fold")
    for link in why.chain:
        mark, style = MARKS[link.state]
        chain.add_row(Text(mark, style=style), Text(link.link), Text(sentence(link.said)))
    page.indented(chain)
    for link in why.chain:
        _details(page, link, verbose)
    for number, cure in enumerate(why.cure if verbose else why.cure[:1]):
        if not number:
            page.line()
        page.cure(cure)
    _unknowns(page, [unknown for link in why.chain for unknown in link.unknowns if not unknown.by_choice])
    _gaps(page, why)
    page.line()
    page.line(f"Exit code {why.exit_code}: {_MEANINGS[why.exit_code]}.")
    return page.text


_MEANINGS = {
    0: "nothing stops its patching",
    1: "the chain is broken",
    3: "something could not be read, so that it cannot be told",
    130: "interrupted before everything was read",
}


def _details(page: Page, link: ChainLink, verbose: bool) -> None:
    """The findings of a link with their evidence; verbose also what Azure says where it holds."""
    if not link.findings and not (verbose and link.evidence):
        return
    page.line()
    page.line(link.link, "bold", indent=2)
    for finding in link.findings:
        explained = f", explained by {finding.explained_by}" if finding.explained_by else ""
        page.styled(
            f"    {finding.check} {printable(finding.name)}  ",
            (finding.severity, STYLES[finding.severity]),
            explained,
        )
        page.line(sentence(finding.message), indent=6)
        page.evidence(finding.evidence, indent=6)
    if verbose:
        page.evidence(link.evidence, indent=4)


def _unknowns(page: Page, unknowns: list[Unknown]) -> None:
    reasons = dict.fromkeys((each.fact, each.reason, each.missing_permission) for each in unknowns)
    if not reasons:
        return
    page.line()
    page.line("Not known", "bold")
    for fact, reason, permission in reasons:
        checks = dict.fromkeys(each.check for each in unknowns if (each.fact, each.reason) == (fact, reason))
        needs = f"; needs {printable(permission)}" if permission else ""
        page.line(f"{fact}: {printable(reason)}{needs} ({', '.join(checks)})", indent=2)


def _gaps(page: Page, why: Why) -> None:
    if not why.gaps:
        return
    page.line()
    page.line("Not read", "bold yellow")
    for gap in why.gaps:
        answer = " ".join(str(part) for part in (gap.status, gap.code) if part is not None)
        page.line(f"{printable(gap.operation)}: {printable(answer)}".rstrip(": "), indent=2)
        if gap.message:
            page.line(printable(gap.message), "dim", indent=4)
