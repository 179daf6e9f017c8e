"""Patch assessments and installations: rows of Resource Graph."""

from __future__ import annotations

from sys import intern

import msgspec

from aumdoctor.azure.wire.base import ErrorBody, Malformed, Wire, decode, errors_of, moment, shared
from aumdoctor.model import ids
from aumdoctor.model.machine import Assessment, Installation
from aumdoctor.model.maintenance import RecordedInstallation


class _ResultProperties(Wire, frozen=True, kw_only=True):
    status: str | None = None
    started_by: str | None = None
    start_date_time: str | None = None
    last_modified_date_time: str | None = None
    patch_service_used: str | None = None
    reboot_pending: bool | None = None
    available_patch_count_by_classification: dict[str, int | None] | None = None
    maintenance_window_exceeded: bool | None = None
    maintenance_run_id: str | None = None
    reboot_status: str | None = None
    installed_patch_count: int | None = None
    failed_patch_count: int | None = None
    pending_patch_count: int | None = None
    excluded_patch_count: int | None = None
    not_selected_patch_count: int | None = None
    error_details: ErrorBody | None = None


class _ResultRow(Wire, frozen=True, kw_only=True):
    id: str
    properties: _ResultProperties


def _machine_of_result(result_id: str, segment: str) -> str:
    at = result_id.lower().find(segment)
    if at < 0:
        raise Malformed(f"{result_id!r} is no id of a patch result")
    return ids.key(result_id[:at])


def assessment(raw: bytes | msgspec.Raw) -> tuple[str, Assessment]:
    """A row of `patchassessmentresources`, with the key of its machine. Raises Malformed."""
    row = decode(_ResultRow, raw)
    properties = row.properties
    counts = properties.available_patch_count_by_classification
    urgent = None
    other = None
    if counts is not None:
        urgent = sum(count or 0 for name, count in counts.items() if name.lower() in ("critical", "security"))
        other = sum(count or 0 for name, count in counts.items() if name.lower() not in ("critical", "security"))
    return _machine_of_result(row.id, "/patchassessmentresults"), Assessment(
        status=shared(properties.status),
        started_by=shared(properties.started_by),
        started_at=moment(properties.start_date_time),
        last_modified=moment(properties.last_modified_date_time),
        patch_service_used=shared(properties.patch_service_used),
        reboot_pending=properties.reboot_pending,
        critical_and_security_count=urgent,
        other_count=other,
        counts_by_classification={intern(name): count or 0 for name, count in (counts or {}).items()},
        errors=errors_of(properties.error_details, "properties.errorDetails"),
        path="properties",
    )


def installation(raw: bytes | msgspec.Raw) -> tuple[str, Installation]:
    """A row of `patchinstallationresources`, with the key of its machine. Raises Malformed."""
    found = recorded_installation(raw)
    return found.machine_id, found.installation


def recorded_installation(raw: bytes | msgspec.Raw) -> RecordedInstallation:
    """The same as a piece of history; `machine_id` is the machine's key. Raises Malformed."""
    row = decode(_ResultRow, raw)
    properties = row.properties
    result = Installation(
        status=shared(properties.status),
        started_by=shared(properties.started_by),
        started_at=moment(properties.start_date_time),
        last_modified=moment(properties.last_modified_date_time),
        maintenance_window_exceeded=properties.maintenance_window_exceeded,
        maintenance_run_id=shared(properties.maintenance_run_id),
        reboot_status=shared(properties.reboot_status),
        installed_count=properties.installed_patch_count,
        failed_count=properties.failed_patch_count,
        pending_count=properties.pending_patch_count,
        excluded_count=properties.excluded_patch_count,
        not_selected_count=properties.not_selected_patch_count,
        errors=errors_of(properties.error_details, "properties.errorDetails"),
        path="properties",
    )
    machine = _machine_of_result(row.id, "/patchinstallationresults")
    return RecordedInstallation(id=row.id, machine_id=machine, installation=result)


class _PatchProperties(Wire, frozen=True, kw_only=True):
    patch_name: str | None = None
    kb_id: str | None = None
    kbid: str | None = None


class _PatchRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    properties: _PatchProperties


def failed_patch(raw: bytes | msgspec.Raw) -> tuple[str, str]:
    """A failed update of an installation: the key of the installation, and what the update is called (its KB number,
    else its name). Raises Malformed."""
    row = decode(_PatchRow, raw)
    at = row.id.lower().find("/softwarepatches/")
    if at < 0:
        raise Malformed(f"{row.id!r} is no id of an update")
    properties = row.properties
    number = properties.kb_id or properties.kbid
    named = f"KB{number.lower().removeprefix('kb')}" if number else properties.patch_name or row.name or ""
    return ids.key(row.id[:at]), named
