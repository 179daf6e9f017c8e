"""The coming windows for a person at a terminal."""

from __future__ import annotations

from datetime import datetime

from rich.table import Table
from rich.text import Text

from aumdoctor.report.page import Page
from aumdoctor.report.text import count, printable
from aumdoctor.report.window import names_of
from aumdoctor.report.windows import Coming, Windows

_KINDS = {
    "same-start": "start at the same time: it may be that only one of them triggers",
    "overlap": "overlap: the second may begin only when the first has ended, or be missed",
    "back-to-back": "follow one another closely",
    "host-overlap": "overlap: the guest's waits for that of the host",
}
_CLOCK = {
    "start-skipped": "the clock skips its local start that day: it begins later by the clock",
    "start-repeated": "its local start comes twice that day: the first counts",
    "within-window": "the clock changes while it is open",
}
_NAMED_AT_MOST = 4
_NARROW = 72
_MEANINGS = {
    0: "all windows were seen",
    3: "something could not be read, so that windows or machines may be missing",
    130: "interrupted before everything was read",
}


def render(report: Windows, *, verbose: bool = False, width: int = 80, color: bool = False) -> str:
    """The windows as text of at most `width` columns; `verbose` names the machines that are not ready."""
    page = Page(verbose=verbose, width=width, color=color)
    if report.interrupted:
        page.line("Interrupted: what follows is only what had been read by then.", "bold yellow")
    page.line(f"{count(len(report.windows), 'window')} until {report.until:%Y-%m-%d %H:%M} UTC", "bold")
    if report.windows:
        page.line()
        if width < _NARROW:
            _lines(page, report)
        else:
            page.indented(_windows(report), 0)
    if verbose:
        for coming in report.windows:
            _names(page, coming)
    for coming in report.windows:
        if coming.window.clock is not None:
            when = f"{coming.window.starts_at:%Y-%m-%d %H:%M} UTC"
            page.line()
            page.line(f"{printable(coming.window.schedule.name)} {when}: {_CLOCK[coming.window.clock]}", "yellow")
    _conflicts(page, report)
    for each in report.unreadable:
        page.line()
        page.line(f"{printable(each.schedule.name)}: its windows cannot be told", "bold yellow")
        page.line(printable(each.reason), indent=2)
    if report.without_window:
        page.line()
        names = ", ".join(printable(each.name) for each in report.without_window)
        page.line(f"Without any window to come: {names}", "yellow")
    for gap in report.gaps:
        page.line()
        page.line(f"not read: {printable(gap.operation)}: {printable(gap.message)}", "yellow")
    page.line()
    page.line(f"Exit code {report.exit_code}: {_MEANINGS[report.exit_code]}.")
    return page.text


def _windows(report: Windows) -> Table:
    """A row for each window; the first of each day (of UTC) names the day."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("UTC", no_wrap=True)
    table.add_column("local", no_wrap=True)
    for heading in ("min", "ready", "blocked", "unknown"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("schedule", overflow="fold")
    names = names_of(coming.window.schedule for coming in report.windows)
    day = None
    for coming in report.windows:
        window, local = coming.window, datetime.fromisoformat(coming.window.local_start)
        named = f"{window.starts_at:%a %d %b}" if day != window.starts_at.date() else " " * 10
        day = window.starts_at.date()
        elsewhere = f" {local:%a}" if local.date() != day else ""
        table.add_row(
            Text(f"{named} {window.starts_at:%H:%M}"),
            Text(f"{local:%H:%M}{elsewhere}"),
            str(window.minutes),
            Text(f"{coming.ready:,}/{coming.machines:,}", style="" if coming.machines else "dim"),
            _number(len(coming.blocked), "red"),
            _number(len(coming.unknown), "yellow"),
            Text(names[window.schedule.resource_id] + (" (open now)" if coming.is_open else "")),
        )
    return table


def _lines(page: Page, report: Windows) -> None:
    """The same for a page that is too narrow for a table: two lines for each window."""
    names = names_of(coming.window.schedule for coming in report.windows)
    for coming in report.windows:
        window = coming.window
        page.line(names[window.schedule.resource_id], "bold")
        told = (
            f"{window.starts_at:%a %d %b %H:%M} UTC, {window.minutes} min, {coming.ready:,}/{coming.machines:,} ready"
        )
        told += f", {len(coming.blocked):,} blocked" if coming.blocked else ""
        told += f", {len(coming.unknown):,} unknown" if coming.unknown else ""
        page.line(told + (", open now" if coming.is_open else ""), indent=2)


def _number(number: int, style: str) -> Text:
    return Text(f"{number:,}", style=style) if number else Text("-", style="dim")


def _names(page: Page, coming: Coming) -> None:
    for what, machines in (("blocked", coming.blocked), ("unknown", coming.unknown)):
        if machines:
            page.line()
            page.line(
                f"{printable(coming.window.schedule.name)} {coming.window.starts_at:%m-%d %H:%M}, {what}: "
                + ", ".join(printable(machine.name) for machine in machines),
                indent=2,
            )


def _conflicts(page: Page, report: Windows) -> None:
    if not report.conflicts:
        return
    page.line()
    page.line("Windows that get into each other's way", "bold yellow")
    for found in report.conflicts:
        names = ", ".join(printable(machine.name) for machine in found.machines[:_NAMED_AT_MOST])
        more = f" and {len(found.machines) - _NAMED_AT_MOST:,} more" if len(found.machines) > _NAMED_AT_MOST else ""
        page.line(
            f"{printable(found.first.schedule.name)} ({found.first.starts_at:%m-%d %H:%M}) and "
            f"{printable(found.second.schedule.name)} ({found.second.starts_at:%m-%d %H:%M} UTC) {_KINDS[found.kind]}; "
            f"on {count(len(found.machines), 'machine')}: {names}{more}",
            indent=2,
        )
