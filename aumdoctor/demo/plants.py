"""How each known issue looks in Azure: one recipe a check, put on a healthy machine.

A recipe changes a machine so that it has one issue and whatever inevitably follows from it, and returns the id of the
resource that the finding is about. `FOLLOWS` names what may be found beside the planted issue.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from aumdoctor.demo.machines import (
    is_arc,
    os_configuration,
    os_type_of,
    patch_extension,
    patch_settings_of,
    record_assessment,
    record_installation,
    set_extension_status,
    set_power,
)
from aumdoctor.demo.policies import (
    PERIODIC_ASSESSMENT,
    PERIODIC_ASSESSMENT_AUDIT,
    SCHEDULE_MACHINES,
    VIRTUAL_MACHINE_CONTRIBUTOR,
    add_failed_deployment,
    add_policy_assignment,
    set_compliance,
    subscription_of,
)
from aumdoctor.demo.schedules import (
    SCHEDULES,
    add_configuration,
    assign,
    configuration_id_of,
    last_start,
    record_run,
)
from aumdoctor.demo.state import DemoEstate, Wire, key, stable_guid, timestamp

Recipe = Callable[[DemoEstate, str], str]

WINDOWS_VM, LINUX_VM, WINDOWS_ARC, LINUX_ARC = "windows-vm", "linux-vm", "windows-arc", "linux-arc"
SCHEDULE_TAG = "PatchGroup"
"""The tag by which the demo's dynamic scopes choose; a machine without it is matched by none."""


class Plant(NamedTuple):
    """A recipe with the machines it suits, whether those are attached to a schedule, and the resource group that they
    have for themselves where the issue is a matter of the whole group (a policy)."""

    recipe: Recipe
    shapes: tuple[str, ...]
    scheduled: bool = True
    resource_group: str | None = None
    weight: int = 1


FOLLOWS: dict[str, frozenset[str]] = {
    "AUM002": frozenset({"AUM039"}),
    "AUM004": frozenset({"AUM003"}),
    "AUM018": frozenset({"AUM008", "AUM016", "AUM017", "AUM023"}),
    "AUM024": frozenset({"AUM008"}),
    "AUM025": frozenset({"AUM008"}),
    "AUM026": frozenset({"AUM008"}),
    "AUM027": frozenset({"AUM008", "AUM025"}),
    "AUM028": frozenset({"AUM008"}),
    "AUM029": frozenset({"AUM008"}),
    "AUM042": frozenset({"AUM016", "AUM017"}),
    "AUM117": frozenset({"AUM012"}),
}
"""What may also be found on the machine of a planted issue, because it follows from it."""


def plant(state: DemoEstate, check: str, machine_id: str) -> str:
    """Give a healthy machine a known issue. Returns the id of the resource that a doctor's finding is about.

    Raises KeyError for a check without a recipe or a machine that does not exist.
    """
    chosen = PLANTS[check]
    state.machine(machine_id)
    if chosen.scheduled:
        _ensure_scheduled(state, machine_id)
    else:
        _detach(state, machine_id)
    about = chosen.recipe(state, machine_id)
    state.planted.add((check, key(about)))
    state.affected.add(key(machine_id))
    state.touch(machine_id)
    return about


def _is_scheduled(state: DemoEstate, machine_id: str) -> bool:
    if SCHEDULE_TAG in state.machine(machine_id)["tags"]:
        return True
    prefix = f"{key(machine_id)}/providers/microsoft.maintenance/configurationassignments/"
    # Assignments are keyed by id: probing the demo's own naming is enough and keeps large estates linear.
    names = [f"{schedule.name}-assignment" for schedule in SCHEDULES] + [_azure_policy_assignment_name()]
    return any(prefix + name in state.assignments for name in names)


def _ensure_scheduled(state: DemoEstate, machine_id: str) -> None:
    if not _is_scheduled(state, machine_id):
        assign(state, machine_id, default_configuration(state, machine_id))


def default_configuration(state: DemoEstate, machine_id: str) -> str:
    """The weekly configuration of the machine's subscription, made on first use."""
    subscription = subscription_of(machine_id)
    found = state.configurations.get(key(configuration_id_of(subscription, "rg-patching", SCHEDULES[0])))
    return str(found["id"]) if found is not None else add_configuration(state, subscription=subscription)


def _azure_policy_assignment_name() -> str:
    return "7fk2qd5yz3x4e-azpolicy"


def attach_as_policy_does(state: DemoEstate, machine_id: str, configuration_id: str) -> str:
    """Attach a machine as the built-in scheduling policy does: the same name for every machine."""
    return assign(state, machine_id, configuration_id, name=_azure_policy_assignment_name())


