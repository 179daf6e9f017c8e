"""`aumdoctor plan`: what would be done to cure an estate, for review; and the same as a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from aumdoctor.cli import exit_codes, options
from aumdoctor.cli.choice import choose, separated
from aumdoctor.cli.reach import Reach, reads_azure
from aumdoctor.errors import UsageError

if TYPE_CHECKING:
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.cli.outputs import Output
    from aumdoctor.diagnosis.examine import Examination
    from aumdoctor.model.estate import Estate
    from aumdoctor.remedies.plan import Plan, PlanFile, PlannedAction, Selection

_SCRIPTS = ("bash", "pwsh", "bicep", "terraform")


@reads_azure()
def plan(
    machine: options.Machines = None,
    tag: options.Tags = None,
    location: options.Locations = None,
    checks: options.Checks = None,
    skip_checks: options.SkipChecks = None,
    remedy: Annotated[
        list[str] | None,
        typer.Option(
            "--remedy", metavar="NAME,…", help="Exactly these remedies, whatever their risk; may be repeated."
        ),
    ] = None,
    risk: Annotated[
        Literal["safe", "consent", "disruptive"],
        typer.Option("--risk", help="Remedies up to this risk. What costs money or grants rights has to be named."),
    ] = "safe",
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", "-o", metavar="FORMAT[=FILE]", help="table (the default) or json; FILE.json is the plan's file."
        ),
    ] = None,
    emit: Annotated[
        list[str] | None,
        typer.Option(
            "--emit", metavar="FORMAT[=FILE]", help="Also as bash, pwsh, bicep or terraform; may be repeated."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every action, and every finding that is left out.")
    ] = False,
    *,
    reach: Reach,
) -> None:
    """Plan what cures an estate: each request, what it changes, and what is left out and why.

    Reads only; nothing in Azure is changed. `-o plan.json` writes the file that can be reviewed and applied. Ends with
    0: planned, be it that nothing has to be done; 2: wrong usage; 3: something in scope could not be read, so that the
    plan may lack what it takes; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.diagnosis.plan import plan_of
    from aumdoctor.report import emit as scripts
    from aumdoctor.report import json, plan_table
    from aumdoctor.report.text import count
    from aumdoctor.store import plans

    chosen = choose(CHECKS, separated(checks), separated(skip_checks))
    selection = _selection(reach, separated(remedy), risk)
    destinations = _destinations(output or (), emit or ())
    estate = reach.estate(
        chosen,
        machines=machine or (),
        tags=[options.tag(text) for text in tag or ()],
        locations=location or (),
        only_live=("machine", "tag", "location"),
    )
    tenant = tenant_of(estate)
    estate = reach.aged(estate)
    if machine and any(map(_is_inside, selection.remedies)):
        selection = msgspec.structs.replace(selection, machines=tuple(each.id for each in estate.machines))
    examination = examine(estate, chosen, estate.collected_at)
    made = plan_of(examination, selection)
    unread: list[str] = []
    if not (reach.is_saved or estate.interrupted):
        made = with_before(reach, made, unread)
    planned = {action.remedy for action in made.actions}
    unplanned = [_why_not(name, made, selection, estate) for name in selection.remedies if name not in planned]
    if not any(each.format == "table" for each in destinations):
        for reason in unplanned:
            reach.note(reason)
    code = exit_code_of(examination, unread)
    written = plan_file(reach, made, selection, examination, tenant)
    not_seen = (*not_seen_in(examination), *unread)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(written)
        if format in scripts.EMITTERS:
            return [scripts.EMITTERS[format](written)]
        return [
            plan_table.render(
                written,
                exit_code=code,
                not_seen=not_seen,
                unplanned=unplanned,
                is_saved=reach.is_saved,
                verbose=verbose,
                width=columns,
                color=color,
            )
        ]

    files = [each for each in destinations if each.format == "json" and each.file is not None]
    for each in files:
        if each.file is not None:
            plans.save(each.file, written)
            them = "it" if len(made.actions) == 1 else "them"
            actions = count(len(made.actions), "action")
            reach.note(f"{actions} written to {each.file}; aumdoctor apply {each.file} makes {them}")
    outputs.write(rendered, [each for each in destinations if each not in files], quiet=reach.quiet)
    raise typer.Exit(code)


