"""Secrets in Azure's texts."""

import pytest

from aumdoctor.model.redaction import redact


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://a.blob.core.windows.net/c/b?sp=r&sig=Zm9vYmFy%3D&se=2026", "Zm9vYmFy"),
        ("password=hunter2 and more", "hunter2"),
        ("Password: 'hunter2'", "hunter2"),
        ("DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abcd1234==;EndpointSuffix=y", "abcd1234"),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("token eyJhbGciOiJ.eyJzdWIiOi.c2lnbmF0dXJl was refused", "eyJhbGciOiJ"),
        ("proxy http://joe:hunter2@proxy.corp:8080 refused", "hunter2"),
    ],
)
def test_a_secret_is_taken_out(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Exception from HRESULT: 0x8024402C",
        "The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/read'",
        "E: Failed to fetch http://azure.archive.ubuntu.com/ubuntu/dists/jammy/InRelease",
        "ssh user@host: connection refused",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text
