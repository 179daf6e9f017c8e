"""The state of the embedded Azure: plain dicts in ARM's wire JSON, which reads show and writes change.

There is one truth. Assessments, installations and runs are kept as Resource Graph shows them; what the instance view
says about them is derived on reading, and so is every Resource Graph row of a resource.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Wire = dict[str, Any]

TENANT_ID = "72f988bf-0000-4000-8000-0000000000d0"
MANAGEMENT_GROUP = "mg-contoso"
COMPUTE = "Microsoft.Compute/virtualMachines"
HYBRID = "Microsoft.HybridCompute/machines"
MAINTENANCE = "Microsoft.Maintenance"

NAMESPACES = (
    "Microsoft.Authorization",
    "Microsoft.AzureArcData",
    "Microsoft.Compute",
    "Microsoft.EventGrid",
    "Microsoft.GuestConfiguration",
    "Microsoft.HybridCompute",
    "Microsoft.HybridConnectivity",
    "Microsoft.Insights",
    "Microsoft.Maintenance",
    "Microsoft.Network",
    "Microsoft.PolicyInsights",
    "Microsoft.ResourceGraph",
    "Microsoft.Resources",
    "Microsoft.SqlVirtualMachine",
    "Microsoft.Storage",
)


def key(resource_id: str) -> str:
    """Under which a resource is kept: its id in lower case."""
    return resource_id.rstrip("/").lower()


def timestamp(moment: datetime) -> str:
    """A time as ARM writes it: `2026-04-24T21:02:04.2556154Z`, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def merged(target: Wire, patch: Mapping[str, Any]) -> Wire:
    """A JSON merge as PATCH does it: objects are merged, everything else is replaced. `target` stays as it is."""
    result = dict(target)
    for name, value in patch.items():
        before = result.get(name)
        result[name] = merged(before, value) if isinstance(before, dict) and isinstance(value, Mapping) else value
    return result


def patched(target: Wire, patch: Mapping[str, Any]) -> Wire:
    """What a provider makes of a PATCH: a merge in which a member that is null counts as not given."""
    result = dict(target)
    for name, value in patch.items():
        before = result.get(name)
        if isinstance(value, Mapping):
            result[name] = patched(before if isinstance(before, dict) else {}, value)
        elif value is not None:
            result[name] = value
    return result