def _is_inside(name: str) -> bool:
    """Whether a remedy changes the guest and makes requests."""
    from aumdoctor.remedies.catalogue import BY_NAME
    from aumdoctor.remedies.plan import ONLY_WHEN_NAMED
    from aumdoctor.remedies.remedy import Risk

    return name in ONLY_WHEN_NAMED and BY_NAME[name].risk is not Risk.ADVICE


def _why_not(name: str, made: Plan, selection: Selection, estate: Estate) -> str:
    """Why a remedy that was named is not planned, in one sentence."""
    from aumdoctor.model import ids
    from aumdoctor.remedies.catalogue import BY_NAME
    from aumdoctor.remedies.in_guest import rows
    from aumdoctor.remedies.remedy import Risk
    from aumdoctor.report.text import count

    if BY_NAME[name].risk is Risk.ADVICE:
        return f"{name} makes no request, it is steps for a person: aumdoctor explain {name}"
    kept = next((left.reason for left in made.left_out if left.remedy == name and left.reason != _ONLY_A_PERSON), None)
    if kept is not None:
        return f"{name} is left out: {kept}"
    systems = {row.system for row in rows() if row.name == name and (row.script or row.risk is not Risk.ADVICE)}
    only = f" It is for {_SYSTEMS[next(iter(systems))]} only." if len(systems) == 1 and None not in systems else ""
    if not _is_inside(name):
        return f"nothing that was found is cured by {name}"
    if not selection.machines:
        hint = "to make it whatever was found, name the machines: --machine, without --from"
        return f"nothing that was found is cured by {name}; {hint}.{only}"
    seen = [machine for each in selection.machines if (machine := estate.machines_by_key.get(ids.key(each)))]
    fitting = [machine for machine in seen if not only or (machine.os_type or "").lower() in systems]
    if fitting or not seen:
        whom = count(len(seen), "machine")
        return f"{name} could not be made out for {whom}; aumdoctor explain {name} tells what it takes"
    described = [f"{each.name} runs {each.os_type or 'a system that Azure does not name'}" for each in seen[:_NAMED]]
    more = f", and {len(seen) - _NAMED} more do not fit either" if len(seen) > _NAMED else ""
    return f"{name} does not fit: {', '.join(described)}{more}.{only}"


_NAMED = 3
_SHORT = 3
"""A word as short as this makes no remedy alike: "now", "vm", "for"."""
_ONLY_A_PERSON = "only a person can do it"
_SYSTEMS = {"linux": "Linux", "windows": "Windows", None: "both systems"}


def _selection(reach: Reach, named: Sequence[str], risk: str) -> Selection:
    """What may be planned. Raises UsageError for a remedy that does not exist, or is nothing but steps for a person."""
    from aumdoctor.knowledge.lookup import nearest
    from aumdoctor.remedies.catalogue import BY_NAME
    from aumdoctor.remedies.in_guest import rows
    from aumdoctor.remedies.plan import Selection

    if named:
        reach.refuse(("risk",), "--remedy")
    known = {name.casefold(): name for name in BY_NAME}
    steps = sorted({row.name for row in rows()} - BY_NAME.keys())
    remedies = []
    for name in named:
        if name.casefold() in steps:
            raise UsageError(
                f"{name.casefold()} is no request that could be planned, it is steps for a person",
                advice=f"aumdoctor explain {name.casefold()} shows them, as does docs/guest-remedies.md",
            )
        if name.casefold() not in known:
            names = (*BY_NAME, *steps)
            words = [word for word in name.casefold().split("-") if len(word) > _SHORT]
            alike = [each for each in names if any(word in each.split("-") for word in words)]
            close = nearest(name, names) or alike[:_NAMED]
            raise UsageError(
                f"there is no remedy {name!r}",
                advice=f"did you mean {' or '.join(close)}?"
                if close
                else "aumdoctor plan shows those that are of use; those inside a machine are in docs/guest-remedies.md",
            )
        remedies.append(known[name.casefold()])
    return Selection(risk=risk, remedies=tuple(dict.fromkeys(remedies)))


