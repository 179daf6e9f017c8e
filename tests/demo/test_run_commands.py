"""The demo's Run Command answers as the service does."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from aumdoctor.demo.estate import DemoEstate, add_arc, add_vm, empty_estate
from aumdoctor.demo.machines import set_power
from aumdoctor.demo.server import DemoServer, run_in_thread
from aumdoctor.demo.state import key
from aumdoctor.guest.readers.probe import PROBE
from aumdoctor.guest.scripts import probe_script
from aumdoctor.model.guest import Damage, Observation, State
from tests.demo.conftest import NOW, Caller
from tests.guest.artefacts import artefact


@pytest.fixture
def state() -> DemoEstate:
    return empty_estate(NOW)


@pytest.fixture
def server(state: DemoEstate) -> Iterator[DemoServer]:
    with run_in_thread(estate=state, retry_after=0.02) as running:
        yield running


@pytest.fixture
def arm(server: DemoServer) -> Iterator[Caller]:
    caller = Caller(server)
    yield caller
    caller.session.close()


def printed(state: DemoEstate, machine_id: str, *, windows: bool) -> str:
    from aumdoctor.demo.guests import printed as prints

    return prints(state, state.machine(machine_id), probe_script(windows=windows), NOW)


@pytest.mark.parametrize("os_type", ["Linux", "Windows"])
@pytest.mark.parametrize("add", [add_vm, add_arc])
def test_a_healthy_machine_answers_that_nothing_is_wrong(state: DemoEstate, os_type: str, add: object) -> None:
    machine = add(state, os_type=os_type)  # type: ignore[operator]
    output = printed(state, machine, windows=os_type == "Windows")
    assert len(output) < 4000
    records = list(PROBE.read(artefact("probe", output)))
    assert not [record for record in records if isinstance(record, Damage)]
    assert {each.state for each in records if isinstance(each, Observation)} <= {State.OK, State.UNKNOWN}


@pytest.mark.parametrize(
    ("check", "os_type", "subject"),
    [
        ("AUM017", "Linux", "sudo"),
        ("AUM136", "Linux", "sudo"),
        ("AUM023", "Linux", "auto-assess-timer"),
        ("AUM024", "Linux", "repository"),
        ("AUM025", "Windows", "update-endpoint"),
        ("AUM026", "Windows", "update-access"),
        ("AUM027", "Windows", "wsus"),
        ("AUM028", "Windows", "software-distribution"),
    ],
)
def test_the_guests_side_of_what_is_planted_is_answered(
    state: DemoEstate, check: str, os_type: str, subject: str
) -> None:
    machine = add_vm(state, os_type=os_type)
    state.planted.add((check, key(machine)))
    records = list(PROBE.read(artefact("probe", printed(state, machine, windows=os_type == "Windows"))))
    found = {each.subject for each in records if isinstance(each, Observation) and each.state is not State.OK}
    assert subject in found


def test_a_second_script_is_refused_while_one_runs(state: DemoEstate, arm: Caller) -> None:
    machine = add_vm(state, os_type="Linux")
    body = {"commandId": "RunShellScript", "script": ["id"]}
    assert arm("POST", f"{machine}/runCommand", body).status == 202
    refused = arm("POST", f"{machine}/runCommand", body)
    assert refused.status == 409
    assert "Run command extension execution is in progress" in refused.body["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"commandId": "RunPowerShellScript", "script": ["x"]}, 400),
        ({"commandId": "Nothing"}, 404),
    ],
)
def test_what_cannot_be_run_is_refused(state: DemoEstate, arm: Caller, body: dict[str, object], status: int) -> None:
    assert arm("POST", f"{add_vm(state, os_type='Linux')}/runCommand", body).status == status


def test_a_machine_that_is_off_runs_nothing(state: DemoEstate, arm: Caller) -> None:
    machine = add_vm(state, os_type="Linux")
    set_power(state, machine, "deallocated")
    assert arm("POST", f"{machine}/runCommand", {"commandId": "RunShellScript", "script": ["id"]}).status == 409


def test_a_managed_run_command_lives_from_put_to_delete(state: DemoEstate, server: DemoServer, arm: Caller) -> None:
    machine = add_vm(state, os_type="Linux")
    path = f"{machine}/runCommands/one"
    body = {"location": "westeurope", "properties": {"source": {"script": probe_script(windows=False)}}}
    assert arm("GET", path).status == 404
    assert arm("PUT", path, {"location": "westeurope"}).status == 400
    made = arm("PUT", path, body)
    assert (made.status, made.body["properties"]["provisioningState"]) == (201, "Creating")
    server.settle()
    assert "instanceView" not in arm("GET", path).body["properties"]
    view = arm("GET", f"{path}?$expand=instanceView").body["properties"]["instanceView"]
    assert view["executionState"] == "Succeeded"
    assert json.loads(view["output"].splitlines()[-1])["c"] == "end"
    assert [each["name"] for each in arm("GET", f"{machine}/runCommands").body["value"]] == ["one"]
    assert arm("DELETE", path).status == 202
    server.settle()
    assert arm("GET", path).status == 404
    assert arm("DELETE", path).status == 204


def test_that_of_an_arc_server_shows_its_view_without_being_asked(
    state: DemoEstate, server: DemoServer, arm: Caller
) -> None:
    path = f"{add_arc(state, os_type='Linux')}/runCommands/one"
    arm("PUT", path, {"location": "westeurope", "properties": {"source": {"script": "id"}}})
    server.settle()
    assert arm("GET", path).body["properties"]["instanceView"]["executionState"] == "Succeeded"
