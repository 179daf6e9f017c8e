import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.event_csv import event_csv
from aumdoctor.model.guest import Damage, Event
from tests.guest.artefacts import artefact
from tests.guest.event_samples import LOGON, SHUTDOWN, SHUTDOWN_JA, events, only_event

ENGLISH = (
    "Level,Date and Time,Source,Event ID,Task Category\n"
    f'Information,7/4/2018 5:05:12 PM,User32,1074,None,"{SHUTDOWN}"\n'
)
JAPANESE = (
    "レベル,日付と時刻,ソース,イベント ID,タスクのカテゴリ\n"
    f'情報,2018/07/04 17:05:12,User32,1074,なし,"{SHUTDOWN_JA}"\n'
)
SECURITY = (
    "Keywords,Date and Time,Source,Event ID,Task Category\n"
    f'Audit Failure,7/4/2018 5:05:12 PM,Microsoft Windows security auditing.,4625,Logon,"{LOGON}"\n'
    'Audit Success,7/4/2018 5:05:12 PM,Microsoft Windows security auditing.,4624,Logon,"An account"\n'
)
POWERSHELL = (
    "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\n"
    '"Message","Id","Version","Level","ProviderName","LogName","MachineName","UserId","TimeCreated"\n'
    f'"{SHUTDOWN}","1074","0","4","User32","System","TS01","S-1-5-18","7/4/2018 5:05:12 PM"\n'
)


@pytest.mark.parametrize("content", [ENGLISH, JAPANESE, POWERSHELL, ENGLISH.replace(",", "\t")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_a_shutdown_in_a_table(content: str, encoding: str) -> None:
    data = content.replace("\n", "\r\n").encode(encoding)
    assert event_csv.recognises(artefact("x.csv", data))
    found = only_event(event_csv, data)
    assert (found.provider, found.event_id, found.level) == ("User32", 1074, "information")
    assert found.at == datetime(2018, 7, 4, 17, 5, 12)
    assert (found.data["param4"], found.data["param7"]) == ("0x500ff", "NT AUTHORITY\\SYSTEM")


def test_the_security_log_as_a_table() -> None:
    found = only_event(event_csv, SECURITY)
    assert found.provider == "Microsoft-Windows-Security-Auditing"
    assert (found.data["Status"], found.data["TargetUserName"]) == ("0xc000015b", "REPLICAHOST1$")
    assert found.origin.line == 2


def test_evtxecmd_has_the_values_of_the_log_and_counts_in_utc() -> None:
    told = json.dumps({"EventData": {"Data": [{"@Name": "param4", "#text": "0x500FF"}]}}).replace('"', '""')
    text = (
        "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,Computer,UserId,Payload\n"
        f'1,298,2018-07-04 08:05:12.1234567,1074,Info,User32,System,TS01,S-1-5-18,"{told}"\n'
    )
    found = only_event(event_csv, text)
    assert found.at == datetime(2018, 7, 4, 8, 5, 12, 123456, tzinfo=UTC)
    assert (found.data, found.computer, found.level) == ({"param4": "0x500ff"}, "TS01", "information")


def test_a_row_that_is_not_closed_costs_no_more_than_itself() -> None:
    open_row = 'Information,7/4/2018 5:05:12 PM,User32,1074,None,"never closed\n'
    text = ENGLISH + open_row + "x" * 1000 + "\n" + ("filling\n" * 20_000) + ENGLISH.split("\n", 1)[1]
    records = list(event_csv.read(artefact("x.csv", text)))
    assert any(isinstance(each, Damage) for each in records)
    assert any(isinstance(each, Event) for each in records)


@pytest.mark.parametrize(
    "content", ["", "a,b,c\n", "Level,Source\n", "name,id,date,source\n", "Log Name: System\nSource: x\n"]
)
def test_what_is_no_table_of_events_is_not_taken(content: str) -> None:
    assert not event_csv.recognises(artefact("x.csv", content))


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_are_too_odd(content: bytes, at: int) -> None:
    data = ENGLISH.encode()
    for each in (content, data[:at] + content + data[at:]):
        event_csv.recognises(artefact("x", each))
        list(event_csv.read(artefact("x", each)))
    assert events(event_csv, data)
