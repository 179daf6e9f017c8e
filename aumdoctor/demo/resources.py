"""The demo's tenant-level providers: subscriptions, groups, resource providers, activity log, Resource Graph."""

from __future__ import annotations

import re

from aumdoctor.demo import operations
from aumdoctor.demo.graph import QueryError
from aumdoctor.demo.state import Wire, key
from aumdoctor.demo.web import Answer, ArmError, Call, Route, not_found, paged, route

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUPS_PAGE = 100
ACTIVITY_PAGE = 200
DESCENDANTS_PAGE = 100

_READ = "Microsoft.Resources/subscriptions/read"


def list_subscriptions(call: Call) -> Answer:
    """The subscriptions that the caller can list."""
    refused = {denial.subscription for denial in call.azure.faults.denials if denial.operation == _READ.lower()}
    found = [value for at, value in call.state.subscriptions.items() if at not in refused]
    return Answer(body={"value": found, "count": {"type": "Total", "value": len(found)}})


def get_subscription(call: Call) -> Answer:
    """One subscription."""
    return Answer(body=call.state.subscriptions[call.parts["subscription"].lower()])


def list_tenants(call: Call) -> Answer:
    """The one tenant."""
    tenant = {"id": f"/tenants/{call.azure.tenant_id}", "tenantId": call.azure.tenant_id, "displayName": "Contoso"}
    return Answer(body={"value": [tenant]})


def list_resource_groups(call: Call) -> Answer:
    """The resource groups of a subscription."""
    prefix = f"/subscriptions/{call.parts['subscription']}/".lower()
    groups = [group for at, group in call.state.resource_groups.items() if at.startswith(prefix)]
    return paged(call, groups, GROUPS_PAGE)


def get_resource_group(call: Call) -> Answer:
    """One resource group."""
    group_id = f"/subscriptions/{call.parts['subscription']}/resourceGroups/{call.parts['group']}"
    found = call.state.resource_groups.get(key(group_id))
    if found is None:
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{call.parts['group']}' could not be found.")
    return Answer(body=found)


def list_providers(call: Call) -> Answer:
    """All resource providers of a subscription with their registration."""
    prefix = f"{call.parts['subscription'].lower()}/"
    return Answer(body={"value": [value for at, value in call.state.providers.items() if at.startswith(prefix)]})


def _provider(call: Call) -> Wire:
    found = call.state.provider(call.parts["subscription"], call.parts["namespace"])
    if found is None:
        namespace = call.parts["namespace"]
        raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    return found


def get_provider(call: Call) -> Answer:
    """One resource provider; a registration that was started is done after some such reads."""
    found = _provider(call)
    operations.look(call.azure, found["id"])
    return Answer(body=found)


def register_provider(call: Call) -> Answer:
    """Start to register a resource provider; one that is registered stays so."""
    found = _provider(call)
    if found["registrationState"] not in ("Registered", "Registering"):
        before, found["registrationState"] = found["registrationState"], "Registering"

        def ended(succeeded: bool) -> None:
            found["registrationState"] = "Registered" if succeeded else before

        operations.start(call, found["id"], lambda: None, ended=ended)
    return Answer(body=found)


def unregister_provider(call: Call) -> Answer:
    """Unregister a resource provider."""
    found = _provider(call)
    found["registrationState"] = "Unregistered"
    return Answer(body=found)


def _tagged(call: Call) -> Wire:
    """The resource, resource group or subscription whose tags a request is about."""
    state, scope = call.state, key(call.parts["scope"])
    segments = scope.split("/")
    found = (
        state.vms.get(scope)
        or state.arc.get(scope)
        or state.configurations.get(scope)
        or state.resource_groups.get(scope)
        or (state.subscriptions.get(segments[2]) if len(segments) == 3 else None)
    )
    if found is None:
        raise not_found(call.parts["scope"])
    return found


def get_tags(call: Call) -> Answer:
    """The tags of a resource, resource group or subscription, as a resource of their own."""
    found = _tagged(call)
    return Answer(
        body={
            "id": f"{found['id']}/providers/Microsoft.Resources/tags/default",
            "name": "default",
            "type": "Microsoft.Resources/tags",
            "properties": {"tags": found.get("tags") or {}},
        }
    )


