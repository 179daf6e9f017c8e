"""Extensions as resources of a VM or an Arc machine."""

from __future__ import annotations

import msgspec

from aumdoctor.azure.wire.base import StatusItem, Wire, decode, first_status, shared, status_of
from aumdoctor.model import ids
from aumdoctor.model.machine import Extension

PUBLISHERS = frozenset({"microsoft.cplat.core", "microsoft.softwareupdatemanagement", "microsoft.managedservices"})
"""Publishers of the extensions that patch, and of Application Health, without which a member of a scale set is not
patched by the platform. Extensions of others are not kept (queries/extensions.kql agrees)."""


def is_kept(publisher: str | None) -> bool:
    """Whether extensions of a publisher are kept; one without a publisher is, to be on the safe side."""
    return not publisher or publisher.lower() in PUBLISHERS


class _ExtensionProperties(Wire, frozen=True, kw_only=True):
    publisher: str | None = None
    type: str | None = None
    type_handler_version: str | None = None
    provisioning_state: str | None = None
    instance_view: _ExtensionInstanceView | None = None


class _ExtensionInstanceView(Wire, frozen=True, kw_only=True):
    type_handler_version: str | None = None
    status: StatusItem | None = None
    statuses: list[StatusItem] | None = None


class ExtensionRow(Wire, frozen=True, kw_only=True):
    """An extension resource; in a list of machines only its id."""

    id: str
    name: str | None = None
    properties: _ExtensionProperties | None = None


def extension_of(row: ExtensionRow) -> Extension | None:
    """An extension resource, or None for one that is not kept and for a list's bare reference."""
    properties = row.properties
    if properties is None or not is_kept(properties.publisher):
        return None
    view = properties.instance_view or _ExtensionInstanceView()
    status = status_of(view.status) if view.status else first_status(view.statuses)
    return Extension(
        name=shared(row.name or ids.name_of(row.id)),
        publisher=shared(properties.publisher),
        type=shared(properties.type),
        version=shared(view.type_handler_version or properties.type_handler_version),
        provisioning_state=shared(properties.provisioning_state),
        status=status,
    )


def extension(raw: bytes | msgspec.Raw) -> tuple[str, Extension] | None:
    """An extension resource with the id of its machine; None for one that is not kept. Raises Malformed."""
    row = decode(ExtensionRow, raw)
    found = extension_of(row)
    return None if found is None else (ids.parse(row.id).parent, found)
