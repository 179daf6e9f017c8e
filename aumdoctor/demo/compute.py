"""The demo's Microsoft.Compute and Microsoft.HybridCompute: machines, their extensions and their actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aumdoctor.demo import effects
from aumdoctor.demo.machines import (
    add_extension,
    extension_without_view,
    instance_view,
    is_arc,
    os_type_of,
    provisioned_status,
    set_power,
    vm_without_view,
)
from aumdoctor.demo.state import COMPUTE, HYBRID, DemoEstate, Wire, key, merged
from aumdoctor.demo.web import Answer, ArmError, Call, Route, begin, not_found, operation_status, paged, route

PAGE = 100
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
VM = f"{GROUP}/providers/{COMPUTE}/{{name}}"
ARC = f"{GROUP}/providers/{HYBRID}/{{name}}"

PATCH_MODES = {
    "Windows": ("AutomaticByPlatform", "AutomaticByOS", "Manual"),
    "Linux": ("AutomaticByPlatform", "ImageDefault"),
}


def _machine_id(call: Call, type_: str) -> str:
    parts = call.parts
    return f"/subscriptions/{parts['subscription']}/resourceGroups/{parts['group']}/providers/{type_}/{parts['name']}"


def _find(call: Call, machines: dict[str, Wire], type_: str) -> Wire:
    machine_id = _machine_id(call, type_)
    if key(f"/subscriptions/{call.parts['subscription']}/resourceGroups/{call.parts['group']}") not in (
        call.state.resource_groups
    ):
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{call.parts['group']}' could not be found.")
    found = machines.get(key(machine_id))
    if found is None:
        raise not_found(machine_id)
    return found


def _vm(call: Call) -> Wire:
    return _find(call, call.state.vms, COMPUTE)


def _arc(call: Call) -> Wire:
    return _find(call, call.state.arc, HYBRID)


def _machine(call: Call) -> Wire:
    return _arc(call) if "/microsoft.hybridcompute/" in call.path.lower() else _vm(call)


def list_casing(resource_id: str) -> str:
    """The Compute provider's lists spell some resource groups in capitals; which ones is a matter of their history."""
    segments = resource_id.split("/")
    if sum(map(ord, segments[4].lower())) % 3 == 0:
        segments[4] = segments[4].upper()
    return "/".join(segments)


def _in_scope(call: Call, machines: dict[str, Wire]) -> list[Wire]:
    prefix = f"/subscriptions/{call.parts['subscription']}/".lower()
    if "group" in call.parts:
        prefix += f"resourcegroups/{call.parts['group']}/".lower()
        if prefix[:-1] not in call.state.resource_groups:
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{call.parts['group']}' could not be found.")
    return [machine for machine_key, machine in machines.items() if machine_key.startswith(prefix)]


def list_vms(call: Call) -> Answer:
    """All VMs of a subscription or resource group: the models, or with `statusOnly=true` the run-time statuses."""
    state = call.state
    if call.query.get("statusonly", "").lower() == "true":
        show: Callable[[Wire], Wire] = _status_only
    else:

        def show(vm: Wire) -> Wire:
            return vm_without_view(state, vm)

    return paged(call, _in_scope(call, state.vms), PAGE, show=lambda vm: show(vm) | {"id": list_casing(vm["id"])})


def _status_only(vm: Wire) -> Wire:
    properties = {
        "vmId": vm["properties"]["vmId"],
        "provisioningState": vm["properties"]["provisioningState"],
        "instanceView": {"statuses": vm["properties"]["instanceView"]["statuses"]},
    }
    return {"name": vm["name"], "type": vm["type"], "location": vm["location"], "properties": properties}


def get_vm(call: Call) -> Answer:
    """A VM, with its instance view where that is asked for."""
    vm = _vm(call)
    shown = vm_without_view(call.state, vm)
    if call.query.get("$expand", "").lower() == "instanceview":
        shown["properties"] = shown["properties"] | {"instanceView": instance_view(call.state, vm)}
    if "resources" in shown:
        extensions = call.state.extensions[key(vm["id"])].values()
        shown["resources"] = [extension_without_view(extension) for extension in extensions]
    return Answer(body=shown)


