"""Recipes about what assessments, installations and runs came to."""

from __future__ import annotations

from datetime import timedelta

from aumdoctor.demo.machines import record_assessment, record_installation
from aumdoctor.demo.plants.recipe import (
    LINUX_ARC,
    LINUX_VM,
    VMS,
    WINDOWS_ARC,
    WINDOWS_VM,
    Plant,
    Recipe,
    default_configuration,
    log_event,
)
from aumdoctor.demo.schedules import SCHEDULES, last_start, record_run
from aumdoctor.demo.state import DemoEstate, Wire, key, timestamp


def _shut_down_or_unresponsive(state: DemoEstate, machine_id: str) -> str:
    start = last_start(SCHEDULES[0], state.now)
    recreated = start - timedelta(hours=3)
    configuration_id = default_configuration(state, machine_id)
    vm = state.machine(machine_id)
    vm["properties"]["timeCreated"] = timestamp(recreated)
    state.installations.pop(key(machine_id), None)
    log_event(
        state,
        machine_id,
        "Microsoft.Compute/virtualMachines/delete",
        recreated - timedelta(minutes=25),
    )
    record_run(
        state,
        machine_id,
        configuration_id,
        start,
        minutes=11,
        status="Failed",
        error_code="ShutdownOrUnresponsive",
        error_message="ShutdownOrUnresponsive: the machine was shut down or did not respond when the run started.",
        installs=False,
    )
    return machine_id


def _window_exceeded(state: DemoEstate, machine_id: str) -> str:
    start = last_start(SCHEDULES[0], state.now)
    record_installation(
        state,
        machine_id,
        start,
        minutes=172,
        status="Failed",
        window_exceeded=True,
        installed=4,
        pending=3,
        reboot_status="Required",
        error={
            "code": "1",
            "message": "1 error/s reported.",
            "details": [
                {"code": "MAINTENANCE_WINDOW_EXCEEDED", "message": "Maintenance window exceeded with updates pending."}
            ],
        },
    )
    return machine_id


def _automatic_assessment_stopped(state: DemoEstate, machine_id: str) -> str:
    record_assessment(state, machine_id, state.now - timedelta(days=4, hours=5))
    return machine_id


def _failing(code: str, *messages: str, patch_service: str | None = None) -> Recipe:
    """A recipe: every assessment of the machine fails with these messages."""

    def fail(state: DemoEstate, machine_id: str) -> str:
        error: Wire = {
            "code": "1",
            "message": f"{len(messages)} error/s reported. The latest {len(messages)} error/s are shared in details.",
            "details": [{"code": code, "message": message} for message in messages],
        }
        record_assessment(
            state,
            machine_id,
            state.now - timedelta(hours=5),
            status="Failed",
            error=error,
            patch_service=patch_service,
        )
        state.guest_faults[key(machine_id)] = error
        return machine_id

    return fail


def _hresult(code: str) -> str:
    return (
        "Windows update API failed to assess the machine for available updates. "
        f"Error:Exception from HRESULT: {code}, Hresult:0"
    )


def _last_assessed_days_ago(state: DemoEstate, machine_id: str) -> str:
    record_assessment(state, machine_id, state.now - timedelta(days=4, hours=5))
    return machine_id


def _one_update_failed(state: DemoEstate, machine_id: str) -> str:
    start = last_start(SCHEDULES[0], state.now)
    configuration_id = default_configuration(state, machine_id)
    run_id = record_run(state, machine_id, configuration_id, start, status="Failed", installs=False)
    record_installation(
        state,
        machine_id,
        start,
        minutes=45,
        status="Failed",
        installed=3,
        failed=1,
        run_id=state.runs[key(run_id)]["properties"]["correlationId"],
        error={
            "code": "1",
            "message": "1 error/s reported. The latest 1 error/s are shared in details.",
            "details": [{"code": "OPERATION_FAILED", "message": "1 of 4 updates could not be installed."}],
        },
    )
    return machine_id


_WINDOWS = (WINDOWS_VM, WINDOWS_ARC)
_NO_NETWORK = "Could not resolve 'azure.archive.ubuntu.com'"

PLANTS = {
    "AUM008": Plant(_failing("ERROR", _hresult("0x8024000E")), _WINDOWS),
    "AUM011": Plant(_shut_down_or_unresponsive, VMS),
    "AUM013": Plant(_window_exceeded, VMS),
    "AUM023": Plant(_automatic_assessment_stopped, (LINUX_VM,)),
    "AUM024": Plant(
        _failing(
            "PACKAGE_MANAGER_FAILURE",
            "Unexpected return code (100) from package manager on command: sudo apt-get -q update",
            f"Failed to fetch http://azure.archive.ubuntu.com/ubuntu/dists/noble/InRelease  {_NO_NETWORK}",
        ),
        (LINUX_VM,),
    ),
    "AUM025": Plant(_failing("ERROR", _hresult("0x80072EE2")), _WINDOWS, weight=2),
    "AUM026": Plant(
        _failing(
            "ERROR",
            "The service cannot be started, either because it is disabled or because it has no enabled devices "
            "associated with it. (Exception from HRESULT: 0x80070422)",
        ),
        _WINDOWS,
    ),
    "AUM027": Plant(_failing("ERROR", _hresult("0x80072EE6"), patch_service="WU_WSUS"), _WINDOWS),
    "AUM028": Plant(_failing("ERROR", _hresult("0x80070005")), _WINDOWS),
    "AUM029": Plant(_failing("ERROR", _hresult("0x8024001E")), _WINDOWS),
    "AUM129": Plant(_last_assessed_days_ago, _WINDOWS),
    "AUM130": Plant(
        _failing("OPERATION_FAILED", "The assessment did not complete: the installed packages could not be listed."),
        (LINUX_VM, LINUX_ARC),
    ),
    "AUM131": Plant(_one_update_failed, VMS),
}
