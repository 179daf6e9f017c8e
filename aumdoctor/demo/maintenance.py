"""The demo's Microsoft.Maintenance: configurations, assignments, dynamic scopes, runs and their cancelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aumdoctor.demo.events import has_pre_event
from aumdoctor.demo.schedules import UNFINISHED, record_configuration_run, starts_at
from aumdoctor.demo.state import MAINTENANCE, Wire, key, patched, timestamp
from aumdoctor.demo.web import Answer, ArmError, Call, Handler, Route, not_found, paged, route, within

PAGE = 200
UNPAGED_VERSION = "2023-04-01"
"""In this version (and before) lists have no nextLink, and the SDK for it would not follow one."""

CANCEL_VERSIONS = ("2023-09-01-preview", "2023-10-01-preview", "2025-10-01-preview", "2025-11-01")
"""The versions in which a run can be cancelled."""
CANCEL_FROM, CANCEL_UNTIL = timedelta(minutes=40), timedelta(minutes=10)
"""Between which times before its start a run can be cancelled."""
SHORTEST, LONGEST = timedelta(hours=1, minutes=30), timedelta(hours=3, minutes=55)
"""Between which the window of a configuration for guests may last."""

_CONFIGURATIONS = f"{MAINTENANCE}/maintenanceConfigurations"
_ASSIGNMENTS = f"{MAINTENANCE}/configurationAssignments"
_RUNS = f"{MAINTENANCE}/applyUpdates"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_SCOPE = f"{_SUBSCRIPTION}{{below:path}}"


def _listed(call: Call, found: list[Wire]) -> Answer:
    if call.api_version <= UNPAGED_VERSION:
        return Answer(body={"value": found})
    return paged(call, found, PAGE)


def _scope(call: Call) -> str:
    """The scope in the path, in the provider's own casing."""
    below = call.parts.get("below", "")
    if below.lower().startswith("/resourcegroups/"):
        below = "/resourcegroups/" + below[len("/resourcegroups/") :]
    if "group" in call.parts:
        below = f"/resourcegroups/{call.parts['group']}"
    return f"/subscriptions/{call.parts['subscription']}{below}"


def list_configurations(call: Call) -> Answer:
    """The configurations of a subscription or resource group."""
    return _listed(call, within(call.state.configurations.values(), _scope(call)))


def _configuration_id(call: Call) -> str:
    return f"{_scope(call)}/providers/{_CONFIGURATIONS}/{call.parts['name']}"


def get_configuration(call: Call) -> Answer:
    """One configuration."""
    found = call.state.configurations.get(key(_configuration_id(call)))
    if found is None:
        raise not_found(_configuration_id(call))
    return Answer(body=found)


def put_configuration(call: Call) -> Answer:
    """Create or replace a configuration."""
    configuration_id = _configuration_id(call)
    body = call.json()
    properties = body.get("properties") or {}
    if not body.get("location") or not properties.get("maintenanceScope"):
        # This provider's validation errors do not come in ARM's envelope.
        return Answer(400, {"Message": "The request is invalid: location and maintenanceScope are required."})
    if (refusal := _why_not_to_be_written(properties, properties)) is not None:
        return _refused(400, refusal)
    is_new = key(configuration_id) not in call.state.configurations
    properties = {"namespace": MAINTENANCE, "visibility": "Custom", **properties}
    call.state.configurations[key(configuration_id)] = {
        "id": configuration_id,
        "name": call.parts["name"],
        "type": _CONFIGURATIONS,
        "location": body["location"],
        "tags": body.get("tags") or {},
        "properties": properties,
    }
    call.state.touch(configuration_id)
    return Answer(201 if is_new else 200, call.state.configurations[key(configuration_id)])


def patch_configuration(call: Call) -> Answer:
    """Merge into a configuration: members that are null count as not given, tags are replaced. There is no ETag."""
    found: Wire = get_configuration(call).body
    change = call.json()
    given = change.get("properties") or {}
    properties = patched(found["properties"], given)
    if (refusal := _why_not_to_be_written(properties, given)) is not None:
        return _refused(400, refusal)
    found["properties"] = properties
    if change.get("tags") is not None:
        found["tags"] = change["tags"]
    call.state.touch(found["id"])
    return Answer(body=found)


def _why_not_to_be_written(properties: Wire, given: Wire) -> str | None:
    """Why a configuration for guests is refused, None where it is not; a PATCH is judged by the members that it gives.
    The texts are the demo's own but the first."""
    if properties.get("maintenanceScope") != "InGuestPatch":
        return None
    is_new = given is properties
    mode = (properties.get("extensionProperties") or {}).get("InGuestPatchMode")
    if (is_new or "extensionProperties" in given) and mode not in ("User", "Platform"):
        return "Extension properties must contain Patch mode."
    window = properties.get("maintenanceWindow") or {}
    if not given.get("maintenanceWindow"):
        return None
    if not SHORTEST <= _duration({"properties": properties}) <= LONGEST:
        return f"The duration '{window.get('duration')}' of the maintenance window is not from 01:30 to 03:55."
    starts, expires = window.get("startDateTime"), window.get("expirationDateTime")
    if starts and expires and str(expires) <= str(starts):
        return f"The maintenance window expires at '{expires}', before it starts at '{starts}'."
    return None


