"""The demo's Microsoft Entra ID: as much of it as azure-identity asks for with client credentials."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from aumdoctor.demo.state import Wire
from aumdoctor.demo.web import Answer, ArmError, Call, Route, route

LIFETIME_SECONDS = 3600


def openid_configuration(call: Call) -> Answer:
    """Where tokens of a tenant are issued."""
    tenant = call.parts["tenant"]
    base = f"https://{call.host}/{tenant}"
    return Answer(
        body={
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


def discover_instance(call: Call) -> Answer:
    """Which hosts are one and the same authority: this one alone."""
    tenant = (call.query.get("authorization_endpoint") or "/common").rstrip("/").split("/")[3:4] or ["common"]
    host = call.host
    return Answer(
        body={
            "tenant_discovery_endpoint": f"https://{host}/{tenant[0]}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


def issue_token(call: Call) -> Answer:
    """A token for any client id with any secret but an empty one. A token of another tenant is issued and not
    accepted by ARM, which is what a wrong tenant looks like."""
    form = {name: values[0] for name, values in parse_qs(call.body.decode(errors="replace")).items()}
    if form.get("grant_type") != "client_credentials":
        raise _refused("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
    if not form.get("client_id") or not (form.get("client_secret") or form.get("client_assertion")):
        raise _refused("invalid_client", "AADSTS7000216: 'client_assertion' or 'client_secret' is required.")
    token = secrets.token_urlsafe(32)
    call.azure.tokens[token] = call.parts["tenant"]
    body: Wire = {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": token,
    }
    return Answer(body=body)


def _refused(code: str, description: str) -> ArmError:
    error = ArmError(400, code, description)
    error.body = {"error": code, "error_description": description, "error_codes": []}
    return error


def cloud_metadata(call: Call) -> Answer:
    """The endpoints of this cloud, as `az cloud register` and SDKs read them."""
    base = f"https://{call.host}"
    return Answer(
        body={
            "name": "AumDoctorDemo",
            "resourceManager": base,
            "authentication": {
                "loginEndpoint": base,
                "audiences": [base, "https://management.azure.com/"],
                "tenant": call.azure.tenant_id,
                "identityProvider": "AAD",
            },
        }
    )


PUBLIC_ROUTES: tuple[Route, ...] = (
    route("GET", "/common/discovery/instance", "", discover_instance),
    route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", "", openid_configuration),
    route("POST", "/{tenant}/oauth2/v2.0/token", "", issue_token),
    route("GET", "/metadata/endpoints", "", cloud_metadata),
)
"""Answered without a token and without an api-version."""
