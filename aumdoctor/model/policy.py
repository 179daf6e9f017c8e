"""Azure Policy: assignments, compliance states and remediation tasks of the Azure Update Manager policies."""

from __future__ import annotations

from datetime import datetime

import msgspec


class PolicyAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """A policy assignment. `definition_id` is a policy or an initiative (policy set)."""

    id: str
    name: str
    display_name: str | None = None
    scope: str = ""
    not_scopes: tuple[str, ...] = ()
    definition_id: str = ""
    principal_id: str | None = None
    enforcement_mode: str | None = None
    maintenance_configuration_id: str | None = None


class PolicyState(msgspec.Struct, frozen=True, kw_only=True):
    """The latest compliance of one resource with one policy of one assignment."""

    resource_id: str
    policy_assignment_id: str
    policy_definition_id: str
    policy_definition_reference_id: str | None = None
    compliance_state: str | None = None
    timestamp: datetime | None = None


class RemediationDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment of a remediation task: what it tried to repair, and the error where it failed."""

    remediated_resource_id: str = ""
    status: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class Remediation(msgspec.Struct, frozen=True, kw_only=True):
    """A policy remediation task with its failed deployments (others are not read)."""

    id: str
    name: str
    policy_assignment_id: str = ""
    policy_definition_reference_id: str | None = None
    provisioning_state: str | None = None
    total_deployments: int | None = None
    failed_deployments: int | None = None
    last_updated: datetime | None = None
    failures: tuple[RemediationDeployment, ...] = ()


class RoleAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """A role assignment of a policy's managed identity."""

    id: str
    scope: str
    principal_id: str
    role_definition_id: str
