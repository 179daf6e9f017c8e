"""`aumdoctor why`: one machine, link by link."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import config, options
from aumdoctor.cli.reading import REACHING, READING, ConfigFile, collect_estate, refuse, require_scope
from aumdoctor.cli.streams import err
from aumdoctor.errors import UnreadableError, UsageError
from aumdoctor.knowledge.lookup import nearest
from aumdoctor.model import ids

if TYPE_CHECKING:
    from aumdoctor.diagnosis.chain import Chain
    from aumdoctor.model.estate import Estate
    from aumdoctor.model.machine import Machine


def why(
    context: typer.Context,
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="Its full resource id, or its name.")],
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroups = None,
    all_subscriptions: options.AllSubscriptions = False,
    resource_group: options.ResourceGroups = None,
    demo: Annotated[bool, typer.Option("--demo", help="A machine of the embedded demo Azure; no account.")] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A machine of a saved estate instead of Azure.")
    ] = None,
    output: options.Output = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all evidence and every cure.")] = False,
    quiet: options.Quiet = False,
    auth: options.Auth = "default",
    tenant: options.Tenant = None,
    client_id: options.ClientId = None,
    cloud: options.Cloud = "public",
    arm_endpoint: options.ArmEndpoint = None,
    authority: options.Authority = None,
    ca_bundle: options.CaBundle = None,
    source: options.Source = "auto",
    depth: options.Depth = "full",
    max_age: options.MaxAge = None,
    timeout: options.Timeout = None,
    concurrency: options.Concurrency = 32,
    config_file: ConfigFile = None,
    debug: options.Debug = False,
) -> None:
    """Say why one machine is not patched: the first broken link between Azure and the patch, and its cure.

    Reads only. A full resource id needs no subscription beside it. Ends with 0: nothing stops its patching; 1: a link
    is broken; 2: wrong usage; 3: it cannot be told, because something could not be read; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.diagnosis.chain import chain_of
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.report import json, why_table
    from aumdoctor.report.why import why_of

    if config_file is None and Path(config.FILE_NAME).is_file() and not quiet:
        err(f"options from {config.FILE_NAME}")
    destinations = outputs.parse(output or ["table"])
    if from_ is not None:
        from aumdoctor.store import estates

        refuse(context, READING, "--from")
        estate = estates.load(from_)
    else:
        from aumdoctor.azure.collect import ReadOptions, ScopeRequest
        from aumdoctor.azure.connection import ConnectionOptions

        if demo:
            refuse(context, REACHING, "--demo")
        scope = ScopeRequest(
            subscriptions=tuple(subscription or ()),
            management_groups=tuple(management_group or ()),
            all_subscriptions=all_subscriptions or (demo and not subscription and not management_group),
            resource_groups=tuple(resource_group or ()),
            machines=(machine,),
        )
        require_scope(scope)
        connection = ConnectionOptions(
            auth=auth,
            tenant=tenant,
            client_id=client_id,
            cloud=cloud,
            arm_endpoint=arm_endpoint,
            authority=authority,
            ca_bundle=str(ca_bundle) if ca_bundle is not None else None,
            timeout=timeout,
            concurrency=concurrency,
        )
        estate = collect_estate(
            connection, scope, ReadOptions(source=source, depth=depth), CHECKS, demo=demo, quiet=quiet
        )
    if max_age is not None:
        estate = estate.older_than(options.age(max_age), datetime.now(UTC))
    found = _the_one(estate, machine)
    examination = examine(estate, CHECKS, estate.collected_at)
    chain = chain_of(examination, CHECKS, found)
    code = _exit_code(chain, estate)
    report = why_of(examination, chain, generated_at=datetime.now(UTC), exit_code=code)

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [why_table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=quiet)
    raise typer.Exit(code)


def _exit_code(chain: Chain, estate: Estate) -> int:
    from aumdoctor.cli import exit_codes
    from aumdoctor.diagnosis.examine import Verdict

    if estate.interrupted:
        return exit_codes.INTERRUPTED
    return {
        Verdict.PATCHABLE: exit_codes.HEALTHY,
        Verdict.BLOCKED: exit_codes.FINDINGS,
        Verdict.UNKNOWN: exit_codes.UNREAD,
    }[chain.verdict]


def _named(estate: Estate, wanted: str) -> list[Machine]:
    if "/" in wanted:
        found = estate.machines_by_key.get(ids.key(wanted))
        return [found] if found is not None else []
    return [machine for machine in estate.machines if machine.name.lower() == wanted.lower()]


def _the_one(estate: Estate, wanted: str) -> Machine:
    found = _named(estate, wanted)
    if len(found) == 1:
        return found[0]
    if not found and not estate.gaps:
        close = nearest(ids.name_of(wanted), tuple(dict.fromkeys(machine.name for machine in estate.machines)))
        raise UsageError(
            f"there is no machine {wanted!r}",
            advice=f"did you mean {' or '.join(close)}?" if close else "check the name, or scan again",
        )
    if not found:
        first = estate.gaps[0]
        raise UnreadableError(
            f"{wanted!r} was not found, and not all of the scope could be read: "
            f"{first.operation}: {first.code or first.status or first.message}",
            advice="give its full resource id, or see with aumdoctor scan what cannot be read",
        )
    several = ", ".join(machine.id for machine in found)
    raise UsageError(f"{len(found)} machines are named {wanted!r}: {several}", advice="give the resource id")
