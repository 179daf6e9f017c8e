import pytest

from aumdoctor.guest.issues.network import https_connectivity_failed, proxy_configured, tls12_disabled
from aumdoctor.model.guest import OperatingSystem, Origin, State
from tests.guest.issues.updating_records import (
    WINDOWS,
    after,
    assessed,
    likelihood,
    of_windows,
    ok,
    proxy,
    saw,
    sign,
    states,
    told,
    value,
)

TLS = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2"


def test_a_proxy_that_is_set_is_possible_in_whatever_place() -> None:
    verdict = told(proxy_configured, proxy("http://p:3128", "/etc/apt/apt.conf.d/95proxy"))
    assert verdict.likelihood == "possible"
    assert "95proxy" in verdict.said
    assert any("/etc/environment" in each.command for each in verdict.missing)


@pytest.mark.parametrize(
    "blocked",
    [
        sign("proxy-failed"),
        sign("proxy-authentication-required"),
        sign("apt-fetch-failed", reason="refused", proxy="yes", peer="10.0.0.4:3128"),
        sign("yum-fetch-failed", reason="proxy-auth"),
        saw("https", code="97"),
        saw("https", code="5"),
    ],
)
def test_it_is_confirmed_where_something_says_that_the_proxy_does_not_let_it_through(blocked) -> None:
    verdict = told(proxy_configured, proxy("http://p:3128", "environment"), blocked)
    assert verdict.likelihood == "confirmed"
    assert "does not let updates through" in verdict.said


@pytest.mark.parametrize(
    "not_blocked",
    [
        sign("apt-fetch-failed", reason="refused", proxy="no"),
        saw("https", code="7"),
        sign("apt-fetch-failed", reason="dns"),
    ],
)
def test_other_failures_are_not_the_proxy_s(not_blocked) -> None:
    assert likelihood(proxy_configured, proxy("http://p:3128", "environment"), not_blocked) == "possible"
    assert likelihood(proxy_configured, not_blocked) is None


def test_on_windows_an_assessment_after_it_shows_that_it_passes() -> None:
    blocked = sign("proxy-failed")
    good = assessed(at=after(60), sequence=6, extension=WINDOWS)
    assert likelihood(proxy_configured, of_windows(), blocked, good) == "ruled-out"


def test_on_linux_an_assessment_that_found_nothing_shows_nothing() -> None:
    empty = assessed(at=after(60), sequence=6, criticalAndSecurityPatchCount=0, otherPatchCount=0)
    assert likelihood(proxy_configured, sign("proxy-failed"), empty) == "confirmed"
    assert likelihood(proxy_configured, sign("proxy-failed"), assessed(at=after(60), sequence=6)) == "ruled-out"


def test_a_direct_connection_is_no_proxy() -> None:
    assert likelihood(proxy_configured, proxy("")) is None
    assert likelihood(proxy_configured, ok("proxy")) is None


def test_places_that_disagree_are_told() -> None:
    verdict = told(proxy_configured, proxy("http://old:3128", "apt"), proxy("http://new:3128", "environment"))
    assert states(verdict) == {"places disagree": "likely"}


@pytest.mark.parametrize(
    ("name", "content", "side", "expected"),
    [
        ("Enabled", 0, "Client", "confirmed"),
        ("DisabledByDefault", 1, "Client", "confirmed"),
        ("Enabled", 1, "Client", None),
        ("DisabledByDefault", 0, "Client", None),
        ("Enabled", 0, "Server", "possible"),
    ],
)
def test_tls_in_the_registry(name: str, content: int, side: str, expected) -> None:
    assert likelihood(tls12_disabled, value(name, content, f"{TLS}\\{side}")) == expected


def test_an_older_protocol_that_is_off_is_as_it_should_be() -> None:
    assert likelihood(tls12_disabled, value("Enabled", 0, TLS.replace("1.2", "1.0") + r"\Client")) is None


def test_a_system_that_has_tls_12_off_by_itself() -> None:
    old = OperatingSystem(origin=Origin("x"), family="windows", build=7601, text="Windows Server 2008 R2")
    new = OperatingSystem(origin=Origin("x"), family="windows", build=14393, text="Windows Server 2016")
    assert likelihood(tls12_disabled, old) == "possible"
    assert likelihood(tls12_disabled, new) is None
    assert likelihood(tls12_disabled, old, value("Enabled", 1, TLS + r"\Client")) is None


def test_a_connection_that_fails_otherwise_is_not_a_tls_failure() -> None:
    assert likelihood(tls12_disabled, saw("tls12", code="35")) == "confirmed"
    assert likelihood(tls12_disabled, saw("tls12", code="6")) == "possible"
    assert likelihood(tls12_disabled, saw("tls12", weak=True)) == "possible"
    verdict = told(tls12_disabled, saw("tls12", weak=True), saw("https", code="28"))
    assert states(verdict)["no connection at all"] == "likely"


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("6", "name resolution"),
        ("7", "refused"),
        ("28", "no answer"),
        ("35", "TLS"),
        ("60", "certificate"),
        ("97", "proxy"),
    ],
)
def test_https_fails_in_ways_that_curl_tells_apart(code: str, way: str) -> None:
    verdict = told(https_connectivity_failed, saw("https", host="login.microsoftonline.com", code=code))
    assert (verdict.likelihood, states(verdict)) == ("confirmed", {way: "confirmed"})
    assert "login.microsoftonline.com" in verdict.said


def test_one_endpoint_that_is_reached_says_nothing_of_another() -> None:
    records = (saw("endpoint", host="gbl.his.arc.azure.com"), ok("https", host="login.microsoftonline.com"))
    assert likelihood(https_connectivity_failed, *records) == "confirmed"
    same = (saw("https", host="a", at=after(0)), ok("https", host="a", at=after(5)))
    assert likelihood(https_connectivity_failed, *same) == "ruled-out"


def test_a_test_past_the_proxy_only_hints() -> None:
    assert likelihood(https_connectivity_failed, saw("https", weak=True)) == "possible"
    assert likelihood(https_connectivity_failed, ok("https")) is None
    assert likelihood(https_connectivity_failed, saw("https", State.UNKNOWN)) is None