def delete_configuration(call: Call) -> Answer:
    """Remove a configuration; its assignments stay and point nowhere."""
    found = call.state.configurations.pop(key(_configuration_id(call)), None)
    call.state.touch(_configuration_id(call))
    return Answer(200 if found else 204)


def list_assignments(call: Call) -> Answer:
    """The assignments within a subscription (static and dynamic), or those on one resource."""
    scope = _scope(call)
    if "/providers/" not in scope.lower():
        return _listed(call, within(call.state.assignments.values(), scope))
    prefix = f"{key(scope)}/providers/{_ASSIGNMENTS}/".lower()
    return _listed(call, [found for at, found in call.state.assignments.items() if at.startswith(prefix)])


def _assignment_id(call: Call) -> str:
    return f"{_scope(call)}/providers/{_ASSIGNMENTS}/{call.parts['name']}"


def get_assignment(call: Call) -> Answer:
    """One assignment or dynamic scope."""
    found = call.state.assignments.get(key(_assignment_id(call)))
    if found is None:
        raise not_found(_assignment_id(call))
    return Answer(body=found)


def put_assignment(call: Call) -> Answer:
    """Attach a machine, or what a filter matches in a subscription or resource group, to a configuration."""
    state, scope = call.state, _scope(call)
    body = call.json()
    properties = body.get("properties") or {}
    configuration_id = properties.get("maintenanceConfigurationId") or ""
    if "/providers/" in scope.lower() and not (key(scope) in state.vms or key(scope) in state.arc):
        raise not_found(scope)
    if key(configuration_id) not in state.configurations:
        return Answer(400, {"Message": f"The maintenance configuration '{configuration_id}' does not exist."})
    assignment_id = _assignment_id(call)
    known = state.assignments.get(key(assignment_id))
    target = state.vms.get(key(scope)) or state.arc.get(key(scope)) or state.resource_groups.get(key(scope))
    resource_id = known["properties"]["resourceId"] if known is not None else target["id"] if target else scope
    stored: Wire = {"maintenanceConfigurationId": configuration_id, "resourceId": resource_id}
    if "/providers/" not in scope.lower():
        stored["filter"] = properties.get("filter") or {}
    state.assignments[key(assignment_id)] = {
        "id": assignment_id,
        "name": call.parts["name"],
        "type": _ASSIGNMENTS,
        "location": body.get("location"),
        "properties": stored,
    }
    state.touch(assignment_id)
    return Answer(201 if known is None else 200, state.assignments[key(assignment_id)])


def delete_assignment(call: Call) -> Answer:
    """Detach; the machine of a static assignment need not exist any more."""
    found = call.state.assignments.pop(key(_assignment_id(call)), None)
    call.state.touch(_assignment_id(call))
    return Answer(200, found) if found else Answer(204)


def list_runs(call: Call) -> Answer:
    """The runs within a subscription or resource group."""
    return paged(call, within(call.state.runs.values(), _scope(call)), PAGE, show=_as_answered)


def _run_id(call: Call) -> str:
    return f"{_scope(call)}/providers/{_RUNS}/{call.parts['name']}"


def _as_answered(run: Wire) -> Wire:
    """A run of a configuration as a whole has, asked for by its id, the name of the configuration (as the examples of
    the specification have it), and in Resource Graph that of its start."""
    if not run["type"].startswith(_CONFIGURATIONS):
        return run
    return run | {"name": run["properties"]["resourceId"].rsplit("/", 1)[-1], "type": _RUNS}


def get_run(call: Call) -> Answer:
    """One run of a configuration, on a machine or as a whole."""
    found = call.state.runs.get(key(_run_id(call)))
    if found is None:
        raise not_found(_run_id(call))
    return Answer(body=_as_answered(found))


def put_run(call: Call) -> Answer:
    """Cancel a coming run of a configuration: the only status that can be written.

    It is accepted from forty to ten minutes before the start, and only where somebody subscribed to the event that
    comes before. A run that is cancelled already stays so.
    """
    if call.api_version not in CANCEL_VERSIONS:
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{call.api_version}' is invalid. The supported versions are "
            f"'{','.join(CANCEL_VERSIONS)}'.",
        )
    status = (call.json().get("properties") or {}).get("status")
    if str(status).lower() != "cancel":
        return _refused(400, f"The status '{status}' cannot be set.")
    state, name = call.state, call.parts["name"]
    configuration = state.configurations.get(key(_scope(call)))
    if configuration is None:
        raise not_found(_scope(call))
    start = _start_of_run(name)
    if start is None or not starts_at(configuration, start):
        return _refused(
            400,
            f"'{name}' is no run of the maintenance configuration '{configuration['name']}': a run is named after its "
            "start in UTC as yyyyMMddHHmmss.",
        )
    known = state.runs.get(key(_run_id(call)))
    if known is not None and known["properties"]["status"] == "Cancelled":
        return Answer(body=_as_answered(known))
    refusal = _why_not_to_be_cancelled(call, configuration, start, known)
    if refusal is not None:
        return refusal
    now = timestamp(call.azure.now())
    message = f"Maintenance cancelled using cancellation API at {now}"
    run_id = record_configuration_run(state, configuration["id"], start, "Cancelled", message, minutes=0)
    return Answer(body=_as_answered(state.runs[run_id]))


