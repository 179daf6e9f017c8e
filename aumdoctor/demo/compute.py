"""The demo's Microsoft.Compute and Microsoft.HybridCompute: machines, their extensions and their actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from aumdoctor.demo import effects, operations
from aumdoctor.demo.machines import (
    add_extension,
    extension_without_view,
    instance_view,
    is_arc,
    os_type_of,
    power_state_of,
    set_power,
    show_power,
    vm_without_view,
)
from aumdoctor.demo.state import COMPUTE, HYBRID, DemoEstate, Wire, key, patched, stable_guid
from aumdoctor.demo.web import Answer, ArmError, Call, Route, not_found, paged, route

PAGE = 100
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
VM = f"{GROUP}/providers/{COMPUTE}/{{name}}"
ARC = f"{GROUP}/providers/{HYBRID}/{{name}}"

PATCH_MODES = {
    "Windows": ("AutomaticByPlatform", "AutomaticByOS", "Manual"),
    "Linux": ("AutomaticByPlatform", "ImageDefault"),
}
_ASSESSMENT_MODES = ("AutomaticByPlatform", "ImageDefault")
_REBOOT_SETTINGS = ("Unknown", "IfRequired", "Never", "Always")
_BY_PLATFORM = {"bypassPlatformSafetyChecksOnUserSchedule", "rebootSetting"}
_PATCH_SETTINGS = {"patchMode", "assessmentMode", "automaticByPlatformSettings"}
_PATCH_MEMBERS = {"Windows": _PATCH_SETTINGS | {"enableHotpatching"}, "Linux": _PATCH_SETTINGS}
_READ_ONLY = ("instanceView", "provisioningState", "timeCreated", "vmId")
_ARC_WRITABLE = (
    "agentUpgrade",
    "cloudMetadata",
    "locationData",
    "osProfile",
    "parentClusterResourceId",
    "privateLinkScopeResourceId",
)

ETAG_SINCE = "2024-07-01"
"""The api-version from which on VMs have an `etag` and requests that write them an If-Match (its specification)."""


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


def machine_of(call: Call) -> Wire:
    """The VM or Arc-enabled server that a request is about. Raises ArmError 404."""
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


def etag_of(state: DemoEstate, vm: Wire) -> str:
    """The ETag of a VM's model: another one after every write, not after what merely happens to the VM."""
    properties = {name: value for name, value in vm["properties"].items() if name not in _READ_ONLY}
    model = msgspec.json.encode(vm | {"properties": properties}, order="deterministic")
    return f'"{stable_guid(model, state.model_writes[key(vm["id"])])}"'


def _shown(call: Call, vm: Wire) -> Wire:
    """A VM as a GET or a PATCH answers it."""
    shown = vm_without_view(call.state, vm)
    return shown | {"etag": etag_of(call.state, vm)} if call.api_version >= ETAG_SINCE else shown


def _refuse_other_etag(call: Call, vm: Wire) -> None:
    if call.api_version < ETAG_SINCE:
        return
    wanted = call.headers.get("if-match", "*")
    accepted = {tag.strip() for tag in wanted.split(",")}
    if call.headers.get("if-none-match") == "*" or not accepted & {"*", etag_of(call.state, vm)}:
        message = "The condition specified using HTTP conditional header(s) is not met."
        raise ArmError(412, "PreconditionFailed", message)


def get_vm(call: Call) -> Answer:
    """A VM, with its instance view where that is asked for."""
    vm = _vm(call)
    operations.look(call.azure, vm["id"])
    shown = _shown(call, vm)
    if call.query.get("$expand", "").lower() == "instanceview":
        shown["properties"] = shown["properties"] | {"instanceView": _view(call, vm)}
    if "resources" in shown:
        extensions = call.state.extensions[key(vm["id"])].values()
        shown["resources"] = [extension_without_view(extension) for extension in extensions]
    return Answer(body=shown)


def get_instance_view(call: Call) -> Answer:
    """A VM's instance view alone."""
    vm = _vm(call)
    operations.look(call.azure, vm["id"])
    return Answer(body=_view(call, vm))


_SUMMARIES = {"assessPatches": "availablePatchSummary", "installPatches": "lastPatchInstallationSummary"}


