from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.readers.windows_update_log import WINDOWS_UPDATE_LOG
from aumdoctor.model.guest import Damage, LogSign, Proxy, Record, UpdateEvent
from tests.guest.artefacts import artefact

CLASSIC = (
    "2018-06-13\t12:48:30:100\t 884\t30fc\tMisc\t====  Logging initialized (build: 7.9.9600.18970, tz: +0900)  ======\n"
    "2018-06-13\t12:48:31:100\t 884\t30fc\tAgent\t  * WSUS server: http://wsus01.contoso.local:8530\n"
    "2018-06-13\t12:48:31:100\t 884\t30fc\tAgent\t  * WSUS status server: <NULL>\n"
    "2018-06-13\t12:48:31:100\t 884\t30fc\tAgent\t  * Windows Update access disabled: Yes\n"
    "2018-06-13\t12:48:31:200\t 884\t30fc\tMisc\t  * Default proxy: http://user:secret@proxy:8080\n"
    "2018-06-13\t12:48:33:974\t7596\t1e34\tCOMAPI\t  - Updates found = 4\n"
    "2018-06-13\t12:48:34:005\t7596\t30fc\tCOMAPI\t  - WARNING: Exit code = 0x80240024\n"
    "2018-06-13\t12:48:35:005\t 884\t30fc\tReport\tREPORT EVENT: {7D1C0A10-0000-4000-8000-000000000002}\t"
    "2018-06-13 12:48:34:330+0900\t1\t148 [AGENT_DETECTION_FAILED]\t101\t{00000000-0000-0000-0000-000000000000}\t0\t"
    "8024402c\tAutomaticUpdates\tFailure\tSoftware Synchronization\tWindows Update Client failed to detect.\n"
)
TRACED = (
    "2023/05/08 19:06:56.1234567 816   1234  Agent           *FAILED* [8024402C] Synchronize\n"
    "2023/05/08 19:06:57.1234567 816   1234  Agent           Added update to the search result\n"
    "1601/01/01 09:00:00.0000000 816   1234         Unknown( 10): GUID=d1317ae8 (No Format Information found).\n"
)


def read(text: str) -> list[Record]:
    found = artefact("WindowsUpdate.log", text)
    assert WINDOWS_UPDATE_LOG.recognises(found)
    return list(WINDOWS_UPDATE_LOG.read(found))


def test_failures_of_the_classic_log_with_component_and_zone() -> None:
    (failure,) = [each for each in read(CLASSIC) if isinstance(each, LogSign) and each.sign == "windows-hresult"]
    assert failure.values == {
        "hresult": "0x80240024",
        "log": "windows-update",
        "component": "COMAPI",
        "level": "warning",
    }
    assert failure.at is not None
    assert failure.at.utcoffset() == timedelta(hours=9)


def test_the_settings_of_the_agent() -> None:
    (settings,) = [
        each for each in read(CLASSIC) if isinstance(each, LogSign) and each.sign == "windows-agent-settings"
    ]
    assert settings.values == {
        "wsus_server": "http://wsus01.contoso.local:8530",
        "wsus_status_server": "",
        "access_disabled": "yes",
    }
    (proxy,) = [each for each in read(CLASSIC) if isinstance(each, Proxy)]
    assert "secret" not in proxy.address + proxy.text


def test_settings_that_did_not_change_are_told_once() -> None:
    told = [each for each in read(CLASSIC * 5) if isinstance(each, LogSign) and each.sign == "windows-agent-settings"]
    assert len(told) == 1


def test_events_that_the_agent_reports() -> None:
    (event,) = [each for each in read(CLASSIC) if isinstance(each, UpdateEvent)]
    assert (event.code, event.hresult, event.caller, event.origin.line) == (148, 0x8024402C, "AutomaticUpdates", 8)


def test_the_log_that_get_windowsupdatelog_makes() -> None:
    (failure,) = [each for each in read(TRACED) if isinstance(each, LogSign)]
    assert failure.values["hresult"] == "0x8024402C"
    assert failure.at == datetime(2023, 5, 8, 19, 6, 56, 123456)


def test_lines_without_symbols_are_told_once() -> None:
    line = "1601/01/01 09:00:00.0000000 816   1234  Misc  Unknown( 10): GUID=d1317ae8 (No Format Information found).\n"
    assert [type(each) for each in read(line * 100)] == [Damage]


def test_the_year_1601_is_no_time() -> None:
    line = "1601/01/01 09:00:00.0000000 816   1234  Agent           *FAILED* [8024402C] Synchronize\n"
    assert [each.at for each in read(line)] == [None]


def test_a_pointer_says_so_and_nothing_else() -> None:
    text = (
        "Windows Update logs are now generated using ETW (Event Tracing for Windows).\r\n"
        "Please run the Get-WindowsUpdateLog PowerShell command to convert ETW traces.\r\n"
        "\r\n\r\nFor more information, please visit http://go.microsoft.com/fwlink/?LinkId=518345\r\n"
    )
    assert [getattr(each, "sign", "") for each in read(text)] == ["windows-log-is-pointer"]


@pytest.mark.parametrize(
    "text",
    [
        "2018-06-13 12:48:30,100 INFO Agent something\n",
        "2026-08-12 06:09:54Z [Info] Patch operation is successfully started.\n",
        "Run Get-WindowsUpdateLog and send us the file.\n",
    ],
)
def test_other_logs_are_not_taken(text: str) -> None:
    assert not WINDOWS_UPDATE_LOG.recognises(artefact("x.log", text))


@given(st.binary(max_size=300), st.integers(0, 1200))
def test_no_bytes_are_too_odd(noise: bytes, at: int) -> None:
    for data in (CLASSIC.encode(), TRACED.encode("utf-16")):
        content = data[:at] + noise + data[at:]
        WINDOWS_UPDATE_LOG.recognises(artefact("x", content))
        list(WINDOWS_UPDATE_LOG.read(artefact("x", content)))
