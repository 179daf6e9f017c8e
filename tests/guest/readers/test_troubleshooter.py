import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.guest.artefact import UnreadableError
from aumdoctor.guest.readers.troubleshooter import TROUBLESHOOTER
from aumdoctor.model.guest import SUBJECTS, Damage, Observation, Record, RegistryValue, State
from tests.guest.artefacts import artefact

SAMPLES = Path(__file__).parent.parent / "samples/troubleshooter"


def read(content: bytes | str) -> list[Record]:
    given_artefact = artefact("troubleshooter.txt", content)
    assert TROUBLESHOOTER.recognises(given_artefact)
    return list(TROUBLESHOOTER.read(given_artefact))


def answer(rule: str, result: str, *arguments: str, reason: str = "") -> dict[str, object]:
    return {
        "RuleId": rule,
        "RuleGroupId": "group",
        "CheckResult": result,
        "CheckResultMessageId": f"{rule}.{result}" + (f".{reason}" if reason else ""),
        "CheckResultMessageArguments": list(arguments),
    }


def observed(*answers: dict[str, object]) -> list[tuple[str, State, bool, dict[str, str]]]:
    """Subject, state, weakness and values of each observation."""
    return [
        (each.subject, each.state, each.weak, {name: value for name, value in each.values.items() if name != "rule"})
        for each in read(json.dumps(answers))
        if isinstance(each, Observation)
    ]


WINDOWS = answer("RdAgentServiceCheck", "Passed")
HEALTHY_LINUX = [
    answer("ProxySettingsCheck", "Passed"),
    answer("HttpsConnectionCheck", "Passed"),
]


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
def test_every_sample_is_read_whole(name: str) -> None:
    text = (SAMPLES / name).read_text()
    records = read(text)
    assert not [record for record in records if isinstance(record, Damage)]
    rules = json.loads(text.splitlines()[-1])
    assert len({record.values["rule"] for record in records if isinstance(record, Observation)}) == len(rules)
    assert {record.origin.line for record in records} == {5}
    assert {record.subject for record in records if isinstance(record, Observation)} <= SUBJECTS.keys()


def test_an_inactive_timer_that_passes_proves_nothing() -> None:
    assert observed(answer("AutoAssessmentTimerCheck", "Passed")) == [("auto-assess-timer", State.OK, True, {})]
    assert observed(answer("AutoAssessmentTimerCheck", "Failed")) == [("auto-assess-timer", State.BAD, False, {})]
    assert observed(answer("AutoAssessmentServiceCheck", "Passed")) == [("auto-assess-service", State.OK, False, {})]


def test_sudo_is_never_tested() -> None:
    assert observed(answer("SudoCheck", "Passed")) == [("sudo", State.OK, True, {})]
    assert observed(answer("SudoCheck", "Failed")) == [("sudo", State.UNKNOWN, True, {})]


def test_repositories() -> None:
    failed = "ReposAccessCheck", "Failed"
    assert observed(answer(*failed)) == [("repository", State.BAD, True, {})]
    assert observed(answer(*failed, "rhui4-1.microsoft.com", "esm.ubuntu.com")) == [
        ("repository", State.BAD, False, {"host": "rhui4-1.microsoft.com", "port": "443"}),
        ("repository", State.BAD, False, {"host": "esm.ubuntu.com", "port": "443"}),
    ]
    # Reached on port 80, tried on 443; options taken for a host; a direct connection past a proxy.
    assert observed(answer(*failed, "azure.archive.ubuntu.com"))[0][2]
    assert observed(answer(*failed, "[arch=amd64"))[0][2]
    assert observed(answer("ProxySettingsCheck", "PassedWithWarning"), answer(*failed, "rhui4-1.microsoft.com"))[1][2]


def test_tls_on_linux_is_weak_where_nothing_was_reached() -> None:
    assert observed(answer("TlsVersionCheck", "Failed"), *HEALTHY_LINUX)[0] == ("tls12", State.BAD, False, {})
    assert observed(answer("TlsVersionCheck", "Failed"), answer("HttpsConnectionCheck", "Failed"))[0][2]


