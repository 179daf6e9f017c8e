"""Reads of Azure Resource Manager: one function a list or resource, from path to model.

Each raises ReadFailure. Rows are handed out as bytes where the collector counts malformed ones.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from aumdoctor.azure.failures import ReadFailure
from aumdoctor.azure.session import Session
from aumdoctor.azure.wire import arc
from aumdoctor.azure.wire.authorization import grant
from aumdoctor.azure.wire.base import Malformed
from aumdoctor.azure.wire.maintenance import maintenance_configuration
from aumdoctor.azure.wire.subscriptions import registration_state
from aumdoctor.azure.wire.virtual_machines import virtual_machine
from aumdoctor.model import ids
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from aumdoctor.model.permissions import Permissions
from aumdoctor.model.policy import Remediation

COMPUTE = "2024-07-01"
HYBRID_COMPUTE = "2024-07-10"
MAINTENANCE = "2023-04-01"
MAINTENANCE_RUNS = ("2023-04-01", "2023-10-01-preview")
"""The list of runs is in the SDK at the first and in the specification at the second only."""
SUBSCRIPTIONS = "2022-12-01"
PROVIDERS = "2021-04-01"
MANAGEMENT_GROUPS = "2020-05-01"
POLICY_ASSIGNMENTS = "2023-04-01"
POLICY_STATES = "2019-10-01"
REMEDIATIONS = "2021-10-01"
ROLE_ASSIGNMENTS = "2022-04-01"
PERMISSIONS = "2022-04-01"
LOCKS = "2020-05-01"
ACTIVITY_LOG = "2015-04-01"
EVENT_GRID = "2022-06-15"
SQL_VIRTUAL_MACHINES = "2023-10-01"

UNREGISTERED = frozenset({"MissingSubscriptionRegistration", "SubscriptionNotRegistered", "InvalidResourceType"})
"""What ARM answers to a list of a provider that is not registered in the subscription, or not offered in the cloud."""
_UNSUPPORTED = frozenset({400, 404, 405, 501})


def subscriptions(session: Session) -> AsyncIterator[msgspec.Raw]:
    """The subscriptions that the caller can list."""
    return session.rows("/subscriptions", SUBSCRIPTIONS)


async def subscription(session: Session, subscription_id: str) -> bytes:
    """One subscription."""
    return await session.get(ids.subscription_scope(subscription_id), SUBSCRIPTIONS)


def management_group_descendants(session: Session, group: str) -> AsyncIterator[msgspec.Raw]:
    """The groups and subscriptions below a management group."""
    path = f"/providers/Microsoft.Management/managementGroups/{group}/descendants"
    return session.rows(path, MANAGEMENT_GROUPS)


def resource_groups(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The resource groups of a subscription."""
    return session.rows(f"{scope}/resourcegroups", PROVIDERS)


