"""What the managed identity of a policy assignment may do, as far as its role assignments were read."""

from __future__ import annotations

from aumdoctor.knowledge import policies
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.machine import Machine
from aumdoctor.model.policy import RoleAssignment

_READ_EVERYTHING = frozenset({policies.OWNER, policies.CONTRIBUTOR, policies.READER})
_UNDERSTOOD = _READ_EVERYTHING | {policies.VIRTUAL_MACHINE_CONTRIBUTOR}
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


def linked_resources(machine: Machine) -> tuple[str, ...]:
    """What one must be able to read in order to write a VM: the gallery of its image, its disk encryption set."""
    found = []
    if machine.image is not None and machine.image.id and machine.image.is_gallery_image:
        found.append(machine.image.id[: (machine.image.id.lower() + "/images/").index("/images/")])
    if machine.disk_encryption_set_id:
        found.append(machine.disk_encryption_set_id)
    return tuple(found)


def may_contain(scope: str, resource_id: str) -> bool:
    """Whether a resource lies in a scope, or may: which subscriptions a management group holds is not asked here."""
    outer = ids.key(scope)
    return outer == "" or outer.startswith(_MANAGEMENT_GROUPS) or ids.is_within(resource_id, scope)


def roles_of(principal_id: str | None, estate: Estate) -> tuple[RoleAssignment, ...]:
    """The role assignments that were read of an identity."""
    principal = (principal_id or "").lower()
    return tuple(role for role in estate.role_assignments if principal and role.principal_id.lower() == principal)


def seems_unable_to_read_links(machine: Machine, principal_id: str | None, estate: Estate) -> bool:
    """Whether an identity may write a VM, but may not read all that the VM refers to.

    Never so where the roles on one of these resources were not read, or where the identity holds a role of which it is
    not known what it allows.
    """
    links = linked_resources(machine)
    held = roles_of(principal_id, estate)
    names = {_definition(role) for role in held}
    if policies.VIRTUAL_MACHINE_CONTRIBUTOR not in names or not names <= _UNDERSTOOD:
        return False
    if not all(estate.reading(Fact.ROLE_ASSIGNMENTS, resource).is_known for resource in (machine.id, *links)):
        return False
    readers = [role.scope for role in held if _definition(role) in _READ_EVERYTHING]
    return not all(any(may_contain(scope, link) for scope in readers) for link in links)


def _definition(role: RoleAssignment) -> str:
    return ids.name_of(role.role_definition_id).lower()
