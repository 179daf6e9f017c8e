import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aumdoctor.guest.readers.probe import PROBE
from aumdoctor.model.guest import (
    SUBJECTS,
    Damage,
    Event,
    LogSign,
    Observation,
    OperatingSystem,
    PatchStatus,
    Proxy,
    Record,
    RegistryValue,
    Service,
    State,
    UpdateEvent,
)
from tests.guest.artefacts import artefact

SAMPLES = Path(__file__).parent.parent / "samples/runcommand"
LINUX = sorted(path.name for path in SAMPLES.glob("*.jsonl"))


def read(content: bytes | str) -> list[Record]:
    given_artefact = artefact("probe.jsonl", content)
    assert PROBE.recognises(given_artefact)
    return list(PROBE.read(given_artefact))


def sample(name: str) -> list[Record]:
    return read((SAMPLES / f"probe-linux-{name}.jsonl").read_bytes())


def check(name: str, state: str = "ok", /, **data: object) -> list[Record]:
    """What one check gives, the probe being whole otherwise."""
    lines = [{"c": name, "s": state, "d": data}, {"c": "end", "n": "1"}]
    return read("\n".join(json.dumps(line) for line in lines) + "\n")


def states(records: list[Record]) -> dict[str, State]:
    return {record.subject: record.state for record in records if isinstance(record, Observation)}


def damages(records: list[Record]) -> list[str]:
    return [record.why for record in records if isinstance(record, Damage)]


@pytest.mark.parametrize("name", LINUX)
def test_every_sample_is_read_whole(name: str) -> None:
    records = read((SAMPLES / name).read_bytes())
    assert not damages(records)
    assert states(records).keys() <= SUBJECTS.keys()
    assert {record.origin.line for record in records} == set(range(1, 14))


def test_a_healthy_linux_machine() -> None:
    records = sample("healthy")
    assert set(states(records).values()) == {State.OK}
    assert len(states(records)) == 16
    system = next(record for record in records if isinstance(record, OperatingSystem))
    assert (system.family, system.distribution, system.version) == ("linux", "ubuntu", "22.04")
    status = next(record for record in records if isinstance(record, PatchStatus))
    assert status.sequence == 1
    assert [(each.name, each.status) for each in status.summaries] == [
        ("PatchAssessmentSummary", "success"),
        ("ConfigurePatchingSummary", "success"),
    ]
    services = {record.name: record.state or record.start for record in records if isinstance(record, Service)}
    assert services == {
        "walinuxagent.service": "active",
        "MsftLinuxPatchAutoAssess.timer": "active",
        "MsftLinuxPatchAutoAssess.service": "enabled",
    }


def test_sudo_that_wants_a_terminal() -> None:
    found = states(sample("sudo-failed"))
    assert (found["sudo"], found["requiretty"]) == (State.BAD, State.BAD)


def test_proxies_are_named_with_their_place_and_without_credentials() -> None:
    records = sample("proxy-timer-inactive")
    assert [(each.where, each.address) for each in records if isinstance(each, Proxy)] == [
        ("environment", "http://proxy.contoso.local:3128"),
        ("apt", "http://proxy.contoso.local:3128"),
    ]
    found = states(records)
    assert (found["proxy"], found["https"], found["tls12"]) == (State.WARNING, State.BAD, State.UNKNOWN)
    assert (found["auto-assess-timer"], found["auto-assess-service"]) == (State.BAD, State.BAD)
    repository = next(each for each in records if isinstance(each, Observation) and each.subject == "repository")
    assert (repository.values["host"], repository.values["port"]) == ("packages.microsoft.com", "443")
    assert repository.weak


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("HTTPS_PROXY=http://p:8080;", [("environment", "http://p:8080", "")]),
        ("no_proxy=169.254.169.254;https_proxy=http://p;", [("environment", "http://p", "169.254.169.254")]),
        ("proxy=http://p:3128;", [("package manager", "http://p:3128", "")]),
        ("proxy = http://p:3128", [("package manager", "http://p:3128", "")]),
        ("proxy=_none_;", []),
        ('PROXY_ENABLED="no";HTTP_PROXY="";', []),
        ("HttpProxy.Host=p;HttpProxy.Port=3128;", [("waagent.conf", "p:3128", "")]),
        ('Acquire::https::Proxy "DIRECT";', []),
        ("no_proxy=localhost;", []),
    ],
)
def test_proxy_settings(setting: str, expected: list[tuple[str, str, str]]) -> None:
    found = [record for record in check("proxy", "warn", set=setting) if isinstance(record, Proxy)]
    assert [(each.where, each.address, each.bypass) for each in found] == expected


