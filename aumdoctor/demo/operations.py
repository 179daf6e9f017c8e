"""What goes on after it was accepted: long-running operations, registrations of providers, remediation tasks.

An operation takes effect when it ends. It ends when somebody has asked about it often enough (its status, or the
resource itself), or some seconds after it began where nobody asks. While one goes on, a VM or an Arc-enabled server
refuses another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aumdoctor.demo.machines import is_arc, provisioned_status
from aumdoctor.demo.state import Wire, key, stable_guid, timestamp
from aumdoctor.demo.web import Answer, ArmError, Azure, Call, Operation

SECONDS_UNASKED = 10.0
"""After which an operation ends that nobody asks about."""


def start(
    call: Call, target: str, act: Callable[[], Any], *, failure: Wire | None = None, ended: Callable[[bool], None]
) -> Operation:
    """Accept something that a request begins; `failure` is the error with which it ends where that is known already."""
    azure = call.azure
    operation = Operation(
        id=stable_guid(call.path, call.method, len(azure.operations)),
        target=key(target),
        kind=call.path.rstrip("/").rsplit("/", 1)[-1] if call.method == "POST" else call.method,
        polls_left=azure.operation_polls,
        ends_at=time.monotonic() + SECONDS_UNASKED + azure.operation_polls * azure.retry_after,
        started=azure.now(),
        act=act,
        ended=ended,
        held_by=next((fault for fault in call.struck if fault.never_ends), None),
    )
    told = next((fault.fails for fault in call.struck if fault.fails is not None), None)
    if told is not None or failure is not None:
        operation.act = _failing(*(told or ("Failed", failure)))
    azure.operations[operation.id] = operation
    azure.running.append(operation)
    if azure.operation_polls == 0:
        _advance(azure, operation)
    return operation


class _EndsError(Exception):
    def __init__(self, status: str, error: Wire) -> None:
        super().__init__(status)
        self.status, self.error = status, error


def _failing(status: str, error: Wire | None) -> Callable[[], Any]:
    def act() -> Any:
        raise _EndsError(status, error or {})

    return act


def _advance(azure: Azure, operation: Operation, *, at_once: bool = False) -> None:
    """Count a question about an operation, or end it at once."""
    if operation.status != "InProgress" or (operation.held_by is not None and not operation.held_by.is_released):
        return
    if operation.polls_left > 0 and not at_once:
        operation.polls_left -= 1
        return
    azure.running = [running for running in azure.running if running is not operation]
    try:
        operation.result = operation.act()
        operation.status = "Succeeded"
    except _EndsError as end:
        operation.status, operation.error = end.status, end.error
    except ArmError as refusal:
        operation.status, operation.error = "Failed", refusal.body["error"]
    operation.ended(operation.status == "Succeeded")


def settle(azure: Azure, *, at_once: bool = False) -> None:
    """End what nobody has asked about for long; with `at_once` everything that can end."""
    now = time.monotonic()
    for operation in azure.running:
        if at_once or now >= operation.ends_at:
            _advance(azure, operation, at_once=True)


def look(azure: Azure, target: str) -> None:
    """Somebody reads a resource: that counts as a question about what goes on with it."""
    for operation in azure.running:
        if operation.target == key(target):
            _advance(azure, operation)


def running(azure: Azure, target: str) -> list[Operation]:
    """What goes on with a resource."""
    return [operation for operation in azure.running if operation.target == key(target)]


def refuse_while_busy(call: Call, machine: Wire) -> None:
    """Raise ArmError 409 where another operation on the machine has not ended."""
    if not running(call.azure, machine["id"]):
        return
    if is_arc(machine):
        raise ArmError(409, "HCRP409", "The operation could not be performed, as another one is in progress.")
    raise ArmError(
        409,
        "Conflict",
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
        "https://aka.ms/activitylog to get more details on the conflicting requests.",
    )


def begin(
    call: Call,
    machine: Wire,
    act: Callable[[], Any],
    *,
    failure: Wire | None = None,
    writes_model: bool = True,
    undo: Callable[[], Any] | None = None,
) -> dict[str, str]:
    """Begin an operation on a machine; returns the headers by which it is followed.

    A VM is `Updating` meanwhile. Afterwards it is `Succeeded` or `Failed` where the operation writes its model, and
    else as it was before. `undo` takes back what was shown meanwhile where the operation fails.
    """
    finish = None if is_arc(machine) else _updating(call.azure, machine, writes_model)

    def ended(succeeded: bool) -> None:
        if undo is not None and not succeeded:
            undo()
        if finish is not None:
            finish(succeeded)

    operation = start(call, machine["id"], act, failure=failure, ended=ended)
    namespace = str(machine["type"]).split("/", 1)[0]
    path = (
        f"/subscriptions/{call.parts['subscription']}/providers/{namespace}/locations/{machine['location']}"
        f"/operations/{operation.id}"
    )
    return {
        "Azure-AsyncOperation": call.url(path),
        "Location": call.url(path, monitor="true"),
        **call.azure.retry_headers(),
    }


def _updating(azure: Azure, vm: Wire, writes_model: bool) -> Callable[[bool], None]:
    properties = vm["properties"]
    before = properties["provisioningState"], _provisioning(vm)
    _set_provisioning(
        vm, "Updating", {"code": "ProvisioningState/updating", "level": "Info", "displayStatus": "Updating"}
    )
    azure.state.touch(vm["id"])

    def ended(succeeded: bool) -> None:
        if not writes_model:
            _set_provisioning(vm, *before)
        elif succeeded:
            _set_provisioning(vm, "Succeeded", provisioned_status(azure.now()))
        else:
            failed = {"code": "ProvisioningState/failed", "level": "Error", "displayStatus": "Provisioning failed"}
            _set_provisioning(vm, "Failed", failed | {"time": timestamp(azure.now())})
        azure.state.touch(vm["id"])

    return ended


def _provisioning(vm: Wire) -> Wire | None:
    statuses = vm["properties"]["instanceView"]["statuses"]
    return next((status for status in statuses if status["code"].startswith("ProvisioningState/")), None)


def _set_provisioning(vm: Wire, state: str, status: Wire | None) -> None:
    view = vm["properties"]["instanceView"]
    others = [found for found in view["statuses"] if not found["code"].startswith("ProvisioningState/")]
    view["statuses"] = [*([status] if status is not None else []), *others]
    vm["properties"]["provisioningState"] = state


def operation_status(call: Call) -> Answer:
    """The status of a long-running operation, or by the Location URL (`monitor=true`) its result."""
    operation = call.azure.operations.get(call.parts["id"])
    if operation is None:
        raise ArmError(404, "NotFound", f"The operation '{call.parts['id']}' was not found.")
    _advance(call.azure, operation)
    is_running = operation.status == "InProgress"
    if call.query.get("monitor") == "true":
        if is_running:
            headers = {"Location": call.url(call.path, monitor="true"), **call.azure.retry_headers()}
            return Answer(status=202, headers=headers)
        if operation.error is not None:
            raise ArmError(409, operation.error["code"], operation.error["message"])
        return Answer(status=200 if operation.result is not None else 204, body=operation.result)
    body: Wire = {"name": operation.id, "startTime": timestamp(operation.started), "status": operation.status}
    if is_running:
        return Answer(body=body, headers=call.azure.retry_headers())
    body["endTime"] = timestamp(call.azure.now())
    if operation.error is not None:
        body["error"] = operation.error
    if operation.result is not None:
        body["properties"] = {"output": operation.result}
    return Answer(body=body)
