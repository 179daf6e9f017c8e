"""What is asked of Run Command, and what its answers hold."""

from __future__ import annotations

from typing import Any

import pytest

from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.run_command import Command, Form, actions_of, is_busy, new_name, texts_of

VM = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-1"
ARC = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/srv-1"


def command(form: Form, machine: str = VM, *, windows: bool = False) -> Command:
    return Command(
        machine_id=machine,
        form=form,
        windows=windows,
        script="echo a\necho b\n",
        purpose="probe",
        location="westeurope",
        name="aumdoctor-1",
    )


@pytest.mark.parametrize(("windows", "name"), [(False, "RunShellScript"), (True, "RunPowerShellScript")])
def test_the_action_has_the_lines_of_the_script(windows: bool, name: str) -> None:
    (action,) = actions_of(command(Form.ACTION, windows=windows))
    assert (action.call.method, action.call.path) == ("POST", f"{VM}/runCommand")
    assert action.call.body == {"commandId": name, "script": ["echo a", "echo b", ""]}
    assert action.permission == "Microsoft.Compute/virtualMachines/runCommand/action"


@pytest.mark.parametrize(
    ("form", "machine", "kind", "version"),
    [
        (Form.MANAGED, VM, "Microsoft.Compute/virtualMachines", "2024-07-01"),
        (Form.ARC, ARC, "Microsoft.HybridCompute/machines", "2025-01-13"),
    ],
)
def test_a_managed_run_command_is_made_and_deleted(form: Form, machine: str, kind: str, version: str) -> None:
    made, gone = actions_of(command(form, machine))
    assert (made.call.method, gone.call.method) == ("PUT", "DELETE")
    assert made.call.path == gone.call.path == f"{machine}/runCommands/aumdoctor-1"
    assert made.call.api_version == gone.call.api_version == version
    assert made.call.body is not None
    assert made.call.body["location"] == "westeurope"
    assert made.call.body["properties"]["source"] == {"script": "echo a\necho b\n"}
    assert made.call.body["properties"]["timeoutInSeconds"] == 300
    assert (made.permission, gone.permission) == (f"{kind}/runCommands/write", f"{kind}/runCommands/delete")


def test_names_differ_and_are_such_as_azure_takes() -> None:
    names = {new_name() for _ in range(50)}
    assert len(names) == 50
    assert all(name.replace("-", "").isalnum() for name in names)


@pytest.mark.parametrize(
    ("answer", "output", "errors"),
    [
        (
            {
                "value": [
                    {
                        "code": "ProvisioningState/succeeded",
                        "message": "Enable succeeded: \n[stdout]\na\nb\n\n[stderr]\nc\n",
                    }
                ]
            },
            "a\nb\n",
            "c\n",
        ),
        (
            {"value": [{"code": "ProvisioningState/succeeded", "message": "Enable succeeded: \n[stdout]\n[stderr]\n"}]},
            "",
            "",
        ),
        ({"value": [3, {"code": "ProvisioningState/succeeded", "message": "[stdout]\ncut off"}]}, "cut off", ""),
        ({"value": [{"code": "ProvisioningState/succeeded", "message": "no marks"}]}, "no marks", ""),
        (
            {
                "value": [
                    {"code": "ComponentStatus/StdOut/succeeded", "message": "a"},
                    {"code": "ComponentStatus/StdErr/succeeded", "message": "b"},
                ]
            },
            "a",
            "b",
        ),
        ({"properties": {"instanceView": {"output": "a", "error": "b"}}}, "a", "b"),
        ({"properties": {"instanceView": {"output": None}}}, "", ""),
        ({"value": None}, "", ""),
        ({}, "", ""),
        ([], "", ""),
        (None, "", ""),
    ],
)
def test_the_outputs_are_found_in_every_form(answer: Any, output: str, errors: str) -> None:
    assert texts_of(answer) == (output, errors)


@pytest.mark.parametrize(
    ("status", "code", "message", "busy"),
    [
        (409, "Conflict", "Run command extension execution is in progress. Please wait for completion", True),
        (409, "Conflict", "The request failed due to conflict with a concurrent request.", True),
        (409, "HCRP409", "The operation could not be performed, as another one is in progress.", True),
        (409, "AnotherOperationInProgress", "", True),
        (409, "OperationNotAllowed", "The operation requires the VM to be running (or set to run).", False),
        (409, "ScopeLocked", "another operation", False),
        (400, "Conflict", "in progress", False),
    ],
)
def test_only_what_passes_is_waited_for(status: int, code: str, message: str, busy: bool) -> None:
    assert is_busy(ReadFailure(code, message, status=status)) is busy
