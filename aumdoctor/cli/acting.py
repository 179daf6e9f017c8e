"""What `apply`, `undo` and `remediate` share: asking, acting with a journal, and looking afterwards."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from aumdoctor.cli import exit_codes
from aumdoctor.cli.reach import Reach
from aumdoctor.cli.streams import err
from aumdoctor.errors import UsageError
from aumdoctor.report.text import count, printable

if TYPE_CHECKING:
    from aumdoctor.azure.actions import Recorder, Step
    from aumdoctor.azure.apply import Applied
    from aumdoctor.checks.context import Context
    from aumdoctor.diagnosis.verify import Verified
    from aumdoctor.model.estate import Estate
    from aumdoctor.remedies.plan import PlannedAction
    from aumdoctor.report.applied import Ending
    from aumdoctor.store.journal import Journal

_GRAVITY = ("disruptive", "grants-privilege", "costs-money", "needs-consent", "safe", "advice")


class BoundsError(UsageError):
    """Actions touch more machines than they may."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far acting may go: machines at most, failures after which it ends (a number, or a share of the actions)."""

    machines: int | None = None
    machines_percent: float | None = None
    concurrency: int = 8
    canary: int = 0
    errors: int = 0
    errors_percent: float | None = None

    def errors_of(self, actions: int) -> int:
        """How many failures are let pass before acting ends."""
        return self.errors if self.errors_percent is None else int(actions * self.errors_percent / 100.0)


def require_bounds(bounds: Bounds, actions: Sequence[PlannedAction], estate: Estate) -> None:
    """Raises BoundsError where actions touch more machines of an estate than they may."""
    from aumdoctor.checks.context import Context
    from aumdoctor.remedies.touch import Touch

    touch = Touch(Context(estate, estate.collected_at))
    touched = {key for action in actions for key in touch.keys(action)}
    limit = bounds.machines
    if bounds.machines_percent is not None:
        share = int(len(estate.machines) * bounds.machines_percent / 100.0)
        limit = share if limit is None else min(limit, share)
    if limit is not None and len(touched) > limit:
        raise BoundsError(
            f"the plan touches {count(len(touched), 'machine')}, and at most {limit:,} may be touched",
            advice="plan for fewer, or raise --max-machines or --max-percent",
        )


def agree(actions: Sequence[PlannedAction], *, yes: bool, what: str) -> None:
    """Ask on the terminal, with counts by class of risk and the three gravest actions. Raises UsageError without a
    terminal and without `yes`, and where the answer is no."""
    if yes or not actions:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"nothing was {what}: there is no terminal to ask on", advice="give --yes to go ahead")
    risks = Counter(action.risk.value for action in actions)
    err(f"{count(len(actions), 'action')}: {', '.join(f'{number} {risk}' for risk, number in risks.most_common())}")
    gravest = sorted(actions, key=lambda action: _GRAVITY.index(action.risk.value))[:3]
    for action in gravest:
        err(printable(f"  {action.risk.value}: {action.title}: {action.call.method} {action.call.path}"))
    if not typer.confirm("Go ahead?", default=False, err=True):
        raise UsageError(f"nothing was {what}: it was not agreed to")


def act(
    reach: Reach,
    actions: Sequence[PlannedAction],
    bounds: Bounds,
    journal: Path,
    *,
    context: Context,
    why: Callable[[PlannedAction], dict[str, Any]],
) -> list[Ending]:
    """Make actions, with each step in the journal and what stands in the way looked at right before."""
    from aumdoctor.azure.apply import Limits, apply_actions
    from aumdoctor.cli.progress import reporter
    from aumdoctor.remedies.guards import objection
    from aumdoctor.remedies.rights import permissions_of
    from aumdoctor.report.applied import Ending
    from aumdoctor.store.journal import Journal

    def hold(action: PlannedAction) -> str | None:
        context.now = reach.now
        return objection(action, context)

    done = 0
    with Journal(journal) as book, reporter(quiet=reach.quiet) as progress:

        def heard(_ended: Applied) -> None:
            nonlocal done
            done += 1
            progress.stage("actions", done, len(actions))

        ended = apply_actions(
            reach.connection(),
            actions,
            Limits(concurrency=bounds.concurrency, stop_after=bounds.errors_of(len(actions))),
            hold=hold,
            record=lambda action: recorder(book, why(action), reach),
            permissions={action.id: next(iter(permissions_of(action.call)), "") for action in actions},
            heard=heard,
            now=lambda: reach.now,
        )
    return [
        Ending(
            action=each.action,
            fate=each.fate.value,
            said=each.said,
            permission=each.permission,
            journal_id=each.journal_id,
        )
        for each in ended
    ]


def recorder(book: Journal, why: dict[str, Any], reach: Reach) -> Recorder:
    """Puts the steps of an action into a journal, with the reason beside each intent."""
    from aumdoctor.store.journal import Entry, RecordedAction

    def record(step: Step) -> None:
        call = step.action.call
        book.add(
            Entry(
                at=reach.now,
                event=step.event,
                id=step.id,
                action=RecordedAction(
                    name=step.action.name,
                    method=call.method,
                    path=call.path,
                    api_version=call.api_version,
                    body=call.body,
                ),
                target=step.action.target,
                attempt=step.attempt,
                client_request_id=step.client_request_id,
                why=why if step.event == "intent" else None,
                principal=msgspec.to_builtins(step.principal) if step.principal is not None else None,
                before=step.before,
                status=step.status,
                request_id=step.request_id,
                error=msgspec.to_builtins(step.error) if step.error is not None else None,
                after=step.after,
                said=step.said,
            )
        )

    return record


def exit_code_of(endings: Iterable[Ending], verified: Collection[Verified]) -> int:
    """1 where something failed, was held back or is not cured; 3 where something cannot be told; else 0."""
    from aumdoctor.diagnosis.verify import Cure

    fates = {ending.fate for ending in endings if not is_needless(ending)}
    cures = {found.cure for found in verified}
    if fates & {"failed", "not-run", "skipped"} or Cure.NOT_CURED in cures:
        return exit_codes.FINDINGS
    if "unknown" in fates or Cure.UNKNOWN in cures:
        return exit_codes.UNREAD
    return exit_codes.HEALTHY


def is_needless(ending: Ending) -> bool:
    """Whether an action was skipped because there was nothing left to do."""
    return ending.fate == "skipped" and ending.said.endswith(("already", "the finding is gone"))


def taken_back_by(why: dict[str, Any]) -> tuple[str, ...]:
    """The actions, by their ids in a journal, that the reason of an intent says are taken back by it."""
    found = why.get("undo")
    return tuple(map(str, found)) if isinstance(found, list) else (str(found),) if found is not None else ()
