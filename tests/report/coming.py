"""A small estate with a window an hour ahead, judged by a few checks: what the reports on windows are tested with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aumdoctor.checks.check import Check
from aumdoctor.checks.extension_operations_disabled import extension_operations_disabled
from aumdoctor.checks.machine_not_running import machine_not_running
from aumdoctor.checks.patch_mode_not_schedulable import patch_mode_not_schedulable
from aumdoctor.checks.vm_agent_not_ready import vm_agent_not_ready
from aumdoctor.diagnosis.chain import Chains
from aumdoctor.diagnosis.gate import GateRules, GateVerdict, judge_windows
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact, Outcome, Reading
from aumdoctor.model.machine import Machine
from aumdoctor.schedule.calendar import windows_between
from tests.builders import azure_vm, configuration, estate, examine, patch_settings

SATURDAY = datetime(2026, 6, 13, 22, 0, tzinfo=UTC)
NOW = SATURDAY - timedelta(hours=1)
CHECKS: tuple[Check, ...] = (
    extension_operations_disabled,
    machine_not_running,
    patch_mode_not_schedulable,
    vm_agent_not_ready,
)
HOSTILE = "vm-\x1b[31m]::error::;%0A<b>&\"' ##vso[task.complete]\u202e"


def machines() -> list[Machine]:
    """Two that their patch mode keeps out, one that is off, one of which nothing is known, and three healthy ones."""
    manual = [azure_vm(f"vm-{n}", patch_settings=patch_settings(patch_mode="Manual")) for n in ("app-1", "app-2")]
    off = azure_vm("vm-off", power_state="deallocated")
    return [*manual, off, azure_vm("vm-dark"), *(azure_vm(f"vm-web-{number}") for number in range(1, 4))]


def dark(machine: Machine) -> Reading:
    """Of a machine whose instance view may not be read."""
    return Reading(
        fact=Fact.INSTANCE_VIEW,
        scope=machine.key,
        outcome=Outcome.DENIED,
        reason="AuthorizationFailed: no right",
        permission="Microsoft.Compute/virtualMachines/instanceView/read",
    )


def coming_estate(*more: Machine, **overrides: Any) -> Estate:
    """The estate; all its machines are under the weekly schedule."""
    found = [*machines(), *more]
    unread = next(machine for machine in found if machine.name == "vm-dark")
    return estate(*found, scheduled=True, readings=[dark(unread)], **{"collected_at": NOW, **overrides})


def chains(seen: Estate) -> Chains:
    """The estate examined an hour before the window."""
    return Chains(examine(seen, *CHECKS, now=NOW), CHECKS)


def verdict(seen: Estate, **rules: Any) -> GateVerdict:
    """The gate's verdict on the one window."""
    found = chains(seen)
    windows = windows_between(
        [configuration()], found.context.machines_by_configuration, NOW, SATURDAY + timedelta(minutes=1)
    )
    return judge_windows(found, windows, GateRules(**rules))