def _detach(state: DemoEstate, machine_id: str) -> None:
    state.machine(machine_id)["tags"].pop(SCHEDULE_TAG, None)
    prefix = f"{key(machine_id)}/providers/microsoft.maintenance/configurationassignments/"
    names = [f"{schedule.name}-assignment" for schedule in SCHEDULES] + [_azure_policy_assignment_name()]
    for name in names:
        if state.assignments.pop(prefix + name, None) is not None:
            state.touch(prefix + name)


def _group_of(machine_id: str) -> str:
    return "/".join(machine_id.split("/")[:5])


def _periodic_assessment_policy_missed(state: DemoEstate, machine_id: str) -> str:
    vm = state.machine(machine_id)
    assignment_id = add_policy_assignment(state, _group_of(machine_id), "aum-periodic-assessment", PERIODIC_ASSESSMENT)
    set_compliance(state, machine_id, assignment_id, "NonCompliant")
    # Made from a specialized disk: the audit policy does not look at such machines and calls them compliant.
    vm["properties"]["storageProfile"]["osDisk"]["createOption"] = "Attach"
    vm["properties"]["storageProfile"].pop("imageReference", None)
    vm["properties"]["osProfile"].pop("computerName", None)
    _stop_periodic_assessment(state, machine_id)
    return machine_id


def _schedule_policy_missed(state: DemoEstate, machine_id: str) -> str:
    configuration_id = default_configuration(state, machine_id)
    assignment_id = add_policy_assignment(
        state, _group_of(machine_id), "aum-schedule-machines", SCHEDULE_MACHINES, configuration_id=configuration_id
    )
    set_compliance(state, machine_id, assignment_id, "NonCompliant")
    return machine_id


def _remediation_lacks_gallery_right(state: DemoEstate, machine_id: str) -> str:
    configuration_id = default_configuration(state, machine_id)
    subscription = subscription_of(machine_id)
    assignment_id = add_policy_assignment(
        state,
        _group_of(machine_id),
        "aum-schedule-golden-images",
        SCHEDULE_MACHINES,
        role=VIRTUAL_MACHINE_CONTRIBUTOR,
        configuration_id=configuration_id,
    )
    image_id = (
        f"/subscriptions/{subscription}/resourceGroups/rg-images/providers/Microsoft.Compute"
        "/galleries/gal_contoso/images/golden-linux/versions/1.4.0"
    )
    state.machine(machine_id)["properties"]["storageProfile"]["imageReference"] = {
        "id": image_id,
        "exactVersion": "1.4.0",
    }
    set_compliance(state, machine_id, assignment_id, "NonCompliant")
    principal_id = state.policy_assignments[key(assignment_id)]["identity"]["principalId"]
    add_failed_deployment(
        state,
        assignment_id,
        machine_id,
        "LinkedAuthorizationFailed",
        f"The client '{principal_id}' with object id '{principal_id}' has permission to perform action "
        f"'Microsoft.Compute/virtualMachines/write' on scope '{machine_id}'; however, it does not have permission to "
        "perform action(s) 'Microsoft.Compute/galleries/images/versions/read' on the linked scope(s) "
        f"'{image_id}' (respectively) or the linked scope(s) are invalid.",
    )
    return assignment_id


