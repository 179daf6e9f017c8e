"""The one way in: open a session, find the subscriptions in scope, collect, and give back an estate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from aumdoctor.azure.collection import Collection, Progress, ReadOptions, at_once
from aumdoctor.azure.confirmation import confirm, confirm_schedules
from aumdoctor.azure.connection import ConnectionOptions, endpoints
from aumdoctor.azure.credentials import credential
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.instance_views import read_instance_views
from aumdoctor.azure.inventory import read_lists
from aumdoctor.azure.limiter import Key
from aumdoctor.azure.loop import run
from aumdoctor.azure.narrowing import narrow
from aumdoctor.azure.proofs import read_proofs
from aumdoctor.azure.scope import ScopeRequest, subscriptions_in_scope
from aumdoctor.azure.session import Session, http_session, transport
from aumdoctor.azure.subscription_reads import read_subscriptions
from aumdoctor.errors import UnreadableError, UsageError
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact

__all__ = ["Progress", "ReadOptions", "ScopeRequest", "collect"]


def collect(
    options: ConnectionOptions,
    scope: ScopeRequest,
    read: ReadOptions,
    facts: frozenset[Fact],
    progress: Progress,
    now: datetime,
    suspects: Callable[[Estate], Iterable[str]] | None = None,
) -> Estate:
    """Read an estate from Azure; blocks until done, until `options.timeout` seconds are over, or until Ctrl-C.

    `suspects` names the machines of an estate on whose findings somebody may act; with source auto and a depth above
    quick those that Resource Graph alone has described are read again from ARM. At depth `chosen` they are the only
    ones that ARM is asked about.

    In the last two cases the estate holds what was read, with gaps for the rest (and `interrupted` after Ctrl-C).
    Raises UsageError for a scope that names nothing, UnreadableError where Azure cannot be reached or will not sign
    the caller in at all.
    """
    return run(_collect(options, scope, read, facts, progress, now, suspects))


async def _collect(
    options: ConnectionOptions,
    scope: ScopeRequest,
    read: ReadOptions,
    facts: frozenset[Fact],
    progress: Progress,
    now: datetime,
    suspects: Callable[[Estate], Iterable[str]] | None,
) -> Estate:
    def on_wait(seconds: float, key: Key) -> None:
        what = "Resource Graph" if key[1] == "graph" else f"subscription {key[0]}"
        progress.note(f"throttled by Azure ({what}): waiting {seconds:.0f} s")

    ends = endpoints(options)
    http = http_session(options)
    try:
        sign_in = credential(options, ends, transport(http))
    except UsageError:
        await http.close()
        raise
    async with Session(options, ends, sign_in, http, on_wait) as session:
        try:
            async with asyncio.timeout(options.timeout):
                progress.stage("subscriptions", 0, None)
                subscriptions = await subscriptions_in_scope(session, scope)
        except ReadFailure as failure:
            raise unreachable(failure, options) from failure
        except TimeoutError as error:
            raise UnreadableError(
                f"the list of subscriptions was not read within --timeout {options.timeout:g}",
                advice="give it more time, or check the way to the ARM endpoint",
            ) from error
        collection = Collection(session, subscriptions, scope, read, facts, progress, now)
        ending = None
        try:
            async with asyncio.timeout(options.timeout):
                await _read(collection)
                if suspects is not None and read.source == "auto" and read.depth != "quick":
                    await confirm(collection, suspects(collection.estate(cloud=options.cloud, interrupted=False)))
        except TimeoutError:
            ending = ReadFailure("DeadlineReached", f"not read within --timeout {options.timeout:g} s")
        except asyncio.CancelledError:
            ending = ReadFailure("Interrupted", "not read: the scan was interrupted")
        if ending is not None:
            scopes = [ids.subscription_scope(found.id) for found in subscriptions]
            collection.ledger.close(scopes, sorted(facts | {Fact.MACHINE}), ending)
        interrupted = ending is not None and ending.code == "Interrupted"
        return collection.estate(cloud=options.cloud, interrupted=interrupted)


async def _read(collection: Collection) -> None:
    """The course of a collection: lists first, then what depends on the machines, then proofs of single findings."""
    await read_lists(collection)
    await narrow(collection)
    if collection.read.is_chosen:
        await confirm_schedules(collection)
    await at_once(read_subscriptions(collection), read_instance_views(collection))
    await read_proofs(collection)


def unreachable(failure: ReadFailure, options: ConnectionOptions) -> UnreadableError:
    """The one message for a scan that could not even begin, with the next step."""
    advice = {
        "AuthenticationFailed": _SIGN_IN.get(options.auth, _SIGN_IN["default"]),
        "DnsFailure": "check the name resolution of this host, or --arm-endpoint and --authority",
        "TlsFailure": "if a proxy inspects TLS, give its CA with --ca-bundle (or REQUESTS_CA_BUNDLE)",
        "ProxyFailure": "check HTTPS_PROXY and NO_PROXY",
        "ConnectionFailed": "check network, firewall and HTTPS_PROXY",
        "Timeout": "check network, firewall and HTTPS_PROXY",
    }.get(failure.code)
    if advice is None and failure.status == 401:
        advice = "the token was refused: sign in again, and check --tenant and --cloud"
    if advice is None and failure.status == 403:
        advice = "ask for the role Reader on the subscriptions, or name one that you may read with --subscription"
    if failure.code == "AuthenticationFailed":
        return UnreadableError(f"signing in failed: {_gist(failure.message)}", advice=advice)
    request = f" (request id {failure.request_id})" if failure.request_id else ""
    return UnreadableError(f"Azure could not be read: {failure.code}: {failure.message}{request}", advice=advice)


def _gist(message: str) -> str:
    """What a credential says, without the listing of everything that it tried."""
    text = " ".join(message.split())
    head, mark, tried = text.partition("Attempted credentials:")
    told = tried.partition("To mitigate this issue")[0].strip() if mark else head
    return told if len(told) <= 300 else told[:300].rstrip() + "…"


_SIGN_IN = {
    "default": "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; "
    "choose one kind with --auth",
    "cli": "sign in with `az login` (and --tenant for another tenant)",
    "environment": "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or a certificate)",
    "managed-identity": "run on an Azure host with a managed identity; name a user-assigned one with --client-id",
    "workload-identity": "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
    "token": "get a fresh token into AUMDOCTOR_ACCESS_TOKEN: az account get-access-token --query accessToken -o tsv",
}
