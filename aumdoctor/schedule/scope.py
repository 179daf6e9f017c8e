"""Who is in scope of which maintenance configuration: static assignments and dynamic scopes.

Pure: no I/O, no clock. Rules: `update-manager/dynamic-scope-overview.md` and `scheduled-patching.md` of azure-docs.
A dynamic scope is put on a subscription or resource group; an empty filter member restricts nothing; resource types,
resource groups, OS types and locations are compared without regard to case; tag keys and values are compared exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

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
    return _matcher(scope)(machine)


def _matcher(scope: DynamicScopeFilter) -> Callable[[Machine], bool]:
    """The test that a filter puts to machines, made once for the thousands that it is put to."""
    types, groups, systems = map(_lowered, (scope.resource_types, scope.resource_groups, scope.os_types))
    locations = frozenset(map(location_key, scope.locations))

    def passes(machine: Machine) -> bool:
        return (
            (not types or _RESOURCE_TYPES[machine.kind] in types)
            and (not systems or (machine.os_type or "").lower() in systems)
            and (not scope.tags or _tags_match(machine, scope))
            and (not groups or machine.resource_group.lower() in groups)
            and (not locations or location_key(machine.location) in locations)
        )

    return passes


def _lowered(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value.lower() for value in values)


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


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a filter that a machine does not pass: its name (`osTypes`, `tags.env`), what the filter asks for and
    what the machine has (None: no such tag). `by_case` says that nothing but the case of letters is between them."""

    name: str
    wanted: tuple[str, ...]
    seen: str | None
    by_case: bool = False

    @property
    def explanation(self) -> str:
        """The clause in words, for a person."""
        asked = " or ".join(self.wanted) or "any value"
        return f"{self.name} is {self.seen or 'absent'} on the machine, the filter asks for {asked}"


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that a dynamic scope would take in if letters were compared without regard to case."""

    machine: Machine
    clauses: tuple[Clause, ...]


def failing_clauses(machine: Machine, scope: DynamicScopeFilter) -> tuple[Clause, ...]:
    """The members of a filter that keep a machine out; empty where it matches."""
    plain = (
        ("resourceTypes", _RESOURCE_TYPES[machine.kind], scope.resource_types),
        ("resourceGroups", machine.resource_group, scope.resource_groups),
        ("osTypes", machine.os_type or "", scope.os_types),
    )
    failing = [
        Clause(name=name, wanted=wanted, seen=seen or None) for name, seen, wanted in plain if not _one_of(seen, wanted)
    ]
    if scope.locations and location_key(machine.location) not in map(location_key, scope.locations):
        failing.append(Clause(name="locations", wanted=scope.locations, seen=machine.location or None))
    if not _tags_match(machine, scope):
        failing += _failing_tags(machine, scope)
    return tuple(failing)


def near_misses(machines: Iterable[Machine], scope: DynamicScopeFilter) -> tuple[NearMiss, ...]:
    """Of some machines those that a filter leaves out by nothing but the case of a tag's name or value.

    Azure keeps tag names in the case in which they were written and looks them up without regard to it, but a dynamic
    scope compares names and values exactly, so that such a machine is left out silently.
    """
    if not scope.tags:
        return ()
    missed = []
    for machine in machines:
        if not machine.tags:
            continue
        failing = failing_clauses(machine, scope)
        if failing and all(clause.by_case for clause in failing):
            missed.append(NearMiss(machine=machine, clauses=failing))
    return tuple(missed)


def _failing_tags(machine: Machine, scope: DynamicScopeFilter) -> list[Clause]:
    own = {name.lower(): (name, value) for name, value in machine.tags.items()}
    failing = []
    for name, values in scope.tags.items():
        if name in machine.tags and (not values or machine.tags[name] in values):
            continue
        has, value = own.get(name.lower(), (None, None))
        fits = value is not None and (not values or value.lower() in (each.lower() for each in values))
        seen = None if has is None else f"{has}={value}"
        wanted = tuple(f"{name}={each}" for each in values) or (name,)
        failing.append(Clause(name=f"tags.{name}", wanted=wanted, seen=seen, by_case=fits))
    if scope.tag_operator.lower() == "any":
        # One tag is enough: what could be had by the case alone is what is told.
        return [clause for clause in failing if clause.by_case] or failing
    return failing


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
        passes = _matcher(assignment.filter or DynamicScopeFilter())
        for machine in filter(passes, candidates):
            found[machine.key].append(attachment)
    return {key: tuple(ties) for key, ties in found.items() if key in estate.machines_by_key}
