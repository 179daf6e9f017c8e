"""The difference between two snapshots: complete, readable, and silent about what did not change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aumdoctor.demo.estate import DemoEstate, add_vm
from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.state import key
from tests.demo.state_diff import difference


def test_each_kind_of_change_is_a_line() -> None:
    before = {"vms": {"/a": {"tags": {"x": "1"}, "zones": ["1", "2"], "same": {"deep": 0}}, "/b": {"id": "/b"}}}
    after = {"vms": {"/a": {"tags": {"y": "1"}, "zones": ["1", "3"], "same": {"deep": 0}}, "/c": {"id": "/c"}}}
    assert difference(before, after) == [
        "vms /a tags.x: '1' -> (absent)",
        "vms /a tags.y: (absent) -> '1'",
        "vms /a zones[1]: '2' -> '3'",
        "vms /b: deleted",
        "vms /c: created",
    ]


def test_a_snapshot_is_a_copy_without_the_times_of_writing(state: DemoEstate) -> None:
    vm_id = add_vm(state)
    before = state.snapshot()
    view = state.machine(vm_id)["properties"]["instanceView"]
    view["statuses"][0]["time"] = "2030-01-01T00:00:00Z"
    state.extensions["/somebody/merely/asked"]
    assert difference(before, state.snapshot()) == []
    view["statuses"][1]["code"] = "PowerState/stopped"
    assert difference(before, state.snapshot()) == [
        f"vms {key(vm_id)} properties.instanceView.statuses[1].code: 'PowerState/running' -> 'PowerState/stopped'"
    ]


def test_a_new_assessment_is_a_change(state: DemoEstate) -> None:
    vm_id = add_vm(state)
    before = state.snapshot()
    record_assessment(state, vm_id, datetime(2026, 6, 10, 12, 0, tzinfo=UTC) + timedelta(minutes=5))
    changed = {line.split()[2].rstrip(":") for line in difference(before, state.snapshot())}
    assert changed == {"name", "properties.assessmentActivityId"}