def write_tags(call: Call) -> Answer:
    """Replace all tags (PUT), remove them (DELETE), or merge, replace or delete some (PATCH with an `operation`).

    Names of tags are compared without regard to case, and one that is there already keeps its spelling.
    """
    found, body = _tagged(call), {} if call.method == "DELETE" else call.json()
    given: dict[str, str] = (body.get("properties") or {}).get("tags") or {}
    operation = str(body.get("operation")).lower() if call.method == "PATCH" else "replace"
    tags: dict[str, str] = dict(found.get("tags") or {})
    spelt = {name.lower(): name for name in tags}
    match operation:
        case "replace":
            tags = dict(given)
        case "merge":
            tags |= {spelt.get(name.lower(), name): value for name, value in given.items()}
        case "delete":
            gone = {name.lower(): value for name, value in given.items()}
            tags = {name: value for name, value in tags.items() if gone.get(name.lower()) != value}
        case _:
            raise ArmError(400, "InvalidRequestContent", f"The operation '{body.get('operation')}' is invalid.")
    found["tags"] = tags
    call.state.touch(found["id"])
    return Answer() if call.method == "DELETE" else get_tags(call)


def list_activity(call: Call) -> Answer:
    """The activity log of a subscription, newest first. The filter must say from when."""
    condition = call.query.get("$filter", "")
    if "eventtimestamp" not in condition.lower():
        raise ArmError(400, "BadRequest", "The $filter of the activity log must contain eventTimestamp.")
    limits = {
        (name.lower(), operator.lower()): value.replace("''", "'").lower()
        for name, operator, value in re.findall(r"(\w+)\s+(eq|ge|le)\s+'((?:[^']|'')*)'", condition, re.IGNORECASE)
    }
    events = [
        event for event in call.state.activity.get(call.parts["subscription"].lower(), ()) if _is_wanted(event, limits)
    ]
    events.sort(key=lambda event: str(event["eventTimestamp"]), reverse=True)
    return paged(call, events, ACTIVITY_PAGE)


def _is_wanted(event: Wire, limits: dict[tuple[str, str], str]) -> bool:
    at = event["eventTimestamp"].lower()
    operations = limits.get(("operations", "eq"))
    return (
        limits.get(("eventtimestamp", "ge"), "") <= at <= limits.get(("eventtimestamp", "le"), "9999")
        and limits.get(("resourceuri", "eq"), key(event["resourceId"])).rstrip("/") == key(event["resourceId"])
        and limits.get(("resourcegroupname", "eq"), event["resourceGroupName"].lower())
        == event["resourceGroupName"].lower()
        and (operations is None or event["operationName"]["value"].lower() in operations.split(","))
        and limits.get(("resourceprovider", "eq"), "") in {"", *_namespaces(event)}
    )


def _namespaces(event: Wire) -> set[str]:
    """The resource providers that an event belongs to: that of its operation and that of its resource."""
    of_resource = re.findall(r"/providers/([^/]+)", event["resourceId"].lower())
    return {event["operationName"]["value"].lower().split("/")[0], *of_resource[-1:]}


def list_management_groups(call: Call) -> Answer:
    """The management groups."""
    return Answer(body={"value": [_management_group(name) for name in call.state.management_groups]})


def _management_group(name: str) -> Wire:
    return {
        "id": f"/providers/Microsoft.Management/managementGroups/{name}",
        "type": "Microsoft.Management/managementGroups",
        "name": name,
        "properties": {"displayName": name},
    }


def list_descendants(call: Call) -> Answer:
    """The subscriptions below a management group."""
    name = call.parts["name"]
    members = {group.lower(): found for group, found in call.state.management_groups.items()}.get(name.lower())
    if members is None:
        # Azure does not tell an unknown group from one that the caller may not see.
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{call.azure.state.principal_id}' does not have authorization to perform action "
            "'Microsoft.Management/managementGroups/descendants/read' over scope "
            f"'/providers/Microsoft.Management/managementGroups/{name}' or the scope is invalid.",
        )
    rows = [
        {
            "id": f"/subscriptions/{member}",
            "name": member,
            "type": "/subscriptions",
            "properties": {
                "displayName": call.state.subscriptions[member.lower()]["displayName"],
                "parent": {"id": _management_group(name)["id"]},
            },
        }
        for member in members
    ]
    return paged(call, rows, DESCENDANTS_PAGE)


