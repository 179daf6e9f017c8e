"""Clouds, endpoints, trust and credentials."""

from pathlib import Path

import pytest

from aumdoctor.azure.connection import ConnectionOptions, endpoints, trust
from aumdoctor.azure.credentials import StaticToken, credential
from aumdoctor.errors import UsageError


def test_each_cloud_has_its_own_host_and_token_scope() -> None:
    assert endpoints(ConnectionOptions()).arm == "https://management.azure.com"
    government = endpoints(ConnectionOptions(cloud="usgov"))
    assert government.authority == "login.microsoftonline.us"
    assert government.scope == "https://management.core.usgovcloudapi.net/.default"
    assert endpoints(ConnectionOptions(cloud="china")).arm == "https://management.chinacloudapi.cn"


def test_a_custom_cloud_asks_for_tokens_of_its_own_endpoint() -> None:
    options = ConnectionOptions(
        cloud="custom", arm_endpoint="https://arm.local:8443/", authority="https://login.local/"
    )
    found = endpoints(options)
    assert (found.arm, found.authority, found.scope) == (
        "https://arm.local:8443",
        "login.local",
        "https://arm.local:8443/.default",
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (ConnectionOptions(cloud="mars"), "mars"),
        (ConnectionOptions(cloud="custom"), "--arm-endpoint"),
        (ConnectionOptions(arm_endpoint="http://arm.local"), "https only"),
        (ConnectionOptions(arm_endpoint="arm.local"), "https only"),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused_with_the_reason(options: ConnectionOptions, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        endpoints(options)


def test_the_ca_bundle_of_the_option_goes_before_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given, usual = tmp_path / "given.pem", tmp_path / "usual.pem"
    given.touch()
    usual.touch()
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    assert trust(ConnectionOptions()) is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(usual))
    assert trust(ConnectionOptions()) == str(usual)
    assert trust(ConnectionOptions(ca_bundle=str(given))) == str(given)
    with pytest.raises(UsageError, match="cannot be read"):
        trust(ConnectionOptions(ca_bundle=str(tmp_path / "none.pem")))


async def test_every_kind_of_credential_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("t")
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", "t")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token_file))
    for auth in ("cli", "managed-identity", "workload-identity", "environment", "interactive", "device-code", "token"):
        options = ConnectionOptions(auth=auth, tenant="contoso.example", client_id="c")
        found = credential(options, endpoints(options))
        assert hasattr(found, "get_token"), auth
        await found.close()


async def test_a_token_of_the_environment_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", " abc \n")
    options = ConnectionOptions(auth="token")
    found = credential(options, endpoints(options))
    assert isinstance(found, StaticToken)
    assert (await found.get_token("x")).token == "abc"


def test_a_missing_token_and_an_unknown_kind_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUMDOCTOR_ACCESS_TOKEN", raising=False)
    for auth in ("token", "magic"):
        with pytest.raises(UsageError) as caught:
            credential(ConnectionOptions(auth=auth), endpoints(ConnectionOptions()))
        assert caught.value.advice