def virtual_machines(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The VMs of a subscription or resource group, without instance view."""
    return session.rows(f"{scope}/providers/Microsoft.Compute/virtualMachines", COMPUTE)


def power_states(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The run-time status of a subscription's VMs (`statusOnly=true`)."""
    return session.rows(f"{scope}/providers/Microsoft.Compute/virtualMachines", COMPUTE, {"statusOnly": "true"})


async def instance_view(session: Session, machine_id: str) -> Machine:
    """A VM with its instance view: power state, agent, extension handlers, patch status."""
    body = await session.get(machine_id, COMPUTE, {"$expand": "instanceView"})
    machine = virtual_machine(body, machine_id)
    if machine.malformed is not None:
        raise ReadFailure("MalformedResponse", f"the instance view could not be decoded: {machine.malformed}")
    return machine


def arc_machines(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The Arc-enabled servers of a subscription."""
    return session.rows(f"{scope}/providers/Microsoft.HybridCompute/machines", HYBRID_COMPUTE)


async def arc_machine(session: Session, machine_id: str) -> Machine:
    """One Arc-enabled server."""
    machine = arc.arc_machine(await session.get(machine_id, HYBRID_COMPUTE), machine_id)
    if machine.malformed is not None:
        raise ReadFailure("MalformedResponse", f"the machine could not be decoded: {machine.malformed}")
    return machine


def arc_extensions(session: Session, machine_id: str) -> AsyncIterator[msgspec.Raw]:
    """The extensions of one Arc-enabled server."""
    return session.rows(f"{machine_id}/extensions", HYBRID_COMPUTE)


def maintenance_configurations(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The maintenance configurations of a subscription."""
    return session.rows(f"{scope}/providers/Microsoft.Maintenance/maintenanceConfigurations", MAINTENANCE)


async def one_maintenance_configuration(session: Session, configuration_id: str) -> MaintenanceConfiguration:
    """A configuration by id; one with `exists` False where Azure says that there is none."""
    try:
        return maintenance_configuration(await session.get(configuration_id, MAINTENANCE))
    except Malformed as error:
        raise ReadFailure("MalformedResponse", f"{configuration_id}: {error}") from error
    except ReadFailure as failure:
        if failure.status != 404:
            raise
        return MaintenanceConfiguration(id=configuration_id, name=ids.name_of(configuration_id), exists=False)


def configuration_assignments(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The assignments within a subscription, or those of one machine."""
    return session.rows(f"{scope}/providers/Microsoft.Maintenance/configurationAssignments", MAINTENANCE)


async def apply_updates(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The runs within a subscription, by the first api-version that has the list."""
    for position, version in enumerate(MAINTENANCE_RUNS):
        try:
            async for row in session.rows(f"{scope}/providers/Microsoft.Maintenance/applyUpdates", version):
                yield row
        except ReadFailure as failure:
            if not is_unsupported(failure) or position == len(MAINTENANCE_RUNS) - 1:
                raise
        else:
            return


def is_unsupported(failure: ReadFailure) -> bool:
    """Whether a list is simply not offered here (Microsoft.Maintenance answers 404 NotImplemented for some)."""
    return failure.status in _UNSUPPORTED and failure.code not in ("SubscriptionNotFound", "ResourceGroupNotFound")


async def provider_state(session: Session, subscription_id: str, namespace: str) -> str | None:
    """The registrationState of a resource provider in a subscription."""
    try:
        return registration_state(await session.get(ids.provider_id(subscription_id, namespace), PROVIDERS))
    except Malformed as error:
        raise ReadFailure("MalformedResponse", f"the state of {namespace}: {error}") from error


def policy_assignments(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The policy assignments that apply to a subscription, inherited ones and those below it included."""
    return session.rows(f"{scope}/providers/Microsoft.Authorization/policyAssignments", POLICY_ASSIGNMENTS)


def policy_states(session: Session, scope: str, definitions: tuple[str, ...]) -> AsyncIterator[msgspec.Raw]:
    """The latest compliance with some policy definitions (GUIDs), by the Policy Insights query."""
    condition = " or ".join(f"policyDefinitionName eq '{definition}'" for definition in definitions)
    path = f"{scope}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
    return session.rows(path, POLICY_STATES, {"$filter": condition}, post={})


def remediations(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The policy remediation tasks of a subscription or management group."""
    return session.rows(f"{scope}/providers/Microsoft.PolicyInsights/remediations", REMEDIATIONS)


def remediation_deployments(session: Session, task: Remediation) -> AsyncIterator[msgspec.Raw]:
    """The deployments of a remediation task."""
    return session.rows(f"{task.id}/listDeployments", REMEDIATIONS, post={})


async def permissions(session: Session, scope: str) -> Permissions:
    """What the caller may do at a scope."""
    path = f"{scope}/providers/Microsoft.Authorization/permissions"
    return Permissions(scope=scope, grants=tuple([grant(row) async for row in session.rows(path, PERMISSIONS)]))


def locks(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The management locks of a subscription and of what lies in it."""
    return session.rows(f"{scope}/providers/Microsoft.Authorization/locks", LOCKS)


def role_assignments(session: Session, scope: str, principal_id: str) -> AsyncIterator[msgspec.Raw]:
    """What roles a principal has at, above and below a subscription."""
    if not re.fullmatch(r"[0-9A-Za-z-]{1,64}", principal_id):
        raise ReadFailure("MalformedResponse", f"{principal_id!r} is no principal id")
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    return session.rows(path, ROLE_ASSIGNMENTS, {"$filter": f"principalId eq '{principal_id}'"})


def activity(session: Session, resource_id: str, since: datetime, until: datetime) -> AsyncIterator[msgspec.Raw]:
    """The activity log of one resource or resource group; Azure keeps 90 days."""
    scope = ids.subscription_scope(ids.subscription_of(resource_id))
    quoted = resource_id.replace("'", "''")
    condition = (
        f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and eventTimestamp le '{until:%Y-%m-%dT%H:%M:%SZ}' "
        f"and resourceUri eq '{quoted}'"
    )
    path = f"{scope}/providers/Microsoft.Insights/eventtypes/management/values"
    return session.rows(path, ACTIVITY_LOG, {"$filter": condition})


def maintenance_changes(session: Session, scope: str, since: datetime, until: datetime) -> AsyncIterator[msgspec.Raw]:
    """What the activity log of a subscription holds of Microsoft.Maintenance; Azure keeps 90 days."""
    condition = (
        f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and eventTimestamp le '{until:%Y-%m-%dT%H:%M:%SZ}' "
        "and resourceProvider eq 'Microsoft.Maintenance'"
    )
    path = f"{scope}/providers/Microsoft.Insights/eventtypes/management/values"
    return session.rows(path, ACTIVITY_LOG, {"$filter": condition})


def event_topics(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The Event Grid system topics of a subscription, those of maintenance configurations and others."""
    return session.rows(f"{scope}/providers/Microsoft.EventGrid/systemTopics", EVENT_GRID)


def event_subscriptions(session: Session, topic_id: str) -> AsyncIterator[msgspec.Raw]:
    """The event subscriptions of one system topic."""
    return session.rows(f"{topic_id}/eventSubscriptions", EVENT_GRID)


def sql_virtual_machines(session: Session, scope: str) -> AsyncIterator[msgspec.Raw]:
    """The VMs of a subscription that the SQL IaaS extension knows."""
    return session.rows(f"{scope}/providers/Microsoft.SqlVirtualMachine/sqlVirtualMachines", SQL_VIRTUAL_MACHINES)
