from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.events import (
    INTERESTING,
    INTERESTING_IDS,
    Newest,
    Seen,
    canonical_provider,
    error_code,
    is_interesting,
    records_of,
    utc_time,
)
from aumdoctor.model.guest import Event, OperatingSystem, Origin, Record

ORIGIN = Origin("System.evtx", record=7)


def made(provider: str, event_id: int, *pairs: tuple[str, str], **more: str) -> list[Record]:
    return list(records_of(Seen(provider=provider, event_id=event_id, pairs=pairs, **more), ORIGIN))  # type: ignore[arg-type]


def event(provider: str, event_id: int, *pairs: tuple[str, str], **more: str) -> Event:
    first = made(provider, event_id, *pairs, **more)[0]
    assert isinstance(first, Event)
    return first


def unnamed(*values: str) -> list[tuple[str, str]]:
    return [("", value) for value in values]


def test_an_event_counts_by_its_provider_and_id_and_never_by_the_id_alone() -> None:
    assert is_interesting("Microsoft-Windows-WindowsUpdateClient", 20)
    assert is_interesting("windowsupdateclient", 20)
    assert not is_interesting("Microsoft-Windows-Security-SPP", 44)
    assert not is_interesting("User32", 4625)
    assert is_interesting("Microsoft-Windows-Hyper-V-VMMS", 29212)
    assert not is_interesting("Microsoft-Windows-Hyper-V-Worker", 29212)
    assert made("Microsoft-Windows-Security-SPP", 44) == []


def test_every_interest_is_told_in_a_sentence_and_is_passed_by_its_id() -> None:
    assert all(key == key.lower() and said.endswith(".") for (key, _), said in INTERESTING.items())
    assert {event_id for _, event_id in INTERESTING} <= INTERESTING_IDS


@pytest.mark.parametrize("name", ["Microsoft Windows security auditing.", "Microsoft-Windows-Security-Auditing"])
def test_a_provider_has_one_name_whatever_a_list_calls_it(name: str) -> None:
    assert canonical_provider(name) == "Microsoft-Windows-Security-Auditing"
    assert canonical_provider("Microsoft-Windows-WER-SystemErrorReporting") == "BugCheck"
    assert canonical_provider("User32") == "User32"


def test_values_without_names_get_the_names_of_their_positions() -> None:
    found = event("User32", 1074, *unnamed("w.exe", "TS01", "none", "0X500FF", "power off", "", "SYSTEM"))
    assert (found.data["param1"], found.data["param4"], found.data["param7"]) == ("w.exe", "0x500ff", "SYSTEM")
    assert found.values[3] == "0X500FF"
    assert event("EventLog", 6008, *unnamed("09:58:01", "\u200e2024/\u200e05/\u200e03")).data == {
        "time": "09:58:01",
        "date": "2024/05/03",
    }


def test_names_of_a_log_are_not_overwritten_by_positions() -> None:
    found = event("User32", 1074, ("param4", "0x0"), ("param1", "a.exe"))
    assert found.data == {"param4": "0x0", "param1": "a.exe"}


@pytest.mark.parametrize(
    "pairs",
    [
        unnamed("Cluster Name", "contoso.local", "Password change", "wrong", "CLUS01$"),
        [
            ("p1", "Cluster Name"),
            ("p2", "contoso.local"),
            ("p3", "Password change"),
            ("p4", "wrong"),
            ("p5", "CLUS01$"),
        ],
        [
            ("ClusterIdentity", "CLUS01$"),
            ("ErrorText", "wrong"),
            ("Operation", "Password change"),
            ("DomainName", "contoso.local"),
            ("ResourceName", "Cluster Name"),
        ],
        # Some names known, some not: the order counts.
        [
            ("Name", "Cluster Name"),
            ("DomainName", "contoso.local"),
            ("Status", "Password change"),
            ("Text", "wrong"),
            ("Object", "CLUS01$"),
        ],
    ],
)
def test_the_values_of_1207_have_the_same_names_in_all_forms(pairs: list[tuple[str, str]]) -> None:
    found = event("Microsoft-Windows-FailoverClustering", 1207, *pairs)
    assert {name: found.data[name] for name in ("resource", "domain", "operation", "error", "identity")} == {
        "resource": "Cluster Name",
        "domain": "contoso.local",
        "operation": "Password change",
        "error": "wrong",
        "identity": "CLUS01$",
    }