def query_graph(call: Call) -> Answer:
    """Run a Resource Graph query, or hand out a further page of one."""
    azure, body = call.azure, call.json()
    options = body.get("options") or {}
    query = body.get("query") or ""
    chosen = _subscriptions_of(call, body)
    readable = [found for found in chosen if azure.faults.denied(found, "*") is None]
    if not readable:
        raise ArmError(
            403,
            "AccessDenied",
            "Access is denied to all of the requested subscriptions.",
            details=[{"code": "NoValidSubscriptions", "message": "No subscription in the request can be read."}],
        )
    try:
        if token := options.get("$skipToken"):
            page = azure.graph.next_page(token, options.get("$top"))
        else:
            hidden = azure.faults.hidden_rows()
            page = azure.graph.query(query, readable, hidden=hidden, top=options.get("$top"))
    except QueryError as error:
        raise ArmError(
            400,
            "BadRequest",
            "Please provide below info when asking for support: timestamp and correlation id.",
            details=[
                {
                    "code": "InvalidQuery",
                    "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph "
                    "service and fix the error before retrying.",
                },
                {"code": "ParserFailure", "message": str(error)},
            ],
        ) from error
    is_cut = page.skip_token is None and len(page.rows) < page.total and not options.get("$skipToken")
    answer: Wire = {
        "totalRecords": page.total,
        "count": len(page.rows),
        "data": page.rows,
        "facets": [],
        "resultTruncated": "true" if is_cut else "false",
    }
    if page.skip_token is not None:
        answer["$skipToken"] = page.skip_token
    return Answer(body=answer)


def _subscriptions_of(call: Call, body: Wire) -> list[str]:
    """The existing subscriptions that a query is about; all of them where it names none."""
    state = call.state
    known = state.subscriptions
    if body.get("subscriptions"):
        return [found for found in body["subscriptions"] if str(found).lower() in known]
    if body.get("managementGroups"):
        wanted = {str(name).lower() for name in body["managementGroups"]}
        groups = state.management_groups.items()
        return [member for name, members in groups if name.lower() in wanted for member in members]
    return [subscription["subscriptionId"] for subscription in known.values()]


_PROVIDER = f"{SUBSCRIPTION}/providers/{{namespace}}"
_PROVIDERS = "Microsoft.Resources/subscriptions/providers"

_TAGS = "{scope:path}/providers/Microsoft.Resources/tags/default"

ROUTES: tuple[Route, ...] = (
    route("GET", _TAGS, "Microsoft.Resources/tags/read", get_tags),
    *(route(method, _TAGS, "Microsoft.Resources/tags/write", write_tags) for method in ("PUT", "PATCH")),
    route("DELETE", _TAGS, "Microsoft.Resources/tags/delete", write_tags),
    route("GET", "/subscriptions", "", list_subscriptions),
    route("GET", SUBSCRIPTION, _READ, get_subscription),
    route("GET", "/tenants", "", list_tenants),
    route(
        "GET",
        f"{SUBSCRIPTION}/resourceGroups",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        list_resource_groups,
    ),
    route(
        "GET",
        f"{SUBSCRIPTION}/resourceGroups/{{group}}",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        get_resource_group,
    ),
    route("GET", f"{SUBSCRIPTION}/providers", f"{_PROVIDERS}/read", list_providers),
    route("GET", _PROVIDER, f"{_PROVIDERS}/read", get_provider),
    route("POST", f"{_PROVIDER}/register", "Microsoft.Resources/register/action", register_provider),
    route("POST", f"{_PROVIDER}/unregister", "Microsoft.Resources/unregister/action", unregister_provider),
    route(
        "GET",
        f"{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values",
        "Microsoft.Insights/eventtypes/values/read",
        list_activity,
    ),
    route("GET", "/providers/Microsoft.Management/managementGroups", "", list_management_groups),
    route("GET", "/providers/Microsoft.Management/managementGroups/{name}/descendants", "", list_descendants),
    route(
        "POST", "/providers/Microsoft.ResourceGraph/resources", "Microsoft.ResourceGraph/resources/read", query_graph
    ),
)
