"""A plan with something of everything, and one whose names try to break out."""

from __future__ import annotations

from typing import Any

from aumdoctor.model import ids
from aumdoctor.remedies.assess_now import assess_now
from aumdoctor.remedies.catalogue import BY_NAME
from aumdoctor.remedies.declared import declared_assignment, declared_patch_settings, declared_registration
from aumdoctor.remedies.plan import (
    FindingRef,
    LeftOut,
    PlanFile,
    PlannedAction,
    Selection,
    action_id,
    changes_of,
    reading_of,
)
from aumdoctor.remedies.remedy import ArmCall, az
from tests.builders import NOW, SUBSCRIPTION, arc_machine, azure_vm, configuration

HOSTILE = (
    "vm'; touch owned-1; '\"; touch owned-2; `touch owned-3` $(touch owned-4) ${owned} \\"
    "\ntouch owned-5\r\u2028touch \u2019; x\x1b[2J\u202e'; rm -rf /"
)
"""Tries each shell's quotes, substitutions and line breaks, and a terminal's escapes."""


def action(remedy: str, call: ArmCall, *machines: str, line: str = "", **more: Any) -> PlannedAction:
    """An action of a remedy of the catalogue, as the planner would make it."""
    kind = BY_NAME[remedy]
    values: dict[str, Any] = {
        "id": action_id(call),
        "remedy": remedy,
        "title": kind.title,
        "risk": kind.risk,
        "reversible": kind.reversible,
        "call": call,
        "az": line or call.az_rest,
        "target": reading_of(call),
        "machines": machines,
        "findings": tuple(FindingRef(check="AUM039", resource_id=machine) for machine in machines)
        or (FindingRef(check="AUM045", resource_id=call.path),),
        "changes": changes_of(call),
    }
    return PlannedAction(**{**values, **more})


def assessed_daily(name: str, **more: Any) -> PlannedAction:
    vm = azure_vm(name)
    settings = {"osProfile": {"windowsConfiguration": {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}}}}
    call = ArmCall(method="PATCH", path=vm.id, api_version="2024-07-01", body={"properties": settings})
    bicep, terraform = declared_patch_settings(vm, assessment_mode="AutomaticByPlatform")
    return action("enable-periodic-assessment", call, vm.id, bicep=bicep, terraform=terraform, **more)


def attached(name: str, **more: Any) -> PlannedAction:
    vm, schedule = azure_vm(name), configuration().id
    path = f"{vm.id}/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment"
    body = {"location": "westeurope", "properties": {"maintenanceConfigurationId": schedule}}
    call = ArmCall(method="PUT", path=path, api_version="2023-04-01", body=body)
    bicep, terraform = declared_assignment(vm, "weekly-assignment", schedule, "2023-04-01")
    return action("assign-schedule", call, vm.id, bicep=bicep, terraform=terraform, **more)


def assessed_now(name: str, *after: str) -> PlannedAction:
    arc = arc_machine(name)
    call = ArmCall(method="POST", path=f"{arc.id}/assessPatches", api_version="2024-07-10")
    line = az("connectedmachine", "assess-patches", "--name", name, "--resource-group", "rg-prod")
    steps = (f"Wait until {name} is connected.", "Look at the result after half an hour.")
    return action(assess_now.name, call, arc.id, line=line, after=after, steps=steps)


def attached_server(name: str) -> PlannedAction:
    arc, schedule = arc_machine(name), configuration().id
    path = f"{arc.id}/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment"
    body = {"location": "westeurope", "properties": {"maintenanceConfigurationId": schedule}}
    call = ArmCall(method="PUT", path=path, api_version="2023-04-01", body=body)
    bicep, terraform = declared_assignment(arc, "weekly-assignment", schedule, "2023-04-01")
    return action("assign-schedule", call, arc.id, bicep=bicep, terraform=terraform)


def registered(subscription: str) -> PlannedAction:
    path = f"{ids.provider_id(subscription, 'Microsoft.Maintenance')}/register"
    call = ArmCall(method="POST", path=path, api_version="2021-04-01")
    return action("register-provider", call, terraform=declared_registration("Microsoft.Maintenance"))


def plan_file(*actions: PlannedAction, left_out: tuple[LeftOut, ...] = (), **more: Any) -> PlanFile:
    """A sealed plan of some actions."""
    values: dict[str, Any] = {
        "tool": "aumdoctor 1.2.3",
        "made_at": NOW,
        "collected_at": NOW,
        "cloud": "public",
        "tenant_id": "72f988bf-0000-4000-8000-0000000000d0",
        "subscriptions": (SUBSCRIPTION,),
        "selection": Selection(risk="consent"),
        "estate": "sha256:0",
        "actions": actions,
        "left_out": left_out,
    }
    return PlanFile(**{**values, **more}).sealed()


def whole_plan() -> PlanFile:
    """Something of everything: several of a kind, a chain, a step by hand, what is left out for which reason."""
    mode = "properties.osProfile.windowsConfiguration.patchSettings.assessmentMode"
    register = ArmCall(
        method="POST",
        path=f"{ids.subscription_scope(SUBSCRIPTION)}/providers/Microsoft.Maintenance/register",
        api_version="2021-04-01",
    )
    line = az("provider", "register", "--namespace", "Microsoft.Maintenance", "--subscription", SUBSCRIPTION)
    daily = [
        assessed_daily("vm-1", before={mode: "ImageDefault"}),
        assessed_daily("vm-2", before={mode: None}),
        *(assessed_daily(f"vm-{number}", before={mode: None}) for number in range(3, 8)),
    ]
    tie = attached("vm-1")
    waits = assessed_now("arc-1", tie.id)
    reason = "start-machine: it costs money and has to be named: --remedy start-machine"
    left_out = (
        LeftOut(
            finding=FindingRef(check="AUM034", resource_id=azure_vm("vm-off").id),
            message="the VM is deallocated",
            reason=reason,
            remedy="start-machine",
        ),
        *(
            LeftOut(
                finding=FindingRef(check="AUM094", resource_id=azure_vm(f"vm-{number}").id),
                message="the guest cannot reach Windows Update " + "and says so at length " * 6,
                reason="only a person can do it",
                remedy="open-windows-update-endpoints",
                steps=("Open the endpoints.",),
            )
            for number in range(1, 6)
        ),
    )
    return plan_file(action("register-provider", register, line=line), *daily, tie, waits, left_out=left_out)


def hostile_plan() -> PlanFile:
    """A plan all of whose names try to break out."""
    left = LeftOut(finding=FindingRef(check="AUM094", resource_id=f"/x/{HOSTILE}"), message=HOSTILE, reason=HOSTILE)
    tags = ArmCall(
        method="PATCH", path=f"/subscriptions/{HOSTILE}/x", api_version="1", body={HOSTILE: {HOSTILE: HOSTILE}}
    )
    return plan_file(
        assessed_daily(HOSTILE, before={HOSTILE: HOSTILE}),
        attached(HOSTILE),
        assessed_now(HOSTILE),
        action("set-reboot-setting", tags, f"/x/{HOSTILE}"),
        left_out=(left,),
    )
