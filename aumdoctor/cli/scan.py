"""`aumdoctor scan`: read an estate, judge it, report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from aumdoctor.cli import config, options
from aumdoctor.cli.choice import choose
from aumdoctor.cli.reading import REACHING, READING, ConfigFile, collect_estate, refuse, require_scope
from aumdoctor.cli.streams import err
from aumdoctor.errors import UsageError
from aumdoctor.model.finding import Severity

_SEVERITIES = {severity.label: severity for severity in Severity}
# Of scan's own options what --from makes pointless, too.
_READING = (*READING, "machine", "tag", "location", "save")


def scan(
    context: typer.Context,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroups = None,
    all_subscriptions: options.AllSubscriptions = False,
    resource_group: options.ResourceGroups = None,
    machine: options.Machines = None,
    tag: options.Tags = None,
    location: options.Locations = None,
    demo: Annotated[bool, typer.Option("--demo", help="Scan the embedded demo Azure; needs no account.")] = False,
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Judge a saved estate instead of reading Azure.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save what was read (.zst: compressed).")
    ] = None,
    output: options.Output = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the evidence and every cure.")] = False,
    quiet: options.Quiet = False,
    checks: Annotated[
        list[str] | None,
        typer.Option("--checks", metavar="ID,…", help="Only these checks, by id or name; may be repeated."),
    ] = None,
    skip_checks: Annotated[
        list[str] | None, typer.Option("--skip-checks", metavar="ID,…", help="Without these checks; may be repeated.")
    ] = None,
    min_severity: Annotated[
        Literal["info", "low", "medium", "high", "critical"],
        typer.Option("--min-severity", help="Show nothing below it. Verdicts and the exit code do not change."),
    ] = "info",
    fail_on: Annotated[
        Literal["info", "low", "medium", "high", "critical", "never"],
        typer.Option("--fail-on", help="Exit with 1 if there is a finding at or above it."),
    ] = "high",
    auth: options.Auth = "default",
    tenant: options.Tenant = None,
    client_id: options.ClientId = None,
    cloud: options.Cloud = "public",
    arm_endpoint: options.ArmEndpoint = None,
    authority: options.Authority = None,
    ca_bundle: options.CaBundle = None,
    source: options.Source = "auto",
    depth: options.Depth = "normal",
    max_age: options.MaxAge = None,
    timeout: options.Timeout = None,
    concurrency: options.Concurrency = 32,
    config_file: ConfigFile = None,
    debug: options.Debug = False,
) -> None:
    """Find out why machines are not patched by Azure Update Manager, and what cures it.

    Reads only; nothing in Azure is changed. Ends with 0: no finding at or above --fail-on; 1: there are; 2: wrong
    usage; 3: something in scope could not be read; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.cli.exit_codes import exit_code
    from aumdoctor.diagnosis.examine import examine
    from aumdoctor.report import json, table
    from aumdoctor.report.result import report_of
    from aumdoctor.store import estates

    def note(text: str) -> None:
        if not quiet:
            err(text)

    if config_file is None and Path(config.FILE_NAME).is_file():
        note(f"options from {config.FILE_NAME}")
    chosen = choose(CHECKS, _separated(checks), _separated(skip_checks))
    destinations = outputs.parse(output or ["table"])
    if from_ is not None:
        refuse(context, _READING, "--from")
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
            machines=tuple(machine or ()),
            tags=tuple(map(_tag, tag or ())),
            locations=tuple(location or ()),
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
            connection, scope, ReadOptions(source=source, depth=depth), chosen, demo=demo, quiet=quiet
        )
    if save is not None:
        estates.save(save, estate)
        note(f"saved to {save}")
    if max_age is not None:
        estate = estate.older_than(options.age(max_age), datetime.now(UTC))
    examination = examine(estate, chosen, estate.collected_at)
    threshold = None if fail_on == "never" else _SEVERITIES[fail_on]
    code = exit_code(examination, threshold)
    report = report_of(
        examination,
        generated_at=datetime.now(UTC),
        exit_code=code,
        fail_on=threshold,
        min_severity=_SEVERITIES[min_severity],
    )

    def rendered(format: str, columns: int, color: bool) -> Iterable[str]:
        if format == "json":
            return json.pieces(report)
        return [table.render(report, verbose=verbose, width=columns, color=color)]

    outputs.write(rendered, destinations, quiet=quiet)
    raise typer.Exit(code)


def _separated(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def _tag(text: str) -> str:
    if not text.partition("=")[0] or "=" not in text:
        raise UsageError(f"--tag {text}: not of the form NAME=VALUE", advice="for example --tag PatchGroup=A")
    return text