def get_instance_view(call: Call) -> Answer:
    """A VM's instance view alone."""
    return Answer(body=instance_view(call.state, _vm(call)))


def patch_vm(call: Call) -> Answer:
    """Merge into a VM's model, with the refusals that patch settings run into."""
    vm = _vm(call)
    change = {name: value for name, value in call.json().items() if name in ("tags", "properties", "identity", "zones")}
    properties = merged(vm["properties"], change.get("properties") or {})
    properties["instanceView"] = vm["properties"]["instanceView"]
    _refuse_bad_model(call.state, vm, properties)
    vm["properties"] = properties
    if "tags" in change:
        vm["tags"] = change["tags"]
    call.state.touch(vm["id"])
    return Answer(body=vm_without_view(call.state, vm))


def _refuse_bad_model(state: DemoEstate, vm: Wire, properties: Wire) -> None:
    os_type = os_type_of(vm)
    before, after = (
        model.get("osProfile", {}).get(f"{os_type.lower()}Configuration", {})
        for model in (vm["properties"], properties)
    )
    if before.get("enableAutomaticUpdates", True) != after.get("enableAutomaticUpdates", True):
        raise _immutable("windowsConfiguration.enableAutomaticUpdates")
    if before.get("provisionVMAgent", True) != after.get("provisionVMAgent", True):
        raise _immutable(f"{os_type.lower()}Configuration.provisionVMAgent")
    profile = properties.get("osProfile", {})
    if profile.get("allowExtensionOperations") is False and state.extensions.get(key(vm["id"])):
        raise _immutable("osProfile.allowExtensionOperations")
    settings = after.get("patchSettings", {})
    mode = settings.get("patchMode") or ("AutomaticByOS" if os_type == "Windows" else "ImageDefault")
    if mode not in PATCH_MODES[os_type]:
        raise _invalid(f"The value '{mode}' of parameter 'patchMode' is not allowed on a {os_type} VM.", "patchMode")
    if os_type == "Windows" and mode != "AutomaticByPlatform":
        automatic = after.get("enableAutomaticUpdates", True)
        if automatic != (mode == "AutomaticByOS"):
            raise _invalid(
                f"Invalid value of patchMode '{mode}' with enableAutomaticUpdates '{str(automatic).lower()}'.",
                "patchMode",
            )
    bypass = (settings.get("automaticByPlatformSettings") or {}).get("bypassPlatformSafetyChecksOnUserSchedule")
    if bypass and mode != "AutomaticByPlatform":
        raise _invalid(
            "BypassPlatformSafetyChecksOnUserSchedule can be set only when patchMode is AutomaticByPlatform.",
            "bypassPlatformSafetyChecksOnUserSchedule",
        )
    if bypass and settings.get("enableHotpatching"):
        raise _invalid(
            "Hotpatch updates require platform safety checks. The 'BypassPlatformSafetyChecksOnUserSchedule' flag must "
            "be set to false to enable hotpatching.",
            "enableHotpatching",
        )


def _immutable(name: str) -> ArmError:
    return ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.", target=name)


def _invalid(message: str, target: str) -> ArmError:
    return ArmError(400, "InvalidParameter", message, target=target)


def list_arc(call: Call) -> Answer:
    """All Arc-enabled servers of a subscription or resource group."""
    return paged(call, _in_scope(call, call.state.arc), PAGE)


def get_arc(call: Call) -> Answer:
    """An Arc-enabled server."""
    return Answer(body=_arc(call))


def patch_arc(call: Call) -> Answer:
    """Merge into an Arc-enabled server's model; not a long-running operation."""
    arc = _arc(call)
    change = call.json()
    arc["properties"] = merged(arc["properties"], change.get("properties") or {})
    if "tags" in change:
        arc["tags"] = change["tags"]
    call.state.touch(arc["id"])
    return Answer(body=arc)


