"""`aumdoctor demo serve`, and the embedded Azure as `scan --demo` uses it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from aumdoctor.cli.streams import help_when_alone, out
from aumdoctor.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

    from aumdoctor.azure.connection import ConnectionOptions

_TOKEN_VARIABLE = "AUMDOCTOR_ACCESS_TOKEN"  # noqa: S105 - the variable's name

app = typer.Typer(help="An embedded Azure to try every command on.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def demo(context: typer.Context) -> None:
    """An embedded Azure to try every command on."""
    help_when_alone(context)


@contextmanager
def connected(connection: ConnectionOptions) -> Iterator[ConnectionOptions]:
    """The options that reach a demo Azure, which runs as long as the block does."""
    with _server().run_in_thread() as server:
        before = os.environ.get(_TOKEN_VARIABLE)
        os.environ[_TOKEN_VARIABLE] = server.token
        try:
            yield msgspec.structs.replace(
                connection,
                auth="token",
                tenant=server.tenant_id,
                cloud="custom",
                arm_endpoint=server.endpoint,
                authority="login.microsoftonline.com",
                ca_bundle=server.ca_file,
            )
        finally:
            if before is None:
                os.environ.pop(_TOKEN_VARIABLE, None)
            else:
                os.environ[_TOKEN_VARIABLE] = before


@app.command()
def serve(
    machines: Annotated[int, typer.Option("--machines", min=1, help="How many machines the estate has.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same estate.")] = 1,
    latency_ms: Annotated[float, typer.Option("--latency-ms", min=0, help="Wait before each answer.")] = 0,
    throttle: Annotated[bool, typer.Option("--throttle", help="Answer 429 as Azure's limits do.")] = False,
    faults: Annotated[
        float, typer.Option("--faults", min=0, max=1, metavar="RATE", help="Share of requests that fail.")
    ] = 0,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 0,
) -> None:
    """Run the embedded Azure until Ctrl-C, and print how to reach it."""
    try:
        _server().serve_forever(
            machines=machines,
            seed=seed,
            latency_ms=latency_ms,
            throttle=throttle,
            fault_rate=faults,
            port=port,
            on_ready=lambda server: out(_how_to_reach(server.endpoint, server.ca_file, server.token, server.tenant_id)),
        )
    except OSError as error:
        raise UsageError(
            f"cannot listen on port {port}: {error.strerror or error}", advice="leave --port out, or name another"
        ) from error


def _how_to_reach(endpoint: str, ca_file: str, token: str, tenant: str) -> str:
    return f"""\
An embedded Azure listens on {endpoint}. To point aumdoctor at it, in another terminal:

export {_TOKEN_VARIABLE}={token}
export AUMDOCTOR_AUTH=token AUMDOCTOR_TENANT={tenant}
export AUMDOCTOR_CLOUD=custom AUMDOCTOR_ARM_ENDPOINT={endpoint}
export AUMDOCTOR_AUTHORITY=login.microsoftonline.com AUMDOCTOR_CA_BUNDLE={ca_file}
aumdoctor scan --all-subscriptions

curl --cacert {ca_file} -H "Authorization: Bearer {token}" \\
  "{endpoint}/subscriptions?api-version=2022-12-01"

Ctrl-C stops it.
"""


def _server() -> ModuleType:
    try:
        from aumdoctor.demo import server
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("aumdoctor"):
            raise
        raise UsageError(
            f"the demo needs the package {error.name}, which is not installed",
            advice="pip install 'aumdoctor[demo]'",
        ) from error
    return server