def test_https_is_a_tcp_connection_past_a_proxy() -> None:
    proxy = answer("ProxySettingsCheck", "PassedWithWarning")
    assert observed(answer("HttpsConnectionCheck", "Passed", "login.microsoftonline.com")) == [
        ("https", State.OK, True, {"host": "login.microsoftonline.com"})
    ]
    assert observed(answer("HttpsConnectionCheck", "Failed")) == [("https", State.BAD, False, {})]
    assert observed(proxy, answer("HttpsConnectionCheck", "Failed"))[1] == ("https", State.BAD, True, {})


@pytest.mark.parametrize(
    ("reason", "weak"),
    [("ExplicitlyDisabled", False), ("NotExplicitlyEnabled", False), ("NoDefaultSupport", False), ("", True)],
)
def test_tls_on_windows_has_a_reason_or_depends_on_another_rule(reason: str, weak: bool) -> None:
    found = observed(WINDOWS, answer("TlsVersionCheck", "Failed", reason=reason))[1]
    assert found == ("tls12", State.BAD, weak, {"reason": reason} if reason else {})


def test_a_proxy_is_a_warning_that_is_weak_on_windows_and_whose_absence_is_weak_on_linux() -> None:
    warned, passed = answer("ProxySettingsCheck", "PassedWithWarning"), answer("ProxySettingsCheck", "Passed")
    assert observed(warned) == [("proxy", State.WARNING, False, {})]
    assert observed(passed) == [("proxy", State.OK, True, {})]
    assert observed(WINDOWS, warned)[1] == ("proxy", State.WARNING, True, {})
    assert observed(WINDOWS, passed)[1] == ("proxy", State.OK, False, {})
    assert observed(answer("Linux.ProxyCheck", "Failed")) == [("proxy", State.WARNING, False, {})]


def test_an_old_list_of_systems() -> None:
    assert observed(answer("OSSupportedCheck", "Failed"))[0][:3] == ("supported-system", State.BAD, True)
    assert observed(answer("OSSupportedCheck", "Passed"))[0][:3] == ("supported-system", State.OK, False)


def test_the_agent_on_linux_is_looked_for_under_one_name_with_a_wrong_test() -> None:
    for result in ("Passed", "Failed"):
        assert observed(answer("LinuxAzureGuestAgentServiceCheck", result))[0][2]
    assert observed(answer("RdAgentServiceCheck", "Failed")) == [("agent", State.BAD, False, {"service": "RdAgent"})]


def test_endpoints_that_are_named() -> None:
    hosts = ("gbl.his.arc.azure.com", "management.azure.com")
    assert observed(answer("ArcRequiredEndpointsCheck", "Failed", *hosts)) == [
        ("endpoint", State.BAD, False, {"host": host, "port": "443"}) for host in hosts
    ]
    assert observed(answer("WUEndpointConnectivityCheck", "Passed")) == [("update-endpoint", State.OK, False, {})]


@pytest.mark.parametrize(
    ("message", "ports"),
    [
        ("Failed.Port80Failed", ["80"]),
        ("Failed.Port80Failed.Port80FailedPort32526Failed", ["80", "32526"]),
        ("Passed.Port32526Failed", ["32526"]),
    ],
)
def test_ports_of_the_wire_server_also_in_the_ids_that_the_script_gets_wrong(message: str, ports: list[str]) -> None:
    given_answer = answer("WireServerConnectivityCheck", "Failed")
    given_answer["CheckResultMessageId"] = f"WireServerConnectivityCheck.{message}"
    assert [values["port"] for _, _, _, values in observed(given_answer)] == ports


