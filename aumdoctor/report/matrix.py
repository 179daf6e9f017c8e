"""Who patches a machine, as tables in plain text: `aumdoctor explain matrix`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import zip_longest

from aumdoctor.schedule.outcome import (
    ARC_SCHEDULED,
    ARC_UNSCHEDULED,
    PatchedBy,
    PatchOutcome,
    documented_rows,
    linux_patch_modes,
    windows_patch_modes,
)

_PATCHED_BY = {
    PatchedBy.SCHEDULE: "the schedule",
    PatchedBy.PLATFORM: "Azure, when it chooses",
    PatchedBy.GUEST: "the guest itself, if at all",
    PatchedBy.NOBODY: "nobody",
}
_CHECKS = {2: "AUM033", 3: "AUM031", 4: "AUM034 AUM035", 5: "AUM030 AUM032", 6: "AUM032", 7: "AUM030"}
"""The checks that speak of a row."""

_GUTTER = "  "
_SOURCES = (
    "Azure VMs: azure-docs, update-manager/prerequsite-for-schedule-patching.md",
    "Arc-enabled servers: azure-docs, update-manager/scheduled-patching.md",
    "patch modes: azure-compute-docs, automatic-vm-guest-patching.md; azure-mgmt-compute 39.0.0",
)


def of_matrix(width: int) -> str:
    """All tables, with what they leave out, its paragraphs filled to a width; a table takes more columns than
    that where its longest words do (80 at most)."""
    fill = partial(textwrap.fill, width=width, break_on_hyphens=False, break_long_words=False)
    disputed = [
        f"{mode} with enableAutomaticUpdates {_word(automatic, 'true', 'false')}: {rule.note}."
        for mode, automatic, rule in windows_patch_modes()
        if rule.allowed is None
    ]
    parts = [
        "Who patches a machine",
        _table(width, ("row", "platform mode", "bypass", "schedule", "patched by", "see"), _vm_rows()),
        fill(
            "Azure VMs. platform mode: the patch mode is AutomaticByPlatform. bypass: "
            "bypassPlatformSafetyChecksOnUserSchedule is true. "
            "In rows 3, 5 and 7 a schedule is attached and its runs end with a prerequisite error. In rows 5 to 8 "
            "Azure installs nothing; the guest updates itself where the mode is AutomaticByOS (Windows) or "
            "ImageDefault (Linux). Assessments and installations on demand work in every row."
        ),
        _table(width, ("Arc-enabled server", "patched by"), _arc_rows()),
        fill("The patch mode of an Arc-enabled server decides nothing."),
        "Which patch modes a VM can have",
        _table(width, ("Windows", "auto updates", "allowed", "NoAutoUpdate", "switches to"), _windows_rows()),
        fill(
            "auto updates: enableAutomaticUpdates, which is fixed when the VM is created, so that AutomaticByOS and "
            "Manual never change places. NoAutoUpdate: what Azure writes to the registry of the guest."
        ),
        *(fill(note) for note in disputed),
        _table(width, ("Linux", "allowed", "switches to"), _linux_rows()),
        "Source\n" + "\n".join(fill(source, initial_indent="  ", subsequent_indent="    ") for source in _SOURCES),
    ]
    return "\n\n".join(parts) + "\n"


def _vm_rows() -> Iterable[tuple[str, ...]]:
    for situation, outcome in documented_rows():
        settings = (situation.platform_mode, situation.bypass, situation.scheduled)
        # Outside the platform mode it is the guest's own configuration that decides, and Azure does not see it.
        who = _who(outcome) if situation.platform_mode else _who(outcome, "guest or nobody")
        yield str(outcome.row), *map(_word, settings), who, _CHECKS.get(outcome.row or 0, "")


def _arc_rows() -> Iterable[tuple[str, ...]]:
    yield "schedule attached", _who(ARC_SCHEDULED)
    yield "no schedule attached", _who(ARC_UNSCHEDULED)


def _windows_rows() -> Iterable[tuple[str, ...]]:
    for mode, automatic_updates, rule in windows_patch_modes():
        registry = "" if rule.no_auto_update is None else str(rule.no_auto_update)
        switches = ", ".join(rule.switches_to)
        yield mode, _word(automatic_updates, "true", "false"), _allowed(rule.allowed), registry, switches


def _linux_rows() -> Iterable[tuple[str, ...]]:
    for mode, rule in linux_patch_modes():
        yield mode, _allowed(rule.allowed), ", ".join(rule.switches_to)


def _who(outcome: PatchOutcome, who: str = "") -> str:
    return (who or _PATCHED_BY[outcome.patched_by]) + (", runs fail" if outcome.prerequisite_error else "")


def _word(value: bool, yes: str = "yes", no: str = "no") -> str:
    return yes if value else no


def _allowed(value: bool | None) -> str:
    return "disputed" if value is None else _word(value)


def _table(width: int, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, *rows]
    widths = _widths(list(zip(*lines, strict=True)), width - len(_GUTTER) * (len(titles) - 1))
    return "\n".join(text for line in lines for text in _row(line, widths))


def _widths(columns: Sequence[Sequence[str]], together: int) -> list[int]:
    """The columns' widths: those of their cells, and where that is too much the widest ones narrowed down to a word."""
    widths = [max(map(len, cells)) for cells in columns]
    narrowest = [max(len(word) for cell in cells for word in (cell.split() or [""])) for cells in columns]
    while sum(widths) > together:
        to_spare = [at for at, (now, least) in enumerate(zip(widths, narrowest, strict=True)) if now > least]
        if not to_spare:
            break
        widths[max(to_spare, key=widths.__getitem__)] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    filled = [
        textwrap.wrap(cell, width, break_on_hyphens=False, break_long_words=False)
        for cell, width in zip(cells, widths, strict=True)
    ]
    for parts in zip_longest(*filled, fillvalue=""):
        yield _GUTTER.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