def _destinations(output: Sequence[str], emit: Sequence[str]) -> tuple[Output, ...]:
    """Where the plan goes, and in which formats; the table where nothing else goes to standard output by wish.

    Raises UsageError for what cannot be written.
    """
    from aumdoctor.cli import outputs

    for text in emit:
        name, separator, file = text.partition("=")
        if name not in _SCRIPTS or (separator and not file):
            raise UsageError(
                f"--emit {text}: there is no such script", advice=f"use {', '.join(_SCRIPTS)}, or FORMAT=FILE"
            )
    wanted = list(output)
    if not wanted and all("=" in text for text in emit):
        wanted = ["table"]
    outputs.parse(wanted)
    return outputs.parse([*wanted, *emit], (*outputs.FORMATS, *_SCRIPTS))


def tenant_of(estate: Estate) -> str | None:
    """The tenant that the subscriptions lie in, None where Azure did not say. Raises UsageError for more than one."""
    tenants = sorted({each.tenant_id.lower() for each in estate.subscriptions if each.tenant_id})
    if len(tenants) > 1:
        raise UsageError(
            f"the subscriptions lie in {len(tenants)} tenants ({', '.join(tenants)}), and a plan is for one",
            advice="make a plan for each tenant: name its subscriptions with --subscription",
        )
    return tenants[0] if tenants else None


def with_before(reach: Reach, made: Plan, unread: list[str]) -> Plan:
    """The plan with what stands at its targets; `unread` takes what could not be read, in sentences."""
    from aumdoctor.azure.before import read_before
    from aumdoctor.cli.progress import reporter

    if not any(action.changes for action in made.actions):
        return made

    def failed(action: PlannedAction, failure: Exception) -> None:
        unread.append(f"what stands at {action.target.path} could not be read: {failure}")

    with _connected(reach) as connection, reporter(quiet=reach.quiet) as progress:
        before = read_before(
            connection,
            made.actions,
            failed=failed,
            progress=lambda done, total: progress.stage("targets of the plan", done, total),
        )
    actions = tuple(msgspec.structs.replace(action, before=before[action.id]) for action in made.actions)
    return msgspec.structs.replace(made, actions=actions)


@contextmanager
def _connected(reach: Reach) -> Iterator[ConnectionOptions]:
    """How to get to Azure. The demo that was read has ended; another one is the same."""
    if not reach.is_demo:
        yield reach.connection()
        return
    from aumdoctor.cli.demo import connected

    with connected(reach.connection()) as connection:
        yield connection


def plan_file(reach: Reach, made: Plan, selection: Selection, examination: Examination, tenant: str | None) -> PlanFile:
    """The plan as its file holds it, sealed."""
    from aumdoctor import __version__
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.diagnosis.plan import fingerprint
    from aumdoctor.remedies.plan import PlanFile

    estate = examination.estate
    is_all = {check.id for check in CHECKS} <= set(examination.checks)
    return PlanFile(
        tool=f"aumdoctor {__version__}",
        made_at=reach.now,
        collected_at=estate.collected_at,
        cloud=estate.scope.cloud,
        tenant_id=tenant,
        subscriptions=tuple(subscription.id for subscription in estate.subscriptions),
        checks=() if is_all else examination.checks,
        selection=selection,
        estate=fingerprint(estate),
        actions=made.actions,
        left_out=made.left_out,
    ).sealed()


def not_seen_in(examination: Examination) -> Iterator[str]:
    """What the examination could not see, in sentences."""
    from aumdoctor.report.text import count

    estate = examination.estate
    unknowns = [unknown for unknown in examination.unknowns if not unknown.by_choice]
    if estate.gaps:
        yield f"{count(len(estate.gaps), 'read')} failed"
    if unknowns:
        resources = {unknown.resource_id.lower() for unknown in unknowns}
        asked = count(len(unknowns), "question")
        yield f"{asked} about {count(len(resources), 'resource')} could not be answered: aumdoctor scan shows them"
    missing = [gap.missing_permission for gap in estate.gaps] + [each.permission for each in unknowns]
    named = sorted({permission for permission in missing if permission})
    if named:
        yield f"missing permissions: {', '.join(named)}"


def exit_code_of(examination: Examination, unread: Sequence[str]) -> int:
    """The exit code of planning: 3 where something was not seen, 130 where it was interrupted, else 0."""
    code = exit_codes.exit_code(examination, None)
    return exit_codes.UNREAD if unread and code == exit_codes.HEALTHY else code
