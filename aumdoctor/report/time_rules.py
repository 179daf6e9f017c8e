"""The documentation page of the rules of time, made from their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aumdoctor.knowledge.dated import Dated
from aumdoctor.knowledge.time_rules import TimeRule

_NOTE = "<!-- Written by `make docs` from aumdoctor/knowledge/time-rules.toml. Change it there. -->"
_SECTIONS = {
    "schedule": ("Schedules and changes to them", ""),
    "run": (
        "The minutes of a run",
        "A run looks at the time that is left before each step, and does not begin what would not fit. These are rules "
        "of thumb: most updates take less.",
    ),
    "events": ("Pre- and post-events", "Where nothing else is said, the time is before the start of the window."),
    "between": ("Between runs", ""),
    "recurrence": ("How recurrence is counted", ""),
    "clock": ("When clocks change", ""),
}
_SYSTEMS = {"windows": "Windows", "linux": "Linux", "any": ""}


def page(rules: Dated[TimeRule]) -> str:
    """The page `docs/time-rules.md`: every rule with its source and the test that holds it."""
    parts = [
        "# Rules of time",
        _NOTE,
        "What aumdoctor reckons with when it computes windows, budgets and deadlines. Where documents disagree, both "
        "values stand here, and an answer that depends on which of them is right is given as unknown. As of "
        f"{rules.as_of.isoformat()}.",
    ]
    for about, (title, remark) in _SECTIONS.items():
        rows = [_row(rule) for rule in rules.rows if rule.about == about]
        parts += [f"## {title}", *([remark] if remark else []), _table(_HEAD, rows)]
    return "\n\n".join(parts) + "\n"


_HEAD = ("rule", "value", "system", "what it means", "elsewhere", "source", "test")


def _row(rule: TimeRule) -> tuple[str, ...]:
    return (
        f"`{rule.name}`",
        _value(rule),
        _SYSTEMS[rule.os],
        _cell(rule.means),
        _cell(rule.elsewhere),
        _cell(rule.source),
        _test(rule.held_by),
    )


def _value(rule: TimeRule) -> str:
    given = ((rule.minutes, "min"), (rule.hours, "h"), (rule.days, "days"), (rule.number, ""))
    return next((f"{count} {unit}".strip() for count, unit in given if count is not None), "")


def _test(node_id: str) -> str:
    path, _, name = node_id.partition("::")
    return f"[{name}](../{path})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "\\<")
