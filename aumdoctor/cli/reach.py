"""What every command that looks at an estate has in common: where to look, how to get there, and the estate itself.

A command is decorated with `reads_azure` and takes one argument `reach`; the options behind it are added to its own.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aumdoctor.cli import config, options
from aumdoctor.cli.streams import err
from aumdoctor.errors import UsageError
from aumdoctor.model.finding import Severity

if TYPE_CHECKING:
    from aumdoctor.azure.connection import ConnectionOptions
    from aumdoctor.checks.check import Check
    from aumdoctor.model.estate import Estate
    from aumdoctor.model.facts import Fact

_REACHING = ("auth", "tenant", "client_id", "cloud", "arm_endpoint", "authority", "ca_bundle")
"""What --demo makes pointless, by parameter name: it is reached in its own way."""

_READING = (
    *(*_REACHING, "timeout", "concurrency", "source", "depth", "demo"),
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

_SHARED: tuple[tuple[str, Any, Any], ...] = (
    ("subscription", options.Subscriptions, None),
    ("management_group", options.ManagementGroups, None),
    ("all_subscriptions", options.AllSubscriptions, False),
    ("resource_group", options.ResourceGroups, None),
    ("demo", options.Demo, False),
    ("from_", options.From, None),
    ("quiet", options.Quiet, False),
    ("auth", options.Auth, "default"),
    ("tenant", options.Tenant, None),
    ("client_id", options.ClientId, None),
    ("cloud", options.Cloud, "public"),
    ("arm_endpoint", options.ArmEndpoint, None),
    ("authority", options.Authority, None),
    ("ca_bundle", options.CaBundle, None),
    ("source", options.Source, "auto"),
    ("depth", options.Depth, "normal"),
    ("max_age", options.MaxAge, None),
    ("timeout", options.Timeout, None),
    ("concurrency", options.Concurrency, 32),
    ("config_file", ConfigFile, None),
    ("debug", options.Debug, False),
)


class Reach:
    """The options of one call that say where to look and how to get there."""

    def __init__(self, context: typer.Context, values: dict[str, Any]) -> None:
        self._context = context
        self._values = values
        self.quiet: bool = values["quiet"]
        self.is_demo: bool = values["demo"]
        self.is_saved = values["from_"] is not None
        if values["config_file"] is None and Path(config.FILE_NAME).is_file():
            self.note(f"options from {config.FILE_NAME}")

    def note(self, text: str) -> None:
        """A remark on standard error, unless it is to be quiet."""
        if not self.quiet:
            err(text)

    def refuse(self, names: Sequence[str], with_option: str) -> None:
        """Raise UsageError for options of the command line that contradict another. A default from the file or a
        variable is just not used."""
        for name in names:
            given = self._context.get_parameter_source(name)
            if given is not None and given.name == "COMMANDLINE":
                raise UsageError(
                    f"--{name.replace('_', '-')} does nothing together with {with_option}",
                    advice="leave one of them out",
                )

    @property
    def resource_groups(self) -> tuple[str, ...]:
        """The resource groups that the scope is narrowed to, wherever that was said."""
        return tuple(self._values["resource_group"] or ())

    @property
    def now(self) -> datetime:
        """The time by the clock."""
        return datetime.now(UTC)

    def connection(self) -> ConnectionOptions:
        """How to get to Azure."""
        from aumdoctor.azure.connection import ConnectionOptions

        values = self._values
        return ConnectionOptions(
            auth=values["auth"],
            tenant=values["tenant"],
            client_id=values["client_id"],
            cloud=values["cloud"],
            arm_endpoint=values["arm_endpoint"],
            authority=values["authority"],
            ca_bundle=str(values["ca_bundle"]) if values["ca_bundle"] is not None else None,
            timeout=values["timeout"],
            concurrency=values["concurrency"],
        )

    def estate(
        self,
        checks: Sequence[Check] = (),
        *,
        facts: Iterable[Fact] = (),
        machines: Sequence[str] = (),
        tags: Sequence[str] = (),
        locations: Sequence[str] = (),
        depth: str | None = None,
        history: timedelta | None = None,
        suspects: Callable[[Estate], Iterable[str]] | None = None,
        only_live: Sequence[str] = (),
        subscriptions: Sequence[str] | None = None,
    ) -> Estate:
        """The estate that the options name, as it was read: from Azure, from the demo, or from a file.

        What the checks need is read, and `facts` beside it. `depth` overrides the option; `suspects` names the machines
        to read again from ARM (default: those with a finding of high severity); `only_live` are further parameters of
        the command that --from makes pointless; `subscriptions` are looked at instead of what the options name. Raises
        UsageError and UnreadableError.
        """
        values = self._values
        if values["from_"] is not None:
            from aumdoctor.store import estates

            self.refuse((*_READING, *only_live), "--from")
            return estates.load(values["from_"])
        from aumdoctor.azure.collect import ReadOptions, ScopeRequest, collect
        from aumdoctor.cli.progress import reporter

        if self.is_demo:
            self.refuse(_REACHING, "--demo")
        anything = values["subscription"] or values["management_group"]
        scope = ScopeRequest(
            subscriptions=tuple((values["subscription"] or ()) if subscriptions is None else subscriptions),
            management_groups=tuple(values["management_group"] or ()),
            all_subscriptions=subscriptions is None
            and (values["all_subscriptions"] or (self.is_demo and not anything)),
            resource_groups=tuple(values["resource_group"] or ()),
            machines=tuple(machines),
            tags=tuple(tags),
            locations=tuple(locations),
        )
        if not (scope.subscriptions or scope.management_groups or scope.all_subscriptions):
            by_id = scope.machines and all(name.startswith("/subscriptions/") for name in scope.machines)
            if not by_id:
                others = "; for a saved estate: --from FILE" if self._context.get_parameter_source("from_") else ""
                raise UsageError(
                    "it was not said what to scan",
                    advice="give --subscription, --management-group or --all-subscriptions "
                    f"(to try it without an Azure account: --demo{others})",
                )
        read = ReadOptions(source=values["source"], depth=depth or values["depth"])
        if history is not None:
            read = ReadOptions(source=read.source, depth=read.depth, history=history)
        wanted = frozenset((*facts, *(fact for check in checks for fact in (*check.needs, *check.uses))))
        with ExitStack() as stack:
            connection = self.connection()
            if self.is_demo:
                from aumdoctor.cli.demo import connected

                connection = stack.enter_context(connected(connection))
            progress = stack.enter_context(reporter(quiet=self.quiet))
            return collect(connection, scope, read, wanted, progress, self.now, suspects or _severe(checks))

    def aged(self, estate: Estate) -> Estate:
        """The estate with what --max-age calls too old made unknown."""
        if self._values["max_age"] is None:
            return estate
        return estate.older_than(options.age(self._values["max_age"]), self.now)


def _severe(checks: Sequence[Check]) -> Callable[[Estate], Iterable[str]]:
    """Which machines of an estate have a finding of high severity, so that ARM is asked again about them."""
    from aumdoctor.checks.engine import judge

    def named(estate: Estate) -> Iterable[str]:
        findings = judge(estate, checks, estate.collected_at).findings
        return (machine for found in findings if found.severity >= Severity.HIGH for machine in found.machines)

    return named


def reads_azure(
    *, depth: str = "normal", without: Sequence[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function that takes `reach` beside its own options.

    `depth` is the default of --depth; `without` names shared options, by parameter name, that the command does not
    have: each then has its default.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter
            for parameter in inspect.signature(function, eval_str=True).parameters.values()
            if parameter.name != "reach"
        ]
        defaults = {name: depth if name == "depth" else default for name, _, default in _SHARED}
        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation)
            for name, annotation, _ in _SHARED
            if name not in without
        ]
        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        parameters = [
            context,
            *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
            *shared,
        ]

        @functools.wraps(function)
        def command(**values: Any) -> None:
            called = values.pop("context")
            reaching = defaults | {name: values.pop(name) for name in defaults if name in values}
            function(**values, reach=Reach(called, reaching))

        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate
