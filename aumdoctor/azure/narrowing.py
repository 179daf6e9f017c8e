"""From the machines of the subscriptions to those that were asked for; a name that nothing bears is an error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from aumdoctor.azure import arm
from aumdoctor.azure.collection import Collection
from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.scope import ScopeRequest
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.azure.wire.subscriptions import row_id
from aumdoctor.errors import UsageError
from aumdoctor.model import ids
from aumdoctor.model.machine import Machine


async def narrow(collection: Collection) -> None:
    """Drop the machines that the options do not ask for.

    Raises UsageError for a machine or resource group that was named and is nowhere: a mistyped name must not look like
    an estate without findings. Where part of the scope could not be read, the name may lie there, and the gap speaks.
    """
    machines = collection.harvest.machines
    if not collection.ledger.gaps:
        _require_machines(collection)
        await _require_resource_groups(collection)
    wanted = _Wanted(collection.request)
    left_out = [key for key, machine in machines.items() if not wanted(machine)]
    if machines and len(left_out) == len(machines) and not collection.ledger.gaps:
        _nothing_left(collection)
    for key in left_out:
        del machines[key]


def _require_machines(collection: Collection) -> None:
    machines = collection.harvest.machines
    names = {machine.name.lower() for machine in machines.values()}
    for named in collection.request.machines:
        if ids.key(named) not in machines and named.lower() not in names:
            raise _nowhere("machine", named, ids.name_of(named), names, collection)


def _nothing_left(collection: Collection) -> None:
    """Raise for a tag or a location that no machine has. A resource group without machines is just that."""
    request, machines = collection.request, collection.harvest.machines.values()
    if request.tags:
        tags = {f"{name}={value}" for machine in machines for name, value in machine.tags.items()}
        known = {tag.lower() for tag in tags} | {tag.partition("=")[0].lower() for tag in tags}
        for tag in request.tags:
            if tag.lower() not in known or ("=" in tag and not any(_same_tag(tag, own) for own in tags)):
                raise _nowhere("machine with the tag", tag, tag, tags, collection)
    locations = {machine.location.replace(" ", "").lower() for machine in machines}
    for location in request.locations:
        if location.replace(" ", "").lower() not in locations:
            raise _nowhere("machine in the location", location, location.replace(" ", ""), locations, collection)


def _same_tag(one: str, other: str) -> bool:
    (name, _, value), (other_name, _, other_value) = one.partition("="), other.partition("=")
    return name.lower() == other_name.lower() and value == other_value


async def _require_resource_groups(collection: Collection) -> None:
    populated = {machine.resource_group.lower() for machine in collection.harvest.machines.values()}
    empty = [group for group in collection.request.resource_groups if group.lower() not in populated]
    if not empty:
        return
    existing: set[str] = set()
    for subscription in collection.subscriptions:
        try:
            async for row in arm.resource_groups(collection.session, ids.subscription_scope(subscription)):
                existing.add(ids.name_of(row_id(row)).lower())
        except (ReadFailure, Malformed):
            return
    for group in empty:
        if group.lower() not in existing:
            raise _nowhere("resource group", group, group, existing, collection)


def _nowhere(what: str, named: str, name: str, names: Iterable[str], collection: Collection) -> UsageError:
    near = difflib.get_close_matches(name.lower(), sorted(names), n=3)
    return UsageError(
        f"no {what} {named!r} in the {len(collection.subscriptions)} subscription(s) in scope",
        advice=f"did you mean {' or '.join(near)}?" if near else "check the name, and whether you may read it",
    )


class _Wanted:
    """Whether a machine is in the scope that was asked for."""

    def __init__(self, request: ScopeRequest) -> None:
        self._groups = {name.lower() for name in request.resource_groups}
        self._ids = {ids.key(machine) for machine in request.machines if "/" in machine}
        self._names = {machine.lower() for machine in request.machines if "/" not in machine}
        self._locations = {location.replace(" ", "").lower() for location in request.locations}
        self._tags = [tag.partition("=") for tag in request.tags]

    def __call__(self, machine: Machine) -> bool:
        return (
            (not self._groups or machine.resource_group.lower() in self._groups)
            and (not (self._ids or self._names) or machine.key in self._ids or machine.name.lower() in self._names)
            and (not self._locations or machine.location.replace(" ", "").lower() in self._locations)
            and all(self._has_tag(machine, name, value, bool(given)) for name, given, value in self._tags)
        )

    @staticmethod
    def _has_tag(machine: Machine, name: str, value: str, value_given: bool) -> bool:
        # Azure treats tag names without regard to case, and tag values with regard to it.
        return any(
            own.lower() == name.lower() and (not value_given or content == value)
            for own, content in machine.tags.items()
        )
