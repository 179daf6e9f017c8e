"""`aumdoctor scan`: read an estate, judge it, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aumdoctor.cli import config, options
from aumdoctor.cli.choice import choose
from aumdoctor.cli.streams import err
from aumdoctor.errors import UsageError
from aumdoctor.model.finding import Severity

if TYPE_CHECKING:
    from aumdoctor.azure.collect import ReadOptions, ScopeRequest
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.checks.check import Check
    from aumdoctor.model.estate import Estate

_SEVERITIES = {severity.label: severity for severity in Severity}
# What --from makes pointless, by parameter name: a saved estate is not read from Azure again.
_READING = (
    *("auth", "tenant", "client_id", "cloud", "arm_endpoint", "authority", "ca_bundle", "timeout", "concurrency"),
    *("subscription", "management_group", "all_subscriptions", "resource_group", "machine", "tag", "location"),
    *("source", "depth", "save", "demo"),
)
_REACHING = ("auth", "tenant", "client_id", "cloud", "arm_endpoint", "authority", "ca_bundle")


def _configured(context: typer.Context, file: Path | None) -> Path | None:
    """Put the values of the file and of variables in as the options' defaults. Runs before the other options."""
    if file is None and os.environ.get("AUMDOCTOR_CONFIG"):
        file = Path(os.environ["AUMDOCTOR_CONFIG"])
    context.default_map = config.defaults(context, file, os.environ)
    return file


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
    output: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", metavar="FORMAT[=FILE]", help="table (the default) or json; may be repeated."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the evidence and every cure.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
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
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            is_eager=True,
            callback=_configured,
            help="Options from this file instead of aumdoctor.toml in the current folder.",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """Find out why machines are not patched by Azure Update Manager, and what cures it.

    Reads only; nothing in Azure is changed. Ends with 0: no finding at or above --fail-on; 1: there are; 2: wrong
    usage; 3: something in scope could not be read; 130: interrupted.
    """
    from aumdoctor.checks.registry import CHECKS
    from aumdoctor.cli import outputs
    from aumdoctor.cli.exit_codes import exit_code
    from aumdoctor.diagnosis.examine import examine
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
        _refuse(context, _READING, "--from")
        estate = estates.load(from_)
    else:
        from aumdoctor.azure.collect import ReadOptions, ScopeRequest
        from aumdoctor.azure.connection import ConnectionOptions

        if demo:
            _refuse(context, _REACHING, "--demo")
        scope = ScopeRequest(
            subscriptions=tuple(subscription or ()),
            management_groups=tuple(management_group or ()),
            all_subscriptions=all_subscriptions or (demo and not subscription and not management_group),
            resource_groups=tuple(resource_group or ()),
            machines=tuple(machine or ()),
            tags=tuple(map(_tag, tag or ())),
            locations=tuple(location or ()),
        )
        _require_scope(scope)
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
        estate = _collect(connection, scope, ReadOptions(source=source, depth=depth), chosen, demo=demo, quiet=quiet)
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
    outputs.write(report, destinations, verbose=verbose)
    raise typer.Exit(code)


def _collect(
    connection: ConnectionOptions,
    scope: ScopeRequest,
    read: ReadOptions,
    checks: Sequence[Check],
    *,
    demo: bool,
    quiet: bool,
) -> Estate:
    from aumdoctor.azure.collect import collect
    from aumdoctor.cli.progress import reporter

    facts = frozenset(fact for check in checks for fact in (*check.needs, *check.uses))
    with ExitStack() as stack:
        if demo:
            connection = stack.enter_context(_demo(connection))
        progress = stack.enter_context(reporter(quiet=quiet))
        return collect(connection, scope, read, facts, progress, datetime.now(UTC), _suspects(checks))


def _suspects(checks: Sequence[Check]) -> Callable[[Estate], Iterable[str]]:
    """Which machines of an estate have a finding of high severity, so that ARM is asked again about them."""
    from aumdoctor.checks.engine import judge

    def named(estate: Estate) -> Iterable[str]:
        findings = judge(estate, checks, estate.collected_at).findings
        return (machine for found in findings if found.severity >= Severity.HIGH for machine in found.machines)

    return named


def _demo(connection: ConnectionOptions) -> AbstractContextManager[ConnectionOptions]:
    from aumdoctor.cli.demo import connected

    return connected(connection)


def _separated(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def _tag(text: str) -> str:
    if not text.partition("=")[0] or "=" not in text:
        raise UsageError(f"--tag {text}: not of the form NAME=VALUE", advice="For example --tag PatchGroup=A")
    return text


def _require_scope(scope: ScopeRequest) -> None:
    if not (scope.subscriptions or scope.management_groups or scope.all_subscriptions):
        by_id = scope.machines and all(name.startswith("/subscriptions/") for name in scope.machines)
        if not by_id:
            raise UsageError(
                "it was not said what to scan",
                advice="give --subscription, --management-group or --all-subscriptions "
                "(to try it without an Azure account: --demo; for a saved estate: --from FILE)",
            )


def _refuse(context: typer.Context, names: Sequence[str], with_option: str) -> None:
    """Options of the command line that contradict another. A default from the file or a variable is just not used."""
    for name in names:
        given = context.get_parameter_source(name)
        if given is not None and given.name == "COMMANDLINE":
            raise UsageError(
                f"--{name.replace('_', '-')} does nothing together with {with_option}", advice="Leave one of them out."
            )
