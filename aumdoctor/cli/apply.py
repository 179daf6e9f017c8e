"""`aumdoctor apply`: make the actions of a plan, and see whether they cured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from aumdoctor.cli import options
from aumdoctor.cli.acting import Bounds, act, agree, exit_code_of, is_needless, require_bounds, taken_back_by
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.cli.streams import err
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.report.text import count

if TYPE_CHECKING:
    from aumdoctor.diagnosis.examine import Examination
    from aumdoctor.diagnosis.verify import Verified
    from aumdoctor.model.estate import Estate
    from aumdoctor.remedies.plan import PlanFile, PlannedAction
    from aumdoctor.report.applied import Applied, Ending

_NOT_OF_ITS_OWN = (
    *("subscription", "management_group", "all_subscriptions", "resource_group"),
    *("demo", "from_", "source", "depth", "max_age"),
)
"""The shared options that the plan decides."""

_DONE = "an earlier call has done it already"


@reads_azure(without=_NOT_OF_ITS_OWN)
def apply(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan that aumdoctor plan wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Go ahead without asking.")] = False,
    max_machines: Annotated[
        int | None, typer.Option("--max-machines", metavar="N", min=0, help="Do nothing if the plan touches more.")
    ] = None,
    max_percent: Annotated[
        float | None,
        typer.Option("--max-percent", metavar="P", min=0, max=100, help="The same as a share of those in scope."),
    ] = None,
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="N", min=1, max=64, help="Actions under way at once.")
    ] = 8,
    canary: Annotated[
        int, typer.Option("--canary", metavar="N", min=0, help="First N machines alone; go on only if that went well.")
    ] = 0,
    stop_on_errors: Annotated[
        str, typer.Option("--stop-on-errors", metavar="N|P%", help="End when more actions than that have failed.")
    ] = "0",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the journal says that an earlier call was cut off.")
    ] = False,
    journal: options.Journal = None,
    output: options.Output = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every action.")] = False,
    *,
    reach: Reach,
) -> None:
    """Make the actions of a plan after a confirmation, each recorded in a journal, and look whether they cured.

    Everything is read again first: an action whose finding is gone, whose target has changed, that is locked, tagged
    aumdoctor:ignore, or about a machine in or shortly before a patch window, is skipped. Ends with 0: all is as it
    should be; 1: something failed, was held back or is not cured; 2: wrong usage; 3: something cannot be told.
    """
    from aumdoctor.cli import outputs
    from aumdoctor.report import applied_table, json
    from aumdoctor.store import plans
    from aumdoctor.store.journal import DEFAULT_NAME, unreadable_lines

    destinations = outputs.parse(output or ["table"])
    at_once = min(parallel, reach.connection().concurrency)
    bounds = bounds_of(max_machines, max_percent, at_once, canary, stop_on_errors)
    made = plans.load(plan)
    book = journal if journal is not None else Path(DEFAULT_NAME)
    if book.exists() and not resume and book.stat().st_size and interrupted_before(book, made):
        raise UsageError(
            f"{book} says that this plan was begun and not ended",
            advice="give --resume to go on with it, or another --journal",
        )
    if resume and book.exists() and (lines := unreadable_lines(book)):
        raise UsageError(
            f"line {lines[0]} of {book} cannot be read, and what was sent by then might be sent twice",
            advice="plan anew, by what Azure shows now: aumdoctor plan … -o plan.json",
        )
    report = carry_out(reach, made, bounds, book, yes=yes, command="apply")

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [applied_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(report.exit_code)


def carry_out(reach: Reach, made: PlanFile, bounds: Bounds, book: Path, *, yes: bool, command: Any) -> Applied:
    """Make a plan's actions against the present state, in canary and rest, and verify each part."""
    from aumdoctor.checks.context import Context
    from aumdoctor.remedies.touch import Touch
    from aumdoctor.report.applied import Ending, applied_of

    cloud = reach.connection().cloud
    if made.cloud != cloud:
        raise UsageError(f"the plan is for the cloud {made.cloud}, and this is {cloud}", advice=f"--cloud {made.cloud}")
    estate = _present(reach, made, [machine for action in made.actions for machine in action.machines])
    tenants = {each.tenant_id.lower() for each in estate.subscriptions if each.tenant_id}
    if made.tenant_id is not None and tenants and made.tenant_id.lower() not in tenants:
        raise UsageError(
            f"the plan is for the tenant {made.tenant_id}, and the sign-in sees {', '.join(sorted(tenants))}",
            advice="sign in to the plan's tenant with --tenant",
        )
    traces = _traces(book, made)
    endings, due = _still_wanted(estate, made, traces)
    settled = settled_before(book, made)
    endings += [ending for action in due if (ending := settled.get(action.id)) is not None]
    due = [action for action in due if action.id not in settled]
    require_bounds(bounds, due, estate)
    touch = Touch(Context(estate, reach.now))
    touched = {action.id: touch.keys(action) for action in due}
    parts = _parts(due, bounds.canary, touched)
    remark = _canary_remark(parts, bounds.canary, touched)
    if remark is not None:
        err(remark)
    agree(due, yes=yes, what="applied")
    verified: dict[str, Verified] = {}
    stopped = ""
    for number, part in enumerate(parts):
        held, free = _without_their_first_half(part, endings)
        endings += held
        ended = act(
            reach,
            free,
            bounds,
            book,
            context=Context(estate, reach.now),
            why=lambda action: {
                "plan": made.digest,
                "action": action.id,
                "findings": [{"check": each.check, "resource_id": each.resource_id} for each in action.findings],
            },
        )
        endings += ended
        estate, seen = _verified(reach, made, estate, ended)
        verified |= seen
        stopped = _reason_to_stop(ended, seen, is_canary=number == 0 and len(parts) > 1, bounds=bounds)
        if stopped:
            rest = [action for later in parts[number + 1 :] for action in later]
            endings += [Ending(action=action, fate="not-run", said=stopped) for action in rest]
            break
    order = {action.id: place for place, action in enumerate(made.actions)}
    endings.sort(key=lambda ending: order.get(ending.action.id, len(order)))
    return applied_of(
        endings,
        verified,
        command=command,
        plan=made.digest,
        journal=str(book),
        stopped=stopped,
        generated_at=reach.now,
        exit_code=exit_code_of(endings, verified.values()),
    )


