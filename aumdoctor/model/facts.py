"""What is known, from where, since when, and what could not be seen.

A *fact* is a kind of knowledge about a machine or subscription. For each there is a *reading*: it was fetched, it
could not be, or a right was missing. A check declares the facts that it needs; where one is missing, the answer is
`unknown`, never "healthy".
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Fact(StrEnum):
    """The kinds of knowledge that checks rest on.

    RUNS are the newest runs of every machine under every schedule, RUN_HISTORY and INSTALLATION_HISTORY all of a span
    of time. ACTIVITY_LOG holds proofs about single resources, MAINTENANCE_CHANGES who wrote to schedules and
    assignments of late. CALLER_PERMISSIONS is what the one who scans may do.
    """

    MACHINE = "machine"
    POWER_STATE = "power-state"
    INSTANCE_VIEW = "instance-view"
    EXTENSIONS = "extensions"
    ASSESSMENT = "assessment"
    INSTALLATION = "installation"
    ASSIGNMENTS = "configuration-assignments"
    CONFIGURATIONS = "maintenance-configurations"
    RUNS = "apply-updates"
    PROVIDERS = "resource-providers"
    POLICY_ASSIGNMENTS = "policy-assignments"
    POLICY_STATES = "policy-states"
    REMEDIATIONS = "policy-remediations"
    ROLE_ASSIGNMENTS = "role-assignments"
    ACTIVITY_LOG = "activity-log"
    LOCKS = "management-locks"
    RUN_HISTORY = "run-history"
    INSTALLATION_HISTORY = "installation-history"
    EVENT_SUBSCRIPTIONS = "event-subscriptions"
    SQL_VIRTUAL_MACHINES = "sql-virtual-machines"
    MAINTENANCE_CHANGES = "maintenance-changes"
    CALLER_PERMISSIONS = "caller-permissions"


READ_PERMISSIONS: dict[Fact, tuple[str, ...]] = {
    Fact.MACHINE: ("Microsoft.Compute/virtualMachines/read", "Microsoft.HybridCompute/machines/read"),
    Fact.POWER_STATE: ("Microsoft.Compute/virtualMachines/read",),
    Fact.INSTANCE_VIEW: ("Microsoft.Compute/virtualMachines/instanceView/read",),
    Fact.EXTENSIONS: (
        "Microsoft.Compute/virtualMachines/extensions/read",
        "Microsoft.HybridCompute/machines/extensions/read",
    ),
    Fact.ASSESSMENT: (
        "Microsoft.Compute/virtualMachines/patchAssessmentResults/read",
        "Microsoft.HybridCompute/machines/patchAssessmentResults/read",
    ),
    Fact.INSTALLATION: (
        "Microsoft.Compute/virtualMachines/patchInstallationResults/read",
        "Microsoft.HybridCompute/machines/patchInstallationResults/read",
    ),
    Fact.ASSIGNMENTS: (
        "Microsoft.Maintenance/configurationAssignments/read",
        "Microsoft.Maintenance/configurationAssignments/maintenanceScope/InGuestPatch/read",
    ),
    Fact.CONFIGURATIONS: ("Microsoft.Maintenance/maintenanceConfigurations/read",),
    Fact.RUNS: ("Microsoft.Maintenance/applyUpdates/read",),
    Fact.PROVIDERS: ("Microsoft.Resources/subscriptions/providers/read",),
    Fact.POLICY_ASSIGNMENTS: ("Microsoft.Authorization/policyAssignments/read",),
    Fact.POLICY_STATES: ("Microsoft.PolicyInsights/policyStates/queryResults/read",),
    Fact.REMEDIATIONS: (
        "Microsoft.PolicyInsights/remediations/read",
        "Microsoft.PolicyInsights/remediations/listDeployments/read",
    ),
    Fact.ROLE_ASSIGNMENTS: ("Microsoft.Authorization/roleAssignments/read",),
    Fact.ACTIVITY_LOG: ("Microsoft.Insights/eventtypes/values/read",),
    Fact.LOCKS: ("Microsoft.Authorization/locks/read",),
    Fact.RUN_HISTORY: ("Microsoft.Maintenance/applyUpdates/read",),
    Fact.INSTALLATION_HISTORY: (
        "Microsoft.Compute/virtualMachines/patchInstallationResults/read",
        "Microsoft.Compute/virtualMachines/patchInstallationResults/softwarePatches/read",
        "Microsoft.HybridCompute/machines/patchInstallationResults/read",
        "Microsoft.HybridCompute/machines/patchInstallationResults/softwarePatches/read",
    ),
    Fact.EVENT_SUBSCRIPTIONS: (
        "Microsoft.EventGrid/systemTopics/read",
        "Microsoft.EventGrid/systemTopics/eventSubscriptions/read",
    ),
    Fact.SQL_VIRTUAL_MACHINES: ("Microsoft.SqlVirtualMachine/sqlVirtualMachines/read",),
    Fact.MAINTENANCE_CHANGES: ("Microsoft.Insights/eventtypes/values/read",),
    Fact.CALLER_PERMISSIONS: ("Microsoft.Authorization/permissions/read",),
}
"""The actions that reading a fact takes (aum-knowledge D-2; Microsoft Learn, Azure permissions)."""


class Outcome(StrEnum):
    """How a reading ended. `INFERRED`: not read, because another fact proves it (the reading's reason says which)."""

    FETCHED = "fetched"
    INFERRED = "inferred"
    NOT_FETCHED = "not-fetched"
    DENIED = "denied"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a fact about a scope (a subscription's or a machine's id, lower case) was obtained, or why not.

    `by_choice` marks what the options told us not to read (`--depth quick`): unknown, but no failure.
    """

    fact: Fact
    scope: str
    outcome: Outcome
    source: str | None = None
    observed_at: datetime | None = None
    reason: str | None = None
    permission: str | None = None
    by_choice: bool = False

    @property
    def is_known(self) -> bool:
        return self.outcome in (Outcome.FETCHED, Outcome.INFERRED)


class Gap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Something in scope that could not be read: where, what was tried, and what Azure answered.

    `status` is the HTTP status (None where no answer came), `code` Azure's error code or the kind of transport
    failure, `missing_permission` the action that would have been needed where a right is missing.
    """

    scope: str
    operation: str
    status: int | None = None
    code: str | None = None
    message: str = ""
    missing_permission: str | None = None
    fact: Fact | None = None
    request_id: str | None = None
