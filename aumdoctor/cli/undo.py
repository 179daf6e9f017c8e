"""`aumdoctor undo`: put back what a journal says was read before, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from aumdoctor.cli import exit_codes, options
from aumdoctor.cli.acting import Bounds, act, agree, exit_code_of, taken_back_by
from aumdoctor.cli.choice import separated
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError
from aumdoctor.model import ids

if TYPE_CHECKING:
    from aumdoctor.remedies.plan import PlannedAction
    from aumdoctor.report.applied import Ending
    from aumdoctor.store.journal import Entry

_PREFIX = "undo-"
_REDACTED = "[redacted]"


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    """An action that the journal says was carried out, and how its target looked before."""

    id: str
    at: datetime
    intent: Any
    before: Any


@reads_azure(
    without=(
        *("subscription", "management_group", "all_subscriptions", "resource_group"),
        *("demo", "from_", "source", "depth", "max_age"),
    )
)
def undo(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="The journal of what is to be taken back.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME|ID,…", help="Only these remedies, resources or actions; may be repeated."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead without asking.")] = False,
    output: options.Output = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every action.")] = False,
    *,
    reach: Reach,
) -> None:
    """Put back what was there before the actions of a journal, the newest first, with the same care as apply.

    What somebody has changed since is left alone, and what cannot be taken back is said. Ends with 0: all was put back;
    1: something failed, was held back or has no way back; 2: wrong usage; 3: something cannot be told.
    """
    from aumdoctor.checks.context import Context
    from aumdoctor.cli import outputs
    from aumdoctor.model.facts import Fact
    from aumdoctor.report import applied_table, json
    from aumdoctor.report.applied import Ending, applied_of
    from aumdoctor.store.journal import entries, unreadable_lines

    destinations = outputs.parse(output or ["table"])
    lines = entries(journal)
    if not lines:
        raise UsageError(f"{journal} is no journal of aumdoctor", advice="name the journal that apply wrote")
    done = _to_take_back(lines, separated(only))
    damaged = _damage_of(journal, unreadable_lines(journal))
    if not done:
        raise UsageError(
            f"{journal} holds nothing that could be taken back{f'; {damaged}' if damaged else ''}",
            advice="check --only" if only else "name the journal that apply wrote",
        )
    endings: list[Ending] = []
    actions: list[PlannedAction] = []
    # An action that was cut off and made again stands in the journal twice, and is put back once.
    back: dict[str, list[str]] = {}
    for each in done:
        steps, why_not = _ways_back(each)
        if why_not:
            endings.append(Ending(action=_original(each), fate="skipped", said=f"it cannot be taken back: {why_not}"))
        actions += [step for step in steps if step.id not in back]
        for step in steps:
            back.setdefault(step.id, []).append(each.id)
    subscriptions = tuple(dict.fromkeys(ids.subscription_of(action.target.path) for action in actions))
    if actions:
        guards = (
            *(Fact.MACHINE, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS, Fact.LOCKS, Fact.EVENT_SUBSCRIPTIONS),
            *(Fact.POLICY_ASSIGNMENTS, Fact.POLICY_STATES),
        )
        estate = reach.estate((), facts=guards, depth="quick", subscriptions=subscriptions)
        if estate.interrupted:
            raise KeyboardInterrupt
        agree(actions, yes=yes, what="taken back")
        endings += act(
            reach,
            actions,
            # One after the other: what was done last is taken back first.
            Bounds(concurrency=1, errors=len(actions)),
            journal,
            context=Context(estate, reach.now),
            why=lambda action: {"undo": back[action.id], "action": action.id},
        )
    report = applied_of(
        endings,
        {},
        command="undo",
        plan=None,
        journal=str(journal),
        stopped=damaged,
        generated_at=reach.now,
        exit_code=exit_code_of(endings, ()) or (exit_codes.UNREAD if damaged else exit_codes.HEALTHY),
    )

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [applied_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(report.exit_code)


def _damage_of(journal: Path, lines: Sequence[int]) -> str:
    if not lines:
        return ""
    numbers = ", ".join(map(str, lines[:5])) + (", …" if len(lines) > 5 else "")
    which = f"line {numbers}" if len(lines) == 1 else f"lines {numbers}"
    return f"{which} of {journal} cannot be read, and what stood there may not have been taken back"


def _to_take_back(lines: tuple[Entry, ...], only: tuple[str, ...]) -> list[_Done]:
    """The actions that were carried out and have not been taken back yet, the newest first.

    One without an end may have been carried out: it is taken back too, where its target shows that it was.
    """
    begun: dict[str, Entry] = {}
    first: dict[str, Entry] = {}
    ended: dict[str, str] = {}
    taken_back: set[str] = set()
    for line in lines:
        if line.event == "intent":
            begun[line.id] = line
            first.setdefault(line.id, line)
        elif line.event == "outcome":
            ended[line.id] = line.said or ""
            why = begun[line.id].why if line.id in begun else None
            if isinstance(why, dict) and (line.said or "").startswith("done"):
                taken_back.update(taken_back_by(why))
    wanted = {name.lower() for name in only}
    found = []
    for key, line in begun.items():
        is_undo = isinstance(line.why, dict) and "undo" in line.why
        worth = ended.get(key, "").partition(":")[0] in ("", "done", "unknown")
        if is_undo or not worth or key in taken_back or line.action.name == "cancel-run":
            continue
        names = {line.action.name.lower(), key.lower(), ids.key(line.target), ids.name_of(line.target).lower()}
        names |= {str(line.why.get("action")).lower()} if isinstance(line.why, dict) else set()
        if wanted and wanted.isdisjoint(names):
            continue
        found.append(_Done(id=key, at=line.at, intent=line, before=first[key].before))
    return sorted(found, key=lambda each: each.at, reverse=True)


def _original(done: _Done) -> PlannedAction:
    """The action as it was made."""
    from aumdoctor.remedies.plan import PlannedAction, action_id, changes_of, reading_of
    from aumdoctor.remedies.remedy import ArmCall, Risk

    recorded = done.intent.action
    call = ArmCall(method=recorded.method, path=recorded.path, api_version=recorded.api_version, body=recorded.body)
    return PlannedAction(
        id=action_id(call),
        remedy=recorded.name,
        title=f"Take back {recorded.name}",
        risk=Risk.CONSENT,
        reversible=False,
        call=call,
        az=call.az_rest,
        target=reading_of(call),
        machines=(),
        findings=(),
        changes=changes_of(call),
    )


def _ways_back(done: _Done) -> tuple[list[PlannedAction], str]:
    """The actions that take one back, or why there are none."""
    from aumdoctor.remedies.inverse import inverse_of
    from aumdoctor.remedies.plan import action_id, changes_of, reading_of

    original = _original(done)
    inverse = inverse_of(original, done.before)
    if inverse.why_not:
        return [], inverse.why_not
    if any(_REDACTED in msgspec.json.encode(call.body).decode() for call in inverse.calls):
        return [], "what stood there before is not in the journal in full, because it looked like a secret"
    return [
        msgspec.structs.replace(
            original,
            id=action_id(call),
            remedy=f"{_PREFIX}{original.remedy}",
            call=call,
            az=call.az_rest,
            target=reading_of(call),
            changes=changes_of(call),
            before=inverse.expects or None,
        )
        for call in inverse.calls
    ], ""