def bounds_of(machines: int | None, percent: float | None, parallel: int, canary: int, stop_on_errors: str) -> Bounds:
    """The bounds that options name. Raises UsageError."""
    text = "".join(stop_on_errors.split())
    number = text.removesuffix("%")
    if not number.isdecimal() or (text.endswith("%") and int(number) > 100):
        raise UsageError(f"--stop-on-errors {stop_on_errors}: not a number or a share", advice="give 3 or 10%")
    share = float(number) if text.endswith("%") else None
    return Bounds(
        machines=machines,
        machines_percent=percent,
        concurrency=parallel,
        canary=canary,
        errors=0 if share is not None else int(number),
        errors_percent=share,
    )


def _present(reach: Reach, made: PlanFile, machines: Sequence[str]) -> Estate:
    """The estate as it is now; the machines of the plan are read from ARM. Raises KeyboardInterrupt where reading was
    ended: what was not seen is nothing to act on."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.model.facts import Fact

    wanted = list(dict.fromkeys(machines))
    # A schedule may lie in another subscription than its machines, and its locks are looked at there.
    targets = (subscription for action in made.actions if (subscription := ids.subscription_of(action.target.path)))
    by_key = {each.lower(): each for each in (*targets, *made.subscriptions)}
    guards = (Fact.LOCKS, Fact.ASSIGNMENTS, Fact.CONFIGURATIONS, Fact.EVENT_SUBSCRIPTIONS, Fact.POLICY_ASSIGNMENTS)
    estate = reach.estate(
        CHECKS,
        facts=guards,
        depth="acting",
        suspects=lambda estate: _of_plan(estate, made, wanted),
        subscriptions=tuple(by_key.values()),
    )
    if estate.interrupted:
        raise KeyboardInterrupt
    return estate


def _of_plan(estate: Estate, made: PlanFile, machines: Sequence[str]) -> Iterable[str]:
    """The machines of a plan, and those under the schedules that it changes."""
    from aumdoctor.checks.context import Context

    changed = {ids.key(action.target.path) for action in made.actions}
    reached = Context(estate, estate.collected_at).machines_by_configuration
    under = (machine.id for name, found in reached.items() if ids.key(name) in changed for machine in found)
    return dict.fromkeys((*machines, *under))


def _examined(estate: Estate, made: PlanFile) -> Examination:
    """The present examination by the plan's checks, with cures made out as the plan made them out (some carry its time
    in their names)."""
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.diagnosis.examine import examine

    checks = [check for check in CHECKS if not made.checks or check.id in made.checks]
    return examine(msgspec.structs.replace(estate, collected_at=made.collected_at), checks, estate.collected_at)


def _still_wanted(
    estate: Estate, made: PlanFile, traces: Mapping[str, str]
) -> tuple[list[Ending], list[PlannedAction]]:
    """The actions that would be planned now as well, and what an earlier call began (`traces`) and did not end, or
    did not follow up; of the others why they would not."""
    from aumdoctor.diagnosis.plan import plan_of
    from aumdoctor.diagnosis.verify import Sight
    from aumdoctor.report.applied import Ending

    examination = _examined(estate, made)
    sight = Sight(examination)
    wanted = {action.id for action in plan_of(examination, made.selection).actions}
    endings, due = [], []
    for action in made.actions:
        # What was begun changes what is found: it is seen through, and so is what comes after it.
        if (
            action.id in wanted
            or traces.get(action.id) in ("", "unknown")
            or any(traces.get(key) in ("", "unknown", "done") for key in action.after)
        ):
            due.append(action)
            continue
        if traces.get(action.id) == "done":
            endings.append(Ending(action=action, fate="skipped", said=_DONE))
            continue
        unknown = next((reason for ref in action.findings if (reason := sight.unknown(ref)) is not None), None)
        if any(sight.finding(ref) is not None for ref in action.findings):
            said = "the finding is there, and what would cure it is another action than when the plan was made"
        elif unknown is not None:
            said = f"whether the finding is still there could not be told: {unknown}"
        else:
            said = "the finding is gone"
        endings.append(Ending(action=action, fate="skipped", said=said))
    return endings, due


def _parts(
    actions: Sequence[PlannedAction], canary: int, touched: Mapping[str, Sequence[str]]
) -> list[list[PlannedAction]]:
    """The canary and the rest, or all in one where there is no part of it. `touched` has the keys of the machines that
    each action touches, by its id.

    The canary is what touches the first machines alone; where every action touches more than it may have, the fewest
    leading actions that touch so many.
    """
    early: set[str] = set()
    if canary:
        early = _fitting(actions, canary, touched) or _leading(actions, canary, touched)
    first = [action for action in actions if action.id in early]
    rest = [action for action in actions if action.id not in early]
    return [part for part in (first, rest) if part] or [[]]


def _fitting(actions: Sequence[PlannedAction], canary: int, touched: Mapping[str, Sequence[str]]) -> set[str]:
    """The actions that together touch no more machines than a canary has, by their ids."""
    early: set[str] = set()
    machines: set[str] = set()
    for whole in _wholes(actions, early):
        more = {key for each in whole for key in touched[each]}
        if more and len(machines | more) <= canary:
            early |= whole
            machines |= more
    return early


def _leading(actions: Sequence[PlannedAction], canary: int, touched: Mapping[str, Sequence[str]]) -> set[str]:
    """The fewest leading actions that touch as many machines as a canary has; not all, where fewer touch any."""
    early: set[str] = set()
    machines: set[str] = set()
    for whole in _wholes(actions, early):
        if len(machines) >= canary or (machines and len(early | whole) == len(actions)):
            break
        early |= whole
        machines |= {key for each in whole for key in touched[each]}
    return early


def _wholes(actions: Sequence[PlannedAction], early: set[str]) -> Iterable[set[str]]:
    """Each action that waits for none but those in `early`, which may grow meanwhile, with the later ones that complete
    its remedy: half of one would not cure, and the canary would end the run."""
    there = {action.id for action in actions}
    resting: dict[str, list[PlannedAction]] = {}
    for action in actions:
        for key in action.after:
            resting.setdefault(key, []).append(action)

    def is_free(action: PlannedAction, before: set[str]) -> bool:
        return there.isdisjoint(set(action.after) - before)

    for action in actions:
        if action.id in early or not is_free(action, early):
            continue
        whole, ends = {action.id}, [action]
        for end in ends:
            for later in resting.get(end.id, ()):
                if set(end.findings) <= set(later.findings) and later.id not in whole and is_free(later, early | whole):
                    whole.add(later.id)
                    ends.append(later)
        yield whole


def _canary_remark(
    parts: Sequence[Sequence[PlannedAction]], canary: int, touched: Mapping[str, Sequence[str]]
) -> str | None:
    """In what the first part is other than was asked for, None where it is not."""
    machines = len({key for action in parts[0] for key in touched[action.id]})
    if not canary or not parts[0] or (machines <= canary and len(parts) > 1):
        return None
    if machines <= canary:
        return f"a canary of {canary}: the plan touches no more than that, all of it is made at once"
    if len(parts) > 1:
        said = "no action is about so few machines, the first part touches"
    else:
        said = "the plan cannot be made in parts, all of it is made at once and touches"
    return f"a canary of {canary}: {said} {count(machines, 'machine')}"


def _without_their_first_half(
    part: Sequence[PlannedAction], endings: Sequence[Ending]
) -> tuple[list[Ending], list[PlannedAction]]:
    """Actions that rest on one of an earlier part or call that was not carried out, as skipped; and the others."""
    from aumdoctor.report.applied import Ending

    missed = {each.action.id: each.action for each in endings if each.fate != "done" and not is_needless(each)}
    held: list[Ending] = []
    free = []
    for action in part:
        first = next((missed[key] for key in action.after if key in missed), None)
        if first is None:
            free.append(action)
            continue
        said = f"{first.title} comes first, and was not carried out"
        held.append(Ending(action=action, fate="skipped", said=said))
        missed[action.id] = action
    return held, free


def _verified(
    reach: Reach, made: PlanFile, estate: Estate, ended: Sequence[Ending]
) -> tuple[Estate, dict[str, Verified]]:
    """What the checks say on fresh state of the actions that were sent."""
    from aumdoctor.diagnosis.verify import verify_all

    sent = [ending.action for ending in ended if ending.fate in ("done", "unknown")]
    if not sent:
        return estate, {}
    fresh = _present(reach, made, [machine for action in sent for machine in action.machines])
    examination = _examined(fresh, made)
    return fresh, verify_all(sent, examination, reach.now)


def _reason_to_stop(ended: Sequence[Ending], verified: dict[str, Verified], *, is_canary: bool, bounds: Bounds) -> str:
    from aumdoctor.azure.apply import weighs
    from aumdoctor.diagnosis.verify import Cure

    failed = sum(ending.fate in ("failed", "unknown") and weighs(ending.action) for ending in ended)
    if failed > bounds.errors_of(len(ended)):
        return f"{failed} of {len(ended)} actions failed"
    if is_canary and failed:
        return f"{failed} of {len(ended)} actions on the first machines failed"
    uncured = sum(found.cure in (Cure.NOT_CURED, Cure.UNKNOWN) for found in verified.values())
    if is_canary and uncured:
        return f"{uncured} of {len(ended)} actions on the first machines did not cure"
    return ""


def interrupted_before(book: Path, made: PlanFile) -> bool:
    """Whether the journal has an action of this plan that was begun and has no end."""
    return any(not is_ended for is_ended in _traces(book, made).values())


def settled_before(book: Path, made: PlanFile) -> dict[str, Ending]:
    """The actions of a plan that an earlier call has sent and that must not be sent again, by their ids.

    What only sets or deletes is made again, where looking at its target first tells that it is still to be done, and so
    is what an earlier call began and did not end. What a second time would do twice (an installation, a restart) is
    not sent again, and neither is any action of a machine or provider that was carried out, nor a script.
    """
    from aumdoctor.remedies.run_in_guest import is_run, is_trace
    from aumdoctor.report.applied import Ending

    settled = {}
    by_id = {action.id: action for action in made.actions}
    for action_id, ended in _traces(book, made).items():
        action = by_id.get(action_id)
        if action is None or not (action.call.method == "POST" or is_run(action.call) or is_trace(action.call)):
            continue
        verb = action.call.path.rpartition("/")[2].lower()
        if ended == "done":
            settled[action_id] = Ending(action=action, fate="skipped", said=_DONE)
        elif ended in ("", "unknown") and verb in ("installpatches", "restart", "reapply"):
            said = "an earlier call began this, and what became of it is not known; it is not sent twice: look at it"
            settled[action_id] = Ending(action=action, fate="unknown", said=said)
    return settled


def _traces(book: Path, made: PlanFile) -> dict[str, str]:
    """For each action of a plan that the journal knows, how it ended (empty: it has no end). What was taken back since
    has left no trace."""
    from aumdoctor.store.journal import entries

    if not book.is_file():
        return {}
    of_action: dict[str, str] = {}
    ended: dict[str, str] = {}
    undoes: dict[str, tuple[str, ...]] = {}
    for entry in entries(book):
        why = entry.why if entry.event == "intent" and isinstance(entry.why, dict) else {}
        if why.get("plan") == made.digest:
            of_action[entry.id] = str(why.get("action"))
            ended.pop(of_action[entry.id], None)
        elif "undo" in why:
            undoes[entry.id] = taken_back_by(why)
        elif entry.event == "outcome" and entry.id in of_action:
            ended[of_action[entry.id]] = (entry.said or "").partition(":")[0]
        elif entry.event == "outcome" and (entry.said or "").startswith("done"):
            for key in undoes.get(entry.id, ()):
                of_action.pop(key, None)
    return {action: ended.get(action, "") for action in of_action.values()}
