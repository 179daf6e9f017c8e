from typing import Any

import pytest

from aumdoctor.checks.customer_managed_without_schedule import customer_managed_without_schedule
from aumdoctor.checks.wrong_scope_or_mode import wrong_scope_or_mode as check
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Confidence, Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import MaintenanceConfiguration
from tests.builders import (
    arc_machine,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    patch_settings,
    run,
    static_assignment,
    unknowns,
)

VM = azure_vm()
ARC = arc_machine()
HOSTS = configuration("hosts", maintenance_scope="Host", in_guest_patch_mode=None, install_patches=None)


def attached(schedule: MaintenanceConfiguration, *machines: Machine, **parts: Any) -> Estate:
    assignments = [static_assignment(machine, schedule) for machine in machines]
    return estate(*machines, **{"configurations": [schedule], "assignments": assignments, **parts})


def test_a_configuration_for_hosts_is_all_that_the_vm_has() -> None:
    seen = finding(attached(HOSTS, VM), check)
    assert (seen.check, seen.severity, seen.confidence) == ("AUM056", Severity.CRITICAL, Confidence.MEDIUM)
    assert (seen.resource_id, seen.machines) == (HOSTS.id, (VM.id,))
    (evidence,) = seen.evidence
    assert (evidence.path, evidence.observed, evidence.expected) == (
        "properties.maintenanceScope",
        "Host",
        "InGuestPatch",
    )


def test_it_explains_why_the_vm_has_no_schedule() -> None:
    examination = examine(attached(HOSTS, VM), check, customer_managed_without_schedule)
    assert {each.check: each.explained_by for each in examination.findings} == {"AUM033": "AUM056", "AUM056": None}
    remedies = {remedy.name for of_finding in examination.remedies for remedy in of_finding}
    assert "correct-schedule-scope" in remedies
    assert "declare-guest-patching" not in remedies


def test_arc_enabled_servers_alone_are_medium() -> None:
    assert finding(attached(HOSTS, ARC), check).severity is Severity.MEDIUM
    both = finding(attached(HOSTS, ARC, VM), check)
    assert (both.severity, set(both.machines)) == (Severity.CRITICAL, {ARC.id, VM.id})


def test_beside_a_schedule_for_guests_a_configuration_for_hosts_is_healthy() -> None:
    weekly = configuration()
    seen = attached(
        HOSTS,
        VM,
        configurations=[HOSTS, weekly],
        assignments=[static_assignment(VM, HOSTS), static_assignment(VM, weekly, name="guests")],
    )
    assert findings(seen, check) == ()


@pytest.mark.parametrize(
    "settings",
    [
        patch_settings(patch_mode="AutomaticByOS"),
        patch_settings(bypass_platform_safety_checks_on_user_schedule=False),
        patch_settings(patch_mode=None),
    ],
)
def test_a_vm_that_expects_no_schedule_may_have_one_for_its_host(settings: Any) -> None:
    assert findings(attached(HOSTS, azure_vm(patch_settings=settings)), check) == ()


def test_a_scope_that_azure_did_not_send_is_unknown() -> None:
    (unknown,) = unknowns(attached(configuration(maintenance_scope=None), VM), check)
    assert (unknown.resource_id, unknown.fact) == (configuration().id, Fact.CONFIGURATIONS)


@pytest.mark.parametrize("mode", ["Platform", "none"])
def test_another_mode_than_user(mode: str) -> None:
    schedule = configuration(in_guest_patch_mode=mode)
    seen = finding(attached(schedule, VM), check)
    assert (seen.severity, seen.confidence) == (Severity.HIGH, Confidence.MEDIUM)
    assert seen.evidence[0].path == "properties.extensionProperties.InGuestPatchMode"
    ((remedy,),) = [
        tuple(each for each in of_finding if each.calls)
        for of_finding in examine(attached(schedule, VM), check).remedies
    ]
    assert remedy.calls[0].body == {
        "properties": {"visibility": "Custom", "extensionProperties": {"InGuestPatchMode": "User"}}
    }


def test_a_mode_with_which_a_run_has_succeeded_is_low() -> None:
    schedule = configuration(in_guest_patch_mode="Platform")
    ran = run(VM, maintenance_configuration_id=schedule.id.upper())
    assert finding(attached(schedule, VM, runs=(ran,)), check).severity is Severity.LOW
    failed = run(VM, maintenance_configuration_id=schedule.id, status="Failed")
    assert finding(attached(schedule, VM, runs=(failed,)), check).severity is Severity.HIGH


def test_another_visibility_is_medium() -> None:
    seen = finding(attached(configuration(visibility="Public"), VM), check)
    assert (seen.severity, seen.evidence[0].path) == (Severity.MEDIUM, "properties.visibility")


@pytest.mark.parametrize(
    "parts",
    [
        {"in_guest_patch_mode": None},
        {"in_guest_patch_mode": "user"},
        {"visibility": None},
        {"visibility": "custom"},
        {"maintenance_scope": "inguestpatch"},
    ],
)
def test_what_azure_leaves_out_or_spells_otherwise_is_healthy(parts: dict[str, Any]) -> None:
    assert findings(attached(configuration(**parts), VM), check) == ()


def test_without_machines_or_without_the_configuration_nothing_is_said() -> None:
    assert findings(attached(configuration(in_guest_patch_mode="Platform")), check) == ()
    assert findings(attached(configuration(maintenance_scope="Host", exists=False), VM), check) == ()


def test_assignments_that_may_not_be_read_leave_it_unknown() -> None:
    (unknown,) = unknowns(attached(HOSTS, VM, denied=[Fact.ASSIGNMENTS]), check)
    assert unknown.fact is Fact.ASSIGNMENTS
