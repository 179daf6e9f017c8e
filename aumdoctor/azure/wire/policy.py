"""Azure Policy and role assignments."""

from __future__ import annotations

from typing import Any

import msgspec

from aumdoctor.azure.wire.base import ErrorBody, Malformed, Strings, Wire, clean, decode, moment, text_of
from aumdoctor.model import ids
from aumdoctor.model.policy import PolicyAssignment, PolicyState, Remediation, RemediationDeployment, RoleAssignment


class _UserIdentity(Wire, frozen=True, kw_only=True):
    principal_id: str | None = None


class _Identity(Wire, frozen=True, kw_only=True):
    principal_id: str | None = None
    user_assigned_identities: dict[str, _UserIdentity] | None = None


class _Parameter(Wire, frozen=True, kw_only=True):
    value: Any = None


class _PolicyAssignmentProperties(Wire, frozen=True, kw_only=True):
    display_name: str | None = None
    scope: str | None = None
    not_scopes: Strings = None
    policy_definition_id: str | None = None
    enforcement_mode: str | None = None
    parameters: dict[str, _Parameter] | None = None


class _PolicyAssignmentRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    identity: _Identity | None = None
    properties: _PolicyAssignmentProperties


def policy_assignment(raw: bytes | msgspec.Raw) -> PolicyAssignment:
    """A policy assignment. Raises Malformed."""
    row = decode(_PolicyAssignmentRow, raw)
    properties, identity = row.properties, row.identity or _Identity()
    users = (user.principal_id for user in (identity.user_assigned_identities or {}).values())
    parameters = {name.lower(): parameter.value for name, parameter in (properties.parameters or {}).items()}
    configuration = parameters.get("maintenanceconfigurationresourceid")
    at = row.id.lower().rfind("/providers/microsoft.authorization/policyassignments")
    return PolicyAssignment(
        id=row.id,
        name=row.name or ids.name_of(row.id),
        display_name=properties.display_name,
        scope=properties.scope or row.id[: max(at, 0)],
        not_scopes=tuple(properties.not_scopes or ()),
        definition_id=properties.policy_definition_id or "",
        principal_id=identity.principal_id or next((user for user in users if user), None),
        enforcement_mode=properties.enforcement_mode,
        maintenance_configuration_id=configuration if isinstance(configuration, str) else None,
    )


class _PolicyState(Wire, frozen=True, kw_only=True):
    resource_id: str
    policy_assignment_id: str | None = None
    policy_definition_id: str | None = None
    policy_definition_reference_id: str | None = None
    compliance_state: str | None = None
    timestamp: str | None = None


class _PolicyStateRow(Wire, frozen=True, kw_only=True):
    properties: _PolicyState


def policy_state(raw: bytes | msgspec.Raw) -> PolicyState:
    """A policy state: a row of `policyresources` (under `properties`) or of a policyStates query. Raises Malformed."""
    try:
        state = decode(_PolicyStateRow, raw).properties
    except Malformed:
        state = decode(_PolicyState, raw)
    return PolicyState(
        resource_id=state.resource_id,
        policy_assignment_id=state.policy_assignment_id or "",
        policy_definition_id=state.policy_definition_id or "",
        policy_definition_reference_id=state.policy_definition_reference_id or None,
        compliance_state=state.compliance_state,
        timestamp=moment(state.timestamp),
    )


class _DeploymentStatus(Wire, frozen=True, kw_only=True):
    total_deployments: int | None = None
    failed_deployments: int | None = None


class _RemediationProperties(Wire, frozen=True, kw_only=True):
    policy_assignment_id: str | None = None
    policy_definition_reference_id: str | None = None
    provisioning_state: str | None = None
    last_updated_on: str | None = None
    deployment_status: _DeploymentStatus | None = None


class _RemediationRow(Wire, frozen=True, kw_only=True):
    id: str
    name: str | None = None
    properties: _RemediationProperties


def remediation(raw: bytes | msgspec.Raw) -> Remediation:
    """A policy remediation task, without its deployments. Raises Malformed."""
    row = decode(_RemediationRow, raw)
    status = row.properties.deployment_status or _DeploymentStatus()
    return Remediation(
        id=row.id,
        name=row.name or ids.name_of(row.id),
        policy_assignment_id=row.properties.policy_assignment_id or "",
        policy_definition_reference_id=row.properties.policy_definition_reference_id or None,
        provisioning_state=row.properties.provisioning_state,
        total_deployments=status.total_deployments,
        failed_deployments=status.failed_deployments,
        last_updated=moment(row.properties.last_updated_on),
    )


class _DeploymentRow(Wire, frozen=True, kw_only=True):
    remediated_resource_id: str | None = None
    status: str | None = None
    error: ErrorBody | None = None


def remediation_deployment(raw: bytes | msgspec.Raw) -> RemediationDeployment:
    """One deployment of a remediation task. The innermost named error wins over a wrapper. Raises Malformed."""
    row = decode(_DeploymentRow, raw)
    items = [item for item in [*((row.error.details if row.error else None) or ()), row.error] if item is not None]
    chosen = next((item for item in items if item.code and "authorization" in str(item.code).lower()), None)
    chosen = chosen or next(iter(items[-1:]), None)
    return RemediationDeployment(
        remediated_resource_id=row.remediated_resource_id or "",
        status=row.status,
        error_code=text_of(chosen.code) if chosen else None,
        error_message=clean(chosen.message) if chosen else None,
    )


class _RoleAssignmentProperties(Wire, frozen=True, kw_only=True):
    scope: str | None = None
    principal_id: str | None = None
    role_definition_id: str | None = None


class _RoleAssignmentRow(Wire, frozen=True, kw_only=True):
    id: str
    properties: _RoleAssignmentProperties


def role_assignment(raw: bytes | msgspec.Raw) -> RoleAssignment:
    """A role assignment. Raises Malformed."""
    row = decode(_RoleAssignmentRow, raw)
    return RoleAssignment(
        id=row.id,
        scope=row.properties.scope or "",
        principal_id=row.properties.principal_id or "",
        role_definition_id=row.properties.role_definition_id or "",
    )
