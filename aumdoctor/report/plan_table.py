"""A plan for a person at a terminal: how much first, then each remedy with its requests, then what is left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aumdoctor.model import ids
from aumdoctor.remedies.plan import LeftOut, PlanFile, PlannedAction
from aumdoctor.remedies.remedy import Risk
from aumdoctor.remedies.run_in_guest import is_run, script_of
from aumdoctor.report.page import Page, sentence
from aumdoctor.report.text import count, printable

_RISKS = {
    Risk.SAFE: ("safe", "green"),
    Risk.CONSENT: ("ask the owner first", "yellow"),
    Risk.DISRUPTIVE: ("disruptive", "red"),
    Risk.PRIVILEGE: ("grants a privilege", "red"),
    Risk.COST: ("costs money", "yellow"),
    Risk.ADVICE: ("by hand", "red"),
}
_LIMITS = {
    "safe": "safe remedies only",
    "consent": "safe remedies, and those that need consent",
    "disruptive": "safe remedies, those that need consent, and disruptive ones",
}
_MEANINGS = {
    0: "planned",
    3: "something could not be read, so that more may have to be done",
    130: "interrupted before everything was read",
}
_SHOWN = 5
_LEFT_OUT_SHOWN = 3
_LONGEST = 60
_SENTENCE = 130


def render(
    plan: PlanFile,
    *,
    exit_code: int,
    not_seen: Sequence[str] = (),
    unplanned: Sequence[str] = (),
    is_saved: bool = False,
    verbose: bool = False,
    width: int = 80,
    color: bool = False,
) -> str:
    """The plan as text of at most `width` columns; only what is to be copied may be wider.

    `not_seen` is what could not be read, in sentences; `unplanned` says why remedies that were named are not planned;
    `is_saved` says that the plan is of a saved estate, so that
    nothing could be read as it stands. `verbose` shows every action and every finding that is left out. With `color`
    the text carries ANSI escapes.
    """
    page = Page(verbose=verbose, width=width, color=color)
    page.line(_counts(plan), "bold")
    chosen = plan.selection
    limit = f"only {', '.join(chosen.remedies)}" if chosen.remedies else _LIMITS.get(chosen.risk, chosen.risk)
    refused = f", without {', '.join(chosen.refused)}" if chosen.refused else ""
    page.line(f"made of what was read at {plan.collected_at:%Y-%m-%d %H:%M} UTC; {printable(limit + refused)}", "dim")
    if is_saved:
        page.line(
            "made of a saved estate: what stands at the targets now was not read, and applying cannot compare it",
            "yellow",
        )
    for text in unplanned:
        page.line(sentence(text), "yellow")
    groups: dict[str, list[PlannedAction]] = defaultdict(list)
    for action in plan.actions:
        groups[action.remedy].append(action)
    numbers = {action.id: number for number, action in enumerate(plan.actions, start=1)}
    for group in groups.values():
        _remedy(page, group, numbers, verbose)
    _left_out(page, plan.left_out, verbose)
    if not_seen:
        page.line()
        page.line("Not seen", "bold yellow")
        for text in not_seen:
            page.line(printable(text), indent=2)
    page.line()
    page.line("Nothing in Azure was changed.")
    page.line(f"Exit code {exit_code}: {_MEANINGS[exit_code]}.")
    return page.text


def _counts(plan: PlanFile) -> str:
    left = len(plan.left_out)
    left_out = f"{count(left, 'finding')} {'is' if left == 1 else 'are'} left out"
    if not plan.actions:
        return f"No action: {left_out}." if left else "No action: nothing was found that has to be cured."
    machines = _machines(plan.actions)
    by_remedy = Counter(action.remedy for action in plan.actions)
    kinds = ", ".join(f"{number:,} {printable(remedy)}" for remedy, number in by_remedy.items())
    whom = f" on {count(len(machines), 'machine')}" if machines else ""
    return f"{count(len(plan.actions), 'action')}{whom}: {kinds}" + (f"; {left_out}." if left else ".")


def _machines(actions: Sequence[PlannedAction]) -> dict[str, str]:
    """The ids of the machines that actions are about, each once."""
    return {ids.key(machine): machine for action in actions for machine in action.machines}


def _remedy(page: Page, group: Sequence[PlannedAction], numbers: Mapping[str, int], verbose: bool) -> None:
    first = group[0]
    risk, style = _RISKS[first.risk]
    machines = _machines(group)
    page.line()
    page.styled((printable(first.title), "bold"), f"  {printable(first.remedy)}")
    page.styled(
        "  ",
        (risk, style),
        f", {'reversible' if first.reversible else 'not reversible'}: ",
        count(len(group), "action"),
        f" on {count(len(machines), 'machine')}" if machines else "",
    )
    if verbose:
        for action in group:
            _action(page, action, numbers)
        return
    if len(group) > 1:
        page.line(f"the first, on {printable(_called(first))}:", "dim", indent=2)
    _changes(page, first, 4)
    if is_run(first.call):
        page.line("a script inside the machine: -v shows it", indent=4)
    else:
        page.copyable(first.az, 4, "bold")
    names = [printable(ids.name_of(machine)) for machine in machines.values()]
    more = [f"and {len(names) - _SHOWN:,} more (--verbose)"] if len(names) > _SHOWN else []
    if names:
        page.line(f"machines: {', '.join(names[:_SHOWN])} {' '.join(more)}".rstrip(), indent=2)
    if first.steps:
        page.line(sentence(first.steps[0]), "dim", indent=2)
        if len(first.steps) > 1:
            page.line(f"and {count(len(first.steps) - 1, 'more step')} (--verbose)", "dim", indent=2)


def _called(action: PlannedAction) -> str:
    """What a person calls that which an action changes: the machine where it is that or lies on it."""
    on = [machine for machine in action.machines if ids.is_within(action.target.path, machine)]
    return ids.name_of(on[0] if on else action.target.path)


def _action(page: Page, action: PlannedAction, numbers: Mapping[str, int]) -> None:
    page.line()
    page.line(f"{numbers[action.id]}. {printable(_called(action))}  {printable(action.id)}", indent=2)
    page.copyable(action.target.path, 5, "dim")
    _changes(page, action, 5)
    call = action.call
    if is_run(call):
        page.copyable(f"{call.method} {call.path}?api-version={call.api_version}", 5, "dim")
        for line in script_of(call).splitlines():
            page.copyable(line, 7, "dim")
    else:
        page.copyable(action.az, 5, "bold")
        body = f" {msgspec.json.encode(call.body).decode()}" if call.body is not None else ""
        page.copyable(f"{call.method} {call.path}?api-version={call.api_version}{body}", 5, "dim")
    after = [str(numbers[key]) for key in action.after if key in numbers]
    if after:
        page.line(f"after {', '.join(after)}", indent=5)
    for finding in action.findings:
        page.line(f"cures {printable(finding.check)} of {printable(ids.name_of(finding.resource_id))}", indent=5)
    if len(action.machines) > 1:
        names = ", ".join(printable(ids.name_of(machine)) for machine in action.machines)
        page.line(f"machines: {names}", indent=5)
    for step in action.steps:
        page.line(sentence(step), "dim", indent=5)


def _changes(page: Page, action: PlannedAction, indent: int) -> None:
    """What is set, with what stands there; a leaf that an earlier action sets first is not in `before`."""
    for path, value in action.changes.items():
        if action.before is None:
            stood = "not read"
        elif path in action.before:
            stood = _value(action.before[path])
        else:
            stood = "set by an earlier action"
        page.line(f"{printable(path)}: {stood} -> {_value(value)}", indent=indent)


def _value(value: Any) -> str:
    if value is None:
        return "absent"
    text = printable(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    return _short(text, _LONGEST)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rstrip()}…"


def _left_out(page: Page, left_out: Sequence[LeftOut], verbose: bool) -> None:
    if not left_out:
        return
    page.line()
    page.line("Left out", "bold")
    groups: dict[str, list[LeftOut]] = defaultdict(list)
    for each in left_out:
        groups[each.reason].append(each)
    for reason, group in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        page.line(f"{count(len(group), 'finding')}: {printable(reason)}", indent=2)
        for each in group if verbose else group[:_LEFT_OUT_SHOWN]:
            name = printable(ids.name_of(each.finding.resource_id))
            said = sentence(each.message) if verbose else _short(sentence(each.message), _SENTENCE)
            page.line(f"{printable(each.finding.check)} {name}: {said}", "dim", indent=4)
            for step in each.steps if verbose else ():
                page.line(f"- {printable(step)}", "dim", indent=6)
        if not verbose and len(group) > _LEFT_OUT_SHOWN:
            page.line(f"and {len(group) - _LEFT_OUT_SHOWN:,} more (--verbose)", "dim", indent=4)