def _view(call: Call, vm: Wire) -> Wire:
    """The instance view, with what is being assessed or installed at this moment."""
    view = instance_view(call.state, vm)
    for operation in operations.running(call.azure, vm["id"]):
        if operation.kind in _SUMMARIES:
            status, name = view.get("patchStatus", {}), _SUMMARIES[operation.kind]
            view["patchStatus"] = status | {name: status.get(name, {}) | {"status": "InProgress"}}
    return view


def patch_vm(call: Call) -> Answer:
    """Merge into a VM's model, with the refusals that patch settings run into.

    The answer is the new model, which is being applied: `Updating`, to be followed by Azure-AsyncOperation. Members
    that are null count as not given, tags are replaced as a whole.
    """
    vm = _vm(call)
    _refuse_other_etag(call, vm)
    operations.refuse_while_busy(call, vm)
    change = call.json()
    wanted = change.get("properties") or {}
    wanted = {name: value for name, value in wanted.items() if name not in _READ_ONLY}
    properties = patched(vm["properties"], wanted)
    if "osProfile" in wanted:
        _refuse_unknown_members(vm, wanted["osProfile"] or {})
        _refuse_bad_model(call.state, vm, properties)
    vm["properties"] = properties
    for name in ("tags", "identity", "zones"):
        if change.get(name) is not None:
            vm[name] = change[name]
    call.state.model_writes[key(vm["id"])] += 1
    call.state.touch(vm["id"])
    headers = operations.begin(call, vm, lambda: None)
    del headers["Location"]
    return Answer(body=_shown(call, vm), headers=headers)


def _refuse_unknown_members(vm: Wire, profile: Wire) -> None:
    os_type = os_type_of(vm)
    other = "linuxConfiguration" if os_type == "Windows" else "windowsConfiguration"
    if profile.get(other) is not None:
        raise _invalid(f"The property '{other}' is not allowed on a {os_type} VM.", f"osProfile.{other}")
    settings = (profile.get(f"{os_type.lower()}Configuration") or {}).get("patchSettings") or {}
    of_platform = settings.get("automaticByPlatformSettings") or {}
    for kind, members, known in (
        ("PatchSettings", settings, _PATCH_MEMBERS[os_type]),
        ("AutomaticByPlatformSettings", of_platform, _BY_PLATFORM),
    ):
        for name in members.keys() - known:
            raise ArmError(
                400, "BadRequest", f"Could not find member '{name}' on object of type '{kind}'.", target=name
            )
    for name, value, allowed in (
        ("assessmentMode", settings.get("assessmentMode"), _ASSESSMENT_MODES),
        ("rebootSetting", of_platform.get("rebootSetting"), _REBOOT_SETTINGS),
    ):
        if value is not None and value not in allowed:
            raise _invalid(f"The value '{value}' of parameter '{name}' is not allowed.", name)


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
    allowed = vm["properties"].get("osProfile", {}).get("allowExtensionOperations", True)
    if profile.get("allowExtensionOperations") is False and allowed and state.extensions.get(key(vm["id"])):
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
    if mode == "AutomaticByPlatform" and after.get("provisionVMAgent") is False:
        raise _invalid("The patchMode 'AutomaticByPlatform' requires provisionVMAgent to be true.", "patchMode")
    if settings.get("enableHotpatching") and mode != "AutomaticByPlatform":
        raise _invalid("Hotpatching requires patchMode 'AutomaticByPlatform'.", "enableHotpatching")
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
    """Merge into an Arc-enabled server's model; not a long-running operation, and there is no ETag."""
    arc = _arc(call)
    change = call.json()
    wanted = {name: value for name, value in (change.get("properties") or {}).items() if name in _ARC_WRITABLE}
    arc["properties"] = patched(arc["properties"], wanted)
    if change.get("tags") is not None:
        arc["tags"] = change["tags"]
    call.state.touch(arc["id"])
    return Answer(body=arc)


def list_extensions(call: Call) -> Answer:
    """The extensions of a machine. The Compute provider's list has no pages."""
    machine = machine_of(call)
    extensions = call.state.extensions.get(key(machine["id"]), {}).values()
    return Answer(body={"value": [_shown_extension(call, machine, extension) for extension in extensions]})


