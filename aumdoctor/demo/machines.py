"""Machines in ARM's wire shape: healthy unless told otherwise, with their extensions, assessment and instance view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aumdoctor.demo.state import COMPUTE, HYBRID, DemoEstate, Wire, add_resource_group, key, stable_guid, timestamp

WINDOWS_PATCH_EXTENSION = ("Microsoft.CPlat.Core", "WindowsPatchExtension", "1.5.85")
LINUX_PATCH_EXTENSION = ("Microsoft.CPlat.Core", "LinuxPatchExtension", "1.6.71")
WINDOWS_OS_UPDATE_EXTENSION = ("Microsoft.SoftwareUpdateManagement", "WindowsOsUpdateExtension", "1.0.32.0")
LINUX_OS_UPDATE_EXTENSION = ("Microsoft.SoftwareUpdateManagement", "LinuxOsUpdateExtension", "1.0.60.0")
WINDOWS_MONITOR = ("Microsoft.Azure.Monitor", "AzureMonitorWindowsAgent", "1.34")
LINUX_MONITOR = ("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", "1.35")
WINDOWS_APPLICATION_HEALTH = ("Microsoft.ManagedServices", "ApplicationHealthWindows", "1.0")
LINUX_APPLICATION_HEALTH = ("Microsoft.ManagedServices", "ApplicationHealthLinux", "1.0")
AGENT_VERSION = {"Windows": "2.7.41491.1172", "Linux": "2.14.0.1"}
NO_ERROR: Wire = {"code": "0", "message": "0 error/s reported.", "details": []}


class Image(NamedTuple):
    """A marketplace image and what a machine made from it reports about itself."""

    os_type: str
    publisher: str
    offer: str
    sku: str
    exact_version: str
    os_name: str
    os_version: str


WINDOWS_IMAGES = (
    Image(
        "Windows",
        "MicrosoftWindowsServer",
        "WindowsServer",
        "2022-datacenter-azure-edition",
        "20348.4171.250903",
        "Windows Server 2022 Datacenter Azure Edition",
        "10.0.20348.4171",
    ),
    Image(
        "Windows",
        "MicrosoftWindowsServer",
        "WindowsServer",
        "2019-datacenter-gensecond",
        "17763.7792.250904",
        "Windows Server 2019 Datacenter",
        "10.0.17763.7792",
    ),
    Image(
        "Windows",
        "MicrosoftWindowsServer",
        "WindowsServer",
        "2025-datacenter-azure-edition",
        "26100.6584.250904",
        "Windows Server 2025 Datacenter Azure Edition",
        "10.0.26100.6584",
    ),
)
LINUX_IMAGES = (
    Image("Linux", "canonical", "ubuntu-24_04-lts", "server", "24.04.202509120", "ubuntu", "24.04"),
    Image("Linux", "Canonical", "ubuntu-24_04-lts", "ubuntu-pro", "24.04.202509110", "ubuntu", "24.04"),
    Image("Linux", "RedHat", "RHEL", "9-lvm-gen2", "9.7.2025120916", "redhat", "9.7"),
    Image("Linux", "MicrosoftCblMariner", "azure-linux-3", "azure-linux-3-gen2", "3.20250910.01", "azurelinux", "3.0"),
)


class System(NamedTuple):
    """What an Arc-enabled server reports about its operating system; on Linux `osVersion` is that of the kernel."""

    os_type: str
    os_sku: str
    os_version: str


WINDOWS_SYSTEMS = (
    System("Windows", "Windows Server 2022 Datacenter", "10.0.20348.4171"),
    System("Windows", "Windows Server 2019 Standard", "10.0.17763.7792"),
    System("Windows", "Windows Server 2025 Datacenter", "10.0.26100.6584"),
)
LINUX_SYSTEMS = (
    System("Linux", "Ubuntu 24.04.3 LTS", "6.8.0-84-generic"),
    System("Linux", "Red Hat Enterprise Linux 9.7 (Plow)", "5.14.0-611.5.1.el9_7.x86_64"),
    System("Linux", "SUSE Linux Enterprise Server 15 SP7", "6.4.0-150700.53.11-default"),
)


def system_for(os_type: str, index: int = 0) -> System:
    """One of the systems of an OS type, by turns."""
    systems = WINDOWS_SYSTEMS if os_type == "Windows" else LINUX_SYSTEMS
    return systems[index % len(systems)]


def image_for(os_type: str, index: int = 0) -> Image:
    """One of the images of an OS type, by turns."""
    images = WINDOWS_IMAGES if os_type == "Windows" else LINUX_IMAGES
    return images[index % len(images)]


def os_configuration(machine: Wire) -> Wire:
    """`osProfile.windowsConfiguration` or `linuxConfiguration` of a machine, made where it is absent."""
    profile: Wire = machine["properties"].setdefault("osProfile", {})
    configuration: Wire = profile.setdefault(f"{os_type_of(machine).lower()}Configuration", {})
    return configuration


def patch_settings_of(machine: Wire) -> Wire:
    """`patchSettings` of a machine, made where it is absent."""
    settings: Wire = os_configuration(machine).setdefault("patchSettings", {})
    return settings


def os_type_of(machine: Wire) -> str:
    """Windows or Linux, of a VM or an Arc machine."""
    properties = machine["properties"]
    found = properties.get("osType") or properties["storageProfile"]["osDisk"]["osType"]
    return "Windows" if str(found).lower() == "windows" else "Linux"


def is_arc(machine: Wire) -> bool:
    """Whether a machine is an Arc-enabled server."""
    return str(machine["type"]).lower() == HYBRID.lower()


def add_vm(
    state: DemoEstate,
    *,
    subscription: str | None = None,
    resource_group: str = "rg-app",
    name: str = "vm-1",
    os_type: str = "Windows",
    location: str = "westeurope",
    tags: dict[str, str] | None = None,
    image: Image | None = None,
    created: datetime | None = None,
    assessed: datetime | None = None,
    availability_set: str | None = None,
) -> str:
    """A running VM that Azure Update Manager can patch: prerequisites set, agent ready, freshly assessed.

    It is attached to no schedule: see `aumdoctor.demo.schedules`. `availability_set` is the name of one in the
    resource group of the VM, or an id. Returns the id of the VM.
    """
    subscription = subscription or next(iter(state.subscriptions))
    image = image or image_for(os_type)
    windows = os_type == "Windows"
    group_id = add_resource_group(state, subscription, resource_group, location)
    vm_id = f"{group_id}/providers/{COMPUTE}/{name}"
    created = created or state.now - timedelta(days=200)
    configuration: Wire = {
        "provisionVMAgent": True,
        "patchSettings": {
            "patchMode": "AutomaticByPlatform",
            "assessmentMode": "AutomaticByPlatform",
            "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": True},
        },
    }
    if windows:
        configuration["enableAutomaticUpdates"] = True
        configuration["patchSettings"]["enableHotpatching"] = False
    else:
        configuration["disablePasswordAuthentication"] = True
    state.vms[key(vm_id)] = {
        "id": vm_id,
        "name": name,
        "type": COMPUTE,
        "location": location,
        "tags": tags or {},
        "properties": {
            "vmId": stable_guid(vm_id),
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "imageReference": {
                    "publisher": image.publisher,
                    "offer": image.offer,
                    "sku": image.sku,
                    "version": "latest",
                    "exactVersion": image.exact_version,
                },
                "osDisk": {
                    "osType": os_type,
                    "name": f"{name}_OsDisk_1",
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": {
                        "storageAccountType": "Premium_LRS",
                        "id": f"{group_id}/providers/Microsoft.Compute/disks/{name}_OsDisk_1",
                    },
                    "diskSizeGB": 127 if windows else 64,
                },
                "dataDisks": [],
            },
            "osProfile": {
                "computerName": name[:15],
                "adminUsername": "azureadmin",
                f"{os_type.lower()}Configuration": configuration,
                "secrets": [],
                "allowExtensionOperations": True,
                "requireGuestProvisionSignal": True,
            },
            "networkProfile": {
                "networkInterfaces": [{"id": f"{group_id}/providers/Microsoft.Network/networkInterfaces/{name}-nic"}]
            },
            "provisioningState": "Succeeded",
            "timeCreated": timestamp(created),
            "instanceView": {
                "computerName": name[:15],
                "osName": image.os_name,
                "osVersion": image.os_version,
                "hyperVGeneration": "V2",
                "vmAgent": ready_agent(state, os_type),
                "statuses": [
                    provisioned_status(created + timedelta(minutes=4)),
                    power_status("running"),
                ],
            },
        },
    }
    if availability_set is not None:
        state.vms[key(vm_id)]["properties"]["availabilitySet"] = {
            "id": _availability_set_id(group_id, availability_set)
        }
    add_extension(state, vm_id, *(WINDOWS_PATCH_EXTENSION if windows else LINUX_PATCH_EXTENSION))
    add_extension(state, vm_id, *(WINDOWS_MONITOR if windows else LINUX_MONITOR))
    record_assessment(state, vm_id, assessed or state.now - timedelta(hours=6))
    return vm_id


def _availability_set_id(group_id: str, availability_set: str) -> str:
    """An id as it is, or that of a name; a VM spells the group and the name of its set in capitals."""
    if availability_set.startswith("/"):
        return availability_set
    subscription, group = group_id.split("/resourceGroups/")
    within = f"{subscription}/resourceGroups/{group.upper()}/providers/Microsoft.Compute/availabilitySets"
    return f"{within}/{availability_set.upper()}"


def add_arc(
    state: DemoEstate,
    *,
    subscription: str | None = None,
    resource_group: str = "rg-onprem",
    name: str = "arc-1",
    os_type: str = "Windows",
    location: str = "westeurope",
    tags: dict[str, str] | None = None,
    system: System | None = None,
    assessed: datetime | None = None,
) -> str:
    """A connected Arc-enabled server with both patch extensions, periodic assessment and no patch mode (Arc has
    none to set for schedules). It is attached to no schedule. Returns its id."""
    subscription = subscription or next(iter(state.subscriptions))
    system = system or system_for(os_type)
    windows = os_type == "Windows"
    group_id = add_resource_group(state, subscription, resource_group, location)
    arc_id = f"{group_id}/providers/{HYBRID}/{name}"
    state.arc[key(arc_id)] = {
        "id": arc_id,
        "name": name,
        "type": HYBRID,
        "location": location,
        "tags": tags or {},
        "identity": {
            "type": "SystemAssigned",
            "principalId": stable_guid(arc_id, "identity"),
            "tenantId": state.tenant_id,
        },
        "properties": {
            "status": "Connected",
            "lastStatusChange": timestamp(state.now - timedelta(minutes=3)),
            "agentVersion": "1.63.03512.3241",
            "agentConfiguration": {
                "configMode": "full",
                "extensionsEnabled": "true",
                "guestConfigurationEnabled": "true",
                "extensionsAllowList": [],
                "extensionsBlockList": [],
                "incomingConnectionsPorts": [],
                "proxyBypass": [],
                "proxyUrl": "",
            },
            "displayName": name,
            "machineFqdn": f"{name}.corp.contoso.com",
            "detectedProperties": {"cloudprovider": "N/A", "manufacturer": "VMware, Inc.", "model": "VMware20,1"},
            "vmId": stable_guid(arc_id),
            "osName": os_type.lower(),
            "osType": os_type.lower(),
            "osSku": system.os_sku,
            "osVersion": system.os_version,
            "osProfile": {
                "computerName": name,
                f"{os_type.lower()}Configuration": {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}},
            },
            "errorDetails": [],
            "mssqlDiscovered": "false",
            "provisioningState": "Succeeded",
        },
    }
    add_extension(state, arc_id, *(WINDOWS_OS_UPDATE_EXTENSION if windows else LINUX_OS_UPDATE_EXTENSION))
    add_extension(state, arc_id, *(WINDOWS_PATCH_EXTENSION if windows else LINUX_PATCH_EXTENSION))
    record_assessment(state, arc_id, assessed or state.now - timedelta(hours=6))
    return arc_id


def set_image(state: DemoEstate, vm_id: str, image: Image) -> None:
    """Let a VM have been made from another image."""
    properties = state.machine(vm_id)["properties"]
    properties["storageProfile"]["imageReference"] |= {
        "publisher": image.publisher,
        "offer": image.offer,
        "sku": image.sku,
        "exactVersion": image.exact_version,
    }
    properties["instanceView"] |= {"osName": image.os_name, "osVersion": image.os_version}
    state.touch(vm_id)


def set_system(state: DemoEstate, arc_id: str, system: System) -> None:
    """Let an Arc-enabled server run another version of its operating system."""
    state.machine(arc_id)["properties"] |= {"osSku": system.os_sku, "osVersion": system.os_version}
    state.touch(arc_id)


def ready_agent(state: DemoEstate, os_type: str) -> Wire:
    """`instanceView.vmAgent` of a running VM, without the extension handlers, which are derived on reading."""
    return {
        "vmAgentVersion": AGENT_VERSION[os_type],
        "statuses": [
            {
                "code": "ProvisioningState/succeeded",
                "level": "Info",
                "displayStatus": "Ready",
                "message": "GuestAgent is running and processing the extensions."
                if os_type == "Windows"
                else "Guest Agent is running",
                "time": timestamp(state.now - timedelta(minutes=1)),
            }
        ],
    }


def provisioned_status(at: datetime) -> Wire:
    """The instance-view status that says that the last operation on a VM succeeded."""
    return {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": timestamp(at),
    }


def power_status(power_state: str) -> Wire:
    """The instance-view status that says whether a VM runs."""
    return {"code": f"PowerState/{power_state}", "level": "Info", "displayStatus": f"VM {power_state}"}


def power_state_of(vm: Wire) -> str | None:
    """`running`, `deallocated`, …; None where the instance view has no power state."""
    for status in vm["properties"]["instanceView"]["statuses"]:
        if status["code"].startswith("PowerState/"):
            return str(status["code"].removeprefix("PowerState/"))
    return None


def set_power(state: DemoEstate, vm_id: str, power_state: str) -> None:
    """Start or stop a VM: a VM that does not run reports no agent and no extensions."""
    view = show_power(state, vm_id, power_state)
    if power_state == "running":
        view["vmAgent"] = ready_agent(state, os_type_of(state.vms[key(vm_id)]))
    else:
        view.pop("vmAgent", None)


def show_power(state: DemoEstate, vm_id: str, power_state: str | None) -> Wire:
    """Let the instance view of a VM say this about its power (None: nothing), and nothing else. Returns the view."""
    view: Wire = state.vms[key(vm_id)]["properties"]["instanceView"]
    view["statuses"] = [status for status in view["statuses"] if not status["code"].startswith("PowerState/")]
    if power_state is not None:
        view["statuses"].append(power_status(power_state))
    state.touch(vm_id)
    return view


def add_extension(state: DemoEstate, machine_id: str, publisher: str, type_: str, version: str) -> Wire:
    """An extension that was installed successfully, as a child resource of a machine."""
    machine = state.machine(machine_id)
    arc = is_arc(machine)
    extension: Wire = {
        "id": f"{machine_id}/extensions/{type_}",
        "name": type_,
        "type": f"{machine['type']}/extensions",
        "location": machine["location"],
        "properties": {
            "publisher": publisher,
            "type": type_,
            "typeHandlerVersion": version,
            "autoUpgradeMinorVersion": True,
            "enableAutomaticUpgrade": True,
            "provisioningState": "Succeeded",
            "settings": {},
        },
    }
    set_extension_status(extension, "Succeeded", "success" if arc else "ProvisioningState/succeeded")
    state.extensions[key(machine_id)][type_.lower()] = extension
    state.touch(machine_id)
    return extension


def set_extension_status(extension: Wire, provisioning_state: str, code: str, message: str = "") -> None:
    """How an extension fares: its provisioning state and its run status in the instance view."""
    properties = extension["properties"]
    properties["provisioningState"] = provisioning_state
    failed = provisioning_state != "Succeeded"
    status: Wire = {
        "code": code,
        "level": "Error" if failed else "Info",
        "displayStatus": f"Provisioning {'failed' if failed else 'succeeded'}",
        "message": message,
    }
    view: Wire = {
        "name": extension["name"],
        "type": properties["type"],
        "typeHandlerVersion": properties["typeHandlerVersion"],
    }
    if "hybridcompute" in extension["type"].lower():
        view["status"] = status | {"level": "Error" if failed else "Information"}
    else:
        view["type"] = f"{properties['publisher']}.{properties['type']}"
        view["statuses"] = [status]
    properties["instanceView"] = view


def patch_extension(state: DemoEstate, machine_id: str) -> Wire:
    """The extension that assesses a machine (`Microsoft.CPlat.Core`). Raises KeyError where there is none."""
    os_type = os_type_of(state.machine(machine_id))
    return state.extensions[key(machine_id)][f"{os_type}PatchExtension".lower()]


def record_assessment(
    state: DemoEstate,
    machine_id: str,
    finished: datetime,
    *,
    started_by: str = "Platform",
    status: str = "Succeeded",
    error: Wire | None = None,
    patch_service: str | None = None,
    security: int = 0,
    other: int = 0,
    reboot_pending: bool = False,
) -> Wire:
    """Replace a machine's latest assessment, in the shape of Resource Graph's `patchassessmentresources`."""
    os_type = os_type_of(state.machine(machine_id))
    counts = dict.fromkeys(("security", "critical", "definition", "updateRollup", "featurePack", "servicePack"), 0)
    counts |= {"security": security, "tools": 0, "updates": 0, "other": 0}
    counts["updates" if os_type == "Windows" else "other"] = other
    activity_id = stable_guid(machine_id, "assessment", timestamp(finished))
    assessment: Wire = {
        "id": f"{machine_id}/patchAssessmentResults/latest",
        "name": activity_id,
        "properties": {
            "status": status,
            "startedBy": started_by,
            "osType": os_type,
            "patchServiceUsed": patch_service or ("WU" if os_type == "Windows" else "APT"),
            "rebootPending": reboot_pending,
            "availablePatchCountByClassification": counts,
            "startDateTime": timestamp(finished - timedelta(minutes=2)),
            "lastModifiedDateTime": timestamp(finished),
            "assessmentActivityId": activity_id,
            "errorDetails": error if error is not None else dict(NO_ERROR),
        },
    }
    state.assessments[key(machine_id)] = assessment
    state.touch(machine_id)
    return assessment


def record_installation(
    state: DemoEstate,
    machine_id: str,
    started: datetime,
    *,
    minutes: int = 40,
    status: str = "Succeeded",
    started_by: str = "Platform",
    window_exceeded: bool = False,
    installed: int = 2,
    failed: int = 0,
    pending: int = 0,
    reboot_status: str = "NotNeeded",
    run_id: str | None = None,
    error: Wire | None = None,
    failed_patches: Sequence[str] = (),
) -> Wire:
    """Add a patch installation, in the shape of Resource Graph's `patchinstallationresources`.

    `failed_patches` are single updates that failed (`KB5066835` on Windows, names of packages on Linux); `failed`
    counts these unless it says otherwise. Their rows are kept beside the properties of the installation.
    """
    os_type = os_type_of(state.machine(machine_id))
    activity_id = stable_guid(machine_id, "installation", timestamp(started))
    installation: Wire = {
        "id": f"{machine_id}/patchInstallationResults/{activity_id}",
        "name": activity_id,
        "properties": {
            "installationActivityId": activity_id,
            "status": status,
            "startedBy": started_by,
            "osType": os_type,
            "maintenanceWindowExceeded": window_exceeded,
            "maintenanceRunId": run_id,
            "rebootStatus": reboot_status,
            "installedPatchCount": installed,
            "failedPatchCount": failed or len(failed_patches),
            "pendingPatchCount": pending,
            "excludedPatchCount": 0,
            "notSelectedPatchCount": 0,
            "startDateTime": timestamp(started),
            "lastModifiedDateTime": timestamp(started + timedelta(minutes=minutes)),
            "errorDetails": error if error is not None else dict(NO_ERROR),
        },
    }
    if failed_patches:
        installation["_patches"] = [_failed_patch(installation, name) for name in failed_patches]
    state.installations[key(machine_id)].append(installation)
    state.touch(machine_id)
    return installation


def _failed_patch(installation: Wire, name: str) -> Wire:
    """A single update that an installation could not install. On Linux it has a version, and no KB."""
    windows = installation["properties"]["osType"] == "Windows"
    patch_id = stable_guid(installation["id"], name)
    return {
        "id": f"{installation['id']}/softwarePatches/{patch_id}",
        "name": patch_id,
        "properties": {
            "patchName": f"2026-10 Cumulative Update ({name})" if windows else name,
            "kbId": name.removeprefix("KB") if windows else None,
            "version": None if windows else "1.2.3-4",
            "classifications": ["Security"],
            "installationState": "Failed",
            "rebootBehavior": "CanRequestReboot" if windows else "NeverReboots",
            "rebootRequired": False,
            "publishedDateTime": "2026-10-13T17:00:00Z" if windows else None,
            "lastModifiedDateTime": installation["properties"]["lastModifiedDateTime"],
        },
    }


def instance_view(state: DemoEstate, vm: Wire) -> Wire:
    """`properties.instanceView` as the Compute provider answers it: what is stored, and what follows from it."""
    machine_key = key(vm["id"])
    view: Wire = dict(vm["properties"]["instanceView"])
    agent = view.get("vmAgent")
    extensions = state.extensions.get(machine_key, {}).values() if agent else ()
    if agent is not None and agent["statuses"] and agent["statuses"][0]["displayStatus"] == "Ready":
        handlers = [_handler(extension) for extension in extensions]
        view["vmAgent"] = agent | {"extensionHandlers": handlers}
        view["extensions"] = [extension["properties"]["instanceView"] for extension in extensions]
    patch_status: Wire = {}
    if (assessment := state.assessments.get(machine_key)) is not None:
        patch_status["availablePatchSummary"] = _available_patch_summary(assessment["properties"])
    if installations := state.installations.get(machine_key):
        patch_status["lastPatchInstallationSummary"] = _installation_summary(installations[-1]["properties"])
    if patch_status:
        view["patchStatus"] = patch_status
    return view


def _handler(extension: Wire) -> Wire:
    properties = extension["properties"]
    status = properties["instanceView"]["statuses"][0]
    failed = status["level"] == "Error"
    return {
        "type": f"{properties['publisher']}.{properties['type']}",
        "typeHandlerVersion": properties["typeHandlerVersion"],
        "status": {
            "code": status["code"],
            "level": status["level"],
            "displayStatus": "Not Ready" if failed else "Ready",
            "message": status["message"],
        },
    }


def _available_patch_summary(properties: Wire) -> Wire:
    counts = properties["availablePatchCountByClassification"]
    urgent = counts["critical"] + counts["security"]
    return {
        "status": properties["status"],
        "assessmentActivityId": properties["assessmentActivityId"],
        "rebootPending": properties["rebootPending"],
        "criticalAndSecurityPatchCount": urgent,
        "otherPatchCount": sum(counts.values()) - urgent,
        "startTime": properties["startDateTime"],
        "lastModifiedTime": properties["lastModifiedDateTime"],
        "error": properties["errorDetails"],
    }


def _installation_summary(properties: Wire) -> Wire:
    same = (
        "status",
        "installationActivityId",
        "maintenanceWindowExceeded",
        "notSelectedPatchCount",
        "excludedPatchCount",
        "pendingPatchCount",
        "installedPatchCount",
        "failedPatchCount",
    )
    return {name: properties[name] for name in same} | {
        "startTime": properties["startDateTime"],
        "lastModifiedTime": properties["lastModifiedDateTime"],
        "error": properties["errorDetails"],
    }


def vm_without_view(state: DemoEstate, vm: Wire) -> Wire:
    """A VM as a list or a plain GET shows it: no instance view, the extensions as references."""
    properties = {name: value for name, value in vm["properties"].items() if name != "instanceView"}
    shown = vm | {"properties": properties}
    if extensions := state.extensions.get(key(vm["id"])):
        shown["resources"] = [{"id": extension["id"]} for extension in extensions.values()]
    return shown


def extension_without_view(extension: Wire) -> Wire:
    """An extension as it is shown where the instance view was not asked for."""
    properties = {name: value for name, value in extension["properties"].items() if name != "instanceView"}
    return extension | {"properties": properties}
