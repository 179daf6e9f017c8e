"""Small estates for tests: everything is healthy and was read, unless the test says otherwise.

A test names only what its story is about: `azure_vm(power_state="deallocated")`, `estate(vm, denied=[Fact.PROVIDERS])`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aumdoctor.checks.check import Check
from aumdoctor.checks.engine import Judgement, judge
from aumdoctor.checks.registry import CHECKS
from aumdoctor.diagnosis.examine import Examination
from aumdoctor.diagnosis.examine import examine as examine_estate
from aumdoctor.model import ids
from aumdoctor.model.estate import Estate, Subscription
from aumdoctor.model.facts import READ_PERMISSIONS, Fact, Outcome, Reading
from aumdoctor.model.finding import Finding, Unknown
from aumdoctor.model.machine import (
    ArcAgent,
    Assessment,
    ErrorDetail,
    Extension,
    ExtensionHandler,
    Installation,
    Machine,
    MachineKind,
    PatchSettings,
    Status,
    VmAgent,
)
from aumdoctor.model.maintenance import (
    ApplyUpdate,
    ConfigurationAssignment,
    DynamicScopeFilter,
    InstallPatches,
    MaintenanceConfiguration,
    MaintenanceWindow,
)
from aumdoctor.model.policy import (
    PolicyAssignment,
    PolicyState,
    Remediation,
    RemediationDeployment,
    RoleAssignment,
)

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
LAST_WINDOW = datetime(2026, 6, 6, 22, 0, tzinfo=UTC)
"""When the last window of the weekly schedule began."""
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
OTHER_SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
GROUP = "rg-prod"

PROVIDERS = {
    "microsoft.compute": "Registered",
    "microsoft.hybridcompute": "Registered",
    "microsoft.guestconfiguration": "Registered",
    "microsoft.maintenance": "Registered",
    "microsoft.policyinsights": "Registered",
    "microsoft.insights": "Registered",
}

SUCCEEDED = Status(code="ProvisioningState/succeeded", level="Info", display_status="Ready")


def patch_settings(**overrides: Any) -> PatchSettings:
    """Customer managed schedules with periodic assessment: what a machine patched by a schedule should have."""
    healthy: dict[str, Any] = {
        "patch_mode": "AutomaticByPlatform",
        "assessment_mode": "AutomaticByPlatform",
        "bypass_platform_safety_checks_on_user_schedule": True,
    }
    return PatchSettings(**{**healthy, **overrides})


def assessment(**overrides: Any) -> Assessment:
    """A successful assessment by the platform, three hours old."""
    fresh: dict[str, Any] = {
        "status": "Succeeded",
        "started_by": "Platform",
        "started_at": NOW - timedelta(hours=3, minutes=2),
        "last_modified": NOW - timedelta(hours=3),
        "patch_service_used": "WU",
        "reboot_pending": False,
        "critical_and_security_count": 0,
        "other_count": 0,
    }
    return Assessment(**{**fresh, **overrides})


def error_details(*messages: str) -> tuple[ErrorDetail, ...]:
    """Error texts as the decoder lists them."""
    return tuple(ErrorDetail(path=f"error.details[{at}].message", message=text) for at, text in enumerate(messages))


def failed_assessment(*messages: str, **overrides: Any) -> Assessment:
    """An assessment of three hours ago that failed with these error texts."""
    return assessment(**{"status": "Failed", "errors": error_details(*messages), **overrides})


def installation(*messages: str, **overrides: Any) -> Installation:
    """A scheduled installation of four days ago that succeeded, or failed where error texts are given."""
    values: dict[str, Any] = {
        "status": "Failed" if messages else "Succeeded",
        "started_by": "Platform",
        "started_at": NOW - timedelta(days=4, minutes=40),
        "last_modified": NOW - timedelta(days=4),
        "maintenance_window_exceeded": False,
        "maintenance_run_id": "/run/20260606220000",
        "reboot_status": "NotNeeded",
        "installed_count": 3,
        "failed_count": 0,
        "pending_count": 0,
        "errors": error_details(*messages),
    }
    return Installation(**{**values, **overrides})


def run(machine: Machine, **overrides: Any) -> ApplyUpdate:
    """A run of the weekly schedule on a machine four days ago that succeeded."""
    started: datetime = overrides.get("started_at", NOW - timedelta(days=4))
    values: dict[str, Any] = {
        "id": f"{machine.id}/providers/Microsoft.Maintenance/applyUpdates/{started:%Y%m%d%H%M%S}",
        "resource_id": machine.id,
        "maintenance_configuration_id": configuration().id,
        "maintenance_scope": "InGuestPatch",
        "status": "Succeeded",
        "started_at": started,
        "ended_at": started + timedelta(minutes=40),
    }
    return ApplyUpdate(**{**values, **overrides})


def policy_assignment(
    definition: str, *, name: str = "patching", scope: str | None = None, **overrides: Any
) -> PolicyAssignment:
    """An enforced assignment of a built-in policy (its GUID), on the subscription unless `scope` says otherwise."""
    scope = scope if scope is not None else ids.subscription_scope(SUBSCRIPTION)
    values: dict[str, Any] = {
        "id": f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}",
        "name": name,
        "display_name": f"Policy {name}",
        "scope": scope,
        "definition_id": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "principal_id": "99999999-9999-9999-9999-999999999999",
        "enforcement_mode": "Default",
    }
    return PolicyAssignment(**{**values, **overrides})


def policy_state(
    machine: Machine, assignment: PolicyAssignment, compliance: str = "NonCompliant", **overrides: Any
) -> PolicyState:
    """What Azure Policy wrote about a machine under an assignment."""
    values: dict[str, Any] = {
        "resource_id": machine.id,
        "policy_assignment_id": assignment.id,
        "policy_definition_id": assignment.definition_id,
        "compliance_state": compliance,
        "timestamp": NOW - timedelta(hours=9),
    }
    return PolicyState(**{**values, **overrides})


def denied_remediation(
    assignment: PolicyAssignment, *machines: Machine, name: str = "remediate-1", **overrides: Any
) -> Remediation:
    """A remediation task that failed two days ago on machines, for want of a right on their gallery image."""
    failures = tuple(
        RemediationDeployment(
            remediated_resource_id=machine.id,
            status="Failed",
            error_code="LinkedAuthorizationFailed",
            error_message="no permission to perform action(s) 'Microsoft.Compute/galleries/images/versions/read'",
        )
        for machine in machines
    )
    values: dict[str, Any] = {
        "id": f"{assignment.scope}/providers/Microsoft.PolicyInsights/remediations/{name}",
        "name": name,
        "policy_assignment_id": assignment.id,
        "provisioning_state": "Failed",
        "total_deployments": len(machines),
        "failed_deployments": len(machines),
        "last_updated": NOW - timedelta(days=2),
        "failures": failures,
    }
    return Remediation(**{**values, **overrides})


def role_assignment(assignment: PolicyAssignment, role: str, scope: str | None = None) -> RoleAssignment:
    """A role (its GUID) of the identity of a policy assignment, on the assignment's scope unless said otherwise."""
    scope = scope if scope is not None else assignment.scope
    return RoleAssignment(
        id=f"{scope}/providers/Microsoft.Authorization/roleAssignments/{role}",
        scope=scope,
        principal_id=(assignment.principal_id or "").upper(),
        role_definition_id=f"{ids.subscription_scope(SUBSCRIPTION)}/providers/Microsoft.Authorization"
        f"/roleDefinitions/{role}",
    )


