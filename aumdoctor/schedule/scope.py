"""Who is in scope of which maintenance configuration: static assignments and dynamic scopes.

Pure: no I/O, no clock. Rules: `update-manager/dynamic-scope-overview.md` and `scheduled-patching.md` of azure-docs.
A dynamic scope is put on a subscription or resource group; an empty filter member restricts nothing; resource types,
resource groups, OS types and locations are compared without regard to case; tag keys and values are compared exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.machine import Machine, MachineKind
from aumdoctor.model.maintenance import ConfigurationAssignment, DynamicScopeFilter, MaintenanceConfiguration

_RESOURCE_TYPES = {
    MachineKind.AZURE_VM: "microsoft.compute/virtualmachines",
    MachineKind.ARC: "microsoft.hybridcompute/machines",
}


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's tie to a schedule. `configuration` is None where the configuration itself could not be read."""

    assignment: ConfigurationAssignment
    configuration: MaintenanceConfiguration | None

    @property
    def is_patch_schedule(self) -> bool:
        """Whether guests are patched by it. A configuration that could not be read counts, a deleted one does not."""
        return self.configuration is None or (self.configuration.exists and self.configuration.is_guest_patching)


def location_key(location: str) -> str:
    """`Japan East` and `japaneast` are one region."""
    return location.replace(" ", "").lower()


def matches(machine: Machine, scope: DynamicScopeFilter) -> bool:
    """Whether a machine passes every member of a dynamic scope's filter."""
    return (
        _one_of(_RESOURCE_TYPES[machine.kind], scope.resource_types)
        and _one_of(machine.resource_group, scope.resource_groups)
        and _one_of(machine.os_type or "", scope.os_types)
        and (not scope.locations or location_key(machine.location) in map(location_key, scope.locations))
        and _tags_match(machine, scope)
    )


def _one_of(value: str, allowed: Iterable[str]) -> bool:
    allowed = tuple(allowed)
    return not allowed or value.lower() in (candidate.lower() for candidate in allowed)


def _tags_match(machine: Machine, scope: DynamicScopeFilter) -> bool:
    if not scope.tags:
        return True
    hits = (
        name in machine.tags and (not values or machine.tags[name] in values) for name, values in scope.tags.items()
    )
    return any(hits) if scope.tag_operator.lower() == "any" else all(hits)


def attachments(estate: Estate) -> dict[str, tuple[Attachment, ...]]:
    """Every machine's attachments, by `machine.key`; a machine without any is absent."""
    found: dict[str, list[Attachment]] = defaultdict(list)
    by_subscription: dict[str, list[Machine]] = defaultdict(list)
    by_resource_group: dict[str, list[Machine]] = defaultdict(list)
    for machine in estate.machines:
        subscription = ids.subscription_scope(machine.subscription_id)
        by_subscription[subscription].append(machine)
        by_resource_group[f"{subscription}/resourcegroups/{machine.resource_group.lower()}"].append(machine)
    for assignment in estate.assignments:
        configuration = estate.configurations_by_key.get(ids.key(assignment.maintenance_configuration_id))
        attachment = Attachment(assignment=assignment, configuration=configuration)
        if not assignment.is_dynamic:
            found[ids.key(assignment.target)].append(attachment)
            continue
        scope = ids.key(assignment.scope)
        candidates = by_resource_group[scope] if "/resourcegroups/" in scope else by_subscription[scope]
        scope_filter = assignment.filter or DynamicScopeFilter()
        for machine in candidates:
            if matches(machine, scope_filter):
                found[machine.key].append(attachment)
    return {key: tuple(ties) for key, ties in found.items() if key in estate.machines_by_key}
