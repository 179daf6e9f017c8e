"""Credentials by azure-identity, one kind for each value of `--auth`."""

from __future__ import annotations

import asyncio
import os
import time
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.transport import AioHttpTransport

from aumdoctor.azure.connection import AUTH_KINDS, ConnectionOptions, Endpoints, bundles
from aumdoctor.errors import UsageError

TOKEN_VARIABLE = "AUMDOCTOR_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


class StaticToken:
    """A bearer token that was handed over, for pipelines that get one elsewhere (`az account get-access-token`)."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing is held open."""

    async def __aenter__(self) -> StaticToken:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.close()


class InThread(StaticToken):
    """A credential of azure-identity that has no asynchronous form (browser, device code), asked in a thread."""

    def __init__(self, credential: TokenCredential) -> None:
        super().__init__("")
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return await asyncio.to_thread(self._credential.get_token, *scopes, **options)


def credential(options: ConnectionOptions, ends: Endpoints, transport: AioHttpTransport) -> AsyncTokenCredential:
    """The credential that `options.auth` names; it speaks through `transport`, which it does not close.

    Raises UsageError for an unknown kind, and for `token` without AUMDOCTOR_ACCESS_TOKEN. Whether a credential works
    shows only when the first token is asked for.
    """
    if options.auth == "token":
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise UsageError(
                f"--auth token needs a bearer token in {TOKEN_VARIABLE}",
                advice=f'export {TOKEN_VARIABLE}="$(az account get-access-token --query accessToken -o tsv)"',
            )
        return StaticToken(token)
    if options.auth not in AUTH_KINDS:
        raise UsageError(f"there is no credential kind {options.auth!r}", advice=f"use one of: {', '.join(AUTH_KINDS)}")
    try:
        return _from_azure_identity(options, ends, transport)
    except ValueError as error:
        raise UsageError(f"--auth {options.auth} cannot be set up: {error}") from error


def _from_azure_identity(
    options: ConnectionOptions, ends: Endpoints, transport: AioHttpTransport
) -> AsyncTokenCredential:
    from azure import identity
    from azure.identity import aio

    # azure-identity would check an authority that is not Microsoft's against Microsoft's own directory.
    authority: dict[str, Any] = {"authority": ends.authority}
    if options.authority:
        authority["disable_instance_discovery"] = True
    web: dict[str, Any] = authority | {"transport": transport}
    tenant = {"tenant_id": options.tenant} if options.tenant else {}
    client = {"client_id": options.client_id} if options.client_id else {}
    match options.auth:
        case "cli":
            return aio.AzureCliCredential(tenant_id=options.tenant or "")
        case "managed-identity":
            return aio.ManagedIdentityCredential(client_id=options.client_id, transport=transport)
        case "workload-identity":
            return aio.WorkloadIdentityCredential(**web, **tenant, **client)
        case "environment":
            return aio.EnvironmentCredential(**web)
        case "interactive" | "device-code":
            trusted: str | bool = next(iter(bundles(options)), True)
            known: dict[str, Any] = authority | tenant | client | {"connection_verify": trusted}
            if options.auth == "interactive":
                return InThread(identity.InteractiveBrowserCredential(**known))
            return InThread(identity.DeviceCodeCredential(**known))
        case _:
            chosen: dict[str, Any] = {}
            if options.client_id:
                chosen["managed_identity_client_id"] = options.client_id
                chosen["workload_identity_client_id"] = options.client_id
            if options.tenant:
                chosen["workload_identity_tenant_id"] = options.tenant
                chosen["additionally_allowed_tenants"] = [options.tenant]
            return aio.DefaultAzureCredential(authority=ends.authority, transport=transport, **chosen)