def _compute_unregistered_for_arc(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    state.set_provider(subscription, "Microsoft.Compute", "NotRegistered")
    record_assessment(state, machine_id, state.now - timedelta(hours=20), started_by="User")
    return f"/subscriptions/{subscription}/providers/Microsoft.Compute"


def _assignment_left_behind(state: DemoEstate, machine_id: str) -> str:
    """The machine came from another resource group, where its assignment still stands."""
    subscription = subscription_of(machine_id)
    machine = state.machine(machine_id)
    old_group = f"/subscriptions/{subscription}/resourceGroups/rg-before-move"
    old_id = f"{old_group}/providers/{machine['type']}/{machine['name']}"
    assignment_id = assign(state, old_id, default_configuration(state, machine_id), location=machine["location"])
    moved_at = state.now - timedelta(days=12)
    _log(
        state,
        old_group,
        "Microsoft.Resources/subscriptions/resourceGroups/moveResources/action",
        moved_at,
    )
    return assignment_id


def _log(state: DemoEstate, resource_id: str, operation: str, at: datetime, caller: str = "ops@contoso.com") -> None:
    moment = timestamp(at)
    name = stable_guid(resource_id, operation, moment)
    state.activity[subscription_of(resource_id).lower()].append(
        {
            "id": f"{resource_id}/events/{name}/ticks/{int(at.timestamp()) * 10_000_000}",
            "eventDataId": name,
            "eventTimestamp": moment,
            "submissionTimestamp": moment,
            "resourceId": resource_id,
            "resourceGroupName": resource_id.split("/")[4],
            "subscriptionId": subscription_of(resource_id),
            "operationName": {"value": operation, "localizedValue": operation},
            "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
            "category": {"value": "Administrative", "localizedValue": "Administrative"},
            "level": "Informational",
            "caller": caller,
            "correlationId": stable_guid(name, "correlation"),
        }
    )


def _automatic_by_os(state: DemoEstate, machine_id: str) -> str:
    settings = patch_settings_of(state.machine(machine_id))
    settings["patchMode"] = "AutomaticByOS"
    settings.pop("automaticByPlatformSettings", None)
    return machine_id


def _shut_down_or_unresponsive(state: DemoEstate, machine_id: str) -> str:
    start = last_start(SCHEDULES[0], state.now)
    recreated = start - timedelta(hours=3)
    configuration_id = default_configuration(state, machine_id)
    vm = state.machine(machine_id)
    vm["properties"]["timeCreated"] = timestamp(recreated)
    state.installations.pop(key(machine_id), None)
    _log(
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


def _deallocated(state: DemoEstate, machine_id: str) -> str:
    set_power(state, machine_id, "deallocated")
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


def _os_update_extension_name(machine: Wire) -> str:
    return f"{os_type_of(machine)}OsUpdateExtension".lower()


def _os_update_extension_missing(state: DemoEstate, machine_id: str) -> str:
    del state.extensions[key(machine_id)][_os_update_extension_name(state.machine(machine_id))]
    return machine_id


def _os_update_extension_failed(state: DemoEstate, machine_id: str) -> str:
    extension = state.extensions[key(machine_id)][_os_update_extension_name(state.machine(machine_id))]
    set_extension_status(
        extension,
        "Failed",
        "61",
        "Extension Message: Extension Enable command timed out. Extension enable did not finish within 30 minutes.",
    )
    return machine_id


def _patch_extension_missing(state: DemoEstate, machine_id: str) -> str:
    name = f"{os_type_of(state.machine(machine_id))}PatchExtension".lower()
    del state.extensions[key(machine_id)][name]
    return machine_id


def _patch_extension_failed(state: DemoEstate, machine_id: str) -> str:
    extension = patch_extension(state, machine_id)
    set_extension_status(
        extension,
        "Failed",
        "ProvisioningState/failed/3",
        f"Plugin ({extension['properties']['publisher']}.{extension['name']}) returned non-zero exit code for "
        "Install: 3. Extension install failed.",
    )
    return machine_id


def _extension_operations_disabled(state: DemoEstate, machine_id: str) -> str:
    state.machine(machine_id)["properties"]["osProfile"]["allowExtensionOperations"] = False
    state.extensions.pop(key(machine_id), None)
    state.assessments.pop(key(machine_id), None)
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


def _not_schedulable(state: DemoEstate, machine_id: str) -> str:
    machine = state.machine(machine_id)
    settings = patch_settings_of(machine)
    settings.pop("automaticByPlatformSettings", None)
    if os_type_of(machine) == "Windows":
        settings["patchMode"] = "Manual"
        os_configuration(machine)["enableAutomaticUpdates"] = False
    else:
        # Nobody ever set it: the platform's default is ImageDefault.
        settings.pop("patchMode")
    return machine_id


def _bypass_flag_missing(state: DemoEstate, machine_id: str) -> str:
    settings = patch_settings_of(state.machine(machine_id))
    if os_type_of(state.machine(machine_id)) == "Windows":
        settings["automaticByPlatformSettings"]["bypassPlatformSafetyChecksOnUserSchedule"] = False
    else:
        settings.pop("automaticByPlatformSettings")
    return machine_id


def _stop_periodic_assessment(state: DemoEstate, machine_id: str) -> None:
    settings = patch_settings_of(state.machine(machine_id))
    if os_type_of(state.machine(machine_id)) == "Windows":
        settings["assessmentMode"] = "ImageDefault"
    else:
        settings.pop("assessmentMode", None)
    record_assessment(state, machine_id, state.now - timedelta(days=3), started_by="User", security=2)


def _periodic_assessment_off(state: DemoEstate, machine_id: str) -> str:
    _stop_periodic_assessment(state, machine_id)
    if not is_arc(state.machine(machine_id)):
        scope = f"/subscriptions/{subscription_of(machine_id)}"
        audit = add_policy_assignment(
            state, scope, "aum-audit-periodic-assessment", PERIODIC_ASSESSMENT_AUDIT, role=None
        )
        # Not true, and the service does say so for machines that the audit policy does not match.
        set_compliance(state, machine_id, audit, "Compliant")
    return machine_id


def _agent_not_ready(state: DemoEstate, machine_id: str) -> str:
    vm = state.machine(machine_id)
    vm["properties"]["instanceView"]["vmAgent"] = {
        "vmAgentVersion": "Unknown",
        "statuses": [
            {
                "code": "ProvisioningState/Unavailable",
                "level": "Warning",
                "displayStatus": "Not Ready",
                "message": "VM status blob is found but not yet populated.",
                "time": timestamp(state.now - timedelta(hours=7)),
            }
        ],
    }
    return machine_id


def _maintenance_unregistered(state: DemoEstate, machine_id: str) -> str:
    subscription = subscription_of(machine_id)
    state.set_provider(subscription, "Microsoft.Maintenance", "NotRegistered")
    return f"/subscriptions/{subscription}/providers/Microsoft.Maintenance"


def _arc_disconnected(state: DemoEstate, machine_id: str) -> str:
    properties = state.machine(machine_id)["properties"]
    properties["status"] = "Disconnected"
    properties["lastStatusChange"] = timestamp(state.now - timedelta(hours=4))
    return machine_id


_VMS = (WINDOWS_VM, LINUX_VM)
_ARC = (WINDOWS_ARC, LINUX_ARC)

PLANTS: dict[str, Plant] = {
    "AUM002": Plant(_periodic_assessment_policy_missed, _VMS, resource_group="rg-migrated"),
    "AUM003": Plant(_schedule_policy_missed, _VMS, scheduled=False, resource_group="rg-restored"),
    "AUM004": Plant(_remediation_lacks_gallery_right, (LINUX_VM,), scheduled=False, resource_group="rg-golden-images"),
    "AUM005": Plant(_compute_unregistered_for_arc, (WINDOWS_ARC,), scheduled=True),
    "AUM006": Plant(_assignment_left_behind, _VMS, scheduled=False, resource_group="rg-after-move"),
    "AUM007": Plant(_automatic_by_os, (WINDOWS_VM,), scheduled=False),
    "AUM008": Plant(_failing("ERROR", _hresult("0x8024000E")), (WINDOWS_VM, WINDOWS_ARC)),
    "AUM011": Plant(_shut_down_or_unresponsive, _VMS),
    "AUM012": Plant(_deallocated, _VMS, weight=3),
    "AUM013": Plant(_window_exceeded, _VMS),
    "AUM014": Plant(_os_update_extension_missing, _ARC),
    "AUM015": Plant(_os_update_extension_failed, _ARC),
    "AUM016": Plant(_patch_extension_missing, _VMS),
    "AUM017": Plant(_patch_extension_failed, _VMS),
    "AUM018": Plant(_extension_operations_disabled, _VMS),
    "AUM023": Plant(_automatic_assessment_stopped, (LINUX_VM,)),
    "AUM024": Plant(
        _failing(
            "PACKAGE_MANAGER_FAILURE",
            "Unexpected return code (100) from package manager on command: sudo apt-get -q update",
            "Failed to fetch http://azure.archive.ubuntu.com/ubuntu/dists/noble/InRelease  "
            "Could not resolve 'azure.archive.ubuntu.com'",
        ),
        (LINUX_VM,),
    ),
    "AUM025": Plant(_failing("ERROR", _hresult("0x80072EE2")), (WINDOWS_VM, WINDOWS_ARC), weight=2),
    "AUM026": Plant(
        _failing(
            "ERROR",
            "The service cannot be started, either because it is disabled or because it has no enabled devices "
            "associated with it. (Exception from HRESULT: 0x80070422)",
        ),
        (WINDOWS_VM, WINDOWS_ARC),
    ),
    "AUM027": Plant(_failing("ERROR", _hresult("0x80072EE6"), patch_service="WU_WSUS"), (WINDOWS_VM, WINDOWS_ARC)),
    "AUM028": Plant(_failing("ERROR", _hresult("0x80070005")), (WINDOWS_VM, WINDOWS_ARC)),
    "AUM029": Plant(_failing("ERROR", _hresult("0x8024001E")), (WINDOWS_VM, WINDOWS_ARC)),
    "AUM030": Plant(_not_schedulable, _VMS, weight=3),
    "AUM031": Plant(_bypass_flag_missing, _VMS, weight=3),
    "AUM039": Plant(_periodic_assessment_off, (*_VMS, *_ARC), weight=2),
    "AUM042": Plant(_agent_not_ready, _VMS, weight=2),
    "AUM045": Plant(_maintenance_unregistered, _VMS, scheduled=False),
    "AUM117": Plant(_arc_disconnected, _ARC, weight=2),
}
"""Every issue that can be planted. AUM005 and AUM045 concern their whole subscription."""

SUBSCRIPTION_WIDE = ("AUM005", "AUM045")