def patch_extension_type(os_type: str | None) -> str:
    """The type of the Azure patch extension as the VM agent names it."""
    return f"Microsoft.CPlat.Core.{'Linux' if (os_type or '').lower() == 'linux' else 'Windows'}PatchExtension"


def os_update_extension(os_type: str = "Windows", **overrides: Any) -> Extension:
    """The Arc extension that installs updates, healthy and of a current version."""
    name = f"{os_type}OsUpdateExtension"
    healthy: dict[str, Any] = {
        "name": name,
        "publisher": "Microsoft.SoftwareUpdateManagement",
        "type": name,
        "version": "1.0.32.0" if os_type == "Windows" else "1.0.60.0",
        "provisioning_state": "Succeeded",
    }
    return Extension(**{**healthy, **overrides})


def azure_vm(
    name: str = "vm-1", *, subscription: str = SUBSCRIPTION, resource_group: str = GROUP, **overrides: Any
) -> Machine:
    """A running, healthy Azure VM (Windows unless `os_type` says otherwise)."""
    os_type = overrides.get("os_type", "Windows")
    healthy: dict[str, Any] = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
        f"/providers/Microsoft.Compute/virtualMachines/{name}",
        "name": name,
        "kind": MachineKind.AZURE_VM,
        "location": "westeurope",
        "os_type": os_type,
        "time_created": NOW - timedelta(days=300),
        "provisioning_state": "Succeeded",
        "has_os_profile": True,
        "os_disk_create_option": "FromImage",
        "provision_vm_agent": True,
        "enable_automatic_updates": True if os_type == "Windows" else None,
        "patch_settings": patch_settings(),
        "power_state": "running",
        "vm_agent": VmAgent(version="2.7.41491.1172" if os_type == "Windows" else "2.14.0.1", status=SUCCEEDED),
        "extension_handlers": (
            ExtensionHandler(type=patch_extension_type(os_type), version="1.5.72", status=SUCCEEDED),
        ),
        "assessment": assessment(),
    }
    return Machine(**{**healthy, **overrides})


