"""What an exception of the SDK means."""

import socket
import ssl

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceResponseTimeoutError,
)

from aumdoctor.azure.failures import of_exception


def caused_by(error: AzureError, cause: BaseException) -> AzureError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ClientAuthenticationError("AADSTS50020: wrong tenant"), "AuthenticationFailed"),
        (ClientAuthenticationError("x: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), "TlsFailure"),
        (ClientAuthenticationError("x: Cannot connect: [Name or service not known]"), "DnsFailure"),
        (caused_by(ServiceRequestError("x"), socket.gaierror(-2, "Name or service not known")), "DnsFailure"),
        (caused_by(ServiceRequestError("x"), ssl.SSLCertVerificationError("self-signed")), "TlsFailure"),
        (ServiceResponseTimeoutError("read timed out"), "Timeout"),
        (ServiceRequestError("connection refused"), "ConnectionFailed"),
    ],
)
def test_each_kind_of_failure_has_a_name_of_its_own(error: AzureError, code: str) -> None:
    assert of_exception(error).code == code


def test_a_long_message_is_cut_and_a_secret_in_it_is_gone() -> None:
    failure = of_exception(ServiceRequestError("client_secret=hunter2 " + "x" * 5000))
    assert "hunter2" not in failure.message
    assert len(failure.message) < 700
