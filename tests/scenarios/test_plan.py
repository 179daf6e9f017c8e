"""`aumdoctor plan` over HTTPS: what it reads, that it writes nothing, and what it says where it cannot read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from aumdoctor.azure.before import read_before
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.cli.app import main
from aumdoctor.demo.estate import add_vm, empty_estate
from aumdoctor.demo.machines import record_assessment
from aumdoctor.demo.plants import plant
from aumdoctor.demo.state import DemoEstate
from aumdoctor.remedies.plan import PlanFile, PlannedAction, at_path, changes_of
from aumdoctor.remedies.remedy import ArmCall
from aumdoctor.store.plans import load
from tests.report.planned import action
from tests.scenarios.conftest import Doctor, Serve

PATCH_SETTINGS = "properties.osProfile.windowsConfiguration.patchSettings"


class Planned(NamedTuple):
    code: int
    out: str
    err: str
    file: PlanFile


Plan = Callable[..., Planned]


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plan, as a table and as a file. Nothing may be written to Azure."""
    monkeypatch.chdir(tmp_path)

    def call(doctor: Doctor, *arguments: str) -> Planned:
        doctor.connection()  # sets the token
        ends = ("--auth", "token", "--arm-endpoint", doctor.server.endpoint, "--ca-bundle", doctor.server.ca_file)
        code = main(("plan", "-o", "table", "-o", "plan.json", "--all-subscriptions", *ends, *arguments))
        streams = capsys.readouterr()
        assert doctor.writes == [], "a plan writes nothing"
        return Planned(code, streams.out, streams.err, load(tmp_path / "plan.json"))

    return call


def small(*checks: str) -> tuple[DemoEstate, list[str]]:
    """One subscription with a healthy VM, and one with each issue; and their ids."""
    now = datetime.now(UTC).replace(microsecond=0)
    state = empty_estate(now)
    machines = []
    for number in range(len(checks) + 1):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group="rg-web",
            name=f"vm-{number}",
            os_type="Windows",
            created=now - timedelta(days=30),
        )
        record_assessment(state, vm, now - timedelta(hours=3))
        machines.append(vm)
    for check, vm in zip(checks, machines[1:], strict=True):
        plant(state, check, vm)
    return state, machines


def test_a_plan_of_a_whole_estate_reads_each_target_once_and_writes_nothing(serve: Serve, plan: Plan) -> None:
    doctor = serve(machines=120)
    made = plan(doctor, "--risk", "disruptive")
    file = made.file
    assert len(file.actions) > 20
    assert file.tenant_id == doctor.server.tenant_id
    for each in file.actions:
        assert (each.before is not None) is bool(each.changes)
        assert each.before is None or each.before.keys() <= each.changes.keys()
    # What is to be changed stands there otherwise: else there would be nothing to cure.
    assert all(each.before != each.changes for each in file.actions if each.changes)


def test_before_is_what_azure_shows(serve: Serve, plan: Plan) -> None:
    state, (_, vm) = small("AUM039")
    doctor = serve(estate=state)
    made = plan(doctor, "--checks", "AUM039")
    assert made.code == 0
    (daily,) = made.file.actions
    assert daily.before == {path: at_path(doctor.server.state.machine(vm), path) for path in daily.changes}
    assert f"{next(iter(daily.changes))}: " in made.out.replace("\n    ", " ")
    reads = Counter(request.path.lower() for request in doctor.server.requests if request.method == "GET")
    assert reads[vm.lower()] <= 2, "once for the scan, once for the plan"


def test_a_plan_without_changes_of_properties_asks_nothing_more(serve: Serve) -> None:
    state, (vm, *_) = small()
    doctor = serve(estate=state)
    call = ArmCall(method="POST", path=f"{vm}/assessPatches", api_version="2024-07-01")
    assess = action("assess-now", call)
    assert read_before(doctor.connection(), [assess]) == {assess.id: None}
    assert doctor.server.requests == []


def patch(path: str, **settings: Any) -> PlannedAction:
    body = {"properties": {"osProfile": {"windowsConfiguration": {"patchSettings": settings}}}}
    return action("enable-periodic-assessment", ArmCall(method="PATCH", path=path, api_version="2024-07-01", body=body))


def test_what_is_not_there_has_nothing_at_its_leaves(serve: Serve) -> None:
    state, (vm, *_) = small()
    doctor = serve(estate=state)
    gone = patch(f"{vm}-gone", patchMode="Manual")
    assert read_before(doctor.connection(), [gone])[gone.id] == {f"{PATCH_SETTINGS}.patchMode": None}


