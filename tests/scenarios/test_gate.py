"""The gate as a pipeline calls it: go, no-go, unknown, throttled, and what it costs. The clock is the real one, so that
schedules are made to begin so many minutes from now."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aumdoctor.cli.app import main
from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, empty_estate
from aumdoctor.demo.machines import record_assessment, set_power
from aumdoctor.demo.schedules import Schedule, add_configuration, assign
from tests.scenarios.conftest import Doctor, Serve


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Gate = Callable[..., Answer]
ASSIGNMENTS = r"GET /subscriptions/[^/]+/providers/Microsoft.Maintenance/configurationAssignments"


def tonight(minutes: int, machines: int = 3, subscriptions: int = 1) -> DemoEstate:
    """Healthy VMs under a daily schedule `mc-tonight` that begins so many minutes from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    state = empty_estate(now, subscriptions=subscriptions)
    start = now + timedelta(minutes=minutes)
    schedule = Schedule("mc-tonight", "UTC", "1Day", f"{start:%H:%M}", "02:00")
    configuration = add_configuration(
        state, schedule=schedule, window={"startDateTime": f"{start - timedelta(days=60):%Y-%m-%d %H:%M}"}
    )
    for number in range(machines):
        vm = add_vm(
            state,
            subscription=next(iter(state.subscriptions)),
            resource_group="rg-web",
            name=f"vm-{number:04d}",
            os_type="Windows",
            created=now - timedelta(hours=20),
        )
        record_assessment(state, vm, now - timedelta(hours=3))
        assign(state, vm, configuration)
    return state


def with_hub(minutes: int) -> DemoEstate:
    """The schedule lies in a subscription of its own, the machines in another."""
    state = tonight(minutes, subscriptions=2)
    ((old_id, configuration),) = state.configurations.items()
    spoke, hub = state.subscriptions
    moved = old_id.replace(spoke, hub)
    state.configurations[moved] = {**configuration, "id": configuration["id"].replace(spoke, hub)}
    del state.configurations[old_id]
    for assignment in state.assignments.values():
        assignment["properties"]["maintenanceConfigurationId"] = state.configurations[moved]["id"]
    return state


def vm(state: DemoEstate, number: int = 0) -> str:
    return str(list(state.vms.values())[number]["id"])


def break_patch_mode(state: DemoEstate, number: int = 0) -> None:
    machine = state.machine(vm(state, number))
    machine["properties"]["osProfile"]["windowsConfiguration"]["patchSettings"]["patchMode"] = "Manual"


