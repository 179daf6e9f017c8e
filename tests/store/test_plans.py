"""Saved plans: what comes back is what was saved, and nothing that somebody has tampered with comes back at all."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aumdoctor.errors import UsageError
from aumdoctor.remedies.plan import PlanFile, PlannedAction
from aumdoctor.remedies.remedy import Risk
from aumdoctor.report import json as report_json
from aumdoctor.store import plans
from aumdoctor.store.estates import save as save_estate
from aumdoctor.store.plans import load, save
from tests.builders import SUBSCRIPTION, azure_vm, estate
from tests.report.planned import assessed_daily, assessed_now, attached, hostile_plan, plan_file, whole_plan

Edit = Callable[[dict[str, Any]], None]


def told(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load(path)
    assert caught.value.advice
    return caught.value.message


@pytest.mark.parametrize("plan", [whole_plan(), plan_file()], ids=["whole", "empty"])
def test_a_saved_plan_comes_back_equal(tmp_path: Path, plan: PlanFile) -> None:
    save(tmp_path / "plan.json", plan)
    assert load(tmp_path / "plan.json") == plan


def test_the_file_is_what_is_printed(tmp_path: Path) -> None:
    save(tmp_path / "plan.json", whole_plan())
    assert (tmp_path / "plan.json").read_text(encoding="utf-8") == report_json.render(whole_plan())
    (tmp_path / "printed.json").write_text(report_json.render(whole_plan()), encoding="utf-8")
    assert load(tmp_path / "printed.json") == whole_plan()


def test_a_plan_that_was_only_written_in_another_layout_is_the_same_plan(tmp_path: Path) -> None:
    document = json.loads(report_json.render(whole_plan()))
    (tmp_path / "plan.json").write_text(json.dumps(dict(reversed(document.items())), indent=1))
    assert load(tmp_path / "plan.json") == whole_plan()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_others_may_read_it_as_far_as_the_umask_says(tmp_path: Path) -> None:
    for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o644)):
        before = os.umask(umask)
        try:
            save(tmp_path / f"plan-{umask}.json", plan_file())
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / f"plan-{umask}.json").stat().st_mode) == mode


def test_the_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.json"
    save(path, plan_file())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        save(path, whole_plan())
    assert load(path) == plan_file()
    assert [found.name for found in tmp_path.iterdir()] == ["plan.json"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        save(tmp_path / "nowhere" / "plan.json", plan_file())
    with pytest.raises(UsageError, match="cannot write"):
        save(tmp_path, plan_file())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        save(pipe, plan_file())
        assert json.loads(os.read(reader, 65536))["format"] == "aumdoctor-plan"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "plan.json")
    save(tmp_path / "link.json", plan_file())
    assert (tmp_path / "link.json").is_symlink()
    assert load(tmp_path / "plan.json") == plan_file()


# What is no plan.


def test_what_is_not_there_or_no_plan_is_told_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert "cannot read" in told(path)
    assert "cannot read" in told(tmp_path)
    for text in ("", "null", "[]", "1", "{}", "not JSON", '{"format": 1}', '{"format": "aumdoctor-plan"}', "\ufeff{}"):
        path.write_text(text, encoding="utf-8")
        assert told(path) == f"{path} is no plan", text
    for document in (b"\xff\xfe", b"\x00" * 100, b'{"format":"\xff"}'):
        path.write_bytes(document)
        assert told(path) == f"{path} is no plan"


def test_a_saved_estate_is_told_apart(tmp_path: Path) -> None:
    save_estate(tmp_path / "estate.json", estate(azure_vm()))
    assert "is a saved estate" in told(tmp_path / "estate.json")


def test_a_newer_version_is_told_apart_from_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    document = json.loads(report_json.render(whole_plan()))
    path.write_text(json.dumps(document | {"version": 2, "tool": "aumdoctor 9.0", "news": True}))
    assert "was written by aumdoctor 9.0 in format version 2" in told(path)
    text = report_json.render(whole_plan())
    path.write_text(text[: len(text) // 2])
    assert "is damaged or cut off" in told(path)


@pytest.mark.parametrize("depth", [500, 5_000, 200_000])
def test_a_deep_document_does_no_harm(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "plan.json"
    document = report_json.render(whole_plan())
    deep = '{"a":' * depth + "1" + "}" * depth
    path.write_text(document.replace('"assessmentMode": "AutomaticByPlatform"', f'"assessmentMode": {deep}', 1))
    told(path)
    path.write_text("[" * depth + "]" * depth)
    told(path)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_LARGEST", 1000)
    save(tmp_path / "plan.json", whole_plan())
    assert "too large" in told(tmp_path / "plan.json")


# What was tampered with.


def edited(path: Path, edit: Edit, plan: PlanFile | None = None) -> str:
    document = json.loads(report_json.render(plan or whole_plan()))
    edit(document)
    path.write_text(json.dumps(document))
    return told(path)


EDITS: dict[str, Edit] = {
    "another machine": lambda plan: plan["actions"][1]["call"].update(path=azure_vm("other").id),
    "another value": lambda plan: plan["actions"][1]["call"]["body"]["properties"].update(more=True),
    "a lower risk": lambda plan: plan["actions"][8].update(risk="safe"),
    "an action less": lambda plan: plan["actions"].pop(),
    "another order": lambda plan: plan["actions"].reverse(),
    "another tenant": lambda plan: plan.update(tenant_id="other"),
    "another time": lambda plan: plan.update(collected_at="2026-06-11T12:00:00Z"),
    "another picture of before": lambda plan: plan["actions"][1].update(before=None),
    "no digest": lambda plan: plan.update(digest=""),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_plan_that_was_edited_by_hand_is_refused_with_the_reason(tmp_path: Path, edit: Edit) -> None:
    message = edited(tmp_path / "plan.json", edit)
    assert message.endswith("was changed after it was made: its digest does not fit it")


STRANGE: dict[str, tuple[Edit, str]] = {
    "at the top": (lambda plan: plan.update(surprise=1), "surprise"),
    "in an action": (lambda plan: plan["actions"][2].update(surprise=1), "actions[2].surprise"),
    "in a request": (lambda plan: plan["actions"][0]["call"].update(headers={}), "actions[0].call.headers"),
    "in a finding": (lambda plan: plan["left_out"][0]["finding"].update(x=1), "left_out[0].finding.x"),
}


@pytest.mark.parametrize(("edit", "place"), STRANGE.values(), ids=STRANGE.keys())
def test_a_member_that_no_plan_has_is_refused(tmp_path: Path, edit: Edit, place: str) -> None:
    assert f"holds {place}, which no plan has" in edited(tmp_path / "plan.json", edit)


UNFIT: dict[str, Edit] = {
    "a member is missing": lambda plan: plan.pop("cloud"),
    "of another type": lambda plan: plan["actions"][0].update(machines="all"),
    "an unknown risk": lambda plan: plan["actions"][0].update(risk="none"),
    "a time without its zone": lambda plan: plan.update(made_at="2026-06-11T12:00:00"),
    "no list": lambda plan: plan.update(actions=None),
}


@pytest.mark.parametrize("edit", UNFIT.values(), ids=UNFIT.keys())
def test_content_that_does_not_fit_is_refused(tmp_path: Path, edit: Edit) -> None:
    assert "is a plan but its content does not fit" in edited(tmp_path / "plan.json", edit)


def replaced(action: PlannedAction, **changes: Any) -> PlannedAction:
    return msgspec.structs.replace(action, **changes)


def with_call(action: PlannedAction, **changes: Any) -> PlannedAction:
    """The action with another request, of which all that it says of itself is true."""
    from aumdoctor.remedies.plan import action_id, changes_of, reading_of

    call = msgspec.structs.replace(action.call, **changes)
    return replaced(action, call=call, id=action_id(call), changes=changes_of(call), target=reading_of(call))


VM = assessed_daily("vm-1")
LIES = {
    "its id": (replaced(VM, id="000000000000"), "is not what its request does"),
    "its changes": (replaced(VM, changes={}), "is not what its request does"),
    "its target": (replaced(VM, target=attached("vm-2").target), "is not what its request does"),
    "its request": (replaced(VM, call=attached("vm-1").call), "is not what its request does"),
    "its risk": (replaced(attached("vm-1"), risk=Risk.SAFE), "its risk is not that of its remedy"),
    "its reversibility": (replaced(assessed_now("arc-1"), reversible=True), "its risk is not that of its remedy"),
    "its remedy": (replaced(VM, remedy="grant-everything"), "there is no such remedy"),
    "a method": (with_call(VM, method="GET"), "GET is no request that a remedy makes"),
    "a path upwards": (with_call(VM, path=f"/subscriptions/{SUBSCRIPTION}/../x"), "its path is no resource id"),
    "a query": (with_call(VM, path=f"{VM.call.path}?a=b"), "its path is no resource id"),
    "an encoded path": (with_call(VM, path=f"{VM.call.path}%2f.."), "its path is no resource id"),
    "another host": (with_call(VM, path="//example.com/x"), "its path is no resource id"),
    "a line break": (with_call(VM, path=f"{VM.call.path}\n"), "its path is no resource id"),
}


@pytest.mark.parametrize(("action", "reason"), LIES.values(), ids=LIES.keys())
def test_a_sealed_plan_of_a_stranger_is_refused_where_an_action_lies(
    tmp_path: Path, action: PlannedAction, reason: str
) -> None:
    save(tmp_path / "plan.json", plan_file(action))
    message = told(tmp_path / "plan.json")
    assert f"({action.remedy}) cannot be trusted" in message
    assert reason in message


def test_an_action_is_there_once(tmp_path: Path) -> None:
    save(tmp_path / "plan.json", plan_file(VM, VM))
    assert "it is there twice" in told(tmp_path / "plan.json")


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    save(tmp_path / "plan.json", hostile_plan())
    assert "its path is no resource id" in told(tmp_path / "plan.json")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_that_is_changed_goes_unnoticed_or_ends_in_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    document = report_json.render(plan_file(VM)).encode()
    place = data.draw(st.integers(0, len(document) - 1))
    byte = data.draw(st.integers(0, 255))
    path = tmp_path / "plan.json"
    path.write_bytes(document[:place] + bytes([byte]) + document[place + 1 :])
    with suppress(UsageError):
        assert load(path) == plan_file(VM)