def test_a_timer_word_is_compared_whole() -> None:
    def timer(word: str, state: str = "fail") -> State:
        return states(check("autoassess", state, unit="X", timer=word, service="enabled"))["auto-assess-timer"]

    assert [timer("active"), timer("inactive"), timer("failed"), timer("reactivex")] == [
        State.OK,
        State.BAD,
        State.BAD,
        State.UNKNOWN,
    ]
    assert timer("active", "unknown") == State.UNKNOWN


def test_a_unit_that_is_not_there() -> None:
    records = check(
        "autoassess", "fail", unit="X", timer="inactive", service="Failed to get unit file state: No such file"
    )
    assert states(records)["auto-assess-service"] == State.BAD
    assert [each.exists for each in records if isinstance(each, Service)] == [True, False]


def test_a_machine_without_systemd() -> None:
    found = states(sample("genuine-here"))
    assert (found["systemd"], found["auto-assess-timer"]) == (State.BAD, State.UNKNOWN)
    assert (found["agent"], found["patch-extension"]) == (State.UNKNOWN, State.BAD)


def test_extensions_switched_off_in_the_agent() -> None:
    assert states(check("agent", unit="waagent", extEnabled="n"))["extension-operations"] == State.BAD
    assert "extension-operations" not in states(check("agent", unit="waagent", extEnabled=""))


def test_disks() -> None:
    records = check("disk", "fail", free="/=9000M /boot=20M /var=9000M ")
    found = {each.values["path"]: each.state for each in records if isinstance(each, Observation)}
    assert found == {"/": State.OK, "/boot": State.BAD, "/var": State.OK}
    (windows,) = check("disk", "warn", freeMB=4096)
    assert isinstance(windows, Observation)
    assert (windows.state, windows.values) == (State.WARNING, {"path": "C:", "free_mb": "4096"})


def test_repositories_that_were_not_found_are_unknown() -> None:
    assert states(check("repos", "unknown", pm="apt", total="0", ok="0", bad=""))["repository"] == State.UNKNOWN


def test_package_state() -> None:
    assert states(check("locks", "warn", audit="half-configured"))["package-state"] == State.BAD
    assert states(check("locks", "warn", audit=""))["package-locks"] == State.WARNING


# -- Windows -----------------------------------------------------------------------------------------------------------


def registry(records: list[Record]) -> dict[str, object]:
    return {each.name: each.value if each.exists else None for each in records if isinstance(each, RegistryValue)}


def test_a_windows_system_and_its_services() -> None:
    (system,) = check("os", build="20348", ubr=2340, name="Windows Server 2022 Datacenter")
    assert isinstance(system, OperatingSystem)
    assert (system.family, system.build, system.ubr) == ("windows", 20348, 2340)
    records = check("agent", "ok", WindowsAzureGuestAgent="Running/Auto", wuauserv="Stopped/Disabled")
    assert [(each.name, each.state, each.start) for each in records if isinstance(each, Service)] == [
        ("WindowsAzureGuestAgent", "running", "automatic"),
        ("wuauserv", "stopped", "disabled"),
    ]
    assert states(records)["update-service"] == State.BAD


def test_windows_update_policies_with_those_that_are_not_set() -> None:
    records = check("wupolicy", "fail", WUServer="http://a:8530", WUStatusServer="http://b:8530", UseWUServer="1")
    assert registry(records) == {
        "WUServer": "http://a:8530",
        "WUStatusServer": "http://b:8530",
        "UseWUServer": 1,
        "DisableWindowsUpdateAccess": None,
        "DoNotConnectToWindowsUpdateInternetLocations": None,
        "NoAutoUpdate": None,
        "AUOptions": None,
        "AlwaysAutoRebootAtScheduledTime": None,
    }
    keys = {each.name: each.key for each in records if isinstance(each, RegistryValue)}
    assert keys["UseWUServer"].endswith(r"\WindowsUpdate\AU")
    assert states(records) == {"update-access": State.OK, "wsus": State.BAD}
    assert states(check("wupolicy", "fail", DisableWindowsUpdateAccess="1"))["update-access"] == State.BAD
    assert states(check("wupolicy", "ok"))["wsus"] == State.OK