def _refused(status: int, message: str) -> Answer:
    """A refusal of this provider, which does not use ARM's envelope for what it checks by itself."""
    return Answer(status, {"Message": message})


def _start_of_run(name: str) -> datetime | None:
    """The start that a run is named after, in UTC. None where the name is no time, or not that of a whole minute."""
    if not (name.isascii() and name.isdigit() and len(name) == 14 and name.endswith("00")):
        return None
    try:
        return datetime.strptime(name, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _why_not_to_be_cancelled(call: Call, configuration: Wire, start: datetime, known: Wire | None) -> Answer | None:
    """The refusal of a cancelling, None where it is in time. The texts are the demo's own."""
    now, run = call.azure.now(), f"The maintenance run '{call.parts['name']}'"
    opens, closes = start - CANCEL_FROM, start - CANCEL_UNTIL
    status = known["properties"]["status"] if known is not None else "NotStarted"
    if status not in UNFINISHED or now >= start + _duration(configuration):
        return _refused(409, f"{run} cannot be cancelled: it has already ended.")
    if status == "InProgress" or now >= start:
        return _refused(409, f"{run} cannot be cancelled: it has already started at {timestamp(start)}.")
    if not has_pre_event(call.state, configuration["id"]):
        return _refused(
            400,
            f"{run} cannot be cancelled: the maintenance configuration '{configuration['name']}' has no event "
            "subscription for Microsoft.Maintenance.PreMaintenanceEvent.",
        )
    if now < opens:
        return _refused(400, f"{run} cannot be cancelled yet, but from {timestamp(opens)} until {timestamp(closes)}.")
    if now > closes:
        return _refused(
            409,
            f"{run} can no longer be cancelled: it starts at {timestamp(start)}, and the cut-off of its cancellation "
            f"was at {timestamp(closes)}.",
        )
    return None


def _duration(configuration: Wire) -> timedelta:
    """How long the window of a configuration is; none where it does not say so."""
    window = configuration["properties"].get("maintenanceWindow") or {}
    hours, _, minutes = str(window.get("duration")).partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes)) if hours.isdigit() and minutes.isdigit() else timedelta(0)


def _on_both_levels(method: str, path: str, operation: str, handler: Handler) -> tuple[Route, ...]:
    return (
        route(method, f"{_SUBSCRIPTION}/providers/{path}", operation, handler),
        route(method, f"{_SCOPE}/providers/{path}", operation, handler),
    )


ROUTES: tuple[Route, ...] = (
    route("GET", f"{_SUBSCRIPTION}/providers/{_CONFIGURATIONS}", f"{_CONFIGURATIONS}/read", list_configurations),
    route("GET", f"{_GROUP}/providers/{_CONFIGURATIONS}", f"{_CONFIGURATIONS}/read", list_configurations),
    route("GET", f"{_GROUP}/providers/{_CONFIGURATIONS}/{{name}}", f"{_CONFIGURATIONS}/read", get_configuration),
    route("PUT", f"{_GROUP}/providers/{_CONFIGURATIONS}/{{name}}", f"{_CONFIGURATIONS}/write", put_configuration),
    route("PATCH", f"{_GROUP}/providers/{_CONFIGURATIONS}/{{name}}", f"{_CONFIGURATIONS}/write", patch_configuration),
    route(
        "DELETE", f"{_GROUP}/providers/{_CONFIGURATIONS}/{{name}}", f"{_CONFIGURATIONS}/delete", delete_configuration
    ),
    *_on_both_levels("GET", _ASSIGNMENTS, f"{_ASSIGNMENTS}/read", list_assignments),
    *_on_both_levels("GET", f"{_ASSIGNMENTS}/{{name}}", f"{_ASSIGNMENTS}/read", get_assignment),
    *_on_both_levels("PUT", f"{_ASSIGNMENTS}/{{name}}", f"{_ASSIGNMENTS}/write", put_assignment),
    *_on_both_levels("DELETE", f"{_ASSIGNMENTS}/{{name}}", f"{_ASSIGNMENTS}/delete", delete_assignment),
    *_on_both_levels("GET", _RUNS, f"{_RUNS}/read", list_runs),
    *_on_both_levels("GET", f"{_RUNS}/{{name}}", f"{_RUNS}/read", get_run),
    *_on_both_levels("PUT", f"{_RUNS}/{{name}}", f"{_RUNS}/write", put_run),
)
