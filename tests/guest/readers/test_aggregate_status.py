from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.artefact import UnreadableError
from aumdoctor.guest.readers.aggregate_status import AGGREGATE_STATUS
from aumdoctor.model.guest import Damage, ExtensionHandler, OperatingSystem, PatchStatus, Record
from tests.guest.artefacts import artefact
from tests.guest.readers.windows_samples import SAMPLES, sample

TEXT = (SAMPLES / "aggregatestatus.json").read_text().rstrip("\0")


def read(text: str | bytes) -> list[Record]:
    found = artefact("status.json", text)
    assert AGGREGATE_STATUS.recognises(found)
    return list(AGGREGATE_STATUS.read(found))


def test_the_agent_its_extensions_and_the_patch_status() -> None:
    records = list(AGGREGATE_STATUS.read(sample("aggregatestatus.json")))
    handlers = [(each.name, each.status, each.code) for each in records if isinstance(each, ExtensionHandler)]
    assert handlers == [
        ("GuestAgent", "Ready", None),
        ("Microsoft.CPlat.Core.WindowsPatchExtension", "Ready", None),
        ("Microsoft.CPlat.Core.RunCommandWindows", "NotReady", 1007),
    ]
    (status,) = [each for each in records if isinstance(each, PatchStatus)]
    assert (status.sequence, status.extension) == (12, "Microsoft.CPlat.Core.WindowsPatchExtension")
    assert status.summaries[0].status == "error"
    assert "0x8024402C" in status.summaries[0].errors[0].message


def test_the_build_of_the_system_and_the_name_of_the_machine() -> None:
    records = read(TEXT)
    (system,) = [each for each in records if isinstance(each, OperatingSystem)]
    assert (system.family, system.build, system.ubr) == ("windows", 20348, 2113)
    assert {each.computer for each in records} == {"WEB02"}


def test_a_version_that_ends_in_0_has_no_revision() -> None:
    (system,) = [each for each in read(TEXT.replace("20348.2113", "20348.0")) if isinstance(each, OperatingSystem)]
    assert (system.build, system.ubr) == (20348, None)


def test_nuls_anywhere_are_passed_over() -> None:
    assert len(read("\0\0" + TEXT.replace("{", "{\0", 3) + "\0" * 100)) == len(read(TEXT))


def test_utf_16_as_powershell_saves_it() -> None:
    assert len(read(TEXT.encode("utf-16"))) == len(read(TEXT))


def test_a_file_that_is_cut_off_gives_what_is_whole() -> None:
    records = read(TEXT[: TEXT.index('"handlerName": "Microsoft.CPlat.Core.RunCommand')])
    assert [each.name for each in records if isinstance(each, ExtensionHandler)] == [
        "GuestAgent",
        "Microsoft.CPlat.Core.WindowsPatchExtension",
    ]
    assert [each for each in records if isinstance(each, Damage)]


def test_a_file_without_anything_whole_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        read('{"aggregateStatus": {"guestAgentStatus": {"version"')


def test_the_status_of_another_extension_is_not_kept() -> None:
    records = read(TEXT.replace("WindowsPatchExtension", "CustomScriptExtension"))
    assert not [each for each in records if isinstance(each, PatchStatus)]


def test_other_json_is_not_its_own() -> None:
    assert not AGGREGATE_STATUS.recognises(artefact("aggregatestatus.json", '[{"version": 1.0, "status": {}}]'))
    assert not AGGREGATE_STATUS.recognises(artefact("x.log", "2026 aggregateStatus uploaded"))


@given(st.binary(max_size=200), st.integers(0, 2600))
def test_no_bytes_are_too_odd(noise: bytes, at: int) -> None:
    data = (SAMPLES / "aggregatestatus.json").read_bytes()
    for content in (noise, data[:at] + noise + data[at:], data[:at]):
        found = artefact("x", content)
        AGGREGATE_STATUS.recognises(found)
        with suppress(UnreadableError):
            list(AGGREGATE_STATUS.read(found))
