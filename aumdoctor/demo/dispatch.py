"""From a request to an answer, in the order in which ARM refuses: token, api-version, subscription, right, limit,
registration, lock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aumdoctor.demo import beside, compute, governance, identity, maintenance, operations, resources, run_commands
from aumdoctor.demo.state import COMPUTE, key
from aumdoctor.demo.throttling import Verdict
from aumdoctor.demo.web import Answer, ArmError, Azure, Call, Route

ROUTES: tuple[Route, ...] = (
    *compute.ROUTES,
    *run_commands.ROUTES,
    *resources.ROUTES,
    *maintenance.ROUTES,
    *governance.ROUTES,
    *beside.ROUTES,
)
_GRAPH = "/providers/microsoft.resourcegraph/resources"
_VM = re.compile(f"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{COMPUTE}/[^/]+", re.IGNORECASE)
_LOCKS = re.compile("/providers/Microsoft.Authorization/locks/", re.IGNORECASE)
_NAMESPACE = re.compile(r"/providers/([^/]+)", re.IGNORECASE)


def answer(call: Call, authorization: str | None) -> Answer:
    """Answer a call; every refusal is an answer as well. `authorization` is the header of that name."""
    azure = call.azure
    operations.settle(azure)
    try:
        public = _match(identity.PUBLIC_ROUTES, call)
        if public is not None:
            return public.handler(call)
        _authenticate(azure, call, authorization)
        found = _route(call)
        subscription = _subscription(call)
        verdict = _throttle(azure, call, found, subscription)
        if verdict.retry_after:
            return _too_many(verdict)
        _authorize(azure, call, found, subscription)
        _require_registration(azure, call, found, subscription)
        _respect_locks(call, found)
        result = found.handler(call)
        result.headers = {**verdict.headers, **result.headers}
    except ArmError as error:
        headers = _challenge(call) if error.status == 401 else {}
        return Answer(status=error.status, body=error.body, headers=headers)
    return result


def _match(routes: tuple[Route, ...], call: Call) -> Route | None:
    for candidate in routes:
        if candidate.method == call.method and (parts := candidate.pattern.match(call.path)):
            call.parts = parts.groupdict()
            return candidate
    return None


def _route(call: Call) -> Route:
    if not call.api_version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    found = _match(ROUTES, call)
    if found is not None:
        return found
    if any(candidate.pattern.match(call.path) for candidate in ROUTES):
        raise ArmError(405, "HttpMethodNotAllowed", f"The http method '{call.method}' is not supported here.")
    raise ArmError(404, "InvalidResourceType", f"The demo has nothing at '{call.path}'.")


def _authenticate(azure: Azure, call: Call, authorization: str | None) -> None:
    if not authorization:
        raise ArmError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    scheme, _, token = authorization.partition(" ")
    tenant = azure.tokens.get(token)
    if scheme.lower() != "bearer" or tenant is None:
        raise ArmError(401, "InvalidAuthenticationToken", "The access token is invalid.")
    if tenant.lower() != azure.tenant_id.lower():
        raise ArmError(
            401,
            "InvalidAuthenticationTokenTenant",
            f"The access token is from the wrong issuer 'https://{call.host}/{tenant}/'. It must match the tenant "
            f"'https://{call.host}/{azure.tenant_id}/' associated with this subscription.",
        )


def _challenge(call: Call) -> dict[str, str]:
    authority = f"https://{call.host}/{call.azure.tenant_id}"
    return {"WWW-Authenticate": f'Bearer authorization_uri="{authority}", error="invalid_token"'}


def _subscription(call: Call) -> str | None:
    segments = call.path.split("/")
    if len(segments) < 3 or segments[1].lower() != "subscriptions":
        return None
    if segments[2].lower() not in call.state.subscriptions:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{segments[2]}' could not be found.")
    return segments[2].lower()


def _throttle(azure: Azure, call: Call, found: Route, subscription: str | None) -> Verdict:
    if call.path.lower().rstrip("/") == _GRAPH:
        return azure.throttling.graph()
    return azure.throttling.arm(subscription, call.method, found.compute_policy, _vm_of(call.path))


def _vm_of(path: str) -> str | None:
    """The VM that a request is about; the limits of Microsoft.Compute are for each as well."""
    found = _VM.match(path)
    return found[0].lower() if found else None


def _too_many(verdict: Verdict) -> Answer:
    body = {"error": {"code": "TooManyRequests", "message": "The request is being throttled. Please try again later."}}
    return Answer(429, body, {**verdict.headers, "Retry-After": str(verdict.retry_after)})


def _authorize(azure: Azure, call: Call, found: Route, subscription: str | None) -> None:
    denial = azure.faults.denied(subscription, found.operation) if subscription and found.operation else None
    if denial is not None:
        raise ArmError(
            403,
            denial.code,
            f"The client 'aumdoctor-demo' with object id '{azure.state.principal_id}' does not have authorization to "
            f"perform action '{found.operation}' over scope '{call.path}' or the scope is invalid. If access was "
            "recently granted, please refresh your credentials.",
        )


def _require_registration(azure: Azure, call: Call, found: Route, subscription: str | None) -> None:
    """Writes need a registered provider; reads do as well where a test set the trap."""
    namespaces = _NAMESPACE.findall(call.path)
    is_about_provider = (
        call.path.lower().rsplit("/", 1)[-1] in ("register", "unregister") or len(call.path.strip("/").split("/")) <= 4
    )
    if subscription is None or not namespaces or is_about_provider:
        return
    namespace = namespaces[-1]
    if azure.state.is_registered(subscription, namespace):
        return
    if not _is_read(call, found) or azure.faults.is_trapped(subscription, namespace):
        raise ArmError(
            409,
            "MissingSubscriptionRegistration",
            f"The subscription is not registered to use namespace '{namespace}'. See "
            "https://aka.ms/rps-not-found for how to register subscriptions.",
            details=[
                {
                    "code": "MissingSubscriptionRegistration",
                    "target": namespace,
                    "message": f"The subscription is not registered to use namespace '{namespace}'.",
                }
            ],
        )


def _is_read(call: Call, found: Route) -> bool:
    """Whether a call only reads; some lists of Azure Policy are asked for by POST."""
    return call.method == "GET" or found.operation.endswith("/read")


def _respect_locks(call: Call, found: Route) -> None:
    if _is_read(call, found) or not call.state.locks:
        return
    path = call.path.rstrip("/")
    # An action is a write at the resource that it is done to.
    scope = path.rsplit("/", 1)[0] if call.method == "POST" else path
    locks = [
        locked
        for lock in call.state.locks.values()
        if (call.method == "DELETE" or lock["properties"]["level"] == "ReadOnly")
        and f"{key(scope)}/".startswith(f"{key(locked := _LOCKS.split(lock['id'])[0])}/")
    ]
    if locks:
        verb = "delete" if call.method == "DELETE" else "write"
        raise ArmError(
            409,
            "ScopeLocked",
            f"The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: "
            f"'{','.join(locks)}'. Please remove the lock and try again.",
        )


def standard_headers(request_id: str) -> dict[str, str]:
    """What every answer of ARM carries."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        "x-ms-routing-request-id": f"WESTEUROPE:{stamp}:{request_id}",
    }
