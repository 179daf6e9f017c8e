"""Which actions a journal lets be taken back, in which order, and by which requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aumdoctor.cli.acting import taken_back_by
from aumdoctor.cli.undo import _to_take_back, _ways_back
from aumdoctor.remedies.plan import PlannedAction
from aumdoctor.store.journal import Entry, RecordedAction
from tests.builders import NOW, azure_vm, change
from tests.cli.conftest import Ended
from tests.report.planned import assessed_daily, attached

Run = Callable[..., Ended]


def lines(action: PlannedAction, id: str, *ends: str, minutes: int = 0, before: Any = None, **why: Any) -> list[Entry]:
    """What a journal has of an action: its intent, and an outcome for each end."""
    call = action.call
    recorded = RecordedAction(
        name=action.remedy, method=call.method, path=call.path, api_version=call.api_version, body=call.body
    )

    def line(event: Any, **more: Any) -> Entry:
        at = NOW + timedelta(minutes=minutes)
        return Entry(at=at, event=event, id=id, action=recorded, target=action.target.path, **more)

    intent = line("intent", why=why or {"plan": "p", "action": action.id}, before=before)
    return [intent, *(line("outcome", said=f"{end}: so it was") for end in ends)]


def ids_of(found: list[Entry], *only: str) -> list[str]:
    return [each.id for each in _to_take_back(tuple(found), only)]


def test_the_newest_is_taken_back_first() -> None:
    first = lines(assessed_daily("vm-1"), "a", "done")
    second = lines(attached("vm-1"), "b", "done", minutes=5)
    assert ids_of([*first, *second]) == ["b", "a"]


@pytest.mark.parametrize(
    ("ends", "is_worth"),
    [((), True), (("done",), True), (("unknown",), True), (("failed",), False), (("skipped",), False)],
)
def test_what_was_done_or_may_have_been_is_taken_back(ends: tuple[str, ...], is_worth: bool) -> None:
    assert ids_of(lines(assessed_daily("vm-1"), "a", *ends)) == (["a"] if is_worth else [])


def test_what_has_been_taken_back_is_not_taken_back_again() -> None:
    made = lines(assessed_daily("vm-1"), "a", "done")
    failed = lines(assessed_daily("vm-1"), "u", "failed", undo=["a"])
    done = lines(assessed_daily("vm-1"), "v", "done", undo=["a"])
    assert ids_of([*made, *failed]) == ["a"]
    assert ids_of([*made, *failed, *done]) == []
    assert ids_of([*made, *lines(assessed_daily("vm-1"), "v", undo=["a"])]) == ["a"]


def test_the_cancelling_of_a_run_has_no_way_back() -> None:
    assert ids_of(lines(change(assessed_daily("vm-1"), remedy="cancel-run"), "a", "done")) == []


@pytest.mark.parametrize("name", ["vm-1", "VM-1", "enable-periodic-assessment", "a", azure_vm("vm-1").id.upper()])
def test_one_can_be_named_by_remedy_resource_or_action(name: str) -> None:
    found = [*lines(assessed_daily("vm-1"), "a", "done"), *lines(attached("vm-2"), "b", "done")]
    assert ids_of(found, name) == ["a"]
    assert ids_of(found, "vm-3") == []


def test_what_stood_there_is_put_back_where_what_was_set_stands_still() -> None:
    mode = "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode"
    before = {
        "properties": {"osProfile": {"windowsConfiguration": {"patchSettings": {"assessmentMode": "ImageDefault"}}}}
    }
    [done] = _to_take_back(tuple(lines(assessed_daily("vm-1"), "a", "done", before=before)), ())
    ([step], why_not) = _ways_back(done)
    assert (why_not, step.remedy) == ("", "undo-enable-periodic-assessment")
    assert (step.call.method, step.call.body, step.changes) == ("PATCH", before, {mode: "ImageDefault"})
    assert step.before == {mode: "AutomaticByPlatform"}


def test_it_is_what_stood_there_before_the_first_try() -> None:
    first, *_ = lines(attached("vm-1"), "a", before=None)
    again, *_ = lines(attached("vm-1"), "a", before={"location": "westeurope"})
    [done] = _to_take_back((first, again), ())
    assert done.before is None
    ([step], _) = _ways_back(done)
    assert step.call.method == "DELETE"


def test_a_secret_is_not_put_back_as_its_placeholder() -> None:
    [done] = _to_take_back(tuple(lines(attached("vm-1"), "a", "done", before={"tags": {"x": "[redacted]"}})), ())
    steps, why_not = _ways_back(done)
    assert (steps, "secret" in why_not) == ([], True)


@pytest.mark.parametrize(("why", "ids"), [({}, ()), ({"undo": "a"}, ("a",)), ({"undo": ["a", "b"]}, ("a", "b"))])
def test_an_intent_says_what_it_takes_back(why: dict[str, Any], ids: tuple[str, ...]) -> None:
    assert taken_back_by(why) == ids


def test_a_journal_that_is_not_there_or_holds_nothing_is_an_error(run: Run, tmp_path: Path) -> None:
    ended = run("undo", "nowhere.jsonl", "--yes")
    assert (ended.code, "the journal nowhere.jsonl cannot be read" in ended.err) == (2, True)
    (tmp_path / "empty.jsonl").touch()
    ended = run("undo", "empty.jsonl", "--yes")
    assert (ended.code, "is no journal of aumdoctor" in ended.err) == (2, True)


def test_what_was_deleted_is_not_put_over_what_somebody_has_created_since() -> None:
    removed = msgspec.structs.replace(
        attached("vm-1"), call=msgspec.structs.replace(attached("vm-1").call, method="DELETE", body=None)
    )
    before = {"id": removed.call.path, "location": "westeurope", "properties": {"x": 1}}
    [done] = _to_take_back(tuple(lines(removed, "a", "done", before=before)), ())
    ([step], why_not) = _ways_back(done)
    assert (why_not, step.call.method, step.before) == ("", "PUT", {"id": None})
