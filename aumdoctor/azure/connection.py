"""How to reach Azure: cloud, endpoint, authority, credential kind, trust, limits."""

from __future__ import annotations

import os
import ssl
import urllib.request
from urllib.parse import urlsplit

import msgspec

from aumdoctor.errors import UsageError

AUTH_KINDS = (
    "default",
    "cli",
    "managed-identity",
    "workload-identity",
    "environment",
    "interactive",
    "device-code",
    "token",
)
CLOUDS = ("public", "usgov", "china", "custom")


class ConnectionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user chose. `timeout` is the deadline of a whole collection in seconds, `concurrency` the number of
    requests under way at once; `auth` is one of AUTH_KINDS, `cloud` one of CLOUDS."""

    auth: str = "default"
    tenant: str | None = None
    client_id: str | None = None
    cloud: str = "public"
    arm_endpoint: str | None = None
    authority: str | None = None
    ca_bundle: str | None = None
    timeout: float | None = None
    concurrency: int = 32


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests go: `arm` without a trailing slash, `authority` a host name, `scope` what tokens are asked for."""

    arm: str
    authority: str
    scope: str


_KNOWN = {
    # azure.mgmt.core.tools.get_arm_endpoints and azure.identity.AzureAuthorityHosts. US Government's token scope is
    # not its ARM host.
    "public": Endpoints(
        arm="https://management.azure.com",
        authority="login.microsoftonline.com",
        scope="https://management.azure.com/.default",
    ),
    "usgov": Endpoints(
        arm="https://management.usgovcloudapi.net",
        authority="login.microsoftonline.us",
        scope="https://management.core.usgovcloudapi.net/.default",
    ),
    "china": Endpoints(
        arm="https://management.chinacloudapi.cn",
        authority="login.chinacloudapi.cn",
        scope="https://management.chinacloudapi.cn/.default",
    ),
}


def endpoints(options: ConnectionOptions) -> Endpoints:
    """The endpoints of a cloud, with `arm_endpoint` and `authority` in place of its own where given.

    A custom endpoint of the public cloud keeps the public scope only where the cloud was named; `custom` asks for
    tokens of its own endpoint. Raises UsageError for an unknown cloud or an endpoint that is not https.
    """
    if options.cloud not in CLOUDS:
        raise UsageError(f"there is no cloud {options.cloud!r}", advice=f"use one of: {', '.join(CLOUDS)}")
    arm = options.arm_endpoint.rstrip("/") if options.arm_endpoint else None
    if arm is not None and (urlsplit(arm).scheme != "https" or not urlsplit(arm).hostname):
        raise UsageError(
            f"{arm!r} cannot be used as ARM endpoint: tokens are sent over https only",
            advice="give it as https://HOST[:PORT]",
        )
    authority = options.authority.removeprefix("https://").rstrip("/") if options.authority else None
    known = _KNOWN.get(options.cloud)
    if known is None:
        if arm is None or authority is None:
            raise UsageError(
                "--cloud custom needs --arm-endpoint and --authority",
                advice="or name one of the known clouds: public, usgov, china",
            )
        return Endpoints(arm=arm, authority=authority, scope=f"{arm}/.default")
    return Endpoints(arm=arm or known.arm, authority=authority or known.authority, scope=known.scope)


def bundles(options: ConnectionOptions) -> list[str]:
    """The files of further CA certificates: of `ca_bundle`, and of the variables that `az` and curl obey."""
    named = (options.ca_bundle, os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("CURL_CA_BUNDLE"))
    return list(dict.fromkeys(bundle for bundle in named if bundle))


def proxy_for(url: str) -> str | None:
    """The proxy for a request by HTTPS_PROXY, HTTP_PROXY and NO_PROXY (on Windows and macOS the system's as well), with
    the credentials that stand in it; None for a direct way."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def tls_context(options: ConnectionOptions) -> ssl.SSLContext:
    """What TLS certificates are verified against: the system's store (or SSL_CERT_FILE and SSL_CERT_DIR), and beside
    it every one of `bundles`. Raises UsageError where a bundle cannot be read or holds no certificate."""
    context = ssl.create_default_context()
    for bundle in bundles(options):
        try:
            context.load_verify_locations(cafile=bundle)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"the CA bundle {bundle!r} cannot be read: {error.strerror or error}",
                advice="give a PEM file with --ca-bundle, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
            ) from error
    return context
