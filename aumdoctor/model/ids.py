"""Azure resource ids.

Azure treats resource ids as case-insensitive, and the same resource comes back in different casing from different
APIs (Compute says `/resourceGroups/TEST_VM/`, Resource Graph `/resourceGroups/test_vm/`, Microsoft.Maintenance
`/resourcegroups/`). Compare by `key`, show and call with the original.
"""

from __future__ import annotations

import msgspec


def key(resource_id: str) -> str:
    """The form of a resource id under which two spellings of the same resource are equal.

    >>> key("/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm/")
    '/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm'
    """
    return resource_id.lstrip().rstrip("/ \t\r\n").lower()


class ResourceId(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a resource id, each in its original casing; what is absent is an empty string.

    `type` is the full type of the last `providers` segment (`Microsoft.Compute/virtualMachines/extensions`), `name`
    the last name, and `parent` the id of what an extension resource or child resource hangs on.
    """

    subscription: str = ""
    resource_group: str = ""
    type: str = ""
    name: str = ""
    parent: str = ""


def parse(resource_id: str) -> ResourceId:
    """Take a resource id apart. Never raises: a text that is no resource id gives empty parts."""
    segments = [segment for segment in resource_id.strip().split("/") if segment]
    lowered = [segment.lower() for segment in segments]
    subscription = resource_group = type_ = parent = ""
    if len(segments) >= 2 and lowered[0] == "subscriptions":
        subscription = segments[1]
    if len(segments) >= 4 and lowered[2] == "resourcegroups":
        resource_group = segments[3]
    name = segments[-1] if segments and len(segments) % 2 == 0 else ""
    if "providers" in lowered:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        namespace_and_types = segments[at + 1 :]
        if len(namespace_and_types) >= 2:
            type_ = "/".join([namespace_and_types[0], *namespace_and_types[1::2]])
            name = namespace_and_types[-1] if len(namespace_and_types) % 2 == 1 else ""
            # A child resource's parent is the resource one level up; an extension resource's is what it is put on.
            parent_segments = segments[:at] if len(namespace_and_types) <= 3 else segments[:-2]
            parent = "/" + "/".join(parent_segments) if parent_segments else ""
        elif namespace_and_types:
            type_ = name = namespace_and_types[0]
            parent = "/" + "/".join(segments[:at])
    return ResourceId(subscription=subscription, resource_group=resource_group, type=type_, name=name, parent=parent)


def subscription_of(resource_id: str) -> str:
    """The subscription id in lower case, or an empty string."""
    segments = resource_id.strip().lstrip("/").split("/", 2)
    return segments[1].lower() if len(segments) > 1 and segments[0].lower() == "subscriptions" else ""


def resource_group_of(resource_id: str) -> str:
    """The resource group's name as it is spelled in the id, or an empty string."""
    segments = resource_id.strip().lstrip("/").split("/", 4)
    return segments[3] if len(segments) > 3 and segments[2].lower() == "resourcegroups" else ""


def name_of(resource_id: str) -> str:
    """The last segment of an id: what a person calls the resource."""
    return resource_id.strip().rstrip("/").rsplit("/", 1)[-1]


def is_within(resource_id: str, scope: str) -> bool:
    """Whether a resource id lies in a scope (a subscription, a resource group or the resource itself)."""
    inner, outer = key(resource_id), key(scope)
    return inner == outer or inner.startswith(outer + "/")


def subscription_scope(subscription_id: str) -> str:
    """`/subscriptions/{id}`, the scope string of a subscription."""
    return f"/subscriptions/{subscription_id}"


def provider_id(subscription_id: str, namespace: str) -> str:
    """The id under which a resource provider's registration in a subscription is named."""
    return f"/subscriptions/{subscription_id}/providers/{namespace}"
