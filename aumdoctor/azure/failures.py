"""What went wrong when Azure was asked, in terms that decide what to do next."""

from __future__ import annotations

import re

from azure.core.exceptions import ClientAuthenticationError
from azure.core.rest import AsyncHttpResponse

from aumdoctor.azure.wire.pages import error_of
from aumdoctor.model.redaction import redact


class ReadFailure(Exception):  # noqa: N818 - a failure is what it is
    """A read that did not succeed.

    `status` is the HTTP status, None where no answer came; `code` Azure's error code or, without an answer, the kind
    of failure: DnsFailure, TlsFailure, ProxyFailure, ConnectionFailed, Timeout, AuthenticationFailed,
    MalformedResponse, ForeignHost, ReadOnly. `action` is the right that is known to be missing.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        action: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self._action = action

    @property
    def is_denied(self) -> bool:
        return self.status in (401, 403) or self._action is not None

    @property
    def missing_permission(self) -> str | None:
        """The action that was missing: by Azure's message ("… to perform action 'X' over scope …"), or by `action`."""
        if self._action is not None:
            return self._action
        found = re.search(r"perform (?:the )?action '([^']+)'", self.message)
        return found.group(1) if self.is_denied and found else None


_BY_STATUS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 429: "TooManyRequests"}


def of_response(response: AsyncHttpResponse, body: bytes) -> ReadFailure:
    """The failure that an HTTP answer of 300 or more tells of."""
    code, message = error_of(body)
    status = response.status_code
    return ReadFailure(
        code or _BY_STATUS.get(status, f"Http{status}"),
        message or f"Azure answered {status} {response.reason or ''}".strip(),
        status=status,
        request_id=response.headers.get("x-ms-request-id") or response.headers.get("x-ms-correlation-request-id"),
    )


def of_exception(error: Exception) -> ReadFailure:
    """The failure behind an exception of the SDK: name resolution, TLS, proxy, connection, time, or the credential."""
    if isinstance(error, ClientAuthenticationError):
        # The credentials wrap whatever went wrong on the way to the authority; the way out is another.
        code = next((code for mark, code in _ON_THE_WAY_TO_SIGN_IN if mark in str(error)), "AuthenticationFailed")
        return ReadFailure(code, _short(error))
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = getattr(cause, "inner_exception", None) or cause.__cause__ or cause.__context__
    names = {name for found in causes for name in (kind.__name__ for kind in type(found).__mro__)}
    for code, marks in _TRANSPORT_FAILURES:
        if names & marks:
            return ReadFailure(code, _short(causes[-1] if code == "TlsFailure" else error))
    return ReadFailure("ConnectionFailed", _short(error))


_ON_THE_WAY_TO_SIGN_IN = (
    ("CERTIFICATE_VERIFY_FAILED", "TlsFailure"),
    ("Name or service not known", "DnsFailure"),
    ("getaddrinfo failed", "DnsFailure"),
)

_TRANSPORT_FAILURES: tuple[tuple[str, frozenset[str]], ...] = (
    ("ProxyFailure", frozenset({"ClientProxyConnectionError", "ClientHttpProxyError", "ProxyError"})),
    ("TlsFailure", frozenset({"SSLError", "SSLCertVerificationError", "ClientConnectorCertificateError"})),
    ("DnsFailure", frozenset({"ClientConnectorDNSError", "gaierror"})),
    ("Timeout", frozenset({"ServiceRequestTimeoutError", "ServiceResponseTimeoutError", "TimeoutError"})),
)


def _short(error: BaseException) -> str:
    text = redact(str(error) or type(error).__name__)
    return text if len(text) <= 600 else text[:600] + "…"
