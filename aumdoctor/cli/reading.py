"""What every command that reads Azure has in common: its configuration, its scope, and the collection itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aumdoctor.cli import config
from aumdoctor.errors import UsageError
from aumdoctor.model.finding import Severity

if TYPE_CHECKING:
    from aumdoctor.azure.collect import ReadOptions, ScopeRequest
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.checks.check import Check
    from aumdoctor.model.estate import Estate

REACHING = ("auth", "tenant", "client_id", "cloud", "arm_endpoint", "authority", "ca_bundle")
"""What --demo makes pointless, by parameter name: it is reached in its own way."""

READING = (
    *(*REACHING, "timeout", "concurrency", "source", "depth", "demo"),
    *("subscription", "management_group", "all_subscriptions", "resource_group"),
)
"""What --from makes pointless, by parameter name: a saved estate is not read from Azure again."""


def _configured(context: typer.Context, file: Path | None) -> Path | None:
    """Put the values of the file and of variables in as the options' defaults. Runs before the other options."""
    named_by = "--config"
    if file is None and os.environ.get("AUMDOCTOR_CONFIG"):
        file, named_by = Path(os.environ["AUMDOCTOR_CONFIG"]), "AUMDOCTOR_CONFIG"
    context.default_map = config.defaults(context, file, os.environ, named_by=named_by)
    return file


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=_configured,
        help="Options from this file instead of aumdoctor.toml in the current folder.",
    ),
]


def collect_estate(
    connection: ConnectionOptions,
    scope: ScopeRequest,
    read: ReadOptions,
    checks: Sequence[Check],
    *,
    demo: bool,
    quiet: bool,
) -> Estate:
    """Read from Azure what some checks need, or from the embedded demo Azure; progress on standard error.

    Raises what `aumdoctor.azure.collect.collect` raises.
    """
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


def require_scope(scope: ScopeRequest) -> None:
    """Raises UsageError where a scope names neither subscriptions nor machines by their full ids."""
    if not (scope.subscriptions or scope.management_groups or scope.all_subscriptions):
        by_id = scope.machines and all(name.startswith("/subscriptions/") for name in scope.machines)
        if not by_id:
            raise UsageError(
                "it was not said what to scan",
                advice="give --subscription, --management-group or --all-subscriptions "
                "(to try it without an Azure account: --demo; for a saved estate: --from FILE)",
            )


def refuse(context: typer.Context, names: Sequence[str], with_option: str) -> None:
    """Options of the command line that contradict another. A default from the file or a variable is just not used."""
    for name in names:
        given = context.get_parameter_source(name)
        if given is not None and given.name == "COMMANDLINE":
            raise UsageError(
                f"--{name.replace('_', '-')} does nothing together with {with_option}", advice="leave one of them out"
            )
