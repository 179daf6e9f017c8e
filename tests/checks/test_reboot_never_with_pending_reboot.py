from datetime import timedelta
from typing import Any

import pytest

from aumdoctor.checks.reboot_never_with_pending_reboot import reboot_never_with_pending_reboot as check
from aumdoctor.checks.reboot_setting_overridden import reboot_setting_overridden
from aumdoctor.model.estate import Estate
from aumdoctor.model.facts import Fact
from aumdoctor.model.finding import Severity
from aumdoctor.model.machine import Machine
from aumdoctor.model.maintenance import InstallPatches
from tests.builders import (
    NOW,
    arc_machine,
    assessment,
    azure_vm,
    configuration,
    estate,
    examine,
    finding,
    findings,
    installation,
    patch_settings,
    static_assignment,
    unknowns,
)

NEVER = configuration(install_patches=InstallPatches(reboot_setting="Never", windows_classifications=("Security",)))
WAITING = assessment(reboot_pending=True)


def under(*machines: Machine, **parts: Any) -> Estate:
    return estate(*machines, **{"configurations": [NEVER], "scheduled": True, **parts})


@pytest.mark.parametrize("make", [azure_vm, arc_machine])
@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_the_schedule_may_not_make_the_restart_that_is_pending(make: Any, os_type: str) -> None:
    machine = make(os_type=os_type, assessment=WAITING)
    seen = finding(under(machine), check)
    assert (seen.check, seen.severity, seen.machines) == ("AUM069", Severity.MEDIUM, (machine.id,))
    assert seen.evidence[0].path.endswith("rebootPending")
    assert (seen.evidence[1].observed, seen.evidence[1].resource_id) == ("Never", NEVER.id)


def test_the_last_installation_asked_for_it_and_nobody_has_looked_since() -> None:
    required = installation(reboot_status="Required")
    before = assessment(reboot_pending=False, last_modified=NOW - timedelta(days=5))
    for seen_before in (None, before, assessment(reboot_pending=None)):
        machine = azure_vm(assessment=seen_before, installation=required)
        assert finding(under(machine), check).evidence[0].path.endswith("rebootStatus")
    assert findings(under(azure_vm(installation=required)), check) == (), "a later assessment finds none pending"


def test_no_restart_is_pending() -> None:
    assert findings(under(azure_vm(installation=installation(reboot_status="Completed"))), check) == ()


def test_the_vms_own_setting_goes_before_that_of_its_schedule() -> None:
    allowed = azure_vm(assessment=WAITING, patch_settings=patch_settings(reboot_setting="IfRequired"))
    assert findings(under(allowed), check) == ()
    never = azure_vm(assessment=WAITING, patch_settings=patch_settings(reboot_setting="Never"))
    seen = under(never, configurations=[configuration()])
    assert "its own reboot setting is Never" in finding(seen, check).message
    explained = {each.check: each.explained_by for each in examine(seen, check, reboot_setting_overridden).findings}
    assert explained == {"AUM040": None, "AUM069": "AUM040"}
    unknown = azure_vm(assessment=WAITING, patch_settings=patch_settings(reboot_setting="Unknown"))
    assert "of its schedule weekly" in finding(under(unknown), check).message


def test_an_arc_enabled_server_has_no_setting_of_its_own() -> None:
    server = arc_machine(assessment=WAITING, patch_settings=patch_settings(reboot_setting="IfRequired"))
    assert finding(under(server), check).machines == (server.id,)


@pytest.mark.parametrize("setting", ["IfRequired", "Always", "RebootIfRequired", None])
def test_a_schedule_that_may_restart_machines_is_healthy(setting: str | None) -> None:
    schedule = configuration(install_patches=InstallPatches(reboot_setting=setting))
    assert findings(under(azure_vm(assessment=WAITING), configurations=[schedule]), check) == ()


def test_one_of_two_schedules_that_may_restart_it_is_enough() -> None:
    machine, monthly = azure_vm(assessment=WAITING), configuration("monthly")
    assignments = [static_assignment(machine, NEVER), static_assignment(machine, monthly, name="monthly")]
    both = under(machine, configurations=[NEVER, monthly], scheduled=False, assignments=assignments)
    assert findings(both, check) == ()
    unread = under(machine, scheduled=False, assignments=assignments)
    assert findings(unread, check) == ()
    (unknown,) = unknowns(unread, check)
    assert unknown.fact is Fact.CONFIGURATIONS


def test_what_azure_did_not_say_is_unknown() -> None:
    for nothing in (None, assessment(reboot_pending=None)):
        (unknown,) = unknowns(under(azure_vm(assessment=nothing)), check)
        assert unknown.fact is Fact.ASSESSMENT


def test_without_a_schedule_nobody_expects_a_restart() -> None:
    seen = under(azure_vm(assessment=WAITING), scheduled=False)
    assert findings(seen, check) == ()
    assert unknowns(seen, check) == ()


def test_the_cures_are_the_schedules_setting_and_a_restart() -> None:
    vm = azure_vm(assessment=WAITING)
    (remedies,) = examine(under(vm), check).remedies
    assert [remedy.name for remedy in remedies] == ["allow-restarts", "restart-machine"]
    assert remedies[0].calls[0].body == {
        "properties": {
            "installPatches": {
                "rebootSetting": "IfRequired",
                "windowsParameters": {"classificationsToInclude": ["Security"]},
            }
        }
    }
    assert remedies[1].calls[0].path == f"{vm.id}/restart"
    (for_arc,) = examine(under(arc_machine(assessment=WAITING)), check).remedies
    assert [remedy.name for remedy in for_arc] == ["allow-restarts"]


def test_the_cure_of_its_own_setting_is_that_of_its_schedule() -> None:
    never = azure_vm(assessment=WAITING, patch_settings=patch_settings(reboot_setting="Never"))
    (remedies,) = examine(under(never, configurations=[configuration()]), check).remedies
    assert [remedy.name for remedy in remedies] == ["set-reboot-setting", "restart-machine"]
