import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.artefact import UnreadableError
from aumdoctor.guest.readers.patch_status import patch_status_file
from aumdoctor.model.guest import Damage, PatchStatus
from tests.guest.artefacts import artefact
from tests.guest.linux_samples import SAMPLES, records, sample

STATUSES = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/status/*.status"))
FAILED = "core-sudo-failure/status/1.status"


@pytest.mark.parametrize("path", STATUSES)
def test_every_sample_is_read_whole(path: str) -> None:
    assert patch_status_file.recognises(sample(path))
    (found,) = patch_status_file.read(sample(path))
    assert isinstance(found, PatchStatus)
    assert found.complete is path.endswith(".complete.status")


def test_the_top_says_success_whatever_happened() -> None:
    (found,) = patch_status_file.read(sample(FAILED))
    assert isinstance(found, PatchStatus)
    assert (found.status, found.code, found.sequence) == ("success", 0, 1)
    first = found.summaries[0]
    assert (first.name, first.status, first.error_code) == ("PatchAssessmentSummary", "error", 1)
    assert first.errors[0].code == "OPERATION_FAILED"
    assert "password for azureuser" in found.text


def test_the_error_of_the_wrapper_has_its_exit_code() -> None:
    (found,) = patch_status_file.read(sample("e2e-sudo-missing/status/5.status"))
    assert isinstance(found, PatchStatus)
    assert (found.status, found.code, found.summaries) == ("error", 88, ())


def test_what_stands_before_the_cut_is_given() -> None:
    content = sample(FAILED).open().read()
    cut = content.index(b'"ConfigurePatchingSummary"') + 40
    found = records(patch_status_file, "1.status", content[:cut])
    assert isinstance(found[0], PatchStatus)
    assert [each.name for each in found[0].summaries] == ["PatchAssessmentSummary"]
    assert found[0].operation == "Assessment"
    assert isinstance(found[-1], Damage)


def test_a_substatus_with_a_broken_document_is_damage() -> None:
    body = json.loads(sample(FAILED).open().read())
    body[0]["status"]["substatus"][0]["formattedMessage"]["message"] = '{"errors": {"co'
    found = records(patch_status_file, "1.status", json.dumps(body))
    assert isinstance(found[0], PatchStatus)
    assert isinstance(found[1], Damage)
    assert found[0].summaries[0].status == "error"


def test_nuls_marks_and_wide_characters_around_it() -> None:
    content = sample(FAILED).open().read().decode()
    for data in (content.encode() + b"\0\0", b"\xef\xbb\xbf" + content.encode(), content.encode("utf-16")):
        assert patch_status_file.recognises(artefact("1.status", data))
        assert isinstance(records(patch_status_file, "1.status", data)[0], PatchStatus)


@pytest.mark.parametrize(
    ("siblings", "is_orphan"), [(("3.settings",), True), (("7.settings", "3.settings"), False), ((), False)]
)
def test_a_number_above_the_newest_request_beside_it_is_an_orphan(siblings: tuple[str, ...], is_orphan: bool) -> None:
    content = sample(FAILED).open().read()
    (found,) = patch_status_file.read(artefact("7.status", content, siblings))
    assert isinstance(found, PatchStatus)
    assert found.is_orphan is is_orphan


def test_the_folder_names_the_extension_on_windows_too() -> None:
    content = sample(FAILED).open().read()
    path = "C/Packages/Plugins/Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension/1.0.27.0/status/4.status"
    (found,) = patch_status_file.read(artefact(path, content))
    assert isinstance(found, PatchStatus)
    assert (found.extension, found.sequence) == ("Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension", 4)


def test_the_status_of_another_extension_is_not_taken() -> None:
    other = '[{"version": 1.0, "status": {"operation": "Enable", "status": "success", "code": 0}}]'
    assert not patch_status_file.recognises(
        artefact("var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.10/status/0.status", other)
    )
    assert not patch_status_file.recognises(artefact("0.status", other))
    assert not patch_status_file.recognises(
        artefact("x.json", '{"aggregateStatus": {"handlerAggregateStatus": ["Azure Patch Management"]}}')
    )


def test_what_is_no_status_at_all_is_unreadable() -> None:
    for content in ("", "\0\0\0", "not json", "{}", "[]"):
        with pytest.raises(UnreadableError):
            records(patch_status_file, "1.status", content)


@given(st.binary(max_size=500), st.integers(0, 3000))
def test_no_change_of_a_status_is_too_odd(data: bytes, at: int) -> None:
    content = sample(FAILED).open().read()
    with suppress(UnreadableError):
        list(patch_status_file.read(artefact("1.status", content[:at] + data + content[at + len(data) :])))
