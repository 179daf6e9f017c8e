"""The real azure-identity against a real token endpoint."""

from pathlib import Path

import pytest

from aumdoctor.errors import UnreadableError
from tests.scenarios.conftest import Serve


@pytest.fixture(autouse=True)
def no_other_credential(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("auth", ["environment", "default"])
def test_a_service_principal_signs_in_at_the_authority(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    doctor = serve(machines=10)
    monkeypatch.setenv("AZURE_TENANT_ID", doctor.server.tenant_id)
    monkeypatch.setenv("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "s3cret-of-the-demo")
    authority = doctor.server.endpoint.removeprefix("https://")

    estate = doctor.collect(auth=auth, cloud="custom", authority=authority)

    assert len(estate.machines) == 10
    assert any("/oauth2/v2.0/token" in request.path for request in doctor.server.requests)


def test_without_any_credential_the_message_says_how_to_sign_in(serve: Serve) -> None:
    doctor = serve(machines=5)
    authority = doctor.server.endpoint.removeprefix("https://")
    for auth in ("environment", "cli"):
        with pytest.raises(UnreadableError) as caught:
            doctor.collect(auth=auth, cloud="custom", authority=authority)
        assert caught.value.advice
        assert caught.value.message.startswith("signing in failed: ")
