"""Forecasts for a person at a terminal: one machine link by link, or many by what is to be expected of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from aumdoctor.report.forecast import Forecast, Forecasts
from aumdoctor.report.page import Page, sentence
from aumdoctor.report.text import count, printable
from aumdoctor.report.why_table import MARKS
from aumdoctor.report.window import Window

_OUTLOOKS = {
    "will-not-be-patched": ("WILL NOT", "bold red", "will not be patched"),
    "unknown": ("UNKNOWN", "bold yellow", "unknown"),
    "will-be-patched": ("WILL", "bold green", "will be patched"),
    "no-window": ("NO WINDOW", "dim", "without a window"),
}
_SHOWN = 5
_MEANINGS = {
    0: "nothing stops the next windows",
    1: "machines will not be patched in their next window",
    3: "something could not be read, so that it cannot be told",
    130: "interrupted before everything was read",
}


def render(report: Forecasts, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The forecasts as text of at most `width` columns.

    Of up to three machines every link is shown, of more the reasons with their machines; `verbose` shows every link of
    all. With `color` the text carries ANSI escapes.
    """
    page = Page(verbose=verbose, width=width, color=color)
    if report.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    if len(report.machines) != 1:
        page.line(_summary(report), "bold")
    if len(report.machines) <= 3 or verbose:
        for found in report.machines:
            _one(page, found, is_first=found is report.machines[0] and len(report.machines) == 1)
    else:
        _many(page, report.machines)
    for gap in report.gaps:
        page.line()
        page.line(f"not read: {printable(gap.operation)}: {printable(gap.message)}", "yellow")
    page.line()
    page.line(f"Exit code {report.exit_code}: {_MEANINGS[report.exit_code]}.")
    return page.text


def _summary(report: Forecasts) -> str:
    counts = report.counts
    parts = [
        (counts.will_not_be_patched, "will not be patched"),
        (counts.unknown, "unknown"),
        (counts.will_be_patched, "will be patched"),
        (counts.no_window, "without a window"),
    ]
    told = ", ".join(f"{number:,} {what}" for number, what in parts if number)
    return f"{count(len(report.machines), 'machine')}: {told}" if told else "No machine in scope has a window."


def _when(window: Window) -> str:
    return f"{printable(window.schedule.name)} at {window.starts_at:%a %Y-%m-%d %H:%M} UTC for {window.minutes} min"


def _answer(found: Forecast) -> str:
    name = printable(found.machine.name)
    where = f" in {_when(found.window)}" if found.window is not None else ""
    if found.outlook == "will-be-patched":
        return f"{name} will be patched{where}."
    if found.outlook == "will-not-be-patched":
        return f"{name} will not be patched{where}, because {_inside(found.because)}"
    if found.outlook == "unknown":
        return f"Whether {name} will be patched{where} is not known: {_inside(found.because)}"
    return f"{name} has no window: {_inside(found.because)}"


def _inside(because: str) -> str:
    return printable(because.replace("`", "")).rstrip(".") + "."


def _one(page: Page, found: Forecast, *, is_first: bool) -> None:
    if not is_first:
        page.line()
    page.line(_answer(found), _OUTLOOKS[found.outlook][1])
    page.copyable(found.machine.resource_id, 0, "dim")
    chain = Table.grid(padding=(0, 2, 0, 0))
    chain.add_column(no_wrap=True)
    chain.add_column(no_wrap=True)
    chain.add_column(overflow="fold")
    for link in found.chain:
        mark, style = MARKS[link.state]
        first = Text(f"{link.link} <-" if link.link == found.broken_at else link.link)
        chain.add_row(Text(mark, style=style), first, Text(sentence(link.said)))
    page.indented(chain)
    for text in found.but:
        page.line(f"but {printable(text)}", "yellow", indent=2)
    for schedule in found.also:
        page.line(f"also under {printable(schedule.name)}", "dim", indent=2)


def _many(page: Page, machines: Sequence[Forecast]) -> None:
    for outlook, (_, style, words) in _OUTLOOKS.items():
        grouped: dict[tuple[str, str], list[Forecast]] = defaultdict(list)
        for found in machines:
            if found.outlook == outlook:
                grouped[_reason(found)].append(found)
        if not grouped:
            continue
        page.line()
        page.line(words.capitalize(), style)
        for (link, because), group in sorted(grouped.items(), key=lambda item: -len(item[1])):
            at = f"{link}: " if link else ""
            page.line(f"{count(len(group), 'machine')}: {at}{printable(because)}", indent=2)
            names = ", ".join(printable(each.machine.name) for each in group[:_SHOWN])
            more = f" and {len(group) - _SHOWN:,} more (--verbose)" if len(group) > _SHOWN else ""
            page.line(f"{names}{more}", "dim", indent=4)


def _reason(found: Forecast) -> tuple[str, str]:
    if found.outlook == "will-be-patched" and found.window is not None:
        return "", _when(found.window)
    # What differs from machine to machine in a message (a time, a name) would make a group of each.
    return found.broken_at or "", found.because