def test_policies_that_could_not_be_looked_at_are_unknown() -> None:
    records = check("wupolicy", "unknown")
    assert states(records) == {"update-access": State.UNKNOWN}
    assert not registry(records)


def test_a_wsus_server_that_is_set_is_good_only_where_it_answers() -> None:
    both = {"WUServer": "http://a:8530", "WUStatusServer": "http://a:8530", "UseWUServer": "1"}
    assert "wsus" not in states(check("wupolicy", "warn", **both))
    assert states(check("wsus", "fail", host="a", port=8530))["wsus"] == State.BAD


def test_tls_values_of_the_registry() -> None:
    records = check("tls12", "fail", cEn=0, cDis=None, ser=2)
    assert registry(records) == {"Enabled": 0, "DisabledByDefault": None, "SendExtraRecord": 2}
    assert states(records) == {"tls12": State.BAD}


def test_https_of_windows_by_host() -> None:
    hosts = {"login.microsoftonline.com": "open", "download.windowsupdate.com": "fail"}
    assert states(check("https", "fail", **hosts)) == {"https": State.OK, "update-endpoint": State.BAD}
    assert states(check("https", "warn", **hosts))["update-endpoint"] == State.WARNING


@pytest.mark.parametrize("rows", [["2026-11-20T03:10|Azure VM Guest Patching|4|0x80240022|KB5035857"], "one"])
def test_the_history_of_updates(rows: object) -> None:
    row = "2026-11-20T03:10|Azure VM Guest Patching|4|0x80240022|KB5035857"
    (found,) = check("wuhistory", "ok", last=row if rows == "one" else rows)
    assert isinstance(found, UpdateEvent)
    assert (found.caller, found.code, found.result) == ("Azure VM Guest Patching", 182, "Failure")
    assert (found.hresult, found.title, found.at) == (0x80240022, "KB5035857", datetime(2026, 11, 20, 3, 10))


def test_events_get_their_names_and_providers() -> None:
    values = ("winlogon.exe (TS01)", "TS01", "other", "0x500ff", "power off", "", "NT AUTHORITY\\SYSTEM")
    row = "|".join(("2026-11-20T03:10:00Z", "1074", *values))
    (found,) = check("events", last=[row], of="1")
    assert isinstance(found, Event)
    assert (found.provider, found.event_id, found.at) == ("User32", 1074, datetime(2026, 11, 20, 3, 10, tzinfo=UTC))
    assert (found.data["param4"], found.data["param7"]) == ("0x500ff", "NT AUTHORITY\\SYSTEM")
    (other,) = check("events", last="2026-11-20T03:10:00Z|EventLog|6008|03:00|2026/11/20", of="1")
    assert isinstance(other, Event)
    assert other.provider == "EventLog"


@pytest.mark.parametrize(
    ("of", "is_cut"), [({"of": "2"}, False), ({"of": "9"}, True), ({"of": "60+"}, True), ({}, True)]
)
def test_a_list_of_events_says_whether_it_was_cut(of: dict[str, str], is_cut: bool) -> None:
    rows = ["2026-11-20T03:10:00Z|6008|03:00|2026/11/20", "2026-11-18T01:00:00Z|6008|01:00|2026/11/18"]
    cut = [each for each in check("events", last=rows, **of) if isinstance(each, LogSign)]
    assert [each.sign for each in cut] == ["events-cut"] * is_cut
    assert all(each.at == datetime(2026, 11, 18, 1, tzinfo=UTC) for each in cut)
    assert len(check("events", last=[], of="3")) == 1
    assert check("events", last=[]) == check("events", "unknown") == []


def test_logon_settings() -> None:
    found = registry(check("logon", shutdownWithoutLogon=1, nla=None))
    assert found == {"ShutdownWithoutLogon": 1, "UserAuthentication": None}