def _shown_extension(call: Call, machine: Wire, extension: Wire) -> Wire:
    # Arc always answers the instance view, Compute only where it is asked for.
    if is_arc(machine) or call.query.get("$expand", "").lower() == "instanceview":
        return extension
    return extension_without_view(extension)


def get_extension(call: Call) -> Answer:
    """One extension of a machine."""
    machine = machine_of(call)
    operations.look(call.azure, machine["id"])
    found = _extension(call, machine)
    if found is None:
        raise not_found(f"{machine['id']}/extensions/{call.parts['extension']}")
    return Answer(body=_shown_extension(call, machine, found))


def _extension(call: Call, machine: Wire) -> Wire | None:
    return call.state.extensions.get(key(machine["id"]), {}).get(call.parts["extension"].lower())


def delete_extension(call: Call) -> Answer:
    """Remove an extension, which is `Deleting` meanwhile; 204 where there is none."""
    state, machine = call.state, machine_of(call)
    extension = _extension(call, machine)
    if extension is None:
        return Answer(204)
    _refuse_extensions_while_off(machine)
    effects.refuse_unless_reachable(machine)
    operations.refuse_while_busy(call, machine)
    properties = extension["properties"]
    before, properties["provisioningState"] = properties["provisioningState"], "Deleting"

    def act() -> None:
        state.extensions[key(machine["id"])].pop(key(extension["name"]), None)
        state.touch(machine["id"])

    def undo() -> None:
        properties["provisioningState"] = before
        state.touch(machine["id"])

    state.touch(machine["id"])
    return Answer(202, headers=operations.begin(call, machine, act, writes_model=False, undo=undo))


def _refuse_extensions_while_off(machine: Wire) -> None:
    if not is_arc(machine) and power_state_of(machine) != "running":
        raise ArmError(409, "OperationNotAllowed", "Cannot modify extensions in the VM when the VM is not running.")


def put_extension(call: Call) -> Answer:
    """Install an extension; the patch extension is the service's own and is refused."""
    machine = machine_of(call)
    properties = call.json().get("properties") or {}
    publisher, type_ = properties.get("publisher", ""), properties.get("type", "")
    if not is_arc(machine) and publisher.lower() == "microsoft.cplat.core":
        raise ArmError(
            409,
            "OperationNotAllowed",
            f"Publisher '{publisher}' and type {type_} is reserved for internal use.",
        )
    _refuse_extensions_while_off(machine)
    effects.refuse_unless_reachable(machine)
    operations.refuse_while_busy(call, machine)
    extension = add_extension(
        call.state, machine["id"], publisher, type_, properties.get("typeHandlerVersion") or "1.0"
    )
    return Answer(status=201, body=extension_without_view(extension))


def _act(
    act: Callable[[Call, Wire], Any], refuse: Callable[[Call, Wire], None] | None = None
) -> Callable[[Call], Answer]:
    """An action as a long-running operation that needs a machine which answers; `refuse` looks at the request.

    The Arc provider says by Location how it goes on, the Compute provider by Azure-AsyncOperation as well.
    """

    def handler(call: Call) -> Answer:
        machine = machine_of(call)
        if refuse is not None:
            refuse(call, machine)
        effects.refuse_unless_reachable(machine)
        operations.refuse_while_busy(call, machine)
        failure = effects.agent_failure(machine)
        headers = operations.begin(call, machine, lambda: act(call, machine), failure=failure, writes_model=False)
        if is_arc(machine):
            del headers["Azure-AsyncOperation"]
        return Answer(202, headers=headers)

    return handler


def _assess(call: Call, machine: Wire) -> Wire:
    properties = effects.assess(call.state, machine, call.azure.now())
    return properties if is_arc(machine) else effects.compute_assessment(properties)


def _refuse_installation(call: Call, machine: Wire) -> None:
    body = call.json()
    needed = ("maximumDuration", "rebootSetting") if is_arc(machine) else ("rebootSetting",)
    for name in needed:
        if name not in body:
            raise _invalid(f"Required parameter '{name}' is missing (null).", name)