def stable_guid(*parts: object) -> str:
    """The same GUID for the same parts, so that an estate is the same in every process."""
    digest = hashlib.sha1("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


_WRITABLE = (
    "subscriptions",
    "resource_groups",
    "providers",
    "vms",
    "arc",
    "extensions",
    "assessments",
    "installations",
    "configurations",
    "assignments",
    "runs",
    "event_topics",
    "event_subscriptions",
    "sql_vms",
    "policy_assignments",
    "policy_states",
    "remediations",
    "remediation_deployments",
    "role_assignments",
    "locks",
    "run_commands",
)
_WRITE_TIMES = {
    "time",
    "timestamp",
    "lastStatusChange",
    "createdAt",
    "createdOn",
    "lastModifiedAt",
    "lastModifiedDateTime",
    "lastUpdatedOn",
}
_RUN_TIMES = {"assessments": {"startDateTime"}, "installations": {"startDateTime"}}


def _copy(value: Any, without: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(member, without) for name, member in value.items() if name not in without}
    if isinstance(value, list):
        return [_copy(item, without) for item in value]
    return value


class DemoEstate:
    """Everything that exists in the embedded Azure at this moment.

    All maps are keyed by the lower-case resource id. `planted` holds what a correct doctor must find, `affected` the
    machines that are not healthy because of it. Writers call `touch` with what they changed, and Resource Graph
    takes the changed rows over before its next answer.
    """

    def __init__(self, now: datetime, seed: int = 1) -> None:
        self.now = now
        self.seed = seed
        self.tenant_id = TENANT_ID
        self.principal_id = stable_guid(TENANT_ID, "demo-principal")
        self.subscriptions: dict[str, Wire] = {}
        self.management_groups: dict[str, list[str]] = {MANAGEMENT_GROUP: []}
        self.resource_groups: dict[str, Wire] = {}
        self.providers: dict[str, Wire] = {}
        self.vms: dict[str, Wire] = {}
        self.arc: dict[str, Wire] = {}
        self.extensions: dict[str, dict[str, Wire]] = defaultdict(dict)
        """By the key of the machine, then by name in lower case."""
        self.assessments: dict[str, Wire] = {}
        """The one latest assessment, by the key of the machine."""
        self.installations: dict[str, list[Wire]] = defaultdict(list)
        """By the key of the machine, oldest first; `_patches` of one are the rows of its single updates."""
        self.configurations: dict[str, Wire] = {}
        self.assignments: dict[str, Wire] = {}
        self.runs: dict[str, Wire] = {}
        """Runs of configurations on machines, and of configurations as a whole."""
        self.event_topics: dict[str, Wire] = {}
        self.event_subscriptions: dict[str, Wire] = {}
        self.sql_vms: dict[str, Wire] = {}
        self.policy_assignments: dict[str, Wire] = {}
        self.policy_states: dict[str, Wire] = {}
        self.remediations: dict[str, Wire] = {}
        self.remediation_deployments: dict[str, list[Wire]] = defaultdict(list)
        self.role_assignments: dict[str, Wire] = {}
        self.locks: dict[str, Wire] = {}
        self.caller_permissions: dict[str, list[Wire]] = {}
        """By subscription id: what the caller is granted there, where that is not everything."""
        self.activity: dict[str, list[Wire]] = defaultdict(list)
        """By subscription id."""
        self.guest_faults: dict[str, Wire] = {}
        """By the key of the machine: the error details with which every assessment of that machine fails."""
        self.kept_in_guests: dict[str, Wire] = {}
        """What scripts of remedies have kept inside machines, by the key of the machine and the remedy's name."""
        self.run_commands: dict[str, Wire] = {}
        """Managed run commands of machines of either kind."""
        self.planted: set[tuple[str, str]] = set()
        self.affected: set[str] = set()
        self.touched: set[str] = set()
        self.model_writes: dict[str, int] = defaultdict(int)
        """How often the model of a VM was written, by its key: a part of its ETag."""

    def snapshot(self) -> Wire:
        """A copy of everything that requests can change, as `{collection: {key: resource}}`, without the times that
        say when something was written. Two snapshots are equal where nothing was changed between them."""
        return {
            name: {
                resource_key: _copy(resource, _WRITE_TIMES | _RUN_TIMES.get(name, set()))
                for resource_key, resource in getattr(self, name).items()
                if resource  # machines without extensions and the like, that somebody merely asked for
            }
            for name in _WRITABLE
        }

    @property
    def truth(self) -> frozenset[tuple[str, str]]:
        """What a correct doctor must find: (check id, lower-case id of the resource that the finding is about)."""
        return frozenset(self.planted)

    @property
    def healthy(self) -> frozenset[str]:
        """The keys of the machines that nothing is wrong with."""
        return frozenset((self.vms.keys() | self.arc.keys()) - self.affected)

    def touch(self, *resource_ids: str) -> None:
        """Say that these resources (machines with all that hangs on them, assignments, runs, …) were changed."""
        self.touched.update(map(key, resource_ids))

    def machine(self, machine_id: str) -> Wire:
        """A machine of either kind. Raises KeyError where there is none."""
        found = self.vms.get(key(machine_id)) or self.arc.get(key(machine_id))
        if found is None:
            raise KeyError(machine_id)
        return found

    def provider(self, subscription_id: str, namespace: str) -> Wire | None:
        """A resource provider's registration; every subscription of the estate knows all of `NAMESPACES`."""
        return self.providers.get(f"{subscription_id.lower()}/{namespace.lower()}")

    def is_registered(self, subscription_id: str, namespace: str) -> bool:
        found = self.provider(subscription_id, namespace)
        return found is None or found["registrationState"] == "Registered"

    def set_provider(self, subscription_id: str, namespace: str, registration_state: str) -> None:
        """Give a namespace a registration state, as if somebody had (un)registered it."""
        self.providers[f"{subscription_id.lower()}/{namespace.lower()}"] = {
            "id": f"/subscriptions/{subscription_id}/providers/{namespace}",
            "namespace": namespace,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": registration_state,
            "resourceTypes": [],
        }


def add_subscription(state: DemoEstate, subscription_id: str, name: str) -> str:
    """A subscription under the demo's management group with all providers registered. Returns its id."""
    state.subscriptions[subscription_id.lower()] = {
        "id": f"/subscriptions/{subscription_id}",
        "subscriptionId": subscription_id,
        "tenantId": state.tenant_id,
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {"quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }
    state.management_groups[MANAGEMENT_GROUP].append(subscription_id)
    for namespace in NAMESPACES:
        state.set_provider(subscription_id, namespace, "Registered")
    return subscription_id


def add_resource_group(state: DemoEstate, subscription_id: str, name: str, location: str) -> str:
    """A resource group, made on first use. Returns its id."""
    group_id = f"/subscriptions/{subscription_id}/resourceGroups/{name}"
    if key(group_id) not in state.resource_groups:
        state.touch(group_id)
        state.resource_groups[key(group_id)] = {
            "id": group_id,
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "tags": {},
            "properties": {"provisioningState": "Succeeded"},
        }
    return group_id


def add_lock(state: DemoEstate, scope: str, level: str, name: str = "careful") -> str:
    """A management lock (`ReadOnly` or `CanNotDelete`) on a subscription, group or resource. Returns its id."""
    lock_id = f"{scope}/providers/Microsoft.Authorization/locks/{name}"
    state.locks[key(lock_id)] = {
        "id": lock_id,
        "name": name,
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": level},
    }
    return lock_id