def test_a_wsus_server_is_a_registry_value_too() -> None:
    records = read(json.dumps([answer("WSUSServerConfiguredCheck", "PassedWithWarning", "http://wsus:8530")]))
    assert [type(record) for record in records] == [Observation, RegistryValue]
    assert isinstance(records[1], RegistryValue)
    assert (records[1].name, records[1].value) == ("WUServer", "http://wsus:8530")


def test_the_newer_ids() -> None:
    found = observed(
        answer("Linux.OperatingSystemCheck", "Passed"),
        answer("Linux.ImdsCheck", "Passed"),
        answer("Linux.InternetConnectionCheck", "Failed"),
        answer("Linux.ArcExtension", "Failed"),
        answer("Linux.AzureExtension", "Passed"),
        answer("Linux.AutoAssessment", "Passed"),
        answer("Linux.AutoAssessment", "Failed"),
        answer("Linux.AutoAssessment.timer", "Failed"),
        answer("Linux.AutoAssessment.service", "Passed"),
        answer("Linux.AgentAndServices", "Failed"),
        answer("Linux.himdsd", "Passed"),
        answer("Linux.ReposAccessCheck", "Failed"),
    )
    assert [(subject, state, weak) for subject, state, weak, _ in found] == [
        ("supported-system", State.OK, False),
        ("endpoint", State.OK, True),
        ("https", State.BAD, False),
        ("patch-extension", State.BAD, True),
        ("patch-extension", State.OK, False),
        ("auto-assess-timer", State.OK, True),
        ("auto-assess-service", State.BAD, False),
        ("auto-assess-timer", State.BAD, False),
        ("auto-assess-service", State.OK, False),
        ("agent", State.BAD, False),
        ("agent", State.OK, True),
        ("repository", State.BAD, True),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("indent", [None, 4])
def test_the_full_form_in_every_encoding(encoding: str, indent: int | None) -> None:
    full = answer("DotNetFrameworkInstalledCheck", "Failed", "https://example.com") | {
        "RuleName": ".NET Framework 4.6+ installed",
        "CheckResultMessage": "a {brace} and a [bracket]",
    }
    text = "transcript\r\n" + json.dumps([full, WINDOWS], indent=indent).replace("\n", "\r\n")
    subjects = [record.subject for record in read(text.encode(encoding)) if isinstance(record, Observation)]
    assert subjects == ["dotnet", "agent"]


def test_one_answer_alone_is_whole() -> None:
    (found,) = read(json.dumps(answer("SudoCheck", "Passed")))
    assert isinstance(found, Observation)


def test_a_list_that_is_cut_off_gives_what_is_there_and_is_told() -> None:
    text = (SAMPLES / "azure-all-passed.txt").read_text()
    for cut in (text[:1200], text[700:]):
        damages = [record for record in read(cut) if isinstance(record, Damage)]
        assert "cut off" in damages[0].why
        assert len(read(cut)) > 2


def test_unknown_results_and_rules_are_not_taken_for_good() -> None:
    assert observed(answer("MUEnableCheck", "Information")) == [("microsoft-update", State.UNKNOWN, False, {})]
    records = read(json.dumps([answer("NewCheck", "Passed"), WINDOWS]))
    assert "NewCheck" in next(record.why for record in records if isinstance(record, Damage))


def test_without_root_nothing_was_looked_at() -> None:
    with pytest.raises(UnreadableError, match="not run as root"):
        read("Please run this script as root\n")


def test_what_is_none_is_not_recognised() -> None:
    for text in ("", "[]", '{"RuleName": "x"}', "CheckResult: Passed", '{"message": "{\\"RuleId\\": 1}"}'):
        assert not TROUBLESHOOTER.recognises(artefact("x", text))


@settings(deadline=None)
@given(st.data())
def test_no_change_is_too_odd(data: st.DataObject) -> None:
    sample = bytearray((SAMPLES / "azure-repo-https-failed-proxy.txt").read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(sample) - 1))
        sample[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=10))
    try:
        for record in TROUBLESHOOTER.read(artefact("x", bytes(sample))):
            assert isinstance(record, Record)
    except UnreadableError:
        pass
