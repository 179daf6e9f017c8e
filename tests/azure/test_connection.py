"""Clouds, endpoints, trust and credentials."""

import sys
from pathlib import Path

import pytest

from aumdoctor.azure.connection import ConnectionOptions, endpoints, proxy_for, tls_context
from aumdoctor.azure.credentials import StaticToken, credential
from aumdoctor.azure.session import http_session, transport
from aumdoctor.demo.certificate import write_certificate
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


def authority(folder: Path, name: str) -> tuple[Path, str]:
    """A CA certificate of its own, and its subject."""
    own = folder / name
    own.mkdir()
    certificate, _ = write_certificate(own)
    return certificate, name


def trusted(options: ConnectionOptions) -> set[bytes]:
    return set(tls_context(options).get_ca_certs(binary_form=True))


def test_every_named_ca_is_trusted_beside_the_systems_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    system = trusted(ConnectionOptions())
    found = []
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        certificate, _ = authority(tmp_path, variable)
        monkeypatch.setenv(variable, str(certificate))
        found.append(len(trusted(ConnectionOptions())))
    given, _ = authority(tmp_path, "given")
    with_option = trusted(ConnectionOptions(ca_bundle=str(given)))
    assert found[1] == len(system) + 2
    assert len(with_option) >= 4, "SSL_CERT_FILE takes the place of the system's own file"
    assert len(with_option - system) == 4


def test_a_bundle_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")
    for bundle in (tmp_path / "none.pem", rubbish):
        with pytest.raises(UsageError, match="cannot be read"):
            tls_context(ConnectionOptions(ca_bundle=str(bundle)))


async def test_every_kind_of_credential_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("t")
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", "t")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token_file))
    for auth in ("cli", "managed-identity", "workload-identity", "environment", "interactive", "device-code", "token"):
        options = ConnectionOptions(auth=auth, tenant="contoso.example", client_id="c")
        async with http_session(options) as http:
            found = credential(options, endpoints(options), transport(http))
            assert hasattr(found, "get_token"), auth
            await found.close()


async def test_a_token_of_the_environment_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUMDOCTOR_ACCESS_TOKEN", " abc \n")
    options = ConnectionOptions(auth="token")
    async with http_session(options) as http:
        found = credential(options, endpoints(options), transport(http))
        assert isinstance(found, StaticToken)
        assert (await found.get_token("x")).token == "abc"


async def test_a_missing_token_and_an_unknown_kind_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUMDOCTOR_ACCESS_TOKEN", raising=False)
    async with http_session(ConnectionOptions()) as http:
        for auth in ("token", "magic"):
            with pytest.raises(UsageError) as caught:
                credential(ConnectionOptions(auth=auth), endpoints(ConnectionOptions()), transport(http))
            assert caught.value.advice


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://management.azure.com/x", None),
        ({"https_proxy": "http://p:3128"}, "https://management.azure.com/x", "http://p:3128"),
        ({"HTTPS_PROXY": "http://me:pw@p:3128"}, "https://management.azure.com/x", "http://me:pw@p:3128"),
        ({"HTTPS_PROXY": "p:3128"}, "https://management.azure.com/x", "http://p:3128"),
        ({"HTTP_PROXY": "http://p:3128"}, "https://management.azure.com/x", None),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": ".azure.com"}, "https://management.azure.com/x", None),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "azure.com"}, "https://login.example.com/x", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "127.0.0.1"}, "https://127.0.0.1:8443/x", None),
        ({"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "*"}, "https://management.azure.com/x", None),
    ],
)
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the system's settings count there as well")
def test_the_proxy_of_the_environment_is_taken_where_it_is_for_the_host(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy
