"""What was not seen, or not lately, is unknown: empty lists, old readings, machines that the graph lacks."""

from datetime import timedelta

import pytest

from aumdoctor.checks.check import Subject
from aumdoctor.checks.engine import judge
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.examine import examine
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Outcome
from aumdoctor.model.finding import Severity
from tests.scenarios.conftest import MACHINES_ALONE, Doctor, Serve

GRAPH = "POST /providers/Microsoft.ResourceGraph"
LISTS = r"GET /subscriptions/{}/providers/Microsoft\.(Compute/virtualMachines|HybridCompute/machines)\?"
NOTHING = {"value": []}


def without(subscription: str):  # type: ignore[no-untyped-def]
    """Resource Graph as it looks to somebody without rights in a subscription."""

    def hide(body: object) -> object:
        rows = [row for row in body["data"] if ids.subscription_of(row["id"]) != subscription]  # type: ignore[index]
        return body | {"data": rows}  # type: ignore[operator]

    return hide


def a_subscription_with_machines(doctor: Doctor) -> str:
    return doctor.collect(depth="quick", facts=MACHINES_ALONE).machines[0].subscription_id


@pytest.mark.parametrize("granted", [["Microsoft.Maintenance/*"], ["*/write"], []])
def test_an_empty_list_without_the_right_to_read_is_not_believed(serve: Serve, granted: list[str]) -> None:
    doctor = serve(machines=40, seed=4)
    empty = a_subscription_with_machines(doctor)
    faults = doctor.server.faults
    faults.rewrite(GRAPH, without(empty), None)
    faults.answer(LISTS.format(empty), NOTHING, times=None)
    faults.answer(r"GET .*/permissions\?", {"value": [{"actions": granted, "notActions": []}]}, times=None)

    estate = doctor.collect()

    [gap] = [gap for gap in estate.gaps if ids.subscription_of(gap.scope) == empty]
    assert gap.code == "EmptyWithoutRight"
    assert gap.missing_permission == "Microsoft.Compute/virtualMachines/read"
    assert not estate.reading(Fact.MACHINE, ids.subscription_scope(empty)).is_known


@pytest.mark.parametrize(
    "granted", [["*"], ["*/read"], ["Microsoft.Compute/*", "microsoft.hybridcompute/MACHINES/read"]]
)
def test_an_empty_list_with_the_right_to_read_is_empty(serve: Serve, granted: list[str]) -> None:
    doctor = serve(machines=40, seed=4)
    empty = a_subscription_with_machines(doctor)
    faults = doctor.server.faults
    faults.rewrite(GRAPH, without(empty), None)
    faults.answer(LISTS.format(empty), NOTHING, times=None)
    faults.answer(r"GET .*/permissions\?", {"value": [{"actions": granted}, {"actions": 7}]}, times=None)

    estate = doctor.collect(facts=MACHINES_ALONE)

    assert estate.gaps == ()
    assert estate.reading(Fact.MACHINE, ids.subscription_scope(empty)).is_known


def test_rights_that_cannot_be_asked_for_leave_an_empty_list_in_doubt(serve: Serve) -> None:
    doctor = serve(machines=40, seed=4)
    empty = a_subscription_with_machines(doctor)
    faults = doctor.server.faults
    faults.rewrite(GRAPH, without(empty), None)
    faults.answer(LISTS.format(empty), NOTHING, times=None)
    faults.fail(r"GET .*/permissions\?", 403, None, code="AuthorizationFailed")
    gaps = doctor.collect(facts=MACHINES_ALONE).gaps
    assert [gap.operation for gap in gaps] == ["verify that the subscription holds no machine"]


def test_at_depth_full_a_machine_that_only_arm_knows_is_there_and_its_results_are_unknown(serve: Serve) -> None:
    doctor = serve(machines=40, seed=4)
    vms = doctor.collect(depth="quick", facts=frozenset({Fact.MACHINE, Fact.POWER_STATE})).machines
    lagging = next(m for m in vms if m.is_azure_vm and m.power_state == "running")

    def lag(body: object) -> object:
        rows = [row for row in body["data"] if not ids.is_within(row["id"], lagging.id)]  # type: ignore[index]
        return body | {"data": rows}  # type: ignore[operator]

    doctor.server.faults.rewrite(GRAPH, lag, None)

    assert lagging.key not in doctor.collect(depth="normal").machines_by_key
    estate = doctor.collect(depth="full")
    assert lagging.key in estate.machines_by_key
    assert estate.reading(Fact.RUNS, lagging.id).outcome is Outcome.NOT_FETCHED


def test_what_was_read_too_long_ago_is_unknown(serve: Serve) -> None:
    estate = serve(machines=40, seed=4).collect()
    fresh = estate.older_than(timedelta(hours=1), estate.collected_at + timedelta(minutes=30))
    assert examine(fresh, CHECKS, estate.collected_at).unknowns == ()
    old = estate.older_than(timedelta(hours=1), estate.collected_at + timedelta(hours=2))
    examination = examine(old, CHECKS, estate.collected_at)
    assert examination.summary.patchable == 0
    about_the_estate = {check.id for check in CHECKS if check.applies_to is Subject.ESTATE}
    assert {finding.check for finding in examination.findings} <= about_the_estate
    assert "longer ago than allowed" in examination.unknowns[0].reason


def severe(estate: Estate) -> list[str]:
    findings = judge(estate, CHECKS, estate.collected_at).findings
    return [machine for found in findings if found.severity >= Severity.HIGH for machine in found.machines]


def test_a_severe_finding_of_the_graph_is_confirmed_by_arm_and_falls_where_arm_knows_better(
    serve: Serve,
) -> None:
    doctor = serve(machines=80, seed=4)
    truth = doctor.server.state.truth
    started = next(
        machine
        for machine in doctor.collect(depth="quick", facts=MACHINES_ALONE).machines
        if ("AUM012", machine.key) in truth and machine.is_azure_vm
    )

    running = {"code": "PowerState/running", "level": "Info", "displayStatus": "VM running"}

    def up(body: object) -> object:
        body["properties"]["instanceView"]["statuses"] = [running]  # type: ignore[index]
        return body

    doctor.server.faults.rewrite(rf"GET .*/virtualMachines/{started.name}\?", up, None)

    unconfirmed = doctor.collect()
    assert unconfirmed.machines_by_key[started.key].power_state == "deallocated"
    confirmed = doctor.collect(suspects=severe)

    assert confirmed.machines_by_key[started.key].power_state == "running"
    for key in {ids.key(machine) for machine in severe(confirmed)} & confirmed.machines_by_key.keys():
        assert confirmed.reading(Fact.MACHINE, key).source == "arm", key


def test_a_table_that_the_graph_keeps_back_for_want_of_a_right_is_unknown(serve: Serve) -> None:
    doctor = serve(machines=60, seed=4)
    one = a_subscription_with_machines(doctor)
    right = "Microsoft.Maintenance/configurationAssignments/read"
    doctor.server.faults.deny(one, right)
    granted = {"actions": ["*/read"], "notActions": [right]}
    doctor.server.faults.answer(rf"GET /subscriptions/{one}/.*/permissions\?", {"value": [granted]}, times=None)

    examination = doctor.examine()

    assert not examination.estate.reading(Fact.ASSIGNMENTS, ids.subscription_scope(one)).is_known
    assert [(gap.code, gap.missing_permission) for gap in examination.estate.gaps] == [("EmptyWithoutRight", right)]
    checks = {found.check for found in examination.findings for machine in found.machines if one in machine}
    assert "AUM033" not in checks, "who has no schedule cannot be told"
