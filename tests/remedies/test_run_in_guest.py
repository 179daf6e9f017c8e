"""Scripts of remedies as requests to Azure: made out only for who names them, believed only by their last line."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aumdoctor.guest.issues
from aumdoctor.checks.registry import CHECKS
from aumdoctor.model.finding import Confidence, Finding, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.remedies.catalogue import BY_NAME, remedies_for
from aumdoctor.remedies.in_guest import every_guest_remedy, guest_remedies, guest_remedy
from aumdoctor.remedies.inverse import inverse_of
from aumdoctor.remedies.plan import ONLY_WHEN_NAMED, PlannedAction, action_id, changes_of, reading_of
from aumdoctor.remedies.remedy import ArmCall, Remedy, Risk
from aumdoctor.remedies.run_in_guest import is_run, is_trace, script_of, scripted, told
from tests.builders import arc_machine, azure_vm, estate

WINDOWS, LINUX, SERVER = azure_vm(), azure_vm(os_type="Linux"), arc_machine()


def finding(machine: Machine, **details: str) -> Finding:
    return Finding(
        check="AUM027",
        name="x",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        resource_id=machine.id,
        message="",
        evidence=(),
        machines=(machine.id,),
        details=details,
    )


def made_out(name: str, machine: Machine, **details: str) -> Remedy:
    remedy = BY_NAME[name].prescribe(finding(machine, **details), estate(machine))
    assert remedy is not None
    return remedy


def planned(call: ArmCall, name: str) -> PlannedAction:
    return PlannedAction(
        id=action_id(call),
        remedy=name,
        title=name,
        risk=Risk.CONSENT,
        reversible=True,
        call=call,
        az=call.az_rest,
        target=reading_of(call),
        machines=(),
        findings=(),
        changes=changes_of(call),
    )


# What is asked of Azure.


def test_a_vm_is_asked_by_the_action_and_assessed_afterwards() -> None:
    run, assess = made_out("clear-wsus-pointer", WINDOWS).calls
    assert (run.method, run.path, run.api_version) == ("POST", f"{WINDOWS.id}/runCommand", "2024-07-01")
    assert run.body is not None
    assert run.body["commandId"] == "RunPowerShellScript"
    assert "\n".join(run.body["script"]) == guest_remedies()["clear-wsus-pointer"].run
    assert assess.path == f"{WINDOWS.id}/assessPatches"
    shell = made_out("repair-sudo", LINUX).calls[0].body
    assert shell is not None
    assert (shell["commandId"], shell["script"][0]) == ("RunShellScript", "#!/bin/sh")


def test_an_arc_enabled_server_gets_a_run_command_of_its_own_name_which_is_deleted_again() -> None:
    seen = estate(SERVER)
    put, delete, assess = made_out("clear-wsus-pointer", SERVER).calls
    name = f"aumdoctor-clear-wsus-pointer-{seen.collected_at:%Y%m%d%H%M%S}"
    assert (put.method, put.path) == ("PUT", f"{SERVER.id}/runCommands/{name}")
    assert (delete.method, delete.path) == ("DELETE", put.path)
    assert (put.api_version, delete.api_version) == ("2025-01-13", "2025-01-13")
    assert put.body is not None
    assert put.body["location"] == SERVER.location
    assert put.body["properties"]["source"] == {"script": guest_remedies()["clear-wsus-pointer"].run}
    assert put.body["properties"]["asyncExecution"] is False
    assert assess.path.endswith("/assessPatches")
    assert changes_of(put) == {}


@pytest.mark.parametrize("name", sorted(scripted()))
def test_a_script_is_for_its_own_system(name: str) -> None:
    for machine in (WINDOWS, LINUX):
        inside = guest_remedy(name, machine.os_type)
        made = BY_NAME[name].prescribe(finding(machine), estate(machine))
        assert (made is not None) == (inside is not None and bool(inside.run))
    unknown = azure_vm(os_type=None)
    assert BY_NAME[name].prescribe(finding(unknown), estate(unknown)) is None


@pytest.mark.parametrize("name", sorted(scripted()))
def test_it_is_planned_only_when_named_and_its_risk_is_not_hidden(name: str) -> None:
    assert name in ONLY_WHEN_NAMED
    assert BY_NAME[name].risk in (Risk.CONSENT, Risk.DISRUPTIVE, Risk.PRIVILEGE)


def test_nothing_of_azure_or_the_machine_gets_into_a_script() -> None:
    hostile = "x'; Remove-Item C:\\ #$(reboot)`"
    machine = azure_vm(hostile, resource_group=hostile)
    for name in sorted(scripted()):
        for call in getattr(BY_NAME[name].prescribe(finding(machine), estate(machine)), "calls", ()):
            assert hostile not in json.dumps(call.body)


def test_findings_offer_a_script_without_its_text() -> None:
    [check] = [each for each in CHECKS if each.id == "AUM027"]
    offered = {each.name: each for each in remedies_for(finding(WINDOWS), check, estate(WINDOWS))}
    assert list(offered) == ["correct-wsus-pointer", "clear-wsus-pointer", "assess-now"]
    script = offered["clear-wsus-pointer"]
    assert (script.calls, script.az) == ((), ())
    assert "--remedy clear-wsus-pointer" in script.steps[-1]


@pytest.mark.parametrize(
    ("details", "chosen"),
    [
        ({}, {"classificationsToInclude": ["Critical", "Security", "UpdateRollUp"]}),
        ({"kb": "KB5065432"}, {"kbNumbersToInclude": ["5065432"]}),
        ({"kb": "5065432"}, {"kbNumbersToInclude": ["5065432"]}),
        ({"kb": "KB1; reboot"}, {"classificationsToInclude": ["Critical", "Security", "UpdateRollUp"]}),
    ],
)
@pytest.mark.parametrize("machine", [WINDOWS, SERVER])
def test_an_update_is_installed_by_its_number_or_by_classification(
    machine: Machine, details: dict[str, str], chosen: dict[str, list[str]]
) -> None:
    [call] = made_out("install-cumulative-update", machine, **details).calls
    assert call.path == f"{machine.id}/installPatches"
    assert call.body == {"maximumDuration": "PT3H55M", "rebootSetting": "IfRequired", "windowsParameters": chosen}
    assert BY_NAME["install-cumulative-update"].prescribe(finding(LINUX), estate(LINUX)) is None


# The way back.


def test_undo_runs_the_script_of_undo_in_the_same_machine() -> None:
    for machine in (WINDOWS, SERVER):
        for call in made_out("clear-wsus-pointer", machine).calls:
            inverse = inverse_of(planned(call, "clear-wsus-pointer"), None)
            assert inverse.why_not == ""
            if not is_run(call):
                assert inverse.calls == ()
                continue
            first = inverse.calls[0]
            assert is_run(first)
            assert guest_remedies()["clear-wsus-pointer"].undo in "\n".join(texts(first.body))
            assert [is_trace(each) for each in inverse.calls[1:]] == ([True] if machine is SERVER else [])
            assert (first.path == call.path) == (machine is WINDOWS)


def test_of_a_remedy_for_both_systems_the_right_one_is_taken_back() -> None:
    for machine, system in ((WINDOWS, "windows"), (LINUX, "linux"), (arc_machine(os_type="Linux"), "linux")):
        call = made_out("stop-automatic-updates", machine).calls[0]
        inside = guest_remedy("stop-automatic-updates", system)
        assert inside is not None
        assert inside.undo in "\n".join(texts(inverse_of(planned(call, "stop-automatic-updates"), None).calls[0].body))


@pytest.mark.parametrize("name", ["restart-update-service", "a-remedy-of-the-future"])
def test_what_has_no_way_back_says_so(name: str) -> None:
    call = made_out("restart-update-service", WINDOWS).calls[0]
    assert "cannot be taken back" in inverse_of(planned(call, name), None).why_not


def test_an_assessment_of_its_own_still_says_that_there_is_nothing_to_put_back() -> None:
    call = ArmCall(method="POST", path=f"{WINDOWS.id}/assessPatches", api_version="2024-07-01")
    assert "changes nothing" in inverse_of(planned(call, "assess-now"), None).why_not


def texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        yield "\n".join(each for each in body if isinstance(each, str))
    elif isinstance(body, dict):
        for value in body.values():
            yield from texts(value)


# What a script says.

BEFORE = '{"remedy":"x","step":"before","values":{"start":"4","same":"1"}}'
AFTER = '{"remedy":"x","step":"after","values":{"start":"3","same":"1"}}'
END = '{"remedy":"x","step":"end","state":"changed","said":"done"}'
PRINTED = f"{BEFORE}\n{AFTER}\n{END}\n"
FORMS = {
    "windows": {"value": [{"code": "ComponentStatus/StdOut/succeeded", "message": PRINTED}, {"message": ""}]},
    "linux": {"value": [{"message": f"Enable succeeded: \n[stdout]\n{PRINTED}\n[stderr]\n"}]},
    "operation": {
        "status": "Succeeded",
        "properties": {"output": {"value": [{"message": PRINTED.replace("\n", "\r\n")}]}},
    },
    "managed": {"properties": {"source": {"script": END}, "instanceView": {"output": PRINTED, "error": ""}}},
}


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_is_read_in_every_form(form: str) -> None:
    found = told(FORMS[form])
    assert found is not None
    assert (found.state, found.said, found.differences) == ("changed", "done", "start: 4 -> 3")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"value": [{"message": "This is a sample script"}]},
        {"value": [{"message": f"{BEFORE}\n{AFTER}\n"}]},
        {"value": [{"message": END[:-5]}]},
        {"properties": {"source": {"script": END}, "instanceView": {"output": "", "error": ""}}},
    ],
)
def test_without_its_last_line_nothing_is_known(answer: Any) -> None:
    assert told(answer) is None


@given(
    st.recursive(
        st.none() | st.text() | st.just(PRINTED) | st.integers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["value", "message", "output", "source", "x"]), inner)
        ),
    )
)
def test_no_answer_is_too_odd(answer: Any) -> None:
    found = told(answer)
    assert found is None or found.state == "changed"


@given(st.text())
def test_no_line_is_too_odd(line: str) -> None:
    told({"output": f'{{"remedy":{line}\n{line}'})


# The form.


def test_every_remedy_says_what_to_do() -> None:
    for each in every_guest_remedy():
        assert each.title[0].isupper()
        assert not each.title.endswith(".")
        assert each.source
        assert each.run or each.steps
        assert all(step == step.strip() and step for step in each.steps)


def test_one_remedy_may_be_for_both_systems() -> None:
    assert guest_remedies()["stop-automatic-updates"].system == "windows"
    for system in ("windows", "linux", "Linux"):
        found = guest_remedy("stop-automatic-updates", system)
        assert found is not None
        assert found.system == system.lower()
    assert guest_remedy("repair-sudo", "windows") is None
    both = guest_remedy("free-disk-space", "linux")
    assert both is not None
    assert both.system is None


def test_network_level_authentication_warns_of_who_is_shut_out() -> None:
    text = " ".join(guest_remedies()["require-network-level-authentication"].steps)
    assert "expired password" in text
    assert "CredSSP" in text


def named_by_issues() -> Iterator[tuple[str, str]]:
    """The names in `remedies=` of the guest's issues, with their files."""
    for path in sorted(Path(aumdoctor.guest.issues.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "remedies":
                for each in ast.walk(node.value):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str) and "-" in each.value:
                        yield path.name, each.value


def test_every_remedy_that_an_issue_names_exists() -> None:
    known = guest_remedies().keys() | BY_NAME.keys()
    assert {(path, name) for path, name in named_by_issues() if name not in known} == set()


def test_the_script_of_a_request_can_be_shown() -> None:
    for machine in (WINDOWS, SERVER):
        shown = [script_of(call) for call in made_out("clear-wsus-pointer", machine).calls if is_run(call)]
        assert shown == [guest_remedies()["clear-wsus-pointer"].run]
    assert script_of(ArmCall(method="POST", path="/x/assessPatches", api_version="2024-07-01")) == ""