def arc_agent(**overrides: Any) -> ArcAgent:
    """A connected Arc agent that may run extensions, of a supported system."""
    healthy: dict[str, Any] = {
        "status": "Connected",
        "last_status_change": NOW - timedelta(days=20),
        "version": "1.56.02167.2345",
        "config_mode": "full",
        "extensions_enabled": True,
        "guest_configuration_enabled": True,
        "os_sku": "Windows Server 2022 Datacenter",
    }
    return ArcAgent(**{**healthy, **overrides})


def arc_machine(
    name: str = "arc-1", *, subscription: str = SUBSCRIPTION, resource_group: str = GROUP, **overrides: Any
) -> Machine:
    """A connected, healthy Arc-enabled server (Windows unless `os_type` says otherwise)."""
    os_type = overrides.get("os_type", "Windows")
    healthy: dict[str, Any] = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
        f"/providers/Microsoft.HybridCompute/machines/{name}",
        "name": name,
        "kind": MachineKind.ARC,
        "location": "westeurope",
        "os_type": os_type,
        "provisioning_state": "Succeeded",
        "patch_settings": PatchSettings(assessment_mode="AutomaticByPlatform"),
        "arc": arc_agent(),
        "extensions": (os_update_extension("Linux" if os_type == "Linux" else "Windows"),),
        "assessment": assessment(path="properties"),
    }
    return Machine(**{**healthy, **overrides})


def configuration(
    name: str = "weekly", *, subscription: str = SUBSCRIPTION, resource_group: str = GROUP, **overrides: Any
) -> MaintenanceConfiguration:
    """A weekly patch schedule: Saturdays 22:00 UTC for three and a half hours."""
    weekly: dict[str, Any] = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
        f"/providers/Microsoft.Maintenance/maintenanceConfigurations/{name}",
        "name": name,
        "location": "westeurope",
        "maintenance_scope": "InGuestPatch",
        "in_guest_patch_mode": "User",
        "visibility": "Custom",
        "window": MaintenanceWindow(
            start_date_time="2026-01-03 22:00", duration="03:30", time_zone="UTC", recur_every="1Week Saturday"
        ),
        "install_patches": InstallPatches(
            reboot_setting="IfRequired",
            windows_classifications=("Critical", "Security"),
            linux_classifications=("Critical", "Security"),
        ),
        "created_at": NOW - timedelta(days=200),
    }
    return MaintenanceConfiguration(**{**weekly, **overrides})


def static_assignment(
    machine: Machine, schedule: MaintenanceConfiguration | None = None, *, name: str = "assign-1", **overrides: Any
) -> ConfigurationAssignment:
    """A static assignment of a schedule (the weekly one by default) on one machine."""
    values: dict[str, Any] = {
        "id": f"{machine.id}/providers/Microsoft.Maintenance/configurationAssignments/{name}",
        "name": name,
        "maintenance_configuration_id": (schedule or configuration()).id,
        "resource_id": machine.id,
        "location": machine.location,
        "created_at": NOW - timedelta(days=100),
    }
    return ConfigurationAssignment(**{**values, **overrides})


def dynamic_scope(
    schedule: MaintenanceConfiguration | None = None,
    *,
    subscription: str = SUBSCRIPTION,
    resource_group: str | None = None,
    name: str = "scope-1",
    **scope_filter: Any,
) -> ConfigurationAssignment:
    """A dynamic scope on a subscription, or on a resource group; the keywords are the members of its filter."""
    scope = ids.subscription_scope(subscription) + (f"/resourceGroups/{resource_group}" if resource_group else "")
    return ConfigurationAssignment(
        id=f"{scope}/providers/Microsoft.Maintenance/configurationAssignments/{name}",
        name=name,
        maintenance_configuration_id=(schedule or configuration()).id,
        resource_id=scope,
        location="global",
        filter=DynamicScopeFilter(**scope_filter),
        created_at=NOW - timedelta(days=100),
    )