def list_extensions(call: Call) -> Answer:
    """The extensions of a machine. The Compute provider's list has no pages."""
    machine = _machine(call)
    extensions = call.state.extensions.get(key(machine["id"]), {}).values()
    return Answer(body={"value": [_shown_extension(call, machine, extension) for extension in extensions]})


def _shown_extension(call: Call, machine: Wire, extension: Wire) -> Wire:
    # Arc always answers the instance view, Compute only where it is asked for.
    if is_arc(machine) or call.query.get("$expand", "").lower() == "instanceview":
        return extension
    return extension_without_view(extension)


def get_extension(call: Call) -> Answer:
    """One extension of a machine."""
    machine = _machine(call)
    return Answer(body=_shown_extension(call, machine, _extension(call, machine)))


def _extension(call: Call, machine: Wire) -> Wire:
    found = call.state.extensions.get(key(machine["id"]), {}).get(call.parts["extension"].lower())
    if found is None:
        raise not_found(f"{machine['id']}/extensions/{call.parts['extension']}")
    return found


def delete_extension(call: Call) -> Answer:
    """Remove an extension."""
    machine = _machine(call)
    _extension(call, machine)
    del call.state.extensions[key(machine["id"])][call.parts["extension"].lower()]
    call.state.touch(machine["id"])
    return begin(call, call.parts["subscription"], machine["location"], namespace=_namespace(machine))


def put_extension(call: Call) -> Answer:
    """Install an extension; the patch extension is the service's own and is refused."""
    machine = _machine(call)
    properties = call.json().get("properties") or {}
    publisher, type_ = properties.get("publisher", ""), properties.get("type", "")
    if not is_arc(machine) and publisher.lower() == "microsoft.cplat.core":
        raise ArmError(
            409,
            "OperationNotAllowed",
            f"Publisher '{publisher}' and type {type_} is reserved for internal use.",
        )
    effects.refuse_unless_reachable(machine)
    extension = add_extension(
        call.state, machine["id"], publisher, type_, properties.get("typeHandlerVersion") or "1.0"
    )
    return Answer(status=201, body=extension_without_view(extension))


def _namespace(machine: Wire) -> str:
    return str(machine["type"]).split("/", 1)[0]


def _act(act: Callable[[Call, Wire], Any]) -> Callable[[Call], Answer]:
    """An action as a long-running operation that needs a machine which answers."""

    def handler(call: Call) -> Answer:
        machine = _machine(call)
        effects.refuse_unless_reachable(machine)
        failure = effects.agent_failure(machine)
        result = None if failure else act(call, machine)
        return begin(
            call,
            call.parts["subscription"],
            machine["location"],
            namespace=_namespace(machine),
            result=result,
            error=failure,
        )

    return handler


def _assess(call: Call, machine: Wire) -> Wire:
    properties = effects.assess(call.state, machine, call.azure.now())
    return properties if is_arc(machine) else effects.compute_assessment(properties)


def _install(call: Call, machine: Wire) -> Wire:
    body = call.json()
    needed = ("maximumDuration", "rebootSetting") if is_arc(machine) else ("rebootSetting",)
    for name in needed:
        if name not in body:
            raise _invalid(f"Required parameter '{name}' is missing (null).", name)
    properties = effects.install(call.state, machine, call.azure.now())
    return properties if is_arc(machine) else effects.compute_installation(properties)


