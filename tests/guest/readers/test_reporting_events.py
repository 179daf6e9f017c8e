import codecs
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.reporting_events import REPORTING_EVENTS, update_event
from aumdoctor.model.guest import Damage, Origin, UpdateEvent
from tests.guest.artefacts import artefact
from tests.guest.readers.windows_samples import SAMPLES, sample

ROW = (
    "{7D1C0A10-0000-4000-8000-000000000002}\t2026-08-12 15:10:12:330+0900\t1\t148 [AGENT_DETECTION_FAILED]\t101\t"
    "{00000000-0000-0000-0000-000000000000}\t0\t8024402c\tAzure VM Guest Patching\tFailure\tSoftware Synchronization\t"
    "Windows Update Client failed to detect with error 0x8024402c."
)
ORIGIN = Origin(file="ReportingEvents.log", line=1)


def test_who_did_what_and_how_it_ended() -> None:
    events = list(REPORTING_EVENTS.read(sample("ReportingEvents.log")))
    assert all(isinstance(event, UpdateEvent) for event in events)
    told = [
        (event.code, event.caller, event.result, event.hresult) for event in events if isinstance(event, UpdateEvent)
    ]
    assert told == [
        (147, "Azure VM Guest Patching", "Success", 0),
        (148, "Azure VM Guest Patching", "Failure", 0x8024402C),
        (148, "Azure VM Guest Patching", "Failure", 0x8024002E),
        (182, "MoUpdateOrchestrator", "Failure", 0x80073712),
        (183, "WindowsOsUpdateExtension", "Success", 0),
    ]


def test_times_are_aware_by_the_offset_in_the_row() -> None:
    event = update_event(ROW, ORIGIN)
    assert event is not None
    assert event.at is not None
    assert event.at == datetime(2026, 8, 12, 6, 10, 12, 330000, tzinfo=UTC)
    assert event.at.utcoffset() == timedelta(hours=9)


def test_a_row_without_offset_has_a_local_time() -> None:
    event = update_event(ROW.replace("+0900", ""), ORIGIN)
    assert event is not None
    assert event.at == datetime(2026, 8, 12, 15, 10, 12, 330000)


def test_an_unknown_code_and_an_unknown_caller_are_kept() -> None:
    event = update_event(
        ROW.replace("148 [AGENT_DETECTION_FAILED]", "999 [AGENT_NEW]").replace("Azure VM", "Some"), ORIGIN
    )
    assert event is not None
    assert (event.code, event.name, event.caller) == (999, "AGENT_NEW", "Some Guest Patching")


def test_a_row_without_caller_keeps_its_result() -> None:
    event = update_event(ROW.replace("\tAzure VM Guest Patching", ""), ORIGIN)
    assert event is not None
    assert (event.caller, event.result, event.category) == ("", "Failure", "Software Synchronization")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_it_is_known_by_its_rows_in_every_encoding(encoding: str) -> None:
    found = artefact("out.txt", (ROW + "\r\n").encode(encoding))
    assert REPORTING_EVENTS.recognises(found)
    assert [event.hresult for event in REPORTING_EVENTS.read(found) if isinstance(event, UpdateEvent)] == [0x8024402C]


def test_it_is_not_known_by_its_name_alone() -> None:
    assert not REPORTING_EVENTS.recognises(artefact("ReportingEvents.log", "2026-08-12 15:10:12 something else\n"))


def test_a_row_that_is_cut_off_is_told_and_the_others_stand() -> None:
    text = ROW[80:] + "\r\n" + ROW + "\r\n" + ROW[:50]
    kinds = [type(record) for record in REPORTING_EVENTS.read(artefact("r.log", text))]
    assert kinds == [Damage, UpdateEvent, Damage]


@given(st.binary(max_size=300), st.integers(0, 3000))
def test_no_bytes_are_too_odd(noise: bytes, at: int) -> None:
    data = (SAMPLES / "ReportingEvents.log").read_bytes()
    for content in (noise, data[:at] + noise + data[at:], codecs.BOM_UTF16_LE + noise):
        REPORTING_EVENTS.recognises(artefact("x", content))
        list(REPORTING_EVENTS.read(artefact("x", content)))


@given(st.text())
def test_no_row_is_too_odd(text: str) -> None:
    update_event(text, ORIGIN)
    update_event(ROW.replace("\t", text, 3), ORIGIN)
