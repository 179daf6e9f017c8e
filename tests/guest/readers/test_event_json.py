import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.event_json import event_json
from aumdoctor.model.guest import Damage, Event
from tests.guest.artefacts import artefact
from tests.guest.event_samples import SHUTDOWN, events, only_event

EVENT = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "User32"}},
            "EventID": {"#attributes": {"Qualifiers": 32768}, "#text": 1074},
            "Level": 4,
            "TimeCreated": {"#attributes": {"SystemTime": "2018-07-04T08:05:12Z"}},
            "Channel": "System",
            "Computer": "TS01",
            "Security": {"#attributes": {"UserID": "S-1-5-18"}},
        },
        "EventData": {"param1": "winlogon.exe", "param4": "0x500FF", "param6": "a } b { \\ c"},
    }
}
EVTXECMD = {
    "PayloadData1": "x",
    "EventId": 1074,
    "Level": "Info",
    "Provider": "User32",
    "Channel": "System",
    "Computer": "TS01",
    "UserId": "S-1-5-18",
    "TimeCreated": "2018-07-04T08:05:12+00:00",
    "Payload": json.dumps(
        {"EventData": {"Data": [{"@Name": "param1", "#text": "winlogon.exe"}, {"@Name": "param4", "#text": "0x500ff"}]}}
    ),
}
POWERSHELL = {
    "Id": 1074,
    "ProviderName": "User32",
    "LogName": "System",
    "MachineName": "TS01",
    "UserId": {"BinaryLength": 12, "Value": "S-1-5-18"},
    "TimeCreated": "/Date(1530691512000)/",
    "Message": SHUTDOWN,
    "Level": 4,
}


@pytest.mark.parametrize("document", [EVENT, EVTXECMD, POWERSHELL])
@pytest.mark.parametrize("shape", ["{}", "[{},\n{}]", "{}\n{}\n", "Record 1\n{}\nRecord 2\n{}"])
@pytest.mark.parametrize("indent", [None, 2])
def test_every_form_of_an_export(document: dict[str, object], shape: str, indent: int | None) -> None:
    text = shape.replace("{}", json.dumps(document, indent=indent))
    assert event_json.recognises(artefact("x.json", text))
    found = events(event_json, text)
    assert len(found) == shape.count("{}")
    for each in found:
        assert (each.provider, each.event_id, each.level, each.computer) == ("User32", 1074, "information", "TS01")
        assert each.at == datetime(2018, 7, 4, 8, 5, 12, tzinfo=UTC)
        assert (each.user, each.data["param4"]) == ("S-1-5-18", "0x500ff")
        assert "winlogon.exe" in each.data["param1"]


def test_values_without_names() -> None:
    data = {"Data": {"#text": ["09:58:01", "2024/05/03"]}, "Binary": "00"}
    system = {**EVENT["Event"]["System"], "EventID": 6008, "Provider": {"#attributes": {"Name": "EventLog"}}}  # type: ignore[dict-item]
    found = only_event(event_json, json.dumps({"Event": {"System": system, "EventData": data}}))
    assert found.data == {"time": "09:58:01", "date": "2024/05/03"}
    assert found.values == ("09:58:01", "2024/05/03")


def test_an_object_that_is_cut_off_costs_only_itself() -> None:
    whole = json.dumps(EVENT)
    records = list(event_json.read(artefact("x", f"{whole}\n{whole[:200]}\n{whole}\n{whole[:99]}")))
    assert [type(each) for each in records] == [Event, Damage, Event, Damage]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"Id": 1}', '{"checks": [{"RuleId": "x"}]}', "Log Name: x", "<Event>"]
)
def test_what_is_no_export_is_not_taken(content: str) -> None:
    assert not event_json.recognises(artefact("x.json", content))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_are_too_odd(content: bytes, at: int) -> None:
    data = json.dumps([EVENT, EVTXECMD]).encode()
    for each in (content, data[:at] + content + data[at:]):
        event_json.recognises(artefact("x", each))
        list(event_json.read(artefact("x", each)))


NAMES = [
    "Event",
    "System",
    "Provider",
    "EventID",
    "#attributes",
    "#text",
    "Name",
    "EventData",
    "Data",
    "Id",
    "ProviderName",
    "EventId",
    "Payload",
    "Properties",
    "TimeCreated",
    "UserId",
]
DOCUMENTS = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_no_shape_is_too_odd(document: object) -> None:
    list(event_json.read(artefact("x", json.dumps([{"Event": document}, document]))))