def test_1206_has_no_operation_and_1069_names_resource_role_and_type() -> None:
    assert event("Microsoft-Windows-FailoverClustering", 1206, *unnamed("n", "d", "5", "C$")).data == {
        "resource": "n",
        "domain": "d",
        "error": "5",
        "identity": "C$",
    }
    named = [("ResourceName", "w"), ("ResourceGroup", "g"), ("ResTypeDll", "File Share Witness")]
    found = event("Microsoft-Windows-FailoverClustering", 1069, *named)
    assert (found.data["resource"], found.data["role"], found.data["type"]) == ("w", "g", "File Share Witness")


@pytest.mark.parametrize(
    "pairs",
    [
        [("VmName", "a"), ("ErrorMessage", "%%2148074252"), ("ErrorCode", "0x8009030C")],
        [("Parameter0", "a"), ("Parameter1", "%%2148074252")],
        unnamed("a", "0x8009030C"),
    ],
)
def test_the_error_of_hyper_v_replica_is_found_by_name_or_form(pairs: list[tuple[str, str]]) -> None:
    assert event("Microsoft-Windows-Hyper-V-VMMS", 29212, *pairs).data["ErrorCode"] == "0x8009030c"


@pytest.mark.parametrize("text", ["0xC000015B", "c000015b", "3221225819", "-1073741477", " 0xc000015b "])
def test_a_code_is_written_in_one_way(text: str) -> None:
    assert error_code(text) == "0xc000015b"


@pytest.mark.parametrize("text", ["", "-", "0xzz", "99999999999", "%%x", "0x1234567890"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert error_code(text) == ""


def test_a_start_of_the_system_tells_the_build_with_its_revision() -> None:
    pairs = [("BuildVersion", "20348"), ("QfeVersion", "2340")]
    system = made("Microsoft-Windows-Kernel-General", 12, *pairs)[1]
    assert isinstance(system, OperatingSystem)
    assert (system.family, system.build, system.ubr) == ("windows", 20348, 2340)
    old = made("EventLog", 6009, *unnamed("10.00.", "20348", "", "Multiprocessor Free", "0"))[1]
    assert isinstance(old, OperatingSystem)
    assert (old.build, old.ubr) == (20348, None)
    assert len(made("Microsoft-Windows-Kernel-General", 12, ("BuildVersion", "x"))) == 1


def test_of_services_only_those_count_that_matter_for_updates() -> None:
    assert made("Service Control Manager", 7036, *unnamed("Print Spooler", "stopped")) == []
    assert event("Service Control Manager", 7036, *unnamed("Windows Update", "stopped")).event_id == 7036
    short = "wuauserv/4\0".encode("utf-16-le").hex()
    localised = event("Service Control Manager", 7036, *unnamed("Mise à jour", "arrêté"), binary=short)
    assert localised.data["service"] == "wuauserv"


def test_operations_manager_counts_where_it_tells_of_http_501() -> None:
    told = unnamed("The WinRM client received an HTTP status code of 501 from the remote WS-Management service.")
    assert made("Health Service Modules", 11, *told, channel="Operations Manager")
    assert made("Health Service Modules", 11, *told, channel="System") == []
    assert made("Health Service Modules", 11, *unnamed("HTTP 500"), channel="Operations Manager") == []


def test_secrets_reach_no_part_of_a_record() -> None:
    found = event("User32", 1074, ("param6", "password=hunter2"), message="x token: abc123def")
    assert "hunter2" not in repr(found)
    assert "abc123def" not in repr(found)


def test_the_text_of_an_event_names_it() -> None:
    assert event("User32", 1074, ("param4", "0x500ff"), ("param6", "")).text == "User32 1074: param4=0x500ff"
    assert event("EventLog", 6005).text == "EventLog 6005"


def test_logs_count_in_utc() -> None:
    assert utc_time("2018-07-04T08:05:12.1234567Z") == datetime(2018, 7, 4, 8, 5, 12, 123456, tzinfo=UTC)
    assert utc_time("2018-07-04T17:05:12+09:00") == datetime(2018, 7, 4, 8, 5, 12, tzinfo=UTC)
    assert utc_time("yesterday") is None
    assert utc_time("0001-01-01T00:00:00+09:00") is None


@given(st.lists(st.integers(0, 50), max_size=60))
def test_the_newest_are_kept(numbers: list[int]) -> None:
    newest: Newest[int] = Newest(5)
    for number in numbers:
        newest.add(f"{number:03}", number)
    kept = list(newest.items())
    assert kept == sorted(numbers)[-5:]
    assert newest.dropped == len(numbers) - len(kept)
