"""What the actions do: assessing and installing patches, as the guest of the demo would."""

from __future__ import annotations

from datetime import datetime, timedelta

from aumdoctor.demo.machines import (
    LINUX_OS_UPDATE_EXTENSION,
    LINUX_PATCH_EXTENSION,
    NO_ERROR,
    WINDOWS_OS_UPDATE_EXTENSION,
    WINDOWS_PATCH_EXTENSION,
    add_extension,
    is_arc,
    os_type_of,
    power_state_of,
    record_assessment,
    record_installation,
)
from aumdoctor.demo.state import DemoEstate, Wire, key
from aumdoctor.demo.web import ArmError

TRANSIENT = "0x8024001E"
"""WU_E_SERVICE_STOP: gone when the assessment is tried again."""


def refuse_unless_reachable(machine: Wire) -> None:
    """Raise ArmError where the service refuses an action at once."""
    if is_arc(machine):
        if machine["properties"]["status"] != "Connected":
            raise ArmError(409, "HCRP409", "The operation could not be performed, as the machine is not connected.")
        return
    if power_state_of(machine) != "running":
        raise ArmError(409, "OperationNotAllowed", "The operation requires the VM to be running (or set to run).")
    if machine["properties"].get("osProfile", {}).get("allowExtensionOperations") is False:
        raise ArmError(
            409,
            "OperationNotAllowed",
            "This operation cannot be performed when extension operations are disallowed. To allow, please ensure VM "
            "Agent is installed on the VM and the osProfile.allowExtensionOperations property is true.",
        )


def agent_failure(machine: Wire) -> Wire | None:
    """The error with which an operation ends where the VM agent does not answer."""
    agent = machine["properties"].get("instanceView", {}).get("vmAgent")
    if is_arc(machine) or (agent and agent["statuses"] and agent["statuses"][0]["displayStatus"] == "Ready"):
        return None
    return {
        "code": "VMAgentStatusCommunicationError",
        "message": f"VM '{machine['name']}' has not reported status for VM agent or extensions. Verify that the OS is "
        "up and healthy, the VM has a running VM agent, and that it can establish outbound connections to Azure "
        "storage.",
    }


def assess(state: DemoEstate, machine: Wire, now: datetime) -> Wire:
    """Assess now: brings the patch extension, renews the assessment, and fails where the guest has a fault."""
    machine_id = machine["id"]
    windows = os_type_of(machine) == "Windows"
    add_extension(state, machine_id, *(WINDOWS_PATCH_EXTENSION if windows else LINUX_PATCH_EXTENSION))
    if is_arc(machine):
        update_extension = WINDOWS_OS_UPDATE_EXTENSION if windows else LINUX_OS_UPDATE_EXTENSION
        if update_extension[1].lower() not in state.extensions[key(machine_id)]:
            add_extension(state, machine_id, *update_extension)
    fault = state.guest_faults.get(key(machine_id))
    if fault is not None and TRANSIENT.lower() in str(fault).lower():
        del state.guest_faults[key(machine_id)]
        fault = None
    before = state.assessments.get(key(machine_id))
    assessment = record_assessment(
        state,
        machine_id,
        now,
        started_by="User",
        status="Failed" if fault else "Succeeded",
        error=fault,
        patch_service=before["properties"]["patchServiceUsed"] if before else None,
    )
    properties: Wire = assessment["properties"]
    return properties


def install(state: DemoEstate, machine: Wire, now: datetime) -> Wire:
    """Install now: an installation that fails as the assessment before it does."""
    assessed = assess(state, machine, now - timedelta(minutes=2))
    failed = assessed["status"] == "Failed"
    installation = record_installation(
        state,
        machine["id"],
        now,
        minutes=1,
        status="Failed" if failed else "Succeeded",
        started_by="User",
        installed=0,
        error=assessed["errorDetails"] if failed else dict(NO_ERROR),
    )
    properties: Wire = installation["properties"]
    return properties


def compute_assessment(properties: Wire) -> Wire:
    """An assessment as the Compute provider's assessPatches answers it."""
    counts = properties["availablePatchCountByClassification"]
    urgent = counts["critical"] + counts["security"]
    return {
        "status": properties["status"],
        "assessmentActivityId": properties["assessmentActivityId"],
        "rebootPending": properties["rebootPending"],
        "criticalAndSecurityPatchCount": urgent,
        "otherPatchCount": sum(counts.values()) - urgent,
        "startDateTime": properties["startDateTime"],
        "availablePatches": [],
        "error": properties["errorDetails"],
    }


def compute_installation(properties: Wire) -> Wire:
    """An installation as the Compute provider's installPatches answers it."""
    left_out = ("startedBy", "osType", "maintenanceRunId", "lastModifiedDateTime", "errorDetails")
    shown = {name: value for name, value in properties.items() if name not in left_out}
    return shown | {"patches": [], "error": properties["errorDetails"]}