def test_a_leaf_that_an_earlier_action_sets_is_left_out(serve: Serve) -> None:
    """By its turn it has another value, and that is no drift."""
    state, (vm, *_) = small()
    doctor = serve(estate=state)
    first, second = patch(vm, patchMode="Manual"), patch(vm, patchMode="Manual", assessmentMode="ImageDefault")
    before = read_before(doctor.connection(), [first, second])
    assert before[first.id] == {f"{PATCH_SETTINGS}.patchMode": "AutomaticByPlatform"}
    assert before[second.id] == {f"{PATCH_SETTINGS}.assessmentMode": "AutomaticByPlatform"}
    assert [request.method for request in doctor.server.requests] == ["GET"]


def test_a_target_that_may_not_be_read_is_told_and_not_made_up(serve: Serve) -> None:
    state, (vm, *_) = small()
    doctor = serve(estate=state)
    doctor.server.faults.deny(next(iter(state.subscriptions)))
    told: list[tuple[str, str]] = []

    def failed(each: PlannedAction, failure: ReadFailure) -> None:
        told.append((each.target.path, failure.code))

    daily = patch(vm, patchMode="Manual")
    assert read_before(doctor.connection(), [daily], failed=failed) == {daily.id: None}
    assert told == [(vm, "AuthorizationFailed")]


@pytest.mark.parametrize("status", [503, 429])
def test_faults_are_sat_out_and_refusals_waited_for(serve: Serve, status: int) -> None:
    state, (vm, *_) = small()
    doctor = serve(estate=state)
    doctor.server.faults.fail("virtualMachines/vm-0", status=status, times=2, headers={"Retry-After": "0"})
    daily = patch(vm, patchMode="Manual")
    before = read_before(doctor.connection(), [daily])
    assert before[daily.id] == {f"{PATCH_SETTINGS}.patchMode": "AutomaticByPlatform"}
    assert [request.status for request in doctor.server.requests] == [status, status, 200]


def test_the_deadline_ends_the_reading_and_is_told(serve: Serve) -> None:
    state, (vm, *_) = small()
    doctor = serve(estate=state, latency_ms=3000)
    told: list[str] = []
    daily = patch(vm, patchMode="Manual")
    before = read_before(doctor.connection(timeout=0.5), [daily], failed=lambda _, failure: told.append(failure.code))
    assert (before, told) == ({daily.id: None}, ["DeadlineReached"])


def test_what_could_not_be_read_ends_with_3_and_names_the_right(serve: Serve, plan: Plan) -> None:
    state, _ = small("AUM039")
    doctor = serve(estate=state)
    doctor.server.faults.deny(next(iter(state.subscriptions)), "Microsoft.Maintenance/configurationAssignments/read")
    made = plan(doctor)
    assert made.code == 3
    assert "Not seen" in made.out
    assert "Microsoft.Maintenance/configurationAssignments/read" in made.out


def test_a_target_that_could_not_be_read_ends_with_3_and_is_named(serve: Serve, plan: Plan) -> None:
    state, (_, vm) = small("AUM039")
    doctor = serve(estate=state)
    # The scan asks for the VM with its instance view, the plan without.
    doctor.server.faults.fail(rf"{vm}\?api-version=[0-9-]+$", status=403, times=None, code="AuthorizationFailed")
    made = plan(doctor, "--checks", "AUM039")
    assert made.code == 3
    assert [each.before for each in made.file.actions] == [None]
    assert f"what stands at {vm} could not be read" in " ".join(made.out.split())
    assert "not read -> AutomaticByPlatform" in " ".join(made.out.split())


def test_a_plan_may_be_narrowed_to_a_machine(serve: Serve, plan: Plan) -> None:
    state, (*_, two) = small("AUM039", "AUM039")
    made = plan(serve(estate=state), "--machine", two.rpartition("/")[2], "--checks", "AUM039")
    assert [machine.lower() for each in made.file.actions for machine in each.machines] == [two.lower()]


def test_the_fingerprint_changes_with_the_estate_and_not_with_the_reading(serve: Serve, plan: Plan) -> None:
    state, _ = small("AUM039")
    doctor = serve(estate=state)
    first, second = plan(doctor).file, plan(doctor).file
    assert first.estate == second.estate
    assert [each.id for each in first.actions] == [each.id for each in second.actions]
    add_vm(
        doctor.server.state,
        subscription=next(iter(state.subscriptions)),
        resource_group="rg-web",
        name="vm-new",
        os_type="Windows",
        created=datetime.now(UTC) - timedelta(days=3),
    )
    assert plan(doctor).file.estate != first.estate
    assert msgspec.structs.replace(first, estate="other").is_intact is False
    assert changes_of(first.actions[0].call) == first.actions[0].changes
