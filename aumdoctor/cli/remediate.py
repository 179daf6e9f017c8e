"""`aumdoctor remediate`: scan, plan, apply and verify in one unattended go, within the limits of a policy."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
import typer

from aumdoctor.cli import exit_codes, options
from aumdoctor.cli.acting import Bounds, BoundsError, require_bounds
from aumdoctor.cli.apply import bounds_of, carry_out
from aumdoctor.cli.plan import exit_code_of, not_seen_in, plan_file, tenant_of, with_before
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.cli.streams import err
from aumdoctor.errors import AumDoctorError, UsageError
from aumdoctor.report.text import count, printable

if TYPE_CHECKING:
    from aumdoctor.azure.lease import BlobLease
    from aumdoctor.cli.outputs import Output
    from aumdoctor.diagnosis.examine import Examination
    from aumdoctor.model.estate import Estate
    from aumdoctor.remedies.plan import PlanFile
    from aumdoctor.remedies.policy import Policy
    from aumdoctor.report.applied import Applied
    from aumdoctor.store.lease import Lease

_WATCHED_EVERY = 1.0
"""Seconds between two looks at the clock for a freeze that begins."""


class StoppedError(AumDoctorError):
    """The run was ended before it was through."""

    def __init__(self, message: str, *, exit_code: int, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.exit_code = exit_code


@reads_azure(without=("from_", "max_age"))
def remediate(
    machine: options.Machines = None,
    tag: options.Tags = None,
    location: options.Locations = None,
    auto: Annotated[bool, typer.Option("--auto", help="Act without asking. Has to be given.")] = False,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="What may be done (TOML); without it, safe remedies only."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and write nothing.")] = False,
    journal: options.Journal = None,
    lease: Annotated[
        Path | None,
        typer.Option(
            "--lease", metavar="FILE", help="Keeps a second run out (default: aumdoctor-lease.json by the journal)."
        ),
    ] = None,
    lease_url: Annotated[
        str | None,
        typer.Option("--lease-url", metavar="URL", help="A lease on this blob instead, for runs on several hosts."),
    ] = None,
    plan_out: Annotated[
        Path | None, typer.Option("--plan-out", metavar="FILE", help="Keep the plan that was made in this file.")
    ] = None,
    output: options.Output = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every action.")] = False,
    *,
    reach: Reach,
) -> None:
    """Keep an estate patchable without anybody at hand: scan, plan, make the actions, and look whether they cured.

    Made are only the remedies that the policy allows: by default providers are registered, periodic assessment is
    switched on, machines are assessed, set to the schedule that they have, and policies are remediated. Ends with 0:
    nothing was to be done, or all of it was; 1: something failed, was held back or is not cured; 2: wrong usage; 3:
    something could not be read or told, or another run is under way; 130: interrupted.
    """
    from aumdoctor.cli import outputs
    from aumdoctor.remedies.policy import Policy
    from aumdoctor.store import policies
    from aumdoctor.store.journal import DEFAULT_NAME
    from aumdoctor.store.lease import DEFAULT_NAME as LEASE_NAME

    destinations = outputs.parse(output or ["table"])
    if not auto:
        raise UsageError(
            "remediate acts without asking, so it has to be told so: --auto",
            advice="to be asked before anything is done: aumdoctor plan … -o plan.json, then aumdoctor apply plan.json",
        )
    if reach.is_demo and not dry_run:
        raise UsageError(
            "nothing can be done in the Azure of --demo: it is gone once it has been read",
            advice="add --dry-run, or keep one running with: aumdoctor demo serve",
        )
    for file, option in ((plan_out, "--plan-out"), (lease, "--lease"), (journal, "--journal")):
        if file is not None and not file.absolute().parent.is_dir():
            raise UsageError(f"{option} {file}: the folder is not there", advice="create it first")
    if lease is not None and lease_url is not None:
        raise UsageError("--lease and --lease-url are two ways of the same", advice="leave one of them out")
    rules = policies.load(policy) if policy is not None else Policy(version=1)
    book = journal if journal is not None else Path(DEFAULT_NAME)
    call = _Call(reach, rules, machine or (), [options.tag(text) for text in tag or ()], location or (), plan_out)
    if dry_run:
        _rehearse(call, destinations, verbose=verbose)
        return
    place = lease_url or (lease if lease is not None else book.with_name(LEASE_NAME))
    report = _act(call, book, place)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        from aumdoctor.report import applied_table, json

        if format == "json":
            return json.pieces(report)
        return [applied_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=reach.quiet)
    raise typer.Exit(report.exit_code)


class _Call(NamedTuple):
    """What one call was asked for."""

    reach: Reach
    rules: Policy
    machines: Sequence[str]
    tags: Sequence[str]
    locations: Sequence[str]
    plan_out: Path | None

    @property
    def bounds(self) -> Bounds:
        limits = self.rules.limits
        return bounds_of(
            limits.max_machines,
            limits.max_percent,
            limits.concurrency,
            limits.canary,
            str(limits.stop_on_errors),
        )

    def frozen(self) -> str | None:
        """Why nothing may be written at this time."""
        from aumdoctor.remedies.policy import frozen

        found = frozen(self.rules, self.reach.now)
        return found.said if found is not None else None


class _Planned(NamedTuple):
    """A plan with what was seen; `code` is what a command that only reads ends with."""

    file: PlanFile
    estate: Estate
    code: int
    not_seen: tuple[str, ...]


def _planned(call: _Call) -> _Planned:
    """What the policy lets do, on the estate as it is read now. Raises KeyboardInterrupt where reading was ended."""
    from aumdoctor.checks.context import Context
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.diagnosis.plan import plan_of
    from aumdoctor.remedies.policy import narrowed
    from aumdoctor.store import plans

    reach, selection = call.reach, call.rules.selection
    estate = reach.estate(CHECKS, machines=call.machines, tags=call.tags, locations=call.locations)
    if estate.interrupted:
        raise KeyboardInterrupt
    tenant = tenant_of(estate)
    examination: Examination = examine(estate, CHECKS, estate.collected_at)
    made = narrowed(
        plan_of(examination, selection),
        call.rules,
        Context(estate, estate.collected_at),
        examination.findings,
        examination.unknowns,
    )
    unread: list[str] = []
    made = with_before(reach, made, unread)
    file = plan_file(reach, made, selection, examination, tenant)
    if call.plan_out is not None:
        plans.save(call.plan_out, file)
        reach.note(f"{count(len(made.actions), 'action')} planned, written to {call.plan_out}")
    return _Planned(file, estate, exit_code_of(examination, unread), (*not_seen_in(examination), *unread))


def _rehearse(call: _Call, destinations: Sequence[Output], *, verbose: bool) -> None:
    """Show the plan, and what would keep it from being carried out."""
    from aumdoctor.cli import outputs
    from aumdoctor.report import json, plan_table

    planned = _planned(call)
    for held in (call.frozen(), _too_many(call, planned)):
        if held is not None:
            err(f"it would not be done now: {printable(held)}")  # what a rehearsal is for: --quiet does not hide it

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(planned.file)
        return [
            plan_table.render(
                planned.file,
                exit_code=planned.code,
                not_seen=planned.not_seen,
                verbose=verbose,
                width=columns,
                color=color,
            )
        ]

    outputs.write(rendered, destinations, quiet=call.reach.quiet)
    raise typer.Exit(planned.code)


def _act(call: _Call, book: Path, place: Path | str) -> Applied:
    """Plan and carry out under the lease on a file or, by its URL, on a blob. Raises HeldError where another run has
    it."""
    reach = call.reach
    frozen = call.frozen()
    if frozen is not None:
        reach.note(printable(frozen))
        return _report(call, book, (), stopped=frozen, exit_code=exit_codes.HEALTHY)
    with (
        _stoppable(call, book) as stop,
        _lease(reach, place, lambda why: stop(f"{why}; another run may be under way", exit_codes.UNREAD)) as held,
    ):
        if held.taken_over:
            reach.note(printable(held.taken_over))
            _record(reach, book, held)
        return _carried_out(call, book, _planned(call))


def _lease(reach: Reach, place: Path | str, on_lost: Callable[[str], None]) -> Lease | BlobLease:
    if isinstance(place, Path):
        from aumdoctor.store.lease import Lease

        return Lease(place, lambda: reach.now, on_lost)
    from aumdoctor.azure.lease import BlobLease

    return BlobLease(place, reach.connection(), on_lost)


def _carried_out(call: _Call, book: Path, planned: _Planned) -> Applied:
    reach, made = call.reach, planned.file
    for text in planned.not_seen:
        reach.note(printable(text))
    if made.left_out:
        left = count(len(made.left_out), "finding")
        reach.note(f"{left} left to a person: aumdoctor remediate --auto --dry-run -v shows them, with the reasons")
    frozen, too_many = call.frozen(), _too_many(call, planned)
    stopped = frozen or too_many
    if stopped is not None:
        reach.note(printable(stopped))
        code = exit_codes.FINDINGS if frozen is None else planned.code
        return _report(call, book, made.actions, stopped=stopped, exit_code=code, digest=made.digest)
    if not made.actions:
        return _report(call, book, (), stopped="", exit_code=planned.code, digest=made.digest)
    try:
        report = carry_out(reach, made, call.bounds, book, yes=True, command="remediate")
    except BoundsError as error:
        # Read anew without --machine, --tag and --location, more of the machines under a schedule are seen.
        reach.note(printable(error.message))
        code = exit_codes.FINDINGS
        return _report(call, book, made.actions, stopped=error.message, exit_code=code, digest=made.digest)
    worst = report.exit_code if report.exit_code != exit_codes.HEALTHY else planned.code
    return msgspec.structs.replace(report, exit_code=worst)


def _too_many(call: _Call, planned: _Planned) -> str | None:
    """Why the plan is larger than the policy lets it be."""
    try:
        require_bounds(call.bounds, planned.file.actions, planned.estate)
    except BoundsError as error:
        return error.message
    return None


def _report(
    call: _Call,
    book: Path,
    actions: Sequence[Any],
    *,
    stopped: str,
    exit_code: int,
    digest: str | None = None,
) -> Applied:
    """What became of a plan none of whose actions was made."""
    from aumdoctor.report.applied import Ending, applied_of

    return applied_of(
        [Ending(action=action, fate="not-run", said=stopped) for action in actions],
        {},
        command="remediate",
        plan=digest,
        journal=str(book),
        stopped=stopped,
        generated_at=call.reach.now,
        exit_code=exit_code,
    )


def _record(reach: Reach, book: Path, held: Lease | BlobLease) -> None:
    """Note in the journal that the lease of another run was taken over. It is no action, and cannot be taken back."""
    from aumdoctor.store.journal import Entry, Journal, RecordedAction

    file = str(held.place)
    with Journal(book) as journal:
        journal.add(
            Entry(
                at=reach.now,
                event="outcome",
                id=held.token,
                action=RecordedAction(name="take-over-lease", method="", path=file, api_version=""),
                target=file,
                said=f"done: {held.taken_over}",
            )
        )


@contextmanager
def _stoppable(call: _Call, book: Path) -> Iterator[Callable[[str, int], None]]:
    """For the block, end the run as Ctrl-C would where a freeze begins, on SIGTERM (which is how containers and cron
    are told to end), and when the function is called that it gives, with the reason and the exit code.

    Raises StoppedError in place of the interrupt where there is a reason.
    """
    reasons: list[tuple[str, int]] = []
    ended = threading.Event()

    def stop(reason: str, code: int) -> None:
        reasons.append((reason, code))
        err(f"stopping: {printable(reason)}")
        _thread.interrupt_main(signal.SIGTERM)

    def watch() -> None:
        while not ended.wait(_WATCHED_EVERY):
            frozen = call.frozen()
            if frozen is not None:
                stop(frozen, exit_codes.FINDINGS)
                return

    def interrupt(_number: int, frame: Any) -> None:
        # While requests are under way asyncio has a handler of its own, which lets each of them come to its record.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        else:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    watcher = threading.Thread(target=watch, name="aumdoctor-freeze", daemon=True)
    if call.rules.freeze:
        watcher.start()
    try:
        yield stop
    except KeyboardInterrupt:
        if not reasons:
            raise
        reason, code = reasons[0]
        raise StoppedError(
            reason, exit_code=code, advice=f"what was done until then is in {book}; the next run goes on from there"
        ) from None
    finally:
        ended.set()
        signal.signal(signal.SIGTERM, before)
