"""The demo's Run Command: the action of VMs, and the managed form of VMs and Arc-enabled servers.

No script is run. The scripts of aumdoctor are known by their first lines, and answered as `aumdoctor.demo.guests` has
it; any other prints nothing. One at a time, and the last 4,096 bytes of what it printed, as the service has it.
"""

from __future__ import annotations

from typing import Any

from aumdoctor.demo import effects, guests, operations
from aumdoctor.demo.compute import ARC, VM, machine_of
from aumdoctor.demo.machines import is_arc, os_type_of
from aumdoctor.demo.state import COMPUTE, HYBRID, Wire, key, timestamp
from aumdoctor.demo.web import Answer, ArmError, Call, Route, not_found, route

_KEPT = 4096
_COMMANDS = {"Linux": "RunShellScript", "Windows": "RunPowerShellScript"}


def run(call: Call) -> Answer:
    """The action: a long-running operation whose result is what the script printed."""
    vm = machine_of(call)
    body = call.json()
    command = body.get("commandId")
    if not command:
        raise ArmError(400, "InvalidParameter", "Required parameter 'commandId' is missing (null).", target="commandId")
    if command not in _COMMANDS.values():
        raise ArmError(404, "NotFound", f"The entity {command} was not found in this location.")
    if command != _COMMANDS[os_type_of(vm)]:
        raise ArmError(400, "BadRequest", f"The command {command} is not for {os_type_of(vm)}.", target="commandId")
    effects.refuse_unless_reachable(vm)
    _refuse_second(call, vm)
    lines = body.get("script") or []
    script = "\n".join(lines) if isinstance(lines, list) else str(lines)

    def act() -> Wire:
        return {"value": _statuses(vm, _kept(guests.printed(call.state, vm, script, call.azure.now())))}

    failure = effects.agent_failure(vm)
    return Answer(202, headers=operations.begin(call, vm, act, failure=failure, writes_model=False))


def _refuse_second(call: Call, machine: Wire) -> None:
    """Raise ArmError 409 while another script, or anything else, goes on with the machine."""
    if any(operation.kind == "runCommand" for operation in operations.running(call.azure, machine["id"])):
        raise ArmError(
            409,
            "Conflict",
            "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
        )
    operations.refuse_while_busy(call, machine)


def _kept(output: str) -> str:
    return output.encode()[-_KEPT:].decode(errors="replace")


def _statuses(machine: Wire, output: str) -> list[Wire]:
    if os_type_of(machine) == "Linux":
        codes = {"ProvisioningState/succeeded": f"Enable succeeded: \n[stdout]\n{output}\n[stderr]\n"}
    else:
        codes = {"ComponentStatus/StdOut/succeeded": output, "ComponentStatus/StdErr/succeeded": ""}
    return [
        {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": text}
        for code, text in codes.items()
    ]


def _id(call: Call, machine: Wire) -> str:
    return f"{machine['id']}/runCommands/{call.parts['command']}"


def put(call: Call) -> Answer:
    """Make a run command: its script runs while it is `Creating`; run again where it was there already."""
    machine = machine_of(call)
    body = call.json()
    source = (body.get("properties") or {}).get("source") or {}
    if not body.get("location") or not source.get("script"):
        name = "location" if not body.get("location") else "source"
        raise ArmError(400, "InvalidParameter", f"Required parameter '{name}' is missing (null).", target=name)
    effects.refuse_unless_reachable(machine)
    operations.refuse_while_busy(call, machine)
    command_id = _id(call, machine)
    made: Wire = {
        "id": command_id,
        "name": call.parts["command"],
        "type": f"{machine['type']}/runCommands",
        "location": body["location"],
        "properties": {
            **body["properties"],
            "provisioningState": "Creating",
            "instanceView": {"executionState": "Pending", "exitCode": 0, "output": "", "error": ""},
        },
    }
    call.state.run_commands[key(command_id)] = made
    began = call.azure.now()

    def act() -> None:
        properties = made["properties"]
        properties["provisioningState"] = "Succeeded"
        properties["instanceView"] = {
            "executionState": "Succeeded",
            "executionMessage": "",
            "exitCode": 0,
            "output": _kept(guests.printed(call.state, machine, source["script"], call.azure.now())),
            "error": "",
            "startTime": timestamp(began),
            "endTime": timestamp(call.azure.now()),
            "statuses": [],
        }

    def undo() -> None:
        made["properties"]["provisioningState"] = "Failed"

    failure = effects.agent_failure(machine)
    headers = operations.begin(call, machine, act, failure=failure, writes_model=False, undo=undo)
    return Answer(201, body=_shown(call, made), headers=headers)


def _shown(call: Call, command: Wire) -> Wire:
    """A run command without its view, which Compute shows only where it is asked for, and Arc always."""
    if "/microsoft.hybridcompute/" in call.path.lower() or call.query.get("$expand", "").lower() == "instanceview":
        return command
    properties: dict[str, Any] = {
        name: value for name, value in command["properties"].items() if name != "instanceView"
    }
    return command | {"properties": properties}


def _found(call: Call) -> Wire:
    machine = machine_of(call)
    found = call.state.run_commands.get(key(_id(call, machine)))
    if found is None:
        raise not_found(_id(call, machine))
    return found


def get(call: Call) -> Answer:
    """A run command."""
    operations.look(call.azure, machine_of(call)["id"])
    return Answer(body=_shown(call, _found(call)))


def list_all(call: Call) -> Answer:
    """The run commands of a machine."""
    prefix = f"{key(machine_of(call)['id'])}/runcommands/"
    found = [command for name, command in call.state.run_commands.items() if name.startswith(prefix)]
    return Answer(body={"value": [_shown(call, command) for command in found]})


def delete(call: Call) -> Answer:
    """Take a run command away; 204 where there is none."""
    machine = machine_of(call)
    command_id = key(_id(call, machine))
    if command_id not in call.state.run_commands:
        return Answer(204)
    operations.refuse_while_busy(call, machine)

    def act() -> None:
        call.state.run_commands.pop(command_id, None)

    headers = operations.begin(call, machine, act, writes_model=False)
    if is_arc(machine):
        del headers["Azure-AsyncOperation"]
    return Answer(202, headers=headers)


def _managed(machine: str, type_: str, get_policy: str | None, update_policy: str | None) -> tuple[Route, ...]:
    one, right = f"{machine}/runCommands/{{command}}", f"{type_}/runCommands"
    return (
        route("GET", f"{machine}/runCommands", f"{right}/read", list_all, get_policy),
        route("GET", one, f"{right}/read", get, get_policy),
        route("PUT", one, f"{right}/write", put, update_policy),
        route("DELETE", one, f"{right}/delete", delete, update_policy),
    )


ROUTES: tuple[Route, ...] = (
    route("POST", f"{VM}/runCommand", f"{COMPUTE}/runCommand/action", run, "UpdateVM"),
    *_managed(VM, COMPUTE, "LowCostGet", "UpdateVM"),
    *_managed(ARC, HYBRID, None, None),
)