def _install(call: Call, machine: Wire) -> Wire:
    properties = effects.install(call.state, machine, call.azure.now())
    return properties if is_arc(machine) else effects.compute_installation(properties)


def _power(before: str, after: str) -> Callable[[Call], Answer]:
    """Start or stop a VM. Where an operation fails, the VM is as it was; one that runs is not started anew."""

    def handler(call: Call) -> Answer:
        vm = _vm(call)
        operations.refuse_while_busy(call, vm)
        was = power_state_of(vm)
        if was == after:
            return Answer(202, headers=operations.begin(call, vm, lambda: None, writes_model=False))
        show_power(call.state, vm["id"], before)
        return Answer(
            202,
            headers=operations.begin(
                call,
                vm,
                lambda: set_power(call.state, vm["id"], after),
                undo=lambda: show_power(call.state, vm["id"], was),
            ),
        )

    return handler


def _restart(call: Call) -> Answer:
    """Restart a VM: it stays `running`, and its agent is back afterwards."""
    vm = _vm(call)
    if power_state_of(vm) != "running":
        raise ArmError(409, "OperationNotAllowed", f"The VM '{vm['name']}' is not running and cannot be restarted.")
    operations.refuse_while_busy(call, vm)
    return Answer(202, headers=operations.begin(call, vm, lambda: set_power(call.state, vm["id"], "running")))


def _reapply(call: Call) -> Answer:
    vm = _vm(call)
    operations.refuse_while_busy(call, vm)
    return Answer(202, headers=operations.begin(call, vm, lambda: None))


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
        route(
            "POST",
            f"{machine}/installPatches",
            f"{type_}/installPatches/action",
            _act(_install, _refuse_installation),
            guest_patch,
        ),
    )


def _operations_of(namespace: str, resource_type: str, policy: str | None = None) -> Route:
    """To follow an operation takes a right at the subscription or above, not only on the machine."""
    path = f"/subscriptions/{{subscription}}/providers/{namespace}/locations/{{location}}/operations/{{id}}"
    right = f"{namespace}/locations/{resource_type}/read"
    return route("GET", path, right, operations.operation_status, policy)


ROUTES: tuple[Route, ...] = (
    route("GET", f"/subscriptions/{{subscription}}/providers/{COMPUTE}", f"{COMPUTE}/read", list_vms, "HighCostGet"),
    route("GET", f"{GROUP}/providers/{COMPUTE}", f"{COMPUTE}/read", list_vms, "HighCostGet"),
    route("GET", VM, f"{COMPUTE}/read", get_vm, "LowCostGet"),
    route("GET", f"{VM}/instanceView", f"{COMPUTE}/instanceView/read", get_instance_view, "LowCostGet"),
    route("PATCH", VM, f"{COMPUTE}/write", patch_vm, "UpdateVM"),
    *_routes_of_machines(VM, COMPUTE, ("LowCostGet", "UpdateVM")),
    route("POST", f"{VM}/start", f"{COMPUTE}/start/action", _power("starting", "running"), "UpdateVM"),
    route("POST", f"{VM}/restart", f"{COMPUTE}/restart/action", _restart, "UpdateVM"),
    route("POST", f"{VM}/powerOff", f"{COMPUTE}/powerOff/action", _power("stopping", "stopped"), "UpdateVM"),
    route(
        "POST", f"{VM}/deallocate", f"{COMPUTE}/deallocate/action", _power("deallocating", "deallocated"), "DeleteVM"
    ),
    route("POST", f"{VM}/reapply", f"{COMPUTE}/reapply/action", _reapply, "UpdateVM"),
    route("GET", f"/subscriptions/{{subscription}}/providers/{HYBRID}", f"{HYBRID}/read", list_arc),
    route("GET", f"{GROUP}/providers/{HYBRID}", f"{HYBRID}/read", list_arc),
    route("GET", ARC, f"{HYBRID}/read", get_arc),
    route("PATCH", ARC, f"{HYBRID}/write", patch_arc),
    *_routes_of_machines(ARC, HYBRID, (None, None)),
    _operations_of("Microsoft.Compute", "operations", "GetOperation"),
    _operations_of("Microsoft.HybridCompute", "operationstatus"),
)
