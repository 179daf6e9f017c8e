import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aumdoctor.guest.envelope import document, flag, number, patch_status
from aumdoctor.model.guest import Origin, PatchStatus

MEMBERS = ["status", "substatus", "errors", "details", "code", "formattedMessage", "message", "name"]
ERRORS = {
    "code": "1",
    "details": [{"code": "OPERATION_FAILED", "message": "password=hunter2"}],
    "message": "1 error/s reported.",
}


def envelope(message: Any, **others: Any) -> dict[str, Any]:
    summary = {"name": "PatchAssessmentSummary", "status": "Error", "code": 0, "formattedMessage": {"message": message}}
    status = {
        "name": "Azure Patch Management",
        "operation": "Assessment",
        "status": "success",
        "code": "0",
        "substatus": [summary],
    }
    return {"version": 1.0, "timestampUTC": "2026-11-21T08:54:53Z", "status": status | others}


def read(body: Any) -> PatchStatus | None:
    return patch_status(body, origin=Origin("1.status"), extension="x", sequence=1)


@pytest.mark.parametrize("shape", ["list", "entry", "status"])
def test_the_list_its_entry_and_the_status_in_it_are_taken(shape: str) -> None:
    whole = envelope(json.dumps({"errors": ERRORS, "otherPatchCount": "3"}))
    found = read({"list": [whole], "entry": whole, "status": whole["status"]}[shape])
    assert found is not None
    assert (found.operation, found.status, found.code) == ("Assessment", "success", 0)
    assert found.at == (datetime(2026, 11, 21, 8, 54, 53, tzinfo=UTC) if shape != "status" else None)
    (summary,) = found.summaries
    assert (summary.status, summary.error_code) == ("error", 1)
    assert summary.errors[0].code == "OPERATION_FAILED"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("inner", ["{not json", '{"a": ', "[1, 2]"])
def test_an_inner_document_that_cannot_be_read_leaves_the_rest(inner: str) -> None:
    found = read(envelope(inner))
    assert found is not None
    assert (found.summaries[0].status, found.summaries[0].body) == ("error", {})


def test_an_inner_document_that_a_tool_has_opened_or_quoted_twice() -> None:
    for message in (
        {"otherPatchCount": 3},
        json.dumps(json.dumps({"otherPatchCount": 3})),
        '{"otherPatchCount": 3}\0\0',
    ):
        found = read(envelope(message))
        assert found is not None
        assert found.summaries[0].body == {"otherPatchCount": 3}


@pytest.mark.parametrize("body", [None, [], {}, "x", 3, {"status": {}}, [["a"]], {"status": "success"}])
def test_what_is_no_status_gives_none(body: Any) -> None:
    assert read(body) is None


def test_numbers_and_truth_in_every_form() -> None:
    assert [number(each) for each in ("12", 12, 12.0, True, None, "x", "0x10")] == [12, 12, 12, None, None, None, 16]
    assert [flag(each) for each in ("True", "false", True, "1", "maybe", None)] == [True, False, True, True, None, None]


def test_a_document_deeper_than_any_machine_writes_is_an_error_of_value() -> None:
    with pytest.raises(ValueError):
        document("[" * 100_000 + "]" * 100_000)


def test_half_characters_and_endless_numbers_can_be_written_again() -> None:
    found = document('{"a": "\\ud800", "b": 123456789012345678901234567890}')
    assert json.dumps(found, ensure_ascii=False).encode()
    assert found["b"] == "123456789012345678901234567890"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["status", "substatus", "errors", "details", "code", "formattedMessage", "message", "name"]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_body_is_too_odd(body: Any) -> None:
    read(body)
    read({"status": {"substatus": [body], "operation": body}})
