import tracemalloc
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.artefact import Artefact
from aumdoctor.guest.readers.event_xml import event_xml
from aumdoctor.model.guest import Damage, Event, OperatingSystem
from tests.guest.artefacts import artefact
from tests.guest.event_samples import SHUTDOWN_JA, events, only_event, sample

SAMPLE = sample("system-selected-events.xml").decode()
POWER_OFF = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='User32' "
    "EventSourceName='User32'/><EventID Qualifiers='32768'>1074</EventID><Level>4</Level>"
    "<TimeCreated SystemTime='2018-07-04T08:05:12.1234567Z'/><EventRecordID>298</EventRecordID>"
    "<Channel>System</Channel>"
    "<Computer>TS01</Computer><Security UserID='S-1-5-18'/></System>"
    "<EventData><Data Name='param1'>winlogon.exe</Data>"
    "<Data Name='param4'>0x500ff</Data><Data Name='param6'></Data></EventData>{rendering}</Event>"
)
ALONE = POWER_OFF.format(rendering="")


def test_a_real_export() -> None:
    records = list(event_xml.read(artefact("System.xml", SAMPLE)))
    found = [record for record in records if isinstance(record, Event)]
    assert len(found) == 12
    (system,) = [record for record in records if isinstance(record, OperatingSystem)]
    assert (system.build, system.ubr) == (15063, 413)
    assert [each.data["param4"] for each in found if each.event_id == 1074] == ["0x80020003", "0x80030002"]


@pytest.mark.parametrize(
    "content",
    [
        ALONE,
        ALONE + ALONE.replace("1074", "9999"),
        f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<Events>{ALONE}</Events>',
        f"Record 1\n{ALONE}\n",
        ALONE.replace("><", ">\r\n<"),
        ALONE.replace("<", "- <", 2),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_of_an_export(content: str, encoding: str) -> None:
    data = content.encode(encoding)
    assert event_xml.recognises(artefact("x.xml", data))
    found = only_event(event_xml, data)
    assert (found.provider, found.event_id, found.level, found.channel) == ("User32", 1074, "information", "System")
    assert found.at == datetime(2018, 7, 4, 8, 5, 12, 123456, tzinfo=UTC)
    assert found.data == {"param1": "winlogon.exe", "param4": "0x500ff", "param6": ""}
    assert (found.origin.record, found.computer, found.user) == (298, "TS01", "S-1-5-18")


def test_the_rendered_message_is_kept_and_fills_in_what_is_missing() -> None:
    rendering = f"<RenderingInfo Culture='ja-JP'><Message>{SHUTDOWN_JA}</Message><Level>情報</Level></RenderingInfo>"
    assert only_event(event_xml, POWER_OFF.format(rendering=rendering)).message.startswith("次の理由で")
    start, end = ALONE.index("<EventData>"), ALONE.index("</Event>")
    found = only_event(event_xml, ALONE[:start] + rendering + ALONE[end:])
    assert (found.data["param4"], found.data["param7"]) == ("0x500ff", "NT AUTHORITY\\SYSTEM")


def test_values_in_user_data_have_the_names_of_their_elements() -> None:
    start, end = ALONE.index("<EventData>"), ALONE.index("</Event>")
    told = (
        "<UserData><VmlEventLog xmlns='http://www.microsoft.com/Windows/Virtualization/Events'><VmName>a</VmName>"
        "<ErrorMessage>%%2148074252</ErrorMessage><ErrorCode>0x8009030C</ErrorCode></VmlEventLog></UserData>"
    )
    xml = (
        (ALONE[:start] + told + ALONE[end:])
        .replace("'User32'", "'Microsoft-Windows-Hyper-V-VMMS'")
        .replace("1074", "29212")
    )
    assert only_event(event_xml, xml).data["ErrorCode"] == "0x8009030c"
    assert only_event(event_xml, xml).values == ("a", "%%2148074252", "0x8009030C")


def test_an_event_across_the_blocks_that_are_read() -> None:
    for padding in range(65_400, 65_560, 7):
        assert len(events(event_xml, "<Events>" + " " * padding + ALONE + ALONE + "</Events>")) == 2


def test_a_damaged_event_costs_only_itself() -> None:
    cut = ALONE[: len(ALONE) // 2]
    records = list(event_xml.read(artefact("x", f"<Events>{cut}{ALONE}{ALONE.replace('</Data>', '', 1)}{ALONE}{cut}")))
    assert len([each for each in records if isinstance(each, Event)]) == 2
    assert len([each for each in records if isinstance(each, Damage)]) == 3


def test_an_event_without_end_is_given_up_and_the_next_one_is_read() -> None:
    endless = ALONE[:300] + "x" * (3 << 20)
    records = list(event_xml.read(artefact("x", endless + ALONE)))
    assert [type(each) for each in records] == [Damage, Event]


def test_memory_is_bounded_whatever_the_size() -> None:
    class Endless(BytesIO):
        left = 384

        def read(self, size: int | None = -1) -> bytes:
            self.left -= 1
            return (super().read(size) or b"x" * (1 << 16)) if self.left > 0 else b""

    start = ALONE[:300].encode()
    endless = Artefact(path="x", head=start, size=None, open=lambda: Endless(start))
    tracemalloc.start()
    list(event_xml.read(endless))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_characters_that_xml_forbids_are_left_out() -> None:
    odd = ALONE.replace("winlogon.exe", "win\x01logon&#x1;.exe&#65;")
    assert only_event(event_xml, odd).data["param1"] == "winlogon.exeA"


def test_nothing_that_a_document_defines_is_followed() -> None:
    bomb = '<!DOCTYPE Events [<!ENTITY a "aaaa"><!ENTITY x SYSTEM "file:///etc/hostname">]><Events>'
    hostile = ALONE.replace("winlogon.exe", "&x;")
    records = list(event_xml.read(artefact("x", bomb + hostile + ALONE + "</Events>")))
    assert [type(each) for each in records] == [Damage, Event]
    inner = ALONE.replace("<System>", bomb + "<System>")
    assert events(event_xml, inner) == []


def test_deep_nesting_is_refused() -> None:
    deep = ALONE.replace("<Data Name='param1'>", "<a>" * 5000 + "<Data>")
    assert events(event_xml, deep) == []


@pytest.mark.parametrize("content", ["", "<html>", "<Event>", "[{}]", '{"Event": 1}', "Log Name: System", "x" * 5000])
def test_what_is_no_export_is_not_taken(content: str) -> None:
    assert not event_xml.recognises(artefact("x.xml", content))


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(content: bytes) -> None:
    event_xml.recognises(artefact("x", content))
    list(event_xml.read(artefact("x", content)))


@given(st.integers(0, len(ALONE)), st.integers(0, 60), st.text(max_size=20))
def test_no_change_is_too_odd(at: int, length: int, other: str) -> None:
    changed = (ALONE[:at] + other + ALONE[at + length :] + ALONE).encode("utf-8", errors="replace")
    list(event_xml.read(artefact("x", changed)))