def subscription(id: str = SUBSCRIPTION, **overrides: Any) -> Subscription:
    """A subscription with every resource provider registered that the doctor asks about."""
    values: dict[str, Any] = {"id": id, "name": "production", "state": "Enabled", "providers": dict(PROVIDERS)}
    return Subscription(**{**values, **overrides})


def reading(fact: Fact, scope: str, outcome: Outcome = Outcome.FETCHED, **overrides: Any) -> Reading:
    """A reading as the collector writes it: a source and a time where it was fetched, a reason where it was not."""
    values: dict[str, Any] = {"fact": fact, "scope": scope, "outcome": outcome}
    if outcome is Outcome.FETCHED:
        values |= {"source": "arm", "observed_at": NOW - timedelta(minutes=1)}
    elif outcome is Outcome.INFERRED:
        values |= {"reason": "a fresh successful assessment proves it"}
    elif outcome is Outcome.DENIED:
        values |= {"reason": "Azure answered 403", "permission": READ_PERMISSIONS[fact][0]}
    else:
        values |= {"reason": "Azure did not answer"}
    return Reading(**{**values, **overrides})


def estate(
    *machines: Machine,
    scheduled: bool = False,
    missing: Iterable[Fact] = (),
    denied: Iterable[Fact] = (),
    inferred: Iterable[Fact] = (),
    subscriptions: Sequence[Subscription] | None = None,
    configurations: Sequence[MaintenanceConfiguration] | None = None,
    assignments: Sequence[ConfigurationAssignment] = (),
    readings: Sequence[Reading] = (),
    **overrides: Any,
) -> Estate:
    """An estate in which every fact of every subscription was fetched, but for those named.

    `scheduled` puts every machine on the weekly schedule, under which it ran last Saturday unless `runs` are named;
    `readings` are added to those of the subscriptions, so that a machine can have its own.
    """
    outcomes = dict.fromkeys(Fact, Outcome.FETCHED)
    outcomes |= dict.fromkeys(missing, Outcome.NOT_FETCHED)
    outcomes |= dict.fromkeys(denied, Outcome.DENIED)
    outcomes |= dict.fromkeys(inferred, Outcome.INFERRED)
    if subscriptions is None:
        known = dict.fromkeys(machine.subscription_id for machine in machines) or {SUBSCRIPTION: None}
        subscriptions = [subscription(known_id) for known_id in known]
    if scheduled:
        assignments = [*assignments, *(static_assignment(machine) for machine in machines)]
        overrides.setdefault("runs", tuple(map(_last_run, machines)))
    if configurations is None:
        configurations = [configuration()]
    of_subscriptions = [
        reading(fact, ids.subscription_scope(each.id), outcome)
        for each in subscriptions
        for fact, outcome in outcomes.items()
    ]
    return Estate(
        **{
            "collected_at": NOW,
            "subscriptions": tuple(subscriptions),
            "machines": machines,
            "configurations": tuple(configurations),
            "assignments": tuple(assignments),
            "readings": (*of_subscriptions, *readings),
            **overrides,
        }
    )


def _last_run(machine: Machine) -> ApplyUpdate:
    """The run of the last window, which ended as badly as the machine's installation."""
    failed = machine.installation is not None and machine.installation.status == "Failed"
    return run(machine, started_at=LAST_WINDOW, status="Failed" if failed else "Succeeded")


def change(value: Any, **overrides: Any) -> Any:
    """The same struct with some members changed."""
    return msgspec.structs.replace(value, **overrides)


def judgement(seen: Estate, *checks: Check, now: datetime = NOW) -> Judgement:
    """What some checks (all of them where none is named) say of an estate."""
    return judge(seen, checks or CHECKS, now)


def findings(seen: Estate, *checks: Check, now: datetime = NOW) -> tuple[Finding, ...]:
    """The findings of some checks, symptoms not yet folded."""
    return judgement(seen, *checks, now=now).findings


def finding(seen: Estate, *checks: Check, now: datetime = NOW) -> Finding:
    """The one finding of some checks; fails where there is none or more than one."""
    (only,) = findings(seen, *checks, now=now)
    return only


def unknowns(seen: Estate, *checks: Check, now: datetime = NOW) -> tuple[Unknown, ...]:
    """What some checks could not answer."""
    return judgement(seen, *checks, now=now).unknowns


def examine(seen: Estate, *checks: Check, now: datetime = NOW) -> Examination:
    """The whole examination: findings folded under their causes, diagnoses, verdicts and remedies."""
    return examine_estate(seen, checks or CHECKS, now)