@pytest.fixture
def gate(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.chdir(tmp_path)

    def call(doctor: Doctor, *arguments: str) -> Answer:
        doctor.connection()  # sets the token
        server = doctor.server
        reach = ("--auth", "token", "--arm-endpoint", server.endpoint, "--ca-bundle", server.ca_file)
        code = main(("gate", *arguments, "--all-subscriptions", *reach))
        streams = capsys.readouterr()
        return Answer(code, streams.out, streams.err)

    return call


def test_go(serve: Serve, gate: Gate) -> None:
    doctor = serve(estate=tonight(120))
    answer = gate(doctor, "--schedule", "mc-tonight")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("GO: ")
    assert "3 of 3 machines ready" in answer.out
    assert doctor.writes == []


def test_no_go_names_the_cause_the_cure_and_until_when(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    break_patch_mode(state)
    doctor = serve(estate=state)
    answer = gate(doctor, "--schedule", "MC-Tonight", "-o", "json")
    assert answer.code == 1
    report = answer.json
    assert report["verdict"] == "no-go"
    assert [obstacle["machine"]["name"] for obstacle in report["windows"][0]["blocked"]] == ["vm-0000"]
    (fix,) = report["fixes"]
    assert fix["check"] == "AUM030"
    starts_at = datetime.fromisoformat(report["windows"][0]["window"]["starts_at"])
    assert datetime.fromisoformat(fix["until"]) == starts_at - timedelta(minutes=15)
    assert fix["cure"][0]["calls"][0]["method"] == "PATCH"
    assert doctor.writes == []


def test_a_tolerated_machine_lets_it_go(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    break_patch_mode(state)
    doctor = serve(estate=state)
    assert gate(doctor, "--schedule", "mc-tonight", "--max-blocked", "33%").code == 1
    assert gate(doctor, "--schedule", "mc-tonight", "--max-blocked", "34%").code == 0
    assert gate(doctor, "--schedule", "mc-tonight", "--max-blocked", "1").code == 0


def test_a_machine_that_is_off_counts_only_shortly_before(serve: Serve, gate: Gate) -> None:
    for minutes, code in ((120, 0), (45, 1)):
        state = tonight(minutes)
        set_power(state, vm(state), "deallocated")
        answer = gate(serve(estate=state), "--schedule", "mc-tonight", "-o", "json")
        assert answer.code == code
        told = answer.json["windows"][0]["off" if code == 0 else "blocked"]
        assert [obstacle["check"] for obstacle in told] == ["AUM012"]


def test_only_the_windows_asked_about_are_judged(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    break_patch_mode(state, 0)
    doctor = serve(estate=state)
    nothing = gate(doctor, "--within", "1h")
    assert nothing.code == 0
    assert "no window begins" in nothing.out.lower()
    assert gate(doctor, "--within", "3h").code == 1
    assert gate(doctor, "--machine", "vm-0001").code == 0
    assert gate(doctor, "--machine", "vm-0000").code == 1


def test_a_machine_that_may_not_be_read_is_unknown(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    doctor = serve(estate=state)
    doctor.server.faults.fail(
        rf"GET .*/virtualMachines/{vm(state).rsplit('/', 1)[-1]}\?",
        403,
        None,
        code="AuthorizationFailed",
        message="The client 'c' with object id 'o' does not have authorization to perform action "
        "'Microsoft.Compute/virtualMachines/read' over scope '/x' or the scope is invalid.",
    )
    answer = gate(doctor, "--schedule", "mc-tonight", "-o", "json")
    assert answer.code == 3
    report = answer.json
    assert report["verdict"] == "unknown"
    assert [obstacle["machine"]["name"] for obstacle in report["windows"][0]["unknown"]] == ["vm-0000"]
    assert "Microsoft.Compute/virtualMachines/read" in report["missing_permissions"]


def test_a_subscription_that_may_not_be_read_is_unknown(serve: Serve, gate: Gate) -> None:
    state = tonight(120, subscriptions=2)
    doctor = serve(estate=state)
    doctor.server.faults.deny(list(state.subscriptions)[1])
    answer = gate(doctor, "--schedule", "mc-tonight", "-o", "json")
    assert answer.code == 3
    assert answer.json["blind"], "its machines and schedules may belong to the window"


def test_a_refusal_in_the_middle_is_waited_out(serve: Serve, gate: Gate) -> None:
    doctor = serve(estate=tonight(120, machines=12))
    doctor.server.faults.fail(
        r"GET .*/virtualMachines/vm-", 429, 4, {"Retry-After": "1"}, code="TooManyRequests", message="slow down"
    )
    answer = gate(doctor, "--schedule", "mc-tonight")
    assert answer.code == 0
    assert "12 of 12 machines ready" in answer.out


def test_a_graph_that_lags_does_not_decide(serve: Serve, gate: Gate) -> None:
    """Resource Graph still says that the machine is fine; ARM says what was changed since."""
    state = tonight(120)
    doctor = serve(estate=state)
    assert gate(doctor, "--schedule", "mc-tonight").code == 0
    break_patch_mode(state)  # without telling the graph's tables
    assert gate(doctor, "--schedule", "mc-tonight").code == 1


def test_a_detached_machine_is_out_as_soon_as_arm_says_so(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    break_patch_mode(state)
    doctor = serve(estate=state)
    assert gate(doctor, "--schedule", "mc-tonight").code == 1
    prefix = f"{vm(state).lower()}/providers/microsoft.maintenance/"
    for name in [key for key in state.assignments if key.startswith(prefix)]:
        del state.assignments[name]  # without telling the graph's tables
    answer = gate(doctor, "--schedule", "mc-tonight")
    assert answer.code == 0
    assert "2 of 2 machines ready" in answer.out


@pytest.mark.parametrize("estate", [tonight, with_hub])
def test_a_schedule_that_was_deleted_is_no_go_before_the_graph_knows(
    serve: Serve, gate: Gate, estate: Callable[[int], DemoEstate]
) -> None:
    state = estate(120)
    doctor = serve(estate=state)
    assert gate(doctor, "--machine", "vm-0000").code == 0
    state.configurations.clear()  # without telling the graph's tables
    assert gate(doctor, "--machine", "vm-0000").code == 1


def test_a_schedule_in_a_hub_is_read_again_too(serve: Serve, gate: Gate) -> None:
    state = with_hub(120)
    doctor = serve(estate=state)
    assert gate(doctor, "--schedule", "mc-tonight").code == 0
    (configuration,) = state.configurations.values()
    configuration["properties"]["maintenanceWindow"]["expirationDateTime"] = "2020-01-01 00:00"
    assert gate(doctor, "--schedule", "mc-tonight").code == 1


def test_an_empty_list_of_arm_does_not_empty_the_scope(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    break_patch_mode(state)
    doctor = serve(estate=state)
    doctor.server.faults.answer(
        r"GET /subscriptions/[^/]+/providers/Microsoft.Maintenance/conf.*Assignments", {"value": []}, times=None
    )
    doctor.server.faults.answer(r"GET .*/permissions\?", {"value": [{"actions": ["Microsoft.Compute/*"]}]}, times=None)
    answer = gate(doctor, "--schedule", "mc-tonight")
    assert answer.code in (1, 3), "never a go"


def test_where_arm_does_not_list_assignments_the_verdict_says_whose_word_it_is(serve: Serve, gate: Gate) -> None:
    doctor = serve(estate=tonight(120))
    doctor.server.faults.fail(
        r"GET /subscriptions/[^/]+/providers/Microsoft.Maintenance/configurationAssignments",
        404,
        None,
        code="NotImplemented",
    )
    answer = gate(doctor, "--schedule", "mc-tonight")
    assert answer.code == 0
    assert "told by Resource Graph, which lags" in " ".join(answer.out.split())


def test_a_schedule_whose_machines_are_elsewhere_is_no_go_ahead(serve: Serve, gate: Gate) -> None:
    state = with_hub(120)
    hub = list(state.subscriptions)[1]
    doctor = serve(estate=state)
    doctor.connection()
    server = doctor.server
    reach = ("--auth", "token", "--arm-endpoint", server.endpoint, "--ca-bundle", server.ca_file)
    (configuration,) = state.configurations.values()
    assert main(("gate", "--schedule", configuration["id"], "--subscription", hub, "-q", *reach)) in (2, 3)


def test_what_was_not_read_before_the_deadline_is_unknown(serve: Serve, gate: Gate) -> None:
    now = datetime.now(UTC)
    state = tonight(120, machines=1)
    server_id = add_arc(state, resource_group="rg-onprem", name="srv-1", os_type="Windows", assessed=now)
    (configuration,) = state.configurations.values()
    assign(state, server_id, configuration["id"])
    doctor = serve(estate=state)
    doctor.server.faults.slow(r"GET .*/machines/srv-1\?", 30)
    answer = gate(doctor, "--schedule", "mc-tonight", "--timeout", "4")
    assert answer.code == 3


@pytest.mark.parametrize("machines", [20, 60])
def test_it_reads_a_machine_once_and_the_rest_a_constant_number_of_times(
    serve: Serve, gate: Gate, machines: int
) -> None:
    doctor = serve(estate=tonight(120, machines=machines))
    assert gate(doctor, "--schedule", "mc-tonight").code == 0
    single = [
        re.sub(r"\?.*", "", request.path)
        for request in doctor.server.requests
        if re.search(r"/virtualMachines/vm-\d+", request.path, re.IGNORECASE)
    ]
    assert len(single) == len(set(single)) == machines
    others = len(doctor.server.requests) - machines
    assert others <= 40


def test_several_outputs_of_one_run_agree(serve: Serve, gate: Gate, tmp_path: Path) -> None:
    state = tonight(120)
    break_patch_mode(state)
    answer = gate(
        serve(estate=state),
        *("--schedule", "mc-tonight", "-o", "junit=gate.xml", "-o", "github=gh.txt", "-o", "azdo=az.txt"),
        *("-o", "json=gate.json", "-o", "table"),
    )
    assert answer.code == 1
    assert answer.out.startswith("NO-GO: ")
    report = json.loads((tmp_path / "gate.json").read_text())
    suites = ET.fromstring((tmp_path / "gate.xml").read_text())
    assert (report["exit_code"], report["verdict"]) == (1, "no-go")
    assert suites.get("failures") == "2", "the machine, and the verdict"
    assert (tmp_path / "gh.txt").read_text().startswith("::error title=AUM030 ")
    assert (tmp_path / "az.txt").read_text().startswith("##vso[task.logissue type=error;code=AUM030]")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "which windows"),
        (("--schedule", "mc-tonigth"), "mc-tonight"),
        (("--within", "soon"), "--within soon"),
        (("--within", "4h", "--max-blocked", "half"), "--max-blocked half"),
        (("--within", "4h", "--max-blocked", "101%"), "--max-blocked 101%"),
        (("--within", "4h", "-o", "sarif"), "no such output"),
        (("--machine", "vm-9999"), "vm-9999"),
        (("--within", "9999d"), "--within 9999d"),
        (("--within", "4h", "--warn-from", "1h"), "out of order"),
        (("--within", "4h", "--require-fresh", "0m"), "--require-fresh 0m"),
        (("--within", "4h", "--yes"), "--yes confirms"),
        (("--within", "4h", "-o", "json=a.json", "-o", "junit=a.json"), "another output"),
    ],
)
def test_wrong_usage_says_what_to_do(serve: Serve, gate: Gate, arguments: tuple[str, ...], words: str) -> None:
    answer = gate(serve(estate=tonight(120, machines=1)), *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert "next step" in answer.err


def test_a_schedule_that_cannot_be_read_is_unknown_and_quoted(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    (configuration,) = state.configurations.values()
    configuration["properties"]["maintenanceWindow"]["recurEvery"] = "1Weak Monday"
    answer = gate(serve(estate=state), "--within", "4h")
    assert answer.code == 3
    assert "Weak" in answer.out


def test_an_expired_schedule_is_no_go(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    (configuration,) = state.configurations.values()
    configuration["properties"]["maintenanceWindow"]["expirationDateTime"] = "2020-01-01 00:00"
    answer = gate(serve(estate=state), "--schedule", "mc-tonight")
    assert answer.code == 1
    assert "no window to come" in answer.out
    assert gate(serve(estate=state), "--schedule", "mc-tonight", "--within", "4h").code == 1


def test_a_machine_that_the_schedule_does_not_reach_is_no_go(serve: Serve, gate: Gate) -> None:
    state = tonight(120)
    add_configuration(state, schedule=Schedule("mc-other", "UTC", "1Day", "03:00", "02:00"))
    doctor = serve(estate=state)
    assert gate(doctor, "--machine", "vm-0000", "--schedule", "mc-other").code == 1


def test_a_window_that_is_open_is_not_one_that_begins(serve: Serve, gate: Gate) -> None:
    state = tonight(-30)
    break_patch_mode(state)
    doctor = serve(estate=state)
    assert gate(doctor, "--within", "1h").code == 0
    assert gate(doctor, "--schedule", "mc-tonight").code == 1


@pytest.mark.parametrize("narrowing", ["--resource-group", "--machine"])
def test_a_run_is_not_cancelled_on_a_verdict_about_some_machines(
    serve: Serve, gate: Gate, narrowing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tonight(20)
    break_patch_mode(state)
    doctor = serve(estate=state)
    value = {"--resource-group": "rg-web", "--machine": "vm-0000"}[narrowing]
    assert gate(doctor, "--schedule", "mc-tonight", "--cancel-run", "--yes", narrowing, value).code == 2
    monkeypatch.setenv("AUMDOCTOR_" + narrowing.strip("-").upper().replace("-", "_"), value)
    assert gate(doctor, "--schedule", "mc-tonight", "--cancel-run", "--yes").code == 2
    assert doctor.writes == []