def _run_command(call: Call, machine: Wire) -> Wire:
    body = call.json()
    if not body.get("commandId"):
        raise _invalid("Required parameter 'commandId' is missing (null).", "commandId")
    if os_type_of(machine) == "Linux":
        message = "Enable succeeded: \n[stdout]\n\n[stderr]\n"
        codes = {"ProvisioningState/succeeded": message}
    else:
        codes = {"ComponentStatus/StdOut/succeeded": "", "ComponentStatus/StdErr/succeeded": ""}
    return {
        "value": [
            {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": text}
            for code, text in codes.items()
        ]
    }


def _power(power_state: str) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        vm = _vm(call)
        set_power(call.state, vm["id"], power_state)
        return begin(call, call.parts["subscription"], vm["location"])

    return handler


def _reapply(call: Call) -> Answer:
    vm = _vm(call)
    vm["properties"]["provisioningState"] = "Succeeded"
    vm["properties"]["instanceView"]["statuses"][0] = provisioned_status(call.azure.now())
    call.state.touch(vm["id"])
    return begin(call, call.parts["subscription"], vm["location"])


def _routes_of_machines(machine: str, type_: str, policies: tuple[str | None, str | None]) -> tuple[Route, ...]:
    get_policy, update_policy = policies
    guest_patch = "VMGuestPatch" if update_policy else None
    return (
        route("GET", f"{machine}/extensions", f"{type_}/extensions/read", list_extensions, get_policy),
        route("GET", f"{machine}/extensions/{{extension}}", f"{type_}/extensions/read", get_extension, get_policy),
        route(
            "DELETE",
            f"{machine}/extensions/{{extension}}",
            f"{type_}/extensions/delete",
            delete_extension,
            update_policy,
        ),
        route("PUT", f"{machine}/extensions/{{extension}}", f"{type_}/extensions/write", put_extension, update_policy),
        route("POST", f"{machine}/assessPatches", f"{type_}/assessPatches/action", _act(_assess), guest_patch),
        route("POST", f"{machine}/installPatches", f"{type_}/installPatches/action", _act(_install), guest_patch),
    )


ROUTES: tuple[Route, ...] = (
    route("GET", f"/subscriptions/{{subscription}}/providers/{COMPUTE}", f"{COMPUTE}/read", list_vms, "HighCostGet"),
    route("GET", f"{GROUP}/providers/{COMPUTE}", f"{COMPUTE}/read", list_vms, "HighCostGet"),
    route("GET", VM, f"{COMPUTE}/read", get_vm, "LowCostGet"),
    route("GET", f"{VM}/instanceView", f"{COMPUTE}/instanceView/read", get_instance_view, "LowCostGet"),
    route("PATCH", VM, f"{COMPUTE}/write", patch_vm, "UpdateVM"),
    *_routes_of_machines(VM, COMPUTE, ("LowCostGet", "UpdateVM")),
    route("POST", f"{VM}/start", f"{COMPUTE}/start/action", _power("running"), "UpdateVM"),
    route("POST", f"{VM}/restart", f"{COMPUTE}/restart/action", _power("running"), "UpdateVM"),
    route("POST", f"{VM}/powerOff", f"{COMPUTE}/powerOff/action", _power("stopped"), "UpdateVM"),
    route("POST", f"{VM}/deallocate", f"{COMPUTE}/deallocate/action", _power("deallocated"), "DeleteVM"),
    route("POST", f"{VM}/reapply", f"{COMPUTE}/reapply/action", _reapply, "UpdateVM"),
    route("POST", f"{VM}/runCommand", f"{COMPUTE}/runCommand/action", _act(_run_command), "UpdateVM"),
    route("GET", f"/subscriptions/{{subscription}}/providers/{HYBRID}", f"{HYBRID}/read", list_arc),
    route("GET", f"{GROUP}/providers/{HYBRID}", f"{HYBRID}/read", list_arc),
    route("GET", ARC, f"{HYBRID}/read", get_arc),
    route("PATCH", ARC, f"{HYBRID}/write", patch_arc),
    *_routes_of_machines(ARC, HYBRID, (None, None)),
    route(
        "GET",
        "/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations/{id}",
        "Microsoft.Compute/locations/operations/read",
        operation_status,
        "GetOperation",
    ),
)