def test_an_orphan_status() -> None:
    records = check(
        "extension", dir="Microsoft.CPlat.Core.WindowsPatchExtension\\1.5.67", seq=3, lastStatus=9, orphan=True
    )
    status = next(record for record in records if isinstance(record, PatchStatus))
    assert (status.sequence, status.is_orphan) == (9, True)
    observation = next(record for record in records if isinstance(record, Observation))
    assert (observation.values["version"], observation.values["sequence"]) == ("1.5.67", "3")
    assert observation.values["name"] == "Microsoft.CPlat.Core.WindowsPatchExtension"


# -- the protocol ------------------------------------------------------------------------------------------------------


def test_a_missing_end_is_told() -> None:
    whole = (SAMPLES / "probe-linux-healthy.jsonl").read_text().splitlines()
    assert "last line is missing" in damages(read("\n".join(whole[:-1])))[0]


def test_a_count_that_does_not_fit_is_told() -> None:
    whole = (SAMPLES / "probe-linux-healthy.jsonl").read_text().splitlines()
    assert damages(read("\n".join(whole[4:]))) == ["9 of the probe's 13 checks are there: the others are not known"]
    assert "has no count" in damages(read('{"c":"os","s":"ok","d":{}}\n{"c":"end"}'))[0]


def test_a_head_that_is_cut_off_is_told() -> None:
    text = (SAMPLES / "probe-linux-healthy.jsonl").read_text()
    found = damages(read(text[200:]))
    assert "head is cut off" in found[0]
    assert "of the probe's 13 checks" in found[1]


def test_a_line_that_is_cut_in_the_middle_is_told_and_the_others_stand() -> None:
    lines = (SAMPLES / "probe-linux-healthy.jsonl").read_text().splitlines()
    lines[3] = lines[3][:20]
    records = read("\n".join(lines))
    assert "not whole" in damages(records)[0]
    assert "sudo" not in states(records)


def test_two_probes_in_one_file() -> None:
    text = (SAMPLES / "probe-linux-healthy.jsonl").read_text()
    assert not damages(read("first machine:\n" + text + "second machine:\n" + text))


def test_checks_of_a_newer_probe() -> None:
    assert states(check("package-locks", "fail", holder="apt", state="x", weak=True)) == {"package-locks": State.BAD}
    assert "tomorrow" in damages(check("tomorrow", "ok"))[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_output_that_powershell_redirected(encoding: str) -> None:
    text = (SAMPLES / "probe-linux-healthy.jsonl").read_text().replace("\n", "\r\n")
    assert not damages(read(text.encode(encoding)))


def test_secrets_are_not_kept() -> None:
    records = check("proxy", "warn", winhttp="http://user:geheim@proxy:8080", env="")
    assert "geheim" not in repr(records)
    assert "geheim" not in repr(check("sudo", "fail", out="password=geheim"))


def test_what_is_none_is_not_recognised() -> None:
    for text in (
        "",
        "{}",
        '{"check": "os"}',
        'text {"c":"os","s":"ok"}',
        '{"value":[{"message":"{\\"c\\":\\"os\\"}"}]}',
    ):
        assert not PROBE.recognises(artefact("x", text))


CHECKS = tuple(
    re.findall(
        r"\w+",
        "os agent extension sudo python proxy tls12 https autoassess repos disk reboot locks wupolicy wsus sdacl "
        "wuhistory logon events end new",
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("a|b|c") | st.just('x=1M y:2;z "q"'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    re.findall(
        r"\w+",
        "unit version extEnabled dir seq status sub lastStatus orphan out requiretty v set winhttp env rc host cEn ser "
        "why timer service last sh pm total bad free freeMB pending pkgs flags audit UseWUServer port sddl nla",
    )
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"c": st.sampled_from(CHECKS)},
            optional={"s": st.text(max_size=5), "d": VALUES | st.dictionaries(FIELDS, VALUES, max_size=5), "n": VALUES},
        ),
        max_size=5,
    )
)
def test_no_fields_are_too_odd(lines: list[dict[str, object]]) -> None:
    for record in PROBE.read(artefact("x", "\n".join(json.dumps(line) for line in lines))):
        assert isinstance(record, Record)
